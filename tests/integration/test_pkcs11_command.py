"""``esign pkcs11`` as an operator uses it, with ``esign ca certify`` as the CA at the other end."""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from asn1crypto import pem
from typer.testing import CliRunner, Result

from esign import settings
from esign.ca.authority import Consent, CredentialStatus, Secret
from esign.cli.main import app
from esign.x509.trust import TrustStore, read_certificates
from tests.hsm_officials import HsmHouse, hsm_house

Command = Callable[..., Result]
NAME = ("--name", "Budi Santoso", "--organisation", "Kabupaten Contoh")


@pytest.fixture
def house(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HsmHouse]:
    with hsm_house(tmp_path / "hsm", tmp_path_factory.getbasetemp()) as opened:
        yield opened


@pytest.fixture
def esign(house: HsmHouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    for name in [name for name in os.environ if name.startswith("ESIGN_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    own = {"ESIGN_CA_DIR": "dev", "ESIGN_DATA_DIR": "var", "ESIGN_PKI_URL": "http://127.0.0.1:8000/pki"}

    def run(*arguments: str, stdin: str = "", **environment: str) -> Result:
        settings.load.cache_clear()
        try:
            return CliRunner().invoke(app, arguments, input=stdin, env=own | environment)
        finally:
            settings.load.cache_clear()

    return run


def at(house: HsmHouse, token: str) -> tuple[str, ...]:
    return ("--module", str(house.module), "--token", token)


@pytest.mark.parametrize("kind", ["rsa-2048", "p384"])
def test_from_an_empty_token_to_an_official_who_signs(
    house: HsmHouse, esign: Command, tmp_path: Path, kind: str
) -> None:
    pin = house.hsm.token("sekda")
    assert esign("ca", "init", "--hierarchy", "p256").exit_code == 0
    made = esign("pkcs11", "generate", "sekda", *at(house, "sekda"), "--kind", kind, stdin=f"{pin}\n")
    assert made.exit_code == 0, made.stderr
    assert re.fullmatch(rf"made {kind} key sekda, id [0-9a-f]{{32}}\n", made.stdout)
    twice = esign("pkcs11", "generate", "sekda", *at(house, "sekda"), stdin=f"{pin}\n")
    assert twice.exit_code == 1
    assert "(credential.exists)" in twice.stderr

    asked = esign("pkcs11", "csr", "sekda", *at(house, "sekda"), *NAME, "-o", "sekda.csr", stdin=f"{pin}\n")
    assert asked.exit_code == 0, asked.stderr
    certified = esign("ca", "certify", "sekda", "sekda.csr", *NAME, "--output", "sekda.pem")
    assert certified.exit_code == 0, certified.stderr
    kept = esign("pkcs11", "import", "sekda", "sekda.pem", *at(house, "sekda"), stdin=f"{pin}\n")
    assert kept.exit_code == 0, kept.stderr
    assert kept.stdout.startswith("kept Budi Santoso, until ")

    shown = esign("pkcs11", "list", *at(house, "sekda"), "--login", stdin=f"{pin}\n").stdout
    assert [line[:11].rstrip() for line in shown.splitlines() if "  sekda  " in line] == [
        "certificate",
        "private key",
        "public key",
    ]
    assert "private key" not in esign("pkcs11", "list", *at(house, "sekda")).stdout
    assert re.fullmatch(r"slot \d+  serial [0-9a-f]+  sekda\n", esign("pkcs11", "list", *at(house, "sekda")[:2]).stdout)

    # The issuing CA came along in the file; the root alone is trusted.
    root = TrustStore.from_pem((tmp_path / "dev" / "root.pem").read_bytes())
    authority = house.authority(house.surroundings(trust=root, revocation=_Nobody()))
    assert authority.credential("sekda").status is CredentialStatus.ISSUE
    with authority.activate("sekda", Consent(Secret(pin))) as activation:
        assert len(activation.sign_digests([bytes(32)], "sha256")) == 1


def test_keys_never_leave_the_token(house: HsmHouse, esign: Command) -> None:
    pin = house.hsm.token("sekda")
    assert esign("pkcs11", "generate", "sekda", *at(house, "sekda"), stdin=f"{pin}\n").exit_code == 0
    from pkcs11 import Attribute  # noqa: PLC0415

    with house.token("sekda") as token, token.alone(Secret(pin)) as session:
        (key,) = session.private_keys("sekda")
        found = key.object.get_attributes([Attribute.SENSITIVE, Attribute.EXTRACTABLE, Attribute.NEVER_EXTRACTABLE])
        assert found == {Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False, Attribute.NEVER_EXTRACTABLE: True}
        assert not key.object[Attribute.DECRYPT]
        assert not key.object[Attribute.UNWRAP]


def test_a_certificate_that_does_not_belong_is_not_imported(house: HsmHouse, esign: Command, tmp_path: Path) -> None:
    pin = house.hsm.token("sekda")
    for key in ("sekda", "bupati"):
        assert esign("pkcs11", "generate", key, *at(house, "sekda"), "--kind", "p256", stdin=f"{pin}\n").exit_code == 0
    esign("ca", "init", "--hierarchy", "p256")
    esign("pkcs11", "csr", "bupati", *at(house, "sekda"), *NAME, "-o", "bupati.csr", stdin=f"{pin}\n")
    assert esign("ca", "certify", "bupati", "bupati.csr", *NAME, "--output", "bupati.pem").exit_code == 0

    def refused(file: str, **environment: str) -> str:
        done = esign("pkcs11", "import", "sekda", file, *at(house, "sekda"), stdin=f"{pin}\n", **environment)
        assert done.exit_code == 1, done.stdout
        return done.stderr

    assert "no key with the label sekda" in refused("bupati.pem")
    assert "trusted root" in refused("bupati.pem", ESIGN_DEV_CA="false")
    certificates = read_certificates((tmp_path / "bupati.pem").read_bytes())
    (tmp_path / "ca.pem").write_bytes(b"".join(pem.armor("CERTIFICATE", each.dump()) for each in certificates[1:]))
    assert "0 certificates of a holder" in refused("ca.pem")
    (tmp_path / "none.pem").write_text("surat")
    assert "not a certificate" in refused("none.pem")
    assert "No such file" in refused("nowhere.pem")


def test_a_wrong_pin_or_token_ends_with_1_and_says_why(house: HsmHouse, esign: Command, tmp_path: Path) -> None:
    house.hsm.token("sekda")
    wrong = esign("pkcs11", "generate", "sekda", *at(house, "sekda"), stdin="9999\n")
    assert (wrong.exit_code, wrong.stderr) == (1, "The token refused the PIN.\n")
    house.faulty.lock_after(1)
    esign("pkcs11", "generate", "sekda", *at(house, "sekda"), stdin="9999\n")
    assert "(signer.pin_locked)" in esign("pkcs11", "generate", "sekda", *at(house, "sekda"), stdin="9999\n").stderr
    house.faulty.behave()
    absent = esign("pkcs11", "generate", "sekda", *at(house, "lain"), stdin="9999\n")
    assert (absent.exit_code, absent.stderr) == (1, "there is no token with label lain.\n")
    nameless = esign("pkcs11", "generate", "sekda", "--module", str(house.module), stdin="9999\n")
    assert "named by label, serial or slot" in nameless.stderr
    (tmp_path / "text.so").write_text("nothing")
    no_module = esign("pkcs11", "list", "--module", str(tmp_path / "text.so"))
    assert no_module.exit_code == 1
    assert "can't be loaded" in no_module.stderr


class _Nobody:
    """There is no responder for these."""

    def ocsp(self, certificate: object, issuer: object) -> None:
        return None

    crl = ocsp
