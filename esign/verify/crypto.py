"""Signature values: does this key vouch for these bytes? (RFC 8017, RFC 5480, RFC 8419)."""

import hashlib
from typing import Literal, cast

from asn1crypto import algos, keys
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

HASHES: dict[str, hashes.HashAlgorithm] = {
    "md5": hashes.MD5(),  # noqa: S303 (told as weak by the policy; the value is still checked)
    "sha1": hashes.SHA1(),  # noqa: S303
    "sha224": hashes.SHA224(),
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
    "sha512_224": hashes.SHA512_224(),
    "sha512_256": hashes.SHA512_256(),
    "sha3_224": hashes.SHA3_224(),
    "sha3_256": hashes.SHA3_256(),
    "sha3_384": hashes.SHA3_384(),
    "sha3_512": hashes.SHA3_512(),
}
"""By asn1crypto's names."""

Outcome = Literal["good", "bad", "unsupported"]


class UnknownAlgorithmError(ValueError):
    """An algorithm that we don't know."""


def digest(name: str, *parts: bytes | memoryview) -> bytes:
    """The digest of the parts in order. Raises `UnknownAlgorithmError`."""
    if name not in HASHES:
        raise UnknownAlgorithmError(f"the digest algorithm {name} is not known")
    hasher = hashlib.new(name.replace("sha512_", "sha512-"), usedforsecurity=False)
    for part in parts:
        hasher.update(part)
    return hasher.digest()


def check_signature(
    public_key: keys.PublicKeyInfo,
    algorithm: algos.SignedDigestAlgorithm,
    signed: bytes,
    value: bytes,
    digest_algorithm: str | None = None,
) -> Outcome:
    """Whether ``value`` is the signature of ``signed`` by that key.

    ``digest_algorithm`` serves where the signature algorithm names none (plain rsaEncryption in CMS); where
    both name one and differ, the answer is ``bad``.
    """
    try:
        return _check(public_key, algorithm, signed, value, digest_algorithm)
    except InvalidSignature:
        return "bad"
    except (UnsupportedAlgorithm, UnknownAlgorithmError):
        return "unsupported"
    except (ValueError, TypeError, KeyError, OverflowError):
        return "bad"


def _check(
    public_key: keys.PublicKeyInfo,
    algorithm: algos.SignedDigestAlgorithm,
    signed: bytes,
    value: bytes,
    digest_algorithm: str | None,
) -> Outcome:
    kind = _kind(algorithm)
    key = load_der_public_key(public_key.dump())
    if isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
        if kind != public_key.algorithm:
            return "bad"
        key.verify(value, signed)
        return "good"
    named = _digest_named(algorithm)
    if named is not None and digest_algorithm is not None and named != digest_algorithm and kind != "rsassa_pss":
        return "bad"
    name = named or digest_algorithm
    if name is None or name not in HASHES:
        return "unsupported"
    if isinstance(key, rsa.RSAPublicKey) and kind in ("rsassa_pkcs1v15", "rsassa_pss"):
        if kind == "rsassa_pss":
            return _check_pss(key, algorithm, signed, value)
        key.verify(value, signed, padding.PKCS1v15(), HASHES[name])
        return "good"
    if isinstance(key, ec.EllipticCurvePublicKey) and kind == "ecdsa":
        key.verify(value, signed, ec.ECDSA(HASHES[name]))
        return "good"
    if isinstance(key, dsa.DSAPublicKey) and kind == "dsa":
        key.verify(value, signed, HASHES[name])
        return "good"
    return "bad"


def _kind(algorithm: algos.SignedDigestAlgorithm) -> str:
    name = str(algorithm["algorithm"].native)
    if name in ("ecdsa", "rsassa_pkcs1v15", "dsa"):
        return name
    try:
        return str(algorithm.signature_algo)
    except ValueError as error:
        raise UnknownAlgorithmError(name) from error


def _digest_named(algorithm: algos.SignedDigestAlgorithm) -> str | None:
    try:
        return str(algorithm.hash_algo)
    except ValueError:
        return None


def _check_pss(key: rsa.RSAPublicKey, algorithm: algos.SignedDigestAlgorithm, signed: bytes, value: bytes) -> Outcome:
    parameters = algorithm["parameters"]
    content_hash = str(parameters["hash_algorithm"]["algorithm"].native)
    generator = parameters["mask_gen_algorithm"]
    mask_hash = str(generator["parameters"]["algorithm"].native)
    salt = cast("int", parameters["salt_length"].native)
    if generator["algorithm"].native != "mgf1" or content_hash not in HASHES or mask_hash not in HASHES:
        return "unsupported"
    if parameters["trailer_field"].native not in (1, "trailer_field_bc"):
        return "unsupported"
    scheme = padding.PSS(padding.MGF1(HASHES[mask_hash]), salt)
    key.verify(value, signed, scheme, HASHES[content_hash])
    return "good"


def signature_algorithm_name(algorithm: algos.SignedDigestAlgorithm) -> str:
    """Kind of signature, as policies name it: ``rsassa_pkcs1v15``, ``rsassa_pss``, ``ecdsa``, ``dsa``, ``ed25519``."""
    try:
        return _kind(algorithm)
    except UnknownAlgorithmError:
        return str(algorithm["algorithm"].native)
