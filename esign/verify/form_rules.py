"""What may be changed in the form after a signature: fields signed, filled in, and added for further signatures."""

from dataclasses import replace

from esign.pdf.syntax import Object, PdfDict, PdfString, Ref
from esign.verify import roles
from esign.verify.judgement import Judgement, changed_keys, continues, numbers_of
from esign.verify.looks import shows_nothing, stays_inside
from esign.verify.permissions import FormField, form_fields

_SIGNED_FIELD_KEYS = frozenset({"V", "AP", "AS", "M", "MK", "DA", "F"})
"""What filling an empty signature field may change in it; /Rect never."""
_ADDED_FIELD_KEYS = frozenset({"P", "Type", "Subtype"})
"""What it may add."""
_FILLED_FIELD_KEYS = frozenset({"V", "AP", "AS", "M", "RV", "I", "MK"})
_PUSH_BUTTON = 1 << 16
_KEYS_WITH_MEANING = frozenset({"Fields", "NeedAppearances", "SigFlags", "CO", "DR", "DA", "Q", "XFA"})
"""Of the form (12.7.3); others that a program adds for itself mean nothing to readers."""


def form(judge: Judgement) -> None:
    """The form keeps its fields; empty ones may be filled in or signed, signature fields added, as far as permitted."""
    old_value, new_value = judge.view.catalogue.get("AcroForm"), judge.final.catalogue.get("AcroForm")
    old, new = judge.view.dictionary(old_value), judge.final.dictionary(new_value)
    if old and not new:
        judge.suspect("form.removed", "the form was removed")
        return
    own = numbers_of(old_value, new_value, old.get("Fields"), new.get("Fields"))
    for key in sorted(changed_keys(judge.history, old, new)):
        _form_key(judge, key, old.get(key))
    if not _resource_superset(judge, old.get("DR"), new.get("DR"), 0):
        judge.suspect("form.resources", "the form's resources were changed")
    before = form_fields(judge.view, old)
    after = form_fields(judge.final, new)
    _field_list(judge, judge.view.array(old.get("Fields")), judge.final.array(new.get("Fields")), after)
    judge.claim_role(own | judge.resources, "AcroForm")
    for number, item in before.items():
        if number in judge.differences and number not in judge.claimed:
            _field(judge, number, item, after)
    _looks_to_be_made(judge, old, new, before)


def _form_key(judge: Judgement, key: str, old: Object) -> None:
    if key in ("Fields", "SigFlags", "DR"):
        return
    if old is None and (key == "DA" or key not in _KEYS_WITH_MEANING):
        return
    if key == "NeedAppearances":
        return
    judge.suspect("form.changed", f"/{key} of the form was changed")


def _looks_to_be_made(judge: Judgement, old: PdfDict, new: PdfDict, before: dict[int, FormField]) -> None:
    """Viewers may be told to draw fields anew when one was filled in, and the others show nothing that could change."""
    key = "NeedAppearances"
    if judge.final.resolve(new.get(key)) is not True or judge.view.resolve(old.get(key)) is True:
        return
    filled = any(item.code == "field.filled" for item in judge.permitted)
    texts = [item for item in before.values() if item.kind in ("Tx", "Ch")]
    empty = all(
        _is_empty(judge.view.resolve(item.value)) and shows_nothing(judge.view, item.dictionary) for item in texts
    )
    if filled and empty:
        judge.permit("form.looks", "the fields are to be drawn anew, which only shows what was filled in")
        return
    judge.suspect("form.changed", f"/{key} of the form was changed")


def _resource_superset(judge: Judgement, old: Object, new: Object, depth: int) -> bool:
    """Whether resources were at most added to."""
    if judge.history.same(old, new) and not numbers_of(old) & judge.differences.keys():
        return True
    before, after = judge.view.resolve(old), judge.final.resolve(new)
    if before is None:
        return True
    if depth > 2 or not isinstance(before, PdfDict) or not isinstance(after, PdfDict):
        return judge.history.same(before, after)
    judge.resources |= numbers_of(old, new)
    return all(_resource_superset(judge, before[key], after.get(key), depth + 1) for key in before)


