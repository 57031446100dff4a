"""A letter's pages as pictures, and the free room on them, as PDFium draws them. Only pixels and boxes come out."""

import io
from dataclasses import dataclass
from enum import StrEnum

import pypdfium2
from PIL import Image
from pydantic import TypeAdapter, ValidationError

from esign import errors
from esign.pdf.free_room import Marks, find_room
from esign.pdf.geometry import Box
from esign.pdf.pdfium import open_letter
from esign.pdf.sandbox import Header, JsonValue, Runner

TIMEOUT = 20.0
"""Seconds for one page."""
MAX_PIXELS = 25_000_000
"""Pixels of one picture; a page that would have more is drawn at a lower resolution."""
MARGIN = 72 / 2.54
"""The edge of a page that is left free, 1 cm, in points."""
_ROOM_DPI = 72
_ROOM_PIXELS = 4_000_000


class Shown(StrEnum):
    """How much of a page is drawn."""

    EVERYTHING = "everything"
    """As a viewer shows it, form fields and annotations included."""
    WITHOUT_WIDGETS = "without-widgets"
    """Without form fields, and so without the stamps of signatures."""
    CONTENT = "content"
    """The page's own content alone."""


class Colours(StrEnum):
    """What a pixel is made of."""

    RGB = "rgb"
    """Three bytes: red, green, blue."""
    GREY = "grey"
    """One byte, 0 for black."""


@dataclass(frozen=True)
class Pixels:
    """A drawn page, rows from the top, without padding."""

    width: int
    height: int
    colours: Colours
    dpi: float
    """The resolution that it was drawn at: as asked, or less on a page that is very large."""
    data: bytes


_BOX = TypeAdapter(Box | None)


def page_image(pdf: bytes, page: int, dpi: float = 150, shown: Shown = Shown.EVERYTHING) -> bytes:
    """The page (from 1, or from the end by a negative number) as a PNG on white, of at most `MAX_PIXELS`.

    Raises ``PageOutOfRange``, ``LetterEncrypted``, ``LetterTruncated``.
    """
    pixels = page_pixels(pdf, page, dpi, shown)
    image = Image.frombytes("RGB", (pixels.width, pixels.height), pixels.data)
    if _is_grey(image):
        image = image.convert("L")
    out = io.BytesIO()
    image.save(out, "PNG", compress_level=4, dpi=(pixels.dpi, pixels.dpi))
    return out.getvalue()


def page_pixels(
    pdf: bytes,
    page: int,
    dpi: float = 72,
    shown: Shown = Shown.EVERYTHING,
    colours: Colours = Colours.RGB,
    max_pixels: int = MAX_PIXELS,
) -> Pixels:
    """The page as pixels, for comparisons. Arguments and errors are those of ``page_image``."""
    with open_letter(pdf) as letter:
        if shown is Shown.EVERYTHING:
            letter.show_forms()
        number = letter.number(page)
        with letter.page(number) as opened:
            width, height = letter.geometry(number, opened).displayed_size
            resolution = _resolution(width, height, dpi, max_pixels)
            own_width, own_height = opened.get_size()
            if min(width, height, own_width, own_height) <= 0:
                raise errors.LetterError(reason=f"/CropBox ({number})")
            bitmap: pypdfium2.PdfBitmap = opened.render(
                scale=resolution / 72 * width / own_width,
                grayscale=colours is Colours.GREY,
                may_draw_forms=shown is Shown.EVERYTHING,
                draw_annots=shown is not Shown.CONTENT,
                rev_byteorder=True,
                prefer_bgrx=False,
            )
            try:
                return _pixels(bitmap, colours, resolution)
            finally:
                bitmap.close()


