"""Room for a stamp over a tag: where it hides the tag and covers no other mark of the page."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from math import ceil, floor

from PIL import Image
from pydantic import TypeAdapter, ValidationError

from esign.errors import LetterNotExamined
from esign.pdf.free_room import Marks
from esign.pdf.geometry import Box
from esign.pdf.render import Colours, Pixels, page_pixels
from esign.pdf.sandbox import Header, JsonValue, Runner

TIMEOUT = 20.0
"""Seconds for one page."""
DPI = 144
"""Cells of two points."""
MAX_PIXELS = 8_000_000
FAINT = 165
"""Shades from here on are paper: a letterhead's watermark or the gray of a scan may be covered."""
AROUND = 1.5
"""Points around the tag's box that belong to it: the soft edges of its glyphs."""


CLEARANCE = 2.0
"""Points kept between the stamp and the letter's text."""


@dataclass(frozen=True)
class Room:
    """A place that is free."""

    size: int
    """Which of the sizes asked for, from 0."""
    box: Box
    """In displayed space."""


_ROOM = TypeAdapter(Room | None)
_BOXES = TypeAdapter(tuple[Box, ...])
_SIZES = TypeAdapter(tuple[tuple[float, float], ...])


def room_over_in(
    runner: Runner,
    pdf: bytes,
    page: int,
    tag: Box,
    sizes: Sequence[tuple[float, float]],
    avoid: Sequence[Box] = (),
    *,
    over: bool = True,
    timeout: float = TIMEOUT,
) -> Room | None:
    """``room_over`` in the runner. Raises what that raises, ``Busy`` and ``LetterNotExamined``."""
    boxes: list[JsonValue] = [[*box] for box in avoid]
    asked: list[JsonValue] = [[*size] for size in sizes]
    header: Header = {"page": page, "tag": [*tag], "sizes": asked, "avoid": boxes, "over": over}
    answer, _ = runner.run("esign.pdf.tag_room:room_over_task", header, pdf, timeout=timeout)
    try:
        room = _ROOM.validate_python(answer.get("room"))
    except ValidationError as error:
        raise LetterNotExamined(reason="answer") from error
    if room is not None and not 0 <= room.size < len(sizes):
        raise LetterNotExamined(reason="answer")
    return room


def room_over_task(header: Header, blobs: list[bytes]) -> tuple[Header, list[bytes]]:
    """``room_over`` as a sandbox task."""
    (tag,) = _BOXES.validate_python([header["tag"]])
    sizes, avoid = _SIZES.validate_python(header["sizes"]), _BOXES.validate_python(header["avoid"])
    room = room_over(blobs[0], int(str(header["page"])), tag, sizes, avoid, over=bool(header["over"]))
    return {"room": None if room is None else {"size": room.size, "box": [*room.box]}}, []


def room_over(
    pdf: bytes,
    page: int,
    tag: Box,
    sizes: Sequence[tuple[float, float]],
    avoid: Sequence[Box] = (),
    *,
    over: bool = True,
) -> Room | None:
    """The first of the sizes, in points, for which a box that holds the tag covers nothing else; None for none.

    The box begins at the tag's left edge where it can, is moved up or down rather than sideways, and stands in the
    middle of the room there is above and below. A tag that is wider than a size widens it. With ``over`` False the
    tag is a mark like others, and the box stands as near to it as it can. ``avoid`` are boxes that may not be covered
    either. Everything is in displayed space, pages count from 1. Raises what ``page_image`` raises.
    """
    pixels = page_pixels(pdf, page, DPI, colours=Colours.GREY, max_pixels=MAX_PIXELS)
    image = Image.frombytes("L", (pixels.width, pixels.height), pixels.data)
    image = image.point([level if level < FAINT else 255 for level in range(256)])
    point = pixels.dpi / 72
    own = Box(tag.left - AROUND, tag.bottom - AROUND, tag.right + AROUND, tag.top + AROUND)
    if over:
        image.paste(255, _corners(own, pixels, (0, 0)))
    # only what a box over the tag can reach is searched
    reach = (max(each) + 2 * CLEARANCE + 72 / DPI for each in zip(*sizes, strict=True))
    region = _corners(own, pixels, (next(reach), next(reach)))
    image = image.crop(region)
    x, y = region[0] / point, (pixels.height - region[3]) / point
    marks = Marks.of(image.tobytes(), image.width, image.height, pixels.dpi, [_moved(box, -x, -y) for box in avoid])
    for index, (width, height) in enumerate(sizes):
        if over:
            wide, high = max(width, own.width), max(height, own.height)
            found = _place(marks, _moved(own, -x, -y), wide, high)
        else:
            found = _beside(marks, _moved(own, -x, -y), width, height)
        if found is not None:
            return Room(index, _moved(found, x, y))
    return None


