"""Whether a signature value is right for a key (RFC 8017, RFC 3279, RFC 4055, RFC 5758, RFC 8410).

The one place where signature values are checked: of certificates, CRLs, OCSP answers, time-stamps and documents.
What is strong enough is policy, and decided elsewhere.
"""

from typing import cast

from asn1crypto import algos, core, keys, x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa

from esign.x509.rejection import UNREADABLE, NotSupported, Rejected

HASHES: dict[str, hashes.HashAlgorithm] = {
    "md5": hashes.MD5(),  # noqa: S303 (told as weak by policies; the value is still checked)
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
"""Digest algorithms that can be checked, by asn1crypto's names."""

_UNKNOWN_TO_ASN1CRYPTO = {
    "1.2.840.113549.1.1.15": ("rsassa_pkcs1v15", "sha512_224"),
    "1.2.840.113549.1.1.16": ("rsassa_pkcs1v15", "sha512_256"),
    "2.16.840.1.101.3.4.3.13": ("rsassa_pkcs1v15", "sha3_224"),
    "2.16.840.1.101.3.4.3.14": ("rsassa_pkcs1v15", "sha3_256"),
    "2.16.840.1.101.3.4.3.15": ("rsassa_pkcs1v15", "sha3_384"),
    "2.16.840.1.101.3.4.3.16": ("rsassa_pkcs1v15", "sha3_512"),
    "2.16.840.1.101.3.4.3.9": ("ecdsa", "sha3_224"),
    "2.16.840.1.101.3.4.3.10": ("ecdsa", "sha3_256"),
    "2.16.840.1.101.3.4.3.11": ("ecdsa", "sha3_384"),
    "2.16.840.1.101.3.4.3.12": ("ecdsa", "sha3_512"),
}
"""Kind and digest by OID (RFC 8017, A.2.4; RFC 9688; ISO/TS 32001)."""


def verify(
    certificate: x509.Certificate,
    algorithm: algos.SignedDigestAlgorithm,
    signature: bytes,
    data: bytes,
    digest_algorithm: str | None = None,
) -> str:
    """`verify_with_key`, with the key of a certificate."""
    try:
        public_key = certificate.public_key
    except UNREADABLE as error:
        raise Rejected("its signer's key can't be read") from error
    return verify_with_key(public_key, algorithm, signature, data, digest_algorithm)


def verify_with_key(
    public_key: keys.PublicKeyInfo,
    algorithm: algos.SignedDigestAlgorithm,
    signature: bytes,
    data: bytes,
    digest_algorithm: str | None = None,
) -> str:
    """Checks a signature over ``data``; gives the digest algorithm under it.

    ``digest_algorithm`` is what the SignerInfo of a CMS names: needed where ``algorithm`` names none
    (``rsaEncryption``), and held against it where it does. An ECDSA-Sig-Value must be DER; a DigestInfo
    must be the one of RFC 8017, with its NULL. Raises `Rejected`; `NotSupported` for an algorithm that is not known.
    """
    try:
        kind, named = kind_and_digest(algorithm)
        if public_key.algorithm == "dsa" and public_key["algorithm"]["parameters"].native is None:
            raise NotSupported("its DSA key inherits parameters, which is not understood")
        key = serialization.load_der_public_key(public_key.dump())
        if isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
            if kind != public_key.algorithm:
                raise Rejected("its signature algorithm does not fit the key")
            key.verify(signature, data)
            return "sha512"  # of ed448 SHAKE256, which no policy names and which is as strong
        name = _agreed(kind, named, digest_algorithm)
        if kind == "rsassa_pss" and isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, data, _pss(algorithm, public_key), HASHES[name])
        elif public_key.algorithm == "rsassa_pss":
            raise Rejected("its key is for RSASSA-PSS only")
        elif kind == "rsassa_pkcs1v15" and isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, data, padding.PKCS1v15(), HASHES[name])
        elif kind == "ecdsa" and isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, data, ec.ECDSA(HASHES[name]))
        elif kind == "dsa" and isinstance(key, dsa.DSAPublicKey):
            key.verify(signature, data, HASHES[name])
        else:
            raise Rejected("its signature algorithm does not fit the key")
    except InvalidSignature as error:
        raise Rejected("its signature value is wrong") from error
    except UnsupportedAlgorithm as error:
        raise NotSupported("its signature algorithm or kind of key is not known") from error
    except UNREADABLE as error:
        raise Rejected("its signature can't be read") from error
    return name


def octets(signature: core.OctetBitString) -> bytes:
    """The signature value in a BIT STRING. Raises `Rejected` where it isn't whole octets."""
    contents: bytes = signature.contents
    if not contents or contents[0] != 0:
        raise Rejected("its signature value is not whole octets")
    return contents[1:]


def kind_and_digest(algorithm: algos.SignedDigestAlgorithm) -> tuple[str, str | None]:
    """The kind of signature and the digest algorithm that it names, if any, by asn1crypto's names.

    Kinds are ``rsassa_pkcs1v15``, ``rsassa_pss``, ``ecdsa``, ``dsa``, ``ed25519`` and ``ed448``. Raises `NotSupported`.
    """
    identifier = algorithm["algorithm"]
    own = _UNKNOWN_TO_ASN1CRYPTO.get(identifier.dotted)
    if own is not None:
        return own
    name = str(identifier.native)
    if name in {"rsassa_pkcs1v15", "ecdsa", "dsa", "ed25519", "ed448"}:
        return name, None
    try:
        return str(algorithm.signature_algo), str(algorithm.hash_algo)
    except ValueError as error:
        raise NotSupported(f"its signature algorithm {identifier.dotted} is not known") from error


def _agreed(kind: str, own: str | None, named: str | None) -> str:
    """The digest algorithm, from the signature algorithm and from the SignerInfo."""
    if own is not None and named is not None and own != named and kind != "rsassa_pss":
        raise Rejected("it names two digest algorithms")
    name = own or named
    if name is None:
        raise Rejected("it names no digest algorithm")
    if name not in HASHES:
        raise NotSupported(f"its digest algorithm {name} is not known")
    return name


def _pss(algorithm: algos.SignedDigestAlgorithm, public_key: keys.PublicKeyInfo) -> padding.PSS:
    digest, mask, salt = _pss_parameters(algorithm["parameters"])
    if public_key.algorithm == "rsassa_pss":
        demanded = public_key["algorithm"]["parameters"]
        if isinstance(demanded, algos.RSASSAPSSParams):
            # RFC 4055, 3.3: the same but for the salt, which may be longer.
            key_digest, key_mask, least = _pss_parameters(demanded)
            if (digest, mask) != (key_digest, key_mask) or salt < least:
                raise Rejected("its RSASSA-PSS parameters are not those of the key")
    return padding.PSS(padding.MGF1(HASHES[mask]), salt)


def _pss_parameters(parameters: algos.RSASSAPSSParams) -> tuple[str, str, int]:
    """Digest algorithm, digest algorithm of the mask, and octets of salt."""
    generator = parameters["mask_gen_algorithm"]
    digest = str(parameters["hash_algorithm"]["algorithm"].native)
    if generator["algorithm"].native != "mgf1" or int(parameters["trailer_field"]) != 1:
        raise NotSupported("its RSASSA-PSS parameters are not known")
    mask = str(generator["parameters"]["algorithm"].native)
    if digest not in HASHES or mask not in HASHES:
        raise NotSupported("its RSASSA-PSS parameters name an unknown digest algorithm")
    return digest, mask, cast("int", parameters["salt_length"].native)
