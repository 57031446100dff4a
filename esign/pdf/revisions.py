"""The revisions of a file, found on its bytes: what a reader sees of every prefix, and which bytes are whose.

A `View` is what a reader sees of the first so many bytes. Views of one `PdfFile` share what was parsed, so a
letter signed twenty times is read once. Nothing is repaired: a faulty file is told as `PdfSyntaxError`.
"""

import operator
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TypeVar, cast

from esign.pdf.filters import decode
from esign.pdf.syntax import (
    IndirectObject,
    Name,
    Object,
    PdfDict,
    PdfString,
    PdfSyntaxError,
    Ref,
    Stream,
    read_indirect,
    read_value,
)
from esign.pdf.xref import MAX_ROWS, MAX_SECTIONS, STARTXREF, Entry, Section, read_section

Place = tuple[int, int]
"""Where an object stands: its byte offset and -1, or the offset of its object stream and its index in it."""

Decrypt = Callable[[int, int, bytes], bytes]
"""Decrypts the raw data of the stream with that number and generation."""

Found = TypeVar("Found")

MAX_RESOLVE = 32
"""How many references may lead to references."""


@dataclass(frozen=True)
class RevisionEnd:
    """``startxref … %%EOF``: where a revision ends."""

    start: int
    end: int
    """Just after ``%%EOF``."""
    xref: int
    """The offset that startxref gives."""


class PdfFile:
    """The bytes of a file, and everything that was already parsed of them."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.decrypt: Decrypt | None = None
        self._decrypt_string: Decrypt | None = None
        self.header = data.find(b"%PDF-", 0, 1024)
        """Where ``%PDF-`` stands; offsets of a file with rubbish before it may count from there."""
        self._sections: dict[int, Section | PdfSyntaxError] = {}
        self._objects: dict[int, IndirectObject | PdfSyntaxError] = {}
        self._object_streams: dict[int, ObjectStream | PdfSyntaxError] = {}
        self._rows: Rows | None = None
        self.ends = tuple(self._ends())
        """All revision ends in the file, in order; a linearised file's first one is only half of one."""

    def _ends(self) -> Iterator[RevisionEnd]:
        for count, match in enumerate(STARTXREF.finditer(self.data)):
            if count >= MAX_SECTIONS:
                return
            yield RevisionEnd(match.start(), match.end(), int(match[1]))

    def unlock(self, streams: Decrypt, strings: Decrypt) -> None:
        """From now on streams and strings are decrypted; /Contents of signatures never are (7.6.2)."""
        self.decrypt, self._decrypt_string = streams, strings
        self._objects.clear()
        self._object_streams.clear()

    def view(self, end: int | None = None) -> "View":
        """What a reader sees of the first ``end`` bytes (all by default). Raises `PdfSyntaxError`."""
        limit = len(self.data) if end is None else end
        last = next((item for item in reversed(self.ends) if item.end <= limit), None)
        if last is None:
            raise PdfSyntaxError("there is no startxref with %%EOF")
        return View(self, limit, last, tuple(self.chain(last.xref, limit)))

    def rows(self, sections: "tuple[Section, ...]") -> "Rows":
        """The rows of those sections, newest first; shared by views of which one chain continues another's."""
        if self._rows is None or not self._rows.hold(sections):
            self._rows = Rows(sections)
        return self._rows

    def chain(self, offset: int, limit: int) -> Iterator[Section]:
        """The sections from an offset back through /Prev, newest first. Raises `PdfSyntaxError`."""
        seen: set[int] = set()
        rows = 0
        following: Object = offset
        while following is not None:
            if not isinstance(following, int) or isinstance(following, bool):
                raise PdfSyntaxError("/Prev is no offset")
            if following in seen or len(seen) >= MAX_SECTIONS:
                raise PdfSyntaxError("the cross-references chain in a loop")
            seen.add(following)
            section = self.section(following)
            if section.end > limit:
                raise PdfSyntaxError("a cross-reference stands after the end of its revision")
            rows += len(section.entries) + (len(section.hybrid.entries) if section.hybrid is not None else 0)
            if rows > MAX_ROWS:
                raise PdfSyntaxError(f"the cross-references have more than {MAX_ROWS} rows")
            yield section
            following = section.previous

    def section(self, offset: int) -> Section:
        """The cross-reference section at an offset, parsed once. Raises `PdfSyntaxError`."""
        found = self._sections.get(offset)
        if found is None:
            try:
                found = read_section(self.data, offset)
            except PdfSyntaxError as fault:
                found = fault
            self._sections[offset] = found
        if isinstance(found, PdfSyntaxError):
            raise found
        return found

    def object_at(self, offset: int, length_of: Callable[[Ref], Object] | None = None) -> IndirectObject:
        """The indirect object at an offset, parsed once. Raises `PdfSyntaxError`."""
        found = self._objects.get(offset)
        if found is None:
            try:
                found = read_indirect(self.data, offset, length_of)
                if self._decrypt_string is not None:
                    _decrypt_strings(found, self._decrypt_string)
            except PdfSyntaxError as fault:
                found = fault
            except RecursionError:
                found = PdfSyntaxError("nested too deeply")
            self._objects[offset] = found
        if isinstance(found, PdfSyntaxError):
            raise found
        return found

    def object_stream(self, offset: int, length_of: Callable[[Ref], Object] | None = None) -> "ObjectStream":
        """The object stream at an offset, decoded once. Raises `PdfSyntaxError`."""
        found = self._object_streams.get(offset)
        if found is None:
            try:
                found = self._read_object_stream(self.object_at(offset, length_of))
            except PdfSyntaxError as fault:
                found = fault
            self._object_streams[offset] = found
        if isinstance(found, PdfSyntaxError):
            raise found
        return found

    def _read_object_stream(self, item: IndirectObject) -> "ObjectStream":
        stream = item.value
        if not isinstance(stream, Stream) or stream.dictionary.get("Type") != "ObjStm" or stream.data_end is None:
            raise PdfSyntaxError(f"object {item.number} is no object stream")
        raw = self.data[stream.data_start : stream.data_end]
        if self.decrypt is not None:
            raw = self.decrypt(item.number, item.generation, raw)
        data = decode(raw, stream.dictionary)
        count, first = stream.dictionary.get("N"), stream.dictionary.get("First")
        if not isinstance(count, int) or not isinstance(first, int) or not 0 <= first <= len(data):
            raise PdfSyntaxError(f"object stream {item.number} has no usable /N or /First")
        try:
            heading = [int(word) for word in data[:first].split()[: 2 * count]]
        except ValueError as error:
            raise PdfSyntaxError(f"object stream {item.number} has a damaged heading") from error
        pairs = tuple(zip(heading[::2], (first + offset for offset in heading[1::2]), strict=False))
        return ObjectStream(item, data, pairs)


