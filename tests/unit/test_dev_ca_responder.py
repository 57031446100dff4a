import hashlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from asn1crypto import ocsp as asn1_ocsp
from asn1crypto import x509
from cryptography.x509 import ocsp as pyca

from esign.ca.authority import Secret
from esign.ca.dev import DevCa, HolderKind, Subject
from esign.ca.dev.hierarchy import Issuer, Service
from esign.ca.dev.responder import LARGEST_REQUEST, LIFETIME, MOST_CERTIFICATES
from esign.errors import RevocationUnavailable
from esign.x509 import der, keys, ocsp
from esign.x509.clock import FixedClock
from esign.x509.keys import KeyAlgorithm
from esign.x509.revocation import RevocationState
from tests.pki import NOW, certificate

PASSPHRASE = Secret("rahasia123")


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DevCa]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(keys, "SCRYPT_COST", 2)
        folder: Path = tmp_path_factory.mktemp("ca") / "dev"
        with DevCa.create(folder, "http://ca.test/pki", FixedClock(NOW), hierarchy=KeyAlgorithm.P256) as made:
            for holder in ("budi", "ani"):
                made.issue(holder, Subject(holder, "Pemkab"), PASSPHRASE, key=KeyAlgorithm.P256)
            made.revoke("ani")
            made.issue("dinas", Subject("Dinas", "Pemkab"), PASSPHRASE, kind=HolderKind.SEAL, key=KeyAlgorithm.P256)
            yield made


def of(ca: DevCa, holder: str) -> x509.Certificate:
    found = ca.credential(holder).certificate
    assert found is not None
    return found


def asked(ca: DevCa, request: bytes) -> pyca.OCSPResponse:
    return pyca.load_der_ocsp_response(ca.responders.reply(request).der)


def request(*identifiers: bytes, nonce: bytes | None = None, extensions: bytes = b"") -> bytes:
    if nonce is not None:
        extensions = der.sequence(der.oid("1.3.6.1.5.5.7.48.1.2"), der.octet_string(nonce))
    tail = der.explicit(2, der.sequence(extensions)) if extensions else b""
    return der.sequence(der.sequence(der.sequence(*(der.sequence(single) for single in identifiers)), tail))


@pytest.mark.parametrize("digest", ["sha1", "sha256", "sha384", "sha512"])
def test_good_revoked_and_unknown_are_told_apart_under_any_digest(ca: DevCa, digest: str) -> None:
    issuer = ca.own_certificate(Issuer.PERSONS)
    for subject, state in ((of(ca, "budi"), RevocationState.GOOD), (of(ca, "ani"), RevocationState.REVOKED)):
        reply = ca.responders.reply(ocsp.request(subject, issuer, digest_algorithm=digest))
        assert ocsp.check(reply.der, subject, issuer).state is state
        assert (reply.this_update, reply.next_update) == (NOW, NOW + LIFETIME)
    stranger = der.sequence(
        der.digest_algorithm(digest),
        *(der.octet_string(part) for part in _hashes(issuer, digest)),
        der.integer(1234),
    )
    assert asked(ca, request(stranger)).certificate_status is pyca.OCSPCertStatus.UNKNOWN


def _hashes(issuer: x509.Certificate, digest: str) -> tuple[bytes, bytes]:
    return hashlib.new(digest, issuer.subject.dump()).digest(), ocsp.key_hash(issuer, digest)


def test_each_issuer_answers_through_its_own_responder(ca: DevCa) -> None:
    for subject, issuer, responder in (
        (of(ca, "budi"), Issuer.PERSONS, Service.PERSONS_OCSP),
        (of(ca, "dinas"), Issuer.SEALS, Service.SEALS_OCSP),
        (ca.own_certificate(Service.TIMESTAMPS), Issuer.PERSONS, Service.PERSONS_OCSP),
        (ca.own_certificate(Issuer.SEALS), Issuer.ROOT, Service.ROOT_OCSP),
    ):
        by = ca.own_certificate(issuer)
        answer = ocsp.check(ca.responders.reply(ocsp.request(subject, by)).der, subject, by)
        assert answer.state is RevocationState.GOOD
        assert answer.signer.sha256 == ca.own_certificate(responder).sha256
        assert answer.signer.ocsp_no_check_value is not None
        assert answer.signer.extended_key_usage_value.native == ["ocsp_signing"]


@pytest.mark.parametrize("length", [1, 16, 32, 33, 127, 128])
def test_a_nonce_comes_back_as_it_was_sent_and_such_an_answer_is_nobody_else_s(ca: DevCa, length: int) -> None:
    subject, issuer = of(ca, "budi"), ca.own_certificate(Issuer.PERSONS)
    nonce = bytes(range(length))
    reply = ca.responders.reply(ocsp.request(subject, issuer, nonce=nonce))
    assert ocsp.check(reply.der, subject, issuer, nonce=nonce)
    assert pyca.load_der_ocsp_response(reply.der).extensions[0].value.nonce == nonce
    assert reply.next_update is None


