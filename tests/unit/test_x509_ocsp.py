from dataclasses import dataclass
from datetime import timedelta
from itertools import cycle

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp as pyca
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from esign.x509 import keys, ocsp
from esign.x509.keys import KeyAlgorithm
from esign.x509.rejection import Rejected
from esign.x509.revocation import RevocationReason, RevocationState
from tests.pki import NOW, Holder, certificate, ocsp_answer, p256

OCSP_SIGNING = "1.3.6.1.5.5.7.3.9"


@dataclass(frozen=True)
class Pki:
    ca: Holder
    leaf: Holder
    responder: Holder


@pytest.fixture(scope="module")
def pki() -> Pki:
    ca = certificate("CA", ca=True)
    return Pki(ca, certificate("Budi", ca), certificate("OCSP", ca, purposes=[OCSP_SIGNING]))


@pytest.mark.parametrize("by_key", [False, True])
@pytest.mark.parametrize("delegated", [False, True])
def test_the_issuer_and_its_delegated_responder_are_believed(pki: Pki, by_key: bool, delegated: bool) -> None:
    responder = pki.responder if delegated else pki.ca
    answer = ocsp.check(
        ocsp_answer(pki.leaf, pki.ca, responder, by_key=by_key, include=delegated), pki.leaf.asn1, pki.ca.asn1
    )
    assert answer.state is RevocationState.GOOD
    assert answer.signer.sha256 == responder.asn1.sha256
    assert (answer.this_update, answer.next_update) == (NOW, NOW + timedelta(hours=1))
    assert (answer.revoked_at, answer.reason, answer.digest_algorithm) == (None, None, "sha256")


@pytest.mark.parametrize("digest", [hashes.SHA1(), hashes.SHA256(), hashes.SHA384(), hashes.SHA512()])
def test_the_certificate_may_be_named_by_any_digest(pki: Pki, digest: hashes.HashAlgorithm) -> None:
    response = ocsp_answer(pki.leaf, pki.ca, pki.responder, digest=digest)
    assert ocsp.check(response, pki.leaf.asn1, pki.ca.asn1).state is RevocationState.GOOD


def test_a_revocation_is_told_with_its_time_and_reason(pki: Pki) -> None:
    at = NOW - timedelta(days=3)
    response = ocsp_answer(
        pki.leaf,
        pki.ca,
        pki.responder,
        status=pyca.OCSPCertStatus.REVOKED,
        revoked_at=at,
        reason=x509.ReasonFlags.certificate_hold,
    )
    answer = ocsp.check(response, pki.leaf.asn1, pki.ca.asn1)
    assert (answer.state, answer.revoked_at) == (RevocationState.REVOKED, at)
    assert answer.reason is RevocationReason.CERTIFICATE_HOLD
    assert answer.on_hold


def test_the_responder_s_certificate_stays_octet_for_octet_what_it_is(pki: Pki) -> None:
    """Of a length that ends in 0x80, and with bits that DER would write shorter: asn1crypto encodes such a one anew."""
    usage = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.15"), bytes.fromhex("03020080"))
    key = p256()
    for padding in cycle(range(100, 300)):
        access = x509.AccessDescription(
            AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier("http://ocsp.example/" + "x" * padding)
        )
        made = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "OCSP")]))
            .issuer_name(pki.ca.certificate.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - timedelta(days=30))
            .not_valid_after(NOW + timedelta(days=365))
            .add_extension(usage, critical=True)
            .add_extension(x509.ExtendedKeyUsage([x509.ObjectIdentifier(OCSP_SIGNING)]), critical=False)
            .add_extension(x509.AuthorityInformationAccess([access]), critical=False)
            .sign(pki.ca.key, hashes.SHA256())
        )
        if made.public_bytes(Encoding.DER)[3] == 0x80:
            break
    answer = ocsp.check(ocsp_answer(pki.leaf, pki.ca, Holder(made, key), include=True), pki.leaf.asn1, pki.ca.asn1)
    assert answer.signer.key_usage_value.native == {"digital_signature"}
    assert answer.signer.dump() == made.public_bytes(Encoding.DER)


def test_unknown_is_not_good(pki: Pki) -> None:
    response = ocsp_answer(pki.leaf, pki.ca, pki.responder, status=pyca.OCSPCertStatus.UNKNOWN)
    assert ocsp.check(response, pki.leaf.asn1, pki.ca.asn1).state is RevocationState.UNKNOWN


def refused(response: bytes, pki: Pki, because: str, nonce: bytes | None = None) -> None:
    with pytest.raises(Rejected, match=because):
        ocsp.check(response, pki.leaf.asn1, pki.ca.asn1, nonce=nonce)


def test_an_answer_for_another_certificate_is_refused(pki: Pki) -> None:
    refused(ocsp_answer(certificate("Ani", pki.ca), pki.ca, pki.responder), pki, "another certificate")


def test_an_answer_of_another_ca_for_the_same_serial_number_is_refused(pki: Pki) -> None:
    stranger = certificate("CA", ca=True)
    refused(ocsp_answer(pki.leaf, stranger, stranger), pki, "another certificate")


def test_a_responder_of_another_ca_is_refused(pki: Pki) -> None:
    stranger = certificate("OCSP", certificate("CA", ca=True), purposes=[OCSP_SIGNING])
    refused(ocsp_answer(pki.leaf, pki.ca, stranger), pki, "not from the issuer")


