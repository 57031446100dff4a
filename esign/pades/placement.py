"""Where a stamp goes: what callers may say, and the one page and box that it comes to.

Boxes are in displayed space (`esign.pdf.geometry`): what a person sees on the screen, in 1/72 inch, whatever the
page's rotation, crop or UserUnit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Annotated, Literal, Protocol

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from esign.errors import (
    BoxCoversSigned,
    BoxOccupied,
    BoxOffPage,
    BoxTooSmall,
    FieldFilled,
    FieldMissing,
    NoFreeSpace,
    PageOutOfRange,
    TagAmbiguous,
    TagCrowded,
    TagMissing,
)
from esign.pdf.geometry import Box, PageGeometry
from esign.pdf.tag_room import CLEARANCE, Room

TOLERANCE = 0.5
"""Points by which a box may leave the page or touch another: sizes are rounded by those who write them."""


def _some_page(page: int) -> int:
    if page == 0:
        raise ValueError("pages are counted from 1, or from the end with -1")
    return page


Page = Annotated[int, Field(ge=-100_000, le=100_000), AfterValidator(_some_page)]
"""A page, from 1; negative from the end: -1 is the last."""
Length = Annotated[float, Field(gt=0, le=20_000)]
"""Points of 1/72 inch."""
Coordinate = Annotated[float, Field(ge=-20_000, le=20_000)]


class _Said(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)


class BoxPlacement(_Said):
    """A box on a page."""

    kind: Literal["box"] = "box"
    """Which kind of placement."""
    page: Page = -1
    """From 1, or from the end with -1."""
    x: Coordinate
    """The left edge, from the left of the page as displayed."""
    y: Coordinate
    """From ``bottom-left``: of the lower edge, upwards from the page's bottom; from ``top-left``: of the upper edge,
    downwards from its top."""
    width: Length
    """In points of 1/72 inch."""
    height: Length
    """In points of 1/72 inch."""
    origin: Literal["bottom-left", "top-left"] = "bottom-left"
    """Where ``x`` and ``y`` are counted from."""


class TagPlacement(_Said):
    """A tag in the text, which the stamp hides: ``#``, ``${ttd}``, ``[qr]`` or any other string."""

    kind: Literal["tag"] = "tag"
    """Which kind of placement."""
    tag: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^\S(?:.*\S)?$")]
    """The text to look for, as it stands on the page."""
    occurrence: Annotated[int, Field(ge=-1000, le=1000), AfterValidator(_some_page)] | None = None
    """Which one, from 1 in the order of the text, or from the end with -1; may be left out where there is only one."""
    page: Page | None = None
    """Look on this page alone."""
    width: Length | None = None
    """Left out: as the stamp needs, see ``anchor``."""
    height: Length | None = None
    """Left out: the stamp's natural height."""
    anchor: Literal["clear", "top-left", "centre", "baseline-start"] = "clear"
    """``clear``: over the tag, from its left edge and near its height, so that nothing but the tag is covered, in the
    largest of the stamp's sizes that finds room. The others don't look at what they cover: with ``top-left`` the
    stamp's upper left corner is the tag's; with ``centre`` it is centred on the tag; with ``baseline-start`` on the
    start of the tag's baseline, as BSrE's eSign Client Service does it."""


class FieldPlacement(_Said):
    """An empty signature field that the letter already has; the stamp fills its box."""

    kind: Literal["field"] = "field"
    """Which kind of placement."""
    field: Annotated[str, Field(min_length=1, max_length=500)]
    """Its fully qualified name."""


class AutoPlacement(_Said):
    """Free space below the text."""

    kind: Literal["auto"] = "auto"
    """Which kind of placement."""
    page: Page = -1
    """From 1, or from the end with -1."""
    width: Length | None = None
    """Left out: the stamp's natural width."""
    height: Length | None = None
    """Left out: the stamp's natural height."""


class InvisiblePlacement(_Said):
    """No stamp."""

    kind: Literal["invisible"] = "invisible"
    """Which kind of placement."""


Placement = Annotated[
    BoxPlacement | TagPlacement | FieldPlacement | AutoPlacement | InvisiblePlacement, Field(discriminator="kind")
]


class SignatureField(Protocol):
    """A signature field that the letter has."""

    @property
    def name(self) -> str:
        """Fully qualified."""

    @property
    def page(self) -> int | None:
        """From 1; None where its widget is on no page."""

    @property
    def box(self) -> Box | None:
        """In displayed space; None or without area where it is invisible."""

    @property
    def filled(self) -> bool:
        """Whether it holds a signature."""


