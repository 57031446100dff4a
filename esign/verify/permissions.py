"""What a signature permits to be done after it: DocMDP, FieldMDP and field locks (ISO 32000-2, 12.8.2, 12.7.5.5)."""

from dataclasses import dataclass

from esign.pdf.revisions import View
from esign.pdf.signatures import text_of
from esign.pdf.syntax import Object, PdfDict, PdfString, PdfSyntaxError, Ref
from esign.verify.structure import ExaminedSignature


@dataclass(frozen=True)
class FieldLock:
    """Which form fields a signature locks."""

    action: str
    names: tuple[str, ...]

    def covers(self, name: str) -> bool:
        """Whether the field of that full name is locked, itself or through one that it is part of."""
        named = any(name == item or name.startswith(f"{item}.") for item in self.names)
        if self.action == "Include":
            return named
        return not named if self.action == "Exclude" else True


@dataclass(frozen=True)
class Permissions:
    """What may follow a signature."""

    certification: int | None
    """/P where the signature certifies; None for an approval signature."""
    level: int | None
    """The stricter of /P and the field lock's /P; None: an approval signature without either."""
    locks: tuple[FieldLock, ...]

    def locked(self, name: str) -> bool:
        """Whether that field is locked."""
        return any(lock.covers(name) for lock in self.locks)

    @property
    def nothing(self) -> bool:
        """Whether nothing but validation data and document time-stamps may be added."""
        return self.level == 1

    @property
    def new_visible_fields(self) -> bool:
        """Whether a new visible signature field may be added: not to a certified document."""
        return self.level is None


def permissions_of(view: View, examined: ExaminedSignature) -> Permissions:
    """What the signature in that signed revision permits."""
    certification: int | None = None
    levels: list[int] = []
    locks: list[FieldLock] = []
    for method, parameters in _transforms(view, examined.found.dictionary):
        if method == "DocMDP":
            certification = _level(parameters.get("P", 2))
            levels.append(certification)
        elif method == "FieldMDP":
            locks.append(_lock(view, parameters))
    for field in examined.fields:
        lock = _dictionary(view, field.dictionary.get("Lock"))
        if lock:
            locks.append(_lock(view, lock))
            if "P" in lock:
                levels.append(_level(lock.get("P")))
    return Permissions(certification, min(levels, default=None), tuple(locks))


def _level(value: Object) -> int:
    return value if isinstance(value, int) and value in (1, 2, 3) else 1


def _transforms(view: View, dictionary: PdfDict) -> list[tuple[str | None, PdfDict]]:
    result = []
    try:
        for item in view.array(dictionary.get("Reference"))[:64]:
            reference = view.dictionary(item)
            result.append(
                (view.name(reference.get("TransformMethod")), _dictionary(view, reference.get("TransformParams")))
            )
    except PdfSyntaxError:
        return result
    return result


def _dictionary(view: View, value: Object) -> PdfDict:
    try:
        return view.dictionary(value)
    except PdfSyntaxError:
        return PdfDict()


def _lock(view: View, parameters: PdfDict) -> FieldLock:
    try:
        action = view.name(parameters.get("Action")) or "All"
        names = [view.resolve(item) for item in view.array(parameters.get("Fields"))]
    except PdfSyntaxError:
        return FieldLock("All", ())
    return FieldLock(action, tuple(text_of(item.value) for item in names if isinstance(item, PdfString)))


@dataclass(frozen=True)
class FormField:
    """A node of the field tree: a field, or a widget of one."""

    name: str
    kind: str | None
    """/FT, inherited."""
    flags: int
    """/Ff, inherited."""
    value: Object
    """/V, inherited."""
    dictionary: PdfDict
    reference: Ref | None

    @property
    def is_signature(self) -> bool:
        """Whether it is (part of) a signature field."""
        return self.kind == "Sig"


def form_fields(view: View, form: PdfDict, limit: int = 20_000) -> dict[int, FormField]:
    """All nodes of a form's field tree that are indirect objects, by number. Raises `PdfSyntaxError`."""
    return view.once("form fields", form, lambda: _form_fields(view, form, limit))


def _form_fields(view: View, form: PdfDict, limit: int) -> dict[int, FormField]:
    found: dict[int, FormField] = {}
    pending: list[tuple[Object, str, str | None, int, Object, int]] = [
        (item, "", None, 0, None, 0) for item in reversed(view.array(form.get("Fields")))
    ]
    while pending and len(found) < limit:
        node, prefix, kind, flags, value, depth = pending.pop()
        if not isinstance(node, Ref) or node.number in found or depth > 32:
            continue
        dictionary = view.dictionary(node)
        partial = view.resolve(dictionary.get("T"))
        name = prefix
        if isinstance(partial, PdfString):
            text = text_of(partial.value)
            name = f"{prefix}.{text}" if prefix else text
        kind = view.name(dictionary.get("FT")) or kind
        own_flags = view.resolve(dictionary.get("Ff"))
        flags = own_flags if isinstance(own_flags, int) else flags
        value = dictionary.get("V", value)
        found[node.number] = FormField(name, kind, flags, value, dictionary, node)
        pending.extend(
            (kid, name, kind, flags, value, depth + 1) for kid in reversed(view.array(dictionary.get("Kids")))
        )
    return found
