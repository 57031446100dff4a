"""What readers show of a letter: PDFium's pictures and words, and what qpdf holds pages to be made of."""

import io
from contextlib import closing
from dataclasses import dataclass

import pikepdf
import pypdfium2
from PIL import Image, ImageChops

DPI = 60
MOST = 40
"""Pages looked at."""


@dataclass(frozen=True)
class Page:
    """A page as PDFium shows it."""

    size: tuple[float, float]
    words: str
    content: bytes
    """Pixels without form fields."""
    shown: Image.Image
    """The picture with everything."""
    box: tuple[float, float, float, float]
    rotation: int


@dataclass(frozen=True)
class Sight:
    """A file as PDFium shows it."""

    count: int
    pages: tuple[Page, ...]


def look(pdf: bytes) -> Sight | None:
    """What PDFium shows; None where it can't open the file."""
    try:
        document = pypdfium2.PdfDocument(pdf)
    except pypdfium2.PdfiumError:
        return None
    with closing(document):
        count = len(document)
        contents = [_content(document, index) for index in range(min(count, MOST))]
        document.init_forms()
        pages = []
        for index, (words, content) in enumerate(contents):
            with closing(document[index]) as page:
                shown = _drawn(page, forms=True)
                pages.append(
                    Page(page.get_size(), words, content.tobytes(), shown, page.get_bbox(), page.get_rotation())
                )
        return Sight(count, tuple(pages))


def _content(document: pypdfium2.PdfDocument, index: int) -> tuple[str, Image.Image]:
    with closing(document[index]) as page, closing(page.get_textpage()) as text:
        return text.get_text_range(), _drawn(page, forms=False)


def _drawn(page: pypdfium2.PdfPage, *, forms: bool) -> Image.Image:
    bitmap = page.render(scale=DPI / 72, may_draw_forms=forms, draw_annots=True, rev_byteorder=True, prefer_bgrx=False)
    with closing(bitmap):
        image: Image.Image = bitmap.to_pil().convert("RGB").copy()
        return image


Box = tuple[float, float, float, float]


def differences(before: Sight | None, after: Sight | None, told: dict[int, list[Box]]) -> str | None:
    """What is shown otherwise, but for what was ``told``: boxes in user space by page, from 1. None for nothing."""
    if before is None or after is None:
        return None if before is after else "PDFium opens one of them only"
    if before.count != after.count:
        return f"PDFium counts {before.count} pages, then {after.count}"
    for number, (was, now) in enumerate(zip(before.pages, after.pages, strict=True), start=1):
        if was.size != now.size:
            return f"page {number} has another size"
        if was.words != now.words:
            return f"page {number} reads otherwise"
        if was.content != now.content:
            return f"page {number} looks otherwise without its fields"
        found = ImageChops.difference(was.shown, now.shown)
        for box in told.get(number, ()):
            found.paste((0, 0, 0), _pixels(box, was))
        if (where := found.getbbox()) is not None:
            return f"page {number} looks otherwise at {where}"
    return None


def _pixels(box: Box, page: Page) -> tuple[int, int, int, int]:
    """A box in user space as pixels of the drawn page, a pixel wider."""
    left, bottom, right, top = box
    x0, y0, x1, y1 = page.box
    a, b, c, d = left - x0, bottom - y0, right - x0, top - y0
    width, height = x1 - x0, y1 - y0
    match page.rotation:
        case 90:
            a, b, c, d = b, width - c, d, width - a
        case 180:
            a, b, c, d = width - c, height - d, width - a, height - b
        case 270:
            a, b, c, d = height - d, a, height - b, c
    scale = DPI / 72
    tall = page.size[1]
    return int(a * scale) - 2, int((tall - d) * scale) - 2, int(c * scale) + 3, int((tall - b) * scale) + 3


def outline(pdf: bytes) -> list[tuple[object, ...]] | None:
    """Each page as qpdf reads it: boxes, rotation, what it draws and with what. None where it can't open the file."""
    try:
        with pikepdf.open(io.BytesIO(pdf), suppress_warnings=True) as document:
            return [_outlined(page.obj) for page in list(document.pages)[:MOST]] + [(len(document.pages),)]
    except pikepdf.PdfError:
        return None


def _outlined(page: pikepdf.Object) -> tuple[object, ...]:
    contents = page.get("/Contents")
    parts = list(contents) if isinstance(contents, pikepdf.Array) else [] if contents is None else [contents]
    drawn = b"\n".join(part.read_raw_bytes() for part in parts if isinstance(part, pikepdf.Stream))
    keys = ("/MediaBox", "/CropBox", "/Rotate", "/UserUnit", "/Resources")
    return (drawn, *(_plain(page.get(key)) for key in keys))


def _plain(value: object) -> object:
    return value.unparse() if isinstance(value, pikepdf.Object) else value
