"""What the server key does: seals personal data, and makes the HMACs by which sealed things are found.

From each server key (32 bytes) one sub-key per use is derived with HKDF-SHA256 (RFC 5869), so that no
key ever serves two uses. The first key seals; the earlier ones still open and find, until everything
is sealed anew (`signers.rotate`).
"""

import hashlib
import hmac
import os
from base64 import b64encode
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import SecretStr

from esign.errors import ConfigurationError
from esign.registry import durable
from esign.settings import Settings, decode_key

KEY_LENGTH = 32
NONCE_LENGTH = 12
KEY_ID_LENGTH = 4
SEAL_VERSION = 1
KEY_FILE = "secret.key"


class _Key:
    """One server key and what is derived from it, each once."""

    def __init__(self, master: bytes) -> None:
        if len(master) != KEY_LENGTH:
            raise ValueError("a server key has 32 bytes")
        self._master = master
        self._macs: dict[str, bytes] = {}

    def __repr__(self) -> str:
        return f"_Key(id={self.id.hex()})"

    @cached_property
    def id(self) -> bytes:
        """Tells keys apart, and tells nothing else of them."""
        return self._derive("key id")[:KEY_ID_LENGTH]

    @cached_property
    def cipher(self) -> AESGCM:
        return AESGCM(self._derive("seal"))

    def mac(self, purpose: str, data: bytes) -> str:
        key = self._macs.get(purpose)
        if key is None:
            key = self._macs[purpose] = self._derive(f"hmac {purpose}")
        return hmac.new(key, data, hashlib.sha256).hexdigest()

    def _derive(self, use: str) -> bytes:
        return HKDF(algorithm=SHA256(), length=KEY_LENGTH, salt=None, info=b"esign/1/" + use.encode()).derive(
            self._master
        )


class Keys:
    """The server's keys: the present one and, while a change is under way, earlier ones."""

    def __init__(self, present: bytes, *earlier: bytes) -> None:
        self._keys = tuple(_Key(master) for master in (present, *earlier))

    def __repr__(self) -> str:
        return f"Keys({', '.join(key.id.hex() for key in self._keys)})"

    @property
    def key_id(self) -> str:
        """The present key's id, hexadecimal."""
        return self._keys[0].id.hex()

    @property
    def earlier_ids(self) -> tuple[str, ...]:
        """The earlier keys' ids, hexadecimal."""
        return tuple(key.id.hex() for key in self._keys[1:])

    def seal(self, plaintext: bytes, bound_to: str) -> bytes:
        """``plaintext`` under AES-256-GCM: version, key id, nonce, ciphertext with tag.

        ``bound_to`` is the associated data: table, column and row, so that a value that is copied to
        another row does not open there.
        """
        key = self._keys[0]
        nonce = os.urandom(NONCE_LENGTH)
        head = bytes([SEAL_VERSION]) + key.id
        return head + nonce + key.cipher.encrypt(nonce, plaintext, head + bound_to.encode())

    def open(self, sealed: bytes, bound_to: str) -> bytes:
        """What `seal` was given.

        Raises `ConfigurationError` if it was sealed under a key that is not among ours, or does not open:
        either the key or the database is not the one that belongs here.
        """
        split = 1 + KEY_ID_LENGTH
        head, nonce, ciphertext = sealed[:split], sealed[split : split + NONCE_LENGTH], sealed[split + NONCE_LENGTH :]
        key = next((key for key in self._keys if head == bytes([SEAL_VERSION]) + key.id), None)
        if key is None:
            raise ConfigurationError(variable="ESIGN_SECRET_KEY", reason="it did not seal this database")
        try:
            return key.cipher.decrypt(nonce, ciphertext, head + bound_to.encode())
        except InvalidTag:
            raise ConfigurationError(variable="ESIGN_SECRET_KEY", reason="a sealed value does not open") from None

    def is_present(self, sealed: bytes) -> bool:
        """Whether it was sealed under the present key."""
        return sealed[1 : 1 + KEY_ID_LENGTH] == self._keys[0].id

    def mac(self, purpose: str, *parts: str) -> str:
        """HMAC-SHA256 of the parts under the present key's sub-key for ``purpose``, hexadecimal."""
        return self._keys[0].mac(purpose, _joined(parts))

    def macs(self, purpose: str, *parts: str) -> list[str]:
        """The same under each key, the present one first: what to look for while keys change."""
        return [key.mac(purpose, _joined(parts)) for key in self._keys]


def keys(settings: Settings) -> Keys:
    """The keys that the settings name; in development one is made at first, in ``secret.key`` (mode 0600).

    Raises `ConfigurationError`.
    """
    earlier = [decode_key(key) for key in settings.old_secret_keys]
    if settings.secret_key is not None:
        return Keys(decode_key(settings.secret_key), *earlier)
    return Keys(_kept(settings.data_dir / KEY_FILE), *earlier)


def _joined(parts: Sequence[str]) -> bytes:
    """Each part after its length: no two lists of parts give the same bytes."""
    return b"".join(len(raw).to_bytes(4, "big") + raw for raw in (part.encode() for part in parts))


def _kept(path: Path) -> bytes:
    try:
        if not path.exists():
            durable.write(path, [b64encode(os.urandom(KEY_LENGTH)) + b"\n"], replace=False)
        if path.stat().st_mode & 0o077:
            raise ConfigurationError(
                variable="ESIGN_DATA_DIR", reason=f"others may read {KEY_FILE}; set its mode to 600"
            )
        text = path.read_text("latin-1")
    except OSError as error:
        raise ConfigurationError(
            variable="ESIGN_DATA_DIR", reason=f"{KEY_FILE} can't be read or made there ({error.strerror})"
        ) from error
    try:
        return decode_key(SecretStr(text))
    except ValueError as error:
        raise ConfigurationError(variable="ESIGN_DATA_DIR", reason=f"{KEY_FILE} holds no key: {error}") from None
