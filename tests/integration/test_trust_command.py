"""``esign trust`` and the policy and trust lists of ``esign verify``."""

import hashlib
import json
from pathlib import Path

import pytest
from asn1crypto import pem
from typer.testing import CliRunner

from esign import settings
from esign.cli.main import app
from esign.pades.profile import Profile
from esign.verify.policy import DEFAULT
from tests.letter_files import read
from tests.officials import request, roots, signed
from tests.programs import call, require_program


@pytest.fixture(autouse=True)
def _own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings.load.cache_clear()


def run(*arguments: str, code: int = 0) -> str:
    settings.load.cache_clear()
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == code, result.output
    return result.output


@pytest.fixture
def letter(tmp_path: Path) -> str:
    path = tmp_path / "surat.pdf"
    path.write_bytes(signed(read("typst-1.4"), request(Profile.B_LT)).pdf)
    return str(path)


def listed(folder: Path, uses: tuple[str, ...] = ("signatures", "time-stamps", "ocsp", "crl")) -> Path:
    """A trust list of the dev CA's root, made by ``esign trust entry``."""
    root = folder / "root.pem"
    root.write_bytes(pem.armor("CERTIFICATE", roots()[0].dump()))
    options = [option for use in uses for option in ("--use", use)]
    entry = run("trust", "entry", str(root), "--provider", 'Kabupaten "Contoh"', *options)
    path = folder / "kabupaten.toml"
    path.write_text(f'name = "kabupaten"\nversion = 1\n{entry}')
    return path


def test_the_shipped_authorities_are_told_with_fingerprints_roles_and_bounds() -> None:
    told = run("trust", "list")
    assert "B5F36672 FD7CFD40 1E01EF64 0B2FE61F 816F32F4 47B280B7 6F536244 CF42FCDF" in told
    assert "OSD LU Kelas 2 (Lembaga Sandi Negara) (indonesia/1)" in told
    assert "time-stamps since 2023-09-02 until 2026-09-02" in told


def test_an_entry_made_by_the_command_makes_a_letter_genuine(letter: str, tmp_path: Path) -> None:
    assert "UNTRUSTED" in run("verify", "--lang", "en", letter, code=1).upper()
    run("verify", "--trust-list", str(listed(tmp_path)), letter)
    bounded = listed(tmp_path, ("time-stamps", "ocsp", "crl"))
    told = json.loads(run("verify", "--json", "--trust-list", str(bounded), letter, code=1))
    assert told["signatures"][0]["sub_indication"] == "CHAIN_CONSTRAINTS_FAILURE"


def test_the_policy_given_rules_and_is_named(letter: str, tmp_path: Path) -> None:
    trust, path = str(listed(tmp_path)), tmp_path / "ketat.toml"
    lines = DEFAULT.document.decode().replace('"esign-strict"', '"ketat"')
    path.write_text(lines.replace('"signature.later_changes" = "IGNORE"', '"signature.later_changes" = "FAIL"'))
    told = json.loads(run("verify", "--json", "--trust-list", trust, "--policy", str(path), letter, code=1))
    assert (told["verdict"], told["policy"]) == ("indeterminate", "ketat/3")
    assert told["policy_sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert told["policy_sha256"] in run("trust", "policy", str(path))
    path.write_text(lines.replace('"signer.expired"', '"signer.expire"'))
    assert "signer.expired" in run("verify", "--policy", str(path), letter, code=2)
    assert "signer.expired" in run("trust", "policy", str(path), code=1)


def test_revocation_data_are_not_fetched_for_another_time(letter: str) -> None:
    run("verify", "--online", "--at", "2026-03-01", letter, code=2)


def test_a_list_signed_with_openssl_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    openssl = require_program("openssl")
    path = listed(tmp_path)
    key, certificate = tmp_path / "operator.key", tmp_path / "operator.pem"
    made = call(
        [
            openssl,
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-subj",
            "/CN=Operator",
            "-keyout",
            key,
            "-out",
            certificate,
        ]
    )
    assert made.returncode == 0
    done = call(
        [
            openssl, "cms", "-sign", "-binary", "-outform", "DER", "-signer", certificate, "-inkey", key, "-in", path,
            "-out", f"{path}.p7s",
        ]
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    der = pem.unarmor(certificate.read_bytes())[2]
    monkeypatch.setenv("ESIGN_TRUST_LISTS", str(path))
    monkeypatch.setenv("ESIGN_TRUST_LIST_SIGNERS", hashlib.sha256(der).hexdigest().upper())
    assert "(kabupaten/1)" in run("trust", "list")
    path.write_text(path.read_text() + "\n")
    assert "its signature does not count: it is for other data" in run("trust", "list", code=1)
