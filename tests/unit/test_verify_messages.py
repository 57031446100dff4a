"""The CMS, the time-stamps, the certificates and the algorithms of a signature, each wrong in one way."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from esign.verify.evidence import Material
from esign.verify.report import Indication, Level, Report, SignatureKind, SignatureReport, SubIndication, Verdict
from esign.verify.validate import validate
from esign.x509 import der
from esign.x509.trust import TrustStore
from tests.attacks.authority import DAY, NOW, Authority, Holder, rsa_key
from tests.attacks.messages import (
    Message,
    attribute,
    signature_value,
    signed_letter,
    stamped_letter,
    token,
)
from tests.letter_files import read

LETTER = read("typst-1.4")
AUTHORITY = Authority()
OFFICIAL = AUTHORITY.issue()
STAMPER = AUTHORITY.time_stamper()
TRUST = TrustStore(anchors=(AUTHORITY.root.asn1,))


def report(
    pdf: bytes, *crls: bytes, at: datetime = NOW, trust: TrustStore = TRUST, integrity_only: bool = False
) -> Report:
    given = crls or (AUTHORITY.crl(),)
    return validate(pdf, trust, at, material=Material(crls=given, given=True), integrity_only=integrity_only)


def only(pdf: bytes, *crls: bytes, at: datetime = NOW, trust: TrustStore = TRUST) -> SignatureReport:
    found = report(pdf, *crls, at=at, trust=trust)
    assert len(found.signatures) == 1
    return found.signatures[0]


def letter(
    holder: Holder = OFFICIAL, *, algorithm: str = "sha256", sub_filter: bytes | None = None, **changes: Any
) -> bytes:
    return signed_letter(
        LETTER,
        lambda digest: replace(Message(holder, digest, algorithm=algorithm), **changes).build(),
        algorithm=algorithm,
        sub_filter=sub_filter,
    )


def timestamped(
    holder: Holder = OFFICIAL,
    stamper: Holder = STAMPER,
    moment: datetime = NOW,
    *,
    imprint: Callable[[bytes], bytes] | None = None,
    sub_filter: bytes | None = None,
    **changes: Any,
) -> bytes:
    """A letter with a signature time-stamp, its imprint the right one unless another is given."""

    def build(digest: bytes) -> bytes:
        message = Message(holder, digest, **changes)
        # ECDSA values differ each time: the time-stamp must be over the value that goes into the letter.
        value = signature_value(plain := message.build())
        stamp = token(stamper, (imprint or (lambda data: hashlib.sha256(data).digest()))(value), moment)
        return replace(message, tokens=(stamp,), spoil=lambda _: signature_value(plain)).build()

    return signed_letter(LETTER, build, sub_filter=sub_filter)


# --- what is sound ---------------------------------------------------------------------------------


def test_a_signature_without_time_stamp_is_genuine_with_fresh_revocation_data() -> None:
    found = only(letter())
    assert (found.verdict, found.level) == (Verdict.GENUINE, Level.PADES_B_B)
    assert found.proven_time is None


def test_without_revocation_data_it_is_try_later_and_says_what_is_missing() -> None:
    found = validate(letter(), TRUST, NOW)
    assert found.verdict is Verdict.INDETERMINATE
    assert found.signatures[0].sub_indication is SubIndication.TRY_LATER
    assert found.signatures[0].integrity.holds


def test_integrity_only_leaves_the_certificate_out() -> None:
    found = validate(letter(), TrustStore(), NOW, integrity_only=True)
    assert found.verdict is Verdict.INTACT
    assert found.signatures[0].indication is Indication.TOTAL_PASSED


def test_a_time_stamp_proves_the_time() -> None:
    moment = NOW - timedelta(minutes=10)
    found = only(timestamped(moment=moment))
    assert (found.verdict, found.level, found.proven_time) == (Verdict.GENUINE, Level.PADES_B_T, moment)


def test_an_old_indonesian_letter_is_validated_though_it_is_not_pades() -> None:
    key = rsa_key(2048)
    pdf = timestamped(AUTHORITY.issue(key=key), sub_filter=b"adbe.pkcs7.detached", signing_certificate=None)
    found = only(pdf)
    assert (found.verdict, found.level) == (Verdict.GENUINE, Level.PKCS7_T)


def test_pades_without_the_signing_certificate_attribute_is_not_genuine() -> None:
    found = only(letter(signing_certificate=None))
    assert found.sub_indication is SubIndication.SIG_CONSTRAINTS_FAILURE
    assert found.verdict is Verdict.INDETERMINATE


def test_a_letter_signed_under_another_root_is_untrusted() -> None:
    found = only(letter(Authority("Otoritas Lain").issue()))
    assert (found.verdict, found.sub_indication) == (Verdict.UNTRUSTED, SubIndication.NO_CERTIFICATE_CHAIN_FOUND)


def test_an_authority_of_the_trusted_name_with_another_key_is_untrusted() -> None:
    impostor = Authority()
    impostor.root = replace(Authority("Tiruan").root)
    found = only(letter(impostor.issue("Pejabat Palsu")))
    assert found.verdict is Verdict.UNTRUSTED


# --- the message -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"signers": 2}, SubIndication.FORMAT_FAILURE),
        ({"signers": 0}, SubIndication.FORMAT_FAILURE),
        ({"content": b"other"}, SubIndication.FORMAT_FAILURE),
        ({"content": b""}, SubIndication.FORMAT_FAILURE),
        ({"signed_attributes": False}, SubIndication.SIG_CRYPTO_FAILURE),
        ({"content_type": "1.2.840.113549.1.9.16.1.4"}, SubIndication.FORMAT_FAILURE),
        ({"order": lambda items: sorted(items, reverse=True)}, SubIndication.SIG_CONSTRAINTS_FAILURE),
        ({"spoil": lambda value: value[:-1] + bytes([value[-1] ^ 1])}, SubIndication.SIG_CRYPTO_FAILURE),
        ({"spoil": lambda _: b""}, SubIndication.SIG_CRYPTO_FAILURE),
        ({"signature_digest": "sha512"}, SubIndication.SIG_CRYPTO_FAILURE),
        ({"certificates": ()}, SubIndication.NO_SIGNING_CERTIFICATE_FOUND),
        ({"signing_certificate": STAMPER.der}, SubIndication.SIG_CONSTRAINTS_FAILURE),
        (
            {"extra_attributes": (attribute("1.2.840.113549.1.9.4", der.octet_string(bytes(32))),)},
            SubIndication.FORMAT_FAILURE,
        ),
        (
            {"extra_attributes": (attribute("1.2.840.113549.1.9.3", der.oid("1.2.3")),)},
            SubIndication.FORMAT_FAILURE,
        ),
    ],
)
def test_a_message_with_one_fault_fails_by_name(changes: dict[str, Any], expected: SubIndication) -> None:
    found = only(letter(**changes))
    assert found.sub_indication is expected
    assert found.verdict in (Verdict.INVALID, Verdict.INDETERMINATE)


def test_attributes_that_are_ber_but_not_der_fail() -> None:
    long_form = (
        b"\x30\x81\x18\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x09\x03\x31\x0b\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01"
    )

    def order(items: list[bytes]) -> list[bytes]:
        return sorted([long_form, *items[1:]])

    found = only(letter(order=order))
    assert found.sub_indication is SubIndication.FORMAT_FAILURE


@pytest.mark.parametrize("reorder", [False, True], ids=["signed as written", "signed in the order of DER"])
def test_attributes_in_another_order_are_neither_forged_nor_genuine(reorder: bool) -> None:
    """openssl takes the value to be over what is written, Java over DER: what only one of them takes is not sound."""

    def build(digest: bytes) -> bytes:
        plain = Message(OFFICIAL, digest)
        backwards = replace(plain, order=lambda items: sorted(items, reverse=True))
        if reorder:
            value = signature_value(plain.build())
            backwards = replace(backwards, spoil=lambda _: value)
        return backwards.build()

    found = only(signed_letter(LETTER, build))
    assert (found.verdict, found.sub_indication) == (Verdict.INDETERMINATE, SubIndication.SIG_CONSTRAINTS_FAILURE)
    assert (found.integrity.digest, found.integrity.signature_value) == (True, True)
    assert [item.code for item in found.findings] == ["cms.unsorted"]


def test_attributes_in_another_order_under_a_wrong_value_fail() -> None:
    found = only(letter(order=lambda items: sorted(items, reverse=True), spoil=lambda value: value[:-1] + b"x"))
    assert found.sub_indication is SubIndication.SIG_CRYPTO_FAILURE


def test_another_digest_is_a_change_of_the_file() -> None:
    pdf = signed_letter(LETTER, lambda digest: Message(OFFICIAL, hashlib.sha256(digest).digest()).build())
    found = only(pdf)
    assert (found.verdict, found.sub_indication) == (Verdict.ALTERED, SubIndication.HASH_FAILURE)
    assert (found.integrity.structure, found.integrity.digest) == (True, False)


def test_something_behind_the_message_fails() -> None:
    found = only(signed_letter(LETTER, lambda digest: Message(OFFICIAL, digest).build() + b"\x00\x00hidden"))
    assert (found.verdict, found.sub_indication) == (Verdict.INVALID, SubIndication.FORMAT_FAILURE)


def test_a_substituted_certificate_of_the_same_name_and_number_is_noticed() -> None:
    other = AUTHORITY.issue(key=rsa_key(2048, "other"), serial=OFFICIAL.certificate.serial_number)
    found = only(letter(certificates=(other.der,)))
    assert found.verdict is Verdict.INDETERMINATE
    both = only(letter(certificates=(other.der, OFFICIAL.der)))
    assert both.verdict is Verdict.GENUINE
    unnamed = letter(
        certificates=(other.der, OFFICIAL.der), sub_filter=b"adbe.pkcs7.detached", signing_certificate=None
    )
    assert only(unnamed).sub_indication is SubIndication.NO_SIGNING_CERTIFICATE_FOUND


@pytest.mark.parametrize(
    "contents", [b"nonsense", b"\x30\x03\x02\x01\x01", b"\x30\x80\x00\x00", b"\x05\x00\x01", bytes(range(255, 0, -1))]
)
def test_what_is_no_cms_is_not_understood_and_never_left_out(contents: bytes) -> None:
    found = report(signed_letter(LETTER, lambda _: contents))
    assert found.verdict in (Verdict.INDETERMINATE, Verdict.INVALID)
    assert [item.kind for item in found.signatures] == [SignatureKind.NOT_UNDERSTOOD]


@pytest.mark.parametrize("name", [b"adbe.x509.rsa_sha1 ", b"adbe.pkcs7.sha1    ", b"Acme.Unknown.Thing "])
def test_an_unknown_subfilter_is_listed_and_keeps_the_file_from_being_genuine(name: bytes) -> None:
    first = letter()
    pdf = signed_letter(first, lambda digest: Message(OFFICIAL, digest).build(), sub_filter=name)
    found = report(pdf)
    assert found.verdict is Verdict.INDETERMINATE
    assert [item.kind for item in found.signatures] == [SignatureKind.SIGNATURE, SignatureKind.NOT_UNDERSTOOD]
    assert found.signatures[0].verdict is Verdict.GENUINE


# --- time-stamps -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "imprint",
    [
        lambda _: bytes(32),
        lambda value: hashlib.sha1(value).digest(),
        lambda value: hashlib.sha256(value + b"x").digest(),
    ],
)
def test_a_time_stamp_of_something_else_fails_and_the_signature_stands_at_a_lower_level(
    imprint: Callable[[bytes], bytes],
) -> None:
    found = only(timestamped(imprint=imprint))
    assert (found.verdict, found.level, found.proven_time) == (Verdict.GENUINE, Level.PADES_B_B, None)
    assert found.timestamps[0].indication is Indication.TOTAL_FAILED
    assert not found.timestamps[0].imprint_intact


def test_a_time_stamp_by_a_certificate_for_documents_proves_nothing() -> None:
    found = only(timestamped(stamper=AUTHORITY.issue("Bukan Penanda Waktu")))
    assert found.proven_time is None
    assert found.timestamps[0].sub_indication is SubIndication.CHAIN_CONSTRAINTS_FAILURE


def test_a_time_stamp_of_an_unknown_authority_proves_nothing() -> None:
    found = only(timestamped(stamper=Authority("Otoritas Lain").time_stamper()))
    assert found.proven_time is None
    assert found.timestamps[0].trusted is False
    assert found.verdict is Verdict.GENUINE


def test_a_document_time_stamp_of_other_bytes_fails() -> None:
    pdf = stamped_letter(letter(), lambda _: token(STAMPER, bytes(32)))
    found = report(pdf)
    assert found.verdict is Verdict.ALTERED
    assert found.signatures[0].verdict is Verdict.GENUINE
    assert found.signatures[1].sub_indication is SubIndication.HASH_FAILURE


def test_document_time_stamps_alone_sign_nothing() -> None:
    found = report(stamped_letter(LETTER, lambda digest: token(STAMPER, digest)))
    assert found.verdict is Verdict.UNSIGNED
    assert found.signatures[0].indication is Indication.TOTAL_PASSED


def test_a_document_time_stamp_proves_the_time_of_a_signature_whose_certificate_has_expired() -> None:
    holder = AUTHORITY.issue(valid=(NOW - 30 * DAY, NOW - DAY))
    pdf = stamped_letter(letter(holder), lambda digest: token(STAMPER, digest, NOW - 2 * DAY))
    assert report(pdf, AUTHORITY.crl(NOW - 2 * DAY)).verdict is Verdict.GENUINE
    assert report(pdf, AUTHORITY.crl(NOW)).verdict is Verdict.INDETERMINATE
    assert report(letter(holder), AUTHORITY.crl(NOW - 2 * DAY)).signatures[0].sub_indication is (
        SubIndication.OUT_OF_BOUNDS_NOT_REVOKED
    )
    assert validate(letter(holder), TRUST, NOW).signatures[0].sub_indication is SubIndication.OUT_OF_BOUNDS_NO_POE


# --- certificates ----------------------------------------------------------------------------------


def test_a_letter_whose_certificates_have_all_expired_can_no_longer_be_proven() -> None:
    past = Authority("Akar Lama", (NOW - 3650 * DAY, NOW - 90 * DAY))
    valid = (NOW - 1000 * DAY, NOW - 200 * DAY)
    pdf = timestamped(past.issue(valid=valid), past.time_stamper(valid), NOW - 500 * DAY)
    found = validate(pdf, TrustStore(anchors=(past.root.asn1,)), NOW)
    assert found.verdict is Verdict.INDETERMINATE
    assert found.signatures[0].sub_indication is SubIndication.OUT_OF_BOUNDS_NO_POE
    assert "can no longer be proven" in found.sentence.en


def test_a_signature_before_its_certificate_was_valid_is_invalid() -> None:
    holder = AUTHORITY.issue(valid=(NOW - DAY, NOW + DAY))
    found = only(timestamped(holder, moment=NOW - 2 * DAY))
    assert (found.verdict, found.sub_indication) == (Verdict.INVALID, SubIndication.NOT_YET_VALID)


def test_a_revoked_certificate_is_not_genuine_unless_a_time_stamp_is_older() -> None:
    revoked = {OFFICIAL.certificate.serial_number: NOW - DAY}
    assert only(letter(), AUTHORITY.crl(revoked=revoked)).sub_indication is SubIndication.REVOKED_NO_POE
    late = only(timestamped(moment=NOW - timedelta(hours=2)), AUTHORITY.crl(revoked=revoked))
    assert late.sub_indication is SubIndication.REVOKED_NO_POE
    early = only(timestamped(moment=NOW - 2 * DAY), AUTHORITY.crl(revoked=revoked))
    assert (early.verdict, early.proven_time) == (Verdict.GENUINE, NOW - 2 * DAY)


def test_a_hold_that_was_lifted_counts_no_more() -> None:
    revoked = {OFFICIAL.certificate.serial_number: NOW - DAY}
    hold = AUTHORITY.crl(NOW - timedelta(hours=9), revoked=revoked, reason=x509.ReasonFlags.certificate_hold)
    assert only(letter(), hold).sub_indication is SubIndication.REVOKED_NO_POE
    assert only(letter(), hold, AUTHORITY.crl()).verdict is Verdict.GENUINE


def test_revocation_data_older_than_their_life_before_the_proven_time_are_try_later() -> None:
    stale = AUTHORITY.crl(NOW - 9 * DAY, 7 * DAY)
    assert only(letter(), stale).sub_indication is SubIndication.TRY_LATER
    assert only(timestamped(moment=NOW - 3 * DAY), stale).verdict is Verdict.GENUINE


def test_revocation_data_of_the_future_or_of_another_key_are_not_believed() -> None:
    assert only(letter(), AUTHORITY.crl(NOW + DAY)).sub_indication is SubIndication.TRY_LATER
    impostor = Authority()
    impostor.root = Authority("Tiruan").root
    assert only(letter(), impostor.crl()).sub_indication is SubIndication.TRY_LATER


@pytest.mark.parametrize(
    "purpose",
    [
        ExtendedKeyUsageOID.SERVER_AUTH,
        ExtendedKeyUsageOID.CODE_SIGNING,
        ExtendedKeyUsageOID.TIME_STAMPING,
        ExtendedKeyUsageOID.OCSP_SIGNING,
    ],
)
def test_a_certificate_for_something_else_signs_no_document(purpose: x509.ObjectIdentifier) -> None:
    found = only(letter(AUTHORITY.issue("Lain", purposes=(purpose,))))
    assert (found.verdict, found.sub_indication) == (Verdict.INDETERMINATE, SubIndication.CHAIN_CONSTRAINTS_FAILURE)


@pytest.mark.parametrize("purpose", ["1.2.840.113583.1.1.5", "1.3.6.1.5.5.7.3.4", "1.3.6.1.5.5.7.3.36"])
def test_the_purposes_met_in_indonesia_are_accepted(purpose: str) -> None:
    assert only(letter(AUTHORITY.issue("Lain", purposes=(x509.ObjectIdentifier(purpose),)))).verdict is Verdict.GENUINE


# --- algorithms ------------------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", ["sha1", "md5"])
def test_a_weak_digest_is_not_genuine(algorithm: str) -> None:
    found = only(letter(AUTHORITY.issue(key=rsa_key(2048)), algorithm=algorithm))
    assert found.verdict is Verdict.INDETERMINATE
    assert found.sub_indication in (
        SubIndication.CRYPTO_CONSTRAINTS_FAILURE,
        SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE,
    )


def test_a_short_key_is_not_genuine() -> None:
    found = only(letter(AUTHORITY.issue(key=rsa_key(1024))))
    assert found.sub_indication is SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE


def test_a_nik_is_masked_wherever_the_certificate_is_shown() -> None:
    holder = AUTHORITY.issue("BUDI 3201010101010001")
    found = report(letter(holder))
    assert found.verdict is Verdict.GENUINE
    assert "3201010101010001" not in found.model_dump_json()
    assert "3201************" in found.model_dump_json()


def test_the_hash_of_each_signed_revision_is_told() -> None:
    first = letter()
    second = signed_letter(first, lambda digest: Message(OFFICIAL, digest).build())
    found = report(second)
    assert [item.signed_sha256 for item in found.signatures] == [
        hashlib.sha256(first).hexdigest(),
        hashlib.sha256(second).hexdigest(),
    ]
    assert [item.covers_whole_file for item in found.signatures] == [False, True]
    assert found.sha256 == hashlib.sha256(second).hexdigest()
