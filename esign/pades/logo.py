"""An agency's logo made ready for print: small, opaque, and in colours that PDF/A takes."""

import io
import zlib
from functools import lru_cache

from PIL import Image as Picture
from PIL import ImageOps, UnidentifiedImageError

from esign.pades.appearance import Image

LARGEST_SIDE = 240
"""Pixels kept: 600 dpi over a centimetre."""
LARGEST_AREA = 25_000_000
"""Pixels taken in."""
PALETTE = 128
"""Colours of a drawn crest; with its edges smoothed nobody sees more."""


@lru_cache(maxsize=64)
def read_logo(data: bytes) -> Image:
    """The logo as an image of a PDF, transparency laid on white; resource name ``Logo``.

    A PNG keeps flat colours (a palette, deflated), a JPEG stays one. ValueError with a sentence for what
    is neither, or too large.
    """
    try:
        file = Picture.open(io.BytesIO(data), formats=("PNG", "JPEG"))
    except (UnidentifiedImageError, OSError):
        raise ValueError("the logo is neither a PNG nor a JPEG image") from None
    except (Picture.DecompressionBombWarning, Picture.DecompressionBombError):
        raise ValueError(f"the logo has more than {LARGEST_AREA} pixels") from None
    if file.width * file.height > LARGEST_AREA:
        raise ValueError(f"the logo has more than {LARGEST_AREA} pixels")
    try:
        picture = _on_white(ImageOps.exif_transpose(file))
    except (OSError, SyntaxError, ValueError, zlib.error):
        raise ValueError("the logo is damaged") from None
    picture.thumbnail((LARGEST_SIDE, LARGEST_SIDE), Picture.Resampling.LANCZOS)
    return _photograph(picture) if file.format == "JPEG" else _drawing(picture)


def _on_white(picture: Picture.Image) -> Picture.Image:
    layered = picture.convert("RGBA")
    ground = Picture.new("RGBA", layered.size, "white")
    return Picture.alpha_composite(ground, layered).convert("RGB")


def _photograph(picture: Picture.Image) -> Image:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=88, optimize=True)
    return Image("Logo", picture.width, picture.height, buffer.getvalue(), "DCTDecode", "rgb")


def _drawing(picture: Picture.Image) -> Image:
    flat = picture.quantize(PALETTE, Picture.Quantize.MEDIANCUT, dither=Picture.Dither.NONE)
    palette = bytes(flat.getpalette("RGB") or b"")
    used = max(flat.tobytes()) + 1
    data = zlib.compress(flat.tobytes(), 9)
    return Image("Logo", flat.width, flat.height, data, "FlateDecode", "indexed", palette[: used * 3])
