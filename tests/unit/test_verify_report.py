"""The report: its form, its verdict, its way through the sandbox, and what is fetched to make it better."""

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from asn1crypto import x509
from pydantic import ValidationError

from esign.errors import Busy, LetterNotExamined, RevocationUnavailable
from esign.pades.profile import Profile
from esign.pades.spec import NewField
from esign.pdf.sandbox import Header, InProcess
from esign.verify import subject
from esign.verify.evidence import Material
from esign.verify.online import examine
from esign.verify.report import Report, SignatureReport, Verdict, worst
from esign.verify.shown import masked
from esign.verify.validate import validate, validate_in
from esign.x509.clock import FixedClock, SystemClock
from esign.x509.trust import TrustStore
from esign.x509.trustlist import indonesia
from tests.letter_files import read
from tests.officials import dev_ca, request, roots, signed

LETTER = read("typst-1.4")


def trust() -> TrustStore:
    return TrustStore(anchors=tuple(roots()))


def now() -> datetime:
    return SystemClock().now()


@dataclass
class Asked:
    """The dev CA's revocation data, with a note of each question."""

    without: frozenset[str] = frozenset()
    questions: list[str] = field(default_factory=list)

    def ocsp(self, certificate: x509.Certificate, issuer: x509.Certificate) -> bytes | None:
        self.questions.append("ocsp")
        if "ocsp" in self.without:
            raise RevocationUnavailable
        return dev_ca().revocation().ocsp(certificate, issuer)

    def crl(self, certificate: x509.Certificate, issuer: x509.Certificate) -> bytes | None:
        self.questions.append("crl")
        if "crl" in self.without:
            raise RevocationUnavailable
        return dev_ca().revocation().crl(certificate, issuer)


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ([], Verdict.UNSIGNED),
        ([Verdict.GENUINE, Verdict.GENUINE], Verdict.GENUINE),
        ([Verdict.GENUINE, Verdict.INDETERMINATE], Verdict.INDETERMINATE),
        ([Verdict.INDETERMINATE, Verdict.UNTRUSTED], Verdict.UNTRUSTED),
        ([Verdict.UNTRUSTED, Verdict.NOT_EXAMINED], Verdict.NOT_EXAMINED),
        ([Verdict.NOT_EXAMINED, Verdict.INVALID], Verdict.INVALID),
        ([Verdict.INVALID, Verdict.ALTERED], Verdict.ALTERED),
    ],
)
def test_the_file_takes_the_worst_of_its_signatures(verdicts: list[Verdict], expected: Verdict) -> None:
    assert worst(verdicts) is expected


def test_the_report_is_the_same_through_the_runner() -> None:
    pdf = signed(LETTER, request(Profile.B_LTA)).pdf
    moment = now()
    material = (Material(crls=(b"nonsense",), given=True), Material(ocsps=(b"nonsense",)))
    direct = validate(pdf, trust(), moment, material=material)
    assert validate_in(InProcess(), pdf, trust(), moment, material=material) == direct
    assert direct.verdict is Verdict.GENUINE


def test_what_is_missing_comes_back_through_the_runner_and_stays_out_of_the_json() -> None:
    pdf = signed(LETTER, request(Profile.B_B)).pdf
    report = validate_in(InProcess(), pdf, trust(), now())
    assert report.missing
    assert x509.Certificate.load(report.missing[0].certificate).subject.native["common_name"] == "Budi Santoso"
    assert "certificate" not in json.loads(report.model_dump_json())["missing"][0]


def test_the_json_is_versioned_and_refuses_what_it_does_not_know() -> None:
    report = validate(signed(LETTER, request(Profile.B_LT)).pdf, trust(), now())
    found = json.loads(report.model_dump_json())
    assert found["schema_version"] == 1
    assert found["at"].endswith("Z")
    assert Report.model_validate_json(report.model_dump_json()) == report
    with pytest.raises(ValidationError):
        Report.model_validate({**found, "other": 1})


def test_every_sentence_is_said_in_both_languages() -> None:
    for pdf in (LETTER, signed(LETTER, request(Profile.B_LT)).pdf, signed(LETTER, request(Profile.B_B)).pdf):
        report = validate(pdf, trust(), now())
        for sentence in (report.sentence, *(item.sentence for item in report.signatures)):
            assert sentence.id
            assert sentence.en
            assert sentence.id != sentence.en


def test_a_nik_is_masked_also_in_longer_numbers() -> None:
    assert masked("3201010101010001 Budi") == "3201************ Budi"
    assert "0001" not in masked("NIK:32010101010100017")
    assert masked("400.12/118/2026") == "400.12/118/2026"


