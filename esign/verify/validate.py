"""Validation: bytes, trust and a time in, a report out. Pure; what is fetched is handed in.

The steps, each done by one named function or module:

1. structure: every signature dictionary, its ByteRange and gap, what follows it (`structure`)
2. changes between each signed revision and the file as it is (`changes`)
3. the CMS of each signature: form, digest, signer, value (`cms`)
4. time-stamps, from the last over the document to the first inside a signature (`timestamps`)
5. certificates at the proven time: chain, revocation, algorithms (`trusting`)
6. the file's verdict: the worst of its signatures (`report`)
"""

import hashlib
import json
from base64 import b64decode, b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

from pydantic import SecretStr

from esign.pdf.active import active_content
from esign.pdf.revisions import View
from esign.pdf.sandbox import Header, JsonValue, Runner
from esign.pdf.syntax import PdfSyntaxError
from esign.verify import partial, sentences
from esign.verify.context import Context
from esign.verify.evidence import Material
from esign.verify.examination import examine_signatures
from esign.verify.policy import DEFAULT, Policy
from esign.verify.report import (
    FetchRequest,
    Finding,
    Indication,
    Report,
    SignatureKind,
    SignatureReport,
    Verdict,
    worst,
)
from esign.verify.structure import Structure, examine_structure
from esign.verify.subject import Subject
from esign.verify.witness import INCOMPLETE, UNSEEN, Asked, Witnessed, asked_of
from esign.x509.encoding import read_certificate
from esign.x509.scope import Scope
from esign.x509.trust import TrustStore

VALIDATE_TASK = "esign.verify.validate:validate_task"


@dataclass(frozen=True)
class Validation:
    """A report with what it was made from, for the reports that say more."""

    report: Report
    context: Context | None
    """None: the file could not be examined at all."""
    subjects: tuple[Subject, ...] = ()


def validate(
    pdf: bytes,
    trust: TrustStore,
    at: datetime,
    *,
    material: Material | tuple[Material, ...] = (),
    policy: Policy = DEFAULT,
    integrity_only: bool = False,
    password: SecretStr | None = None,
) -> Report:
    """The report on a file, as of the aware time ``at``; of what was added to it the first reader's view alone.

    ``material`` is revocation data and certificates from outside the file. ``integrity_only`` leaves out chain,
    revocation and algorithm dates, and says `Verdict.INTACT` for `Verdict.GENUINE`. ``password`` opens an encrypted
    file. Never raises for what a file holds. Whole is `esign.verify.online.examine`, which asks a second reader too.
    """
    made = validation(
        pdf, trust, at, material=material, policy=policy, integrity_only=integrity_only, password=password
    )
    return made.report


def validation(
    pdf: bytes,
    trust: TrustStore,
    at: datetime,
    *,
    material: Material | tuple[Material, ...] = (),
    policy: Policy = DEFAULT,
    integrity_only: bool = False,
    witnessed: Witnessed = UNSEEN,
    password: SecretStr | None = None,
) -> Validation:
    """`validate`, and what the report was made from. ``witnessed``: what a second reader saw of the file."""
    at = at.astimezone(UTC)
    handed = (material,) if isinstance(material, Material) else material
    try:
        structure = examine_structure(
            pdf, partial.tell_structure, password=password.get_secret_value() if password is not None else ""
        )
    except PdfSyntaxError as error:
        finding = Finding(code="file.limits", severity="fail", message=str(error))
        report = _report(pdf, trust, at, policy, None, (finding,), (), (), integrity_only=integrity_only)
        return Validation(report, None)
    counted = structure.file.data  # without what stands before the header, where offsets count from there
    context = Context(counted, structure, trust, at, policy, integrity_only=integrity_only, witnessed=witnessed)
    for item in handed:
        context.take_in_material(item)
    examined = examine_signatures(context, partial.tell_signature)
    signatures = tuple(report for _, report in examined)
    missing = tuple(context.trusting.missing.values())
    report = _report(
        pdf,
        trust,
        at,
        policy,
        structure,
        (*_findings(structure), *witnessed.findings),
        signatures,
        missing,
        integrity_only=integrity_only,
    )
    return Validation(report, context, tuple(subject for subject, _ in examined))


