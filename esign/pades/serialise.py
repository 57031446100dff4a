"""PDF values as bytes (ISO 32000-2, 7.3)."""

import math
from collections.abc import Callable, Iterable
from functools import lru_cache

from esign.pdf.syntax import Name, Object, PdfDict, PdfString, Ref

_REGULAR = frozenset(range(0x21, 0x7F)) - frozenset(b"#()<>[]{}/%")


@lru_cache(maxsize=1024)
def name_bytes(name: str) -> bytes:
    """A name with its slash; one character of ``name`` is one byte."""
    return b"/" + b"".join(b"%c" % byte if byte in _REGULAR else b"#%02X" % byte for byte in name.encode("latin-1"))


def reference_bytes(reference: Ref) -> bytes:
    """``12 0 R``."""
    return b"%d %d R" % reference


def number_bytes(value: float) -> bytes:
    """A number without an exponent, to ten decimals."""
    if isinstance(value, int) or value.is_integer():
        return b"%d" % value
    if not math.isfinite(value):
        raise ValueError("a PDF has no infinite numbers")
    text = repr(value)
    return (f"{value:.10f}".rstrip("0").rstrip(".") if "e" in text else text).encode()


def numbers_bytes(values: Iterable[float]) -> bytes:
    """Numbers with spaces between."""
    return b" ".join(b"%d" % value if type(value) is int else number_bytes(value) for value in values)


def string_bytes(value: bytes) -> bytes:
    """A string: literal where it is printable ASCII, hexadecimal otherwise."""
    if value.isascii() and value.decode("ascii").isprintable():
        return b"(" + value.replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)") + b")"
    return b"<" + value.hex().encode() + b">"


def value_bytes(value: Object) -> bytes:
    """Any value but a stream."""
    out: list[bytes] = []
    _write(value, out.append)
    return b"".join(out)


def _write(value: Object, out: Callable[[bytes], None]) -> None:
    if isinstance(value, Name):
        out(name_bytes(value))
    elif isinstance(value, Ref):
        out(reference_bytes(value))
    elif isinstance(value, PdfDict):
        out(b"<<")
        for key, entry in value.items():
            out(name_bytes(key) + b" ")
            _write(entry, out)
        out(b">>")
    elif isinstance(value, list):
        out(b"[")
        for index, item in enumerate(value):
            if index:
                out(b" ")
            _write(item, out)
        out(b"]")
    elif isinstance(value, PdfString):
        out(string_bytes(value.value))
    elif value is None or isinstance(value, bool):
        out(_KEYWORDS[value])
    elif isinstance(value, int | float):
        out(number_bytes(value))
    else:
        raise TypeError("a stream is added, never rewritten")


_KEYWORDS = {None: b"null", True: b"true", False: b"false"}
