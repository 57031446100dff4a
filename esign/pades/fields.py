"""The letter's form (ISO 32000-2, 12.7): its fields as they are, and new signature fields added to it."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from esign.errors import FieldFilled, FieldMissing, FieldNameTaken, LetterNotExamined
from esign.pades.increment import Increment
from esign.pades.serialise import reference_bytes
from esign.pdf.syntax import Object, PdfDict, PdfString, Ref

MAX_FIELDS = 100_000
"""Fields and widgets looked at before a form is given up."""
MAX_DEPTH = 32
"""Levels of nested fields."""
SIGNATURES_EXIST_AND_APPEND_ONLY = 3
"""/SigFlags (table 225)."""


@dataclass(frozen=True)
class FormField:
    """A terminal field: one that has a value of its own."""

    name: str
    """Fully qualified."""
    kind: Object
    """/FT, inherited where it is: ``Sig``, ``Tx``, …"""
    reference: Ref
    dictionary: PdfDict
    widgets: tuple[Ref, ...]
    """Its widget annotations; the field itself where the two are merged."""
    signature: PdfDict | None = None
    """The signature dictionary of a filled signature field."""

    @property
    def is_signature(self) -> bool:
        """A signature field, filled or not."""
        return self.kind == "Sig"


class Form:
    """The letter's form, and what this update adds to it."""

    def __init__(self, increment: Increment) -> None:
        self._increment = increment
        self._added: list[Ref] = []
        self._taken: set[str] = set()

    @cached_property
    def fields(self) -> tuple[FormField, ...]:
        """All terminal fields, in the order of the form."""
        form = self._increment.dictionary(self._increment.catalogue.get("AcroForm"))
        return tuple(_Walk(self._increment).fields(form.get("Fields"), "", None, 0))

    @cached_property
    def signatures(self) -> tuple[PdfDict, ...]:
        """The signature dictionaries of all filled signature fields, document time-stamps included."""
        return tuple(field.signature for field in self.fields if field.signature is not None)

    def empty_signature_field(self, name: str) -> FormField:
        """The signature field of that name. Raises `FieldMissing` and `FieldFilled`."""
        for field in self.fields:
            if field.name == name and field.is_signature:
                if field.dictionary.get("V") is not None:
                    raise FieldFilled(field=name)
                return field
        raise FieldMissing(field=name)

    def new_name(self, wanted: str | None) -> str:
        """``wanted`` if no field has it, or the first free ``esign_<n>``. Raises `FieldNameTaken`."""
        names = {field.name for field in self.fields} | self._taken
        if wanted is None:
            number = 1
            while f"esign_{number}" in names:
                number += 1
            wanted = f"esign_{number}"
        elif wanted in names or any(name.startswith(wanted + ".") for name in names):
            raise FieldNameTaken(field=wanted)
        self._taken.add(wanted)
        return wanted

    def add(self, field: Ref) -> None:
        """Puts a field at the root of the form."""
        self._added.append(field)

    def write(self) -> None:
        """Puts the form into the update: the added fields, and /SigFlags."""
        increment = self._increment
        catalogue = increment.catalogue
        form = increment.dictionary(catalogue.get("AcroForm"))
        flags = b"/SigFlags %d" % SIGNATURES_EXIST_AND_APPEND_ONLY
        if not form:
            fields = b" ".join(reference_bytes(each) for each in self._added)
            reference = increment.add(b"<</Fields[%b]%b>>" % (fields, flags))
            increment.edit_dictionary(increment.catalogue_reference)["AcroForm"] = reference
            return
        changes: dict[str, Object] = {}
        if form.get("SigFlags") != SIGNATURES_EXIST_AND_APPEND_ONLY:
            changes["SigFlags"] = SIGNATURES_EXIST_AND_APPEND_ONLY
        if form.get("NeedAppearances") is True and not self.signatures and self._has_all_appearances():
            # A viewer that draws the fields anew would show something other than what is signed.
            changes["NeedAppearances"] = False
        array = increment.target(form.get("Fields"))
        if self._added and array is not None:
            increment.edit_array(array).extend(self._added)
        elif self._added:
            changes["Fields"] = [*increment.array(form.get("Fields")), *self._added]
        if changes:
            self._edited_form().update(changes)

    def _edited_form(self) -> PdfDict:
        """The form's dictionary to be changed, where it stands."""
        increment = self._increment
        reference = increment.target(increment.catalogue.get("AcroForm"))
        if reference is not None:
            return increment.edit_dictionary(reference)
        return increment.edit_entry(increment.edit_dictionary(increment.catalogue_reference), "AcroForm")

    def _has_all_appearances(self) -> bool:
        widgets = (widget for field in self.fields if not field.is_signature for widget in field.widgets)
        return all("AP" in self._increment.dictionary(widget) for widget in widgets)


class _Walk:
    """A walk down the tree of fields that ends, whatever the tree looks like."""

    def __init__(self, increment: Increment) -> None:
        self._increment = increment
        self._seen: set[Ref] = set()

    def fields(self, nodes: Object, prefix: str, kind: Object, depth: int) -> Iterator[FormField]:
        for reference, node in self._nodes(nodes, depth):
            own = self._increment.resolve(node.get("T"))
            name = prefix
            if isinstance(own, PdfString):
                name = f"{prefix}.{text_of(own)}" if prefix else text_of(own)
            inherited = self._increment.resolve(node.get("FT")) or kind
            children = [each for each in self._increment.array(node.get("Kids")) if isinstance(each, Ref)]
            if any("T" in self._increment.dictionary(child) for child in children):
                yield from self.fields(list(children), name, inherited, depth + 1)
                continue
            merged = (reference,) if node.get("Subtype") == "Widget" else ()
            value = self._increment.resolve(node.get("V"))
            signature = value if inherited == "Sig" and isinstance(value, PdfDict) else None
            yield FormField(name, inherited, reference, node, tuple(children) or merged, signature)

    def _nodes(self, nodes: Object, depth: int) -> Iterator[tuple[Ref, PdfDict]]:
        if depth > MAX_DEPTH:
            raise LetterNotExamined
        for each in self._increment.array(nodes):
            if not isinstance(each, Ref) or each in self._seen:
                continue
            self._seen.add(each)
            if len(self._seen) > MAX_FIELDS:
                raise LetterNotExamined
            node = self._increment.resolve(each)
            if isinstance(node, PdfDict):
                yield each, node


def text_of(string: PdfString) -> str:
    """A text string (ISO 32000-2, 7.9.2.2) as text; PDFDocEncoding is read as Latin-1, nearly the same."""
    value = string.value
    for mark, encoding in ((b"\xfe\xff", "utf-16-be"), (b"\xff\xfe", "utf-16-le"), (b"\xef\xbb\xbf", "utf-8")):
        if value.startswith(mark):
            return value[len(mark) :].decode(encoding, "replace")
    return value.decode("latin-1")
