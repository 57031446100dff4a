"""Whether what a field shows would be the same if a viewer drew it anew (ISO 32000-2, 12.7.4.3, /NeedAppearances)."""

import re

from esign.pdf.revisions import View
from esign.pdf.syntax import PdfDict, PdfSyntaxError, Ref, Stream

MAX_LOOK = 65_536
"""Bytes of an appearance that are looked at; a larger one shows something."""

_STRINGS = re.compile(rb"\((?:[^()\\]|\\.)*\)|<[0-9A-Fa-f\s]*>|/[^\s()<>\[\]{}/%]+")
_OPERATOR = re.compile(rb"(?<![^\s\])>}])[A-Za-z'\"][A-Za-z0-9*'\"]*")
_SHOWING_NOTHING = frozenset(
    b"BMC BDC EMC MP DP q Q cm w J j M d ri i gs g G rg RG k K cs CS sc SC W W* n re"
    b" BT ET Tf Tc Tw Tz TL Tr Ts Td TD Tm T*".split()
)
_RECTANGLES = frozenset(b"f F f* S s B B* b b*".split())


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


def _paints_only(view: View, look: object, harmless: frozenset[bytes]) -> bool:
    if not isinstance(look, Ref) or not isinstance(view.resolve(look), Stream):
        return False
    content = view.decoded(look)
    if content is None or len(content) > MAX_LOOK:
        return False
    return all(operator in harmless for operator in _OPERATOR.findall(_STRINGS.sub(b" ", content)))
