"""Which algorithm a provider is asked for, and whether what it answers is a signature."""

from dataclasses import dataclass

from asn1crypto import x509
from asn1crypto.algos import DSASignature
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from esign.x509.der import DIGEST_OIDS
from esign.x509.keys import DIGESTS
from esign.x509.rejection import UNREADABLE, Rejected

_RSA, _EC = "1.2.840.113549.1.1.1", "1.2.840.10045.2.1"
"""Keys named instead of an algorithm: the digest is then told beside it (v1, 11.9)."""
_WITH_RSA = {
    "sha256": "1.2.840.113549.1.1.11",
    "sha384": "1.2.840.113549.1.1.12",
    "sha512": "1.2.840.113549.1.1.13",
}
_WITH_EC = {
    "sha256": "1.2.840.10045.4.3.2",
    "sha384": "1.2.840.10045.4.3.3",
    "sha512": "1.2.840.10045.4.3.4",
}

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey


@dataclass(frozen=True)
class SignatureAlgorithm:
    """An algorithm as the API names it."""

    oid: str
    digest_oid: str


def public_key(certificate: x509.Certificate) -> PublicKey:
    """The key of a certificate. Raises `Rejected` where it is neither RSA nor EC."""
    try:
        key = serialization.load_der_public_key(certificate.public_key.dump())
    except (UnsupportedAlgorithm, *UNREADABLE) as error:
        raise Rejected("the key of its certificate can't be read") from error
    if not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        raise Rejected("the key of its certificate is neither RSA nor EC")
    return key


def choose(key: PublicKey, offered: tuple[str, ...], digest_algorithm: str) -> SignatureAlgorithm:
    """PKCS #1 v1.5 or ECDSA with that digest, as the credential offers it. Raises `Rejected` where it does not."""
    own, plain = (_WITH_RSA, _RSA) if isinstance(key, rsa.RSAPublicKey) else (_WITH_EC, _EC)
    named = own[digest_algorithm]
    for oid in (named, plain):
        if oid in offered or not offered:
            return SignatureAlgorithm(oid, DIGEST_OIDS[digest_algorithm])
    raise Rejected(f"the credential signs no {digest_algorithm} digests with PKCS #1 v1.5 or ECDSA")


def checked(key: PublicKey, digest: bytes, digest_algorithm: str, value: bytes) -> bytes:
    """The signature value, which is right for that digest: for EC as DER, also where it came as r and s side by side.

    Raises `Rejected`.
    """
    prehashed = Prehashed(DIGESTS[digest_algorithm])
    if isinstance(key, rsa.RSAPublicKey):
        try:
            key.verify(value, digest, padding.PKCS1v15(), prehashed)
        except InvalidSignature:
            raise Rejected("a signature is wrong for the digest that was sent") from None
        return value
    for candidate in (value, *_side_by_side(value, (key.key_size + 7) // 8)):
        try:
            key.verify(candidate, digest, ec.ECDSA(prehashed))
        except InvalidSignature:
            continue
        return candidate
    raise Rejected("a signature is wrong for the digest that was sent")


def _side_by_side(value: bytes, octets: int) -> tuple[bytes, ...]:
    """The ECDSA-Sig-Value of r and s written one after the other (IEEE P1363); nothing for another length."""
    if len(value) != 2 * octets:
        return ()
    numbers = {"r": int.from_bytes(value[:octets], "big"), "s": int.from_bytes(value[octets:], "big")}
    return (DSASignature(numbers).dump(),)
