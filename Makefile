# Two commands do everything: `make run` and `make test`. `make help` lists the rest.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help setup run test check format fuzz bench lock letters clean

help:  ## what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/' | expand -t 12

setup: $(VENV)/installed

$(VENV)/installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "esign needs Python 3.11 or newer; this is $$($(PYTHON) --version 2>&1). Set PYTHON=/path/to/python3."; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null \
	  || { echo "This Python has no venv or ensurepip. On Debian or Ubuntu: apt-get install python3-venv"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing the locked dependencies into $(VENV) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

run: setup  ## start the service with a dev CA, SQLite and a folder; sign a sample letter
	@$(BIN)/esign demo

test: setup  ## run the tests
	@$(BIN)/python -m pytest

check: setup  ## format, lint, types, layers, migrations, OpenAPI snapshot
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/check

format: setup  ## format and fix what can be fixed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

MUTANTS ?= 200000
SEED ?= 2026

fuzz: setup  ## mutants of signed letters, e.g. MUTANTS=200000 SEED=2026; fails when one is believed that shows otherwise
	@$(BIN)/python -W ignore -m tests.fuzz --mutants $(MUTANTS) --seed $(SEED)

bench: setup  ## run the benchmarks
	$(BIN)/python -m bench

letters: setup  ## remake the letters of tests/letters (needs their producers)
	$(BIN)/python tools/letters/make.py

lock: setup  ## resolve both lock files anew
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -o requirements.lock
	$(BIN)/uv pip compile pyproject.toml --extra postgresql --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -c requirements.lock -o requirements-run.lock

clean:  ## remove what was set up and stored here; the dev CA stays
	rm -rf $(VENV) var build dist
