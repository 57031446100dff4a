"""What the dev CA can open without a signer's passphrase: the copies of holders' keys, for one-time codes.

At BSrE the keys lie in an HSM, which signs when a one-time code is right. Here a key of the folder stands in for
that HSM: whoever can read the folder can sign in every holder's name, without any passphrase.
"""

import hmac
import os
from functools import cached_property
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from esign.ca.dev.folder import Folder, first_file
from esign.errors import AuthorityUnavailable, CodesUnsupported
from esign.x509 import keys
from esign.x509.keys import PrivateKey

_KEY_BYTES = 32
_NONCE_BYTES = 12


class Vault:
    """The folder's key, made at first use, and what is done with it."""

    def __init__(self, folder: Folder) -> None:
        self._path = folder.holders_key_file

    def copy(self, key: PrivateKey) -> bytes:
        """A holder's key, put away without a passphrase. Raises `AuthorityUnavailable`."""
        plain = key.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, plain, keys.public_key_info(key))

    def open(self, copy: bytes, public_key: bytes) -> PrivateKey:
        """The key that `copy` put away; ``public_key`` is its SubjectPublicKeyInfo.

        Raises `CodesUnsupported` where it was put away under another folder's key, `AuthorityUnavailable`.
        """
        try:
            plain = self._cipher.decrypt(copy[:_NONCE_BYTES], copy[_NONCE_BYTES:], public_key)
        except InvalidTag:
            raise CodesUnsupported(authority="dev") from None
        return keys.decode_der(plain)

    def digest(self, *parts: str) -> bytes:
        """What is kept of a code: an HMAC, which says nothing to those who don't have the folder's key."""
        encoded = [part.encode("utf-8", "surrogatepass") for part in parts]
        said = b"".join(len(part).to_bytes(4, "big") + part for part in encoded)
        return hmac.new(self._derived(b"codes"), said, sha256).digest()

    @cached_property
    def _cipher(self) -> AESGCM:
        return AESGCM(self._derived(b"keys"))

    def _derived(self, purpose: bytes) -> bytes:
        return HKDF(hashes.SHA256(), _KEY_BYTES, salt=None, info=b"esign dev CA " + purpose).derive(self._key)

    @cached_property
    def _key(self) -> bytes:
        try:
            if not self._path.exists():
                first_file(self._path, os.urandom(_KEY_BYTES))
            key = self._path.read_bytes()
        except OSError as error:
            raise AuthorityUnavailable(authority="dev") from error
        if len(key) != _KEY_BYTES:
            raise AuthorityUnavailable(authority="dev")
        return key
