"""The detailed and diagnostic reports: they tell what validation really did, and every form keeps to its schema."""

import base64
import hashlib
import json
from collections.abc import Iterator

import pytest
from jsonschema import Draft202012Validator

from esign.errors import LetterNotExamined
from esign.pades.profile import Profile
from esign.pades.spec import NewField
from esign.pdf.sandbox import Header, InProcess
from esign.verify.checks import PolicyCheck, Severity
from esign.verify.detailed import BlockReport, CheckReport, DetailedReport
from esign.verify.evidence import Material
from esign.verify.full import FullReport, examine_fully, validate_fully
from esign.verify.policy import Policy
from esign.verify.questions import BLOCKS, QUESTIONS
from esign.verify.report import Report, SubIndication, Verdict
from esign.verify.schema import schema_of
from esign.verify.steps import Block, Check, Outcome
from esign.verify.validate import validate
from esign.x509.clock import SystemClock
from esign.x509.trust import TrustStore
from tests.attacks.later import incremental
from tests.attacks.spoilt import universal, wrapped
from tests.letter_files import read
from tests.officials import SECOND, dev_ca, official, request, roots, signed

LETTER = read("typst-1.4")


def full(pdf: bytes, trust: TrustStore | None = None, *, encoded: bool = False) -> FullReport:
    store = TrustStore(anchors=tuple(roots())) if trust is None else trust
    return validate_fully(pdf, store, SystemClock().now(), encoded=encoded)


def checks(blocks: tuple[BlockReport, ...]) -> Iterator[CheckReport]:
    for block in blocks:
        yield from block.checks


def outcomes(report: FullReport, number: int = 1) -> dict[str, Outcome]:
    """The worst outcome of each check of a signature."""
    worst: dict[str, Outcome] = {}
    for check in checks(report.detailed.signatures[number - 1].blocks):
        if worst.get(check.code) is not Outcome.FAILED:
            worst[check.code] = check.outcome
    return worst


@pytest.fixture(scope="module")
def lta() -> bytes:
    return signed(LETTER, request(Profile.B_LTA)).pdf


@pytest.fixture(scope="module")
def twice(lta: bytes) -> bytes:
    return signed(lta, request(Profile.B_LT, field=NewField(rect=SECOND)), official("Siti Aminah")).pdf


def test_every_block_and_check_has_its_words_in_both_languages() -> None:
    assert set(BLOCKS) == set(Block)
    assert set(QUESTIONS) == set(Check)
    for question in QUESTIONS.values():
        assert question.text.id.endswith("?")
        assert question.text.en.endswith("?")
        assert question.text.id != question.text.en


def test_a_genuine_letter_passed_every_check_of_every_block(lta: bytes) -> None:
    report = full(lta)
    for details in report.detailed.signatures:
        found = {check.code: check.outcome for check in checks(details.blocks) if check.outcome is not Outcome.INFORMED}
        assert set(found.values()) == {Outcome.PASSED}, details
        assert {block.block for block in details.blocks} >= {
            Block.FORMAT,
            Block.SIGNER,
            Block.CONTEXT,
            Block.CRYPTO,
            Block.CERTIFICATE,
            Block.FRESHNESS,
            Block.ACCEPTANCE,
            Block.TIME,
        }
    assert report.detailed.signatures[0].process == "with_archival_data"
    assert [stamp.number for stamp in report.detailed.signatures[0].timestamps] == [1]


def test_each_certificate_of_the_chain_is_told_with_its_dates_and_its_revocation(lta: bytes) -> None:
    report = full(lta)
    chain = [item.sha256 for item in report.report.signatures[0].chain]
    made = list(checks(report.detailed.signatures[0].blocks))
    assert [each.certificate for each in made if each.code == Check.VALIDITY] == chain
    assert [each.certificate for each in made if each.code == Check.FRESH] == chain[:-1]


