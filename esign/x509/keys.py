"""Private keys: making them, keeping them under a passphrase, signing digests with them."""

import hashlib
import os
from enum import StrEnum

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from esign.errors import WrongPassphrase
from esign.x509 import der

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

SCRYPT_COST = 2**14
"""N of RFC 7914: with r = 8 and p = 2 about 100 ms a passphrase, within the memory that ``openssl pkey`` allows."""
SCRYPT_BLOCK_SIZE = 8
SCRYPT_PARALLELIZATION = 2

DIGESTS: dict[str, hashes.HashAlgorithm] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
"""What may be signed, by asn1crypto's names."""

_PKCS1_V15 = padding.PKCS1v15()
_PREHASHED = {name: Prehashed(algorithm) for name, algorithm in DIGESTS.items()}
_ECDSA = {name: ec.ECDSA(prehashed) for name, prehashed in _PREHASHED.items()}


class KeyAlgorithm(StrEnum):
    """The kinds of key that are made."""

    RSA_2048 = "rsa-2048"
    RSA_3072 = "rsa-3072"
    RSA_4096 = "rsa-4096"
    P256 = "p256"
    P384 = "p384"


def generate(algorithm: KeyAlgorithm) -> PrivateKey:
    """A new key from the system's randomness. RSA-4096 may take seconds."""
    match algorithm:
        case KeyAlgorithm.P256:
            return ec.generate_private_key(ec.SECP256R1())
        case KeyAlgorithm.P384:
            return ec.generate_private_key(ec.SECP384R1())
        case KeyAlgorithm.RSA_2048 | KeyAlgorithm.RSA_3072 | KeyAlgorithm.RSA_4096:
            return rsa.generate_private_key(public_exponent=65537, key_size=int(algorithm.removeprefix("rsa-")))


def sign_digest(key: PrivateKey, digest: bytes, digest_algorithm: str) -> bytes:
    """The signature value over a digest: PKCS #1 v1.5 for RSA, DER ECDSA-Sig-Value for EC (RFC 3279, 2.2.3).

    ``digest_algorithm`` is one of `DIGESTS`. Raises ValueError for another one, or for a digest of another length.
    """
    if digest_algorithm not in DIGESTS:
        raise ValueError(f"{digest_algorithm} digests are not signed")
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(digest, _PKCS1_V15, _PREHASHED[digest_algorithm])
    return key.sign(digest, _ECDSA[digest_algorithm])


def signature_algorithm(key: PrivateKey, digest_algorithm: str) -> bytes:
    """The AlgorithmIdentifier of what `sign_digest` makes (RFC 4055, section 5; RFC 5758, 3.2)."""
    size = {"sha256": 2, "sha384": 3, "sha512": 4}[digest_algorithm]
    if isinstance(key, rsa.RSAPrivateKey):
        return der.sequence(der.oid(f"1.2.840.113549.1.1.{9 + size}"), der.NULL)
    return der.sequence(der.oid(f"1.2.840.10045.4.3.{size}"))


def public_key_info(key: PrivateKey) -> bytes:
    """The SubjectPublicKeyInfo (DER) of a private key."""
    return key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def encode(key: PrivateKey) -> bytes:
    """The key as unencrypted PKCS #8, PEM."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def decode(pem: bytes) -> PrivateKey:
    """The key in unencrypted PKCS #8, PEM, that `encode` wrote.

    The primes are not tested anew (that costs more than fifty signatures): use it only for files that
    nobody else can write. Raises ValueError for what is no such key.
    """
    return _private_key(serialization.load_pem_private_key(pem, None, unsafe_skip_rsa_key_validation=True))


def decode_der(plain: bytes) -> PrivateKey:
    """The key in unencrypted PKCS #8, DER, the primes not tested either: only for what nobody else can have written."""
    return _private_key(serialization.load_der_private_key(plain, None, unsafe_skip_rsa_key_validation=True))


def encrypt(key: PrivateKey, passphrase: bytes) -> bytes:
    """The key as EncryptedPrivateKeyInfo (DER; RFC 5958): PBES2 with scrypt (RFC 7914) and AES-256-CBC."""
    salt, vector = os.urandom(16), os.urandom(16)
    secret = hashlib.scrypt(
        passphrase,
        salt=salt,
        n=SCRYPT_COST,
        r=SCRYPT_BLOCK_SIZE,
        p=SCRYPT_PARALLELIZATION,
        maxmem=64 * 1024 * 1024,
        dklen=32,
    )
    plain = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    padder, cipher = PKCS7(128).padder(), Cipher(algorithms.AES(secret), modes.CBC(vector)).encryptor()
    sealed = cipher.update(padder.update(plain) + padder.finalize()) + cipher.finalize()
    derivation = der.sequence(
        der.oid("1.3.6.1.4.1.11591.4.11"),
        der.sequence(
            der.octet_string(salt),
            der.integer(SCRYPT_COST),
            der.integer(SCRYPT_BLOCK_SIZE),
            der.integer(SCRYPT_PARALLELIZATION),
            der.integer(32),
        ),
    )
    encryption = der.sequence(der.oid("2.16.840.1.101.3.4.1.42"), der.octet_string(vector))
    pbes2 = der.sequence(der.oid("1.2.840.113549.1.5.13"), der.sequence(derivation, encryption))
    return der.sequence(pbes2, der.octet_string(sealed))


def decrypt(sealed: bytes, passphrase: bytes, public_key: bytes) -> PrivateKey:
    """The key that `encrypt` put away.

    ``public_key`` is the SubjectPublicKeyInfo that it must have: with it a wrong passphrase whose
    padding happens to fit is told from a right one, and the primes need no new test.
    Raises `WrongPassphrase`.
    """
    try:
        key = _private_key(serialization.load_der_private_key(sealed, passphrase, unsafe_skip_rsa_key_validation=True))
        fits = public_key_info(key) == public_key
    except (ValueError, TypeError):
        fits = False
    if not fits:
        raise WrongPassphrase
    return key


def _private_key(key: object) -> PrivateKey:
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise TypeError("neither an RSA nor an EC key")
    return key
