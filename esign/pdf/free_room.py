"""Free room on a drawn page: where a stamp can go without covering a mark."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, product
from typing import Self

from PIL import Image, ImageDraw

from esign.pdf.geometry import Box

CELL = 4
"""Pixels along the side of a cell, the unit of search."""
_FAINTEST = 6
"""How many of 255 steps of grey a pixel must differ from the paper to be a mark."""
_DARKEST_PAPER = 200
"""A page whose commonest grey is darker than this has no paper to write on."""
FOOTER = 72.0
"""Marks this near to the lower edge, in points, with room above them, are a footer and not the end of the text."""
_SPACE = 8.0
"""Points left free between the text and what is put beneath it."""


@dataclass(frozen=True)
class Marks:
    """The marks of a page by cells: an integral image, so that any rectangle is judged by four numbers."""

    size: tuple[float, float]
    """Width and height of the page as displayed, in points."""
    cell: float
    """Points along the side of a cell."""
    sums: list[list[int]]
    """``sums[row][column]``: the marked cells above and to the left; rows count from the top."""

    @classmethod
    def of(cls, grey: bytes, width: int, height: int, dpi: float, avoid: Sequence[Box] = ()) -> Self:
        """The marks of a drawn page, one byte a pixel from the top, and the boxes (displayed space) to leave alone."""
        image = Image.frombytes("L", (width, height), grey)
        paper = max(range(256), key=image.histogram().__getitem__)
        marked = image.point(
            [255 if abs(level - paper) > _FAINTEST or paper < _DARKEST_PAPER else 0 for level in range(256)]
        )
        point = dpi / 72
        pen = ImageDraw.Draw(marked)
        for box in avoid:
            if box.width > 0 and box.height > 0:
                corners = (box.left * point, height - box.top * point, box.right * point, height - box.bottom * point)
                pen.rectangle(corners, fill=255)
        cells = marked.reduce(CELL)
        columns, data = cells.width, cells.tobytes()
        sums = [[0] * (columns + 1)]
        for row in range(cells.height):
            line = accumulate((level > 0 for level in data[row * columns : (row + 1) * columns]), initial=0)
            sums.append([above + here for above, here in zip(sums[-1], line, strict=True)])
        return cls((width / point, height / point), CELL / point, sums)

    @property
    def rows(self) -> int:
        """Cells from top to bottom."""
        return len(self.sums) - 1

    @property
    def columns(self) -> int:
        """Cells from left to right."""
        return len(self.sums[0]) - 1

    def count(self, left: int, top: int, right: int, bottom: int) -> int:
        """The marked cells in columns ``left`` to ``right`` and rows ``top`` to ``bottom``, ends exclusive."""
        above, below = self.sums[top], self.sums[bottom]
        return below[right] - above[right] - below[left] + above[left]

    def clear(self, left: int, top: int, right: int, bottom: int) -> bool:
        """Whether neither these cells nor those around them are marked."""
        around = max(left - 1, 0), max(top - 1, 0), min(right + 1, self.columns), min(bottom + 1, self.rows)
        return self.count(*around) == 0

    def end_of_text(self) -> int:
        """The row beneath the last mark that isn't a footer; 0 for an empty page."""
        marked = [row for row in range(self.rows) if self.count(0, row, self.columns, row + 1)]
        footer = self.rows - math.ceil(FOOTER / self.cell)
        above = [row for row in marked if row < footer]
        if not above:
            return 0
        end = above[-1]
        for row in marked:
            # marks that go on into the footer's zone without a gap are text
            if row > end and row - end <= math.ceil(2 * _SPACE / self.cell):
                end = row
        return end + 1


def find_room(marks: Marks, width: float, height: float, margin: float) -> Box | None:
    """The best free place of that size, in displayed space; ``margin`` is left free at the edges. All in points."""
    cell = marks.cell
    across, down = math.ceil(width / cell), math.ceil(height / cell)
    first_column, first_row = math.ceil(margin / cell), math.ceil(margin / cell)
    last_column = math.floor((marks.size[0] - margin) / cell) - across
    last_row = math.floor((marks.size[1] - margin) / cell) - down
    if last_column < first_column or last_row < first_row:
        return None
    middle = min(max(math.floor(marks.columns / 2), first_column), last_column)
    right, left = range(middle, last_column + 1), range(middle - 1, first_column - 1, -1)
    beneath = max(marks.end_of_text() + math.ceil(_SPACE / cell), first_row)
    for rows in (range(beneath, last_row + 1), range(last_row, first_row - 1, -1)):
        for columns in (right, left):
            for row, column in product(rows, columns):
                if marks.clear(column, row, column + across, row + down):
                    return _box(marks, column, row, width, height)
    return None


def _box(marks: Marks, column: int, row: int, width: float, height: float) -> Box:
    """The box at a cell's upper left corner."""
    left, top = column * marks.cell, marks.size[1] - row * marks.cell
    return Box(left, top - height, left + width, top)
