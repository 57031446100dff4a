"""The detailed report: for each signature and time-stamp, every check of every building block (EN 319 102-1).

Made from the steps that validation noted while it went; what it did not reach is told as not reached.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from esign.verify.questions import BLOCKS, QUESTIONS
from esign.verify.report import (
    Finding,
    Indication,
    Moment,
    Sentence,
    SignatureKind,
    SignatureReport,
    SubIndication,
    Verdict,
)
from esign.verify.steps import Block, Check, Outcome, Step, Steps
from esign.verify.subject import Subject
from esign.verify.validate import Validation

SCHEMA_VERSION: Literal[1] = 1


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class CheckReport(_Model):
    """One check: what was asked, what was found, what came of it."""

    code: str
    """Its stable name."""
    question: Sentence
    """What was asked."""
    outcome: Outcome
    """What came of it."""
    found: str = ""
    """What was found, in technical English."""
    finding: str | None = None
    """The code of the finding that came of it."""
    certificate: str | None = None
    """The certificate that it is about: SHA-256, in hexadecimal."""


class BlockReport(_Model):
    """One building block."""

    block: Block
    """Its stable name."""
    clause: str
    """Of EN 319 102-1."""
    name: Sentence
    """What it is called."""
    outcome: Outcome
    """The worst of its checks."""
    checks: tuple[CheckReport, ...]
    """Those checks, in the order in which they were made; what was not reached stands last."""


class TimestampDetails(_Model):
    """The checks of one time-stamp inside a signature."""

    number: int
    """Its place in the signature, from 1."""
    time: Moment | None
    """The time that it states."""
    indication: Indication
    """Its main indication."""
    sub_indication: SubIndication | None = None
    """Why it is not passed."""
    blocks: tuple[BlockReport, ...]
    """Its building blocks."""


class SignatureDetails(_Model):
    """The checks of one signature, or of one time-stamp over the document."""

    number: int
    """Its place in the file, from 1, as in the simple report."""
    field: str | None
    """The field's full name."""
    kind: SignatureKind
    """What the dictionary is."""
    process: Literal["basic", "with_time", "with_archival_data", "none"]
    """The validation process of EN 319 102-1 that settled it (clauses 5.3, 5.5, 5.6)."""
    indication: Indication
    """The main indication."""
    sub_indication: SubIndication | None
    """Why it is not passed."""
    blocks: tuple[BlockReport, ...]
    """Its building blocks."""
    timestamps: tuple[TimestampDetails, ...] = ()
    """The time-stamps inside it."""


class DetailedReport(_Model):
    """Every check that was made of one file."""

    schema_version: Literal[1] = SCHEMA_VERSION
    """Rises when a field changes its meaning or goes."""
    verdict: Verdict
    """As in the simple report."""
    sha256: str
    """Of the whole file."""
    at: Moment
    """The time of validation."""
    policy: str
    """Name and version of the policy applied."""
    policy_sha256: str
    """Of the policy applied."""
    integrity_only: bool
    """Whether trust was left out."""
    findings: tuple[Finding, ...]
    """What concerns the file as a whole."""
    signatures: tuple[SignatureDetails, ...]
    """Each signature, in the order of the file."""


