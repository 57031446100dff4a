"""Signature values of documents and time-stamps, asked for by key and not by certificate."""

import hashlib
from typing import Literal

from asn1crypto import algos, keys

from esign.x509 import signatures
from esign.x509.rejection import NotSupported, Rejected

HASHES = signatures.HASHES
"""Digest algorithms that can be checked, by asn1crypto's names."""

_SHAKE256 = ("shake256", "shake256_len")
"""The digest under Ed448, of 512 bits (RFC 8419, 2.3; ISO/TS 32001)."""
_EXTENDABLE = type(hashlib.shake_256())

Outcome = Literal["good", "bad", "unsupported"]


class UnknownAlgorithmError(ValueError):
    """An algorithm that we don't know."""


def digest(name: str, *parts: bytes | memoryview) -> bytes:
    """The digest of the parts in order. Raises `UnknownAlgorithmError`."""
    hasher = state(name)
    for part in parts:
        hasher.update(part)
    return digest_of_state(hasher)


def state(name: str) -> "hashlib._Hash":
    """What takes in bytes and becomes a digest by that algorithm. Raises `UnknownAlgorithmError`."""
    if name in _SHAKE256:
        return hashlib.shake_256()
    if name not in HASHES:
        raise UnknownAlgorithmError(f"the digest algorithm {name} is not known")
    return hashlib.new(name.replace("sha512_", "sha512-"), usedforsecurity=False)


def digest_of_state(taken_in: "hashlib._Hash") -> bytes:
    """The digest of what a `state` took in."""
    return taken_in.digest(64) if isinstance(taken_in, _EXTENDABLE) else taken_in.digest()


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
        signatures.verify_with_key(public_key, algorithm, value, signed, digest_algorithm)
    except NotSupported:
        return "unsupported"
    except Rejected:
        return "bad"
    return "good"


def signature_algorithm_name(algorithm: algos.SignedDigestAlgorithm) -> str:
    """Kind of signature, as policies name it: ``rsassa_pkcs1v15``, ``rsassa_pss``, ``ecdsa``, ``dsa``, ``ed25519``."""
    try:
        return signatures.kind_and_digest(algorithm)[0]
    except NotSupported:
        return str(algorithm["algorithm"].native)