def test_what_was_not_reached_is_told_as_not_reached() -> None:
    report = full(signed(LETTER, request(Profile.B_B)).pdf, TrustStore())
    found = outcomes(report)
    assert report.report.verdict is Verdict.UNTRUSTED
    assert found[Check.VALUE] is Outcome.PASSED
    assert found[Check.CHAIN] is Outcome.FAILED
    assert found[Check.VALIDITY] is Outcome.NOT_REACHED
    assert found[Check.REVOCATION] is Outcome.NOT_REACHED


def test_missing_revocation_data_fail_the_freshness_and_nothing_before_it() -> None:
    found = outcomes(full(signed(LETTER, request(Profile.B_B)).pdf))
    assert found[Check.CHAIN] is Outcome.PASSED
    assert found[Check.VALIDITY] is Outcome.PASSED
    assert found[Check.FRESH] is Outcome.FAILED


@pytest.mark.parametrize("integrity_only", [False, True])
def test_trust_left_out_is_not_reached_rather_than_passed(lta: bytes, integrity_only: bool) -> None:
    store = TrustStore(anchors=tuple(roots()))
    report = validate_fully(lta, store, SystemClock().now(), integrity_only=integrity_only)
    expected = Outcome.NOT_REACHED if integrity_only else Outcome.PASSED
    assert outcomes(report)[Check.CHAIN] is expected
    assert (report.detailed.signatures[0].process == "none") is integrity_only


def test_every_failed_signature_has_a_failed_check_and_the_other_way_round(lta: bytes) -> None:
    forged = [*universal(lta), *wrapped(lta), *incremental(lta)]
    assert len(forged) > 15
    for forgery in forged:
        report = full(forgery.pdf)
        for details in report.detailed.signatures:
            failed = [check.code for check in checks(details.blocks) if check.outcome is Outcome.FAILED]
            assert bool(failed) is (details.sub_indication is not None), (forgery, details)
            hashed = {Check.CHANGES, Check.FOLLOWING, Check.DIGEST, Check.IMPRINT}
            if details.sub_indication is SubIndication.HASH_FAILURE:
                assert hashed & set(failed), forgery


def test_the_reports_of_one_validation_agree(twice: bytes) -> None:
    report = full(twice)
    assert report.report == validate(twice, TrustStore(anchors=tuple(roots())), report.report.at)
    assert report.detailed.verdict is report.report.verdict
    told = zip(report.report.signatures, report.detailed.signatures, report.diagnostic.signatures, strict=True)
    for number, (simple, details, data) in enumerate(told, 1):
        assert simple.signer is not None
        assert (details.number, data.number) == (number, number)
        assert simple.field == details.field == data.field
        assert simple.indication is details.indication
        assert data.signer == simple.signer.sha256
        assert data.chain == tuple(each.sha256 for each in simple.chain)


def test_the_diagnostic_data_name_everything_that_is_referred_to(twice: bytes) -> None:
    data = full(twice).diagnostic
    certificates = {item.sha256 for item in data.certificates}
    answers = {item.sha256 for item in data.revocation}
    stamps = {item.sha256 for item in data.timestamps}
    for item in data.signatures:
        assert set(item.chain) <= certificates
        assert item.revocation
        assert set(item.revocation) <= answers
        assert set(item.timestamps) <= stamps
    for stamp in data.timestamps:
        assert stamp.certificate in certificates
    assert all(item.readable for item in data.revocation)
    assert {item.origin for each in data.certificates for item in each.origins} == {"cms", "dss", "ocsp", "trust"}


def test_revisions_are_told_as_they_are_in_the_file(twice: bytes) -> None:
    data = full(twice).diagnostic
    assert [item.start for item in data.revisions] == [0, *(item.end for item in data.revisions[:-1])]
    assert data.revisions[-1].end == len(twice)
    for item in data.revisions:
        assert item.sha256 == hashlib.sha256(twice[: item.end]).hexdigest()
        assert twice[: item.end].rstrip().endswith(b"%%EOF")
    assert [numbers for item in data.revisions for numbers in item.signatures] == [1, 2, 3]