def _decrypt_strings(item: IndirectObject, decrypt: Decrypt) -> None:
    """Decrypts the strings of an object in place; one that can't be decrypted stays as it is."""
    pending: list[Object] = [item.value]
    while pending:
        value = pending.pop()
        if isinstance(value, Stream):
            if value.dictionary.get("Type") == "XRef":
                return
            value = value.dictionary
        if isinstance(value, PdfDict):
            for key, inner in value.items():
                if isinstance(inner, PdfString) and not (key == "Contents" and "ByteRange" in value):
                    value[key] = _decrypted(item, inner, decrypt)
                else:
                    pending.append(inner)
        elif isinstance(value, list):
            for index, inner in enumerate(value):
                if isinstance(inner, PdfString):
                    value[index] = _decrypted(item, inner, decrypt)
                else:
                    pending.append(inner)


def _decrypted(item: IndirectObject, string: PdfString, decrypt: Decrypt) -> PdfString:
    try:
        return replace(string, value=decrypt(item.number, item.generation, string.value))
    except (ValueError, TypeError):
        return replace(string, damaged=True)


@dataclass(frozen=True)
class ObjectStream:
    """A decoded object stream: the numbers of its objects and their offsets in ``data``."""

    item: IndirectObject
    data: bytes
    objects: tuple[tuple[int, int], ...]
    _parsed: dict[int, Object] = field(default_factory=dict)

    def value(self, index: int, number: int) -> Object:
        """The object with that index, which must have that number. Raises `PdfSyntaxError`."""
        if not 0 <= index < len(self.objects) or self.objects[index][0] != number:
            raise PdfSyntaxError(f"object {number} is not at index {index} of object stream {self.item.number}")
        if index not in self._parsed:
            self._parsed[index], _ = read_value(self.data, self.objects[index][1])
        return self._parsed[index]


class Rows:
    """The rows of a chain of sections by object number, so that none is looked for in section after section."""

    def __init__(self, sections: tuple[Section, ...]) -> None:
        """``sections``: newest first."""
        self._sections = sections
        self._by_number: dict[int, list[int]] = {}
        for age, section in enumerate(reversed(sections)):
            for number in section.numbers():
                self._by_number.setdefault(number, []).append(age)

    def hold(self, sections: tuple[Section, ...]) -> bool:
        """Whether those sections are the oldest of these."""
        mine = self._sections[len(self._sections) - len(sections) :]
        return len(mine) == len(sections) and all(map(operator.is_, mine, sections))

    def newest(self, number: int, count: int, *, streams: bool) -> Entry | None:
        """The row of an object in the oldest ``count`` sections, the newest one."""
        ages = self._by_number.get(number)
        if ages is None:
            return None
        for place in range(bisect_left(ages, count) - 1, -1, -1):
            row = self._sections[len(self._sections) - 1 - ages[place]].lookup(number, streams=streams)
            if row is not None:
                return row
        return None


