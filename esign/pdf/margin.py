"""Where the feet of a letter's pages have marks, found by rendering them: text, lines, pictures, annotations."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import pypdfium2

from esign.errors import LetterNotExamined
from esign.pdf.sandbox import Header, JsonValue, Runner

STRIP = 80
"""Points from the lower edge of the page as displayed that are looked at, a row of pixels for each."""
WHITE = 215
"""Shades from here on count as paper: the noise of a scan is no mark."""
TIMEOUT = 60.0
"""Seconds for all pages."""

_TASK = "esign.pdf.margin:foot_marks_task"


@dataclass(frozen=True)
class FootMarks:
    """The marks of all pages together."""

    rows: tuple[int, ...]
    """For each point from the lower edge up: the first page, from 1, that has a mark at that height, or 0."""


def foot_marks(
    runner: Runner, pdf: bytes, side: float, user_units: Mapping[int, float], *, timeout: float = TIMEOUT
) -> FootMarks:
    """The marks at the feet of all pages, but for ``side`` points at the left and right.

    ``user_units`` are those that aren't 1, by page from 1: PDFium doesn't heed them. Costs about 3 ms for a page of
    text, 60 ms for a scan. Raises `Busy` and `LetterNotExamined`.
    """
    units: dict[str, JsonValue] = {str(page): unit for page, unit in user_units.items()}
    answer, _ = runner.run(_TASK, {"side": side, "units": units}, pdf, timeout=timeout)
    rows = answer.get("rows")
    if not isinstance(rows, list) or len(rows) != STRIP:
        raise LetterNotExamined
    pages = [row for row in rows if isinstance(row, int) and row >= 0]
    if len(pages) != STRIP:
        raise LetterNotExamined
    return FootMarks(tuple(pages))


def foot_marks_task(header: Header, blobs: list[bytes]) -> tuple[Header, list[bytes]]:
    """The worker's side of `foot_marks`."""
    side, units = cast("float", header["side"]), cast("dict[str, float]", header["units"])
    rows: list[JsonValue] = [0] * STRIP
    document = pypdfium2.PdfDocument(blobs[0])
    try:
        if document.get_formtype():
            document.init_forms()
        for number in range(1, len(document) + 1):
            for row in _marked(document[number - 1], units.get(str(number), 1.0), side):
                rows[row] = rows[row] or number
    finally:
        document.close()
    return {"rows": rows}, []


def _marked(page: pypdfium2.PdfPage, unit: float, side: float) -> list[int]:
    """The points above the lower edge, in displayed space, at which the page has a mark."""
    height = page.get_height()
    bitmap = page.render(scale=unit, crop=(0, 0, 0, max(0.0, height - STRIP / unit)), grayscale=True)
    pixels, stride = bytes(bitmap.buffer), bitmap.stride
    left, right = int(side), bitmap.width - int(side)
    found = []
    for above in range(min(STRIP, bitmap.height)):
        start = (bitmap.height - 1 - above) * stride
        row = pixels[start + left : start + right]
        if row and min(row) < WHITE:
            found.append(above)
    page.close()
    return found
