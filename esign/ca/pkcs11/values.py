"""Signature values as CMS wants them, out of what CKM_RSA_PKCS and CKM_ECDSA give (PKCS #11 2.40)."""

from asn1crypto import keys
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature

from esign.x509 import der
from esign.x509.keys import DIGESTS


def to_be_signed(key: keys.PublicKeyInfo, digest: bytes, digest_algorithm: str) -> bytes:
    """What the token is handed: a DigestInfo for RSA (RFC 8017, 9.2), for EC the digest, cut to the curve's size.

    Raises ValueError for a digest that isn't SHA-256, SHA-384 or SHA-512, or has another length.
    """
    known = DIGESTS.get(digest_algorithm)
    if known is None or len(digest) != known.digest_size:
        raise ValueError(f"{len(digest)} octets of {digest_algorithm} are not signed")
    if key.algorithm == "ec":
        return digest[: (int(key.bit_size) + 7) // 8]  # FIPS 186-5, 6.4.1: the leftmost bits
    return der.sequence(_with_null(digest_algorithm), der.octet_string(digest))


def value(key: keys.PublicKeyInfo, made: bytes) -> bytes:
    """The signature value: as it is for RSA, for EC r and s as ECDSA-Sig-Value (RFC 3279, 2.2.3)."""
    if key.algorithm != "ec":
        return made
    half = len(made) // 2
    return encode_dss_signature(int.from_bytes(made[:half], "big"), int.from_bytes(made[half:], "big"))


def is_by(key: keys.PublicKeyInfo, signature: bytes, digest: bytes, digest_algorithm: str) -> bool:
    """Whether the signature value over a digest was made with that key."""
    public = serialization.load_der_public_key(key.dump())
    prehashed = Prehashed(DIGESTS[digest_algorithm])
    try:
        if isinstance(public, rsa.RSAPublicKey):
            public.verify(signature, digest, padding.PKCS1v15(), prehashed)
        elif isinstance(public, ec.EllipticCurvePublicKey):
            public.verify(signature, digest, ec.ECDSA(prehashed))
        else:
            return False
    except InvalidSignature:
        return False
    return True


def _with_null(digest_algorithm: str) -> bytes:
    """The AlgorithmIdentifier of a DigestInfo, whose NULL must be there (RFC 8017, A.2.4)."""
    number = {"sha256": 1, "sha384": 2, "sha512": 3}[digest_algorithm]
    return der.sequence(der.oid(f"2.16.840.1.101.3.4.2.{number}"), der.NULL)
