"""By what a certificate is taken to be the signer's, where his authority tells it only by signing."""

from datetime import UTC, datetime, timedelta

import pytest
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

from esign.service.right_signer import doubt, names_match
from tests import pki

NOW = datetime(2026, 3, 2, tzinfo=UTC)
NIK, OTHER = "3201014000000001", "3201014000000002"
NAME = "Dra. Ni Luh Sari, M.Si."


def certificate(name: str, description: str | None = None) -> asn1.Certificate:
    """Self-signed, with a subject as BSrE's have it (contract, section 5)."""
    key = pki.p256()
    parts = [x509.NameAttribute(NameOID.COMMON_NAME, name)]
    if description is not None:
        parts.append(x509.NameAttribute(x509.ObjectIdentifier("2.5.4.13"), description))
    subject = x509.Name(parts)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW)
        .not_valid_after(NOW + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    return asn1.Certificate.load(made.public_bytes(serialization.Encoding.DER))


def test_a_certificate_that_was_told_before_is_the_only_one_that_will_do() -> None:
    told, same_name = certificate("Ni Luh Sari"), certificate("Ni Luh Sari")
    assert doubt(told, told, NAME, NIK) is None
    assert doubt(same_name, told, NAME, NIK) is not None


@pytest.mark.parametrize(
    ("name", "description", "nik", "proven"),
    [
        ("Ni Luh Sari", None, NIK, True),
        ("Ni Luh Sari", "12345_Tanda Tangan Elektronik", NIK, True),
        ("N. L. Sari", f"{NIK}_Tanda Tangan Elektronik", NIK, True),
        ("Ni Luh Sari", f"{OTHER}_Tanda Tangan Elektronik", NIK, False),
        ("Ni Luh Sari", f"{OTHER}_Tanda Tangan Elektronik", None, True),
        ("Budi Santoso", None, NIK, False),
        ("Budi Santoso", f"{OTHER}_Tanda Tangan Elektronik", None, False),
    ],
)
def test_a_number_in_the_certificate_proves_more_than_its_name(
    name: str, description: str | None, nik: str | None, proven: bool
) -> None:
    told = doubt(certificate(name, description), None, NAME, nik)
    assert (told is None) is proven
    assert told is None or not any(number in told for number in (NIK, OTHER))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("NI LUH SARI", "Ni Luh Sari"),
        ("Ni Luh Sari", "Dra. Ni Luh Sari, M.Si."),
        ("I GUSTI AGUNG WIRABHUMI", "Dr. Ir. I Gusti Agung Ngurah Wirabhumi, S.Kom., M.T."),
        ("Suharto", "H. Suharto, S.H."),
        ("PEMERINTAH KABUPATEN CONTOH", "Pemerintah Kabupaten Contoh"),
        ("Abd. Rahman", "Abd Rahman"),
    ],
)
def test_names_that_may_be_one_persons_match(one: str, other: str) -> None:
    assert names_match(one, other)
    assert names_match(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Budi Santoso", "Budi Hartono"),
        ("Budi", "Budi Santoso"),
        ("Sari", "Ni Luh Sari"),
        ("", "Budi"),
        ("", ""),
        ("123", "456"),
        ("Budi Santoso", "Santi Budiono"),
    ],
)
def test_names_of_two_persons_do_not(one: str, other: str) -> None:
    assert not names_match(one, other)
    assert not names_match(other, one)
