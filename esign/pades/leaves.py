"""The pages that an update touches, found without reading those it doesn't."""

from collections.abc import Iterator
from dataclasses import dataclass

from pyhanko.pdf_utils.generic import ArrayObject, DictionaryObject, IndirectObject, PdfObject, Reference
from pyhanko.pdf_utils.reader import PdfFileReader

from esign.errors import LetterNotExamined, LetterTruncated, LetterWithoutPages, PageOutOfRange

MAX_DEPTH = 64
"""Levels of the page tree."""
MAX_PAGES = 200_000


@dataclass(frozen=True)
class PageGeometry:
    """How a page's user space becomes the page as displayed."""

    crop: tuple[float, float, float, float]
    rotate: int
    user_unit: float

    @property
    def displayed_size(self) -> tuple[float, float]:
        """Width and height as displayed, in points."""
        width = (self.crop[2] - self.crop[0]) * self.user_unit
        height = (self.crop[3] - self.crop[1]) * self.user_unit
        return (height, width) if self.rotate % 180 else (width, height)


class Pages:
    """The pages of a letter, by index from 0, and in order."""

    def __init__(self, reader: PdfFileReader) -> None:
        self._reader = reader
        self._known: dict[int, Reference] = {}

    def reference(self, index: int) -> Reference:
        """Where the page is. Raises `PageOutOfRange`."""
        known = self._known.get(index)
        if known is None:
            known = self._known[index] = self._find(index)
        return known

    def leaf(self, index: int) -> DictionaryObject:
        """The page's dictionary. Raises `PageOutOfRange`."""
        return _dictionary(self.reference(index))

    def geometry(self, index: int) -> PageGeometry:
        """The page's boxes and rotation. Raises `PageOutOfRange`."""
        return _geometry(self.leaf(index))

    def rotation_of(self, widget: DictionaryObject) -> int:
        """The /Rotate of the page that a widget is on: as its /P says, or as the /Annots of the pages say."""
        page = widget.get("/P")
        if isinstance(page, DictionaryObject) and page.get("/Type") == "/Page":
            return _geometry(page).rotate
        for leaf, geometry in self:
            annotations = leaf.get("/Annots")
            if isinstance(annotations, ArrayObject) and any(
                isinstance(each, IndirectObject) and each.reference == widget.container_ref for each in annotations
            ):
                return geometry.rotate
        return 0

    def __iter__(self) -> Iterator[tuple[DictionaryObject, PageGeometry]]:
        for reference in self._leaves(self._root(), 0, set()):
            page = _dictionary(reference)
            yield page, _geometry(page)

    def _root(self) -> DictionaryObject:
        root = self._reader.root.get("/Pages")
        if not isinstance(root, DictionaryObject):
            raise LetterWithoutPages
        return root

    def _find(self, index: int) -> Reference:
        """Descends by the counts of the nodes; a node whose count is that of its kids holds pages only."""
        node, left = self._root(), index
        for _ in range(MAX_DEPTH):
            kids = node.get("/Kids")
            if not isinstance(kids, ArrayObject) or left < 0:
                break
            if node.get("/Count") == len(kids) and left < len(kids):
                page = _page(kids.raw_get(left))
                if page is not None:
                    return page
            for kid in kids:
                if not isinstance(kid, IndirectObject):
                    continue
                child = kid.get_object()
                if not isinstance(child, DictionaryObject):
                    continue
                size = _count(child)
                if left < size:
                    page = _page(kid)
                    if page is not None:
                        return page
                    node = child
                    break
                left -= size
            else:
                break
        raise PageOutOfRange(page=index + 1, pages=_count(self._root()))

    def _leaves(self, node: DictionaryObject, depth: int, seen: set[Reference]) -> Iterator[Reference]:
        kids = node.get("/Kids")
        if depth > MAX_DEPTH or len(seen) > MAX_PAGES:
            raise LetterNotExamined
        for kid in kids if isinstance(kids, ArrayObject) else ():
            if not isinstance(kid, IndirectObject) or kid.reference in seen:
                continue
            seen.add(kid.reference)
            child = kid.get_object()
            if not isinstance(child, DictionaryObject):
                continue
            if "/Kids" in child:
                yield from self._leaves(child, depth + 1, seen)
            else:
                yield kid.reference


def _dictionary(reference: Reference) -> DictionaryObject:
    value = reference.get_object()
    if not isinstance(value, DictionaryObject):
        raise LetterTruncated(reason="a page is not a dictionary")
    return value


def _page(kid: PdfObject) -> Reference | None:
    """The kid's reference, if it is a page and not a node."""
    if not isinstance(kid, IndirectObject):
        return None
    page = kid.get_object()
    return kid.reference if isinstance(page, DictionaryObject) and "/Kids" not in page else None


def _count(node: DictionaryObject) -> int:
    if "/Kids" not in node:
        return 1
    count = node.get("/Count", 0)
    return int(count) if isinstance(count, int) and count > 0 else 0


def _geometry(page: DictionaryObject) -> PageGeometry:
    media = _box(_inherited(page, "/MediaBox")) or (0.0, 0.0, 612.0, 792.0)
    crop = _box(_inherited(page, "/CropBox")) or media
    crop = (max(crop[0], media[0]), max(crop[1], media[1]), min(crop[2], media[2]), min(crop[3], media[3]))
    if crop[0] >= crop[2] or crop[1] >= crop[3]:
        crop = media
    rotate = _inherited(page, "/Rotate")
    unit = page.get("/UserUnit", 1)
    return PageGeometry(
        crop, int(rotate) // 90 * 90 % 360 if isinstance(rotate, int) else 0, float(unit) if _is_number(unit) else 1.0
    )


def _is_number(value: object) -> bool:
    return hasattr(value, "as_numeric") or isinstance(value, int)


def _box(value: PdfObject | None) -> tuple[float, float, float, float] | None:
    if not isinstance(value, ArrayObject) or len(value) != 4:
        return None
    numbers = [each.get_object() for each in value]
    if not all(_is_number(each) for each in numbers):
        return None
    x0, y0, x1, y1 = (float(each) for each in numbers)
    return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)


def _inherited(page: DictionaryObject, key: str) -> PdfObject | None:
    node: object = page
    for _ in range(MAX_DEPTH):
        if not isinstance(node, DictionaryObject):
            return None
        value: PdfObject | None = node.get(key)
        if value is not None:
            return value
        node = node.get("/Parent")
    return None
