"""All reports on one file at once: simple, detailed and diagnostic, made by one validation."""

from datetime import datetime
from typing import cast

from pydantic import BaseModel, ConfigDict, SecretStr

from esign.errors import LetterNotExamined
from esign.pdf.sandbox import Header, Runner
from esign.verify.detailed import DetailedReport, detailed_report
from esign.verify.diagnosis import diagnostic_data
from esign.verify.diagnostic import Diagnostic
from esign.verify.evidence import Material
from esign.verify.fetching import FETCH_LIMITS, FetchLimits
from esign.verify.online import Examined, examined, not_examined
from esign.verify.policy import DEFAULT, Policy
from esign.verify.report import Report
from esign.verify.validate import Validation, order, ordered, read_report, report_answer, validation
from esign.x509.clock import Clock
from esign.x509.sources import RevocationSource
from esign.x509.trust import TrustStore

FULL_TASK = "esign.verify.full:full_task"


class FullReport(BaseModel):
    """The three reports of one validation."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    report: Report
    detailed: DetailedReport
    diagnostic: Diagnostic


def validate_fully(
    pdf: bytes,
    trust: TrustStore,
    at: datetime,
    *,
    material: Material | tuple[Material, ...] = (),
    policy: Policy = DEFAULT,
    integrity_only: bool = False,
    encoded: bool = False,
) -> FullReport:
    """As `esign.verify.validate.validate`, with all reports.

    ``encoded``: with the octets of certificates, OCSP answers, CRLs and time-stamps in the diagnostic data.
    """
    made = validation(pdf, trust, at, material=material, policy=policy, integrity_only=integrity_only)
    return _full(made, encoded=encoded)


def examine_fully(
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
    encoded: bool = False,
    password: SecretStr | None = None,
    timeout: float = 10.0,
    fetching: FetchLimits = FETCH_LIMITS,
) -> FullReport:
    """As `esign.verify.online.examine`, with all reports; the file is examined once more for them. Raises `Busy`."""
    first = examined(
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
    )
    return _again(pdf, trust, runner, first, policy=policy, encoded=encoded, password=password, timeout=timeout)


def full_task(header: Header, blobs: list[bytes]) -> tuple[Header, list[bytes]]:
    """`validate_fully` as a task of the sandbox."""
    full = _full(ordered(header, blobs), encoded=bool(header["encoded"]))
    return {
        "report": report_answer(full.report),
        "detailed": cast("Header", full.detailed.model_dump(mode="json")),
        "diagnostic": cast("Header", full.diagnostic.model_dump(mode="json")),
    }, []


def _again(
    pdf: bytes,
    trust: TrustStore,
    runner: Runner,
    first: Examined,
    *,
    policy: Policy,
    encoded: bool,
    password: SecretStr | None,
    timeout: float,
) -> FullReport:
    """All reports, made with what the first examination was made with."""
    integrity_only = first.report.integrity_only
    header, blobs = order(
        trust,
        first.at,
        material=first.material,
        policy=policy,
        integrity_only=integrity_only,
        witnessed=first.witnessed,
        password=password,
    )
    header["encoded"] = encoded
    try:
        answer, _ = runner.run(FULL_TASK, header, pdf, *blobs, timeout=timeout)
    except LetterNotExamined as error:
        reason = str(error.details.get("reason", "limits"))
        return _full(
            Validation(not_examined(pdf, trust, first.at, reason, policy=policy, integrity_only=integrity_only), None),
            encoded=False,
        )
    report = read_report(cast("Header", answer["report"]))
    return FullReport(
        report=report.model_copy(update={"missing": first.report.missing}),
        detailed=DetailedReport.model_validate(answer["detailed"]),
        diagnostic=Diagnostic.model_validate(answer["diagnostic"]),
    )


def _full(made: Validation, *, encoded: bool) -> FullReport:
    return FullReport(
        report=made.report, detailed=detailed_report(made), diagnostic=diagnostic_data(made, encoded=encoded)
    )