class TagHit(Protocol):
    """A place where a tag stands."""

    @property
    def page(self) -> int:
        """From 1."""

    @property
    def box(self) -> Box:
        """Around its characters, in displayed space."""

    @property
    def baseline(self) -> tuple[float, float]:
        """Where its first character is set: the start of its baseline."""


class Letter(Protocol):
    """What has to be known of the letter."""

    @property
    def pages(self) -> int:
        """How many."""

    @property
    def fields(self) -> Sequence[SignatureField]:
        """All of its signature fields."""

    def geometry(self, page: int) -> PageGeometry:
        """Of a page, from 1."""

    def find_tag(self, tag: str, page: int | None) -> Sequence[TagHit]:
        """All places of the tag in the order of the text, on that page or on all."""

    def room_over(
        self, page: int, tag: Box, sizes: Sequence[tuple[float, float]], avoid: Sequence[Box], *, over: bool = True
    ) -> Room | None:
        """The first of the sizes for which a box over the tag covers nothing else, and that box; or None.

        With ``over`` False the tag may not be covered either, and the box is beside it.
        """

    def marked(self, page: int, box: Box) -> bool:
        """Whether a stamp in that box would cover something that the page shows."""

    def free_box(self, page: int, width: float, height: float, avoid: Sequence[Box]) -> Box | None:
        """A box without marks near the end of the page's text, or None."""


@dataclass(frozen=True)
class Taken:
    """A place that another stamp of the same order will take."""

    page: int
    """From 1."""
    box: Box


@dataclass(frozen=True)
class Resolved:
    """Where the stamp goes."""

    page: int
    """From 1."""
    box: Box
    """In displayed space."""
    rect: Box
    """The same in the page's user space: the widget's /Rect."""
    rotate: int
    """/Rotate of the page: the stamp is turned back by it."""
    field: str | None = None
    """The name of the existing field that is filled."""

    @property
    def page_index(self) -> int:
        """From 0."""
        return self.page - 1

    @property
    def size(self) -> tuple[float, float]:
        """Width and height to draw the stamp in; both 0 where there is nothing to be seen."""
        return self.box.width, self.box.height


def resolve(
    placement: Placement,
    letter: Letter,
    sizes: Sequence[tuple[float, float]],
    *,
    least: tuple[float, float] = (0.0, 0.0),
    taken: Sequence[Taken] = (),
) -> Resolved:
    """The page and box of a stamp.

    ``sizes`` are widths and heights that the stamp may take where the caller gives none, the best first
    (`stamp.sizes`); ``least`` is the size below which it can't be drawn (`stamp.least_size`); points. ``taken`` holds
    the places of other stamps that are not yet in the letter. Raises the errors of ``placement.*``, with the numbers
    of the box in displayed space.
    """
    match placement:
        case InvisiblePlacement():
            return Resolved(1, _NOWHERE, _NOWHERE, 0)
        case FieldPlacement():
            return _field(placement.field, letter, least)
        case BoxPlacement():
            page, box = _box(placement, letter)
        case TagPlacement():
            page, box = _tag(placement, letter, sizes, taken)
        case AutoPlacement():
            page, box = _free(placement, letter, sizes, taken)
    geometry = letter.geometry(page)
    _large_enough(box, least)
    _on_page(box, geometry)
    _unoccupied(box, _others(letter, page, taken))
    if _is_signed(letter) and letter.marked(page, box):
        raise BoxCoversSigned(page=page, **_corners(box))
    return Resolved(page, box, geometry.to_user_space(box), geometry.rotate)


_NOWHERE = Box(0.0, 0.0, 0.0, 0.0)


def _page(said: int, letter: Letter) -> int:
    page = said if said > 0 else letter.pages + 1 + said
    if not 1 <= page <= letter.pages:
        raise PageOutOfRange(page=said, pages=letter.pages)
    return page


def _box(said: BoxPlacement, letter: Letter) -> tuple[int, Box]:
    page = _page(said.page, letter)
    bottom = said.y
    if said.origin == "top-left":
        bottom = letter.geometry(page).displayed_size[1] - said.y - said.height
    return page, Box(said.x, bottom, said.x + said.width, bottom + said.height)


