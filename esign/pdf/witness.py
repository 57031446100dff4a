"""The second engine's view of what was added to a signed file (verification.md, rule 6).

PDFium opens the file as it was at each signed revision and as it is, and compares neighbours: page count and sizes, the
text and picture of pages without their form fields, and what later form fields and stamps were painted over. Revision
by revision, so the work grows with what was added. This runs in the ``render`` worker; the verdict is made elsewhere.
"""

import ctypes
import hashlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from typing import cast

import pypdfium2
from PIL import Image, ImageChops
from pypdfium2 import raw

from esign import errors
from esign.pdf.covering import covered
from esign.pdf.geometry import Box, PageGeometry
from esign.pdf.pdfium import open_letter
from esign.pdf.sandbox import Header
from esign.pdf.sightings import Cover, Plan, Seen, SeenPage, Step

DPI = 100
CONTENT_DPI = 72
MAX_PIXELS = 4_000_000
"""Pixels of one picture; a page that would have more is drawn at a lower resolution."""
MAX_SIZES = 128
"""Pages whose sizes are compared."""


def witness_task(header: Header, blobs: list[bytes]) -> tuple[Header, list[bytes]]:
    """``look`` as a sandbox task."""
    password = header.get("password")
    seen = look(blobs[0], Plan.model_validate(header["plan"]), password if isinstance(password, str) else None)
    return cast("Header", seen.model_dump(mode="json")), []


def look(pdf: bytes, plan: Plan, password: str | None = None) -> Seen:
    """What PDFium sees of the planned revisions and pages.

    A prefix that can't be opened is an answer (its count is None, and no pages are compared); a page that can't be
    loaded differs. At most two prefixes are open at a time, and none is copied.
    """
    counts: list[int | None] = []
    sizes: list[bool] = []
    pages: list[SeenPage] = []
    sampled: list[list[Content]] = []
    before: _Prefix | None = None
    with ExitStack() as last:
        for index, end in enumerate(plan.ends):
            opening = ExitStack()
            after = opening.enter_context(_prefix(pdf, end, password))
            with last.pop_all():
                counts.append(None if after is None else after.count)
                if before is not None and after is not None:
                    step = plan.steps[index - 1]
                    sizes.append(before.sizes() == after.sizes())
                    pages.extend(_compared(before, after, index - 1, step, number) for number in step.pages)
                elif index:
                    sizes.append(True)
                if after is not None and index in (0, len(plan.ends) - 1):
                    sampled.append([after.content(number) for number in plan.sample])
            before = after
            last.push(opening)
    if None in counts:
        return Seen(counts=tuple(counts), sizes=tuple(sizes), pages=())
    same = tuple(zip(plan.sample, (one == other for one, other in zip(*sampled, strict=True)), strict=True))
    return Seen(counts=tuple(counts), sizes=tuple(sizes), pages=tuple(pages), sample=same)


def _compared(before: "_Prefix", after: "_Prefix", index: int, step: Step, number: int) -> SeenPage:
    content = before.content(number)
    if content is None or content != after.content(number):
        return SeenPage(step=index, page=number, content=False)
    return SeenPage(step=index, page=number, content=True, cover=_cover(before, after, number, step.fields))


def _cover(before: "_Prefix", after: "_Prefix", number: int, fields: Sequence[str]) -> Cover | None:
    """The marks of a page that what came later paints over; stamps of earlier signatures may be painted over."""
    was, now = before.shown(number), after.shown(number)
    if was is None or now is None or was.size != now.size:
        size = before.size(number)
        return Cover(box=(0, 0, *size), text="")
    if ImageChops.difference(was, now).getbbox() is None:
        return None
    lasting = before.shown(number, without=fields)
    found = None if lasting is None else covered(was, now, lasting)
    return None if found is None else before.told(number, found, was.width)