def test_octets_are_given_only_where_they_are_asked_for(lta: bytes) -> None:
    assert "encoded" not in full(lta).diagnostic.model_dump_json(exclude_none=True)
    data = json.loads(full(lta, encoded=True).diagnostic.model_dump_json())
    for item in (*data["certificates"], *data["revocation"], *data["timestamps"]):
        assert hashlib.sha256(base64.b64decode(item["encoded"])).hexdigest() == item["sha256"]


def test_what_is_handed_in_is_told_as_given_and_what_is_no_certificate_keeps_its_place(lta: bytes) -> None:
    material = Material(ocsps=(b"nonsense",), crls=(b"nonsense",), certificates=(roots()[0].dump(),), given=True)
    store = TrustStore(anchors=tuple(roots()))
    data = validate_fully(lta, store, SystemClock().now(), material=material).diagnostic
    given = [item for item in data.revocation if item.origins[0].origin == "given"]
    assert [(item.kind, item.readable) for item in given] == [("ocsp", False), ("crl", False)]
    own = next(item for item in data.certificates if item.sha256 == roots()[0].sha256.hex())
    assert "given" in {item.origin for item in own.origins}


def test_an_unsigned_file_and_one_that_is_no_pdf_have_all_reports_too() -> None:
    assert full(LETTER).detailed.signatures == ()
    assert len(full(LETTER).diagnostic.revisions) == 1
    assert full(b"no letter").diagnostic.certificates == ()


def test_the_reports_are_the_same_through_the_runner(lta: bytes) -> None:
    store = TrustStore(anchors=tuple(roots()))
    made = examine_fully(lta, store, SystemClock(), InProcess(), dev_ca().revocation(), encoded=True)
    assert made == validate_fully(lta, store, made.report.at, encoded=True)


def test_a_worker_at_its_limits_leaves_reports_that_say_so() -> None:
    class Failing:
        def run(self, task: str, header: Header, *blobs: bytes, timeout: float) -> tuple[Header, list[bytes]]:
            raise LetterNotExamined(reason="time")

    made = examine_fully(LETTER, TrustStore(), SystemClock(), Failing())
    assert made.report.verdict is Verdict.NOT_EXAMINED
    assert made.detailed.findings == made.report.findings


def test_every_report_keeps_to_its_published_schema(lta: bytes) -> None:
    forms = {name: Draft202012Validator(schema_of(name)) for name in ("report", "detailed", "diagnostic")}
    for pdf in (lta, lta + b"x", LETTER, b"no letter", *(forgery.pdf for forgery in universal(lta))):
        report = full(pdf, encoded=True)
        for name, form in forms.items():
            document = json.loads(getattr(report, name).model_dump_json())
            assert [error.message for error in form.iter_errors(document)] == []
    assert Report.model_validate_json(full(lta).report.model_dump_json())
    assert DetailedReport.model_validate_json(full(lta).detailed.model_dump_json())


def test_a_check_that_the_policy_only_warns_of_is_told_as_a_warning() -> None:
    pdf = signed(LETTER, request(Profile.B_B)).pdf
    checks_of_policy = dict.fromkeys(
        (PolicyCheck.SIGNER_REVOCATION_KNOWN, PolicyCheck.SIGNER_REVOCATION_FRESH), Severity.WARN
    )
    store = TrustStore(anchors=tuple(roots()))
    report = validate_fully(pdf, store, SystemClock().now(), policy=Policy(checks=checks_of_policy))
    assert report.report.verdict is Verdict.GENUINE
    assert outcomes(report)[Check.FRESH] is Outcome.WARNED
    block = next(item for item in report.detailed.signatures[0].blocks if item.block is Block.FRESHNESS)
    assert block.outcome is Outcome.WARNED
    assert report.detailed.policy_sha256 == report.diagnostic.policy_sha256 == report.report.policy_sha256
