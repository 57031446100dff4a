"""Validation with a look outside: what is missing is fetched by the parent, then the file is examined once more."""

import hashlib
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from pydantic import SecretStr

from esign.errors import LetterNotExamined
from esign.pdf.sandbox import Runner
from esign.pdf.sightings import look_in
from esign.verify import sentences
from esign.verify.evidence import Material
from esign.verify.fetching import FETCH_LIMITS, MAX_ROUNDS, Fetching, FetchLimits
from esign.verify.partial import known
from esign.verify.policy import DEFAULT, Policy
from esign.verify.report import Finding, Indication, Report, Verdict, worst
from esign.verify.validate import order, trust_fingerprint, validated_in
from esign.verify.witness import INCOMPLETE, UNSEEN, Asked, Witnessed, unwitnessed, witnessed
from esign.x509.clock import Clock
from esign.x509.sources import RevocationSource
from esign.x509.trust import TrustStore

_AGAIN = 1.5
"""What is kept for validating again, in units of the first time."""
_LEAST = 0.05
"""Seconds that a step gets when the time is over."""


@dataclass(frozen=True)
class Examined:
    """A report, and what it was made with: enough to make it again."""

    report: Report
    at: datetime
    """The time of validation."""
    material: tuple[Material, ...]
    """All that was handed in, what was fetched included."""
    witnessed: Witnessed = UNSEEN
    """What the second reader saw."""


def examine(
    pdf: bytes,
    trust: TrustStore,
    clock: Clock,
    runner: Runner,
    revocation: RevocationSource | None = None,
    *,
    renderer: Runner | None = None,
    at: datetime | None = None,
    material: tuple[Material, ...] = (),
    policy: Policy = DEFAULT,
    integrity_only: bool = False,
    password: SecretStr | None = None,
    timeout: float = 10.0,
    fetching: FetchLimits = FETCH_LIMITS,
) -> Report:
    """The report on a file, examined in a sandbox worker; ``timeout`` in seconds is for all of it but the fetching.

    ``runner`` reads structure; ``renderer`` holds the second reader, which looks at what was added after a signature
    (rule 6), and is ``runner`` where none is given. ``revocation`` is asked for what the file lacks, only for
    certificates whose chain to a trusted root stands, and the file is then examined once more. ``at`` is the time of
    validation, else the clock's; for another time than now nothing is fetched. What is still missing then is told with
    the reason. ``password`` opens an encrypted file whose user password isn't empty. A file that can't be examined
    within the limits gets a report that says so, with what is known of it. Raises `Busy`.
    """
    return examined(
        pdf,
        trust,
        clock,
        runner,
        revocation,
        renderer=renderer,
        at=at,
        material=material,
        policy=policy,
        integrity_only=integrity_only,
        password=password,
        timeout=timeout,
        fetching=fetching,
    ).report


def examined(
    pdf: bytes,
    trust: TrustStore,
    clock: Clock,
    runner: Runner,
    revocation: RevocationSource | None = None,
    *,
    renderer: Runner | None = None,
    at: datetime | None = None,
    material: tuple[Material, ...] = (),
    policy: Policy = DEFAULT,
    integrity_only: bool = False,
    password: SecretStr | None = None,
    timeout: float = 10.0,
    fetching: FetchLimits = FETCH_LIMITS,
) -> Examined:
    """`examine`, and what the report was made with."""
    budget = _Budget(timeout)
    moment = at or clock.now()

    def validated(witnessed: Witnessed, *, ask: bool) -> tuple[Report, Asked | None]:
        header, blobs = order(
            trust,
            moment,
            material=material,
            policy=policy,
            integrity_only=integrity_only,
            witnessed=witnessed,
            password=password,
        )
        header["ask"] = ask
        with budget:
            return validated_in(runner, pdf, header, blobs, timeout=budget.left)

    try:
        report, asked = validated(UNSEEN, ask=True)
    except LetterNotExamined as error:
        reason = str(error.details.get("reason", "limits"))
        ended = not_examined(
            pdf, trust, moment, reason, policy=policy, integrity_only=integrity_only, told=error.partial
        )
        return Examined(ended, moment, material, unwitnessed(reason))
    witnessed = UNSEEN
    if asked is not None:
        reserve = min(_AGAIN * budget.spent, budget.left / 3)
        with budget:
            witnessed = _witnessed(renderer or runner, pdf, asked, password, budget.left - reserve)
    again = bool(witnessed.changes)
    if not again:
        report = with_findings(report, witnessed.findings)
    ask = Fetching(revocation if at is None else None, trust, fetching)
    try:
        for _ in range(MAX_ROUNDS):
            fetched = ask.fetch(report.missing)
            if fetched == Material():
                break
            moment, material, again = clock.now(), (*material, fetched), False
            report, _asked = validated(witnessed, ask=False)
        if again:
            report, _asked = validated(witnessed, ask=False)
    except LetterNotExamined as error:
        reason = str(error.details.get("reason", "limits"))
        report = ended_early(report, reason)
    report = report.model_copy(update={"missing": ask.told(report.missing)})
    return Examined(report, moment, material, witnessed)


