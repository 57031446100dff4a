"""Validation with a look outside: what is missing is fetched by the parent, then the file is examined once more."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime

from asn1crypto import x509

from esign.errors import LetterNotExamined, RevocationUnavailable
from esign.pdf.sandbox import Runner
from esign.verify import sentences
from esign.verify.evidence import Material
from esign.verify.policy import DEFAULT
from esign.verify.report import FetchRequest, Finding, Report, Verdict
from esign.verify.validate import trust_fingerprint, validate_in
from esign.x509.clock import Clock
from esign.x509.sources import RevocationSource
from esign.x509.trust import TrustStore

MAX_FETCHES = 16
"""Certificates whose revocation data are asked for, for one file."""


@dataclass(frozen=True)
class Examined:
    """A report, and what it was made with: enough to make it again."""

    report: Report
    at: datetime
    """The time of validation."""
    material: tuple[Material, ...]
    """All that was handed in, what was fetched included."""


def examine(
    pdf: bytes,
    trust: TrustStore,
    clock: Clock,
    runner: Runner,
    revocation: RevocationSource | None = None,
    *,
    at: datetime | None = None,
    material: tuple[Material, ...] = (),
    integrity_only: bool = False,
    timeout: float = 10.0,
) -> Report:
    """The report on a file, examined in a sandbox worker; ``timeout`` in seconds is for one examination.

    ``revocation`` is asked for what the file lacks, only for certificates whose chain to a trusted root stands, and
    the file is then examined once more. ``at`` is the time of validation, else the clock's; for another time than now
    nothing is fetched. A file that can't be examined within the limits gets a report that says so. Raises `Busy`.
    """
    return examined(
        pdf,
        trust,
        clock,
        runner,
        revocation,
        at=at,
        material=material,
        integrity_only=integrity_only,
        timeout=timeout,
    ).report


def examined(
    pdf: bytes,
    trust: TrustStore,
    clock: Clock,
    runner: Runner,
    revocation: RevocationSource | None = None,
    *,
    at: datetime | None = None,
    material: tuple[Material, ...] = (),
    integrity_only: bool = False,
    timeout: float = 10.0,
) -> Examined:
    """`examine`, and what the report was made with."""
    moment = at or clock.now()
    try:
        report = validate_in(
            runner, pdf, trust, moment, material=material, integrity_only=integrity_only, timeout=timeout
        )
        if revocation is None or at is not None or not report.missing:
            return Examined(report, moment, material)
        fetched = _fetch(report.missing, revocation)
        if not fetched.ocsps and not fetched.crls:
            return Examined(report, moment, material)
        moment, material = clock.now(), (*material, fetched)
        report = validate_in(
            runner, pdf, trust, moment, material=material, integrity_only=integrity_only, timeout=timeout
        )
        return Examined(report, moment, material)
    except LetterNotExamined as error:
        reason = str(error.details.get("reason", "limits"))
        return Examined(not_examined(pdf, trust, moment, reason, integrity_only=integrity_only), moment, material)


def _fetch(missing: tuple[FetchRequest, ...], revocation: RevocationSource) -> Material:
    """Asks for each certificate's OCSP answer, and for its CRL where there is none."""
    ocsps: list[bytes] = []
    crls: list[bytes] = []
    wanted: dict[bytes, tuple[bytes, set[str]]] = {}
    for request in missing:
        wanted.setdefault(request.certificate, (request.issuer, set()))[1].add(request.kind)
    for certificate_der, (issuer_der, kinds) in list(wanted.items())[:MAX_FETCHES]:
        certificate, issuer = x509.Certificate.load(certificate_der), x509.Certificate.load(issuer_der)
        answer = _ask_ocsp(revocation, certificate, issuer) if "ocsp" in kinds else None
        if answer is not None:
            ocsps.append(answer)
            continue
        answer = _ask_crl(revocation, certificate, issuer) if "crl" in kinds else None
        if answer is not None:
            crls.append(answer)
    return Material(ocsps=tuple(ocsps), crls=tuple(crls))


def _ask_ocsp(revocation: RevocationSource, certificate: x509.Certificate, issuer: x509.Certificate) -> bytes | None:
    try:
        return revocation.ocsp(certificate, issuer)
    except RevocationUnavailable:
        return None


def _ask_crl(revocation: RevocationSource, certificate: x509.Certificate, issuer: x509.Certificate) -> bytes | None:
    try:
        return revocation.crl(certificate, issuer)
    except RevocationUnavailable:
        return None


def not_examined(pdf: bytes, trust: TrustStore, at: datetime, reason: str, *, integrity_only: bool) -> Report:
    """The report on a file whose examination ended early."""
    findings = (Finding(code="file.limits", severity="fail", message=f"the examination ended early: {reason}"),)
    return Report(
        verdict=Verdict.NOT_EXAMINED,
        sentence=sentences.of_file(Verdict.NOT_EXAMINED, (), findings),
        at=at.astimezone(UTC),
        integrity_only=integrity_only,
        sha256=hashlib.sha256(pdf).hexdigest(),
        size=len(pdf),
        policy=DEFAULT.title,
        policy_sha256=DEFAULT.sha256,
        trust_sha256=trust_fingerprint(trust),
        findings=findings,
    )
