"""Whether a stamp would cover something that a page shows, by the measure with which verification judges it."""

from PIL import Image
from pydantic import TypeAdapter

from esign.errors import LetterNotExamined
from esign.pdf.covering import marks_in
from esign.pdf.geometry import Box
from esign.pdf.render import TIMEOUT, page_pixels
from esign.pdf.sandbox import Header, Runner

DPI = 100
MAX_PIXELS = 4_000_000
_INSIDE = 0.75
"""Points left out along the box's edges: a stamp paints no more than its box, and sizes are rounded."""


def marked_in(runner: Runner, pdf: bytes, page: int, box: Box, *, timeout: float = TIMEOUT) -> bool:
    """``marked`` in the runner. Raises what that raises, ``Busy`` and ``LetterNotExamined``."""
    answer, _ = runner.run("esign.pdf.marked:marked_task", {"page": page, "box": [*box]}, pdf, timeout=timeout)
    found = answer.get("marked")
    if not isinstance(found, bool):
        raise LetterNotExamined(reason="answer")
    return found


def marked_task(header: Header, blobs: list[bytes]) -> tuple[Header, list[bytes]]:
    """``marked`` as a sandbox task."""
    box = TypeAdapter(Box).validate_python(header["box"])
    return {"marked": marked(blobs[0], int(str(header["page"])), box)}, []


def marked(pdf: bytes, page: int, box: Box) -> bool:
    """Whether the page, from 1, shows a mark in that box (displayed space). Raises what ``page_image`` raises."""
    pixels = page_pixels(pdf, page, DPI, max_pixels=MAX_PIXELS)
    image = Image.frombytes("RGB", (pixels.width, pixels.height), pixels.data)
    point = pixels.dpi / 72
    left, right = (box.left + _INSIDE) * point, (box.right - _INSIDE) * point
    top, bottom = pixels.height - (box.top - _INSIDE) * point, pixels.height - (box.bottom + _INSIDE) * point
    return marks_in(image, (round(left), round(top), round(right), round(bottom)))
