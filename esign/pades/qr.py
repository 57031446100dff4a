"""QR codes as vectors (ISO/IEC 18004): an address becomes modules, and these one path of PDF.

zxing-cpp makes the symbol, the mask search included, in 0.2 ms; qrcode takes 10 ms for the same symbol.
The same text always gives the same symbol.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from math import isqrt
from typing import Any, Literal

import zxingcpp

from esign.pades.content import number

QUIET_ZONE = 4
"""Modules of white that a reader needs on each side (ISO/IEC 18004, 6.3.8)."""
POINTS_PER_MM = 72 / 25.4
LEAST_MODULE = 0.4 * POINTS_PER_MM
"""Points. What a cheap telephone and an office photocopier still tell apart."""
LOGO_SHARE = 0.27
"""Of the symbol's side: 7 % of its area, under half of what level H can restore."""

Level = Literal["M", "Q", "H"]
"""Error correction: 15, 25 or 30 % of the codewords."""

_DARK = re.compile(rb"\x00+")


@dataclass(frozen=True, slots=True)
class Symbol:
    """A QR code: its rows from the top, one byte a module, 0 for dark and 255 for light."""

    rows: tuple[bytes, ...]

    @property
    def side(self) -> int:
        """Modules on a side, without the quiet zone."""
        return len(self.rows)

    @property
    def side_with_quiet_zone(self) -> int:
        """Modules on a side, the quiet zone on both sides included."""
        return len(self.rows) + 2 * QUIET_ZONE

    @property
    def logo_side(self) -> int:
        """Modules on a side of the square, in the middle, that a logo may hide where the level is H."""
        side = int(self.side * LOGO_SHARE)
        return side if side % 2 else side - 1


@lru_cache(maxsize=16)
def symbol(text: str, level: Level = "M") -> Symbol:
    """The smallest QR code of that text.

    A text of capitals, digits, space and ``$%*+-./:`` is written in alphanumeric mode (7.4.4), 5.5 bits a
    character: that is why an address is handed in in capitals.
    """
    barcode = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level=level)
    image: Any = barcode.to_image(scale=1, add_quiet_zones=False)
    pixels = bytes(memoryview(image))
    side = isqrt(len(pixels))
    return Symbol(tuple(pixels[start : start + side] for start in range(0, len(pixels), side)))


def rectangles(symbol: Symbol, *, logo: bool = False) -> list[tuple[int, int, int, int]]:
    """The dark modules as rectangles (x, y, width, height) that don't overlap.

    In modules; the origin is the lower left corner of the symbol, without the quiet zone. Runs of a row
    are merged, and equal runs of rows below. With ``logo`` the middle is left white.
    """
    side = symbol.side
    hole = symbol.logo_side if logo else 0
    start, end = (side - hole) // 2, (side + hole) // 2
    found: list[tuple[int, int, int, int]] = []
    open_runs: dict[tuple[int, int], int] = {}
    for y, pixels in enumerate((*symbol.rows, b"")):
        row = pixels[:start] + b"\xff" * hole + pixels[end:] if start <= y < end else pixels
        runs = {match.span() for match in _DARK.finditer(row)}
        for run in [run for run in open_runs if run not in runs]:
            top = open_runs.pop(run)
            found.append((run[0], side - y, run[1] - run[0], y - top))
        for run in runs:
            open_runs.setdefault(run, y)
    found.sort()
    return found


def path(symbol: Symbol, x: float, y: float, module: float, *, logo: bool = False) -> bytes:
    """Content operators that paint the symbol black, its lower left corner (without quiet zone) at x, y.

    ``module`` is the side of a module in points. The ground must be white already, quiet zone included.
    """
    boxes = "".join(f"{a} {b} {c} {d} re\n" for a, b, c, d in rectangles(symbol, logo=logo))
    scale = number(module)
    return f"q\n0 g\n{scale} 0 0 {scale} {number(x)} {number(y)} cm\n{boxes}f\nQ\n".encode("ascii")