def _findings(structure: Structure) -> tuple[Finding, ...]:
    findings = list(structure.findings)
    if structure.fault is not None:
        findings.append(Finding(code="file.unreadable", severity="fail", message=structure.fault))
    if structure.locked:
        findings.append(Finding(code="file.locked", severity="fail", message="a password is needed to open it"))
    if structure.trailing > 2:
        message = f"{structure.trailing} bytes after the last %%EOF"
        findings.append(Finding(code="file.trailing", severity="inform", message=message))
    if structure.signatures and structure.view is not None and not structure.locked:
        findings.extend(_active(structure.view))
    return tuple(findings)


def _active(view: View) -> list[Finding]:
    """Rule 10: what is signed is self-contained."""
    try:
        kind = active_content(view)
    except PdfSyntaxError as error:
        return [
            Finding(code="active.unreadable", severity="fail", message=f"active content can't be excluded: {error}")
        ]
    if kind is None:
        return []
    return [Finding(code="active.content", severity="fail", message=f"active content: {kind}")]


def _report(
    pdf: bytes,
    trust: TrustStore,
    at: datetime,
    policy: Policy,
    structure: Structure | None,
    findings: tuple[Finding, ...],
    signatures: tuple[SignatureReport, ...],
    missing: tuple[FetchRequest, ...],
    *,
    integrity_only: bool,
) -> Report:
    findings = policy.of_file(findings)
    verdict = _verdict(structure, findings, signatures)
    return Report(
        verdict=verdict,
        sentence=sentences.of_file(verdict, signatures, findings),
        at=at,
        integrity_only=integrity_only,
        sha256=hashlib.sha256(pdf).hexdigest(),
        size=len(pdf),
        policy=policy.title,
        policy_sha256=policy.sha256,
        trust_sha256=trust_fingerprint(trust),
        signatures=signatures,
        revisions=len(structure.view.sections) if structure is not None and structure.view is not None else 0,
        findings=findings,
        missing=missing if verdict not in (Verdict.ALTERED, Verdict.INVALID, Verdict.NOT_EXAMINED) else (),
    )


def trust_fingerprint(trust: TrustStore) -> str:
    """SHA-256 over the sorted fingerprints of the anchors, and over what bounds them, in hexadecimal."""
    bounds = sorted(json.dumps(scope.to_json(), sort_keys=True) for scope in trust.scopes)
    return hashlib.sha256(
        b"".join([*sorted(item.sha256 for item in trust.anchors), *(bound.encode() for bound in bounds)])
    ).hexdigest()


def _verdict(
    structure: Structure | None, findings: tuple[Finding, ...], signatures: tuple[SignatureReport, ...]
) -> Verdict:
    """The worst of the signatures; document time-stamps count when they failed, and alone sign nothing."""
    if structure is None or structure.locked:
        return Verdict.NOT_EXAMINED
    counted = [
        item.verdict
        for item in signatures
        if item.kind is not SignatureKind.DOCUMENT_TIMESTAMP or item.indication is Indication.TOTAL_FAILED
    ]
    if structure.view is None or any(item.code in INCOMPLETE for item in findings):
        counted.append(Verdict.NOT_EXAMINED)
    verdict = worst(counted)
    if verdict.good and any(item.severity == "fail" for item in findings):
        return Verdict.INDETERMINATE
    return verdict


# --- in the sandbox ------------------------------------------------------------------------------


def validate_task(header: Header, blobs: list[bytes]) -> tuple[Header, list[bytes]]:
    """`validate` as a task of the sandbox; the counterpart of `validate_in`."""
    made = ordered(header, blobs)
    asked = asked_of(made.context.structure, made.report) if header.get("ask") and made.context is not None else None
    answer = report_answer(made.report)
    return {"report": answer, "asked": None if asked is None else cast("Header", asked.model_dump(mode="json"))}, []


def ordered(header: Header, blobs: list[bytes]) -> Validation:
    """The validation that a parent ordered; the counterpart of `order`."""
    asked = taken_apart(header, blobs)
    return validation(
        blobs[0],
        asked.trust,
        asked.at,
        material=asked.material,
        policy=asked.policy,
        integrity_only=bool(header["integrity_only"]),
        witnessed=Witnessed.model_validate(header["witnessed"]),
        password=SecretStr(password) if isinstance(password := header["password"], str) else None,
    )


@dataclass(frozen=True)
class Order:
    """What a parent ordered, but for the file."""

    trust: TrustStore
    at: datetime
    material: tuple[Material, ...]
    policy: Policy