@contextmanager
def _prefix(pdf: bytes, end: int, password: str | None) -> Iterator["_Prefix | None"]:
    """The first ``end`` bytes, opened; None where PDFium can't."""
    with ExitStack() as stack:
        try:
            letter = stack.enter_context(open_letter(pdf, password, end=end))
        except errors.EsignError:
            yield None
            return
        yield _Prefix(letter.document, letter.pages)


Content = tuple[str, bytes] | None
"""Text and digest of the pixels of a page without form fields; None where it can't be loaded."""


class _Prefix:
    """A prefix of the file as PDFium shows it. What was drawn last is kept, for the next step asks for it again."""

    def __init__(self, document: pypdfium2.PdfDocument, count: int) -> None:
        self._document = document
        self._forms = False
        self.count = count
        self._contents: dict[int, Content] = {}
        self._shown: tuple[int, Image.Image | None] = (0, None)

    def sizes(self) -> tuple[tuple[float, float], ...]:
        """The sizes of up to `MAX_SIZES` pages, spread over the letter."""
        size, found = raw.FS_SIZEF(), []
        for index in range(0, self.count, max(1, -(-self.count // MAX_SIZES))):
            raw.FPDF_GetPageSizeByIndexF(self._document, index, size)
            found.append((size.width, size.height))
        return tuple(found)

    def size(self, number: int) -> tuple[float, float]:
        """Width and height of a page, in points; zero where it can't be loaded."""
        found = raw.FS_SIZEF()
        raw.FPDF_GetPageSizeByIndexF(self._document, number - 1, found)
        return (found.width, found.height)

    def content(self, number: int) -> Content:
        """What the page says and shows without form fields and notes."""
        if number not in self._contents:
            self._contents[number] = self._content(number)
        return self._contents[number]

    def _content(self, number: int) -> Content:
        with self._page(number) as page:
            if page is None:
                return None
            with closing(page.get_textpage()) as text:
                words = text.get_text_range()
            hidden = _hide_notes(page)
            image = self._drawn(page, CONTENT_DPI, forms=False)
            for annotation, flags in hidden:
                _set_flags(page, annotation, flags)
            return None if image is None else (words, hashlib.sha256(image.tobytes()).digest())

    def shown(self, number: int, without: Sequence[str] | None = None) -> Image.Image | None:
        """The page as a viewer shows it; ``without``: without signature fields and the fields of these names."""
        if without is None and self._shown[0] == number:
            return self._shown[1]
        if not self._forms:
            self._document.init_forms()
            self._forms = True
        with self._page(number) as page:
            if page is None:
                return None
            _reveal(page)
            hidden = self._hide(page, without) if without is not None else []
            image = self._drawn(page, DPI, forms=True)
            for annotation, flags in hidden:
                _set_flags(page, annotation, flags)
        if without is None:
            self._shown = (number, image)
        return image

    def told(self, number: int, box: tuple[int, int, int, int], width: int) -> Cover:
        """Where pixels of a drawn page (left, top, right, bottom) are, and what text stands there."""
        with self._page(number) as page:
            if page is None:
                return Cover(box=(0, 0, 0, 0), text="")
            page_width, page_height = page.get_size()
            point = page_width / width
            left, top, right, bottom = (edge * point for edge in box)
            visible = Box(*page.get_bbox())
            geometry = PageGeometry(media=visible, crop=visible, rotate=page.get_rotation())
            around = geometry.to_user_space(Box(left, page_height - bottom, right, page_height - top))
            with closing(page.get_textpage()) as text:
                words = text.get_text_bounded(*around)
            plain = " ".join("".join(c if c.isprintable() else " " for c in words).split())
            return Cover(box=tuple(round(edge, 1) for edge in around), text=plain[:100])  # type: ignore[arg-type]

    @contextmanager
    def _page(self, number: int) -> Iterator[pypdfium2.PdfPage | None]:
        if not 1 <= number <= self.count:
            yield None
            return
        try:
            page = self._document[number - 1]
        except pypdfium2.PdfiumError:
            yield None
            return
        with closing(page):
            yield page

    def _drawn(self, page: pypdfium2.PdfPage, dpi: float, *, forms: bool) -> Image.Image | None:
        width, height = page.get_size()
        if width <= 0 or height <= 0:
            return None
        scale = min(dpi / 72, (MAX_PIXELS / (width * height)) ** 0.5)
        bitmap: pypdfium2.PdfBitmap = page.render(
            scale=scale, may_draw_forms=forms, draw_annots=True, rev_byteorder=True, prefer_bgrx=False
        )
        with closing(bitmap):
            image: Image.Image = bitmap.to_pil().convert("RGB").copy()
            return image

    def _hide(self, page: pypdfium2.PdfPage, names: Sequence[str]) -> list[tuple[int, int]]:
        """Hides the page's signature fields and the fields of these names; gives each with the flags that it had."""
        hidden = []
        for index in range(raw.FPDFPage_GetAnnotCount(page)):
            annotation = raw.FPDFPage_GetAnnot(page, index)
            if not annotation:
                continue
            try:
                if raw.FPDFAnnot_GetSubtype(annotation) != raw.FPDF_ANNOT_WIDGET:
                    continue
                kind = raw.FPDFAnnot_GetFormFieldType(self._document.formenv, annotation)
                if kind == raw.FPDF_FORMFIELD_SIGNATURE or self._name(annotation) in names:
                    flags = raw.FPDFAnnot_GetFlags(annotation)
                    raw.FPDFAnnot_SetFlags(annotation, flags | raw.FPDF_ANNOT_FLAG_HIDDEN)
                    hidden.append((index, flags))
            finally:
                raw.FPDFPage_CloseAnnot(annotation)
        return hidden

    def _name(self, annotation: object) -> str:
        length = raw.FPDFAnnot_GetFormFieldName(self._document.formenv, annotation, None, 0)
        if not 2 < length <= 4096:
            return ""
        buffer = (ctypes.c_ushort * (length // 2))()
        raw.FPDFAnnot_GetFormFieldName(self._document.formenv, annotation, buffer, length)
        return bytes(buffer).decode("utf-16-le", "replace").rstrip("\0")


def _hide_notes(page: pypdfium2.PdfPage) -> list[tuple[int, int]]:
    """Hides notes stuck to a page, and gives each with the flags that it had: what they cover is asked apart."""
    hidden = []
    for index in range(raw.FPDFPage_GetAnnotCount(page)):
        annotation = raw.FPDFPage_GetAnnot(page, index)
        if annotation:
            if raw.FPDFAnnot_GetSubtype(annotation) in (raw.FPDF_ANNOT_TEXT, raw.FPDF_ANNOT_POPUP):
                flags = raw.FPDFAnnot_GetFlags(annotation)
                raw.FPDFAnnot_SetFlags(annotation, flags | raw.FPDF_ANNOT_FLAG_HIDDEN)
                hidden.append((index, flags))
            raw.FPDFPage_CloseAnnot(annotation)
    return hidden


def _reveal(page: pypdfium2.PdfPage) -> None:
    """Has annotations drawn that are only printed, or only appear under the mouse."""
    for index in range(raw.FPDFPage_GetAnnotCount(page)):
        annotation = raw.FPDFPage_GetAnnot(page, index)
        if annotation:
            flags = raw.FPDFAnnot_GetFlags(annotation)
            if flags & raw.FPDF_ANNOT_FLAG_NOVIEW:
                raw.FPDFAnnot_SetFlags(annotation, flags & ~raw.FPDF_ANNOT_FLAG_NOVIEW)
            raw.FPDFPage_CloseAnnot(annotation)


def _set_flags(page: pypdfium2.PdfPage, index: int, flags: int) -> None:
    annotation = raw.FPDFPage_GetAnnot(page, index)
    raw.FPDFAnnot_SetFlags(annotation, flags)
    raw.FPDFPage_CloseAnnot(annotation)