_ALWAYS = frozenset(
    {
        Check.DICTIONARY,
        Check.BYTE_RANGE,
        Check.GAP,
        Check.REVISION,
        Check.FIELD,
        Check.OVERWRITTEN,
        Check.OVERLAP,
        Check.FOLLOWING,
        Check.CHANGES,
    }
)
_OF_MESSAGES = frozenset(
    {Check.MESSAGE, Check.ATTRIBUTES, Check.IDENTIFIED, Check.REFERENCE, Check.DIGEST, Check.VALUE}
)
_OF_TRUST = frozenset(
    {
        Check.PURPOSE,
        Check.CHAIN,
        Check.PATH,
        Check.VALIDITY,
        Check.REVOCATION,
        Check.CHAIN_ALGORITHMS,
        Check.FRESH,
        Check.ALGORITHMS,
    }
)
_EXPECTED: dict[SignatureKind, frozenset[Check]] = {
    SignatureKind.SIGNATURE: _ALWAYS | _OF_MESSAGES | _OF_TRUST | {Check.CONTENT, Check.POLICY, Check.PROVEN},
    SignatureKind.DOCUMENT_TIMESTAMP: _ALWAYS
    | _OF_MESSAGES
    | _OF_TRUST
    | {Check.IMPRINT, Check.ORDER, Check.POLICY, Check.PROVEN},
    SignatureKind.NOT_UNDERSTOOD: _ALWAYS | {Check.MESSAGE},
}
_OF_TOKENS = _OF_MESSAGES | _OF_TRUST | {Check.IMPRINT, Check.ORDER}
_WORST_FIRST = (Outcome.FAILED, Outcome.WARNED, Outcome.PASSED, Outcome.INFORMED, Outcome.NOT_REACHED)


def detailed_report(validation: Validation) -> DetailedReport:
    """The detailed report of a validation."""
    report = validation.report
    pairs = zip(validation.subjects, report.signatures, strict=True)
    return DetailedReport(
        verdict=report.verdict,
        sha256=report.sha256,
        at=report.at,
        policy=report.policy,
        policy_sha256=report.policy_sha256,
        integrity_only=report.integrity_only,
        findings=report.findings,
        signatures=tuple(_signature(subject, told) for subject, told in pairs),
    )


def _signature(subject: Subject, told: SignatureReport) -> SignatureDetails:
    stamps = [
        TimestampDetails(
            number=number,
            time=token.time,
            indication=info.indication,
            sub_indication=info.sub_indication,
            blocks=_blocks(token.steps, _OF_TOKENS),
        )
        for number, ((token, _), info) in enumerate(zip(subject.stamps, told.timestamps, strict=False), 1)
    ]
    return SignatureDetails(
        number=subject.number,
        field=told.field,
        kind=told.kind,
        process=_process(subject, told),
        indication=told.indication,
        sub_indication=told.sub_indication,
        blocks=_blocks(subject.steps, _EXPECTED[told.kind]),
        timestamps=tuple(stamps),
    )


def _process(subject: Subject, told: SignatureReport) -> Literal["basic", "with_time", "with_archival_data", "none"]:
    """Which of the three processes settled it: by what its time was proven."""
    if told.kind is SignatureKind.NOT_UNDERSTOOD or subject.context.integrity_only or not told.integrity.holds:
        return "none"
    signed = subject.examined.signed
    if signed is not None and subject.context.proven_by_document(signed) is not None:
        return "with_archival_data"
    return "with_time" if told.proven_time is not None and subject.token is None else "basic"


def _blocks(steps: Steps, expected: frozenset[Check]) -> tuple[BlockReport, ...]:
    made: dict[Block, list[CheckReport]] = {block: [] for block in BLOCKS}
    for step in steps.taken:
        made[QUESTIONS[step.check].block].append(_check(step))
    reached = {step.check for step in steps.taken}
    for check in QUESTIONS:
        if check in expected and check not in reached:
            made[QUESTIONS[check].block].append(_check(Step(check, Outcome.NOT_REACHED, "")))
    return tuple(_block(block, checks) for block, checks in made.items() if checks)


def _block(block: Block, checks: list[CheckReport]) -> BlockReport:
    text = BLOCKS[block]
    worst = min((item.outcome for item in checks), key=_WORST_FIRST.index)
    return BlockReport(block=block, clause=text.clause, name=text.name, outcome=worst, checks=tuple(checks))


def _check(step: Step) -> CheckReport:
    return CheckReport(
        code=step.check.value,
        question=QUESTIONS[step.check].text,
        outcome=step.outcome,
        found=step.found,
        finding=step.finding,
        certificate=step.certificate,
    )
