"""``esign ca`` as an operator uses it."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from esign import settings
from esign.cli.ca import app

URL = "http://127.0.0.1:8000/pki"
Command = Callable[..., Result]


@pytest.fixture
def esign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    for name in [name for name in os.environ if name.startswith("ESIGN_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    own = {"ESIGN_CA_DIR": "dev", "ESIGN_DATA_DIR": "var", "ESIGN_PKI_URL": URL}

    def run(*arguments: str, stdin: str = "", **environment: str) -> Result:
        settings.load.cache_clear()
        try:
            return CliRunner().invoke(app, arguments, input=stdin, env=own | environment)
        finally:
            settings.load.cache_clear()

    return run


def test_it_warns_on_standard_error(tmp_path: Path) -> None:
    program = "from esign.cli import main; main()"
    made = subprocess.run(
        [sys.executable, "-c", program, "ca", "init", "--hierarchy", "p256"],
        env=os.environ | {"ESIGN_CA_DIR": str(tmp_path / "dev"), "ESIGN_PKI_URL": URL},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert "This is the development CA" in made.stderr
    assert "trust anchor" in made.stdout


def test_a_certificate_s_life_by_command(esign: Command, tmp_path: Path) -> None:
    made = esign("init", "--hierarchy", "p256")
    assert made.exit_code == 0, made.stderr
    issued = esign(
        "issue", "budi", "--name", "Budi Santoso", "--organisation", "Dinas Kominfo", "--key", "p256",
        stdin="kata sandi 1\n",
    )  # fmt: skip
    assert issued.exit_code == 0, issued.stderr
    assert re.match(r"\* budi  [0-9a-f]{30,40}  until \d{4}-\d\d-\d\d  Budi Santoso  ISSUE\n", issued.stdout)
    assert "  SUSPEND since " in esign("suspend", "budi").stdout
    assert "  ISSUE\n" in esign("resume", "budi").stdout
    assert "ISSUE" in esign("renew", "budi", stdin="kata sandi 2\n").stdout
    assert "  REVOKE since " in esign("revoke", "budi", "--reason", "superseded").stdout
    listed = esign("list").stdout
    assert [line[:6] for line in listed.splitlines()] == ["  budi", "* budi"]
    assert listed.count("(superseded)") == 2
    assert esign("crl").stdout.startswith("-----BEGIN X509 CRL-----")
    assert esign("crl", "--output", str(tmp_path / "persons.crl")).exit_code == 0
    assert (tmp_path / "persons.crl").read_bytes().startswith(b"\x30")
    shown = esign("show").stdout
    assert shown.count("SHA-256") == 7
    assert URL in shown
    assert "problem" not in shown


def test_a_request_is_certified_under_the_name_that_is_given(esign: Command, tmp_path: Path) -> None:
    esign("init", "--hierarchy", "p256")
    asked = subprocess.run(
        ["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
         "-keyout", tmp_path / "key.pem", "-out", tmp_path / "asked.pem", "-subj", "/CN=Bupati"],
        capture_output=True,
        check=False,
        timeout=30,
    )  # fmt: skip
    assert asked.returncode == 0, asked.stderr
    name = ("--name", "Dinas Kesehatan", "--organisation", "Pemkab Tirtamulya", "--kind", "seal")
    made = esign("certify", "hsm-1", str(tmp_path / "asked.pem"), *name)
    assert made.exit_code == 0, made.stderr
    assert made.stdout.count("BEGIN CERTIFICATE") == 3
    assert "Dinas Kesehatan  ISSUE" in esign("list", "hsm-1").stdout
    again = esign(
        "certify", "hsm-1", "-", "--kind", "seal", "--output", "c.pem", stdin=(tmp_path / "asked.pem").read_text()
    )
    assert again.exit_code == 0, again.stderr
    assert again.stdout.startswith("* hsm-1")
    checked = subprocess.run(
        ["openssl", "verify", "-CAfile", "dev/root.pem", "-untrusted", "c.pem", "c.pem"],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=30,
    )  # fmt: skip
    assert checked.stdout == "c.pem: OK\n", checked.stderr
    assert "Bupati" not in (tmp_path / "c.pem").read_text()
    assert esign("certify", "hsm-2", str(tmp_path / "key.pem"), *name).exit_code == 1
    assert esign("certify", "hsm-2", str(tmp_path / "nowhere.pem"), *name).exit_code == 1


def test_a_refusal_is_said_in_both_languages_and_ends_with_1(esign: Command) -> None:
    nothing = esign("show")
    assert nothing.exit_code == 1
    assert "esign ca init" in nothing.stderr
    esign("init", "--hierarchy", "p256")
    unknown = esign("suspend", "siapa")
    assert unknown.exit_code == 1
    assert "Penanda tangan tidak terdaftar" in unknown.stderr
    assert "(signer.unknown)" in unknown.stderr
    assert esign("revoke", "budi", "--reason", "bosan").exit_code == 2
    assert esign("issue", "budi", "--name", "Budi", "--organisation", "Dinas", stdin="pendek\n").exit_code == 1
    assert esign("issue", "budi", "--name", "Budi", "--organisation", "Dinas").exit_code == 1


def test_another_address_is_refused_until_certificates_are_issued_anew(esign: Command) -> None:
    esign("init", "--hierarchy", "p256")
    other = "https://esign.test/pki"
    refused = esign("show", ESIGN_PKI_URL=other)
    assert refused.exit_code == 1
    command = re.search(r"esign ca (reissue --pki-url \S+?)\.\s", refused.stderr)
    assert command is not None
    moved = esign(*command[1].split())
    assert moved.exit_code == 0, moved.stderr
    assert f"ESIGN_PKI_URL={other}" in moved.stdout
    assert other in esign("show", ESIGN_PKI_URL=other).stdout
    assert esign("show").exit_code == 1


def test_in_production_no_command_runs(esign: Command) -> None:
    esign("init", "--hierarchy", "p256")
    for arguments in (("show",), ("init",), ("reissue", "--pki-url", URL)):
        refused = esign(*arguments, ESIGN_ENVIRONMENT="production", ESIGN_PUBLIC_URL="https://esign.test")
        assert refused.exit_code == 1, refused.stdout