_FIELD_KEYS = frozenset({"FT", "T", "V", "Kids"})
"""Keys by which a dictionary would be a field of its own."""


def _field_list(judge: Judgement, old: list[Object], new: list[Object], after: dict[int, FormField]) -> None:
    """The signed fields stay, in their order; what is added are signature fields."""
    if not continues(judge.history, old, new):
        judge.suspect("form.fields", "fields were removed or put in another order")
    kept = {item.number for item in old if isinstance(item, Ref)}
    names = {after[number].name for number in kept if number in after}
    for item in new:
        if isinstance(item, Ref) and item.number in kept:
            continue
        if not isinstance(item, Ref):
            if not judge.is_among(item, old):
                judge.suspect("form.direct_field", "a field was added that is no object of its own")
            continue
        field = after.get(item.number)
        if field is not None and field.name in names:
            judge.suspect("field.name_twice", f"a second field {field.name} was added", item.number)
        elif field is not None:
            _new_field(judge, item.number, field)


def _new_field(judge: Judgement, number: int, field: FormField) -> None:
    widget_number, widget = _widget_of(judge, number, field)
    if not field.is_signature or widget is None:
        judge.suspect("field.added", f"the field {field.name} was added, which is no signature field", number)
        return
    if judge.differences.get(number) is None or judge.differences[number].kind != "added":
        judge.suspect("field.added", f"the field {field.name} was made of an older object", number)
        return
    if not _has_own_signature(judge, field):
        judge.suspect("field.shared", f"the field {field.name} takes the signature of another", number)
        return
    judge.new_widgets.add(widget_number)
    _inside(judge, widget_number, field, widget)
    visible = judge.is_visible(widget)
    signature = judge.final.dictionary(field.value) if field.value is not None else PdfDict()
    stamp = signature.get("SubFilter") == "ETSI.RFC3161"
    where = judge.where(widget)
    if judge.permissions.nothing and (visible or not stamp):
        judge.suspect("field.not_permitted", f"the signature allows no field {field.name}", number, **where)
    elif visible and not judge.permissions.new_visible_fields:
        judge.suspect("field.not_permitted", f"a visible field {field.name} in a certified document", number, **where)
    elif visible and (stamp or not signature):
        judge.suspect("field.unsigned_mark", f"{field.name} shows something without a signature", number, **where)
    elif judge.permissions.locked(field.name) and signature and not stamp:
        judge.suspect("field.locked", f"the field {field.name} is locked", number, **where)
    elif stamp:
        judge.permit("timestamp.added", f"a document time-stamp was added ({field.name})", number)
    elif signature:
        judge.permit("signature.added", f"another signature was added ({field.name})", number, **where)
    else:
        judge.permit("field.prepared", f"an empty signature field was added ({field.name})", number, **where)


def _inside(judge: Judgement, number: int, field: FormField, widget: PdfDict) -> None:
    if not stays_inside(judge.final, widget):
        message = f"what the field {field.name} shows is not bounded by its rectangle"
        judge.suspect("field.unbounded", message, number)


def _widget_of(judge: Judgement, number: int, field: FormField) -> tuple[int, PdfDict | None]:
    """The widget of an added field: itself, or its only kid, added too and a widget and nothing more (12.7.4.2)."""
    if "Kids" not in field.dictionary:
        return number, field.dictionary
    kids = judge.final.array(field.dictionary["Kids"])
    if len(kids) != 1 or not isinstance(kids[0], Ref):
        return number, None
    kid, difference = kids[0].number, judge.differences.get(kids[0].number)
    widget = judge.final.dictionary(kids[0])
    alone = difference is not None and difference.kind == "added" and not widget.keys() & _FIELD_KEYS
    merged = field.dictionary.get("Subtype") is not None
    return kid, widget if alone and not merged else None


def _has_own_signature(judge: Judgement, field: FormField) -> bool:
    """Whether a field's value is none, or a dictionary that was added for it alone."""
    value = field.value
    if not isinstance(value, Ref):
        return value is None or isinstance(value, PdfDict)
    difference = judge.differences.get(value.number)
    if judge.final.resolve(value) is None:
        return True
    used = value.number in judge.values
    judge.values.add(value.number)
    return not used and difference is not None and difference.kind == "added"


