"""The pages that an update touches, found without reading those it doesn't.

The tree is taken at its word: intake has compared its counts and looked for loops (esign.pdf.pages).
"""

from collections.abc import Iterator

from esign.errors import LetterNotExamined, PageOutOfRange
from esign.pades.increment import Increment
from esign.pdf.geometry import PageGeometry
from esign.pdf.syntax import Object, PdfDict, Ref

MAX_DEPTH = 64
"""Levels of the page tree."""
MAX_PAGES = 100_000


class Pages:
    """The pages of a letter, by index from 0, and in order."""

    def __init__(self, increment: Increment) -> None:
        self._increment = increment
        self._known: dict[int, Ref] = {}

    def __getitem__(self, index: int) -> Ref:
        """Where the page is. Raises `PageOutOfRange`."""
        known = self._known.get(index)
        if known is None:
            known = self._known[index] = self._find(index)
        return known

    def __iter__(self) -> Iterator[Ref]:
        return self._leaves(self._root, 0, set())

    def geometry(self, page: Ref) -> PageGeometry:
        """The page's boxes, rotation and unit."""

        def box(key: str) -> list[Object] | None:
            value = self.inherited(page, key)[0]
            return [self._increment.resolve(each) for each in value] if isinstance(value, list) else None

        return PageGeometry.read(
            media=box("MediaBox"),
            crop=box("CropBox"),
            rotate=self.inherited(page, "Rotate")[0],
            user_unit=self._increment.resolve(self._increment.dictionary(page).get("UserUnit")),
        )

    def inherited(self, page: Ref, key: str) -> tuple[Object, Ref]:
        """An attribute of the page, and the node of the page tree that has it (ISO 32000-2, 7.7.3.4).

        None and the page itself where none has it.
        """
        node: Ref | None = page
        for _ in range(MAX_DEPTH):
            if node is None:
                break
            dictionary = self._increment.dictionary(node)
            value = self._increment.resolve(dictionary.get(key))
            if value is not None:
                return value, node
            node = self._increment.target(dictionary.get("Parent"))
        return None, page

    def rotation_of(self, widget: Ref) -> int:
        """The /Rotate of the page that a widget is on: as its /P says, or as the /Annots of the pages say."""
        page = self._increment.target(self._increment.dictionary(widget).get("P"))
        if page is not None and self._increment.dictionary(page).get("Type") == "Page":
            return self.geometry(page).rotate
        for each in self:
            if widget in self._increment.array(self._increment.dictionary(each).get("Annots")):
                return self.geometry(each).rotate
        return 0

    @property
    def _root(self) -> PdfDict:
        return self._increment.dictionary(self._increment.catalogue.get("Pages"))

    def _find(self, index: int) -> Ref:
        """Descends by the counts of the nodes; a node that counts as many pages as it has kids has pages only."""
        node, left = self._root, index
        for _ in range(MAX_DEPTH):
            kids = [each for each in self._increment.array(node.get("Kids")) if isinstance(each, Ref)]
            if node.get("Count") == len(kids) and 0 <= left < len(kids) and self._is_page(kids[left]):
                return kids[left]
            for kid in kids if left >= 0 else ():
                size = self._count(kid)
                if left < size:
                    if self._is_page(kid):
                        return kid
                    node = self._increment.dictionary(kid)
                    break
                left -= size
            else:
                break
        count = self._increment.resolve(self._root.get("Count"))
        raise PageOutOfRange(page=index + 1, pages=count if isinstance(count, int) else None)

    def _is_page(self, kid: Ref) -> bool:
        return "Kids" not in self._increment.dictionary(kid)

    def _count(self, kid: Ref) -> int:
        node = self._increment.dictionary(kid)
        if "Kids" not in node:
            return 1
        count = self._increment.resolve(node.get("Count"))
        return count if isinstance(count, int) and count > 0 else 0

    def _leaves(self, node: PdfDict, depth: int, seen: set[Ref]) -> Iterator[Ref]:
        if depth > MAX_DEPTH or len(seen) > MAX_PAGES:
            raise LetterNotExamined
        for kid in self._increment.array(node.get("Kids")):
            if not isinstance(kid, Ref) or kid in seen:
                continue
            seen.add(kid)
            if self._is_page(kid):
                yield kid
            else:
                yield from self._leaves(self._increment.dictionary(kid), depth + 1, seen)
