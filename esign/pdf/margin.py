"""Where the feet of a letter's pages have marks, found by rendering them: text, lines, pictures, annotations."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import pypdfium2

from esign.errors import LetterNotExamined
from esign.pdf.pdfium import open_letter
from esign.pdf.sandbox import Header, JsonValue, Runner

STRIP = 80
"""Points from the lower edge of the page as displayed that are looked at, a row of pixels for each."""
WHITE = 215
"""Shades from here on count as paper: the noise of a scan is no mark."""
TIMEOUT = 60.0
"""Seconds for all pages."""


@dataclass(frozen=True)
class FootMarks:
    """The marks of all pages together."""

    rows: tuple[int, ...]
    """For each point from the lower edge up: the first page, from 1, that has a mark at that height, or 0."""


def foot_marks_in(runner: Runner, pdf: bytes, side: float, *, timeout: float = TIMEOUT) -> FootMarks:
    """``foot_marks`` in the runner. Raises what that raises, ``Busy`` and ``LetterNotExamined``."""
    answer, _ = runner.run("esign.pdf.margin:foot_marks_task", {"side": side}, pdf, timeout=timeout)
    rows = answer.get("rows")
    pages = [row for row in rows if isinstance(row, int) and row >= 0] if isinstance(rows, list) else []
    if len(pages) != STRIP:
        raise LetterNotExamined(reason="answer")
    return FootMarks(tuple(pages))


def foot_marks_task(header: Header, blobs: list[bytes]) -> tuple[Header, list[bytes]]:
    """``foot_marks`` as a sandbox task."""
    rows: list[JsonValue] = [*foot_marks(blobs[0], cast("float", header["side"])).rows]
    return {"rows": rows}, []


def foot_marks(pdf: bytes, side: float) -> FootMarks:
    """The marks at the feet of all pages, but for ``side`` points at the left and right.

    Takes about 1 ms for a page of text and as long as rendering for a scanned one. Raises ``LetterEncrypted`` and
    ``LetterTruncated``.
    """
    rows = [0] * STRIP
    with open_letter(pdf) as letter:
        letter.show_forms()
        for number in range(1, letter.pages + 1):
            with letter.page(number) as page:
                for row in _marked(page, letter.geometry(number, page).user_unit, side):
                    rows[row] = rows[row] or number
    return FootMarks(tuple(rows))


def _marked(page: pypdfium2.PdfPage, unit: float, side: float) -> Iterator[int]:
    """The points above the lower edge, in displayed space, at which the page has a mark."""
    above = max(0.0, page.get_height() - STRIP / unit)
    bitmap = page.render(scale=unit, crop=(0, 0, 0, above), grayscale=True)
    pixels, stride = bytes(bitmap.buffer), bitmap.stride
    left, right = int(side), bitmap.width - int(side)
    for point in range(min(STRIP, bitmap.height)):
        start = (bitmap.height - 1 - point) * stride
        if min(pixels[start + left : start + right], default=255) < WHITE:
            yield point
