import hashlib
from datetime import timedelta
from pathlib import Path

import pytest
from asn1crypto import cms
from asn1crypto import tsp as asn1_tsp

from esign.ca.dev import DevCa
from esign.ca.dev.hierarchy import Issuer, Service
from esign.ca.dev.profiles import TIMESTAMP_POLICY
from esign.ca.dev.timestamps import LARGEST_REQUEST
from esign.x509 import chains, der, tsp
from esign.x509.clock import FixedClock
from esign.x509.keys import KeyAlgorithm
from esign.x509.rejection import Rejected
from tests.pki import NOW, certificate

DIGEST = hashlib.sha256(b"surat").digest()


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> DevCa:
    folder = tmp_path_factory.mktemp("ca") / "dev"
    return DevCa.create(folder, "http://ca.test/pki", FixedClock(NOW), hierarchy=KeyAlgorithm.P256)


def failure(ca: DevCa, query: bytes) -> set[str]:
    reply = asn1_tsp.PKIStatusInfo.load(
        bytes(asn1_tsp.TimeStampResp.load(ca.timestamp_authority.reply(query)).contents)
    )
    assert reply["status"].native == "rejection"
    return set(reply["fail_info"].native)


@pytest.mark.parametrize("algorithm", ["sha256", "sha384", "sha512"])
def test_a_token_says_what_was_stamped_when_by_whom_and_under_which_policy(ca: DevCa, algorithm: str) -> None:
    digest = hashlib.new(algorithm, b"surat").digest()
    timestamp = tsp.check(ca.timestamps().token(digest, algorithm), digest)
    assert (timestamp.time, timestamp.accuracy) == (NOW, timedelta(seconds=1))
    assert (timestamp.imprint_algorithm, timestamp.imprint) == (algorithm, digest)
    assert (timestamp.policy, timestamp.digest_algorithm) == (TIMESTAMP_POLICY, "sha256")
    assert timestamp.serial.bit_length() >= 64
    assert timestamp.signer.sha256 == ca.timestamps().certificates()[0].sha256
    chain = chains.build(timestamp.signer, ca.trust(), timestamp.certificates, at=timestamp.time)
    assert chain is not None
    assert [found.sha256 for found in chain] == [found.sha256 for found in ca.timestamps().certificates()]


def test_no_two_tokens_share_a_serial_number(ca: DevCa) -> None:
    serials = {tsp.check(ca.timestamps().token(DIGEST, "sha256")).serial for _ in range(50)}
    assert len(serials) == 50


def test_a_reply_echoes_the_nonce_and_leaves_certificates_out_where_none_are_wanted(ca: DevCa) -> None:
    nonce = tsp.new_nonce()
    reply = ca.timestamp_authority.reply(tsp.request(DIGEST, "sha256", nonce=nonce, with_certificates=False))
    token = tsp.token_of(reply)
    with pytest.raises(Rejected, match="not at hand"):
        tsp.check(token, DIGEST, nonce=nonce)
    timestamp = tsp.check(token, DIGEST, nonce=nonce, known=ca.timestamps().certificates())
    assert timestamp.certificates == ()
    assert timestamp.nonce == nonce
    with pytest.raises(Rejected, match="nonce differs"):
        tsp.check(token, DIGEST, nonce=nonce + 1, known=ca.timestamps().certificates())


def test_the_policy_may_be_asked_for_by_name(ca: DevCa) -> None:
    query = tsp.request(DIGEST, "sha256", policy=TIMESTAMP_POLICY)
    assert tsp.check(tsp.token_of(ca.timestamp_authority.reply(query)), DIGEST).policy == TIMESTAMP_POLICY


def test_what_can_not_be_stamped_is_refused_with_the_right_bit(ca: DevCa) -> None:
    assert failure(ca, tsp.request(bytes(20), "sha1")) == {"bad_alg"}
    assert failure(ca, tsp.request(bytes(31), "sha256")) == {"bad_data_format"}
    assert failure(ca, tsp.request(DIGEST, "sha256", policy="1.2.3.4")) == {"unaccepted_policy"}
    assert failure(ca, b"rubbish") == {"bad_data_format"}
    assert failure(ca, b"") == {"bad_data_format"}
    assert failure(ca, tsp.request(bytes(LARGEST_REQUEST), "sha256")) == {"bad_data_format"}
    imprint = der.sequence(der.digest_algorithm("sha256"), der.octet_string(DIGEST))
    extension = der.explicit(0, der.sequence(der.oid("1.2.3.4"), der.octet_string(b"\x05\x00")))
    assert failure(ca, der.sequence(der.integer(1), imprint, extension)) == {"unaccepted_extensions"}
    assert failure(ca, der.sequence(der.integer(2), imprint)) == {"bad_request"}


