"""Opening letters in PDFium, the second engine: for text, pictures and free room, never for a verdict.

PDFium is native code over hostile bytes: what is built on this runs in the ``render`` worker of the sandbox. Every
handle is closed where it was opened.
"""

import contextlib
import ctypes
from collections.abc import Iterator
from functools import cached_property

import pypdfium2
from pypdfium2 import raw

from esign import errors
from esign.pdf.geometry import Box, PageGeometry
from esign.pdf.pages import PageTree
from esign.pdf.revisions import PdfFile
from esign.pdf.syntax import PdfSyntaxError


class Letter:
    """A letter opened in PDFium. Use ``open_letter``."""

    def __init__(self, pdf: bytes, document: pypdfium2.PdfDocument) -> None:
        self._pdf = pdf
        self._document = document
        self.pages = len(document)
        """The number of pages, as PDFium counts."""

    @contextlib.contextmanager
    def page(self, number: int) -> Iterator[pypdfium2.PdfPage]:
        """The page of that number, from 1, or from the end by a negative number.

        Raises ``PageOutOfRange``, and ``LetterTruncated`` for a page that PDFium can't load.
        """
        try:
            page = self._document[self.number(number) - 1]
        except pypdfium2.PdfiumError as error:
            raise errors.LetterTruncated(reason=f"/Page {number}") from error
        with contextlib.closing(page):
            yield page

    def number(self, number: int) -> int:
        """The page number, from 1, that a number from 1 or from the end stands for. Raises ``PageOutOfRange``."""
        found = number if number > 0 else self.pages + 1 + number
        if number == 0 or not 1 <= found <= self.pages:
            raise errors.PageOutOfRange(page=number, pages=self.pages)
        return found

    def geometry(self, number: int, page: pypdfium2.PdfPage) -> PageGeometry:
        """The geometry of the page of that number, from 1.

        By our own reader, since PDFium knows no UserUnit; by PDFium for a file that only it can read.
        """
        if self._tree is not None and len(self._tree) == self.pages:
            with contextlib.suppress(PdfSyntaxError):
                return self._tree[number].geometry
        visible = Box(*page.get_bbox())
        return PageGeometry(media=visible, crop=visible, rotate=page.get_rotation())

    @property
    def document(self) -> pypdfium2.PdfDocument:
        """PDFium's own handle."""
        return self._document

    def show_forms(self) -> None:
        """Makes PDFium draw form fields; to be called before the page is opened."""
        self._document.init_forms()

    @cached_property
    def _tree(self) -> PageTree | None:
        try:
            view = PdfFile(self._pdf).view()
            if "Encrypt" in view.trailer:
                from esign.pdf.encryption import stream_decryption  # noqa: PLC0415  half a second, and rarely needed

                view.file.decrypt = stream_decryption(self._pdf)
            return PageTree(view)
        except PdfSyntaxError:
            return None


@contextlib.contextmanager
def open_letter(pdf: bytes, password: str | None = None, *, end: int | None = None) -> Iterator[Letter]:
    """The letter, opened with the empty user password unless one is given; of its bytes the first ``end``, uncopied.

    Raises ``LetterEncrypted`` where it asks for another, and ``LetterTruncated`` where PDFium can't read it.
    """
    try:
        document = pypdfium2.PdfDocument(pdf if end is None else _prefix(pdf, end, password), password=password)
        count = len(document)
    except pypdfium2.PdfiumError as error:
        if getattr(error, "err_code", None) in (raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY):
            raise errors.LetterEncrypted from error
        raise errors.LetterTruncated(reason="xref") from error
    with contextlib.closing(document):
        if count == 0:
            raise errors.LetterWithoutPages
        yield Letter(pdf, document)


def _prefix(pdf: bytes, end: int, password: str | None) -> pypdfium2.raw.FPDF_DOCUMENT:
    """PDFium's handle of the first bytes of a file, which must outlive it. Raises ``PdfiumError``."""
    secret = None if password is None else password.encode() + b"\0"
    handle = raw.FPDF_LoadMemDocument64(ctypes.cast(ctypes.c_char_p(pdf), ctypes.c_void_p), end, secret)
    if not handle:
        code = raw.FPDF_GetLastError()
        raise pypdfium2.PdfiumError(f"failed to load the first {end} bytes", err_code=code)
    return handle
