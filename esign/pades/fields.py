"""The letter's form (ISO 32000-2, 12.7): its fields as they are, and new signature fields added to it."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import (
    ArrayObject,
    BooleanObject,
    DictionaryObject,
    IndirectObject,
    NameObject,
    NumberObject,
    PdfObject,
    Reference,
)

from esign.errors import FieldFilled, FieldMissing, FieldNameTaken, LetterNotExamined
from esign.pades.increment import Increment

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
    kind: str | None
    """/FT, inherited where it is: ``/Sig``, ``/Tx``, …"""
    dictionary: DictionaryObject
    widgets: tuple[DictionaryObject, ...]
    """Its widget annotations; the dictionary itself where the two are merged."""

    @property
    def is_signature(self) -> bool:
        """A signature field, filled or not."""
        return self.kind == "/Sig"

    @property
    def signature(self) -> DictionaryObject | None:
        """The signature dictionary of a filled signature field."""
        value = self.dictionary.get("/V")
        return value if self.is_signature and isinstance(value, DictionaryObject) else None


class Form:
    """The letter's form, and what this update adds to it."""

    def __init__(self, increment: Increment) -> None:
        self._increment = increment
        form = increment.catalogue.get("/AcroForm")
        self._form = form if isinstance(form, DictionaryObject) else None
        self._added: list[Reference] = []
        self._taken: set[str] = set()

    @cached_property
    def fields(self) -> tuple[FormField, ...]:
        """All terminal fields, in the order of the form."""
        if self._form is None:
            return ()
        return tuple(_Walk().fields(self._form.get("/Fields"), "", None, 0))

    @cached_property
    def signatures(self) -> tuple[DictionaryObject, ...]:
        """The signature dictionaries of all filled signature fields, document time-stamps included."""
        return tuple(field.signature for field in self.fields if field.signature is not None)

    def empty_signature_field(self, name: str) -> FormField:
        """The signature field of that name.

        Raises `FieldMissing` and `FieldFilled`.
        """
        for field in self.fields:
            if field.name == name and field.is_signature:
                if not isinstance(field.dictionary.get("/V"), generic.NullObject | None):
                    raise FieldFilled(field=name)
                return field
        raise FieldMissing(field=name)

    def new_name(self, wanted: str | None) -> str:
        """``wanted`` if no field has it, or the first free ``esign_<n>``.

        Raises `FieldNameTaken`.
        """
        names = {field.name for field in self.fields} | self._taken
        if wanted is not None:
            if wanted in names or any(name.startswith(wanted + ".") for name in names):
                raise FieldNameTaken(field=wanted)
            self._taken.add(wanted)
            return wanted
        number = 1
        while f"esign_{number}" in names:
            number += 1
        self._taken.add(f"esign_{number}")
        return f"esign_{number}"

    def add(self, field: Reference) -> None:
        """Puts a field at the root of the form."""
        self._added.append(field)

    def write(self) -> None:
        """Puts the form into the update: the added fields, and /SigFlags."""
        increment = self._increment
        form = self._form
        if form is None:
            fields = b" ".join(b"%d %d R" % (each.idnum, each.generation) for each in self._added)
            reference = increment.add(b"<</Fields[%b]/SigFlags %d>>" % (fields, SIGNATURES_EXIST_AND_APPEND_ONLY))
            increment.catalogue[NameObject("/AcroForm")] = IndirectObject(
                reference.idnum, reference.generation, increment.reader
            )
            increment.touch(increment.catalogue)
            return
        self._append_to(form)
        if form.get("/SigFlags") != SIGNATURES_EXIST_AND_APPEND_ONLY:
            form[NameObject("/SigFlags")] = NumberObject(SIGNATURES_EXIST_AND_APPEND_ONLY)
            increment.touch(form)
        if form.get("/NeedAppearances") and not self.signatures and self._has_all_appearances():
            # A viewer that redraws the fields would show something other than what is signed.
            form[NameObject("/NeedAppearances")] = BooleanObject(value=False)
            increment.touch(form)

    def _append_to(self, form: DictionaryObject) -> None:
        if not self._added:
            return
        fields = form.get("/Fields")
        if not isinstance(fields, ArrayObject):
            fields = ArrayObject()
            form[NameObject("/Fields")] = fields
            self._increment.touch(form)
        for each in self._added:
            fields.append(IndirectObject(each.idnum, each.generation, self._increment.reader))
        if fields.container_ref is None:
            fields.container_ref = form.container_ref
        self._increment.touch(fields)

    def _has_all_appearances(self) -> bool:
        return all("/AP" in widget for field in self.fields if not field.is_signature for widget in field.widgets)


class _Walk:
    """A walk down the tree of fields that ends, whatever the tree looks like."""

    def __init__(self) -> None:
        self._seen: set[tuple[int, int]] = set()
        self._count = 0

    def fields(self, nodes: PdfObject | None, prefix: str, kind: str | None, depth: int) -> Iterator[FormField]:
        for node in self._nodes(nodes, depth):
            own = node.get("/T")
            name = prefix + ("." if prefix and own is not None else "") + (str(own) if own is not None else "")
            own_kind = node.get("/FT")
            inherited = str(own_kind) if own_kind is not None else kind
            kids = node.get("/Kids")
            children = [] if kids is None else list(self._peek(kids))
            if any("/T" in child for child in children):
                yield from self.fields(kids, name, inherited, depth + 1)
                continue
            widgets = tuple(children) if children else (node,) if node.get("/Subtype") == "/Widget" else ()
            yield FormField(name, inherited, node, widgets)

    def _nodes(self, nodes: PdfObject | None, depth: int) -> Iterator[DictionaryObject]:
        if depth > MAX_DEPTH:
            raise LetterNotExamined
        if not isinstance(nodes, ArrayObject):
            return
        for index in range(len(nodes)):
            raw = nodes.raw_get(index)
            if isinstance(raw, IndirectObject):
                key = (raw.idnum, raw.generation)
                if key in self._seen:
                    continue
                self._seen.add(key)
            self._count += 1
            if self._count > MAX_FIELDS:
                raise LetterNotExamined
            node = raw.get_object()
            if isinstance(node, DictionaryObject):
                yield node

    def _peek(self, kids: PdfObject) -> Iterator[DictionaryObject]:
        if isinstance(kids, ArrayObject):
            for kid in kids:
                self._count += 1
                if self._count > MAX_FIELDS:
                    raise LetterNotExamined
                node = kid.get_object()
                if isinstance(node, DictionaryObject):
                    yield node
