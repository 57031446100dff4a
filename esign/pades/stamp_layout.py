"""How a stamp's parts share a box: text beside the code, beneath it or not at all, and in which size.

All lengths are in points. Sizes of text are given at scale 1; a layout's scale is what they are multiplied with.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from math import ceil

from esign.errors import BoxTooSmall
from esign.pades import qr
from esign.pades.appearance import Image
from esign.pades.logo import read_logo
from esign.pades.text_block import Column
from esign.pades.theme import StampTheme

FRAME_LINE = 0.5
PADDING = 5.0
"""Between text and the box's edge."""
RULE_LINE = 0.4
RULE_GAP = 3.2
"""Between the rule and the text above and below it, at scale 1."""
LARGEST_SCALE = 1.25
NATURAL_SCALE = 0.92
"""Of text for which the stamp's natural size grows: a little smaller saves a line or two."""
LEAST_TEXT_WIDTH = 62.0
"""Width below which no text is set beside a code or beneath it."""
LEAST_TEXT_HEIGHT = 24.0
ROUNDING = 0.01
"""By which a box may be smaller than it must: a PDF writes four decimals."""
LOGO_OF_HEIGHT = 0.55
LOGO_OF_WIDTH = 0.19
"""A logo that stands beside is no larger than these parts of the box."""
CODE_OF_WIDTH = (0.44, 0.36, 0.3)
CODE_OF_HEIGHT = (0.6, 0.52, 0.45)
"""Sides of the code that are tried beside the text and above it, before the least one."""


@dataclass(frozen=True)
class Layout:
    """A way to fill the box."""

    code: float
    """The side of the code with its quiet zone and its share of the frame."""
    scale: float
    """Of the text; 0 where there is none."""
    column: float
    """The width of the text."""
    centred: bool
    """The text is beneath the code, and centred; else beside it."""


@dataclass(frozen=True)
class Places:
    """Where things come to stand in a box, from its lower left corner."""

    code: tuple[float, float]
    """The lower left corner of the code's quiet zone."""
    text: tuple[float, float, float]
    """The left edge of the text, its last baseline and the top of its first capitals."""
    logo: tuple[float, float, float, float] | None
    """Left, bottom, width and height."""


@dataclass(frozen=True)
class Parts:
    """What is to be laid out."""

    theme: StampTheme
    symbol: qr.Symbol
    who: Column
    """Who signed."""
    check: Column
    """Where to check the letter."""

    @property
    def edge(self) -> float:
        """What the frame takes on each side."""
        return FRAME_LINE if self.theme.frame else 0.0

    @property
    def least_code(self) -> float:
        """The least side of the code with its quiet zone and the frame."""
        module = max(self.theme.code_mm * qr.POINTS_PER_MM / self.symbol.side, qr.LEAST_MODULE)
        return module * self.symbol.side_with_quiet_zone + 2 * self.edge

    @cached_property
    def logo(self) -> Image | None:
        """The agency's logo."""
        return None if self.theme.logo is None else read_logo(self.theme.logo)

    def logo_size(self, width: float, height: float) -> tuple[float, float]:
        """Width and height of a logo that stands beside, in a box of that size; (0, 0) where there is none."""
        if self.logo is None or self.theme.logo_in_code:
            return 0.0, 0.0
        return inside(self.logo.width, self.logo.height, LOGO_OF_WIDTH * width, LOGO_OF_HEIGHT * height)

    @cached_property
    def least_scale(self) -> float:
        """At which all text is as small as it may be."""
        sizes = [paragraph.size for column in (self.who, self.check) for paragraph in column.paragraphs]
        return self.theme.least_text / max(sizes, default=self.theme.least_text)

    @property
    def has_text(self) -> bool:
        """Whether there is anything but the code."""
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


def fit(parts: Parts, width: float, height: float) -> Layout:
    """The layout for a box. Raises BoxTooSmall with a box that would do."""
    found = _fitting(parts, width, height)
    if found is None:
        least_width, least_height = _enough(parts, width, height)
        raise BoxTooSmall(
            width=round(width, 1), height=round(height, 1), min_width=least_width, min_height=least_height
        )
    return found


