"""Cross-reference sections (ISO 32000-2, 7.5.4, 7.5.8): tables, streams, and the hybrid of both.

Every section says which bytes it takes up, so that whoever accounts for a file's bytes can tell what is left.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from esign.pdf.filters import decode
from esign.pdf.syntax import (
    Object,
    PdfDict,
    PdfSyntaxError,
    Stream,
    read_header,
    read_indirect,
    read_value,
    skip_white,
)

MAX_NUMBER = 8_388_607
"""The highest object number that common readers take (ISO 32000-1, annex C)."""
MAX_ROWS = 1_500_000
"""How many rows all sections that a view chains may have; a file of 50 MB has room for a million objects."""
MAX_SECTIONS = 4096
"""How many cross-reference sections a file may chain."""
MAX_FAULTS = 16
"""How many odd things are told of one section."""

_XREF = re.compile(rb"xref(?=[\0\t\n\f\r ])")
_SUBSECTION = re.compile(rb"[\0\t\n\f\r ]*(\d{1,10})[ \t]+(\d{1,10})[\0\t\n\f\r ]+")
_ROW = re.compile(rb"(\d{10}) (\d{5}) ([nf])[ \t\r\n]{0,2}")
_LOOSE_ROW = re.compile(rb"[\0\t\n\f\r ]*(\d{1,10})[ \t]+(\d{1,5})[ \t]+([nf])[ \t\r\n]{0,2}")
_TRAILER = re.compile(rb"[\0\t\n\f\r ]*trailer(?=[\0\t\n\f\r <])")
STARTXREF = re.compile(rb"startxref[\0\t\n\f\r ]+(\d{1,15})[\0\t\n\f\r ]+%%EOF")


class Entry(NamedTuple):
    """One row, in the words of cross-reference streams (7.5.8.3)."""

    kind: Literal[0, 1, 2]
    """0 free, 1 at a byte offset, 2 in an object stream."""
    first: int
    """The byte offset, or the number of the object stream."""
    second: int
    """The generation, or the index within the object stream."""


@dataclass(frozen=True)
class Section:
    """One cross-reference section. ``start`` and ``end`` enclose it, a table's trailer dictionary included."""

    start: int
    end: int
    kind: Literal["table", "stream"]
    entries: dict[int, Entry]
    trailer: PdfDict
    number: int | None = None
    """The object number of a cross-reference stream."""
    hybrid: "Section | None" = None
    """The stream that a table's /XRefStm names, for readers that know streams."""
    faults: tuple[str, ...] = field(default=())
    """What is odd about it though it could be read: some readers give it up then, and repair the file."""

    @property
    def previous(self) -> Object:
        """/Prev as written."""
        return self.trailer.get("Prev")

    def lookup(self, number: int, *, streams: bool = True) -> Entry | None:
        """The row of an object: a hybrid's table first, then its stream, unless ``streams`` is False.

        An object that the table of a hybrid calls free is looked up in its stream (7.5.8.4).
        """
        entry = self.entries.get(number)
        if streams and self.hybrid is not None and (entry is None or entry.kind == 0):
            return self.hybrid.entries.get(number, entry)
        return entry

    def numbers(self) -> Iterator[int]:
        """All object numbers that it has rows for, each once."""
        yield from self.entries
        if self.hybrid is not None:
            yield from (number for number in self.hybrid.entries if number not in self.entries)


def read_section(data: bytes, offset: int) -> Section:
    """The section at an offset (leading white space tolerated). Raises `PdfSyntaxError`."""
    if not 0 <= offset < len(data):
        raise PdfSyntaxError(f"no cross-reference at {offset}: the file ends before")
    position = skip_white(data, offset)
    if _XREF.match(data, position):
        return _read_table(data, position)
    if read_header(data, position) is None:
        raise PdfSyntaxError(f"no cross-reference at {offset}")
    return _read_stream(data, position)