@pytest.mark.parametrize("nonce", [der.octet_string(b""), der.octet_string(bytes(129)), bytes(129), b""])
def test_a_nonce_of_no_or_of_too_many_octets_is_malformed(ca: DevCa, nonce: bytes) -> None:
    single = ocsp.certificate_id(of(ca, "budi"), ca.own_certificate(Issuer.PERSONS), "sha1")
    assert asked(ca, request(single, nonce=nonce)).response_status is pyca.OCSPResponseStatus.MALFORMED_REQUEST


def test_a_nonce_without_its_inner_octet_string_is_tolerated(ca: DevCa) -> None:
    single = ocsp.certificate_id(of(ca, "budi"), ca.own_certificate(Issuer.PERSONS), "sha1")
    response = ca.responders.reply(request(single, nonce=b"\x99" * 16)).der
    assert response.count(b"\x04\x10" + b"\x99" * 16) == 1


def test_several_certificates_are_answered_in_one_response(ca: DevCa) -> None:
    issuer = ca.own_certificate(Issuer.PERSONS)
    subjects = [of(ca, "budi"), of(ca, "ani")]
    response = ca.responders.reply(request(*(ocsp.certificate_id(one, issuer, "sha1") for one in subjects))).der
    states = [ocsp.check(response, one, issuer).state for one in subjects]
    assert states == [RevocationState.GOOD, RevocationState.REVOKED]


def test_certificates_of_others_are_not_ours_to_judge(ca: DevCa) -> None:
    elsewhere = certificate("CA", ca=True)
    foreign = ocsp.request(certificate("Budi", elsewhere).asn1, elsewhere.asn1)
    assert asked(ca, foreign).response_status is pyca.OCSPResponseStatus.UNAUTHORIZED
    persons, seals = ca.own_certificate(Issuer.PERSONS), ca.own_certificate(Issuer.SEALS)
    mixed = request(
        ocsp.certificate_id(of(ca, "budi"), persons, "sha1"), ocsp.certificate_id(of(ca, "dinas"), seals, "sha1")
    )
    assert asked(ca, mixed).response_status is pyca.OCSPResponseStatus.UNAUTHORIZED
    unknown_digest = bytearray(ocsp.request(of(ca, "budi"), persons, digest_algorithm="sha256"))
    position = unknown_digest.index(bytes.fromhex("608648016503040201")) + 8
    unknown_digest[position] = 0x0F
    assert asked(ca, bytes(unknown_digest)).response_status is pyca.OCSPResponseStatus.UNAUTHORIZED


def test_in_process_the_certificates_of_others_are_refused(ca: DevCa) -> None:
    elsewhere = certificate("CA", ca=True)
    leaf = certificate("Budi", elsewhere)
    for ask in (ca.revocation().ocsp, ca.revocation().crl):
        with pytest.raises(RevocationUnavailable):
            ask(leaf.asn1, elsewhere.asn1)
    # Of our issuer's name and key, but never issued.
    with pytest.raises(RevocationUnavailable):
        ca.responders.status(Issuer.PERSONS, 1)


def test_malformed_requests_are_told_so(ca: DevCa) -> None:
    single = ocsp.certificate_id(of(ca, "budi"), ca.own_certificate(Issuer.PERSONS), "sha1")
    critical = der.sequence(der.oid("1.2.3.4"), der.boolean(True), der.octet_string(b"\x05\x00"))
    whole = request(single)
    for rubbish in (
        b"",
        b"rubbish",
        whole[:-1],
        whole + b"\x00",
        request(),
        request(*[single] * (MOST_CERTIFICATES + 1)),
        request(single, extensions=critical),
        bytes(LARGEST_REQUEST + 1),
    ):
        assert asked(ca, rubbish).response_status is pyca.OCSPResponseStatus.MALFORMED_REQUEST


def test_no_spoilt_octet_of_a_request_breaks_the_responder(ca: DevCa) -> None:
    whole = ocsp.request(of(ca, "budi"), ca.own_certificate(Issuer.PERSONS), nonce=ocsp.new_nonce())
    for position in range(len(whole)):
        for value in (0x00, 0x7F, 0x80, 0xFF):
            spoilt = bytearray(whole)
            spoilt[position] = value
            asked(ca, bytes(spoilt))


def test_answers_say_since_when_expired_certificates_are_kept(ca: DevCa) -> None:
    subject, issuer = of(ca, "budi"), ca.own_certificate(Issuer.PERSONS)
    basic = asn1_ocsp.OCSPResponse.load(ca.responders.reply(ocsp.request(subject, issuer)).der).basic_ocsp_response
    (single,) = basic["tbs_response_data"]["responses"]
    (extension,) = single["single_extensions"]
    assert extension["extn_id"].native == "archive_cutoff"
    assert extension["extn_value"].parsed.native == ca.roots()[0].not_valid_before
    assert single["next_update"].native - single["this_update"].native == timedelta(hours=4)
