"""Time-stamp requests, and what a time-stamp is worth (RFC 3161, RFC 5816)."""

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from asn1crypto import cms, core, tsp, x509

from esign.x509 import der, signatures
from esign.x509.encoding import as_found
from esign.x509.rejection import UNREADABLE, Rejected

LARGEST_RESPONSE = 256 * 1024
MOST_CERTIFICATES = 16


@dataclass(frozen=True)
class Timestamp:
    """What a TimeStampToken says, its signature checked, the chain of its signer not."""

    time: datetime
    """genTime."""
    accuracy: timedelta | None
    """How far ``time`` may be off, either way; None where that is not said."""
    policy: str
    serial: int
    imprint_algorithm: str
    imprint: bytes
    nonce: int | None
    digest_algorithm: str
    """The digest under the token's signature."""
    signer: x509.Certificate
    certificates: tuple[x509.Certificate, ...]
    """What else the token holds: perhaps the signer's issuers."""


class _TimeStampResp(core.Sequence):  # type: ignore[misc]
    """RFC 3161, 2.4.2; asn1crypto's own has no optional token, so it can't read refusals."""

    _fields: ClassVar = [("status", tsp.PKIStatusInfo), ("time_stamp_token", cms.ContentInfo, {"optional": True})]


def new_nonce() -> int:
    """A positive random number of 64 bits."""
    return secrets.randbits(63) | 1 << 63


def request(
    digest: bytes,
    digest_algorithm: str,
    *,
    nonce: int | None = None,
    policy: str | None = None,
    with_certificates: bool = True,
) -> bytes:
    """A TimeStampReq (DER)."""
    return der.sequence(
        der.integer(1),
        der.sequence(der.digest_algorithm(digest_algorithm), der.octet_string(digest)),
        b"" if policy is None else der.oid(policy),
        b"" if nonce is None else der.integer(nonce),
        # DEFAULT FALSE is left out (X.690, 11.5).
        der.boolean(with_certificates) if with_certificates else b"",
    )


def token_of(response: bytes) -> bytes:
    """The TimeStampToken (DER) of a TimeStampResp. Raises `Rejected` for a refusal, with what the TSA says."""
    if len(response) > LARGEST_RESPONSE:
        raise Rejected("the time-stamp response is too large")
    try:
        parsed = _TimeStampResp.load(response, strict=True)
        status = parsed["status"]["status"].native
        if status not in {"granted", "granted_with_mods"}:
            failure = parsed["status"]["fail_info"].native
            names = ", ".join(sorted(failure)) if failure else "no reason given"
            raise Rejected(f"the time-stamp authority refuses ({status}: {names})")
        token: bytes = as_found(parsed["time_stamp_token"])
    except UNREADABLE as error:
        raise Rejected("the time-stamp response is malformed") from error
    if not token:
        raise Rejected("the time-stamp response holds no time-stamp")
    return token


def check(
    token: bytes,
    digest: bytes | None = None,
    *,
    nonce: int | None = None,
    known: Iterable[x509.Certificate] = (),
) -> Timestamp:
    """What a TimeStampToken (DER ContentInfo) says.

    Checked: one SignerInfo over a TSTInfo, its signed attributes, the signature, the signing-certificate attribute,
    that the certificate is for time-stamping only (critical, RFC 3161, 2.3) and was valid at genTime; the imprint,
    where ``digest`` is given; the nonce, where ``nonce`` is. ``known`` are certificates that the token may leave
    out. Not checked: the chain and revocation of the signer, and the strength of algorithms. Raises `Rejected`.
    """
    if len(token) > LARGEST_RESPONSE:
        raise Rejected("the time-stamp is too large")
    try:
        timestamp = _check(cms.ContentInfo.load(token, strict=True), known)
    except UNREADABLE as error:
        raise Rejected("the time-stamp is malformed") from error
    if digest is not None and timestamp.imprint != digest:
        raise Rejected("the time-stamp is for something else: its imprint differs")
    if nonce is not None and timestamp.nonce != nonce:
        raise Rejected("the time-stamp answers another request: its nonce differs")
    return timestamp


