"""The visible stamp of a signature: a QR code, who signed, and where to check it, drawn to fit a box.

A wide box gets the text beside the code, a tall one beneath it, one too small for text the code alone.
The text shrinks and wraps within its limits; what can't be drawn legibly is refused with the numbers.
The drawing depends on its arguments alone, so it may be cached.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil

from esign.errors import BoxTooSmall
from esign.pades import qr
from esign.pades.appearance import Appearance, Image
from esign.pades.content import TextBlock, filled, framed, shown
from esign.pades.fonts import bold, regular
from esign.pades.logo import read_logo
from esign.pades.text_block import Column, Paragraph
from esign.pades.theme import StampLine, StampTheme, filled_in

__all__ = ["StampContent", "StampTheme", "draw", "least_size", "natural_size", "sizes"]

FRAME_LINE = 0.5
"""Points."""
FRAME_RADIUS = 3.0
PADDING = 5.0
"""Points between text and the box's edge."""
RULE_LINE = 0.4
RULE_GAP = 3.2
"""Points between the rule and the text above and below it, at scale 1."""
LARGEST_SCALE = 1.25
NATURAL_SCALE = 0.92
"""Of text for which the stamp's natural size grows: a little smaller saves a line or two."""
LEAST_TEXT_WIDTH = 62.0
"""Points of width below which no text is set beside a code or beneath it."""
LEAST_TEXT_HEIGHT = 24.0
ROUNDING = 0.01
"""Points by which a box may be smaller than it must: a PDF writes four decimals."""
LOGO_OF_HEIGHT = 0.55
LOGO_OF_WIDTH = 0.19
"""A logo that stands beside is no larger than these parts of the box."""
CODE_OF_WIDTH = (0.44, 0.36, 0.3)
CODE_OF_HEIGHT = (0.6, 0.52, 0.45)
"""Sides of the code that are tried beside the text and above it, before the least one."""

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


@dataclass(frozen=True)
class _Layout:
    """A way to fill the box: the code's side with its quiet zone, and the text's scale and column."""

    code: float
    scale: float
    column: float
    centred: bool


@dataclass(frozen=True)
class _Parts:
    """What is to be laid out, made once for a stamp."""

    theme: StampTheme
    symbol: qr.Symbol
    who: Column
    check: Column

    @property
    def least_code(self) -> float:
        """Points: the least side of the code with its quiet zone."""
        return _least_code(self.symbol, self.theme)

    @property
    def edge(self) -> float:
        """Points that the frame takes on each side."""
        return FRAME_LINE if self.theme.frame else 0.0

    def logo_size(self, width: float, height: float) -> tuple[float, float]:
        """Width and height of a logo that stands beside, in a box of that size; (0, 0) where there is none."""
        if self.theme.logo is None or self.theme.logo_place != "beside":
            return 0.0, 0.0
        image = read_logo(self.theme.logo)
        return _inside(image.width, image.height, LOGO_OF_WIDTH * width, LOGO_OF_HEIGHT * height)

    @property
    def least_scale(self) -> float:
        """At which all text is as small as it may be."""
        sizes = [paragraph.size for column in (self.who, self.check) for paragraph in column.paragraphs]
        return self.theme.least_text / max(sizes, default=self.theme.least_text)

    @property
    def has_text(self) -> bool:
        return bool(self.who.paragraphs or self.check.paragraphs)

    def gap(self, scale: float) -> float:
        """Points from the last baseline of who signed to the top of the capitals of where to check."""
        return (2 * RULE_GAP + RULE_LINE) * scale + self.who.depth(scale)

    def text_height(self, width: float, scale: float) -> float:
        """From the top of the first capitals to the last baseline."""
        height = self.who.height(width, scale) + self.check.height(width, scale)
        return height + (self.gap(scale) if self.who.paragraphs and self.check.paragraphs else 0.0)

    def largest_scale(self, width: float, height: float) -> float | None:
        """At which the text fits into a column, to within 3 %; None where it fits at no legible one."""
        low = self.least_scale
        if width < LEAST_TEXT_WIDTH or self.text_height(width, low) > height:
            return None
        low, high = (1.0, LARGEST_SCALE) if self.text_height(width, 1.0) <= height else (low, 1.0)
        while high - low > 0.03:
            middle = (low + high) / 2
            if self.text_height(width, middle) <= height:
                low = middle
            else:
                high = middle
        return low