def places(parts: Parts, layout: Layout, width: float, height: float) -> Places:
    """Where code, text and logo stand in a box that the layout was made for."""
    code, (logo_width, logo_height) = layout.code, parts.logo_size(width, height)
    text = parts.text_height(layout.column, layout.scale) if layout.scale else 0.0
    if layout.centred:
        spare = (height - code - text - 2 * PADDING) / 2
        left = (width - code + (logo_width + PADDING if logo_width else 0.0)) / 2
        bottom = height - code - spare
        logo_left, logo_bottom = left - PADDING - logo_width, bottom + (code - logo_height) / 2
        lines = (PADDING, PADDING + spare, bottom)
    else:
        left, bottom = 0.0 if text else (width - code) / 2, (height - code) / 2
        logo_left, logo_bottom = width - logo_width - 2 * PADDING, (height - logo_height) / 2
        # the text stands flush with the code's own edges where it is no higher
        high = max(text, code - 2 * quiet_zone(parts, layout))
        lines = (code, (height - high) / 2, (height + high) / 2)
    logo = (logo_left, logo_bottom, logo_width, logo_height) if text and logo_width else None
    if parts.logo is not None and parts.theme.logo_in_code:
        hole = (parts.symbol.logo_side - 1) * module(parts, layout)
        wide, tall = inside(parts.logo.width, parts.logo.height, hole, hole)
        logo = (left + (code - wide) / 2, bottom + (code - tall) / 2, wide, tall)
    return Places((left, bottom), lines, logo)


def module(parts: Parts, layout: Layout) -> float:
    """The side of a module."""
    return (layout.code - 2 * parts.edge) / parts.symbol.side_with_quiet_zone


def quiet_zone(parts: Parts, layout: Layout) -> float:
    """From the edge of the code's square to its modules."""
    return parts.edge + qr.QUIET_ZONE * module(parts, layout)


def natural(parts: Parts) -> tuple[float, float]:
    """Width and height where the caller gives none: the theme's, higher where the text needs it."""
    theme, least = parts.theme, parts.least_code
    if theme.arrangement == "code" or not parts.has_text:
        return least, least
    width = max(theme.width, least)
    logo = parts.logo_size(width, theme.height)[0]
    column = width - least - PADDING - (logo + 3 * PADDING if logo else 0)
    if theme.arrangement == "beneath" or column < LEAST_TEXT_WIDTH:
        below = parts.text_height(width - 2 * PADDING, NATURAL_SCALE) + 2 * PADDING
        return width, max(theme.height, least + below)
    return width, max(theme.height, least, parts.text_height(column, NATURAL_SCALE) + 2 * PADDING)


def variants(parts: Parts) -> list[tuple[float, float]]:
    """Sizes that the stamp may take, the best first.

    The natural one; the same lower, with smaller text; both narrower; the code alone where the theme doesn't
    forbid it.
    """
    theme, least = parts.theme, parts.least_code
    found = [natural(parts)]
    text_may_be_beside = theme.arrangement in ("auto", "beside") and not parts.logo_size(1, 1)[0]
    widths = [found[0][0] * narrowed for narrowed in (1.0, 0.85, 0.72)] if text_may_be_beside else []
    for width in widths:
        column = width - least - PADDING
        heights = [parts.text_height(column, scale) + 2 * PADDING + ROUNDING for scale in (0.85, parts.least_scale)]
        found.extend((width, max(least, height)) for height in heights if column >= LEAST_TEXT_WIDTH)
    if theme.arrangement in ("auto", "code"):
        found.append((least, least))
    return list(dict.fromkeys(found))


def inside(width: float, height: float, most_wide: float, most_high: float) -> tuple[float, float]:
    """The largest size of the same proportions within the given one."""
    factor = min(most_wide / width, most_high / height)
    return width * factor, height * factor


def _fitting(parts: Parts, width: float, height: float) -> Layout | None:
    """The arrangement with the largest text up to scale 1, and of those the one with the largest code; or None."""
    least = parts.least_code
    if min(width, height) < least - ROUNDING:
        return None
    wanted = parts.theme.arrangement
    code_alone = Layout(min(width, height), 0.0, 0.0, centred=False)
    if wanted == "code" or not parts.has_text:
        return code_alone
    best, worth = None, (False, 0.0)
    for code, column, room, centred in _ways(parts, width, height):
        scale = parts.largest_scale(column, room)
        if scale is None:
            continue
        merit = (not parts.check.is_broken(column, scale), min(scale, 1.0))
        if best is None or merit > worth:
            best, worth = Layout(code, scale, column, centred), merit
        if worth == (True, 1.0):
            break
    small = width < least + LEAST_TEXT_WIDTH and height < least + LEAST_TEXT_HEIGHT
    return best or (code_alone if wanted == "auto" and small else None)


def _ways(parts: Parts, width: float, height: float) -> Iterator[tuple[float, float, float, bool]]:
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


def _enough(parts: Parts, width: float, height: float) -> tuple[float, float]:
    """A box that would do, not smaller than the given one, in tenths of a point."""
    width, height = _tenths(max(width, parts.least_code)), _tenths(max(height, parts.least_code))
    for _ in range(12):  # a logo that stands beside grows with the box, each time by less
        if _fitting(parts, width, height):
            break
        width, height = map(_tenths, _nearest(parts, width, height))
    return width, height


def _nearest(parts: Parts, width: float, height: float) -> tuple[float, float]:
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
