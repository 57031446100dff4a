"""What a field's appearance shows: nothing at all, or nothing outside its rectangle (ISO 32000-2, 12.5.5).

What shows nothing is the same when a viewer draws it anew (12.7.4.3, /NeedAppearances).
"""

import re
from collections.abc import Iterator

from esign.pdf.revisions import View
from esign.pdf.syntax import Object, PdfDict, PdfSyntaxError, Ref, Stream
from esign.verify.pagefinder import box_of

FLAT = 1.0
"""The width or height of a rectangle, in points, under which it holds no appearance."""
MAX_LOOK = 65_536
"""Bytes of an appearance that are looked at; a larger one shows something."""

_STRINGS = re.compile(rb"\((?:[^()\\]|\\.)*\)|<[0-9A-Fa-f\s]*>|/[^\s()<>\[\]{}/%]+|%[^\r\n]*")
_OPERATOR = re.compile(rb"(?<![^\s\])>}])[A-Za-z'\"][A-Za-z0-9*'\"]*")
_SHOWING_NOTHING = frozenset(
    b"BMC BDC EMC MP DP q Q cm w J j M d ri i gs g G rg RG k K cs CS sc SC W W* n re"
    b" BT ET Tf Tc Tw Tz TL Tr Ts Td TD Tm T*".split()
)
_RECTANGLES = frozenset(b"f F f* S s B B* b b*".split())
_LINES = frozenset(b"m l c v y h".split())


def shows_nothing(view: View, widget: PdfDict) -> bool:
    """Whether a widget's appearance paints nothing, but for the background and border that it tells of itself."""
    characteristics = view.dictionary(widget.get("MK"))
    harmless = _SHOWING_NOTHING
    if "BG" in characteristics or "BC" in characteristics:
        harmless = harmless | _RECTANGLES
    try:
        looks = view.dictionary(widget.get("AP"))
        return all(_paints_only(view, look, harmless) for look in looks.values())
    except PdfSyntaxError:
        return False


def stays_inside(view: View, widget: PdfDict) -> bool:
    """Whether a later widget paints nothing outside its /Rect, in any reader.

    Some readers draw an appearance without a /BBox (8.10.2) unclipped, and the glyphs of one that is to be fitted into
    a rectangle of no width or height in their full size. What paints nothing may stand anywhere, as invisible
    signatures do.
    """
    return view.once("inside", widget, lambda: _stays_inside_all(view, widget))


def _stays_inside_all(view: View, widget: PdfDict) -> bool:
    box = box_of(view, widget)
    flat = box is None or min(box[2] - box[0], box[3] - box[1]) < FLAT
    try:
        return all(_stays_inside(view, look, flat=flat) for look in _looks(view, widget))
    except PdfSyntaxError:
        return False


def _looks(view: View, widget: PdfDict) -> Iterator[Object]:
    """Its appearances, those of states included."""
    for look in view.dictionary(widget.get("AP")).values():
        found = view.resolve(look)
        if isinstance(found, PdfDict):
            yield from found.values()
        elif found is not None:
            yield look


def _stays_inside(view: View, look: Object, *, flat: bool) -> bool:
    found = view.resolve(look)
    if found is None:
        row = view.entry(look.number) if isinstance(look, Ref) else None
        return row is None or row.kind == 0  # else of another generation, at which some readers don't look
    if _paints_only(view, look, _SHOWING_NOTHING):
        return True
    if not isinstance(found, Stream):
        return False
    clip = box_of(view, {"Rect": found.dictionary.get("BBox")})
    if clip is None:
        return False
    return not flat or clip[0] == clip[2] or clip[1] == clip[3]


def draws_only(view: View, annotation: PdfDict) -> bool:
    """Whether an annotation's looks are lines and areas: no text, no image, no form."""
    try:
        looks = view.dictionary(annotation.get("AP"))
        return all(_paints_only(view, look, _SHOWING_NOTHING | _RECTANGLES | _LINES) for look in looks.values())
    except PdfSyntaxError:
        return False


def _paints_only(view: View, look: object, harmless: frozenset[bytes]) -> bool:
    if not isinstance(look, Ref) or not isinstance(view.resolve(look), Stream):
        return False
    content = view.decoded(look)
    if content is None or len(content) > MAX_LOOK:
        return False
    return all(operator in harmless for operator in _OPERATOR.findall(_STRINGS.sub(b" ", content)))
