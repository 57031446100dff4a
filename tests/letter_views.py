"""A letter as placement sees it: examined in this process."""

from esign.pades.letter import Limits, examine
from esign.pades.letter_sight import LetterSight
from esign.pdf.sandbox import InProcess


def view(pdf: bytes) -> LetterSight:
    """The letter."""
    here = InProcess()
    return LetterSight(pdf, examine(pdf, Limits()), Limits(), examined=here, rendered=here)