def test_any_certificate_of_the_ca_is_not_yet_a_responder(pki: Pki) -> None:
    because = "not for signing OCSP"
    refused(ocsp_answer(pki.leaf, pki.ca, pki.leaf), pki, because)
    refused(ocsp_answer(pki.leaf, pki.ca, certificate("TLS", pki.ca, purposes=["1.3.6.1.5.5.7.3.1"])), pki, because)


def test_an_expired_responder_is_refused(pki: Pki) -> None:
    late = certificate("OCSP", pki.ca, purposes=[OCSP_SIGNING], end=NOW - timedelta(days=1))
    refused(ocsp_answer(pki.leaf, pki.ca, late), pki, "not valid when")


def test_a_responder_without_its_certificate_is_refused(pki: Pki) -> None:
    refused(ocsp_answer(pki.leaf, pki.ca, pki.responder, include=False), pki, "not in it")


def test_an_answer_changed_in_one_bit_is_refused(pki: Pki) -> None:
    response = ocsp_answer(pki.leaf, pki.ca, pki.responder)
    serial = pki.leaf.certificate.serial_number.to_bytes(20, "big").lstrip(b"\0")
    assert response.count(serial) == 1
    spoilt = response.replace(b"20260302040000Z", b"20260302040001Z")
    refused(spoilt, pki, "signature value is wrong")


def test_the_nonce_must_come_back_or_be_left_out(pki: Pki) -> None:
    response = ocsp_answer(pki.leaf, pki.ca, pki.responder, nonce=b"n" * 32)
    assert ocsp.check(response, pki.leaf.asn1, pki.ca.asn1, nonce=b"n" * 32)
    assert ocsp.check(ocsp_answer(pki.leaf, pki.ca, pki.responder), pki.leaf.asn1, pki.ca.asn1, nonce=b"n" * 32)
    refused(response, pki, "nonce differs", nonce=b"m" * 32)


@pytest.mark.parametrize("status", [s for s in pyca.OCSPResponseStatus if s is not pyca.OCSPResponseStatus.SUCCESSFUL])
def test_an_answer_without_success_is_refused_with_its_word(pki: Pki, status: pyca.OCSPResponseStatus) -> None:
    response = pyca.OCSPResponseBuilder.build_unsuccessful(status).public_bytes(Encoding.DER)
    refused(response, pki, status.name.lower())


@pytest.mark.parametrize("rubbish", [b"", b"\x30", b"<html>", b"\x30\x03\x0a\x01\x00", bytes(300_000)])
def test_rubbish_is_refused(pki: Pki, rubbish: bytes) -> None:
    refused(rubbish, pki, "malformed|too large")


def test_every_truncation_and_every_spoilt_octet_is_refused(pki: Pki) -> None:
    response = ocsp_answer(pki.leaf, pki.ca, pki.ca, include=False)
    for length in range(len(response)):
        refused(response[:length], pki, ".+")
    for position in range(len(response)):
        spoilt = bytearray(response)
        spoilt[position] ^= 0x01
        refused(bytes(spoilt), pki, ".+")


def test_rsa_responders_are_checked_too() -> None:
    ca = certificate("CA", ca=True, key=keys.generate(KeyAlgorithm.RSA_2048))
    leaf = certificate("Budi", ca)
    assert ocsp.check(ocsp_answer(leaf, ca, ca), leaf.asn1, ca.asn1).state is RevocationState.GOOD
    spoilt = ocsp_answer(leaf, ca, ca).replace(b"20260302040000Z", b"20260302040001Z")
    with pytest.raises(Rejected, match="signature value is wrong"):
        ocsp.check(spoilt, leaf.asn1, ca.asn1)


@pytest.mark.parametrize("digest", ["sha1", "sha256"])
def test_requests_are_read_by_another_library(pki: Pki, digest: str) -> None:
    nonce = ocsp.new_nonce()
    request = ocsp.request(pki.leaf.asn1, pki.ca.asn1, nonce=nonce, digest_algorithm=digest)
    algorithm = hashes.SHA1() if digest == "sha1" else hashes.SHA256()
    expected = (
        pyca.OCSPRequestBuilder()
        .add_certificate(pki.leaf.certificate, pki.ca.certificate, algorithm)
        .add_extension(x509.OCSPNonce(nonce), critical=False)
    )
    read = pyca.load_der_ocsp_request(request)
    assert (read.serial_number, read.issuer_key_hash, read.issuer_name_hash) == (
        expected.build().serial_number,
        expected.build().issuer_key_hash,
        expected.build().issuer_name_hash,
    )
    assert read.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce == nonce
    assert len(nonce) == 32


def test_freshness_is_the_answer_s_own_unless_another_is_asked(pki: Pki) -> None:
    answer = ocsp.check(ocsp_answer(pki.leaf, pki.ca, pki.ca), pki.leaf.asn1, pki.ca.asn1)
    assert answer.is_fresh(NOW + timedelta(hours=1))
    assert not answer.is_fresh(NOW + timedelta(hours=1, seconds=1))
    assert not answer.is_fresh(NOW + timedelta(seconds=2), longest=timedelta(seconds=1))
    endless = ocsp.check(ocsp_answer(pki.leaf, pki.ca, pki.ca, next_update=None), pki.leaf.asn1, pki.ca.asn1)
    assert endless.is_fresh(NOW)
    assert not endless.is_fresh(NOW + timedelta(seconds=1))
