"""The visible stamp of a signature: a QR code, who signed, and where to check it, drawn to fit a box.

A wide box gets the text beside the code, a tall one beneath it, one too small for text the code alone.
The text shrinks and wraps within its limits; what can't be drawn legibly is refused with the numbers.
The drawing depends on its arguments alone, so it may be cached.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from esign.pades import qr, stamp_layout
from esign.pades.appearance import Appearance, Image
from esign.pades.content import TextBlock, filled, framed, shown
from esign.pades.fonts import bold, regular
from esign.pades.stamp_layout import FRAME_LINE, RULE_GAP, RULE_LINE, Layout, Parts
from esign.pades.text_block import Column, Paragraph
from esign.pades.theme import StampLine, StampTheme, filled_in

__all__ = ["StampContent", "StampTheme", "draw", "least_size", "natural_size", "sizes"]

FRAME_RADIUS = 3.0
"""Points."""

_ALPHANUMERIC = re.compile(r"[0-9A-Z $%*+\-./:]+")
_HOST = re.compile(r"HTTPS?://([^/:]+)")


@dataclass(frozen=True)
class StampContent:
    """What a stamp says. Empty texts are left out."""

    address: str
    """What the QR code holds: the verification page's address in capitals."""
    code: str
    """The verification code in its groups."""
    name: str
    """As it is to be printed, with titles or without."""
    office: str = ""
    capacity: str = ""
    """``Plt.`` or ``Plh.`` stands before the office; more than an abbreviation, such as ``a.n. Bupati
    Klungkung``, stands above it. May hold line breaks."""
    rank: str = ""
    nip: str = ""
    agency: str = ""
    date: str = ""

    def __post_init__(self) -> None:
        if not _ALPHANUMERIC.fullmatch(self.address):
            raise ValueError("the address of a stamp is written in capitals")

    def values(self, theme: StampTheme) -> Mapping[str, str]:
        """The fields that a theme's lines may name."""
        host = _HOST.match(self.address)
        apart = "\n" if " " in self.capacity.strip() else " "
        return {
            "position": f"{self.capacity.strip()}{apart}{self.office.strip()}".strip(),
            "office": self.office,
            "capacity": self.capacity,
            "name": self.name,
            "rank": self.rank,
            "nip": _nip_in_groups(self.nip),
            "agency": self.agency,
            "date": self.date,
            "domain": theme.domain or (host[1].lower() if host else ""),
            "code": self.code,
        }


def draw(content: StampContent, theme: StampTheme, width: float, height: float) -> Appearance:
    """The stamp in a box of ``width`` × ``height`` points, with a white ground.

    Raises BoxTooSmall, with a box that would do, where the code would be smaller than the theme and
    LEAST_MODULE allow or the text smaller than ``least_text``; StampUnprintable for a character that the
    fonts lack.
    """
    parts = _parts(content, theme)
    layout = stamp_layout.fit(parts, width, height)
    places = stamp_layout.places(parts, layout, width, height)
    text = TextBlock()
    painted = [filled(0, 0, width, height, 1)]
    if theme.frame:
        line = FRAME_LINE
        painted.append(framed(line / 2, line / 2, width - line, height - line, line, FRAME_RADIUS))
    quiet, module = stamp_layout.quiet_zone(parts, layout), stamp_layout.module(parts, layout)
    left, bottom = places.code
    painted.append(qr.path(parts.symbol, left + quiet, bottom + quiet, module, logo=theme.logo_in_code))
    if layout.scale:
        painted.append(_set_text(parts, layout, text, *places.text))
    images: tuple[Image, ...] = ()
    if parts.logo is not None and places.logo is not None:
        painted.append(shown(parts.logo, *places.logo))
        images = (parts.logo,)
    return Appearance(width, height, b"".join(painted) + text.operators(), text.fonts(), images)


def natural_size(content: StampContent, theme: StampTheme) -> tuple[float, float]:
    """Width and height in points where the caller gives none: the theme's, higher where the text needs it."""
    return stamp_layout.natural(_parts(content, theme))


def sizes(content: StampContent, theme: StampTheme) -> list[tuple[float, float]]:
    """Widths and heights that the stamp may take where the caller gives none, in points, the best first.

    The last are for letters that leave little room; the very last is the code alone, where the theme doesn't forbid it.
    """
    return stamp_layout.variants(_parts(content, theme))


def least_size(address: str, theme: StampTheme) -> tuple[float, float]:
    """Width and height in points below which no stamp with this address can be drawn: the code alone."""
    least = Parts(theme, qr.symbol(address, theme.correction), Column([]), Column([])).least_code
    return least, least


def _set_text(parts: Parts, layout: Layout, text: TextBlock, x: float, low: float, high: float) -> bytes:
    """Set both columns between two heights, the first from the top, the other from the bottom. Returns the rule."""
    scale, column, centred = layout.scale, layout.column, layout.centred
    parts.who.place(text, x, high, column, scale, centred=centred)
    top = low + parts.check.height(column, scale)
    parts.check.place(text, x, top, column, scale, centred=centred)
    if not (parts.who.paragraphs and parts.check.paragraphs):
        return b""
    return filled(x, top + RULE_GAP * scale, column, RULE_LINE * scale, 0)


def _parts(content: StampContent, theme: StampTheme) -> Parts:
    values = content.values(theme)
    symbol = qr.symbol(content.address, theme.correction)
    who = Column(_paragraphs(theme, theme.lines, values))
    return Parts(theme, symbol, who, Column(_paragraphs(theme, theme.check_lines, values), unbroken=True))


def _paragraphs(theme: StampTheme, lines: tuple[StampLine, ...], values: Mapping[str, str]) -> list[Paragraph]:
    paragraphs = []
    for line in lines:
        text = filled_in(line.text, values)
        face = bold() if line.bold else regular()
        for number, piece in enumerate((text or "").splitlines()):
            printable = face.printable(" ".join(piece.split()))
            if printable:
                space = 0 if number else line.space_before
                paragraphs.append(Paragraph(printable, face, line.size, space, theme.least_text))
    return paragraphs


def _nip_in_groups(nip: str) -> str:
    """18 digits as they are printed: born, appointed, sex, number."""
    digits = nip.replace(" ", "")
    if len(digits) != 18 or not digits.isdigit():
        return nip
    return f"{digits[:8]} {digits[8:14]} {digits[14]} {digits[15:]}"
