"""Notes that may be stuck to a certified document whose certifier permits annotations (ISO 32000-2, 12.8.2.2, P = 3).

Of all annotations only notes and their pop-up windows are let through: what they say is not on the page, and their icon
is too small to say anything. All others paint, strike out or cover what was certified (*Breaking the Specification*,
S&P 2021), permitted or not.
"""

from esign.pdf.syntax import PdfDict, Ref
from esign.verify.judgement import Judgement
from esign.verify.looks import draws_only
from esign.verify.pagefinder import box_of

SMALLEST, LARGEST = 10.0, 26.0
"""Sides of a note's icon, in points: too few pixels for words, too many for a dot of one."""
MAX_NOTES = 64

_KEYS = frozenset(
    [
        "Type",
        "Subtype",
        "Rect",
        "P",
        "F",
        "C",
        "CA",
        "T",
        "M",
        "NM",
        "Contents",
        "RC",
        "CreationDate",
        "Subj",
        "Name",
        "State",
        "StateModel",
        "IRT",
        "RT",
        "Popup",
        "Parent",
        "Open",
        "AP",
        "AS",
        "Border",
        "BS",
        "Lang",
    ]
)


def is_permitted_note(judge: Judgement, item: object, annotation: PdfDict) -> bool:
    """Whether an added annotation is such a note, or the window of one."""
    if judge.permissions.level != 3 or not isinstance(item, Ref) or annotation.keys() - _KEYS:
        return False
    if sum(each.code == "annotation.note" for each in judge.permitted) >= MAX_NOTES:
        return False
    difference = judge.differences.get(item.number)
    if difference is None or difference.kind != "added":
        return False
    kind = judge.final.name(annotation.get("Subtype"))
    if kind == "Popup":
        return "AP" not in annotation
    if kind != "Text":
        return False
    box = box_of(judge.final, annotation)
    if box is None or not all(SMALLEST <= side <= LARGEST for side in (box[2] - box[0], box[3] - box[1])):
        return False
    return draws_only(judge.final, annotation)