@pytest.mark.parametrize(
    "error", [ValueError, KeyError, RecursionError, AttributeError, zlib.error, NotImplementedError]
)
def test_whatever_breaks_in_one_signature_leaves_the_others_reported(
    error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = signed(LETTER, request(Profile.B_LT)).pdf
    pdf = signed(first, request(Profile.B_LT, field=NewField())).pdf
    whole = validate(pdf, trust(), now())
    told = subject.Subject.report

    def breaking(self: subject.Subject) -> SignatureReport:
        if self.signed_end == whole.signatures[0].signed_end:
            raise error("odd")
        return told(self)

    monkeypatch.setattr(subject.Subject, "report", breaking)
    report = validate(pdf, trust(), now())
    assert report.verdict is Verdict.INDETERMINATE
    assert [item.verdict for item in report.signatures] == [Verdict.INDETERMINATE, Verdict.GENUINE]
    assert report.signatures[0].findings[0].code == "signature.not_examined"


# --- fetching --------------------------------------------------------------------------------------


@pytest.mark.parametrize("profile", [Profile.B_B, Profile.B_T])
def test_missing_revocation_data_are_fetched_and_the_file_examined_again(profile: Profile) -> None:
    pdf = signed(LETTER, request(profile)).pdf
    source = Asked()
    report = examine(pdf, trust(), SystemClock(), InProcess(), source)
    assert report.verdict is Verdict.GENUINE
    assert set(source.questions) == {"ocsp"}
    assert {item.origin for item in report.signatures[0].revocation} == {"fetched"}


def test_a_crl_serves_where_no_responder_answers() -> None:
    pdf = signed(LETTER, request(Profile.B_B)).pdf
    source = Asked(without=frozenset({"ocsp"}))
    assert examine(pdf, trust(), SystemClock(), InProcess(), source).verdict is Verdict.GENUINE


def test_where_nothing_can_be_had_it_is_try_later() -> None:
    pdf = signed(LETTER, request(Profile.B_B)).pdf
    source = Asked(without=frozenset({"ocsp", "crl"}))
    report = examine(pdf, trust(), SystemClock(), InProcess(), source)
    assert report.verdict is Verdict.INDETERMINATE
    assert report.missing


def test_nothing_is_fetched_for_a_chain_to_no_trusted_root() -> None:
    pdf = signed(LETTER, request(Profile.B_B)).pdf
    source = Asked()
    assert examine(pdf, indonesia(), SystemClock(), InProcess(), source).verdict is Verdict.UNTRUSTED
    assert source.questions == []


def test_nothing_is_fetched_for_a_forged_file_or_another_time_than_now() -> None:
    pdf = signed(LETTER, request(Profile.B_B)).pdf
    source = Asked()
    assert examine(pdf + b"x", trust(), SystemClock(), InProcess(), source).verdict is Verdict.ALTERED
    examine(pdf, trust(), SystemClock(), InProcess(), source, at=now())
    assert source.questions == []


def test_integrity_only_asks_for_nothing() -> None:
    pdf = signed(LETTER, request(Profile.B_T)).pdf
    source = Asked()
    report = examine(pdf, TrustStore(), SystemClock(), InProcess(), source, integrity_only=True)
    assert report.verdict is Verdict.INTACT
    assert source.questions == []
    assert report.signatures[0].timestamps[0].imprint_intact
    assert report.signatures[0].timestamps[0].trusted is None


@dataclass
class Failing:
    """A runner that can't."""

    error: Exception

    def run(self, task: str, header: Header, *blobs: bytes, timeout: float) -> tuple[Header, list[bytes]]:
        raise self.error


def test_a_worker_at_its_limits_is_told_as_not_examined_and_a_full_queue_is_not() -> None:
    report = examine(LETTER, trust(), SystemClock(), Failing(LetterNotExamined(reason="time")))
    assert report.verdict is Verdict.NOT_EXAMINED
    assert report.findings[0].code == "file.limits"
    with pytest.raises(Busy):
        examine(LETTER, trust(), SystemClock(), Failing(Busy()))


# --- the proven time -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("profile", "after", "expected"),
    [
        (Profile.B_LT, timedelta(days=30), Verdict.GENUINE),
        (Profile.B_LTA, timedelta(days=30), Verdict.GENUINE),
        (Profile.B_T, timedelta(days=30), Verdict.INDETERMINATE),
        (Profile.B_LT, timedelta(days=365 * 40), Verdict.INDETERMINATE),
    ],
)
def test_a_letter_with_its_own_evidence_lasts_as_long_as_that(
    profile: Profile, after: timedelta, expected: Verdict
) -> None:
    pdf = signed(LETTER, request(profile)).pdf
    clock = FixedClock(datetime.now(UTC) + after)
    assert examine(pdf, trust(), clock, InProcess()).verdict is expected


def test_trust_may_be_in_several_stores() -> None:
    pdf = signed(LETTER, request(Profile.B_LT)).pdf
    stores: Sequence[TrustStore] = (indonesia(), trust())
    merged = stores[0].merged(stores[1])
    assert validate(pdf, merged, now()).verdict is Verdict.GENUINE
