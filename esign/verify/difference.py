"""Which objects differ between a signed revision and the file as it is, and who refers to them."""

import re
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from esign.pdf.revisions import PdfFile, View
from esign.pdf.segments import outside_large_streams
from esign.pdf.syntax import (
    SEPARATOR,
    Object,
    PdfDict,
    PdfString,
    PdfSyntaxError,
    Ref,
    Stream,
    dictionaries,
    references,
)
from esign.pdf.text_strings import same_text
from esign.pdf.xref import Section

_REFERENCE = re.compile(
    rb"(?<![0-9])(\d{1,15})" + SEPARATOR + rb"\d{1,5}" + SEPARATOR + rb"R(?=[\0\t\n\f\r ()<>\[\]{}/%]|$)"
)
_TEXTS = frozenset({"ActualText", "Alt", "Contents", "DV", "E", "Lang", "NM", "Subj", "T", "TM", "TU", "Title", "V"})
"""Keys whose strings are texts: programs that write an object again may choose another encoding (7.9.2.2)."""
UNREADABLE = -1
"""Stands for an object that can't be read, and refers to something: nobody knows in which role."""


@dataclass(frozen=True)
class Difference:
    """An object that is not what it was."""

    number: int
    kind: Literal["added", "removed", "modified"]
    old: Object = None
    new: Object = None


class History:
    """What was added to a file after its first signature: which numbers, and every reference to them."""

    def __init__(self, file: PdfFile, final: View, since: int) -> None:
        """``since``: where the first signed revision ends."""
        self._file = file
        self._final = final
        self._later = [section for section in final.sections if section.start >= since]
        self._numbers = {number for section in self._later for number in section.numbers()}

    def later_than(self, view: View) -> list[Section]:
        """The sections that were added after a signed revision."""
        return [section for section in self._later if section.end > view.end]

    def differences(self, view: View) -> list[Difference]:
        """What differs between the final view and a signed one, by object number. Raises `PdfSyntaxError`."""
        numbers = {number for section in self.later_than(view) for number in section.numbers()}
        result = []
        for number in sorted(numbers):
            old_place, new_place = view.place(number), self._final.place(number)
            if old_place == new_place:
                continue
            old = _value(view, number)
            new = _value(self._final, number)
            if old_place is None:
                result.append(Difference(number, "added", None, new))
            elif new_place is None:
                result.append(Difference(number, "removed", old, None))
            elif has_duplicates(new) or not self.same(old, new):
                result.append(Difference(number, "modified", old, new))
        return result

    def same(self, one: Object, other: Object, depth: int = 0) -> bool:
        """Whether two values are written alike: references by number, streams by their raw data."""
        if type(one) is not type(other) or depth > 64:
            return isinstance(one, int | float) and isinstance(other, int | float) and float(one) == float(other)
        if isinstance(one, PdfString) and isinstance(other, PdfString):
            return one.value == other.value and one.damaged == other.damaged
        if isinstance(one, list) and isinstance(other, list):
            return len(one) == len(other) and all(self.same(a, b, depth + 1) for a, b in zip(one, other, strict=True))
        if isinstance(one, PdfDict) and isinstance(other, PdfDict):
            return one.keys() == other.keys() and all(
                self.same_under(key, one[key], other[key], depth + 1) for key in one
            )
        if isinstance(one, Stream) and isinstance(other, Stream):
            return self._same_stream(one, other, depth)
        return one == other

    def same_under(self, key: str, one: Object, other: Object, depth: int = 0) -> bool:
        """Whether two values of that key are alike: written alike, or texts of the same words."""
        return self.same(one, other, depth) or (key in _TEXTS and same_text(one, other))

    def _same_stream(self, one: Stream, other: Stream, depth: int) -> bool:
        data = self._file.data
        keys = (one.dictionary.keys() | other.dictionary.keys()) - {"Length"}
        return data[one.data_start : one.data_end] == data[other.data_start : other.data_end] and all(
            self.same(one.dictionary.get(key), other.dictionary.get(key), depth + 1) for key in keys
        )

    # --- references --------------------------------------------------------------------------------

    def referrers(self, view: View, number: int) -> set[int]:
        """The numbers of the objects of a view that refer to an object, the object itself left out."""
        found = set()
        referring = self._referring if number in self._numbers else self._referring_to_the_rest
        for owner, offset, index in referring.get(number, ()):
            if (owner == UNREADABLE and offset < view.end) or (
                owner != number and offset < view.end and view.place(owner) == (offset, index)
            ):
                found.add(owner)
        return found

    @cached_property
    def _referring(self) -> dict[int, list[tuple[int, int, int]]]:
        """What refers to the objects that were touched by any later revision."""
        return self._references_to(lambda number: number in self._numbers)

    @cached_property
    def _referring_to_the_rest(self) -> dict[int, list[tuple[int, int, int]]]:
        """What refers to all other objects: seldom asked for, and long in a long letter."""
        return self._references_to(lambda number: number not in self._numbers)

    def _references_to(self, wanted: Callable[[int], bool]) -> dict[int, list[tuple[int, int, int]]]:
        """By number: the objects that refer to it, each as its own number, offset and index in its stream."""
        owners = self._owners()
        result: dict[int, list[tuple[int, int, int]]] = {}
        for start, end in outside_large_streams(self._file, owners, self._final.get):
            for match in _REFERENCE.finditer(self._file.data, start, end):
                number = int(match[1])
                if wanted(number):
                    owner = self._plain_owner(owners, match.start())
                    if owner is not None:
                        result.setdefault(number, []).append((owner[0], owner[1], -1))
        for offset in sorted(self._containers()):
            stream = self._file.object_stream(offset, self._final.get)
            if not _REFERENCE.search(stream.data):
                continue
            for index, (owner_number, _) in enumerate(stream.objects):
                value = stream.value(index, owner_number)
                for reference in references(value):
                    if wanted(reference.number):
                        result.setdefault(reference.number, []).append((owner_number, offset, index))
        return result

    def _owners(self) -> list[int]:
        return sorted(
            {
                entry.first
                for section in self._final.sections
                for entries in (section.entries, section.hybrid.entries if section.hybrid else {})
                for entry in entries.values()
                if entry.kind == 1
            }
        )

    def _plain_owner(self, owners: list[int], position: int) -> tuple[int, int] | None:
        """Number and offset of the object around a position; None in trailers, in streams' data and between objects."""
        index = bisect_right(owners, position) - 1
        if index < 0:
            return None
        try:
            item = self._file.object_at(owners[index], self._final.get)
        except PdfSyntaxError:
            return UNREADABLE, position
        if position >= item.end:
            return None
        stream = item.value
        if isinstance(stream, Stream) and (stream.dictionary.get("Type") == "XRef" or position >= stream.data_start):
            return None
        return item.number, owners[index]

    def _containers(self) -> set[int]:
        containers = set()
        for section in self._final.sections:
            for entries in (section.entries, section.hybrid.entries if section.hybrid else {}):
                numbers = {entry.first for entry in entries.values() if entry.kind == 2}
                for number in numbers:
                    row = self._final.entry(number)
                    if row is not None and row.kind == 1:
                        containers.add(row.first)
        return containers


def has_duplicates(value: Object) -> bool:
    """Whether a dictionary in it has a key twice: readers differ in which one counts."""
    return any(item.duplicates for item in dictionaries(value))


def _value(view: View, number: int) -> Object:
    entry = view.entry(number)
    if entry is None or entry.kind == 0:
        return None
    return view.get(Ref(number, entry.second if entry.kind == 1 else 0))