def taken_apart(header: Header, blobs: list[bytes]) -> Order:
    """What `order` put together; the first blob is the file."""
    counts = cast("dict[str, int]", header["counts"])
    remaining = iter(blobs[1:])

    def take(name: str) -> tuple[bytes, ...]:
        return tuple(next(remaining) for _ in range(counts[name]))

    trust = TrustStore(
        anchors=tuple(read_certificate(der) for der in take("anchors")),
        intermediates=tuple(read_certificate(der) for der in take("intermediates")),
        scopes=tuple(Scope.from_json(told) for told in cast("list[dict[str, object]]", header["scopes"])),
    )
    given = Material(take("given_certificates"), take("given_ocsps"), take("given_crls"), given=True)
    fetched = Material(take("fetched_certificates"), take("fetched_ocsps"), take("fetched_crls"))
    at, policy = datetime.fromisoformat(str(header["at"])), Policy.read(str(header["policy"]).encode())
    return Order(trust, at, (given, fetched), policy)


def report_answer(report: Report) -> Header:
    """A report for the pipe; the counterpart of `read_report`."""
    answer = cast("Header", report.model_dump(mode="json"))
    answer["missing"] = told_missing(report.missing)
    return answer


def told_missing(missing: tuple[FetchRequest, ...]) -> list[JsonValue]:
    """What is missing, for the pipe; the counterpart of `read_missing`."""
    return [
        {
            "kind": item.kind,
            "subject": item.subject,
            "urls": list(item.urls),
            "certificate": b64encode(item.certificate).decode(),
            "chain": [b64encode(der).decode() for der in item.chain],
        }
        for item in missing
    ]


def validate_in(
    runner: Runner,
    pdf: bytes,
    trust: TrustStore,
    at: datetime,
    *,
    material: tuple[Material, ...] = (),
    policy: Policy = DEFAULT,
    integrity_only: bool = False,
    timeout: float = 10.0,
) -> Report:
    """`validate` in a sandbox worker. ``timeout`` is in seconds.

    Raises `Busy`, and `LetterNotExamined` when the worker reached its limits.
    """
    header, blobs = order(trust, at, material=material, policy=policy, integrity_only=integrity_only)
    return validated_in(runner, pdf, header, blobs, timeout=timeout)[0]


def validated_in(
    runner: Runner, pdf: bytes, header: Header, blobs: list[bytes], *, timeout: float
) -> tuple[Report, Asked | None]:
    """What was ordered by `order`: the report, and, with ``ask`` in the header, what a second reader is to look at."""
    answer, _ = runner.run(VALIDATE_TASK, header, pdf, *blobs, timeout=timeout)
    asked = answer["asked"]
    return read_report(cast("Header", answer["report"])), None if asked is None else Asked.model_validate(asked)


def order(
    trust: TrustStore,
    at: datetime,
    *,
    material: tuple[Material, ...],
    integrity_only: bool,
    policy: Policy = DEFAULT,
    witnessed: Witnessed = UNSEEN,
    password: SecretStr | None = None,
) -> tuple[Header, list[bytes]]:
    """What a worker is told beside the file, for all tasks that validate: a header and blobs."""
    given = [item for item in material if item.given]
    fetched = [item for item in material if not item.given]
    groups: dict[str, list[bytes]] = {
        "anchors": [item.dump() for item in trust.anchors],
        "intermediates": [item.dump() for item in trust.intermediates],
    }
    for name, items in (("given", given), ("fetched", fetched)):
        groups[f"{name}_certificates"] = [der for item in items for der in item.certificates]
        groups[f"{name}_ocsps"] = [der for item in items for der in item.ocsps]
        groups[f"{name}_crls"] = [der for item in items for der in item.crls]
    header: Header = {
        "at": at.isoformat(),
        "integrity_only": integrity_only,
        "policy": policy.document.decode(),
        "scopes": [cast("Header", scope.to_json()) for scope in trust.scopes],
        "witnessed": cast("Header", witnessed.model_dump(mode="json")),
        "password": password.get_secret_value() if password is not None else None,
        "counts": {name: len(items) for name, items in groups.items()},
    }
    return header, [der for items in groups.values() for der in items]


def read_report(answer: Header) -> Report:
    """The report that a worker answered."""
    read_missing(answer)
    return Report.model_validate(answer)


def read_missing(answer: Header) -> None:
    """Makes what is missing in a worker's answer what a report takes."""
    for item in cast("list[dict[str, object]]", answer["missing"]):
        item["certificate"] = b64decode(str(item["certificate"]))
        item["chain"] = [b64decode(der) for der in cast("list[str]", item["chain"])]
