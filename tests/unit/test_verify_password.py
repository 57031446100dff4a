"""Files that ask for a password: opened with the one that is given, and told as locked without it; nobody sees it."""

import io
import logging
from functools import cache

import pikepdf
import pytest
from asn1crypto import keys, x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pydantic import SecretStr
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers
from pyhanko_certvalidator.registry import SimpleCertificateStore

from esign.pdf.sandbox import InProcess
from esign.verify.full import examine_fully
from esign.verify.online import examine
from esign.verify.report import ChangeState, Report, Verdict
from esign.x509.clock import SystemClock
from esign.x509.trust import TrustStore
from tests.attacks.authority import Authority
from tests.sheets import sheet, text

PASSWORD = "rahasia-sangat-9913"
ENCRYPTIONS = {
    "AES-256": pikepdf.Encryption(user=PASSWORD, owner="pemilik-7741", R=6),
    "AES-128": pikepdf.Encryption(user=PASSWORD, owner="pemilik-7741", R=4),
    "RC4-128": pikepdf.Encryption(user=PASSWORD, owner="pemilik-7741", R=3, aes=False, metadata=False),
}


@cache
def _authority() -> Authority:
    return Authority()


@cache
def _signer() -> signers.SimpleSigner:
    holder = _authority().issue("Budi Santoso")
    key = holder.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return signers.SimpleSigner(
        signing_cert=x509.Certificate.load(holder.der),
        signing_key=keys.PrivateKeyInfo.load(key),
        cert_registry=SimpleCertificateStore(),
    )


@cache
def locked(encryption: str, second: tuple[int, int, int, int] | None = None) -> bytes:
    """A letter under a password, signed by pyHanko, once or twice."""
    out = io.BytesIO()
    sheet(text(100, 500, "Jumlah: Rp 1.000.000,00")).save(out, encryption=ENCRYPTIONS[encryption])
    for name, box in (("satu", (300, 700, 400, 740)), ("dua", second)):
        if box is None:
            break
        writer = IncrementalPdfFileWriter(io.BytesIO(out.getvalue()), strict=False)
        writer.encrypt(PASSWORD)
        out = io.BytesIO()
        signers.PdfSigner(
            signers.PdfSignatureMetadata(
                field_name=name, subfilter=fields.SigSeedSubFilter.PADES, md_algorithm="sha256"
            ),
            _signer(),
            new_field_spec=fields.SigFieldSpec(name, box=box),
        ).sign_pdf(writer, output=out)
    return out.getvalue()


def report(pdf: bytes, password: str | None) -> Report:
    trust = TrustStore(anchors=(_authority().root.asn1,))
    secret = None if password is None else SecretStr(password)
    return examine(pdf, trust, SystemClock(), InProcess(), integrity_only=True, password=secret)


@pytest.mark.parametrize("encryption", ENCRYPTIONS)
@pytest.mark.parametrize("password", [PASSWORD, "pemilik-7741"], ids=["user", "owner"])
def test_either_password_opens_the_file(encryption: str, password: str) -> None:
    found = report(locked(encryption), password)
    assert found.verdict is Verdict.INTACT, found.findings


@pytest.mark.parametrize("password", [None, "", "salah"])
def test_without_the_password_the_file_is_told_as_locked(password: str | None) -> None:
    found = report(locked("AES-256"), password)
    assert found.verdict is Verdict.NOT_EXAMINED
    assert [item.code for item in found.findings] == ["file.locked"]
    assert "kata sandi" in found.sentence.id
    assert "password" in found.sentence.en


def test_the_second_reader_opens_it_too() -> None:
    permitted = report(locked("AES-256", (300, 600, 400, 640)), PASSWORD)
    assert permitted.verdict is Verdict.INTACT, permitted.findings
    assert permitted.signatures[0].changes.state is ChangeState.PERMITTED
    assert report(locked("AES-256", (90, 480, 300, 540)), PASSWORD).verdict is Verdict.ALTERED


@pytest.mark.parametrize("password", [PASSWORD, "salah-8842"])
def test_the_password_is_in_no_report_and_no_log(password: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    trust = TrustStore(anchors=(_authority().root.asn1,))
    full = examine_fully(locked("AES-256"), trust, SystemClock(), InProcess(), password=SecretStr(password))
    assert password not in full.model_dump_json()
    assert password not in caplog.text