def test_a_refusal_is_told_in_its_words(ca: DevCa) -> None:
    with pytest.raises(Rejected, match="bad_alg"):
        tsp.token_of(ca.timestamp_authority.reply(tsp.request(bytes(20), "sha1")))


def test_in_process_a_wrong_digest_is_a_programming_error(ca: DevCa) -> None:
    with pytest.raises(ValueError, match="sha256"):
        ca.timestamps().token(bytes(20), "sha256")


def test_a_token_for_something_else_is_refused(ca: DevCa) -> None:
    with pytest.raises(Rejected, match="imprint differs"):
        tsp.check(ca.timestamps().token(DIGEST, "sha256"), bytes(32))


def test_every_truncation_and_every_spoilt_octet_of_what_is_signed_is_refused(ca: DevCa) -> None:
    query = tsp.request(DIGEST, "sha256", with_certificates=False)
    token, known = tsp.token_of(ca.timestamp_authority.reply(query)), ca.timestamps().certificates()
    parsed = cms.ContentInfo.load(token)["content"]
    signed = [parsed["encap_content_info"]["content"].contents, parsed["signer_infos"][0]["signed_attrs"].contents]
    signed.append(parsed["signer_infos"][0]["signature"].contents)
    for length in range(len(token)):
        with pytest.raises(Rejected):
            tsp.check(token[:length], DIGEST, known=known)
    for part in signed:
        begin = token.index(part)
        for position in range(begin, begin + len(part)):
            spoilt = bytearray(token)
            spoilt[position] ^= 0x01
            with pytest.raises(Rejected):
                tsp.check(bytes(spoilt), DIGEST, known=known)


def test_another_certificate_of_the_same_name_serial_and_key_is_not_the_signer(ca: DevCa) -> None:
    """The attack that signing-certificate attributes are for."""
    token = tsp.token_of(ca.timestamp_authority.reply(tsp.request(DIGEST, "sha256", with_certificates=False)))
    stamper = ca.own_certificate(Service.TIMESTAMPS)
    twin = bytearray(stamper.dump())
    twin[-1] ^= 1
    with pytest.raises(Rejected, match="another certificate than it names"):
        tsp.check(token, DIGEST, known=[type(stamper).load(bytes(twin))])


def test_only_a_certificate_for_time_stamps_alone_may_stamp() -> None:
    stamping, other = "1.3.6.1.5.5.7.3.8", "1.3.6.1.5.5.7.3.4"
    ca = certificate("CA", ca=True)
    for holder, because in (
        (certificate("TSA", ca, purposes=[stamping], critical_purposes=True), None),
        (certificate("TSA", ca, purposes=[stamping]), "not for time-stamps alone"),
        (certificate("TSA", ca, purposes=[stamping, other], critical_purposes=True), "not for time-stamps alone"),
        (certificate("TSA", ca), "not for time-stamps alone"),
        (certificate("TSA", ca, purposes=[stamping], critical_purposes=True, end=NOW - timedelta(1)), "not valid at"),
    ):
        if because is None:
            tsp.check_purpose(holder.asn1, NOW)
            continue
        with pytest.raises(Rejected, match=because):
            tsp.check_purpose(holder.asn1, NOW)


def test_the_time_stamp_authority_stands_under_the_issuing_ca_of_persons(ca: DevCa, tmp_path: Path) -> None:
    stamper, issuing, root = ca.timestamps().certificates()
    assert issuing.sha256 == ca.own_certificate(Issuer.PERSONS).sha256
    assert root.sha256 == ca.roots()[0].sha256
    assert stamper.extended_key_usage_value.native == ["time_stamping"]
    assert "extended_key_usage" in stamper.critical_extensions
