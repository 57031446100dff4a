from dataclasses import dataclass
from datetime import timedelta

import pytest
from cryptography import x509

from esign.x509 import crl
from esign.x509.rejection import Rejected
from esign.x509.revocation import RevocationReason, RevocationState
from tests import pki as make
from tests.pki import NOW, Holder, certificate, revoked

URL = "http://crl.example/ca.crl"
ONLY_CERT_SIGN = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)


@dataclass(frozen=True)
class Pki:
    ca: Holder
    leaf: Holder


@pytest.fixture(scope="module")
def pki() -> Pki:
    ca = certificate("CA", ca=True)
    return Pki(ca, certificate("Budi", ca, crl_url=URL))


def scope(
    *,
    full_name: str | None = None,
    user: bool = False,
    ca: bool = False,
    indirect: bool = False,
    attribute: bool = False,
    reasons: frozenset[x509.ReasonFlags] | None = None,
) -> tuple[x509.ExtensionType, bool]:
    name = None if full_name is None else [x509.UniformResourceIdentifier(full_name)]
    return x509.IssuingDistributionPoint(name, None, user, ca, reasons, indirect, attribute), True


def test_who_is_not_on_the_list_is_good(pki: Pki) -> None:
    other = revoked(certificate("Ani", pki.ca).certificate.serial_number)
    answer = crl.check(make.crl(pki.ca, [other]), pki.leaf.asn1, pki.ca.asn1)
    assert answer.state is RevocationState.GOOD
    assert (answer.this_update, answer.next_update) == (NOW, NOW + timedelta(hours=1))
    assert answer.signer.sha256 == pki.ca.asn1.sha256


def test_who_is_on_the_list_is_revoked_with_time_and_reason(pki: Pki) -> None:
    at = NOW - timedelta(days=2)
    serial = pki.leaf.certificate.serial_number
    answer = crl.check(
        make.crl(pki.ca, [revoked(serial, at, x509.ReasonFlags.key_compromise)]), pki.leaf.asn1, pki.ca.asn1
    )
    assert (answer.state, answer.revoked_at) == (RevocationState.REVOKED, at)
    assert answer.reason is RevocationReason.KEY_COMPROMISE
    plain = crl.check(make.crl(pki.ca, [revoked(serial, at)]), pki.leaf.asn1, pki.ca.asn1)
    assert (plain.state, plain.reason) == (RevocationState.REVOKED, None)


def test_remove_from_crl_is_no_revocation(pki: Pki) -> None:
    entry = revoked(pki.leaf.certificate.serial_number, NOW, x509.ReasonFlags.remove_from_crl)
    answer = crl.check(make.crl(pki.ca, [entry]), pki.leaf.asn1, pki.ca.asn1)
    assert (answer.state, answer.revoked_at, answer.reason) == (RevocationState.GOOD, None, None)


def refused(encoded: bytes, pki: Pki, because: str) -> None:
    with pytest.raises(Rejected, match=because):
        crl.check(encoded, pki.leaf.asn1, pki.ca.asn1)


def test_a_list_of_another_issuer_is_refused(pki: Pki) -> None:
    refused(make.crl(certificate("Other", ca=True)), pki, "another issuer")


def test_a_list_under_another_key_of_the_same_name_is_refused(pki: Pki) -> None:
    refused(make.crl(certificate("CA", ca=True)), pki, "signature value is wrong")


def test_a_ca_that_may_not_sign_lists_is_refused() -> None:
    ca = certificate("CA", ca=True, usage=ONLY_CERT_SIGN)
    refused(make.crl(ca), Pki(ca, certificate("Budi", ca)), "not for signing CRLs")


@pytest.mark.parametrize(
    ("extension", "because"),
    [
        (scope(ca=True), "CA certificates only"),
        (scope(attribute=True), "attribute certificates"),
        (scope(reasons=frozenset({x509.ReasonFlags.key_compromise}), full_name=URL), "all reasons"),
        (scope(full_name="http://crl.example/other.crl"), "another distribution point"),
        ((x509.DeltaCRLIndicator(1), True), "delta"),
        ((x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True), r"1\.2\.3\.4"),
    ],
)
def test_a_list_that_does_not_cover_the_certificate_is_refused(
    pki: Pki, extension: tuple[x509.ExtensionType, bool], because: str
) -> None:
    refused(make.crl(pki.ca, extensions=[extension]), pki, because)


@pytest.mark.parametrize(
    "extension",
    [
        scope(user=True),
        scope(full_name=URL),
        scope(indirect=True, full_name=URL),
        (x509.CRLNumber(7), False),
        (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), False),
    ],
)
def test_a_list_that_covers_it_is_believed(pki: Pki, extension: tuple[x509.ExtensionType, bool]) -> None:
    answer = crl.check(make.crl(pki.ca, extensions=[extension]), pki.leaf.asn1, pki.ca.asn1)
    assert answer.state is RevocationState.GOOD


def test_user_lists_do_not_cover_cas() -> None:
    root = certificate("Root", ca=True)
    issuing = certificate("CA", root, ca=True)
    with pytest.raises(Rejected, match="not for CA"):
        crl.check(make.crl(root, extensions=[scope(user=True)]), issuing.asn1, root.asn1)


def test_an_entry_with_a_critical_extension_that_nobody_knows_is_refused(pki: Pki) -> None:
    unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
    entry = revoked(pki.leaf.certificate.serial_number, critical=unknown)
    refused(make.crl(pki.ca, [entry]), pki, r"1\.2\.3\.4")


def test_every_truncation_and_every_spoilt_octet_is_refused(pki: Pki) -> None:
    encoded = make.crl(pki.ca, [revoked(pki.leaf.certificate.serial_number)])
    for length in range(len(encoded)):
        refused(encoded[:length], pki, ".+")
    for position in range(len(encoded)):
        spoilt = bytearray(encoded)
        spoilt[position] ^= 0x01
        refused(bytes(spoilt), pki, ".+")


def test_a_list_of_twenty_thousand_is_searched_quickly(pki: Pki) -> None:
    many = [revoked(number) for number in range(1, 20_001)]
    encoded = make.crl(pki.ca, [*many, revoked(pki.leaf.certificate.serial_number)])
    assert crl.check(encoded, pki.leaf.asn1, pki.ca.asn1).state is RevocationState.REVOKED


def test_the_addresses_of_lists_are_found(pki: Pki) -> None:
    assert crl.distribution_points(pki.leaf.asn1) == [URL]
    assert crl.distribution_points(pki.ca.asn1) == []
    ldap = certificate("Ani", pki.ca, crl_url="ldap://ldap.example/cn=CA")
    assert crl.distribution_points(ldap.asn1) == []
