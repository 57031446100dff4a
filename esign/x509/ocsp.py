"""OCSP requests, and what an OCSP answer is worth (RFC 6960)."""

import hashlib
import secrets
from datetime import datetime

from asn1crypto import ocsp as asn1_ocsp
from asn1crypto import x509
from cryptography import x509 as pyca
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from esign.x509 import der, signatures
from esign.x509.encoding import as_found, read_certificate
from esign.x509.rejection import UNREADABLE, Rejected
from esign.x509.revocation import RevocationAnswer, RevocationReason, RevocationState

LARGEST_RESPONSE = 256 * 1024
MOST_ANSWERS = 64
MOST_CERTIFICATES = 16
"""In one response: what is larger is not looked at."""

NONCE_LENGTH = 32
"""RFC 9654, 2.1."""

_NONCE_OID = der.oid("1.3.6.1.5.5.7.48.1.2")
_STATES = {
    ocsp.OCSPCertStatus.GOOD: RevocationState.GOOD,
    ocsp.OCSPCertStatus.REVOKED: RevocationState.REVOKED,
    ocsp.OCSPCertStatus.UNKNOWN: RevocationState.UNKNOWN,
}


def new_nonce() -> bytes:
    """Random octets for a request."""
    return secrets.token_bytes(NONCE_LENGTH)


def request(
    certificate: x509.Certificate,
    issuer: x509.Certificate,
    *,
    nonce: bytes | None = None,
    digest_algorithm: str = "sha256",
) -> bytes:
    """An OCSPRequest (DER) for one certificate.

    Responders that know CertIDs by SHA-1 only (RFC 5019) need ``digest_algorithm="sha1"``: it identifies, and
    protects nothing.
    """
    single = der.sequence(certificate_id(certificate, issuer, digest_algorithm))
    extensions = b""
    if nonce is not None:
        extension = der.sequence(_NONCE_OID, der.octet_string(der.octet_string(nonce)))
        extensions = der.explicit(2, der.sequence(extension))
    return der.sequence(der.sequence(der.sequence(single), extensions))


def certificate_id(certificate: x509.Certificate, issuer: x509.Certificate, digest_algorithm: str) -> bytes:
    """The CertID (DER) of a certificate (RFC 6960, 4.1.1)."""
    return der.sequence(
        der.digest_algorithm(digest_algorithm),
        der.octet_string(hashlib.new(digest_algorithm, certificate.issuer.dump()).digest()),
        der.octet_string(key_hash(issuer, digest_algorithm)),
        der.integer(certificate.serial_number),
    )


def key_hash(certificate: x509.Certificate, digest_algorithm: str) -> bytes:
    """The digest of a certificate's public key without tag, length and unused bits (RFC 6960, 4.1.1)."""
    bits = certificate["tbs_certificate"]["subject_public_key_info"]["public_key"]
    return hashlib.new(digest_algorithm, bits.contents[1:]).digest()


def check(
    response: bytes, certificate: x509.Certificate, issuer: x509.Certificate, *, nonce: bytes | None = None
) -> RevocationAnswer:
    """What an OCSPResponse (DER) says of a certificate.

    Checked: success; an answer for this certificate; the signature by ``issuer`` itself or by a responder that
    ``issuer`` certified for OCSP and whose certificate was valid when the answer was made; and, where ``nonce`` is
    given and the answer has one, that they are equal (a responder may leave it out, RFC 9654, 2.1).
    Not checked: freshness (`RevocationAnswer.is_fresh`), the strength of algorithms, and ``issuer`` itself.
    Raises `Rejected`.
    """
    if len(response) > LARGEST_RESPONSE:
        raise Rejected("the OCSP response is too large")
    try:
        return _check(ocsp.load_der_ocsp_response(response), response, certificate, issuer, nonce)
    except UNREADABLE as error:
        raise Rejected("the OCSP response is malformed") from error


