"""Letters as BSrE signed them for years: PKCS#7, a time-stamp, no validation data, and all certificates expired."""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime

import pytest

from esign.verify.evidence import Material
from esign.verify.report import Indication, Level, Report, SubIndication, Verdict
from esign.verify.validate import validate
from esign.x509.trust import TrustStore
from tests.attacks.authority import DAY, NOW, Authority, Holder, rsa_key
from tests.attacks.messages import Message, signature_value, signed_letter, stamped_letter, token
from tests.legitimate.stores import with_lists
from tests.letter_files import read

THEN = NOW - 400 * DAY
"""The time of the time-stamp."""
NO_PROOF, NOT_REVOKED = SubIndication.OUT_OF_BOUNDS_NO_POE, SubIndication.OUT_OF_BOUNDS_NOT_REVOKED
GONE, LASTING = (NOW - 900 * DAY, NOW - 80 * DAY), (NOW - 900 * DAY, NOW + 80 * DAY)


@dataclass(frozen=True)
class Old:
    """An old letter, and who vouched for it."""

    pdf: bytes
    authority: Authority
    stampers: Authority
    signer: Holder

    def report(self, *crls: bytes, at: datetime = NOW) -> Report:
        trust = TrustStore(anchors=(self.authority.root.asn1, self.stampers.root.asn1))
        return validate(self.pdf, trust, at, material=Material(crls=crls, given=True))


def old(stamper: tuple[datetime, datetime] = GONE, own_root: bool = False, moment: datetime = THEN) -> Old:
    """Signer and root have expired; the time-stamp authority as told, under a root of its own or the same."""
    authority = Authority("Akar Lama", (NOW - 1500 * DAY, NOW - 90 * DAY))
    stampers = Authority("Akar Penanda Waktu", (NOW - 1500 * DAY, NOW + 900 * DAY)) if own_root else authority
    signer = authority.issue("Pejabat", key=rsa_key(2048), valid=(NOW - 700 * DAY, NOW - 100 * DAY))
    tsa = stampers.time_stamper(stamper)

    def build(digest: bytes) -> bytes:
        message = Message(signer, digest, signing_certificate=None)
        value = signature_value(message.build())
        stamp = token(tsa, hashlib.sha256(value).digest(), moment)
        return replace(message, tokens=(stamp,), spoil=lambda _: value).build()

    return Old(signed_letter(read("typst-1.4"), build, sub_filter=b"adbe.pkcs7.detached"), authority, stampers, signer)


def test_without_revocation_data_nothing_can_be_proven_any_more() -> None:
    found = old().report()
    signature = found.signatures[0]
    assert (found.verdict, signature.sub_indication, signature.level) == (
        Verdict.INDETERMINATE,
        NO_PROOF,
        Level.PKCS7_T,
    )
    assert "unchanged since the time-stamp of" in signature.sentence.en
    assert "whether the certificate was valid then can no longer be proven" in signature.sentence.en
    assert signature.integrity.holds


@pytest.mark.parametrize("published", [THEN + DAY, NOW - 110 * DAY])
def test_an_archived_list_raises_it_to_not_revoked_and_no_further(published: datetime) -> None:
    letter = old()
    found = letter.report(letter.authority.crl(published, 7 * DAY))
    signature = found.signatures[0]
    assert (found.verdict, signature.indication) == (Verdict.INDETERMINATE, Indication.INDETERMINATE)
    assert signature.sub_indication is NOT_REVOKED
    assert signature.timestamps[0].sub_indication is NOT_REVOKED
    assert "the certificate was not revoked then" in signature.sentence.en
    assert signature.proven_time is None


def test_an_archived_list_from_before_the_signature_raises_nothing() -> None:
    letter = old()
    assert letter.report(letter.authority.crl(THEN - 30 * DAY, 7 * DAY)).signatures[0].sub_indication is NO_PROOF


def test_a_list_from_after_the_end_of_the_certificates_says_nothing_of_them() -> None:
    letter = old()
    assert letter.report(letter.authority.crl(NOW - DAY)).signatures[0].sub_indication is NO_PROOF


def test_a_revoked_certificate_is_not_raised() -> None:
    letter = old()
    revoked = {letter.signer.certificate.serial_number: THEN - DAY}
    crl = letter.authority.crl(THEN + DAY, 7 * DAY, revoked=revoked)
    assert letter.report(crl).signatures[0].sub_indication is NO_PROOF


@pytest.mark.parametrize("published", [THEN + DAY, NOW - 110 * DAY])
def test_where_the_time_stamp_still_holds_an_archived_list_makes_it_genuine(published: datetime) -> None:
    letter = old(LASTING, own_root=True)
    archived = letter.authority.crl(published, 7 * DAY)
    assert letter.report(letter.stampers.crl()).signatures[0].sub_indication is SubIndication.TRY_LATER
    found = letter.report(letter.stampers.crl(), archived)
    assert (found.verdict, found.signatures[0].proven_time) == (Verdict.GENUINE, THEN)
    assert found.signatures[0].level is Level.PKCS7_T


def test_revoked_before_the_proven_time_is_not_genuine_and_after_it_is() -> None:
    letter = old(LASTING, own_root=True)
    for moment, right in ((THEN - DAY, Verdict.INDETERMINATE), (THEN + DAY, Verdict.GENUINE)):
        crl = letter.authority.crl(NOW - 110 * DAY, 7 * DAY, revoked={letter.signer.certificate.serial_number: moment})
        assert letter.report(letter.stampers.crl(), crl).verdict is right


def test_an_expired_root_keeps_the_time_stamp_from_proving_though_its_own_certificate_lasts() -> None:
    letter = old(LASTING)
    found = letter.report(letter.authority.crl(NOW - 110 * DAY, 7 * DAY))
    assert (found.verdict, found.signatures[0].sub_indication) == (Verdict.INDETERMINATE, NOT_REVOKED)


def test_revocation_data_in_the_file_raise_the_level() -> None:
    letter = old(LASTING, own_root=True)
    lists = (letter.authority.crl(NOW - 110 * DAY, 7 * DAY), letter.stampers.crl())
    kept = replace(letter, pdf=with_lists(letter.pdf, *lists))
    found = kept.report()
    assert (found.verdict, found.signatures[0].level) == (Verdict.GENUINE, Level.PKCS7_LT)
    stamper = letter.stampers.time_stamper(LASTING)
    archived = replace(letter, pdf=stamped_letter(kept.pdf, lambda digest: token(stamper, digest, NOW - DAY)))
    assert archived.report(letter.stampers.crl()).signatures[0].level is Level.PKCS7_LTA


def test_a_document_time_stamp_from_when_all_was_valid_keeps_it_genuine() -> None:
    letter = old()
    kept = with_lists(letter.pdf, letter.authority.crl(THEN + DAY, 7 * DAY))
    fresh = Authority("Akar Baru", (NOW - 900 * DAY, NOW + 900 * DAY))
    stamper = fresh.time_stamper((NOW - 800 * DAY, NOW + 800 * DAY))
    archived = replace(
        letter, stampers=fresh, pdf=stamped_letter(kept, lambda digest: token(stamper, digest, NOW - 300 * DAY))
    )
    found = archived.report(fresh.crl())
    assert (found.verdict, found.signatures[0].level) == (Verdict.GENUINE, Level.PKCS7_LTA)
    assert found.signatures[0].proven_time == THEN
