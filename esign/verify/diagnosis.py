"""The diagnostic data of a validation, gathered from what it was given."""

import hashlib
from base64 import b64encode
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Literal

from asn1crypto import ocsp, parser, tsp

from esign.verify.cms import ODD_INPUT
from esign.verify.context import Context
from esign.verify.crypto import HASHES
from esign.verify.diagnostic import (
    CertificateData,
    Diagnostic,
    OriginInfo,
    RevisionData,
    RevocationData,
    SignatureData,
    TimestampData,
)
from esign.verify.inventory import Source
from esign.verify.report import CertificateInfo, SignatureReport
from esign.verify.shown import certificate_info, shown_name
from esign.verify.structure import Structure
from esign.verify.subject import MAX_TOKENS, Subject
from esign.verify.timestamps import Token
from esign.verify.validate import Validation
from esign.x509.crl import CertificateList
from esign.x509.encoding import as_found, read_certificate
from esign.x509.rejection import Rejected

MAX_REVISIONS = 512
"""Revisions told of one file; a hostile one may have many."""
_EOLS = (b"\r\n", b"\n", b"\r")


def diagnostic_data(validation: Validation, *, encoded: bool = False) -> Diagnostic:
    """The diagnostic data of a validation. ``encoded``: with the octets of certificates, answers and tokens."""
    report, context = validation.report, validation.context
    pairs = list(zip(validation.subjects, report.signatures, strict=True))
    stamps = [stamp for subject, _ in pairs for stamp in _timestamps(subject, encoded=encoded)]
    return Diagnostic(
        sha256=report.sha256,
        size=report.size,
        at=report.at,
        policy=report.policy,
        policy_sha256=report.policy_sha256,
        trust_sha256=report.trust_sha256,
        signatures=tuple(_signature(subject, told, stamps) for subject, told in pairs),
        certificates=() if context is None else tuple(_certificates(context, report.signatures, encoded=encoded)),
        revocation=() if context is None else tuple(_revocation(context, report.signatures, encoded=encoded)),
        timestamps=tuple(stamps),
        revisions=() if context is None else revisions(context.structure),
    )


def revisions(structure: Structure) -> tuple[RevisionData, ...]:
    """The revisions of a file: each ends with ``%%EOF`` and an end of line, or where a signature's bytes end."""
    data = memoryview(structure.file.data)
    signed: dict[int, list[int]] = {}
    for number, item in enumerate(structure.signatures, 1):
        if item.signed is not None:
            signed.setdefault(item.signed.end, []).append(number)
    ends = set(signed)
    for found in structure.file.ends:
        eol = next((eol for eol in _EOLS if data[found.end : found.end + len(eol)] == eol), b"")
        if found.xref and not any(found.end <= end <= found.end + 2 for end in signed):  # 0: half a linearised one
            ends.add(found.end + len(eol))
    state, start, result = hashlib.sha256(), 0, []
    for number, end in enumerate(sorted(ends)[:MAX_REVISIONS], 1):
        state.update(data[start:end])
        numbers = tuple(signed.get(end, ()))
        digest = state.copy().hexdigest()
        result.append(
            RevisionData(number=number, start=start, end=end, size=end - start, sha256=digest, signatures=numbers)
        )
        start = end
    return tuple(result)


def _signature(subject: Subject, told: SignatureReport, stamps: list[TimestampData]) -> SignatureData:
    found, message, signed = subject.examined.found, subject.message, subject.examined.signed
    digest = None
    if message is not None and signed is not None and message.digest_algorithm in HASHES:
        digest = subject.context.digest_of(message.digest_algorithm, signed).hex()
    return SignatureData(
        number=subject.number,
        field=told.field,
        kind=told.kind,
        object_number=found.number,
        sub_filter=told.sub_filter,
        byte_range=told.byte_range,
        cms_sha256=None if found.contents is None else _sha256(found.contents.value),
        signed_attributes_sha256=None if message is None else _sha256(message.signed_attributes),
        signature_value=None if message is None else message.signature.hex(),
        digest=digest,
        signer=told.signer.sha256 if told.signer is not None else None,
        chain=tuple(item.sha256 for item in told.chain),
        revocation=tuple(item.sha256 for item in told.revocation if item.sha256 is not None),
        timestamps=tuple(item.sha256 for item in stamps if item.signature == subject.number),
    )


def _certificates(
    context: Context, signatures: tuple[SignatureReport, ...], *, encoded: bool
) -> Iterator[CertificateData]:
    origins: dict[bytes, list[OriginInfo]] = {
        der: [_origin(source) for source in sources] for der, sources in context.inventory.all_certificates.items()
    }
    for kind, der in context.inventory.all_revocation:
        if kind == "ocsp":
            for inner in _responders(der):
                origins.setdefault(inner, []).append(OriginInfo(origin="ocsp", object=_sha256(der)))
    signed, chained = _uses(signatures)
    for anchor in context.chains.trust:
        der = as_found(anchor)
        if _sha256(der) in chained or der in origins:
            origins.setdefault(der, []).append(OriginInfo(origin="trust"))
    for der, found in origins.items():
        name = _sha256(der)
        yield CertificateData(
            sha256=name,
            origins=tuple(found),
            certificate=_read(der, context),
            signs=signed.get(name, ()),
            in_chains_of=chained.get(name, ()),
            encoded=_base64(der, wanted=encoded),
        )


