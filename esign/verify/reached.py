"""Which pages anything that was added after a signature belongs to: what a second engine has to look at (rule 6).

Climbs from every object that differs to whatever refers to it, up to pages. The other pages are the same objects as
in the signed revision, and so are all objects that they are made of.
"""

import hashlib
import random
import re
from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise

from esign.pdf.pages import PageTree
from esign.pdf.revisions import PdfFile, View
from esign.pdf.segments import outside_large_streams
from esign.pdf.sightings import Plan, Step
from esign.pdf.syntax import SEPARATOR, Object, PdfDict, PdfSyntaxError, Ref, Stream
from esign.pdf.xref import Section
from esign.verify.pagefinder import page_index
from esign.verify.permissions import form_fields
from esign.verify.structure import Structure

SAMPLE = 2
"""Pages that nothing reaches, looked at all the same."""
MANY = 1000
"""Changed objects from which on it is cheaper to count the pages again than to look at each."""
MAX_CLIMBED = 50_000
"""Objects after which climbing is given up, and every page counts as reached."""
_REFERENCE = re.compile(rb"(?<![0-9])(\d{1,8})" + SEPARATOR + rb"\d{1,5}" + SEPARATOR + rb"R(?![A-Za-z0-9])")
_TOPS = ("Catalog", "StructTreeRoot", "StructElem", "Outlines", "XRef", "ObjStm")
"""Types of objects that no page is drawn from."""


@dataclass(frozen=True)
class Reached:
    """What a second engine is to look at, and what our reader says of the same."""

    plan: Plan
    counts: tuple[int | None, ...]
    """How many pages our reader counts in each planned prefix; None where the page tree is damaged."""


def reached(structure: Structure) -> Reached | None:
    """What a second engine is to look at; None where nothing follows the first sound signature.

    Raises `PdfSyntaxError` where what was added can't be read.
    """
    final = structure.view
    views = {item.view.last.end: item.view for item in structure.signatures if item.sound and item.view is not None}
    if final is None or not views or final.last.end <= min(views):
        return None
    ordered = [views[end] for end in sorted(views)]
    if ordered[-1].last.end < final.last.end:
        ordered.append(final)
    changed = [_changed(one, other) for one, other in pairwise(ordered)]
    climb = _Climb(structure.file, final)
    pages = [climb.pages(numbers, other) for numbers, other in zip(changed, ordered[1:], strict=True)]
    counts = _counts(ordered, changed)
    if counts[-1] is None and None in pages:
        raise PdfSyntaxError("the page tree is damaged")
    count = counts[-1] or 0
    everything = tuple(range(1, count + 1)) if None in pages else ()
    names = _filled(final, set().union(*changed))
    steps = tuple(
        Step(
            pages=everything if numbers is None else tuple(sorted(numbers)),
            fields=tuple(sorted({names[number] for number in objects if number in names})),
        )
        for objects, numbers in zip(changed, pages, strict=True)
    )
    ends = (*(view.end for view in ordered[:-1]), len(structure.file.data))
    return Reached(Plan(ends=ends, steps=steps, sample=_sample(structure.file.data, count, steps)), tuple(counts))


def _counts(ordered: list[View], changed: list[set[int]]) -> list[int | None]:
    counts = [_count(ordered[0])]
    for (before, after), numbers in zip(pairwise(ordered), changed, strict=True):
        counts.append(_count(after) if _has_nodes(numbers, before, after) else counts[-1])
    return counts


def _has_nodes(numbers: set[int], before: View, after: View) -> bool:
    """Whether any of these objects may change the number of pages: a node of the tree, or the catalogue's root."""
    if len(numbers) > MANY or before.catalogue.get("Pages") != after.catalogue.get("Pages"):
        return True
    return any(_type(_value(view, number)) not in _PLAIN for number in numbers for view in (before, after))


_PLAIN = (
    None,
    "Page",
    "Annot",
    "Catalog",
    "Sig",
    "DocTimeStamp",
    "XObject",
    "Font",
    "DSS",
    "XRef",
    "ObjStm",
    "Metadata",
)


def _count(view: View) -> int | None:
    try:
        return len(PageTree(view))
    except PdfSyntaxError:
        return None


def _changed(before: View, after: View) -> set[int]:
    """The numbers of the objects that stand elsewhere than before."""
    numbers = {number for section in _later(after, before.end) for number in section.numbers()}
    return {number for number in numbers if before.place(number) != after.place(number)}


