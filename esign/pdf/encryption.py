"""Opening a file whose user password is empty (ISO 32000-2, 7.6): structure must be readable to be examined."""

import struct
import zlib
from io import BytesIO

from pyhanko.pdf_utils.crypt import AuthStatus, CryptFilter, SecurityHandler
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader

from esign.pdf.revisions import Decrypt
from esign.pdf.syntax import PdfSyntaxError

PYHANKO_RAISES = (
    PdfError, ValueError, TypeError, LookupError, AttributeError, AssertionError, NotImplementedError, OSError,
    ArithmeticError, RecursionError, struct.error, zlib.error,
)  # fmt: skip
"""What pyHanko lets out on odd files."""


def decryption(data: bytes, password: str = "") -> tuple[Decrypt, Decrypt] | None:
    """What decrypts the streams and the strings of an encrypted file, or None when the password doesn't open it.

    Both raise `PdfSyntaxError` for data that can't be decrypted.
    """
    handler = _opened(data, password)
    if handler is None:
        return None
    return _decryption(handler.get_stream_filter()), _decryption(handler.get_string_filter())


def stream_decryption(data: bytes, password: str = "") -> Decrypt | None:
    """What decrypts the streams of an encrypted file, or None when the password doesn't open it."""
    handler = _opened(data, password)
    return None if handler is None else _decryption(handler.get_stream_filter())


def _opened(data: bytes, password: str) -> SecurityHandler | None:
    try:
        reader = PdfFileReader(BytesIO(data), strict=False)
        handler: SecurityHandler | None = reader.security_handler
        if handler is None or reader.decrypt(password).status is AuthStatus.FAILED:
            return None
    except PYHANKO_RAISES:
        return None
    return handler


def _decryption(crypt_filter: CryptFilter) -> Decrypt:
    def decrypt(number: int, generation: int, raw: bytes) -> bytes:
        try:
            return bytes(crypt_filter.decrypt(crypt_filter.derive_object_key(number, generation), raw))
        except PYHANKO_RAISES as error:
            raise PdfSyntaxError("encrypted data are damaged") from error

    return decrypt
