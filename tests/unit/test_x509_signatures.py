"""Signature values in forms that no published vectors have: keys with demands, algorithms of two names."""

import pytest
from asn1crypto import algos, core, keys
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from esign.x509 import signatures
from esign.x509.rejection import NotSupported, Rejected

DATA = b"Surat Keputusan"


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def plain_key(key: rsa.RSAPrivateKey) -> keys.PublicKeyInfo:
    encoded = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return keys.PublicKeyInfo.load(encoded)


def parameters(digest: str, salt: int) -> algos.RSASSAPSSParams:
    mask = {"algorithm": "mgf1", "parameters": {"algorithm": digest}}
    return algos.RSASSAPSSParams(
        {"hash_algorithm": {"algorithm": digest}, "mask_gen_algorithm": mask, "salt_length": salt}
    )


def pss_key(key: rsa.RSAPrivateKey, demanded: algos.RSASSAPSSParams | None) -> keys.PublicKeyInfo:
    """The key, for RSASSA-PSS only (RFC 4055, 1.2)."""
    info = plain_key(key)
    algorithm = keys.PublicKeyAlgorithm({"algorithm": "rsassa_pss"})
    if demanded is not None:
        algorithm["parameters"] = demanded
    info["algorithm"] = algorithm
    return keys.PublicKeyInfo.load(info.dump(force=True))


def pss(key: rsa.RSAPrivateKey, digest: hashes.HashAlgorithm, salt: int) -> tuple[algos.SignedDigestAlgorithm, bytes]:
    algorithm = algos.SignedDigestAlgorithm(
        {"algorithm": "rsassa_pss", "parameters": parameters(digest.name.replace("-", "_"), salt)}
    )
    value = key.sign(DATA, padding.PSS(padding.MGF1(digest), salt), digest)
    return algos.SignedDigestAlgorithm.load(algorithm.dump()), value


def test_a_key_for_pss_takes_what_it_demands_and_longer_salts(key: rsa.RSAPrivateKey) -> None:
    demanding = pss_key(key, parameters("sha256", 32))
    for salt in (32, 40):
        algorithm, value = pss(key, hashes.SHA256(), salt)
        assert signatures.verify_with_key(demanding, algorithm, value, DATA) == "sha256"
    algorithm, value = pss(key, hashes.SHA512(), 20)
    assert signatures.verify_with_key(pss_key(key, None), algorithm, value, DATA) == "sha512"


@pytest.mark.parametrize(("digest", "salt"), [(hashes.SHA512(), 64), (hashes.SHA256(), 31), (hashes.SHA256(), 0)])
def test_a_key_for_pss_refuses_what_it_does_not_allow(
    key: rsa.RSAPrivateKey, digest: hashes.HashAlgorithm, salt: int
) -> None:
    algorithm, value = pss(key, digest, salt)
    assert signatures.verify_with_key(plain_key(key), algorithm, value, DATA)
    with pytest.raises(Rejected, match="not those of the key"):
        signatures.verify_with_key(pss_key(key, parameters("sha256", 32)), algorithm, value, DATA)


def test_a_key_for_pss_makes_no_other_signatures(key: rsa.RSAPrivateKey) -> None:
    value = key.sign(DATA, padding.PKCS1v15(), hashes.SHA256())
    algorithm = algos.SignedDigestAlgorithm({"algorithm": "sha256_rsa"})
    assert signatures.verify_with_key(plain_key(key), algorithm, value, DATA) == "sha256"
    with pytest.raises(Rejected, match="RSASSA-PSS only"):
        signatures.verify_with_key(pss_key(key, None), algorithm, value, DATA)


@pytest.mark.parametrize(
    ("oid", "digest", "name"),
    [
        ("1.2.840.113549.1.1.16", hashes.SHA512_256(), "sha512_256"),
        ("2.16.840.1.101.3.4.3.14", hashes.SHA3_256(), "sha3_256"),
        ("2.16.840.1.101.3.4.3.16", hashes.SHA3_512(), "sha3_512"),
    ],
)
def test_rsa_with_newer_digests_is_known(
    key: rsa.RSAPrivateKey, oid: str, digest: hashes.HashAlgorithm, name: str
) -> None:
    algorithm = algos.SignedDigestAlgorithm.load(_algorithm(oid))
    value = key.sign(DATA, padding.PKCS1v15(), digest)
    assert signatures.verify_with_key(plain_key(key), algorithm, value, DATA) == name
    with pytest.raises(Rejected, match="wrong"):
        signatures.verify_with_key(plain_key(key), algorithm, value, DATA + b".")


def test_two_digest_algorithms_are_refused_and_none_too(key: rsa.RSAPrivateKey) -> None:
    value = key.sign(DATA, padding.PKCS1v15(), hashes.SHA256())
    with pytest.raises(Rejected, match="two digest"):
        signatures.verify_with_key(
            plain_key(key), algos.SignedDigestAlgorithm({"algorithm": "sha256_rsa"}), value, DATA, "sha512"
        )
    bare = algos.SignedDigestAlgorithm({"algorithm": "rsassa_pkcs1v15"})
    with pytest.raises(Rejected, match="no digest"):
        signatures.verify_with_key(plain_key(key), bare, value, DATA)
    assert signatures.verify_with_key(plain_key(key), bare, value, DATA, "sha256") == "sha256"


def test_what_nobody_knows_is_told_apart_from_what_is_wrong(key: rsa.RSAPrivateKey) -> None:
    unknown = algos.SignedDigestAlgorithm.load(_algorithm("1.2.3.4"))
    with pytest.raises(NotSupported, match=r"1\.2\.3\.4"):
        signatures.verify_with_key(plain_key(key), unknown, b"", DATA)


def _algorithm(oid: str) -> bytes:
    identifier: bytes = core.ObjectIdentifier(oid).dump()
    return bytes([0x30, len(identifier) + 2]) + identifier + b"\x05\x00"
