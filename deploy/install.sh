#!/bin/sh
# Installs esign with its run-time dependencies into a virtual environment of its own.
# Usage: deploy/install.sh PREFIX        (run from a checkout; the Dockerfile and CI both call it)
set -eu
prefix=${1:?usage: deploy/install.sh PREFIX}
source=$(cd "$(dirname "$0")/.." && pwd)
python=${PYTHON:-python3}
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT

"$python" -m venv "$prefix"
# The build back end goes into a folder of its own, and not into the image.
"$python" -m venv "$build/tools"
"$build/tools/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$source/requirements.lock"
"$build/tools/bin/python" -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation \
  --wheel-dir "$build/wheel" "$source"
"$prefix/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$source/requirements-run.lock"
"$prefix/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps "$build"/wheel/*.whl
"$prefix/bin/esign" --help > /dev/null