def draw(content: StampContent, theme: StampTheme, width: float, height: float) -> Appearance:
    """The stamp in a box of ``width`` × ``height`` points, with a white ground.

    Raises BoxTooSmall, with the least box that would do, where the code would be smaller than the theme
    and LEAST_MODULE allow or the text smaller than ``least_text``; StampUnprintable for a character that
    the fonts lack.
    """
    parts = _parts(content, theme)
    layout = _layout(parts, width, height)
    text = TextBlock()
    painted = [filled(0, 0, width, height, 1)]
    if theme.frame:
        line = FRAME_LINE
        painted.append(framed(line / 2, line / 2, width - line, height - line, line, FRAME_RADIUS))
    module = (layout.code - 2 * parts.edge) / parts.symbol.side_with_quiet_zone
    quiet = parts.edge + module * qr.QUIET_ZONE
    logo_wide, logo_high = parts.logo_size(width, height)
    if layout.centred:
        group = layout.code + (logo_wide + PADDING if logo_wide else 0)
        needed = layout.code + parts.text_height(layout.column, layout.scale) + 2 * PADDING
        left = (width + group) / 2 - layout.code
        bottom = height - layout.code - (height - needed) / 2
        logo_left, logo_bottom = left - PADDING - logo_wide, bottom + (layout.code - logo_high) / 2
        painted.append(_set_text(parts, layout, text, PADDING, PADDING + (height - needed) / 2, bottom))
    else:
        left, bottom = 0.0 if layout.scale else (width - layout.code) / 2, (height - layout.code) / 2
        logo_left, logo_bottom = width - logo_wide - 2 * PADDING, (height - logo_high) / 2
        needed = max(parts.text_height(layout.column, layout.scale), layout.code - 2 * quiet)
        low, high = (height - needed) / 2, (height + needed) / 2
        painted.append(_set_text(parts, layout, text, layout.code, low, high))
    painted.append(qr.path(parts.symbol, left + quiet, bottom + quiet, module, logo=theme.logo_in_code))
    images: tuple[Image, ...] = ()
    if theme.logo is not None and (layout.scale or theme.logo_in_code):
        images = (read_logo(theme.logo),)
        if theme.logo_in_code:
            hole = (parts.symbol.logo_side - 1) * module
            logo_wide, logo_high = _inside(images[0].width, images[0].height, hole, hole)
            logo_left = left + (layout.code - logo_wide) / 2
            logo_bottom = bottom + (layout.code - logo_high) / 2
        painted.append(shown(images[0], logo_left, logo_bottom, logo_wide, logo_high))
    return Appearance(width, height, b"".join(painted) + text.operators(), text.fonts(), images)


def natural_size(content: StampContent, theme: StampTheme) -> tuple[float, float]:
    """Width and height in points where the caller gives none: the theme's, higher where the text needs it."""
    parts = _parts(content, theme)
    least = parts.least_code
    if theme.arrangement == "code" or not parts.has_text:
        return least, least
    width = max(theme.width, least)
    logo = parts.logo_size(width, theme.height)[0]
    column = width - least - PADDING - (logo + 3 * PADDING if logo else 0)
    if theme.arrangement == "beneath" or column < LEAST_TEXT_WIDTH:
        return width, max(theme.height, least + parts.text_height(width - 2 * PADDING, NATURAL_SCALE) + 2 * PADDING)
    return width, max(theme.height, least, parts.text_height(column, NATURAL_SCALE) + 2 * PADDING)


def sizes(content: StampContent, theme: StampTheme) -> list[tuple[float, float]]:
    """Sizes that the stamp may take where the caller gives none, in points, the best first.

    The natural one; the same lower, with smaller text; both narrower; the code alone, for a letter that leaves no more
    room, where the theme doesn't forbid it.
    """
    parts = _parts(content, theme)
    least = parts.least_code
    natural = natural_size(content, theme)
    found = [natural]
    for narrowed in (1.0, 0.85, 0.72):
        width = natural[0] * narrowed
        for scale in (0.85, parts.least_scale):
            column = width - least - PADDING
            if theme.arrangement in ("auto", "beside") and column >= LEAST_TEXT_WIDTH and theme.logo_place != "beside":
                found.append((width, max(least, parts.text_height(column, scale) + 2 * PADDING + ROUNDING)))
    if theme.arrangement in ("auto", "code"):
        found.append((least, least))
    return list(dict.fromkeys(found))


def least_size(address: str, theme: StampTheme) -> tuple[float, float]:
    """Width and height in points below which no stamp with this address can be drawn: the code alone."""
    side = _least_code(qr.symbol(address, theme.correction), theme)
    return side, side


def _least_code(symbol: qr.Symbol, theme: StampTheme) -> float:
    module = max(theme.code_mm * qr.POINTS_PER_MM / symbol.side, qr.LEAST_MODULE)
    return module * symbol.side_with_quiet_zone + (2 * FRAME_LINE if theme.frame else 0.0)