def _read_table(data: bytes, start: int) -> Section:
    entries: dict[int, Entry] = {}
    faults: list[str] = []
    position = start + len(b"xref")
    while not (trailer := _TRAILER.match(data, position)):
        heading = _SUBSECTION.match(data, position)
        if heading is None:
            raise PdfSyntaxError(f"the cross-reference table at {start} is damaged")
        first, count = int(heading[1]), int(heading[2])
        position = heading.end()
        if first + count > MAX_NUMBER + 1 or count * 15 > len(data) - position:
            raise PdfSyntaxError(f"the cross-reference table at {start} claims {count} objects from {first}")
        for number in range(first, first + count):
            row = _ROW.match(data, position) or _LOOSE_ROW.match(data, position)
            if row is None:
                raise PdfSyntaxError(f"the cross-reference table at {start} is damaged at object {number}")
            if number in entries and len(faults) < MAX_FAULTS:
                faults.append(f"object {number} has two rows")
            in_use = row[3] == b"n"
            entries[number] = Entry(1 if in_use else 0, int(row[1]), int(row[2]))
            position = row.end()
    dictionary, end = read_value(data, trailer.end())
    if not isinstance(dictionary, PdfDict):
        raise PdfSyntaxError(f"the cross-reference table at {start} has no trailer")
    hybrid = None
    if "XRefStm" in dictionary:
        at = dictionary["XRefStm"]
        if not isinstance(at, int):
            raise PdfSyntaxError("/XRefStm is no offset")
        hybrid = _hybrid_stream(data, at)
        faults.extend(hybrid.faults)
    return Section(start, end, "table", entries, dictionary, None, hybrid, tuple(faults))


def _hybrid_stream(data: bytes, offset: int) -> Section:
    """The stream that /XRefStm leads to. A table is none, not even one with an /XRefStm of its own."""
    if not 0 <= offset < len(data) or read_header(data, position := skip_white(data, offset)) is None:
        raise PdfSyntaxError("/XRefStm leads to no cross-reference stream")
    return _read_stream(data, position)


def _read_stream(data: bytes, start: int) -> Section:
    item = read_indirect(data, start)
    stream = item.value
    if not isinstance(stream, Stream) or stream.dictionary.get("Type") != "XRef" or stream.data_end is None:
        raise PdfSyntaxError(f"the object at {start} is no cross-reference stream")
    dictionary = stream.dictionary
    widths = _integers(dictionary.get("W"))
    size = dictionary.get("Size")
    if len(widths) < 3 or any(width > 8 for width in widths) or not isinstance(size, int):
        raise PdfSyntaxError(f"the cross-reference stream at {start} has no usable /W or /Size")
    rows = decode(data[stream.data_start : stream.data_end], dictionary)
    width = sum(widths)
    if width == 0:
        raise PdfSyntaxError(f"the cross-reference stream at {start} has rows of no width")
    index = _integers(dictionary["Index"]) if "Index" in dictionary else [0, size]
    faults = _faults(dictionary, index, len(rows) // width)
    if item.repaired:
        faults.append("its stream's /Length is wrong")
    entries: dict[int, Entry] = {}
    position = 0
    for first, count in zip(index[::2], index[1::2], strict=False):
        if len(entries) + min(count, (len(rows) - position) // width) > MAX_ROWS:
            raise PdfSyntaxError(f"the cross-reference stream at {start} has more than {MAX_ROWS} rows")
        if first + count > MAX_NUMBER + 1:
            raise PdfSyntaxError(f"the cross-reference stream at {start} claims object {first + count}")
        for number in range(first, first + min(count, (len(rows) - position) // width + 1)):
            row = rows[position : position + width]
            position += width
            if len(row) < width:
                break
            if number in entries and len(faults) < MAX_FAULTS:
                faults.append(f"object {number} has two rows")
            if widths[0] and int.from_bytes(row[: widths[0]]) > 2 and len(faults) < MAX_FAULTS:
                faults.append(f"the row of object {number} is of no known kind")
            entries.setdefault(number, _row(row, widths))
    return Section(item.start, item.end, "stream", entries, dictionary, item.number, None, tuple(faults))


def _faults(dictionary: PdfDict, index: list[int], rows: int) -> list[str]:
    """What is odd about a stream's /Index and how many rows it has; more rows than told are read by nobody."""
    if "Index" in dictionary and (not index or len(index) % 2):
        return ["its /Index is no array of pairs"]
    told = sum(index[1::2])
    return [f"it has {rows} rows, and tells of {told}"] if rows < told else []


def _row(row: bytes, widths: list[int]) -> Entry:
    one, two = widths[0], widths[0] + widths[1]
    kind = int.from_bytes(row[:one]) if one else 1
    first, second = int.from_bytes(row[one:two]), int.from_bytes(row[two : two + widths[2]])
    if kind == 1:
        return Entry(1, first, second)
    if kind == 2:
        return Entry(2, first, second)
    return Entry(0, first, second)


def _integers(value: Object) -> list[int]:
    if not isinstance(value, list):
        return []
    numbers = [item for item in value if isinstance(item, int) and not isinstance(item, bool) and item >= 0]
    return numbers if len(numbers) == len(value) else []
