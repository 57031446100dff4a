"""Where things are on a page: user space, and the space of the page as a person sees it.

*Displayed space* has its origin at the bottom left of the page as displayed, after CropBox and /Rotate, x to the right,
y upwards, in units of 1/72 inch (UserUnit multiplied in). *User space* is the page's own (ISO 32000-2, 8.3.2.3).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple, Self

LARGEST = 1e7
"""A coordinate beyond this is no place on a page; it counts as if it were not there."""


class Box(NamedTuple):
    """A rectangle with ``left <= right`` and ``bottom <= top``."""

    left: float
    bottom: float
    right: float
    top: float

    @classmethod
    def around(cls, *points: tuple[float, float]) -> Self:
        """The smallest box that holds all of the points."""
        xs, ys = [x for x, _ in points], [y for _, y in points]
        return cls(min(xs), min(ys), max(xs), max(ys))

    @property
    def width(self) -> float:
        """``right - left``."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """``top - bottom``."""
        return self.top - self.bottom

    def overlaps(self, other: "Box") -> bool:
        """Whether the two have an area in common; sides that only touch have none."""
        return (
            self.left < other.right and other.left < self.right and self.bottom < other.top and other.bottom < self.top
        )

    def intersection(self, other: "Box") -> "Box":
        """What they have in common; an empty box at its own lower left corner where that is nothing."""
        left, bottom = max(self.left, other.left), max(self.bottom, other.bottom)
        right, top = min(self.right, other.right), min(self.top, other.top)
        if left >= right or bottom >= top:
            return Box(self.left, self.bottom, self.left, self.bottom)
        return Box(left, bottom, right, top)


LETTER = Box(0, 0, 612, 792)
"""What a page without a usable MediaBox is taken for, by PDFium, Acrobat and others alike."""


@dataclass(frozen=True)
class PageGeometry:
    """The four page attributes that say where user space is shown (ISO 32000-2, 7.7.3.3 and 14.11.2), made sound."""

    media: Box
    crop: Box
    """The visible part, within ``media``; of no area where CropBox and MediaBox have nothing in common."""
    rotate: int = 0
    """Degrees clockwise at which the page is shown: 0, 90, 180 or 270."""
    user_unit: float = 1.0
    """The size of user space's unit in 1/72 inch."""

    @classmethod
    def read(
        cls,
        media: Sequence[object] | None = None,
        crop: Sequence[object] | None = None,
        rotate: object = None,
        user_unit: object = None,
    ) -> Self:
        """The geometry out of the values as a file has them, read as PDFium reads them.

        The attributes are MediaBox, CropBox, Rotate and UserUnit, inherited where they are inherited. Reversed corners
        are put right. A box without area, or that isn't four numbers, counts as missing. A rotation that is no multiple
        of 90 is cut to one, towards 0; a UserUnit that isn't positive is 1.
        """
        whole = _box(media) or LETTER
        visible = _box(crop)
        angle, unit = _number(rotate), _number(user_unit)
        return cls(
            media=whole,
            crop=whole if visible is None else visible.intersection(whole),
            rotate=0 if angle is None else int(int(angle) / 90) % 4 * 90,
            user_unit=1.0 if unit is None or unit <= 0 else unit,
        )

    @property
    def displayed_size(self) -> tuple[float, float]:
        """Width and height of the page as displayed."""
        width, height = self.crop.width * self.user_unit, self.crop.height * self.user_unit
        return (height, width) if self.rotate in (90, 270) else (width, height)

    def to_displayed(self, box: Sequence[float]) -> Box:
        """A box of user space in displayed space; corners may come in any order."""
        left, bottom, right, top = box
        return Box.around(self.point_to_displayed(left, bottom), self.point_to_displayed(right, top))

    def to_user_space(self, box: Sequence[float]) -> Box:
        """A box of displayed space in user space; corners may come in any order."""
        left, bottom, right, top = box
        return Box.around(self.point_to_user_space(left, bottom), self.point_to_user_space(right, top))

    def point_to_displayed(self, x: float, y: float) -> tuple[float, float]:
        """A point of user space in displayed space."""
        unit, crop = self.user_unit, self.crop
        if self.rotate == 90:
            return (y - crop.bottom) * unit, (crop.right - x) * unit
        if self.rotate == 180:
            return (crop.right - x) * unit, (crop.top - y) * unit
        if self.rotate == 270:
            return (crop.top - y) * unit, (x - crop.left) * unit
        return (x - crop.left) * unit, (y - crop.bottom) * unit

    def point_to_user_space(self, x: float, y: float) -> tuple[float, float]:
        """A point of displayed space in user space."""
        x, y, crop = x / self.user_unit, y / self.user_unit, self.crop
        if self.rotate == 90:
            return crop.right - y, x + crop.bottom
        if self.rotate == 180:
            return crop.right - x, crop.top - y
        if self.rotate == 270:
            return y + crop.left, crop.top - x
        return x + crop.left, y + crop.bottom


def _number(value: object) -> float | None:
    """The value as a finite number that can be a place on a page, or None."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    number = float(value)
    return number if math.isfinite(number) and abs(number) <= LARGEST else None


def _box(value: Sequence[object] | None) -> Box | None:
    """The value as a box with an area, or None."""
    if value is None or isinstance(value, str | bytes) or len(value) != 4:
        return None
    numbers = [number for item in value if (number := _number(item)) is not None]
    if len(numbers) != 4:
        return None
    box = Box.around((numbers[0], numbers[1]), (numbers[2], numbers[3]))
    return box if box.width > 0 and box.height > 0 else None
