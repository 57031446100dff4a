"""What was changed between a signed revision and the file as it is (rule 6), judged by our own rules.

Everything that differs must be explained by what the signature permits; what no rule explains is suspicious.
The object-level rules stand here. What a permitted mark covers on its page is for a renderer to say: permitted
marks are told with page and box.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from esign.pdf.revisions import View
from esign.pdf.syntax import Object, PdfDict, PdfString, PdfSyntaxError, Ref, Stream
from esign.verify.difference import Difference, History, has_duplicates, subtree
from esign.verify.pagefinder import box_of, page_index
from esign.verify.permissions import FormField, Permissions, form_fields, permissions_of
from esign.verify.report import Changes, ChangeState, Finding
from esign.verify.structure import ExaminedSignature

_INFO_KEYS = frozenset({"ModDate", "Producer"})
_SIGNED_FIELD_KEYS = frozenset({"V", "AP", "AS", "M", "MK", "DA", "F", "P", "Type", "Subtype"})
"""What filling an empty signature field may change in it; /Rect never."""
_FILLED_FIELD_KEYS = frozenset({"V", "AP", "AS", "M", "RV", "I", "MK"})
_PUSH_BUTTON = 1 << 16
_HIDDEN = 0b10_0010
"""Annotation flags Hidden and NoView (12.5.3)."""
MAX_FINDINGS = 64


@dataclass(frozen=True)
class Comparison:
    """What was found for one signature."""

    changes: Changes
    certification: int | None = None


def compare(view: View, final: View | None, examined: ExaminedSignature, history: History | None) -> Comparison:
    """The changes since a signed revision. ``history`` None: nothing was added to the file."""
    permissions = permissions_of(view, examined)
    if final is None or history is None or final.last.end <= view.end:
        return Comparison(Changes(state=ChangeState.NONE), permissions.certification)
    judge = _Judge(view, final, history, permissions)
    try:
        judge.run()
    except PdfSyntaxError as error:
        judge.suspect("changes.unreadable", f"what was added can't be read: {error}")
    if judge.suspicious:
        return Comparison(
            Changes(state=ChangeState.SUSPICIOUS, list=tuple(judge.suspicious[:MAX_FINDINGS])),
            permissions.certification,
        )
    return Comparison(
        Changes(state=ChangeState.PERMITTED, list=tuple(judge.permitted[:MAX_FINDINGS])), permissions.certification
    )


class _Judge:
    """Judges all differences of one signed revision; each must be claimed by a rule."""

    def __init__(self, view: View, final: View, history: History, permissions: Permissions) -> None:
        self.view, self.final, self.history, self.permissions = view, final, history, permissions
        self.permitted: list[Finding] = []
        self.suspicious: list[Finding] = []
        self.claimed: set[int] = set()
        self.differences: dict[int, Difference] = {}
        self.new_widgets: set[int] = set()
        """Widgets of signature fields that were added."""
        self.store: set[int] = set()
        self._values: set[int] = set()
        """Signature dictionaries that added or filled fields refer to."""

    def run(self) -> None:
        """Applies all rules."""
        self.differences = {item.number: item for item in self.history.differences(self.view)}
        self._trailer()
        self._catalogue()
        self._form()
        for item in list(self.differences.values()):
            if has_duplicates(item.new):
                self.suspect("object.key_twice", f"object {item.number} has a key twice", item.number)
            elif item.number not in self.claimed:
                self._unclaimed(item)

    def suspect(self, code: str, message: str, number: int | None = None, **where: object) -> None:
        """Notes a change that no rule permits."""
        self.suspicious.append(Finding(code=code, severity="fail", message=message, object_number=number, **where))  # type: ignore[arg-type]

    def permit(self, code: str, message: str, number: int | None = None, **where: object) -> None:
        """Notes a permitted change."""
        self.permitted.append(Finding(code=code, severity="inform", message=message, object_number=number, **where))  # type: ignore[arg-type]

    # --- trailer and catalogue -----------------------------------------------------------------------

    def _trailer(self) -> None:
        old, new = self.view.trailer, self.final.trailer
        if any(has_duplicates(section.trailer) for section in self.history.later_than(self.view)):
            self.suspect("trailer.key_twice", "a trailer has a key twice")
        if old.get("Root") != new.get("Root"):
            self.suspect("trailer.root", "another document catalogue took the place of the signed one")
        if _size(new) < _size(old):
            self.suspect("trailer.size", "/Size was lowered, which hides objects from some readers")
        if not self._resolves_alike(old.get("Encrypt"), new.get("Encrypt")):
            self.suspect("trailer.encrypt", "the encryption was changed")
        if "Encrypt" in old and not self.history.same(_first(old.get("ID")), _first(new.get("ID"))):
            self.suspect("trailer.id", "the file identifier was changed")
        self._information(old.get("Info"), new.get("Info"))

    def _resolves_alike(self, old: Object, new: Object) -> bool:
        if self.history.same(old, new):
            return True
        return self.history.same(self.view.resolve(old), self.final.resolve(new))

    def _information(self, old: Object, new: Object) -> None:
        before, after = self.view.dictionary(old), self.final.dictionary(new)
        changed = _changed_keys(self.history, before, after)
        if new is None:
            return
        if changed - _INFO_KEYS and before:
            self.suspect("information.changed", f"document information was changed: {', '.join(sorted(changed))}")
            return
        if changed:
            self.permit("information.updated", "producer or date in the document information were updated")
        for value in (old, new):
            if isinstance(value, Ref) and self._only_referred_by(value.number, set()):
                self.claimed.add(value.number)

    def _catalogue(self) -> None:
        root = self.view.trailer.get("Root")
        if isinstance(root, Ref):
            self.claimed.add(root.number)
        old, new = self.view.catalogue, self.final.catalogue
        roots = {root.number} if isinstance(root, Ref) else set()
        for key in sorted(_changed_keys(self.history, old, new)):
            if key in ("AcroForm", "DSS"):
                continue
            if key == "Extensions":
                self.permit("catalogue.extensions", "the list of extensions was updated")
                self._claim_role(subtree(self.final, new.get(key)) | subtree(self.view, old.get(key)), roots)
            elif key == "Version" and isinstance(new.get(key), str):
                self.permit("catalogue.version", "the PDF version was raised")
            elif key == "Metadata" and self._is_metadata(new.get(key)):
                self.permit("catalogue.metadata", "the metadata were updated")
            else:
                self.suspect("catalogue.changed", f"/{key} of the document catalogue was changed")
        metadata = {v.number for v in (old.get("Metadata"), new.get("Metadata")) if isinstance(v, Ref)}
        if metadata & self.differences.keys() and self._is_metadata(new.get("Metadata")):
            self._claim_role(metadata, roots)
        self._security_store(old.get("DSS"), new.get("DSS"), roots)

    def _is_metadata(self, value: Object) -> bool:
        found = self.final.resolve(value)
        return isinstance(found, Stream) and found.dictionary.get("Subtype") == "XML"

    def _security_store(self, old: Object, new: Object, roots: set[int]) -> None:
        self.store = (
            _numbers(old, new)
            | subtree(self.view, self.view.resolve(old))
            | subtree(self.final, self.final.resolve(new))
        )
        if self.store & self.differences.keys():
            self.permit("dss.updated", "validation data were added")
        self._claim_role(self.store, roots)

    def _claim_role(self, numbers: set[int], roots: set[int]) -> None:
        """Claims differing objects that, in the signed revision, served that role alone."""
        for number in (numbers & self.differences.keys()) - self.claimed:
            if self._only_referred_by(number, numbers | roots):
                self.claimed.add(number)
            else:
                self.suspect("object.two_roles", f"object {number} is also used elsewhere in the document", number)
                self.claimed.add(number)

    def _only_referred_by(self, number: int, allowed: set[int]) -> bool:
        return self.history.referrers(self.view, number) <= allowed

    # --- the form --------------------------------------------------------------------------------------

    def _form(self) -> None:
        old_value, new_value = self.view.catalogue.get("AcroForm"), self.final.catalogue.get("AcroForm")
        old, new = self.view.dictionary(old_value), self.final.dictionary(new_value)
        if old and not new:
            self.suspect("form.removed", "the form was removed")
            return
        own = _numbers(old_value, new_value, old.get("Fields"), new.get("Fields"))
        root = self.view.trailer.get("Root")
        roots = {root.number} if isinstance(root, Ref) else set()
        for key in sorted(_changed_keys(self.history, old, new)):
            self._form_key(key, old.get(key), new.get(key))
        if not self._resource_superset(old.get("DR"), new.get("DR"), 0):
            self.suspect("form.resources", "the form's resources were changed")
        before = form_fields(self.view, old)
        after = form_fields(self.final, new)
        self._field_list(self.view.array(old.get("Fields")), self.final.array(new.get("Fields")), after)
        self._claim_role(own | _numbers(old.get("DR"), new.get("DR")), roots)
        for number, item in before.items():
            if number in self.differences and number not in self.claimed:
                self._field(number, item, after)

    def _form_key(self, key: str, old: Object, new: Object) -> None:
        if key in ("Fields", "SigFlags", "DR"):
            return
        if key == "DA" and old is None:
            return
        if key == "NeedAppearances" and self.final.resolve(new) is not True:
            return
        self.suspect("form.changed", f"/{key} of the form was changed")

    def _resource_superset(self, old: Object, new: Object, depth: int) -> bool:
        """Whether resources were at most added to."""
        if self.history.same(old, new):
            return True
        before, after = self.view.resolve(old), self.final.resolve(new)
        if before is None:
            return True
        if depth > 2 or not isinstance(before, PdfDict) or not isinstance(after, PdfDict):
            return self.history.same(before, after)
        if depth and (numbers := _numbers(old, new)):
            self._claim_role(numbers, subtree(self.view, self.view.catalogue.get("AcroForm")) | numbers)
        return all(self._resource_superset(before[key], after.get(key), depth + 1) for key in before)

    def _field_list(self, old: list[Object], new: list[Object], after: dict[int, FormField]) -> None:
        """The signed fields stay, in their order; what is added are signature fields."""
        if not _continues(self.history, old, new):
            self.suspect("form.fields", "fields were removed or put in another order")
        kept = {item.number for item in old if isinstance(item, Ref)}
        names = {after[number].name for number in kept if number in after}
        for item in new:
            if isinstance(item, Ref) and item.number in kept:
                continue
            if not isinstance(item, Ref):
                if not self._is_among(item, old):
                    self.suspect("form.direct_field", "a field was added that is no object of its own")
                continue
            field = after.get(item.number)
            if field is not None and field.name in names:
                self.suspect("field.name_twice", f"a second field {field.name} was added", item.number)
            elif field is not None:
                self._new_field(item.number, field)

    def _new_field(self, number: int, field: FormField) -> None:
        if not field.is_signature or "Kids" in field.dictionary:
            self.suspect("field.added", f"the field {field.name} was added, which is no signature field", number)
            return
        if self.differences.get(number) is None or self.differences[number].kind != "added":
            self.suspect("field.added", f"the field {field.name} was made of an older object", number)
            return
        if not self._has_own_signature(field):
            self.suspect("field.shared", f"the field {field.name} takes the signature of another", number)
            return
        self.new_widgets.add(number)
        visible = self._is_visible(field.dictionary)
        signature = self.final.dictionary(field.value) if field.value is not None else PdfDict()
        stamp = signature.get("SubFilter") == "ETSI.RFC3161"
        where = self._where(field.dictionary)
        if self.permissions.nothing and (visible or not stamp):
            self.suspect("field.not_permitted", f"the signature allows no field {field.name}", number, **where)
        elif visible and not self.permissions.new_visible_fields:
            self.suspect(
                "field.not_permitted", f"a visible field {field.name} in a certified document", number, **where
            )
        elif visible and (stamp or not signature):
            self.suspect("field.unsigned_mark", f"{field.name} shows something without a signature", number, **where)
        elif self.permissions.locked(field.name) and signature and not stamp:
            self.suspect("field.locked", f"the field {field.name} is locked", number, **where)
        elif stamp:
            self.permit("timestamp.added", f"a document time-stamp was added ({field.name})", number)
        elif signature:
            self.permit("signature.added", f"another signature was added ({field.name})", number, **where)
        else:
            self.permit("field.prepared", f"an empty signature field was added ({field.name})", number, **where)

    def _has_own_signature(self, field: FormField) -> bool:
        """Whether a field's value is none, or a dictionary that was added for it alone."""
        value = field.value
        if not isinstance(value, Ref):
            return value is None or isinstance(value, PdfDict)
        difference = self.differences.get(value.number)
        if self.final.resolve(value) is None:
            return True
        used = value.number in self._values
        self._values.add(value.number)
        return not used and difference is not None and difference.kind == "added"

    def _is_visible(self, widget: PdfDict) -> bool:
        box = box_of(self.final, widget)
        flags = self.final.resolve(widget.get("F"))
        if box is None or box[2] - box[0] <= 0 or box[3] - box[1] <= 0:
            return False
        if isinstance(flags, int) and flags & _HIDDEN:
            return False
        characteristics = self.final.dictionary(widget.get("MK"))
        return "AP" in widget or "BG" in characteristics or "BC" in characteristics

    def _where(self, widget: PdfDict) -> dict[str, object]:
        if box_of(self.final, widget) is None or not self._is_visible(widget):
            return {}
        return {"page": page_index(self.final, widget.get("P")), "box": box_of(self.final, widget)}

    def _field(self, number: int, field: FormField, after: dict[int, FormField]) -> None:
        """A field or widget of the signed revision that is not what it was."""
        difference = self.differences[number]
        self.claimed.add(number)
        if difference.kind == "removed" or not isinstance(difference.new, PdfDict) or number not in after:
            self.suspect("field.removed", f"the field {field.name} was removed", number)
            return
        changed = _changed_keys(self.history, field.dictionary, difference.new)
        where = self._where(difference.new)
        if changed == {"Kids"}:
            self._children(number, field, difference.new, after)
        elif self.permissions.nothing or self.permissions.locked(field.name):
            self.suspect("field.locked", f"the field {field.name} was locked and changed", number, **where)
        elif field.is_signature:
            self._signature_field(number, field, difference.new, changed, where)
        else:
            self._form_field(number, field, changed, where)

    def _children(self, number: int, field: FormField, new: PdfDict, after: dict[int, FormField]) -> None:
        old_kids, new_kids = self.view.array(field.dictionary.get("Kids")), self.final.array(new.get("Kids"))
        if not _continues(self.history, old_kids, new_kids):
            self.suspect("field.changed", f"parts of the field {field.name} were removed", number)
            return
        for kid in new_kids:
            if isinstance(kid, Ref) and kid not in old_kids and kid.number in after:
                child = after[kid.number]
                if "T" in child.dictionary:
                    self._new_field(kid.number, child)
                else:
                    self.suspect("field.changed", f"the field {field.name} got another widget", number)

    def _signature_field(
        self, number: int, field: FormField, new: PdfDict, changed: set[str], where: dict[str, object]
    ) -> None:
        if self.view.resolve(field.value) is not None:
            self.suspect("field.changed", f"the signed field {field.name} was changed", number, **where)
        elif changed - _SIGNED_FIELD_KEYS or self.final.resolve(new.get("V")) is None:
            keys = ", ".join(sorted(changed))
            self.suspect(
                "field.changed", f"the field {field.name} was changed without a signature: {keys}", number, **where
            )
        elif not self._has_own_signature(replace(field, value=new.get("V"))):
            self.suspect("field.shared", f"the field {field.name} takes the signature of another", number, **where)
        else:
            self._claim_appearance(number, field.dictionary)
            self.permit("signature.added", f"the field {field.name} was signed", number, **where)

    def _form_field(self, number: int, field: FormField, changed: set[str], where: dict[str, object]) -> None:
        empty = _is_empty(self.view.resolve(field.value))
        button = field.kind == "Btn" and bool(field.flags & _PUSH_BUTTON)
        if changed - _FILLED_FIELD_KEYS or button:
            keys = ", ".join(sorted(changed))
            self.suspect("field.changed", f"the field {field.name} was changed: {keys}", number, **where)
        elif not empty:
            self.suspect("field.replaced", f"the value of the field {field.name} was replaced", number, **where)
        else:
            self._claim_appearance(number, field.dictionary)
            self.permit("field.filled", f"the field {field.name} was filled in", number, **where)

    def _claim_appearance(self, number: int, old: PdfDict) -> None:
        appearance = old.get("AP")
        numbers = subtree(self.view, appearance)
        for item in numbers & self.differences.keys():
            if self._only_referred_by(item, numbers | {number}):
                self.claimed.add(item)

    # --- pages and the rest ----------------------------------------------------------------------------

    def _unclaimed(self, item: Difference) -> None:
        if item.kind == "added":
            self._added(item)
        elif item.kind == "removed":
            if not self.history.referrers(self.view, item.number) <= self.store:
                self.suspect("object.removed", f"object {item.number} was removed", item.number)
        elif _type(item.old) == "Page" and _type(item.new) == "Page":
            self._page(item)
        elif isinstance(item.old, list) and isinstance(item.new, list) and self._is_annotation_list(item.number):
            self._annotations(item.number, item.old, item.new, self._page_of_list(item.number))
        elif _type(item.old) == "XRef" and not self.history.referrers(self.view, item.number):
            return
        else:
            what = _type(item.old) or type(item.old).__name__
            self.suspect("object.changed", f"object {item.number} ({what}) was changed", item.number)

    def _added(self, item: Difference) -> None:
        if not self.history.referrers(self.view, item.number) <= self.store:
            message = f"object {item.number} fills a place that the signed revision left open"
            self.suspect("object.filled_gap", message, item.number)

    def _page(self, item: Difference) -> None:
        old, new = item.old, item.new
        if not isinstance(old, PdfDict) or not isinstance(new, PdfDict):
            return
        page = page_index(self.final, Ref(item.number, 0))
        others = _changed_keys(self.history, old, new) - {"Annots", "Tabs"}
        if others:
            keys = ", ".join(f"/{key}" for key in sorted(others))
            self.suspect("page.changed", f"{keys} of a page changed", item.number, page=page)
        self._annotations(item.number, self.view.array(old.get("Annots")), self.final.array(new.get("Annots")), page)

    def _is_among(self, item: Object, others: Sequence[Object]) -> bool:
        return any(self.history.same(item, other) for other in others)

    def _is_annotation_list(self, number: int) -> bool:
        referrers = self.history.referrers(self.view, number)
        return bool(referrers) and all(self._lists(referrer, number) for referrer in referrers)

    def _lists(self, page: int, number: int) -> bool:
        found = self.view.dictionary(Ref(page, 0))
        others = [key for key, value in found.items() if key != "Annots" and _refers_to(value, number)]
        return found.get("Type") == "Page" and _refers_to(found.get("Annots"), number) and not others

    def _page_of_list(self, number: int) -> int | None:
        return next((page_index(self.final, Ref(item, 0)) for item in self.history.referrers(self.view, number)), None)

    def _annotations(self, number: int, old: list[Object], new: list[Object], page: int | None) -> None:
        """The signed annotations stay, in their order; what is added are widgets of added signature fields."""
        if not _continues(self.history, old, new):
            self.suspect("annotation.removed", "annotations were removed or put in another order", number, page=page)
        kept = {item.number for item in old if isinstance(item, Ref)}
        direct = [item for item in old if not isinstance(item, Ref)]
        extra = [
            item
            for item in new
            if (item.number not in kept if isinstance(item, Ref) else not self._is_among(item, direct))
        ]
        if len({item.number for item in extra if isinstance(item, Ref)}) < len(extra):
            self.suspect("annotation.added", "an annotation was added twice, or directly", number, page=page)
        for item in extra:
            if isinstance(item, Ref) and item.number in self.new_widgets:
                continue
            annotation = self.final.dictionary(item)
            kind = self.final.name(annotation.get("Subtype")) or "unknown"
            box = box_of(self.final, annotation)
            self.suspect("annotation.added", f"an annotation ({kind}) was added", number, page=page, box=box)


