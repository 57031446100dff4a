"""What a stamp or a footer looks like, as data: a content stream and the resources that it names.

This is the seam between drawing (stamp.py, footer.py) and writing (update.py). Nothing here knows a PDF
library, so a drawing can be cached, sent through a pipe, and written into any letter. All lengths are
in points of displayed space: origin at the lower left, x to the right, y up, 1/72 inch.
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class EmbeddedFont:
    """A TrueType font to be written as Type0 → CIDFontType2 with Identity-H: codes are 2-byte glyph ids.

    ISO 32000-2, 9.7.4 and 9.7.6. Widths, ascents and the box are in 1/1000 of an em.
    """

    resource: str
    """Its name in the content stream, without the slash."""
    base_font: str
    """PostScript name with the subset tag: ``ESIGNA+LiberationSans``."""
    program: bytes
    """The TrueType program, already FlateDecode-compressed."""
    program_length: int
    """Its length before compression (/Length1)."""
    to_unicode: bytes
    """The ToUnicode CMap, already FlateDecode-compressed."""
    widths: tuple[int, ...]
    """The advance width of each glyph id from 0 on."""
    bbox: tuple[int, int, int, int]
    ascent: int
    descent: int
    cap_height: int
    stem_v: int
    italic_angle: int = 0
    flags: int = 32
    """/Flags of the font descriptor; 32 is nonsymbolic."""


@dataclass(frozen=True)
class Image:
    """A raster image (a logo), without transparency: flatten it on white first (PDF/A, print)."""

    resource: str
    """Its name in the content stream, without the slash."""
    width: int
    """In pixels."""
    height: int
    """In pixels."""
    colour_space: Literal["DeviceGray", "DeviceRGB"]
    bits: int
    """Bits a component."""
    filter: Literal["FlateDecode", "DCTDecode"]
    data: bytes
    """The pixels, encoded as ``filter`` says."""


@dataclass(frozen=True)
class Appearance:
    """A drawing of ``width`` × ``height`` points, upright, its lower left corner at the origin.

    Colours are DeviceGray or DeviceRGB. The writer turns it upright on a rotated page and scales it with UserUnit.
    """

    width: float
    height: float
    content: bytes
    """Content stream operators, not compressed. Fonts and images by their ``resource`` names."""
    fonts: tuple[EmbeddedFont, ...] = ()
    images: tuple[Image, ...] = ()


@dataclass(frozen=True)
class Footer:
    """One drawing for the foot of every page, centred, shrunk where the page is narrower than drawing and margins."""

    appearance: Appearance
    bottom: float
    """From the lower edge of the page as displayed to the drawing's lower edge."""
    side: float = 18.0
    """The least distance kept to the left and right edges."""
