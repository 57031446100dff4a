"""Checks without the file: from the CMS of its signatures and the digests of what they sign, nothing else.

For whoever may not let a letter out of the house. What can be said: whether a signature was made over that digest, by
whom, when, and whether the certificate holds. What can't: whether the digest is that of the letter that a reader shows,
whether its structure is sound, and what was changed since. So a conclusion here never calls a file genuine.
"""

from datetime import UTC, datetime
from typing import cast

from esign.errors import LetterNotExamined
from esign.pdf.revisions import PdfFile
from esign.pdf.sandbox import Header, Runner
from esign.pdf.signatures import FoundSignature
from esign.pdf.syntax import Name, PdfDict, PdfString
from esign.verify.context import Context
from esign.verify.crypto import UnknownAlgorithmError
from esign.verify.digest_report import (
    DigestConclusion,
    DigestedSignature,
    DigestReport,
    DigestRequest,
    DigestSignatureReport,
)
from esign.verify.evidence import Material
from esign.verify.examination import examine_signatures
from esign.verify.fetching import FETCH_LIMITS, MAX_ROUNDS, Fetching, FetchLimits
from esign.verify.policy import DEFAULT, Policy
from esign.verify.report import Indication, Sentence, SignatureKind, SignatureReport, SubIndication
from esign.verify.structure import ExaminedSignature, SignedRange, Structure
from esign.verify.validate import order, read_missing, taken_apart, told_missing, trust_fingerprint
from esign.x509.clock import Clock
from esign.x509.sources import RevocationSource
from esign.x509.trust import TrustStore

DIGESTS_TASK = "esign.verify.digests:digests_task"


class _DigestContext(Context):
    """A context without a file: the digests are those that were sent."""

    sent: dict[SignedRange, tuple[str, bytes]]

    def digest_of(self, name: str, signed: SignedRange) -> bytes:
        """The digest that was sent. Raises `UnknownAlgorithmError` where it is of another algorithm."""
        algorithm, value = self.sent[signed]
        if algorithm != name:
            raise UnknownAlgorithmError(f"the CMS names {name}, and a digest by {algorithm} was sent")
        return value

    def note_stamp(self, signed: SignedRange, time: datetime) -> None:
        """Does nothing: what a document time-stamp covers isn't known without the file."""


def validate_digests(
    request: DigestRequest,
    trust: TrustStore,
    at: datetime,
    *,
    material: tuple[Material, ...] = (),
    policy: Policy = DEFAULT,
) -> DigestReport:
    """What the signatures are worth over the digests that were sent, as of the aware time ``at``. Never raises."""
    at = at.astimezone(UTC)
    ranges = [SignedRange(index + 1, index + 2, index + 3) for index in range(len(request.signatures))]
    structure = Structure(
        PdfFile(b""),
        None,
        None,
        tuple(_stood_for(item, signed) for item, signed in zip(request.signatures, ranges, strict=True)),
    )
    context = _DigestContext(b"", structure, trust, at, policy, integrity_only=False)
    context.sent = {
        signed: (item.digest_algorithm, bytes.fromhex(item.digest))
        for item, signed in zip(request.signatures, ranges, strict=True)
    }
    context.take_in_material(Material(request.certificates, request.ocsps, request.crls, given=True))
    for item in material:
        context.take_in_material(item)
    reports = [report for _, report in examine_signatures(context)]
    told = tuple(_told(each, sent) for each, sent in zip(reports, request.signatures, strict=True))
    conclusion = _conclusion(told)
    return DigestReport(
        conclusion=conclusion,
        sentence=_SENTENCES[conclusion],
        at=at,
        policy=policy.title,
        policy_sha256=policy.sha256,
        trust_sha256=trust_fingerprint(trust),
        signatures=told,
        missing=tuple(context.trusting.missing.values()),
    )


def _stood_for(sent: DigestedSignature, signed: SignedRange) -> ExaminedSignature:
    dictionary = PdfDict()
    dictionary["SubFilter"] = Name(sent.sub_filter)
    dictionary["Contents"] = PdfString(sent.cms, 0, 0, hexadecimal=True)
    found = FoundSignature((signed.gap_start, -1), signed.gap_start, 0, dictionary, compressed=False, referenced=True)
    return ExaminedSignature(found, signed, None, (), ())


def _told(found: SignatureReport, sent: DigestedSignature) -> DigestSignatureReport:
    mismatch = found.integrity.digest is False
    return DigestSignatureReport(
        field=sent.field,
        kind=found.kind,
        digest_matches=found.integrity.digest,
        value_holds=found.integrity.signature_value,
        indication=found.indication,
        sub_indication=found.sub_indication,
        sentence=_MISMATCH if mismatch else _of(found),
        signer=found.signer,
        claimed_time=found.claimed_time,
        proven_time=found.proven_time if found.kind is SignatureKind.SIGNATURE else None,
        digest_algorithm=found.digest_algorithm,
        signature_algorithm=found.signature_algorithm,
        timestamps=found.timestamps,
        chain=found.chain,
        revocation=found.revocation,
        findings=found.findings,
    )