def _tag(
    said: TagPlacement, letter: Letter, sizes: Sequence[tuple[float, float]], taken: Sequence[Taken]
) -> tuple[int, Box]:
    hit = _hit(said, letter)
    sizes = _sizes(said.width, said.height, sizes)
    if said.anchor == "clear":
        others = _others(letter, hit.page, taken)
        room = letter.room_over(hit.page, hit.box, sizes, others, over=not _is_signed(letter))
        if room is None:
            width, height = (ceil((side + 2 * CLEARANCE) * 10) / 10 for side in sizes[-1])
            raise TagCrowded(tag=said.tag, width=width, height=height)
        return hit.page, Box(*room.box)
    width, height = sizes[0]
    match said.anchor:
        case "top-left":
            left, bottom = hit.box.left, hit.box.top - height
        case "centre":
            left, bottom = (hit.box.left + hit.box.right - width) / 2, (hit.box.bottom + hit.box.top - height) / 2
        case "baseline-start":
            # PDFium's numbers have six digits: the seventh would stand in the widget's /Rect
            left, bottom = round(hit.baseline[0] - width / 2, 3), round(hit.baseline[1] - height / 2, 3)
    return hit.page, Box(left, bottom, left + width, bottom + height)


def _hit(said: TagPlacement, letter: Letter) -> TagHit:
    hits = letter.find_tag(said.tag, None if said.page is None else _page(said.page, letter))
    count, wanted = len(hits), said.occurrence
    if not hits:
        raise TagMissing(tag=said.tag)
    if wanted is None:
        wanted = 1 if count == 1 else count + 1
    index = wanted - 1 if wanted > 0 else count + wanted
    if not 0 <= index < count:
        raise TagAmbiguous(tag=said.tag, count=count)
    return hits[index]


def _sizes(
    width: float | None, height: float | None, sizes: Sequence[tuple[float, float]]
) -> Sequence[tuple[float, float]]:
    """The sizes to try: the stamp's own, but for what the caller said of them."""
    if width is None and height is None:
        return sizes
    return [(width or sizes[0][0], height or sizes[0][1])]


def _field(name: str, letter: Letter, least: tuple[float, float]) -> Resolved:
    field = next((field for field in letter.fields if field.name == name), None)
    if field is None:
        raise FieldMissing(field=name)
    if field.filled:
        raise FieldFilled(field=name)
    if field.page is None or field.box is None or not field.box.width * field.box.height:
        return Resolved(field.page or 1, _NOWHERE, _NOWHERE, 0, name)
    geometry = letter.geometry(field.page)
    _large_enough(field.box, least)
    return Resolved(field.page, field.box, geometry.to_user_space(field.box), geometry.rotate, name)


def _free(
    said: AutoPlacement, letter: Letter, sizes: Sequence[tuple[float, float]], taken: Sequence[Taken]
) -> tuple[int, Box]:
    page = _page(said.page, letter)
    sizes = _sizes(said.width, said.height, sizes)
    for width, height in sizes:
        box = letter.free_box(page, width, height, _others(letter, page, taken))
        if box is not None:
            return page, Box(*box)
    raise NoFreeSpace(width=_short(sizes[-1][0]), height=_short(sizes[-1][1]))


def _is_signed(letter: Letter) -> bool:
    """Whether somebody signed what the pages show: from then on a stamp may cover none of it, its own tag included."""
    return any(field.filled for field in letter.fields)


def _others(letter: Letter, page: int, taken: Sequence[Taken]) -> list[Box]:
    """What no stamp on a page may cover: signature fields, filled or not, and the other stamps of the order."""
    fields = [field.box for field in letter.fields if field.page == page and field.box and field.box.width]
    return [*fields, *(other.box for other in taken if other.page == page)]


def _large_enough(box: Box, least: tuple[float, float]) -> None:
    if box.width < least[0] - TOLERANCE / 50 or box.height < least[1] - TOLERANCE / 50:
        raise BoxTooSmall(
            width=_short(box.width),
            height=_short(box.height),
            min_width=ceil(least[0] * 10) / 10,
            min_height=ceil(least[1] * 10) / 10,
        )


def _on_page(box: Box, geometry: PageGeometry) -> None:
    width, height = geometry.displayed_size
    inside = min(box.left, box.bottom, width - box.right, height - box.top) >= -TOLERANCE
    if not inside:
        raise BoxOffPage(page_width=_short(width), page_height=_short(height), **_corners(box))


def _unoccupied(box: Box, others: Sequence[Box]) -> None:
    for other in others:
        common = box.intersection(other)
        if min(common.width, common.height) > TOLERANCE:
            numbers = {f"other_{edge}": value for edge, value in _corners(other).items()}
            raise BoxOccupied(**_corners(box), **numbers)


def _corners(box: Box) -> dict[str, float]:
    return {edge: _short(value) for edge, value in zip(("left", "bottom", "right", "top"), box, strict=True)}


def _short(value: float) -> float:
    """As it is told to people: a tenth of a point is less than can be seen."""
    return round(value, 1)
