"""The level that is reached, in its order, and what happens when it isn't."""

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pikepdf
import pytest
from asn1crypto import cms, x509

from esign.ca.dev import DevCa
from esign.errors import (
    ClockWrong,
    CredentialRevoked,
    CredentialSuspended,
    EsignError,
    RevocationUnavailable,
    SelfCheckFailed,
    TimestampUnavailable,
)
from esign.pades.evidence import EvidenceCache
from esign.pades.longterm import embed
from esign.pades.profile import Profile
from esign.pades.sign import sign
from esign.pades.spec import NewField, Prepared
from esign.pdf.sandbox import InProcess
from esign.x509.clock import FixedClock, SystemClock
from esign.x509.keys import KeyAlgorithm
from esign.x509.revocation import RevocationReason
from tests.letter_files import read
from tests.officials import SECOND, dev_ca, dev_ca_at, official, request, roots, signed
from tests.validators import ades_indication, verdicts

LETTER = read("libreoffice-docx")


@dataclass
class Services:
    """The dev CA's services as somebody else's would behave, with a note of each question."""

    stamping: DevCa = field(default_factory=dev_ca)
    answering: DevCa = field(default_factory=dev_ca)
    without: frozenset[str] = frozenset()
    """``ocsp`` and ``crl``: not there; ``time-stamp``: refused."""
    padding: int = 0
    """Bytes that a token is longer than it would be."""
    asked: list[str] = field(default_factory=list)

    def token(self, digest: bytes, digest_algorithm: str) -> bytes:
        self.asked.append("time-stamp")
        if "time-stamp" in self.without:
            raise TimestampUnavailable
        token = self.stamping.timestamps().token(digest, digest_algorithm)
        return _with_long_attribute(token, self.padding) if self.padding else token

    def certificates(self) -> Sequence[x509.Certificate]:
        return self.stamping.timestamps().certificates()

    def ocsp(self, certificate: x509.Certificate, issuer: x509.Certificate) -> bytes | None:
        self.asked.append(f"ocsp {_name(certificate)}")
        if "ocsp" in self.without:
            raise RevocationUnavailable
        return self.answering.revocation().ocsp(certificate, issuer)

    def crl(self, certificate: x509.Certificate, issuer: x509.Certificate) -> bytes | None:
        self.asked.append(f"crl {_name(certificate)}")
        if "crl" in self.without:
            return None
        return self.answering.revocation().crl(certificate, issuer)


def _name(certificate: x509.Certificate) -> str:
    return str(certificate.subject.native["common_name"])


def _with_long_attribute(token: bytes, length: int) -> bytes:
    content = cms.ContentInfo.load(token)
    attribute = cms.CMSAttribute({"type": "1.2.3.4", "values": [cms.OctetString(bytes(length))]})
    content["content"]["signer_infos"][0]["unsigned_attrs"] = [attribute]
    return bytes(content.dump(force=True))


def soon() -> DevCa:
    """The CA half a minute ahead: its time-stamps are newer than what the CA of now answers."""
    return dev_ca_at(datetime.now(UTC) + timedelta(seconds=30))


@pytest.mark.parametrize("profile", Profile)
def test_every_level_is_reached_and_told(profile: Profile) -> None:
    letter = signed(LETTER, request(profile))
    assert (letter.level, letter.lowered) == (profile, None)
    told = verdicts(letter.pdf, roots())
    assert all(verdict.sound for verdict in told)
    assert told[0].timestamped == profile.includes(Profile.B_T)
    assert [verdict.document_timestamp for verdict in told[1:]] == ([True] if profile is Profile.B_LTA else [])
    assert (b"/DSS" in letter.pdf) == profile.includes(Profile.B_LT)
    assert told[-1].covers_file == (profile is not Profile.B_LT)
    assert (letter.timestamp_time is None) == (profile is Profile.B_B)


@pytest.mark.parametrize("key", KeyAlgorithm)
@pytest.mark.parametrize("profile", [Profile.B_LT, Profile.B_LTA])
def test_the_letter_alone_is_enough_to_validate_it(profile: Profile, key: KeyAlgorithm) -> None:
    letter = signed(LETTER, request(profile), official("Agus Wijaya", key))
    assert ades_indication(letter.pdf, roots()) == "AdESPassed.OK"


def test_the_levels_are_ordered() -> None:
    assert [profile.rank for profile in (Profile.B_B, Profile.B_T, Profile.B_LT, Profile.B_LTA)] == [0, 1, 2, 3]
    assert Profile.B_LTA.includes(Profile.B_T)
    assert not Profile.B_B.includes(Profile.B_T)