@dataclass(frozen=True)
class View:
    """What a reader sees of the first ``end`` bytes of a file."""

    file: PdfFile
    end: int
    last: RevisionEnd
    sections: tuple[Section, ...]
    """Newest first."""
    streams: bool = True
    """False: as a reader sees it that knows no cross-reference streams (hybrid files)."""
    _entries: dict[int, Entry | None] = field(default_factory=dict, repr=False, compare=False)
    _found: dict[tuple[str, int], tuple[object, object]] = field(default_factory=dict, repr=False, compare=False)

    @property
    def trailer(self) -> PdfDict:
        """The newest section's trailer."""
        return self.sections[0].trailer

    @property
    def is_hybrid(self) -> bool:
        """Whether a table and a stream describe the same revision."""
        return any(section.hybrid is not None for section in self.sections)

    def tables_only(self) -> "View":
        """The same prefix, as a reader sees it that knows no cross-reference streams."""
        return View(self.file, self.end, self.last, self.sections, streams=False)

    def entry(self, number: int) -> Entry | None:
        """The row that counts for an object, the newest one."""
        if number not in self._entries:
            self._entries[number] = self._rows.newest(number, len(self.sections), streams=self.streams)
        return self._entries[number]

    @cached_property
    def _rows(self) -> Rows:
        return self.file.rows(self.sections)

    def once(self, name: str, about: object, find: Callable[[], Found]) -> Found:
        """What ``find`` finds about a value of this view, found once: each later signature is told by each earlier one.

        ``name`` says what is found. What is given back is shared, and not to be changed.
        """
        key = (name, id(about))
        kept = self._found.get(key)
        if kept is None or kept[0] is not about:
            kept = self._found[key] = (about, find())
        return cast("Found", kept[1])

    def numbers(self) -> set[int]:
        """All object numbers that any section has a row for."""
        return {number for section in self.sections for number in section.numbers()}

    def place(self, number: int) -> Place | None:
        """Where the object stands; None when it is free or unknown."""
        entry = self.entry(number)
        if entry is None or entry.kind == 0:
            return None
        if entry.kind == 1:
            return (entry.first, -1)
        container = self.entry(entry.first)
        return (container.first, entry.second) if container is not None and container.kind == 1 else None

    def get(self, reference: Ref) -> Object:
        """The object that a reference leads to; None where it is free, unknown, or of another generation.

        Raises `PdfSyntaxError` when the cross-reference leads to something else than that object.
        """
        entry = self.entry(reference.number)
        if entry is None or entry.kind == 0:
            return None
        if entry.kind == 1:
            if entry.first == 0 or entry.second != reference.generation:
                return None
            item = self.indirect(reference.number)
            return None if item is None else item.value
        container = self.entry(entry.first)
        if container is None or container.kind != 1 or reference.generation != 0:
            return None
        stream = self.file.object_stream(container.first, self.get)
        if stream.item.end > self.end:
            raise PdfSyntaxError(f"object stream {entry.first} stands after the end of its revision")
        return stream.value(entry.second, reference.number)

    def indirect(self, number: int) -> IndirectObject | None:
        """The object as it stands in the file with its extent; None where it is free, unknown or compressed."""
        entry = self.entry(number)
        if entry is None or entry.kind != 1 or entry.first == 0:
            return None
        item = self.file.object_at(entry.first, self.get)
        if item.number != number or item.generation != entry.second:
            raise PdfSyntaxError(f"the cross-reference of object {number} leads to object {item.number}")
        if item.end > self.end:
            raise PdfSyntaxError(f"object {number} stands after the end of its revision")
        return item

    def decoded(self, reference: Ref) -> bytes | None:
        """The decoded data of the stream that a reference leads to; None where there is none.

        Raises `PdfSyntaxError`, also for filters that aren't Flate.
        """
        item = self.indirect(reference.number)
        if item is None or not isinstance(item.value, Stream) or item.value.data_end is None:
            return None
        raw = self.file.data[item.value.data_start : item.value.data_end]
        if self.file.decrypt is not None:
            raw = self.file.decrypt(item.number, item.generation, raw)
        return decode(raw, item.value.dictionary)

    def resolve(self, value: Object) -> Object:
        """The value itself, or what its reference leads to."""
        for _ in range(MAX_RESOLVE):
            if not isinstance(value, Ref):
                return value
            value = self.get(value)
        raise PdfSyntaxError("references lead to references without end")

    def dictionary(self, value: Object) -> PdfDict:
        """The dictionary that a value is or leads to (a stream's too); an empty one where it is something else."""
        found = self.resolve(value)
        if isinstance(found, Stream):
            return found.dictionary
        return found if isinstance(found, PdfDict) else PdfDict()

    def array(self, value: Object) -> list[Object]:
        """The array that a value is or leads to; an empty one where it is something else."""
        found = self.resolve(value)
        return found if isinstance(found, list) else []

    def name(self, value: Object) -> str | None:
        """The name that a value is or leads to, or None."""
        found = self.resolve(value)
        return str(found) if isinstance(found, Name) else None

    @property
    def catalogue(self) -> PdfDict:
        """The document catalogue (7.7.2). Raises `PdfSyntaxError` where there is none."""
        found = self.resolve(self.trailer.get("Root"))
        if not isinstance(found, PdfDict):
            raise PdfSyntaxError("there is no document catalogue")
        return found