def _place(marks: Marks, own: Box, width: float, height: float) -> Box | None:
    """A free box of that size that holds the tag: from its left edge where it can, in the middle of its room."""
    cell = marks.cell
    across, down = ceil((width + 2 * CLEARANCE) / cell), ceil((height + 2 * CLEARANCE) / cell)
    edge = CLEARANCE / cell
    columns = range(
        max(0, ceil((own.right - width) / cell - edge)), min(floor(own.left / cell - edge), marks.columns - across) + 1
    )
    highest, lowest = marks.size[1] - own.top, marks.size[1] - own.bottom
    rows = range(
        max(0, ceil((lowest - height) / cell - edge)), min(floor(highest / cell - edge), marks.rows - down) + 1
    )
    for column in reversed(columns):
        free = [row for row in rows if not marks.count(column, row, column + across, row + down)]
        if free:
            row = _middle_of_longest_run(free)
            left, top = column * cell + CLEARANCE, marks.size[1] - row * cell - CLEARANCE
            return Box(left, top - height, left + width, top)
    return None


def _beside(marks: Marks, own: Box, width: float, height: float) -> Box | None:
    """The free box of that size that is nearest to the tag, and at the same distance rather right of it than below."""
    cell = marks.cell
    across, down = ceil((width + 2 * CLEARANCE) / cell), ceil((height + 2 * CLEARANCE) / cell)
    nearest: tuple[float, Box] | None = None
    for column in range(marks.columns - across + 1):
        left = column * cell + CLEARANCE
        aside = max(own.left - left - width, left - own.right, 0.0)
        for row in range(marks.rows - down + 1):
            top = marks.size[1] - row * cell - CLEARANCE
            away = max(own.bottom - top, top - height - own.top, 0.0)
            off = abs(top - height / 2 - (own.bottom + own.top) / 2) + abs(left - own.left)
            distance = aside + away + off / 1000
            if (nearest is None or distance < nearest[0]) and not marks.count(column, row, column + across, row + down):
                nearest = distance, Box(left, top - height, left + width, top)
    return None if nearest is None else nearest[1]


def _middle_of_longest_run(rows: list[int]) -> int:
    """Of numbers that rise."""
    runs = [[row for _, row in run] for _, run in groupby(enumerate(rows), key=lambda item: item[1] - item[0])]
    longest = max(runs, key=len)
    return longest[(len(longest) - 1) // 2]


def _corners(box: Box, pixels: Pixels, reach: tuple[float, float]) -> tuple[int, int, int, int]:
    """The box, grown by ``reach`` on each side, in whole pixels of the picture: left, top, right, bottom."""
    point = pixels.dpi / 72
    left, right = (box.left - reach[0]) * point, (box.right + reach[0]) * point
    top, bottom = pixels.height - (box.top + reach[1]) * point, pixels.height - (box.bottom - reach[1]) * point
    return max(0, floor(left)), max(0, floor(top)), min(pixels.width, ceil(right)), min(pixels.height, ceil(bottom))


def _moved(box: Box, x: float, y: float) -> Box:
    return Box(box.left + x, box.bottom + y, box.right + x, box.top + y)
