"""Writing into an encrypted letter that opens without a password (ISO 32000-2, 7.6): the cryptography is pyHanko's."""

from io import BytesIO
from typing import Protocol

from pyhanko.pdf_utils.crypt import AuthStatus, CryptFilter, StandardSecurityHandler
from pyhanko.pdf_utils.reader import PdfFileReader

from esign.errors import LetterEncrypted
from esign.pdf.encryption import PYHANKO_RAISES
from esign.pdf.syntax import Ref


class Encryption(Protocol):
    """What the strings and streams of one letter are encrypted with."""

    def decrypt_stream(self, number: int, generation: int, raw: bytes) -> bytes:
        """The data of the stream with that number, its filters still on."""
        ...

    def encrypt_stream(self, data: bytes, container: Ref) -> bytes:
        """The data as they stand in the stream ``container``."""
        ...

    def decrypt_string(self, value: bytes, container: Ref) -> bytes:
        """The string that stands in the object ``container``."""
        ...

    def encrypt_string(self, value: bytes, container: Ref) -> bytes:
        """The string as it stands in the object ``container``."""
        ...


def open_encryption(pdf: bytes) -> Encryption:
    """The letter's encryption, opened with the empty user password. Raises `LetterEncrypted` where that fails."""
    try:
        reader = PdfFileReader(BytesIO(pdf), strict=False)
        handler = reader.security_handler
        if not isinstance(handler, StandardSecurityHandler) or reader.decrypt(b"").status == AuthStatus.FAILED:
            raise LetterEncrypted
        return _Standard(handler.get_string_filter(), handler.get_stream_filter())
    except PYHANKO_RAISES as error:
        raise LetterEncrypted from error


class _Standard:
    def __init__(self, strings: CryptFilter, streams: CryptFilter) -> None:
        self._strings = strings
        self._streams = streams

    def decrypt_stream(self, number: int, generation: int, raw: bytes) -> bytes:
        return bytes(self._streams.decrypt(self._streams.derive_object_key(number, generation), raw))

    def encrypt_stream(self, data: bytes, container: Ref) -> bytes:
        return bytes(self._streams.encrypt(self._streams.derive_object_key(*container), data))

    def decrypt_string(self, value: bytes, container: Ref) -> bytes:
        return bytes(self._strings.decrypt(self._strings.derive_object_key(*container), value))

    def encrypt_string(self, value: bytes, container: Ref) -> bytes:
        return bytes(self._strings.encrypt(self._strings.derive_object_key(*container), value))
