"""The state of judging what was changed since a signature, shared by the rules."""

from collections.abc import Sequence

from esign.pdf.revisions import View
from esign.pdf.syntax import Object, PdfDict, Ref, Stream, references
from esign.verify.difference import History
from esign.verify.pagefinder import box_of, page_index
from esign.verify.permissions import Permissions
from esign.verify.report import Finding

_HIDDEN, _PRINT, _NO_VIEW, _TOGGLE_NO_VIEW = 1 << 1, 1 << 2, 1 << 5, 1 << 8
"""Annotation flags (12.5.3). What is hidden on the screen may be printed, or appear under the mouse."""


class Judgement:
    """All differences of one signed revision; each must be claimed by a rule, or it is suspicious."""

    def __init__(self, view: View, final: View, history: History, permissions: Permissions) -> None:
        self.view, self.final, self.history, self.permissions = view, final, history, permissions
        self.permitted: list[Finding] = []
        self.suspicious: list[Finding] = []
        self.claimed: set[int] = set()
        self.differences = {item.number: item for item in history.differences(view)}
        self.new_widgets: set[int] = set()
        """Widgets of signature fields that were added."""
        self.placed: set[int] = set()
        """Those of them that a page lists."""
        self.store: set[int] = set()
        self.resources: set[int] = set()
        """Dictionaries of the form's resources, which may be added to."""
        self.values: set[int] = set()
        """Signature dictionaries that added or filled fields refer to."""

    def suspect(self, code: str, message: str, number: int | None = None, **where: object) -> None:
        """Notes a change that no rule permits."""
        self.suspicious.append(Finding(code=code, severity="fail", message=message, object_number=number, **where))  # type: ignore[arg-type]

    def permit(self, code: str, message: str, number: int | None = None, **where: object) -> None:
        """Notes a permitted change."""
        self.permitted.append(Finding(code=code, severity="inform", message=message, object_number=number, **where))  # type: ignore[arg-type]

    def resolves_alike(self, old: Object, new: Object) -> bool:
        """Whether a signed value and a later one are alike, themselves or in what they lead to."""
        if self.history.same(old, new):
            return True
        return self.history.same(self.view.resolve(old), self.final.resolve(new))

    def claim_role(self, numbers: set[int], key: str) -> None:
        """Claims differing objects that, in the signed revision, served the catalogue's entry of that key alone."""
        differing = (numbers & self.differences.keys()) - self.claimed
        if not differing:
            return
        elsewhere = {number for number in numbers if self._elsewhere(number, key)}
        alone = self.serving_alone(differing, numbers - elsewhere, self.roots)
        for number in sorted(differing):
            self.claimed.add(number)
            if number not in alone:
                self.suspect("object.two_roles", f"object {number} is also used elsewhere in the document", number)

    def serving_alone(self, wanted: set[int], numbers: set[int], users: set[int]) -> set[int]:
        """Those of ``wanted`` to which, in the signed revision, no way leads but from ``users`` through ``numbers``.

        What refers to an object must itself serve alone: an object that two things share shares all below it.
        """
        alone = wanted & numbers
        pending = list(alone)
        ways: dict[int, set[int]] = {}
        while pending:
            number = pending.pop()
            if number not in ways:
                ways[number] = self.history.referrers(self.view, number)
                pending.extend(ways[number] & numbers)
        shared = {number for number, referrers in ways.items() if not referrers <= numbers | users}
        while more := {number for number, referrers in ways.items() if number not in shared and referrers & shared}:
            shared |= more
        return alone - shared

    @property
    def roots(self) -> set[int]:
        """The number of the signed catalogue."""
        return numbers_of(self.view.trailer.get("Root"))

    def _elsewhere(self, number: int, key: str) -> bool:
        """Whether the signed catalogue or trailer refers to an object by another key too."""
        others = [value for name, value in self.view.catalogue.items() if name != key]
        others += [value for name, value in self.view.trailer.items() if name in ("Root", "Encrypt", "Info")]
        return any(reference.number == number for value in others for reference in references(value))

    def only_referred_by(self, number: int, allowed: set[int]) -> bool:
        """Whether, in the signed revision, no object but those refers to an object."""
        return self.history.referrers(self.view, number) <= allowed

    def is_visible(self, widget: PdfDict) -> bool:
        """Whether a later widget shows anything."""
        return self.final.once("visible", widget, lambda: self._is_visible(widget))

    def _is_visible(self, widget: PdfDict) -> bool:
        box = box_of(self.final, widget)
        flags = self.final.resolve(widget.get("F"))
        if box is None or box[2] - box[0] <= 0 or box[3] - box[1] <= 0:
            return False
        if isinstance(flags, int) and _never_shown(flags):
            return False
        characteristics = self.final.dictionary(widget.get("MK"))
        return "AP" in widget or "BG" in characteristics or "BC" in characteristics

    def where(self, widget: PdfDict) -> dict[str, object]:
        """Page and box of a later widget, for a finding; nothing for one that shows nothing."""
        return self.place(widget) if self.is_visible(widget) else {}

    def place(self, widget: PdfDict) -> dict[str, object]:
        """Page and box of a later widget that readers draw by its value, whether it has an appearance or not."""
        return self.final.once("place", widget, lambda: self._place(widget))

    def _place(self, widget: PdfDict) -> dict[str, object]:
        if box_of(self.final, widget) is None:
            return {}
        return {"page": page_index(self.final, widget.get("P")), "box": box_of(self.final, widget)}

    def is_among(self, item: Object, others: Sequence[Object]) -> bool:
        """Whether a value is written like one of the others."""
        return any(self.history.same(item, other) for other in others)


def changed_keys(history: History, old: PdfDict, new: PdfDict) -> set[str]:
    """The keys whose values differ."""
    return {key for key in old.keys() | new.keys() if not history.same_under(key, old.get(key), new.get(key))}


def continues(history: History, old: list[Object], new: list[Object]) -> bool:
    """Whether the new list is the old one, with items added anywhere."""
    remaining = iter(new)
    return all(any(history.same(item, other) for other in remaining) for item in old)


def numbers_of(*values: Object) -> set[int]:
    """The object numbers of those values that are references."""
    return {value.number for value in values if isinstance(value, Ref)}


def refers_to(value: Object, number: int) -> bool:
    """Whether a value is a reference to that object."""
    return isinstance(value, Ref) and value.number == number


def type_of(value: Object) -> str | None:
    """/Type of a dictionary or stream, or None."""
    if isinstance(value, Stream):
        value = value.dictionary
    found = value.get("Type") if isinstance(value, PdfDict) else None
    return str(found) if isinstance(found, str) else None


def _never_shown(flags: int) -> bool:
    return bool(flags & _HIDDEN or (flags & _NO_VIEW and not flags & (_PRINT | _TOGGLE_NO_VIEW)))