def free_box(pdf: bytes, page: int, width: float, height: float, avoid: tuple[Box, ...] = ()) -> Box | None:
    """A place of ``width`` by ``height`` near the end of the page's text where nothing is marked, in displayed space.

    Beneath the last text, in the right half where letters carry the signature block, if it fits there; else the lowest
    place that is free, again rather at the right. At least `MARGIN` from the edges of the page, and clear of the boxes
    to ``avoid``. None where there is none. Raises what ``page_image`` raises.
    """
    pixels = page_pixels(pdf, page, _ROOM_DPI, colours=Colours.GREY, max_pixels=_ROOM_PIXELS)
    return find_room(Marks.of(pixels.data, pixels.width, pixels.height, pixels.dpi, avoid), width, height, MARGIN)


def page_image_in(
    runner: Runner,
    pdf: bytes,
    page: int,
    dpi: float = 150,
    shown: Shown = Shown.EVERYTHING,
    *,
    timeout: float = TIMEOUT,
) -> bytes:
    """``page_image`` in the runner. Raises what that raises, ``Busy`` and ``LetterNotExamined``."""
    header: Header = {"page": page, "dpi": dpi, "shown": shown.value}
    _, out = runner.run("esign.pdf.render:page_image_task", header, pdf, timeout=timeout)
    if len(out) != 1 or not out[0].startswith(b"\x89PNG\r\n\x1a\n"):
        raise errors.LetterNotExamined(reason="answer")
    return out[0]


def free_box_in(
    runner: Runner,
    pdf: bytes,
    page: int,
    width: float,
    height: float,
    avoid: tuple[Box, ...] = (),
    *,
    timeout: float = TIMEOUT,
) -> Box | None:
    """``free_box`` in the runner. Raises what that raises, ``Busy`` and ``LetterNotExamined``."""
    boxes: list[JsonValue] = [[*box] for box in avoid]
    header: Header = {"page": page, "width": width, "height": height, "avoid": boxes}
    answer, _ = runner.run("esign.pdf.render:free_box_task", header, pdf, timeout=timeout)
    try:
        return _BOX.validate_python(answer.get("box"))
    except ValidationError as error:
        raise errors.LetterNotExamined(reason="answer") from error


def page_image_task(header: Header, blobs: list[bytes]) -> tuple[Header, list[bytes]]:
    """``page_image`` as a sandbox task."""
    image = page_image(blobs[0], int(str(header["page"])), float(str(header["dpi"])), Shown(str(header["shown"])))
    return {}, [image]


def free_box_task(header: Header, blobs: list[bytes]) -> tuple[Header, list[bytes]]:
    """``free_box`` as a sandbox task."""
    avoid = TypeAdapter(tuple[Box, ...]).validate_python(header["avoid"])
    width, height = float(str(header["width"])), float(str(header["height"]))
    box = free_box(blobs[0], int(str(header["page"])), width, height, avoid)
    return {"box": None if box is None else [*box]}, []


def _resolution(width: float, height: float, dpi: float, max_pixels: int) -> float:
    """The resolution asked for, or the highest at which the page has no more than so many pixels."""
    pixels = (width * dpi / 72) * (height * dpi / 72)
    return dpi if pixels <= max_pixels else dpi * (max_pixels / pixels) ** 0.5


def _pixels(bitmap: pypdfium2.PdfBitmap, colours: Colours, dpi: float) -> Pixels:
    """The bitmap's pixels without the padding of its rows."""
    channels = 1 if colours is Colours.GREY else 3
    row = bitmap.width * channels
    data = bytes(bitmap.buffer)
    if bitmap.n_channels != channels:
        image = Image.frombytes("RGBX", (bitmap.width, bitmap.height), data, "raw", "RGBX", bitmap.stride)
        data = image.convert("RGB").tobytes()
    elif bitmap.stride != row:
        data = b"".join(data[start : start + row] for start in range(0, bitmap.stride * bitmap.height, bitmap.stride))
    return Pixels(bitmap.width, bitmap.height, colours, dpi, data)


def _is_grey(image: Image.Image) -> bool:
    """Whether no pixel has a colour."""
    red, green, blue = image.split()
    return red.tobytes() == green.tobytes() == blue.tobytes()