def _changed_keys(history: History, old: PdfDict, new: PdfDict) -> set[str]:
    return {key for key in old.keys() | new.keys() if not history.same(old.get(key), new.get(key))}


def _continues(history: History, old: list[Object], new: list[Object]) -> bool:
    """Whether the new list is the old one, with items added anywhere."""
    remaining = iter(new)
    return all(any(history.same(item, other) for other in remaining) for item in old)


def _numbers(*values: Object) -> set[int]:
    return {value.number for value in values if isinstance(value, Ref)}


def _refers_to(value: Object, number: int) -> bool:
    return isinstance(value, Ref) and value.number == number


def _size(trailer: PdfDict) -> int:
    size = trailer.get("Size")
    return size if isinstance(size, int) else 0


def _first(value: Object) -> Object:
    return value[0] if isinstance(value, list) and value else None


def _type(value: Object) -> str | None:
    if isinstance(value, Stream):
        value = value.dictionary
    found = value.get("Type") if isinstance(value, PdfDict) else None
    return str(found) if isinstance(found, str) else None


def _is_empty(value: Object) -> bool:
    """Whether a field's value says nothing: none, an empty text, or a button that is off."""
    if isinstance(value, PdfString):
        return value.value in (b"", b"\xfe\xff")
    return value is None or value == "Off" or value == []
