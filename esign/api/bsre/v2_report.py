"""The answer of ``POST /api/v2/verify/pdf`` (contract, section 4.7), in the vendor's spelling."""

from pydantic import JsonValue

from esign.api.bsre import conclusions, names
from esign.api.bsre.conclusions import Judged
from esign.service.views import FileAnswer
from esign.verify.report import CertificateInfo

DOCUMENT_NAME = "document.pdf"
"""A client reads a name; the request has none."""


def answer(checked: FileAnswer) -> dict[str, JsonValue]:
    """The whole answer."""
    conclusion = conclusions.of(checked)
    signatures = conclusions.judged(checked)
    told: dict[str, JsonValue] = {
        "conclusion": conclusion.word.value,
        "description": conclusion.description,
        "documentName": DOCUMENT_NAME,
        "signatureInformations": [_signature(each, checked.report.sha256) for each in signatures],
        "signatureCount": len(signatures),
    }
    if conclusion.warnings:
        told["warning"] = list(conclusion.warnings)
    return told


def _signature(judged: Judged, file: str) -> dict[str, JsonValue]:
    report, signer, timestamp = judged.report, judged.report.signer, judged.timestamp
    # The revision that it ends holds it, and is the same in every later file; a broken one has none.
    name = names.stable("S", report.signed_sha256 or file, report.field, report.byte_range)
    made = report.claimed_time or (timestamp.time if timestamp is not None else None)
    return {
        "id": name,
        "signatureFormat": judged.format,
        "signerName": signer.common_name or signer.subject if signer is not None else None,
        "signatureDate": names.iso(made) if made is not None else None,
        "fieldName": report.field,
        "reason": report.reason,
        "location": report.location,
        "certLevelCode": report.certification or 0,
        "signatureAlgorithm": None,
        "digestAlgorithm": None,
        "timestampInfomation": {
            "id": names.stable("T", name, timestamp.kind, timestamp.time),
            "signerName": timestamp.authority,
            "timestampDate": names.iso(timestamp.time) if timestamp.time is not None else None,
        }
        if timestamp is not None
        else None,
        "certificateDetails": [_certificate(each) for each in report.chain],
        "integrityValid": judged.intact,
        "certificateTrusted": judged.trusted,
        "lastSignature": judged.last,
        "ltv": judged.long_term,
        "modified": judged.modified,
    }


def _certificate(found: CertificateInfo) -> dict[str, JsonValue]:
    return {
        "id": f"C-{found.sha256.upper()}",
        "commonName": found.common_name,
        "issuerName": names.downwards(found.issuer),
        "serialNumber": str(int(found.serial_number, 16)),
        "notAfterDate": names.iso(found.not_after),
        "notBeforeDate": names.iso(found.not_before),
        "signatureAlgoritm": algorithm(found.signed_with),
        "keyUsages": [_USAGES.get(usage, usage) for usage in found.key_usages],
    }


_USAGES = {"cRLSign": "crlSign"}
"""As EU DSS writes what RFC 5280 writes otherwise."""
_KINDS = {"rsassa_pkcs1v15": "RSA", "ecdsa": "ECDSA", "dsa": "DSA", "ed25519": "Ed25519", "ed448": "Ed448"}


def algorithm(signed_with: str | None) -> str | None:
    """As EU DSS names it: ``RSA with SHA256``."""
    if signed_with is None:
        return None
    kind, _, digest = signed_with.partition("-")
    if kind == "rsassa_pss":
        return f"RSA with {digest.upper()} and MGF1"
    name = _KINDS.get(kind, kind)
    return f"{name} with {digest.upper()}" if digest else name