class _Budget:
    """The time that is left for examining; only what is done in its ``with`` counts."""

    def __init__(self, seconds: float) -> None:
        self._left = seconds
        self._since = 0.0
        self.spent = 0.0
        """Seconds."""

    @property
    def left(self) -> float:
        """Seconds; never nothing, so that what can be told at once is told."""
        return max(self._left, _LEAST)

    def __enter__(self) -> Self:
        self._since = time.monotonic()
        return self

    def __exit__(self, *_: object) -> None:
        took = time.monotonic() - self._since
        self._left -= took
        self.spent += took


def _witnessed(renderer: Runner, pdf: bytes, asked: Asked, password: SecretStr | None, seconds: float) -> Witnessed:
    if not asked.plan.steps:
        return unwitnessed("it can't be followed to its pages")
    try:
        secret = password.get_secret_value() if password is not None else None
        return witnessed(asked, look_in(renderer, pdf, asked.plan, secret, timeout=seconds))
    except LetterNotExamined as error:
        return unwitnessed(str(error.details.get("reason", "limits")))


def ended_early(report: Report, reason: str) -> Report:
    """A report whose last step could not be taken: what it says stands, but it is not the whole answer."""
    message = f"the examination ended early: {reason}"
    return with_findings(report, (Finding(code="file.limits", severity="fail", message=message),))


def with_findings(report: Report, more: tuple[Finding, ...]) -> Report:
    """The report with further findings about the file as a whole, and the verdict that follows."""
    if not more:
        return report
    findings = (*report.findings, *more)
    verdict = report.verdict
    if any(item.code in INCOMPLETE for item in more):
        verdict = worst([verdict, Verdict.NOT_EXAMINED])
    elif verdict.good and any(item.severity == "fail" for item in more):
        verdict = Verdict.INDETERMINATE
    sentence = sentences.of_file(verdict, report.signatures, findings)
    return report.model_copy(update={"verdict": verdict, "sentence": sentence, "findings": findings})


def not_examined(
    pdf: bytes,
    trust: TrustStore,
    at: datetime,
    reason: str,
    *,
    policy: Policy = DEFAULT,
    integrity_only: bool,
    told: tuple[object, ...] = (),
) -> Report:
    """The report on a file whose examination ended early; ``told`` is what the worker had told of it before."""
    signatures, revisions = known(told)
    failed = [item.verdict for item in signatures if item.indication is Indication.TOTAL_FAILED]
    verdict = worst([Verdict.NOT_EXAMINED, *failed])
    findings = (Finding(code="file.limits", severity="fail", message=f"the examination ended early: {reason}"),)
    return Report(
        verdict=verdict,
        sentence=sentences.of_file(verdict, signatures, findings),
        at=at.astimezone(UTC),
        integrity_only=integrity_only,
        sha256=hashlib.sha256(pdf).hexdigest(),
        size=len(pdf),
        policy=policy.title,
        policy_sha256=policy.sha256,
        trust_sha256=trust_fingerprint(trust),
        signatures=signatures,
        revisions=revisions,
        findings=findings,
    )
