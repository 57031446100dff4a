"""The syntax of PDF objects (ISO 32000-2, 7.2 and 7.3), read from bytes, each value knowing where it stands.

A reader of our own, strict on purpose: it repairs nothing. What it can't read it says by `PdfSyntaxError`.
Byte positions are offsets from the start of the file; ends are exclusive.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

MAX_DEPTH = 64
"""How deep arrays and dictionaries may be nested (a deeper nest is an attack on parsers)."""

WHITE = b"\0\t\n\f\r "
_DELIMITER = rb"\0\t\n\f\r ()<>\[\]{}/%"
_SKIP = rb"[\0\t\n\f\r ]*+(?:%[^\r\n]*+[\0\t\n\f\r ]*+)*+"
SEPARATOR = rb"(?:[\0\t\n\f\r ]|%[^\r\n]*+[\r\n])++"
"""What stands between the words of a reference: white space, and comments, which count as such (7.2.4)."""
_SKIPPED = re.compile(_SKIP)
_TOKEN = re.compile(
    _SKIP + rb"(?:"
    rb"(\d{1,15}" + SEPARATOR + rb"\d{1,5}" + SEPARATOR + rb"R(?=[" + _DELIMITER + rb"]|$))"  # 1 reference
    rb"|([+-]?(?:\d+\.?\d*|\.\d+)(?=[" + _DELIMITER + rb"]|$))"  # 2 number
    rb"|(/[^" + _DELIMITER + rb"]*)"  # 3 name
    rb"|(<[0-9A-Fa-f\0\t\n\f\r ]*>)"  # 4 hexadecimal string
    rb"|(<<)|(>>)|(\[)|(\])|(\()"  # 5 6 7 8 9
    rb"|([A-Za-z][A-Za-z0-9*'\"]*))"  # 10 keyword
)
_HEADER = re.compile(
    _SKIP + rb"(\d{1,10})" + SEPARATOR + rb"(\d{1,5})" + SEPARATOR + rb"obj(?=[" + _DELIMITER + rb"]|$)"
)
_NUMBERS = re.compile(rb"\d+")
_COMMENT = re.compile(rb"%[^\r\n]*")
_STREAM = re.compile(_SKIP + rb"stream(\r\n|\n|\r)")
_ENDSTREAM = re.compile(rb"[\0\t\n\f\r ]*endstream(?=[" + _DELIMITER + rb"]|$)")
_ENDOBJ = re.compile(_SKIP + rb"endobj(?=[" + _DELIMITER + rb"]|$)")
_ESCAPED = re.compile(rb"#([0-9A-Fa-f]{2})")
_STRING_PART = re.compile(rb"[()\\]")
_OCTAL = re.compile(rb"[0-7]{1,3}")


class PdfSyntaxError(ValueError):
    """These bytes are no PDF object."""


class Name(str):
    """A name object without its slash, ``#`` escapes resolved, one character a byte."""

    __slots__ = ()


class Ref(NamedTuple):
    """An indirect reference."""

    number: int
    generation: int


@dataclass(frozen=True, slots=True)
class PdfString:
    """A string object. ``start`` and ``end`` enclose it as written, brackets included."""

    value: bytes
    start: int
    end: int
    hexadecimal: bool
    damaged: bool = False
    """It should be encrypted and can't be decrypted: readers differ in what they make of it."""


class PdfDict(dict[str, "Object"]):
    """A dictionary. Of keys written twice it keeps the last, and ``duplicates`` names them."""

    __slots__ = ("duplicates", "end", "start")

    def __init__(self, start: int = 0, end: int = 0) -> None:
        super().__init__()
        self.start = start
        self.end = end
        self.duplicates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream: its dictionary and where its raw data stand. ``data_end`` None: its length isn't known."""

    dictionary: PdfDict
    data_start: int
    data_end: int | None


Object: TypeAlias = "bool | int | float | Name | PdfString | Ref | list[Object] | PdfDict | Stream | None"


@dataclass(frozen=True, slots=True)
class IndirectObject:
    """``n g obj … endobj`` as it stands in the file. ``repaired``: its stream's /Length was wrong."""

    number: int
    generation: int
    start: int
    end: int
    value: Object
    repaired: bool = False


def skip_white(data: bytes, position: int) -> int:
    """The first position from there that is neither white space nor comment."""
    match = _SKIPPED.match(data, position)
    return match.end() if match else position


def read_value(data: bytes, position: int, depth: int = 0) -> tuple[Object, int]:
    """The object at a position, and where it ends. Raises `PdfSyntaxError`."""
    match = _TOKEN.match(data, position)
    if match is None:
        raise PdfSyntaxError(f"no object at {position}")
    kind = match.lastindex
    text: bytes = match[kind or 0]
    end = match.end()
    if kind == 3:
        return _name(text), end
    if kind == 1:
        number, generation = _NUMBERS.findall(_COMMENT.sub(b" ", text))
        return Ref(int(number), int(generation)), end
    if kind == 2:
        return _number(text), end
    if kind == 4:
        digits = text[1:-1].translate(None, WHITE)
        return PdfString(
            bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode()), match.start(4), end, hexadecimal=True
        ), end
    if kind == 5:
        return _dictionary(data, match.start(5), end, depth)
    if kind == 7:
        return _array(data, end, depth)
    if kind == 9:
        return _literal(data, match.start(9))
    if kind == 10 and text in _KEYWORDS:
        return _KEYWORDS[text], end
    raise PdfSyntaxError(f"{text[:20]!r} at {match.start(kind or 0)} is no object")