def test_the_status_of_the_signer_is_asked_after_the_time_stamp_and_the_document_is_stamped_last() -> None:
    services = Services()
    signed(LETTER, request(Profile.B_LTA), timestamps=services, revocation=services)
    signer = _name(official().certificate)
    assert services.asked[:2] == ["time-stamp", f"ocsp {signer}"]
    assert services.asked[-1] == "time-stamp"
    assert services.asked.count(f"ocsp {signer}") == 1


def test_the_store_holds_all_that_offline_validation_needs() -> None:
    letter = signed(LETTER, request(Profile.B_LT))
    pdf = pikepdf.open(io.BytesIO(letter.pdf))
    store = pdf.Root["/DSS"]
    held = {stream.read_bytes() for stream in store["/Certs"]}
    stamps = dev_ca().timestamps().certificates()
    needed = {official().certificate, *official().chain, *stamps}
    assert {certificate.dump() for certificate in needed} <= held
    responders = [x509.Certificate.load(der) for der in held - {each.dump() for each in needed}]
    assert all(responder.ocsp_no_check_value is not None for responder in responders)
    assert "/VRI" not in store


def test_nothing_is_stored_twice() -> None:
    once = signed(LETTER, request(Profile.B_LT))
    twice = signed(once.pdf, request(Profile.B_LT, field=NewField(rect=SECOND)))
    pdf = pikepdf.open(io.BytesIO(twice.pdf))
    held = [stream.read_bytes() for stream in pdf.Root["/DSS"]["/Certs"]]
    assert len(held) == len(set(held))
    assert all(verdict.sound for verdict in verdicts(twice.pdf, roots()))


# --- what is not to be had ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("without", "reached", "error"),
    [({"time-stamp"}, Profile.B_B, TimestampUnavailable), ({"ocsp", "crl"}, Profile.B_T, RevocationUnavailable)],
)
def test_a_level_out_of_reach_is_refused_or_lowered_and_told(
    without: set[str], reached: Profile, error: type[EsignError]
) -> None:
    services = Services(without=frozenset(without))
    with pytest.raises(error):
        signed(LETTER, request(Profile.B_LT), timestamps=services, revocation=services)
    letter = signed(LETTER, request(Profile.B_LT, may_lower=True), timestamps=services, revocation=services)
    assert letter.level is reached
    assert isinstance(letter.lowered, error)
    assert [verdict.sound for verdict in verdicts(letter.pdf, roots())] == [True]


@pytest.mark.parametrize("profile", [Profile.B_T, Profile.B_LT, Profile.B_LTA])
def test_without_a_time_stamp_authority_only_b_b_is_reached(profile: Profile) -> None:
    services = {"timestamps": None, "revocation": None, "runner": InProcess(), "clock": SystemClock()}
    with pytest.raises(TimestampUnavailable):
        sign(LETTER, request(profile), official(), **services)  # type: ignore[arg-type]
    letter = sign(LETTER, request(profile, may_lower=True), official(), **services)  # type: ignore[arg-type]
    assert (letter.level, type(letter.lowered)) == (Profile.B_B, TimestampUnavailable)


def test_a_level_is_not_lowered_below_what_was_reached() -> None:
    @dataclass
    class OneTokenOnly(Services):
        def token(self, digest: bytes, digest_algorithm: str) -> bytes:
            if self.asked.count("time-stamp") == 1:
                self.without = frozenset({"time-stamp"})
            return super().token(digest, digest_algorithm)

    letter = signed(LETTER, request(Profile.B_LTA, may_lower=True), timestamps=OneTokenOnly())
    assert (letter.level, type(letter.lowered)) == (Profile.B_LT, TimestampUnavailable)


def test_a_list_serves_where_no_responder_answers() -> None:
    services = Services(without=frozenset({"ocsp"}))
    # A list may be older than the time-stamp; how much older is the caller's to allow.
    tolerant = request(Profile.B_LT, revocation_tolerance=timedelta(hours=2))
    letter = signed(LETTER, tolerant, timestamps=services, revocation=services)
    pdf = pikepdf.open(io.BytesIO(letter.pdf))
    assert letter.level is Profile.B_LT
    assert "/OCSPs" not in pdf.Root["/DSS"]
    assert len(pdf.Root["/DSS"]["/CRLs"]) >= 1
    assert [verdict.sound for verdict in verdicts(letter.pdf, roots())] == [True]


# --- fresh enough ------------------------------------------------------------------------------


def test_a_status_from_before_the_time_stamp_is_asked_for_again() -> None:
    later = soon()

    @dataclass
    class CatchingUp(Services):
        def ocsp(self, certificate: x509.Certificate, issuer: x509.Certificate) -> bytes | None:
            if f"ocsp {_name(certificate)}" in self.asked:
                self.answering = later
            return super().ocsp(certificate, issuer)

    services = CatchingUp(stamping=later)
    letter = signed(LETTER, request(Profile.B_LT), timestamps=services, revocation=services)
    assert letter.level is Profile.B_LT
    assert services.asked.count(f"ocsp {_name(official().certificate)}") == 2