_MISMATCH = Sentence(
    id="Tanda tangan ini bukan atas sidik (hash) yang dikirim: berkasnya lain, atau sudah berubah.",
    en="This signature was not made over the digest that was sent: it is another file, or it was changed.",
)


def _of(found: SignatureReport) -> Sentence:
    if not found.verdict.good:
        return found.sentence
    name = found.signer.common_name if found.signer is not None and found.signer.common_name else None
    if found.kind is SignatureKind.DOCUMENT_TIMESTAMP:
        return Sentence(
            id="Penanda waktu ini sah atas sidik yang dikirim; berkasnya sendiri tidak diperiksa.",
            en="This time-stamp holds over the digest that was sent; the file itself was not examined.",
        )
    return Sentence(
        id=f"Tanda tangan {name or 'tak bernama'} sah atas sidik yang dikirim; berkasnya sendiri tidak diperiksa.",
        en=f"The signature of {name or 'an unnamed signer'} holds over the digest that was sent; "
        "the file itself was not examined.",
    )


def _conclusion(signatures: tuple[DigestSignatureReport, ...]) -> DigestConclusion:
    if any(item.indication is Indication.TOTAL_FAILED for item in signatures):
        return DigestConclusion.SIGNATURES_FAIL
    counted = [item for item in signatures if item.kind is not SignatureKind.DOCUMENT_TIMESTAMP]
    if any(item.sub_indication is SubIndication.NO_CERTIFICATE_CHAIN_FOUND for item in counted):
        return DigestConclusion.UNTRUSTED
    if not counted or any(item.indication is not Indication.TOTAL_PASSED for item in counted):
        return DigestConclusion.INDETERMINATE
    return DigestConclusion.SIGNATURES_HOLD


_SENTENCES = {
    DigestConclusion.SIGNATURES_HOLD: Sentence(
        id="Semua tanda tangan sah atas sidik yang dikirim. Tanpa berkasnya tidak dapat dikatakan apakah berkas asli.",
        en="All signatures hold over the digests that were sent. Whether the file is genuine can't be said without it.",
    ),
    DigestConclusion.SIGNATURES_FAIL: Sentence(
        id="Paling sedikit satu tanda tangan tidak sah atas sidik yang dikirim.",
        en="At least one signature does not hold over the digest that was sent.",
    ),
    DigestConclusion.UNTRUSTED: Sentence(
        id="Tanda tangan dibuat atas sidik yang dikirim, tetapi ada sertifikat dari penyelenggara tak dikenal.",
        en="The signatures were made over the digests that were sent, but a certificate is from no authority we know.",
    ),
    DigestConclusion.INDETERMINATE: Sentence(
        id="Dari sidik yang dikirim tidak dapat disimpulkan bahwa semua tanda tangan sah.",
        en="It can't be concluded from the digests that were sent that all signatures hold.",
    ),
    DigestConclusion.NOT_EXAMINED: Sentence(
        id="Tanda tangan tidak dapat diperiksa dalam batas waktu dan memori.",
        en="The signatures could not be examined within the limits of time and memory.",
    ),
}


# --- in the sandbox ------------------------------------------------------------------------------


def examine_digests(
    request: DigestRequest,
    trust: TrustStore,
    clock: Clock,
    runner: Runner,
    revocation: RevocationSource | None = None,
    *,
    policy: Policy = DEFAULT,
    timeout: float = 10.0,
    fetching: FetchLimits = FETCH_LIMITS,
) -> DigestReport:
    """`validate_digests` in a sandbox worker, and once more with what was missing and could be fetched. Raises `Busy`.

    ``timeout`` in seconds is for one examination.
    """
    material: tuple[Material, ...] = ()
    ask = Fetching(revocation, trust, fetching)

    def validated() -> DigestReport:
        header, blobs = order(trust, clock.now(), material=material, policy=policy, integrity_only=False)
        header["request"] = cast("Header", request.model_dump(mode="json"))
        answer, _ = runner.run(DIGESTS_TASK, header, b"", *blobs, timeout=timeout)
        read_missing(answer)
        return DigestReport.model_validate(answer)

    try:
        report = validated()
        for _ in range(MAX_ROUNDS):
            fetched = ask.fetch(report.missing)
            if fetched == Material():
                break
            material = (*material, fetched)
            report = validated()
    except LetterNotExamined:
        return DigestReport(
            conclusion=DigestConclusion.NOT_EXAMINED,
            sentence=_SENTENCES[DigestConclusion.NOT_EXAMINED],
            at=clock.now(),
            policy=policy.title,
            policy_sha256=policy.sha256,
            trust_sha256=trust_fingerprint(trust),
        )
    return report.model_copy(update={"missing": ask.told(report.missing)})


def digests_task(header: Header, blobs: list[bytes]) -> tuple[Header, list[bytes]]:
    """`validate_digests` as a task of the sandbox."""
    ordered = taken_apart(header, blobs)
    report = validate_digests(
        DigestRequest.model_validate(header["request"]),
        ordered.trust,
        ordered.at,
        material=ordered.material,
        policy=ordered.policy,
    )
    answer = cast("Header", report.model_dump(mode="json"))
    answer["missing"] = told_missing(report.missing)
    return answer, []
