"""Files in JSON: base64 as the clients of BSrE's service write it."""

import re
from base64 import b64decode
from binascii import Error as Base64Error

from pydantic import JsonValue

from esign import errors
from esign.api.bsre.refusals import Refused

_BEGINNING = re.compile(r"\s*data:[^,]{0,200},", re.IGNORECASE)
_SPACE = str.maketrans("", "", " \t\r\n")
_SAFE = str.maketrans("-_", "+/")


def decoded(value: JsonValue, name: str, limit: int) -> bytes:
    """The bytes of a file: base64 in either alphabet, with or without padding, line breaks or a ``data:`` beginning.

    Raises `Refused` for what is no base64, and `LetterTooLarge` beyond ``limit`` bytes.
    """
    if not isinstance(value, str):
        raise Refused(f"{name} harus berupa teks base64")
    if len(value) > 2 * limit + 1024:  # line breaks included
        raise errors.LetterTooLarge(limit=limit)
    text = _BEGINNING.sub("", value, count=1).translate(_SPACE).translate(_SAFE).rstrip("=")
    try:
        found = b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (Base64Error, ValueError):
        raise Refused(f"{name} bukan base64 yang benar") from None
    if len(found) > limit:
        raise errors.LetterTooLarge(limit=limit)
    return found