def _uses(
    signatures: tuple[SignatureReport, ...],
) -> tuple[dict[str, tuple[int, ...]], dict[str, tuple[int, ...]]]:
    """Which signatures a certificate made, and in whose chains it stands, by fingerprint."""
    signed: dict[str, tuple[int, ...]] = {}
    chained: dict[str, tuple[int, ...]] = {}
    for number, item in enumerate(signatures, 1):
        if item.signer is not None:
            signed[item.signer.sha256] = (*signed.get(item.signer.sha256, ()), number)
        for each in item.chain:
            chained[each.sha256] = (*chained.get(each.sha256, ()), number)
    return signed, chained


def _read(der: bytes, context: Context) -> CertificateInfo | None:
    try:
        return certificate_info(read_certificate(der), context.chains)
    except ODD_INPUT:
        return None


def _responders(der: bytes) -> Iterable[bytes]:
    """The certificates in an OCSP answer."""
    try:
        basic = ocsp.OCSPResponse.load(der).basic_ocsp_response
        return [as_found(item) for item in basic["certs"] or ()][:16]
    except ODD_INPUT:
        return []


def _revocation(
    context: Context, signatures: tuple[SignatureReport, ...], *, encoded: bool
) -> Iterator[RevocationData]:
    relied: dict[str, tuple[int, ...]] = {}
    for number, item in enumerate(signatures, 1):
        for name in dict.fromkeys(each.sha256 for each in item.revocation if each.sha256 is not None):
            relied[name] = (*relied.get(name, ()), number)
    for (kind, der), sources in context.inventory.all_revocation.items():
        told = _answer(der) if kind == "ocsp" else _list(der)
        name = _sha256(der)
        bare = RevocationData(
            sha256=name,
            kind=kind,
            origins=tuple(_origin(source) for source in sources),
            size=len(der),
            readable=told is not None,
            relied_on_by=relied.get(name, ()),
            encoded=_base64(der, wanted=encoded),
        )
        yield bare if told is None else bare.model_copy(update=told)


def _answer(der: bytes) -> dict[str, object] | None:
    try:
        data = ocsp.OCSPResponse.load(der).response_data
        responder = data["responder_id"]
        singles = list(data["responses"])[:64]
        ends = [single["next_update"].native for single in singles if single["next_update"].native is not None]
        name = shown_name(responder.chosen) if responder.name == "by_name" else responder.chosen.native.hex()
        return {
            "issuer": name,
            "produced_at": _utc(data["produced_at"].native),
            "next_update": _utc(min(ends)) if ends else None,
            "serial_numbers": tuple(f"{single['cert_id']['serial_number'].native:x}" for single in singles),
        }
    except ODD_INPUT:
        return None


def _list(der: bytes) -> dict[str, object] | None:
    try:
        found = CertificateList(der)
        following = found.parsed.next_update_utc
        return {
            "issuer": shown_name(found.issuer),
            "produced_at": found.parsed.last_update_utc,
            "next_update": following,
        }
    except (Rejected, *ODD_INPUT):
        return None


def _timestamps(subject: Subject, *, encoded: bool) -> Iterator[TimestampData]:
    contents = subject.examined.found.contents
    if subject.examined.found.sub_filter == "ETSI.RFC3161":
        if contents is not None:
            yield _timestamp(subject, "document", 1, _unpadded(contents.value), subject.token, encoded=encoded)
    elif subject.message is not None:
        read = [token for token, _ in subject.stamps]
        for number, der in enumerate(subject.message.tokens[:MAX_TOKENS], 1):
            token = read[number - 1] if number <= len(read) else None
            yield _timestamp(subject, "signature", number, der, token, encoded=encoded)


def _timestamp(
    subject: Subject,
    kind: Literal["signature", "document"],
    number: int,
    der: bytes,
    token: Token | None,
    *,
    encoded: bool,
) -> TimestampData:
    bare = TimestampData(
        sha256=_sha256(der), kind=kind, signature=subject.number, number=number, encoded=_base64(der, wanted=encoded)
    )
    if token is None or token.message is None or token.message.content is None:
        return bare
    try:
        stated = tsp.TSTInfo.load(token.message.content)
        imprint = stated["message_imprint"]
        return bare.model_copy(
            update={
                "time": token.time,
                "serial_number": f"{stated['serial_number'].native:x}",
                "policy": str(stated["policy"].dotted),
                "imprint_algorithm": str(imprint["hash_algorithm"]["algorithm"].native),
                "imprint": imprint["hashed_message"].native.hex(),
                "certificate": None if token.certificate is None else token.certificate.sha256.hex(),
            }
        )
    except ODD_INPUT:
        return bare


def _unpadded(contents: bytes) -> bytes:
    """The one element at the start of /Contents."""
    try:
        _, _, _, header, body, trailer = parser.parse(contents, strict=False)
    except ODD_INPUT:
        return contents
    return contents[: len(header) + len(body) + len(trailer)]


def _origin(source: Source) -> OriginInfo:
    return OriginInfo(origin=source.origin, signature=source.signature)


def _base64(der: bytes, *, wanted: bool) -> bytes | None:
    """The octets as the models take them."""
    return b64encode(der) if wanted else None


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)
