"""A stamp as a picture, for those who draw pictures alone: sharp enough for its code to be read from paper."""

from datetime import UTC, datetime

from esign.pades.appearance import Appearance
from esign.pades.document import document
from esign.pdf.render import TIMEOUT, page_image_in
from esign.pdf.sandbox import Runner

DPI = 300.0
"""At which a module of 0.4 mm, the least that a stamp has, is nearly five pixels wide."""
_ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)


def drawn_in(runner: Runner, appearance: Appearance, *, timeout: float = TIMEOUT) -> bytes:
    """The drawing as an opaque PNG on white, in gray where it has no colour; PDFium draws it, in the runner.

    Raises `Busy` and `LetterNotExamined`.
    """
    page = document([appearance], title="Stempel", created=_ANY_TIME)
    return page_image_in(runner, page, 1, DPI, timeout=timeout)
