"""Certification requests (PKCS #10, RFC 2986): what the dev CA takes from one, which is the public key and no more."""

from typing import TypeGuard

from asn1crypto import pem
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from esign.ca.dev.profiles import PublicKey
from esign.errors import RequestInvalid
from esign.x509.keys import KeyAlgorithm

LARGEST = 64 * 1024
"""Bytes of a request."""

_HASHES = (hashes.SHA256, hashes.SHA384, hashes.SHA512)
_CURVES = (ec.SECP256R1, ec.SECP384R1)
_KINDS = ", ".join(KeyAlgorithm)


def public_key(csr: bytes) -> PublicKey:
    """The public key of a request (DER or PEM), of a kind that is certified; whoever made the request has its key.

    Raises `RequestInvalid`.
    """
    try:
        if len(csr) > LARGEST:
            raise _refused(f"must have at most {LARGEST} bytes")
        request = x509.load_der_x509_csr(pem.unarmor(csr)[2] if pem.detect(csr) else csr)
        key = request.public_key()
        if not _is_certified(key):
            raise _refused(f"must hold a key of one of these kinds: {_KINDS}")
        if not isinstance(request.signature_hash_algorithm, _HASHES):
            raise _refused("must be signed with SHA-256, SHA-384 or SHA-512")
        if not request.is_signature_valid:
            raise _refused("is not signed with its own key")
    except (ValueError, TypeError, UnsupportedAlgorithm, InvalidSignature) as error:
        raise _refused("is not a certification request (PKCS #10)") from error
    return key


def _is_certified(key: object) -> TypeGuard[PublicKey]:
    match key:
        case rsa.RSAPublicKey():
            return f"rsa-{key.key_size}" in set(KeyAlgorithm) and key.public_numbers().e >= 65537
        case ec.EllipticCurvePublicKey():
            return isinstance(key.curve, _CURVES)
        case _:
            return False


def _refused(reason: str) -> RequestInvalid:
    return RequestInvalid(field="csr", reason=reason)
