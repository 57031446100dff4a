"""What is drawn for a signature, and where it goes: our stamp with its QR, or a picture of the caller's own."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from esign.errors import BoxCoversSigned, BoxOffPage, BoxTooSmall
from esign.pades import picture, qr
from esign.pades.appearance import Appearance, Image
from esign.pades.letter_sight import LetterSight
from esign.pades.placement import (
    BoxPlacement,
    InvisiblePlacement,
    Placement,
    Resolved,
    TagPlacement,
    Taken,
    resolve,
)
from esign.pades.stamp import StampContent
from esign.pades.theme import StampTheme
from esign.pdf.geometry import Box
from esign.service import stamping


class Mark(Protocol):
    """What is drawn for a signature, and where."""

    def place(self, pages: LetterSight, taken: Sequence[Taken]) -> Resolved:
        """The page and box. ``taken`` are the places of others in the same order. Raises ``placement.*``."""
        ...

    def drawn(self, place: Resolved) -> Appearance | None:
        """What is drawn in that place; None where nothing is to be seen."""
        ...


@dataclass(frozen=True)
class OurStampAt:
    """Our stamp, in a place that a caller gave who draws his own elsewhere: the code alone where no text fits."""

    placement: Placement
    """With width and height where it is a tag's."""


@dataclass(frozen=True)
class OurStamp:
    """The stamp of the agency's theme, with the letter's QR code."""

    placement: Placement
    content: StampContent
    theme: StampTheme
    or_code: bool = False
    """Whether the code alone is drawn in a box that is too small for the stamp."""

    def place(self, pages: LetterSight, taken: Sequence[Taken]) -> Resolved:
        """See `Mark.place`."""
        if self.or_code:
            return _at(self.placement, pages, taken)
        return stamping.place(self.placement, pages, self.content, self.theme, taken)

    def drawn(self, place: Resolved) -> Appearance | None:
        """See `Mark.drawn`."""
        try:
            return stamping.drawn(self.content, self.theme, place)
        except BoxTooSmall:
            if not self.or_code:
                raise
            return picture.in_box(qr.symbol(self.content.address), *place.size)


@dataclass(frozen=True)
class Unseen:
    """Nothing is drawn."""

    def place(self, pages: LetterSight, taken: Sequence[Taken]) -> Resolved:
        """See `Mark.place`."""
        return resolve(InvisiblePlacement(), pages, (), taken=taken)

    def drawn(self, place: Resolved) -> Appearance | None:  # noqa: ARG002
        """See `Mark.drawn`."""
        return None


@dataclass(frozen=True)
class OwnMark:
    """The caller's own picture, or a QR code of his own text, in a box that he sized."""

    placement: Placement
    """With width and height."""
    shown: Image | qr.Symbol

    def place(self, pages: LetterSight, taken: Sequence[Taken]) -> Resolved:
        """See `Mark.place`. The box may leave the page where what is drawn in it does not."""
        try:
            return _at(self.placement, pages, taken)
        except BoxOffPage:
            if not isinstance(self.placement, BoxPlacement):
                raise
            return _drawn_on_page(self.placement, self.shown, pages, taken)

    def drawn(self, place: Resolved) -> Appearance | None:
        """See `Mark.drawn`."""
        return picture.in_box(self.shown, *place.size)


def _drawn_on_page(
    placement: BoxPlacement, shown: Image | qr.Symbol, pages: LetterSight, taken: Sequence[Taken]
) -> Resolved:
    """The box as it was asked for, once what is drawn in it was found to be well placed. Raises ``placement.*``."""
    width, height = placement.width, placement.height
    inside = picture.area(shown, width, height)
    down = height - inside.top if placement.origin == "top-left" else inside.bottom
    smaller = {"x": placement.x + inside.left, "y": placement.y + down, "width": inside.width, "height": inside.height}
    seen = resolve(placement.model_copy(update=smaller), pages, (), taken=taken)
    left, bottom = seen.box.left - inside.left, seen.box.bottom - inside.bottom
    box = Box(left, bottom, left + width, bottom + height)
    return replace(seen, box=box, rect=pages.geometry(seen.page).to_user_space(box))


def _at(placement: Placement, pages: LetterSight, taken: Sequence[Taken]) -> Resolved:
    """The page and box of what takes any size; at a tag that somebody signed already, beside it where there is room."""
    least = (picture.LEAST_SIDE, picture.LEAST_SIDE)
    try:
        return resolve(placement, pages, (), least=least, taken=taken)
    except BoxCoversSigned:
        if not isinstance(placement, TagPlacement):
            raise
        return resolve(placement.model_copy(update={"anchor": "clear"}), pages, (), least=least, taken=taken)