def _set_text(parts: _Parts, layout: _Layout, text: TextBlock, x: float, low: float, high: float) -> bytes:
    """Set both columns between two heights, the first from the top, the other from the bottom. Returns the rule."""
    if not layout.scale:
        return b""
    scale, column, centred = layout.scale, layout.column, layout.centred
    parts.who.place(text, x, high, column, scale, centred=centred)
    top = low + parts.check.height(column, scale)
    parts.check.place(text, x, top, column, scale, centred=centred)
    if not (parts.who.paragraphs and parts.check.paragraphs):
        return b""
    return filled(x, top + RULE_GAP * scale, column, RULE_LINE * scale, 0)


def _layout(parts: _Parts, width: float, height: float) -> _Layout:
    """The layout for a box. Raises BoxTooSmall."""
    found = _fitting(parts, width, height)
    if found is None:
        least_width, least_height = _enough(parts, width, height)
        raise BoxTooSmall(
            width=round(width, 1), height=round(height, 1), min_width=least_width, min_height=least_height
        )
    return found


def _fitting(parts: _Parts, width: float, height: float) -> _Layout | None:
    """The arrangement with the largest text up to scale 1, and of those the one with the largest code; or None."""
    least = parts.least_code
    if min(width, height) < least - ROUNDING:
        return None
    wanted = parts.theme.arrangement
    code_alone = _Layout(min(width, height), 0.0, 0.0, centred=False)
    if wanted == "code" or not parts.has_text:
        return code_alone
    best, worth = None, (False, 0.0)
    for code, column, room, centred in _ways(parts, width, height):
        scale = parts.largest_scale(column, room)
        if scale is None:
            continue
        merit = (not parts.check.is_broken(column, scale), min(scale, 1.0))
        if best is None or merit > worth:
            best, worth = _Layout(code, scale, column, centred), merit
        if worth == (True, 1.0):
            break
    small = width < least + LEAST_TEXT_WIDTH and height < least + LEAST_TEXT_HEIGHT
    return best or (code_alone if wanted == "auto" and small else None)


def _ways(parts: _Parts, width: float, height: float) -> Iterator[tuple[float, float, float, bool]]:
    """Ways to divide the box: the code's side, the text's width and height, and whether it is beneath."""
    least, wanted = parts.least_code, parts.theme.arrangement
    logo = parts.logo_size(width, height)[0]
    if wanted in ("auto", "beside"):
        sides = [side for share in CODE_OF_WIDTH if (side := min(height, share * width)) > least]
        for code in (*sides, least):
            yield code, width - code - PADDING - (logo + 3 * PADDING if logo else 0), height - 2 * PADDING, False
    if wanted in ("auto", "beneath"):
        room = width - (logo + PADDING if logo else 0)
        sides = [side for share in CODE_OF_HEIGHT if (side := min(room, share * height)) > least]
        for code in (*sides, *([least] if least <= room + ROUNDING else [])):
            yield code, width - 2 * PADDING, height - code - 2 * PADDING, True


def _enough(parts: _Parts, width: float, height: float) -> tuple[float, float]:
    """A box that would do, not smaller than the given one, in tenths of a point."""
    width, height = _tenths(max(width, parts.least_code)), _tenths(max(height, parts.least_code))
    for _ in range(12):  # a logo that stands beside grows with the box, each time by less
        if _fitting(parts, width, height):
            break
        width, height = map(_tenths, _nearest(parts, width, height))
    return width, height


def _nearest(parts: _Parts, width: float, height: float) -> tuple[float, float]:
    """The box, made as large as the text at its smallest needs, beside the code or beneath it."""
    least, scale = parts.least_code, parts.least_scale
    logo = parts.logo_size(width, height)[0]
    fixed = least + PADDING + (logo + 3 * PADDING if logo else 0)
    wide = max(width, fixed + LEAST_TEXT_WIDTH)
    beside = (wide, max(height, parts.text_height(wide - fixed, scale) + 2 * PADDING))
    wide = max(width, LEAST_TEXT_WIDTH + 2 * PADDING, least + (logo + PADDING if logo else 0))
    beneath = (wide, max(height, least + parts.text_height(wide - 2 * PADDING, scale) + 2 * PADDING))
    boxes = {"beside": [beside], "beneath": [beneath]}.get(parts.theme.arrangement, [beside, beneath])
    return min(boxes, key=lambda box: box[0] * box[1])


def _tenths(value: float) -> float:
    return ceil(value * 10) / 10


def _parts(content: StampContent, theme: StampTheme) -> _Parts:
    values = content.values(theme)
    symbol = qr.symbol(content.address, theme.correction)
    who = Column(_paragraphs(theme, theme.lines, values))
    return _Parts(theme, symbol, who, Column(_paragraphs(theme, theme.check_lines, values), unbroken=True))


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


def _inside(width: float, height: float, most_wide: float, most_high: float) -> tuple[float, float]:
    """The largest size of the same proportions within the given one."""
    factor = min(most_wide / width, most_high / height)
    return width * factor, height * factor
