"""The form of API keys: ``esign_``, 32 random symbols (190 bits), 6 symbols of CRC-32.

The fixed beginning and the checksum let secret scanners find a key that was leaked, and let us turn
away what can't be one without asking the database.
"""

import secrets
import string
import zlib

BEGINNING = "esign_"
ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
RANDOM_SYMBOLS = 32
CHECK_SYMBOLS = 6
LENGTH = len(BEGINNING) + RANDOM_SYMBOLS + CHECK_SYMBOLS
SHOWN_SYMBOLS = len(BEGINNING) + 6


def new() -> str:
    """A new key. Shown once, to whoever asked for it; kept only as an HMAC."""
    body = "".join(secrets.choice(ALPHABET) for _ in range(RANDOM_SYMBOLS))
    return BEGINNING + body + _checksum(body)


def well_formed(text: str) -> bool:
    """Whether it could be a key: form and checksum fit."""
    if len(text) != LENGTH or not text.startswith(BEGINNING) or not text.isascii():
        return False
    body = text[len(BEGINNING) : -CHECK_SYMBOLS]
    return secrets.compare_digest(text[-CHECK_SYMBOLS:], _checksum(body))


def shown(key: str) -> str:
    """The part of a key by which people tell keys apart: 6 of its 32 random symbols."""
    return key[:SHOWN_SYMBOLS]


def _checksum(body: str) -> str:
    """CRC-32 of the body in base 62, six symbols, the most significant first."""
    value, symbols = zlib.crc32(body.encode()), ""
    for _ in range(CHECK_SYMBOLS):
        value, rest = divmod(value, len(ALPHABET))
        symbols = ALPHABET[rest] + symbols
    return symbols
