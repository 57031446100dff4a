"""What is known of a file whose examination ended early: told bit by bit by the worker, put together by the parent."""

from collections.abc import Sequence
from typing import cast

from pydantic import ValidationError

from esign.pdf.revisions import View
from esign.pdf.sandbox import Header
from esign.pdf.sandbox.progress import tell
from esign.verify.report import (
    Indication,
    Integrity,
    Sentence,
    SignatureKind,
    SignatureReport,
    SubIndication,
    Verdict,
)
from esign.verify.structure import ExaminedSignature

_NOT_YET = Sentence(
    id="Tanda tangan ini ditemukan, tetapi belum sempat diperiksa.",
    en="This signature was found, but there was no time to examine it.",
)
_BROKEN = Sentence(
    id="Tanda tangan ini rusak atau dipalsukan: susunannya tidak sesuai dengan bagian berkas yang ditandatangani.",
    en="This signature is broken or forged: its structure does not fit the part of the file that was signed.",
)
_KINDS = {
    "ETSI.CAdES.detached": SignatureKind.SIGNATURE,
    "adbe.pkcs7.detached": SignatureKind.SIGNATURE,
    "ETSI.RFC3161": SignatureKind.DOCUMENT_TIMESTAMP,
}


def tell_structure(view: View | None, signatures: Sequence[ExaminedSignature]) -> None:
    """Tells which signatures there are, and whether their structure is sound."""
    listed = [_listed(item).model_dump(mode="json") for item in signatures]
    revisions = len(view.sections) if view is not None else 0
    tell(cast("Header", {"signatures": listed, "revisions": revisions}))


def tell_signature(index: int, report: SignatureReport) -> None:
    """Tells what was found of one signature."""
    tell({"index": index, "signature": cast("Header", report.model_dump(mode="json"))})


def known(told: tuple[object, ...]) -> tuple[tuple[SignatureReport, ...], int]:
    """The signatures and the number of revisions that a worker told of before it ended; what is odd is left out."""
    signatures: list[SignatureReport] = []
    revisions = 0
    for item in told:
        if not isinstance(item, dict):
            continue
        try:
            if isinstance(item.get("signatures"), list):
                signatures = [SignatureReport.model_validate(each) for each in item["signatures"]]
                revisions = item["revisions"] if isinstance(item.get("revisions"), int) else 0
            elif isinstance(item.get("index"), int) and 0 <= item["index"] < len(signatures):
                signatures[item["index"]] = SignatureReport.model_validate(item.get("signature"))
        except ValidationError:
            continue
    return tuple(signatures), revisions


def _listed(item: ExaminedSignature) -> SignatureReport:
    """A signature of which only the structure is known; broken structure is final."""
    broken = not item.sound or item.signed is None
    return SignatureReport(
        field=item.fields[0].name if item.fields else None,
        kind=_KINDS.get(item.found.sub_filter or "", SignatureKind.NOT_UNDERSTOOD),
        sub_filter=item.found.sub_filter,
        verdict=Verdict.INVALID if broken else Verdict.NOT_EXAMINED,
        indication=Indication.TOTAL_FAILED if broken else Indication.INDETERMINATE,
        sub_indication=SubIndication.FORMAT_FAILURE if broken else SubIndication.GENERIC,
        sentence=_BROKEN if broken else _NOT_YET,
        integrity=Integrity(structure=not broken),
        byte_range=item.signed.byte_range if item.signed is not None else None,
        signed_end=item.signed.end if item.signed is not None else None,
        findings=item.faults,
    )