def _field(judge: Judgement, number: int, field: FormField, after: dict[int, FormField]) -> None:
    """A field or widget of the signed revision that is not what it was."""
    difference = judge.differences[number]
    judge.claimed.add(number)
    if difference.kind == "removed" or not isinstance(difference.new, PdfDict) or number not in after:
        judge.suspect("field.removed", f"the field {field.name} was removed", number)
        return
    changed = changed_keys(judge.history, field.dictionary, difference.new)
    where = judge.where(difference.new) if field.is_signature else judge.place(difference.new)
    if changed - {"Kids"}:
        _inside(judge, number, field, difference.new)
    if changed == {"Kids"}:
        _children(judge, number, field, difference.new, after)
    elif judge.permissions.nothing or judge.permissions.locked(field.name):
        judge.suspect("field.locked", f"the field {field.name} was locked and changed", number, **where)
    elif field.is_signature:
        _signature_field(judge, number, field, difference.new, changed, where)
    else:
        _form_field(judge, number, field, changed, where)


def _children(judge: Judgement, number: int, field: FormField, new: PdfDict, after: dict[int, FormField]) -> None:
    old_kids, new_kids = judge.view.array(field.dictionary.get("Kids")), judge.final.array(new.get("Kids"))
    if not continues(judge.history, old_kids, new_kids):
        judge.suspect("field.changed", f"parts of the field {field.name} were removed", number)
        return
    for kid in new_kids:
        if isinstance(kid, Ref) and kid not in old_kids and kid.number in after:
            child = after[kid.number]
            if "T" in child.dictionary:
                _new_field(judge, kid.number, child)
            else:
                judge.suspect("field.changed", f"the field {field.name} got another widget", number)


def _signature_field(
    judge: Judgement, number: int, field: FormField, new: PdfDict, changed: set[str], where: dict[str, object]
) -> None:
    if judge.view.resolve(field.value) is not None:
        judge.suspect("field.changed", f"the signed field {field.name} was changed", number, **where)
    elif (
        changed - _SIGNED_FIELD_KEYS - (_ADDED_FIELD_KEYS - field.dictionary.keys())
        or judge.final.resolve(new.get("V")) is None
    ):
        keys = ", ".join(sorted(changed))
        judge.suspect(
            "field.changed", f"the field {field.name} was changed without a signature: {keys}", number, **where
        )
    elif not _has_own_signature(judge, replace(field, value=new.get("V"))):
        judge.suspect("field.shared", f"the field {field.name} takes the signature of another", number, **where)
    else:
        _claim_appearance(judge, number, field.dictionary)
        judge.permit("signature.added", f"the field {field.name} was signed", number, **where)


def _form_field(judge: Judgement, number: int, field: FormField, changed: set[str], where: dict[str, object]) -> None:
    empty = _is_empty(judge.view.resolve(field.value))
    button = field.kind == "Btn" and bool(field.flags & _PUSH_BUTTON)
    if changed - _FILLED_FIELD_KEYS or button:
        keys = ", ".join(sorted(changed))
        judge.suspect("field.changed", f"the field {field.name} was changed: {keys}", number, **where)
    elif not empty:
        judge.suspect("field.replaced", f"the value of the field {field.name} was replaced", number, **where)
    else:
        _claim_appearance(judge, number, field.dictionary)
        judge.permit("field.filled", f"the field {field.name} was filled in", number, **where)


def _claim_appearance(judge: Judgement, number: int, old: PdfDict) -> None:
    numbers = roles.appearance(judge.view, old.get("AP"))
    judge.claimed |= judge.serving_alone(numbers & judge.differences.keys(), numbers, {number})


def _is_empty(value: Object) -> bool:
    """Whether a field's value says nothing: none, an empty text, or a button that is off."""
    if isinstance(value, PdfString):
        return value.value in (b"", b"\xfe\xff")
    return value is None or value == "Off" or value == []