def _check(
    parsed: ocsp.OCSPResponse,
    encoded: bytes,
    certificate: x509.Certificate,
    issuer: x509.Certificate,
    nonce: bytes | None,
) -> RevocationAnswer:
    if parsed.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        raise Rejected(f"the OCSP responder answers {parsed.response_status.name.lower()}")
    answer = _answer_for(parsed, certificate, issuer)
    signer = _signer(parsed, issuer)
    digest_algorithm = _verify(encoded, signer)
    if nonce is not None:
        try:
            echoed = parsed.extensions.get_extension_for_class(pyca.OCSPNonce).value.nonce
        except pyca.ExtensionNotFound:
            echoed = None
        if echoed not in {None, nonce}:
            raise Rejected("the OCSP response answers another request: its nonce differs")
    state = _STATES[answer.certificate_status]
    reason = answer.revocation_reason
    return RevocationAnswer(
        state=state,
        this_update=answer.this_update_utc,
        next_update=answer.next_update_utc,
        produced_at=parsed.produced_at_utc,
        revoked_at=answer.revocation_time_utc,
        reason=None if reason is None else RevocationReason(reason.value),
        digest_algorithm=digest_algorithm,
        signer=signer,
    )


def _answer_for(
    parsed: ocsp.OCSPResponse, certificate: x509.Certificate, issuer: x509.Certificate
) -> ocsp.OCSPSingleResponse:
    found: ocsp.OCSPSingleResponse | None = None
    for count, answer in enumerate(parsed.responses):
        if count >= MOST_ANSWERS:
            raise Rejected("the OCSP response holds too many answers")
        if answer.serial_number != certificate.serial_number:
            continue
        algorithm = answer.hash_algorithm.name
        name_hash = hashlib.new(algorithm, certificate.issuer.dump()).digest()
        if (answer.issuer_name_hash, answer.issuer_key_hash) != (name_hash, key_hash(issuer, algorithm)):
            continue
        if found is None or answer.this_update_utc > found.this_update_utc:
            found = answer
    if found is None:
        raise Rejected("the OCSP response is for another certificate")
    return found


def _signer(parsed: ocsp.OCSPResponse, issuer: x509.Certificate) -> x509.Certificate:
    """The certificate whose key must have signed: the issuer's, or that of its delegated responder."""
    if _is_responder(parsed, issuer):
        return issuer
    pyca_issuer = pyca.load_der_x509_certificate(issuer.dump())
    included = parsed.certificates
    if len(included) > MOST_CERTIFICATES:
        raise Rejected("the OCSP response holds too many certificates")
    reason = "the OCSP response names a responder whose certificate is not in it"
    for responder in included:
        candidate = read_certificate(responder.public_bytes(serialization.Encoding.DER))
        if not _is_responder(parsed, candidate):
            continue
        refusal = _not_delegated(responder, pyca_issuer, parsed.produced_at_utc)
        if refusal is None:
            return candidate
        reason = refusal
    raise Rejected(reason)


def _is_responder(parsed: ocsp.OCSPResponse, certificate: x509.Certificate) -> bool:
    if parsed.responder_name is not None:
        return bool(parsed.responder_name.public_bytes() == certificate.subject.dump())
    return parsed.responder_key_hash == key_hash(certificate, "sha1")


def _not_delegated(responder: pyca.Certificate, issuer: pyca.Certificate, at: datetime) -> str | None:
    """Why the issuer did not authorise the responder (RFC 6960, 4.2.2.2); None if it did."""
    try:
        responder.verify_directly_issued_by(issuer)
    except (InvalidSignature, *UNREADABLE):
        return "the OCSP responder's certificate is not from the issuer of the certificate"
    try:
        purposes = responder.extensions.get_extension_for_class(pyca.ExtendedKeyUsage).value
    except pyca.ExtensionNotFound:
        return "the OCSP responder's certificate is not for signing OCSP answers"
    if ExtendedKeyUsageOID.OCSP_SIGNING not in purposes:
        return "the OCSP responder's certificate is not for signing OCSP answers"
    if not responder.not_valid_before_utc <= at <= responder.not_valid_after_utc:
        return "the OCSP responder's certificate was not valid when the answer was made"
    return None


def _verify(encoded: bytes, signer: x509.Certificate) -> str:
    basic = asn1_ocsp.OCSPResponse.load(encoded).basic_ocsp_response
    return signatures.verify(
        signer,
        basic["signature_algorithm"],
        signatures.octets(basic["signature"]),
        as_found(basic["tbs_response_data"]),
    )