def _later(view: View, since: int) -> list[Section]:
    return [section for section in view.sections if section.end > since]


def _filled(final: View, numbers: set[int]) -> dict[int, str]:
    """The full names of those of the objects that are form fields, or parts of them, and no signature fields."""
    form = final.dictionary(final.catalogue.get("AcroForm"))
    return {
        number: field.name
        for number, field in form_fields(final, form).items()
        if number in numbers and not field.is_signature
    }


def _sample(data: bytes, count: int, steps: tuple[Step, ...]) -> tuple[int, ...]:
    """Some pages that no step reaches, always the same ones of a file."""
    reached = {page for step in steps for page in step.pages}
    seed = hashlib.sha256(data).digest()
    chosen = random.Random(seed)  # noqa: S311  a sample, not a secret
    if count - len(reached) <= SAMPLE:
        return tuple(page for page in range(1, count + 1) if page not in reached)
    found: set[int] = set()
    while len(found) < SAMPLE:
        page = chosen.randint(1, count)
        if page not in reached:
            found.add(page)
    return tuple(sorted(found))


class _Climb:
    """The way up from objects to the pages that they belong to, in any revision of a file."""

    def __init__(self, file: PdfFile, final: View) -> None:
        self._file = file
        self._final = final
        self._referrers: dict[int, set[int]] | None = None

    def pages(self, numbers: set[int], view: View) -> set[int] | None:
        """The numbers of the pages, from 1, that any of these objects belongs to; None for all pages."""
        found: set[int] = set()
        pending, seen = list(numbers), set(numbers)
        while pending:
            number = pending.pop()
            kind = self._kind(number)
            if kind == "Page":
                index = page_index(view, Ref(number, 0))
                if index is None:
                    return None
                found.add(index)
                continue
            if kind in _TOPS:
                continue
            if kind == "Pages":
                return None
            for referrer in self._all_referrers().get(number, ()):
                if referrer not in seen:
                    seen.add(referrer)
                    pending.append(referrer)
            if len(seen) > MAX_CLIMBED:
                return None
        return found

    def _kind(self, number: int) -> str | None:
        return _type(_value(self._final, number))

    def _all_referrers(self) -> dict[int, set[int]]:
        """By number: the objects that refer to it in any revision, found by a search for references."""
        if self._referrers is None:
            owners: dict[int, int] = {}
            containers: set[int] = set()
            for section in self._final.sections:
                for entries in (section.entries, section.hybrid.entries if section.hybrid else {}):
                    for number, entry in entries.items():
                        if entry.kind == 1:
                            owners[entry.first] = number
                        elif entry.kind == 2:
                            containers.add(entry.first)
            self._referrers = {}
            starts = sorted(owners)
            for start, end in outside_large_streams(self._file, starts, self._final.get):
                self._search(self._file.data, starts, owners, start, end)
            for number in containers:
                self._search_stream(number)
        return self._referrers

    def _search(self, data: bytes, starts: list[int], owners: dict[int, int], start: int, end: int) -> None:
        result = self._referrers
        if result is None:
            return
        index, count = bisect_right(starts, start) - 1, len(starts)
        for match in _REFERENCE.finditer(data, start, end):
            at = match.start()
            if index + 1 < count and starts[index + 1] <= at:
                index = bisect_right(starts, at, index + 1) - 1
            if index >= 0:
                result.setdefault(int(match[1]), set()).add(owners[starts[index]])

    def _search_stream(self, number: int) -> None:
        for section in self._final.sections:
            entry = section.lookup(number)
            if entry is None or entry.kind != 1:
                continue
            try:
                stream = self._file.object_stream(entry.first, self._final.get)
            except PdfSyntaxError:
                continue
            owners = {offset: held for held, offset in stream.objects}
            self._search(stream.data, sorted(owners), owners, 0, len(stream.data))


def _value(view: View, number: int) -> Object:
    entry = view.entry(number)
    if entry is None or entry.kind == 0:
        return None
    return view.get(Ref(number, entry.second if entry.kind == 1 else 0))


def _type(value: Object) -> str | None:
    if isinstance(value, Stream):
        value = value.dictionary
    if not isinstance(value, PdfDict):
        return None
    found = value.get("Type")
    if not isinstance(found, str):
        return "Pages" if "Kids" in value and "Count" in value else None
    return str(found)