def test_a_status_from_before_the_time_stamp_does_not_make_b_lt() -> None:
    services = Services(stamping=soon())
    with pytest.raises(RevocationUnavailable):
        signed(LETTER, request(Profile.B_LT), timestamps=services, revocation=services)
    tolerant = request(Profile.B_LT, revocation_tolerance=timedelta(minutes=1))
    assert signed(LETTER, tolerant, timestamps=services, revocation=services).level is Profile.B_LT


def test_what_is_said_of_authorities_is_kept_and_what_is_said_of_signers_is_not() -> None:
    services, cache = Services(), EvidenceCache()
    for _ in range(2):
        services.asked.clear()
        signed(LETTER, request(Profile.B_LT), timestamps=services, revocation=services, cache=cache)
    assert services.asked == ["time-stamp", f"ocsp {_name(official().certificate)}"]


def test_what_is_kept_of_authorities_ends() -> None:
    services, cache = Services(), EvidenceCache()
    signed(LETTER, request(Profile.B_LT), timestamps=services, revocation=services, cache=cache)
    issuer, now = official().chain[0], datetime.now(UTC)
    assert cache.get(issuer, now) is not None
    assert cache.get(issuer, now + timedelta(days=30)) is None


# --- what must stop it -------------------------------------------------------------------------


def test_a_clock_that_disagrees_with_the_authority_stops_the_signing() -> None:
    with pytest.raises(ClockWrong) as refusal:
        signed(LETTER, request(Profile.B_T), clock=FixedClock(datetime.now(UTC) - timedelta(seconds=75)))
    assert 74 <= int(str(refusal.value.details["seconds"])) <= 77


def test_a_clock_that_disagrees_is_not_excused_by_lowering() -> None:
    with pytest.raises(ClockWrong):
        signed(LETTER, request(Profile.B_T, may_lower=True), clock=FixedClock(datetime.now(UTC) + timedelta(minutes=5)))


@pytest.mark.parametrize(
    ("reason", "error"),
    [(RevocationReason.KEY_COMPROMISE, CredentialRevoked), (RevocationReason.CERTIFICATE_HOLD, CredentialSuspended)],
)
def test_a_certificate_found_revoked_after_signing_gives_no_letter(
    reason: RevocationReason, error: type[EsignError]
) -> None:
    signer = official(f"Dicabut {reason}")
    holder = f"dicabut-{reason}-p256".lower()

    @dataclass
    class RevokedMeanwhile(Services):
        def token(self, digest: bytes, digest_algorithm: str) -> bytes:
            if reason is RevocationReason.CERTIFICATE_HOLD:
                dev_ca().suspend(holder)
            else:
                dev_ca().revoke(holder, reason)
            return super().token(digest, digest_algorithm)

    with pytest.raises(error):
        signed(LETTER, request(Profile.B_LT, may_lower=True), signer, timestamps=RevokedMeanwhile())


# --- placeholders ------------------------------------------------------------------------------


def test_a_token_larger_than_expected_gets_a_larger_placeholder() -> None:
    services = Services(padding=40_000)
    letter = signed(LETTER, request(Profile.B_LTA), timestamps=services, revocation=services)
    assert services.asked.count("time-stamp") == 4
    assert len(verdicts(letter.pdf, roots())) == 2
    assert letter.byte_range[2] - letter.byte_range[1] > 80_000


def test_a_token_that_grows_without_end_is_given_up() -> None:
    @dataclass
    class Growing(Services):
        def token(self, digest: bytes, digest_algorithm: str) -> bytes:
            self.padding += 60_000
            return super().token(digest, digest_algorithm)

    with pytest.raises(SelfCheckFailed):
        signed(LETTER, request(Profile.B_T), timestamps=Growing())


def test_a_message_is_never_cut_off_to_fit() -> None:
    prepared = Prepared(b"<0000>", (0, 1, 7, 0), "x")
    assert embed(b"%", prepared, b"\x01") == b"%<0100>"
    with pytest.raises(SelfCheckFailed):
        embed(b"%", prepared, b"\x01\x02\x03")


def test_a_letter_changed_after_signing_is_seen_to_be_changed() -> None:
    letter = signed(LETTER, request(Profile.B_T))
    at = letter.pdf.index(b"/MediaBox")
    assert not verdicts(letter.pdf[:at] + b"/mediabox" + letter.pdf[at + 9 :], roots())[0].sound
