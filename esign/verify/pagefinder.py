"""Which page an object is on, for people: counted from the page tree upwards, so that 2,000 pages cost little."""

from esign.pdf.revisions import View
from esign.pdf.syntax import Object, PdfSyntaxError, Ref

MAX_DEPTH = 64


def page_index(view: View, page: Object) -> int | None:
    """The number of a page counted from 1, by /Parent and /Count; None where the tree doesn't tell."""
    if not isinstance(page, Ref):
        return None
    index = 0
    try:
        for _ in range(MAX_DEPTH):
            parent = view.dictionary(page).get("Parent")
            if not isinstance(parent, Ref):
                return index + 1
            kids = view.array(view.dictionary(parent).get("Kids"))
            before = kids[: _position(kids, page)]
            index += sum(_count(view, kid) for kid in before)
            page = parent
    except (PdfSyntaxError, ValueError):
        return None
    return None


def _position(kids: list[Object], page: Ref) -> int:
    return next(index for index, kid in enumerate([*kids, page]) if isinstance(kid, Ref) and kid.number == page.number)


def _count(view: View, kid: Object) -> int:
    node = view.dictionary(kid)
    count = view.resolve(node.get("Count"))
    return count if "Kids" in node and isinstance(count, int) and 0 <= count < 1_000_000 else 1


def box_of(view: View, annotation: dict[str, Object]) -> tuple[float, float, float, float] | None:
    """/Rect as left, bottom, right, top in user space; None where there is none."""
    try:
        numbers = [view.resolve(item) for item in view.array(annotation.get("Rect"))]
    except PdfSyntaxError:
        return None
    values = [float(item) for item in numbers if isinstance(item, int | float) and abs(item) < 1e7]
    if len(values) != 4 or len(numbers) != 4:
        return None
    left, bottom, right, top = values
    return (min(left, right), min(bottom, top), max(left, right), max(bottom, top))
