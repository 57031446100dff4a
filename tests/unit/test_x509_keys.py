import hashlib

import pytest
from asn1crypto import core
from asn1crypto import keys as asn1_keys
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from esign.errors import WrongPassphrase
from esign.x509 import keys
from esign.x509.keys import KeyAlgorithm


@pytest.mark.parametrize("algorithm", list(KeyAlgorithm))
def test_a_key_of_each_kind_signs_digests_that_its_public_key_verifies(algorithm: KeyAlgorithm) -> None:
    key = keys.generate(algorithm)
    for name, hash_algorithm in keys.DIGESTS.items():
        digest = hashlib.new(name, b"surat").digest()
        signature = keys.sign_digest(key, digest, name)
        public = key.public_key()
        if isinstance(public, rsa.RSAPublicKey):
            assert public.key_size == int(algorithm.removeprefix("rsa-"))
            public.verify(signature, digest, padding.PKCS1v15(), Prehashed(hash_algorithm))
        else:
            assert public.key_size == int(algorithm.removeprefix("p"))
            public.verify(signature, digest, ec.ECDSA(Prehashed(hash_algorithm)))


@pytest.mark.parametrize("name", ["sha1", "md5", "sha224", "sha256; drop"])
def test_weak_and_unknown_digests_are_not_signed(name: str) -> None:
    with pytest.raises(ValueError, match="not signed"):
        keys.sign_digest(keys.generate(KeyAlgorithm.P256), bytes(20), name)


def test_a_digest_of_another_length_is_not_signed() -> None:
    for algorithm in (KeyAlgorithm.P256, KeyAlgorithm.RSA_2048):
        with pytest.raises(ValueError, match="digest"):
            keys.sign_digest(keys.generate(algorithm), bytes(20), "sha256")


def test_a_key_rests_under_scrypt_and_aes_256_and_opens_with_its_passphrase_only() -> None:
    key = keys.generate(KeyAlgorithm.P256)
    sealed = keys.encrypt(key, "kata sandi ü".encode())
    opened = keys.decrypt(sealed, "kata sandi ü".encode(), keys.public_key_info(key))
    assert keys.public_key_info(opened) == keys.public_key_info(key)
    with pytest.raises(WrongPassphrase):
        keys.decrypt(sealed, b"kata sandi u", keys.public_key_info(key))
    algorithm = asn1_keys.EncryptedPrivateKeyInfo.load(sealed)["encryption_algorithm"]
    derivation = algorithm["parameters"]["key_derivation_func"]
    assert derivation["algorithm"].dotted == "1.3.6.1.4.1.11591.4.11"
    parameters = b"".join(core.Integer(value).dump() for value in (16_384, 8, 2, 32))
    assert derivation["parameters"].dump().endswith(parameters)
    assert algorithm["parameters"]["encryption_scheme"]["algorithm"].native == "aes256_cbc"


def test_two_keys_under_one_passphrase_share_neither_salt_nor_vector() -> None:
    key = keys.generate(KeyAlgorithm.P256)
    first, second = keys.encrypt(key, b"rahasia123"), keys.encrypt(key, b"rahasia123")
    assert len(first) == len(second)
    assert first != second


def test_a_wrong_passphrase_whose_padding_fits_by_chance_is_still_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "SCRYPT_COST", 2)
    key = keys.generate(KeyAlgorithm.P256)
    sealed, public = keys.encrypt(key, b"rahasia123"), keys.public_key_info(key)
    for number in range(1000):
        with pytest.raises(WrongPassphrase):
            keys.decrypt(sealed, f"salah {number}".encode(), public)


def test_a_key_that_is_not_the_certificate_s_is_refused() -> None:
    mine, other = keys.generate(KeyAlgorithm.P256), keys.generate(KeyAlgorithm.P256)
    with pytest.raises(WrongPassphrase):
        keys.decrypt(keys.encrypt(mine, b"rahasia123"), b"rahasia123", keys.public_key_info(other))


def test_unencrypted_keys_are_read_back_and_rubbish_is_not() -> None:
    key = keys.generate(KeyAlgorithm.RSA_2048)
    assert keys.public_key_info(keys.decode(keys.encode(key))) == keys.public_key_info(key)
    with pytest.raises(ValueError, match=r".+"):
        keys.decode(b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
