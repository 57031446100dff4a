"""Whether a signature value is right for a key."""

import hashlib

from asn1crypto import algos, core, x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from esign.x509.rejection import UNREADABLE, Rejected

_DIGESTS: dict[str, hashes.HashAlgorithm] = {
    "md5": hashes.MD5(),  # noqa: S303
    "sha1": hashes.SHA1(),  # noqa: S303
    "sha224": hashes.SHA224(),
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
    "sha3_256": hashes.SHA3_256(),
    "sha3_384": hashes.SHA3_384(),
    "sha3_512": hashes.SHA3_512(),
}
"""What can be checked. What is strong enough is policy, and decided elsewhere."""


def verify(
    certificate: x509.Certificate,
    algorithm: algos.SignedDigestAlgorithm,
    signature: bytes,
    data: bytes,
    digest_algorithm: str | None = None,
) -> str:
    """Checks a signature over ``data`` with the key of a certificate; gives the digest algorithm under it.

    ``digest_algorithm`` is what the SignerInfo of a CMS names: needed where ``algorithm`` names none
    (``rsaEncryption``), and held against it where it does. Raises `Rejected`.
    """
    try:
        name = _digest_of(algorithm, digest_algorithm)
        digest = hashlib.new(name, data).digest()
        verify_digest(certificate, algorithm, signature, digest, name)
    except UNREADABLE as error:
        raise Rejected("its signature algorithm is not understood") from error
    return name


def verify_digest(
    certificate: x509.Certificate,
    algorithm: algos.SignedDigestAlgorithm,
    signature: bytes,
    digest: bytes,
    digest_algorithm: str,
) -> None:
    """The same for a digest that was computed elsewhere. Raises `Rejected`."""
    try:
        prehashed = Prehashed(_DIGESTS[digest_algorithm])
        key = serialization.load_der_public_key(certificate.public_key.dump())
        kind = algorithm.signature_algo
        if isinstance(key, rsa.RSAPublicKey) and kind == "rsassa_pkcs1v15":
            key.verify(signature, digest, padding.PKCS1v15(), prehashed)
        elif isinstance(key, rsa.RSAPublicKey) and kind == "rsassa_pss":
            key.verify(signature, digest, _pss(algorithm), prehashed)
        elif isinstance(key, ec.EllipticCurvePublicKey) and kind == "ecdsa":
            key.verify(signature, digest, ec.ECDSA(prehashed))
        else:
            raise Rejected("its signature algorithm does not fit the key")
    except InvalidSignature as error:
        raise Rejected("its signature value is wrong") from error
    except UNREADABLE as error:
        raise Rejected("its signature algorithm is not understood") from error


def octets(signature: core.OctetBitString) -> bytes:
    """The signature value in a BIT STRING. Raises `Rejected` where it isn't whole octets."""
    contents: bytes = signature.contents
    if not contents or contents[0] != 0:
        raise Rejected("its signature value is not whole octets")
    return contents[1:]


def _digest_of(algorithm: algos.SignedDigestAlgorithm, named: str | None) -> str:
    if algorithm["algorithm"].native in {"rsassa_pkcs1v15", "rsa"}:
        if named is None:
            raise Rejected("it names no digest algorithm")
        return named
    own = str(algorithm.hash_algo)
    if named is not None and named != own:
        raise Rejected("it names two digest algorithms")
    return own


def _pss(algorithm: algos.SignedDigestAlgorithm) -> padding.PSS:
    parameters = algorithm["parameters"]
    if parameters["mask_gen_algorithm"]["algorithm"].native != "mgf1" or int(parameters["trailer_field"]) != 1:
        raise Rejected("its RSASSA-PSS parameters are not understood")
    mask = _DIGESTS[parameters["mask_gen_algorithm"]["parameters"]["algorithm"].native]
    return padding.PSS(padding.MGF1(mask), parameters["salt_length"].native)
