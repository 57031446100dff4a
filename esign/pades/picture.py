"""A caller's own picture of his signature, or a QR code of his own text, drawn in the box that he gave.

They lie as BSrE's eSign Client Service lays them (measured in signed files): 2 points from the edges of the box, as
large as fits, neither stretched nor turned, in the middle. Pictures are foreign input: they are read by a sandbox
worker, which makes them opaque, upright and 8 bits a sample, as PDF/A takes them.
"""

import io
import zlib

from PIL import Image as Pixels
from PIL import ImageOps, UnidentifiedImageError

from esign.errors import LetterNotExamined, PictureTooLarge, PictureUnreadable
from esign.pades import qr
from esign.pades.appearance import Appearance, Image
from esign.pades.content import filled
from esign.pades.content import shown as drawn
from esign.pdf.geometry import Box
from esign.pdf.sandbox import Header, Runner

INSET = 2.0
"""Points between the box and what is drawn in it."""
LEAST_SIDE = 2 * INSET + 1
"""Points: a box with smaller sides holds nothing."""
LARGEST_AREA = 25_000_000
"""Pixels that are taken in."""
LARGEST_SIDE = 1600
"""Pixels that are kept: 300 dpi over 13 cm."""
TIMEOUT = 20.0
"""Seconds for one picture."""

_TASK = "esign.pades.picture:picture_task"
_PALETTE = 256
_RESOURCE = "Picture"


def read_picture(data: bytes) -> Image:
    """The PNG or JPEG as an image of a PDF, transparency laid on white, turned as its EXIF data say.

    A JPEG becomes one again; a PNG keeps every pixel. Larger ones are made smaller. Raises `PictureUnreadable` and
    `PictureTooLarge`.
    """
    try:
        file = Pixels.open(io.BytesIO(data), formats=("PNG", "JPEG"))
    except (Pixels.DecompressionBombWarning, Pixels.DecompressionBombError):
        raise PictureTooLarge(limit=LARGEST_AREA) from None
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, zlib.error):
        raise PictureUnreadable from None
    if file.width * file.height > LARGEST_AREA:
        raise PictureTooLarge(limit=LARGEST_AREA)
    try:
        photograph = file.format == "JPEG"
        picture = _opaque(ImageOps.exif_transpose(file))
    except (OSError, SyntaxError, ValueError, IndexError, zlib.error):
        raise PictureUnreadable from None
    if max(picture.size) > LARGEST_SIDE:
        picture.thumbnail((LARGEST_SIDE, LARGEST_SIDE), Pixels.Resampling.LANCZOS)
    return _photograph(picture) if photograph else _drawing(picture)


def read_picture_in(runner: Runner, data: bytes, *, timeout: float = TIMEOUT) -> Image:
    """`read_picture` in the runner. Raises what that raises, `Busy`, and `PictureUnreadable` for what ends a worker."""
    try:
        answer, out = runner.run(_TASK, {}, data, timeout=timeout)
    except LetterNotExamined:
        raise PictureUnreadable from None
    width, height, kind = answer.get("width"), answer.get("height"), (answer.get("filter"), answer.get("colours"))
    if not (isinstance(width, int) and isinstance(height, int)) or min(width, height) < 1:
        raise PictureUnreadable
    if len(out) != 2 or max(width, height) > LARGEST_SIDE or len(out[1]) > 3 * _PALETTE:
        raise PictureUnreadable
    match kind:
        case ("DCTDecode", "rgb"):
            return Image(_RESOURCE, width, height, out[0], "DCTDecode", "rgb")
        case ("FlateDecode", "rgb"):
            return Image(_RESOURCE, width, height, out[0], "FlateDecode", "rgb")
        case ("FlateDecode", "gray"):
            return Image(_RESOURCE, width, height, out[0], "FlateDecode", "gray")
        case ("FlateDecode", "indexed"):
            return Image(_RESOURCE, width, height, out[0], "FlateDecode", "indexed", out[1])
        case _:
            raise PictureUnreadable


def picture_task(_: Header, blobs: list[bytes]) -> tuple[Header, list[bytes]]:
    """`read_picture` as a sandbox task."""
    image = read_picture(blobs[0])
    told: Header = {
        "width": image.width,
        "height": image.height,
        "filter": image.filter,
        "colours": image.colours,
    }
    return told, [image.data, image.palette]


def area(shown: Image | qr.Symbol, width: float, height: float) -> Box:
    """What a picture or code takes of a box of ``width`` × ``height`` points; the rest of the box stays clear."""
    across, up = (shown.width, shown.height) if isinstance(shown, Image) else (1, 1)
    scale = min((width - 2 * INSET) / across, (height - 2 * INSET) / up)
    left, bottom = (width - across * scale) / 2, (height - up * scale) / 2
    return Box(left, bottom, width - left, height - bottom)


def in_box(shown: Image | qr.Symbol, width: float, height: float) -> Appearance:
    """The picture, or the code in black on a white square that holds its quiet zone, in a box of that size."""
    place = area(shown, width, height)
    if isinstance(shown, Image):
        content = drawn(shown, place.left, place.bottom, place.width, place.height)
        return Appearance(width, height, content, images=(shown,))
    module = place.width / shown.side_with_quiet_zone
    quiet = qr.QUIET_ZONE * module
    white = filled(place.left, place.bottom, place.width, place.height, 1)
    return Appearance(width, height, white + qr.path(shown, place.left + quiet, place.bottom + quiet, module))


def _opaque(picture: Pixels.Image) -> Pixels.Image:
    """The picture in 8 bits of red, green and blue, on white."""
    if picture.mode.startswith("I") or picture.mode == "F":  # 16 bits of gray, which Pillow would clip
        picture = picture.convert("I").point(lambda value: value / 257).convert("L")
    if picture.mode in ("CMYK", "YCbCr", "LAB", "HSV"):
        picture = picture.convert("RGB")
    layered = picture.convert("RGBA")
    ground = Pixels.new("RGBA", layered.size, "white")
    return Pixels.alpha_composite(ground, layered).convert("RGB")


def _photograph(picture: Pixels.Image) -> Image:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=90)
    return Image(_RESOURCE, picture.width, picture.height, buffer.getvalue(), "DCTDecode", "rgb")


def _drawing(picture: Pixels.Image) -> Image:
    """Every pixel as it is, in as few bytes as its colours need."""
    width, height = picture.size
    used = picture.getcolors(_PALETTE)
    if used is None:
        return Image(_RESOURCE, width, height, zlib.compress(picture.tobytes()), "FlateDecode", "rgb")
    if all(isinstance(colour, tuple) and len(set(colour)) == 1 for _, colour in used):
        return Image(_RESOURCE, width, height, zlib.compress(picture.convert("L").tobytes()), "FlateDecode", "gray")
    flat = picture.convert("P", palette=Pixels.Palette.ADAPTIVE, colors=len(used))
    if flat.convert("RGB").tobytes() != picture.tobytes():
        return Image(_RESOURCE, width, height, zlib.compress(picture.tobytes()), "FlateDecode", "rgb")
    palette = bytes(flat.getpalette("RGB") or b"")[: 3 * len(used)]
    return Image(_RESOURCE, width, height, zlib.compress(flat.tobytes()), "FlateDecode", "indexed", palette)
