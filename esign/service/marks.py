"""What is drawn for a signature, and where it goes: our stamp with its QR, or a picture of the caller's own."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from esign.pades.appearance import Appearance
from esign.pades.letter_sight import LetterSight
from esign.pades.placement import Placement, Resolved, Taken
from esign.pades.stamp import StampContent
from esign.pades.theme import StampTheme
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
class OurStamp:
    """The stamp of the agency's theme, with the letter's QR code."""

    placement: Placement
    content: StampContent
    theme: StampTheme

    def place(self, pages: LetterSight, taken: Sequence[Taken]) -> Resolved:
        """See `Mark.place`."""
        return stamping.place(self.placement, pages, self.content, self.theme, taken)

    def drawn(self, place: Resolved) -> Appearance | None:
        """See `Mark.drawn`."""
        return stamping.drawn(self.content, self.theme, place)
