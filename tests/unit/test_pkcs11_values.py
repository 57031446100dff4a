"""What is handed to a token's mechanisms and what is made of their answers, against cryptography's own signatures."""

import hashlib

import pytest
from asn1crypto import keys as asn1_keys
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

from esign.ca.pkcs11 import values
from esign.x509 import keys
from esign.x509.keys import DIGESTS, KeyAlgorithm


def public(key: keys.PrivateKey) -> asn1_keys.PublicKeyInfo:
    return asn1_keys.PublicKeyInfo.load(keys.public_key_info(key))


@pytest.mark.parametrize("algorithm", ["sha256", "sha384", "sha512"])
def test_the_digest_info_is_the_one_that_pkcs1_signatures_hold(algorithm: str) -> None:
    key = keys.generate(KeyAlgorithm.RSA_2048)
    assert isinstance(key, rsa.RSAPrivateKey)
    digest = hashlib.new(algorithm, b"surat").digest()
    made = keys.sign_digest(key, digest, algorithm)
    held = key.public_key().recover_data_from_signature(made, padding.PKCS1v15(), None)
    assert values.to_be_signed(public(key), digest, algorithm) == held
    assert values.value(public(key), made) == made
    assert values.is_by(public(key), made, digest, algorithm)


@pytest.mark.parametrize("kind", [KeyAlgorithm.P256, KeyAlgorithm.P384])
@pytest.mark.parametrize("algorithm", ["sha256", "sha384", "sha512"])
def test_r_and_s_become_a_der_signature(kind: KeyAlgorithm, algorithm: str) -> None:
    key = keys.generate(kind)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    octets = key.curve.key_size // 8
    digest = hashlib.new(algorithm, b"surat").digest()
    asked = values.to_be_signed(public(key), digest, algorithm)
    assert asked == digest[:octets]
    r, s = utils.decode_dss_signature(key.sign(digest, ec.ECDSA(utils.Prehashed(DIGESTS[algorithm]))))
    raw = r.to_bytes(octets, "big") + s.to_bytes(octets, "big")
    assert values.is_by(public(key), values.value(public(key), raw), digest, algorithm)


def test_what_is_by_another_key_or_over_another_digest_is_told() -> None:
    digest = hashlib.sha256(b"surat").digest()
    for kind in (KeyAlgorithm.RSA_2048, KeyAlgorithm.P256):
        key, other = keys.generate(kind), keys.generate(kind)
        made = keys.sign_digest(key, digest, "sha256")
        assert not values.is_by(public(other), made, digest, "sha256")
        assert not values.is_by(public(key), made, hashlib.sha256(b"lain").digest(), "sha256")


@pytest.mark.parametrize(("digest", "algorithm"), [(bytes(20), "sha1"), (bytes(31), "sha256"), (b"", "md5")])
def test_what_is_no_digest_is_not_signed(digest: bytes, algorithm: str) -> None:
    with pytest.raises(ValueError, match="not signed"):
        values.to_be_signed(public(keys.generate(KeyAlgorithm.P256)), digest, algorithm)
