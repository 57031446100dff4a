"""The pages of a letter: how many there are, which objects they are, and their geometry.

Counting reads only the nodes of the page tree (ISO 32000-2, 7.7.3), not the pages: a letter of 2,000 pages is counted
in the time that its cross-reference takes to read. What a reader of another make could count otherwise (a /Count that
lies, a page listed twice, a loop) is an error, not a guess.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from esign.pdf.geometry import Box, PageGeometry
from esign.pdf.revisions import View
from esign.pdf.syntax import Object, PdfDict, PdfSyntaxError, Ref

__all__ = ["Box", "Page", "PageGeometry", "PageTree", "PageTreeError"]

MAX_PAGES = 100_000
"""Pages after which a page tree is given up."""
MAX_DEPTH = 64
"""Levels of nodes after which it is given up."""
_INHERITED = ("MediaBox", "CropBox", "Rotate", "Resources")
_KIDS = re.compile(rb"/(?:K|#4[Bb])(?:i|#69)(?:d|#64)(?:s|#73)(?=[\0\t\n\f\r ()<>\[\]{}/%]|$)")


class PageTreeError(PdfSyntaxError):
    """The page tree is damaged, or says different things to different readers."""


@dataclass(frozen=True)
class Page:
    """One page."""

    number: int
    """From 1."""
    reference: Ref
    dictionary: PdfDict
    geometry: PageGeometry


@dataclass(frozen=True)
class _Node:
    """What the pages beneath a node of the tree inherit from it."""

    inherited: dict[str, Object]


class PageTree:
    """The page tree of one view of a file. Raises ``PageTreeError`` or another ``PdfSyntaxError`` for a damaged one."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._with_kids = _objects_with_kids(view)
        self._leaves: list[tuple[Ref, _Node]] = []
        self._seen: set[int] = set()
        root = view.catalogue.get("Pages")
        if not isinstance(root, Ref):
            raise PageTreeError("the catalogue leads to no page tree")
        self._walk(root)

    def __len__(self) -> int:
        """The number of pages."""
        return len(self._leaves)

    def __getitem__(self, number: int) -> Page:
        """The page of that number, from 1. Raises IndexError where there is none."""
        if not 1 <= number <= len(self._leaves):
            raise IndexError(number)
        reference, node = self._leaves[number - 1]
        dictionary = self._view.resolve(reference)
        if not isinstance(dictionary, PdfDict) or dictionary.get("Type", "Page") != "Page":
            raise PageTreeError(f"page {number} is not a page")
        attributes = {**node.inherited, **dictionary}
        return Page(number, reference, dictionary, self._geometry(attributes))

    def __iter__(self) -> Iterator[Page]:
        """All pages, each read when it is reached."""
        return (self[number] for number in range(1, len(self) + 1))

    def references(self) -> tuple[Ref, ...]:
        """The page objects in order; none of them is read."""
        return tuple(reference for reference, _ in self._leaves)

    def _walk(self, root: Ref) -> None:
        """Lists the leaves, depth first, without recursion; compares each node's /Count with what is beneath it."""
        pending: list[tuple[Ref, _Node, int] | tuple[PdfDict, int]] = [(root, _Node({}), 0)]
        while pending:
            item = pending.pop()
            if len(item) == 2:
                counted, first = item
                if self._view.resolve(counted.get("Count")) != len(self._leaves) - first:
                    raise PageTreeError("a /Count of the page tree is wrong")
                continue
            reference, above, depth = item
            if reference.number in self._seen:
                raise PageTreeError(f"object {reference.number} is twice in the page tree")
            self._seen.add(reference.number)
            node = self._node(reference) if depth == 0 or reference.number in self._with_kids else None
            if node is None and depth == 0:
                raise PageTreeError("the page tree has no node")
            if node is None:
                self._add(reference, above)
                continue
            if depth > MAX_DEPTH:
                raise PageTreeError("the page tree is too deep")
            pending.append((node, len(self._leaves)))
            below = _Node({**above.inherited, **{key: node[key] for key in _INHERITED if key in node}})
            for kid in reversed(self._view.array(node.get("Kids"))):
                if not isinstance(kid, Ref):
                    raise PageTreeError("a page is not an indirect object")
                pending.append((kid, below, depth + 1))

    def _add(self, reference: Ref, above: _Node) -> None:
        """Lists a page."""
        if self._view.place(reference.number) is None:
            raise PageTreeError(f"page {len(self._leaves) + 1} is missing")
        if len(self._leaves) >= MAX_PAGES:
            raise PageTreeError(f"more than {MAX_PAGES} pages")
        self._leaves.append((reference, above))

    def _node(self, reference: Ref) -> PdfDict | None:
        """The node above pages that the object is, or None where it turns out to be a page."""
        node = self._view.resolve(reference)
        if isinstance(node, PdfDict):
            kind = node.get("Type")
            if "Kids" in node and kind in ("Pages", None):
                return node
            if "Kids" not in node and kind in ("Page", None):
                return None
        raise PageTreeError(f"object {reference.number} is neither a page nor a node of the page tree")

    def _geometry(self, attributes: dict[str, Object]) -> PageGeometry:
        """The geometry, each value and each of a box's numbers resolved. UserUnit is not inherited."""

        def numbers(key: str) -> list[Object] | None:
            value = self._view.resolve(attributes.get(key))
            return [self._view.resolve(item) for item in value] if isinstance(value, list) else None

        return PageGeometry.read(
            media=numbers("MediaBox"),
            crop=numbers("CropBox"),
            rotate=self._view.resolve(attributes.get("Rotate")),
            user_unit=self._view.resolve(attributes.get("UserUnit")),
        )


def _objects_with_kids(view: View) -> frozenset[int]:
    """The numbers of all objects that may hold a key /Kids: those of no other number can be a node above pages.

    Found by a search for the name, in the file and in its object streams, and so without reading the objects.
    """
    owners: dict[int, int] = {}
    streams: set[int] = set()
    for number in view.numbers():
        entry = view.entry(number)
        if entry is None or entry.kind == 0:
            continue
        if entry.kind == 1:
            owners[entry.first] = number
        else:
            streams.add(entry.first)
    offsets = sorted(owners)
    found: set[int] = set()
    for match in _KIDS.finditer(view.file.data, 0, view.end):
        index = bisect_right(offsets, match.start()) - 1
        if index >= 0:
            found.add(owners[offsets[index]])
    for number in streams:
        found.update(_kids_in_stream(view, number))
    return frozenset(found)


def _kids_in_stream(view: View, number: int) -> Iterator[int]:
    """The numbers of the objects of an object stream that may hold a key /Kids."""
    place = view.place(number)
    if place is None or place[1] >= 0:
        raise PageTreeError(f"object stream {number} is missing")
    stream = view.file.object_stream(place[0], view.get)
    ordered = sorted((offset, held) for held, offset in stream.objects)
    for match in _KIDS.finditer(stream.data):
        index = bisect_right(ordered, (match.start(), 1 << 62)) - 1
        if index >= 0:
            yield ordered[index][1]