_KEYWORDS: dict[bytes, bool | None] = {b"null": None, b"true": True, b"false": False}


def _number(text: bytes) -> int | float:
    if len(text) > 64:
        raise PdfSyntaxError("a number of more than 64 digits")
    return float(text) if b"." in text else int(text)


def _name(text: bytes) -> Name:
    if b"#" in text:
        text = _ESCAPED.sub(lambda match: bytes.fromhex(match[1].decode()), text)
    return Name(text[1:].decode("latin-1"))


def _dictionary(data: bytes, start: int, position: int, depth: int) -> tuple[PdfDict, int]:
    if depth >= MAX_DEPTH:
        raise PdfSyntaxError(f"nested deeper than {MAX_DEPTH} at {start}")
    result = PdfDict(start)
    while True:
        match = _TOKEN.match(data, position)
        if match is None:
            raise PdfSyntaxError(f"dictionary at {start} doesn't end")
        if match.lastindex == 6:
            result.end = match.end()
            return result, result.end
        if match.lastindex != 3:
            raise PdfSyntaxError(f"a key is missing at {match.end()}")
        key = _name(match[3])
        value, position = read_value(data, match.end(), depth + 1)
        if key in result:
            result.duplicates = (*result.duplicates, key)
        result[key] = value


def _array(data: bytes, position: int, depth: int) -> tuple[list[Object], int]:
    if depth >= MAX_DEPTH:
        raise PdfSyntaxError(f"nested deeper than {MAX_DEPTH} at {position}")
    result: list[Object] = []
    while True:
        following = skip_white(data, position)
        if data[following : following + 1] == b"]":
            return result, following + 1
        value, position = read_value(data, following, depth + 1)
        result.append(value)


_ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f", b"\r": b"", b"\n": b""}


def _literal(data: bytes, start: int) -> tuple[PdfString, int]:
    parts: list[bytes] = []
    position, open_brackets = start + 1, 1
    while True:
        match = _STRING_PART.search(data, position)
        if match is None:
            raise PdfSyntaxError(f"string at {start} doesn't end")
        parts.append(data[position : match.start()])
        position = match.end()
        if match[0] == b"\\":
            octal = _OCTAL.match(data, position)
            if octal:
                parts.append(bytes([int(octal[0], 8) & 0xFF]))
                position = octal.end()
            elif data[position : position + 2] == b"\r\n":
                position += 2
            else:
                escaped = data[position : position + 1]
                parts.append(_ESCAPES.get(escaped, escaped))
                position += 1
            continue
        open_brackets += 1 if match[0] == b"(" else -1
        if open_brackets == 0:
            return PdfString(b"".join(parts), start, position, hexadecimal=False), position
        parts.append(match[0])


def read_header(data: bytes, position: int) -> tuple[int, int, int] | None:
    """Number, generation and end of ``n g obj`` at a position (white space and comments skipped), or None."""
    match = _HEADER.match(data, position)
    return (int(match[1]), int(match[2]), match.end()) if match else None


def read_indirect(data: bytes, position: int, length_of: Callable[[Ref], Object] | None = None) -> IndirectObject:
    """The indirect object at a position, white space and comments skipped. Raises `PdfSyntaxError`.

    ``length_of`` resolves a stream's indirect /Length. A wrong /Length is told by ``repaired``: the data then
    end at the first ``endstream``, as most readers have it.
    """
    match = _HEADER.match(data, position)
    if match is None:
        raise PdfSyntaxError(f"no indirect object at {position}")
    number, generation, start = int(match[1]), int(match[2]), match.start(1)
    value, end = read_value(data, match.end())
    repaired = False
    if isinstance(value, PdfDict):
        opening = _STREAM.match(data, end)
        if opening:
            data_start = opening.end() if opening[1] != b"\r" else opening.end(1)
            length = value.get("Length")
            if isinstance(length, Ref):
                length = length_of(length) if length_of else None
            data_end, end, repaired = _stream_end(data, data_start, length)
            value = Stream(value, data_start, data_end)
    closing = _ENDOBJ.match(data, end)
    if closing is None:
        raise PdfSyntaxError(f"object {number} at {start} doesn't end")
    return IndirectObject(number, generation, start, closing.end(), value, repaired)


def _stream_end(data: bytes, start: int, length: Object) -> tuple[int, int, bool]:
    if isinstance(length, int) and not isinstance(length, bool) and 0 <= length <= len(data) - start:
        closing = _ENDSTREAM.match(data, start + length)
        if closing:
            return start + length, closing.end(), False
    found = data.find(b"endstream", start)
    if found < 0:
        raise PdfSyntaxError(f"stream at {start} doesn't end")
    return found, found + len(b"endstream"), True


def references(value: Object) -> Iterator[Ref]:
    """Every reference in a value, nested ones too."""
    pending: list[Object] = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, Ref):
            yield item
        elif isinstance(item, list):
            pending.extend(item)
        elif isinstance(item, PdfDict):
            pending.extend(item.values())
        elif isinstance(item, Stream):
            pending.extend(item.dictionary.values())


def dictionaries(value: Object) -> Iterator[PdfDict]:
    """Every dictionary in a value, nested ones too."""
    pending: list[Object] = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, Stream):
            item = item.dictionary
        if isinstance(item, PdfDict):
            yield item
            pending.extend(item.values())
        elif isinstance(item, list):
            pending.extend(item)
