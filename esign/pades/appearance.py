"""What a stamp or a footer looks like, as data: a content stream and the resources that it names.

This is the seam between drawing (stamp.py, footer.py) and writing (update.py). Nothing here knows a PDF
library, so a drawing can be cached, sent through a pipe, and written into any letter. All lengths are
in points of displayed space: origin at the lower left, x to the right, y up, 1/72 inch.

The writer makes it a form XObject (ISO 32000-2, 8.10) with BBox ``[0 0 width height]``, and puts into
its resources, besides the fonts and images named here, ``/ColorSpace << /DefaultGray [/ICCBased … ] >>``
with the profile `gray`: the content paints in DeviceGray, and a PDF/A letter may lack the output intent
that would allow that (ISO 19005-2, 6.2.4.3). A /CalGray would do for the standard, but poppler shows its
white with a tint.
"""

from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Literal


@dataclass(frozen=True, slots=True, eq=False)
class EmbeddedFont:
    """A simple, non-symbolic TrueType font and what a PDF has to say of it (ISO 32000-2, 9.6.3, 9.8).

    Its encoding is WinAnsiEncoding, with ``differences`` over it where there are any. There is one
    object of each font in a process, so ``is`` tells whether two are the same. A simple font needs neither
    ToUnicode nor CIDSet (which PDF/A-1 wants of a subset CIDFont), and no string that an encrypted letter
    would have to encrypt.
    """

    resource: str
    """The name under which the content selects it, without the slash."""
    base_font: str
    """BaseFont and FontName: a subset tag, a plus sign and the name."""
    program: bytes
    """FontFile2, deflated."""
    program_length: int
    """Length1: the bytes of the program before deflation."""
    first_char: int
    widths: tuple[int, ...]
    """Widths from ``first_char`` on, in thousandths of the size."""
    differences: tuple[tuple[int, tuple[str, ...]], ...]
    """Runs of glyph names of the Adobe Glyph List: the first code of a run, and its names."""
    bbox: tuple[int, int, int, int]
    ascent: int
    descent: int
    cap_height: int
    stem_v: int
    italic_angle: int = 0
    flags: int = 32
    """Nonsymbolic."""


@dataclass(frozen=True, slots=True, eq=False)
class Image:
    """An opaque image of 8 bits a sample, without a soft mask (PDF/A-1 forbids them)."""

    resource: str
    """The name under which the content draws it, without the slash."""
    width: int
    height: int
    """In pixels."""
    data: bytes
    filter: Literal["FlateDecode", "DCTDecode"]
    colours: Literal["gray", "rgb", "indexed"]
    """Gray is DeviceGray; rgb is ICCBased over `srgb`; indexed takes its base from there too."""
    palette: bytes = b""
    """Of an indexed image: three bytes a colour."""


@dataclass(frozen=True, slots=True, eq=False)
class Appearance:
    """A drawing of ``width`` × ``height`` points, upright, its lower left corner at the origin.

    The writer turns it upright on a rotated page and scales it with UserUnit.
    """

    width: float
    height: float
    content: bytes
    """The content stream, not compressed."""
    fonts: tuple[EmbeddedFont, ...] = ()
    images: tuple[Image, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Footer:
    """One drawing for the foot of every page, centred, shrunk where the page is narrower than drawing and margins."""

    appearance: Appearance
    bottom: float
    """From the lower edge of the page as displayed to the drawing's lower edge."""
    side: float = 18.0
    """The least distance kept to the left and right edges."""


@lru_cache(maxsize=1)
def gray() -> bytes:
    """The ICC profile of gray for /ICCBased, one component (made by ``tools/make_profiles.py``)."""
    return (files("esign.pades") / "fonts" / "gray.icc").read_bytes()


@lru_cache(maxsize=1)
def srgb() -> bytes:
    """The ICC profile of sRGB for /ICCBased, three components (made by ``tools/make_profiles.py``)."""
    return (files("esign.pades") / "fonts" / "srgb.icc").read_bytes()