def _check(content: cms.ContentInfo, known: Iterable[x509.Certificate]) -> Timestamp:
    if content["content_type"].native != "signed_data":
        raise Rejected("the time-stamp is not signed data")
    signed = content["content"]
    encapsulated = signed["encap_content_info"]
    if encapsulated["content_type"].native != "tst_info" or len(signed["signer_infos"]) != 1:
        raise Rejected("the time-stamp is not one signature over a TSTInfo")
    encoded: bytes = encapsulated["content"].contents
    info = encapsulated["content"].parsed
    if not isinstance(info, tsp.TSTInfo) or info["version"].native != "v1":
        raise Rejected("the time-stamp is not one signature over a TSTInfo")
    signer_info = signed["signer_infos"][0]
    included = [choice.chosen for choice in signed["certificates"] if choice.name == "certificate"]
    if len(included) > MOST_CERTIFICATES:
        raise Rejected("the time-stamp holds too many certificates")
    # Taken before anything in it is looked at: asn1crypto may write anew what it has read.
    to_be_signed = der.tlv(0x31, signer_info["signed_attrs"].contents or b"")
    signer = _signer(signer_info["sid"], [*included, *known])
    attributes = _signed_attributes(signer_info)
    digest_algorithm = signer_info["digest_algorithm"]["algorithm"].native
    if attributes.get("content_type") != ["tst_info"]:
        raise Rejected("the time-stamp's content type differs")
    if attributes.get("message_digest") != [hashlib.new(digest_algorithm, encoded).digest()]:
        raise Rejected("the time-stamp's message digest differs")
    _check_signing_certificate(signer_info, signer)
    signatures.verify(
        signer,
        signer_info["signature_algorithm"],
        signer_info["signature"].native,
        to_be_signed,
        digest_algorithm,
    )
    time: datetime = info["gen_time"].native
    check_purpose(signer, time)
    imprint = info["message_imprint"]
    return Timestamp(
        time=time,
        accuracy=_accuracy(info["accuracy"]),
        policy=info["policy"].dotted,
        serial=info["serial_number"].native,
        imprint_algorithm=imprint["hash_algorithm"]["algorithm"].native,
        imprint=imprint["hashed_message"].native,
        nonce=info["nonce"].native,
        digest_algorithm=digest_algorithm,
        signer=signer,
        certificates=tuple(certificate for certificate in included if certificate is not signer),
    )


def _signer(identifier: cms.SignerIdentifier, candidates: list[x509.Certificate]) -> x509.Certificate:
    by_key = identifier.name == "subject_key_identifier"
    for candidate in candidates:
        if by_key:
            if candidate.key_identifier == identifier.native:
                return candidate
        elif candidate.serial_number == identifier.chosen["serial_number"].native:
            named = identifier.chosen["issuer"]
            if candidate.issuer.dump() == named.dump() or candidate.issuer == named:
                return candidate
    raise Rejected("the certificate of the time-stamp's signer is not at hand")


def _signed_attributes(signer_info: cms.SignerInfo) -> dict[str, list[object]]:
    attributes: dict[str, list[object]] = {}
    for attribute in signer_info["signed_attrs"]:
        name = attribute["type"].native
        if name in attributes:
            raise Rejected("the time-stamp has a signed attribute twice")
        attributes[name] = attribute["values"].native if name in {"content_type", "message_digest"} else []
    return attributes


def _check_signing_certificate(signer_info: cms.SignerInfo, signer: x509.Certificate) -> None:
    """RFC 3161, 2.4.2, and RFC 5816: the token says which certificate is its signer's."""
    encoded = as_found(signer)
    for attribute in signer_info["signed_attrs"]:
        kind = attribute["type"].native
        if kind == "signing_certificate_v2":
            first = attribute["values"][0]["certs"][0]
            algorithm, digest = first["hash_algorithm"]["algorithm"].native, first["cert_hash"].native
        elif kind == "signing_certificate":
            algorithm, digest = "sha1", attribute["values"][0]["certs"][0]["cert_hash"].native
        else:
            continue
        if hashlib.new(algorithm, encoded).digest() != digest:
            raise Rejected("the time-stamp was signed with another certificate than it names")
        return
    raise Rejected("the time-stamp does not name its signer's certificate")


def check_purpose(signer: x509.Certificate, at: datetime) -> None:
    """Checks that a certificate is for time-stamping alone, and was valid. Raises `Rejected`."""
    purposes = signer.extended_key_usage_value
    critical = "extended_key_usage" in signer.critical_extensions
    if purposes is None or purposes.native != ["time_stamping"] or not critical:
        raise Rejected("the signer's certificate is not for time-stamps alone")
    if not signer.not_valid_before <= at <= signer.not_valid_after:
        raise Rejected("the signer's certificate was not valid at the time of the time-stamp")


def _accuracy(accuracy: tsp.Accuracy) -> timedelta | None:
    fields = accuracy.native
    if fields is None:
        return None
    return timedelta(
        seconds=fields["seconds"] or 0, milliseconds=fields["millis"] or 0, microseconds=fields["micros"] or 0
    )
