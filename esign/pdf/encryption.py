"""Opening a file whose user password is empty (ISO 32000-2, 7.6): structure must be readable to be examined."""

from io import BytesIO

from pyhanko.pdf_utils.crypt import AuthStatus, SecurityHandler
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader

from esign.pdf.revisions import Decrypt


def stream_decryption(data: bytes, password: str = "") -> Decrypt | None:
    """What decrypts the streams of an encrypted file, or None when the password doesn't open it."""
    try:
        reader = PdfFileReader(BytesIO(data), strict=False)
        if reader.security_handler is None or reader.decrypt(password).status is AuthStatus.FAILED:
            return None
        return _decryption(reader.security_handler)
    except (PdfError, ValueError, TypeError, KeyError, AttributeError, AssertionError, NotImplementedError, OSError):
        return None


def _decryption(handler: SecurityHandler) -> Decrypt:
    crypt_filter = handler.get_stream_filter()

    def decrypt(number: int, generation: int, raw: bytes) -> bytes:
        return bytes(crypt_filter.decrypt(crypt_filter.derive_object_key(number, generation), raw))

    return decrypt
