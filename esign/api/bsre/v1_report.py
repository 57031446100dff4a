"""The answer of ``POST /api/sign/verify`` (contract, section 3.3)."""

from pydantic import JsonValue

from esign.api.bsre import conclusions, names
from esign.api.bsre.conclusions import Judged, Word
from esign.service.views import FileAnswer


def answer(checked: FileAnswer, filename: str | None) -> dict[str, JsonValue]:
    """The whole answer; ``filename`` is what the client called its file."""
    conclusion = conclusions.of(checked)
    signatures = conclusions.judged(checked)
    signed = conclusion.word is not Word.NO_SIGNATURE
    told: dict[str, JsonValue] = {
        "nama_dokumen": filename,
        "jumlah_signature": len(signatures),
        "notes": conclusion.description if signed else None,
        "details": [_detail(each) for each in signatures],
        "summary": conclusion.word.value if signed else None,
    }
    if conclusion.warnings:
        told["warning"] = list(conclusion.warnings)
    return told


def _detail(judged: Judged) -> dict[str, JsonValue]:
    report, signer, timestamp = judged.report, judged.report.signer, judged.timestamp
    made = report.claimed_time or (timestamp.time if timestamp is not None else None)
    return {
        "info_tsa": {"name": timestamp.authority if timestamp is not None else None, "tsa_cert_validity": None},
        "signature_field": report.field,
        "info_signer": {
            "issuer_dn": names.upwards(signer.issuer) if signer is not None else None,
            "signer_name": signer.common_name or signer.subject if signer is not None else None,
            "signer_cert_validity": (
                f"{names.local(signer.not_before)} to {names.local(signer.not_after)}" if signer is not None else None
            ),
            "signer_dn": names.upwards(signer.subject) if signer is not None else None,
            "cert_user_certified": judged.trusted,
        },
        "signature_document": {
            "signed_using_tsa": timestamp is not None,
            "reason": report.reason,
            "document_integrity": judged.intact,
            "signature_value": None,
            "signed_in": names.local(made) if made is not None else None,
            "location": report.location,
            "hash_value": None,
        },
    }
