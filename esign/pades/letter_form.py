"""The interactive form of a letter as far as signing needs it: its fields' names, signature fields and signatures."""

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO

from pyhanko.pdf_utils.generic import IndirectObject
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import enumerate_sig_fields

from esign.pdf.encryption import PYHANKO_RAISES
from esign.pdf.geometry import Box
from esign.pdf.pages import PageTree
from esign.pdf.revisions import View
from esign.pdf.signatures import (
    MAX_FIELD_DEPTH,
    MAX_FIELDS,
    SignatureField,
    signature_fields,
    text_of,
)
from esign.pdf.syntax import Object, PdfDict, PdfString, PdfSyntaxError, Ref


@dataclass(frozen=True)
class SignaturePlace:
    """A signature field (ISO 32000-2, 12.7.5.5)."""

    name: str
    """Fully qualified."""
    page: int | None
    """The page of its first widget, from 1; None where it has none."""
    box: Box | None
    """Where that widget is shown, in displayed space; None for an invisible one."""
    filled: bool
    lock: str | None
    """Which fields signing it locks: ``All``, ``Include`` or ``Exclude``; None for none."""


@dataclass(frozen=True)
class SignatureInLetter:
    """A signature, or a document time-stamp, that a field of the letter holds."""

    field: str
    is_timestamp: bool
    sub_filter: str | None
    permission: int | None
    """/P of its DocMDP transform; None where it doesn't certify."""


@dataclass(frozen=True)
class LetterForm:
    """What a letter's form holds."""

    exists: bool
    names: tuple[str, ...] = ()
    fields: tuple[SignaturePlace, ...] = ()
    signatures: tuple[SignatureInLetter, ...] = ()
    permission: int | None = None
    """The least that any certification in the letter allows."""


def read_form(view: View, tree: PageTree, *, encrypted: bool) -> LetterForm:
    """The form of an unlocked letter. Raises ``PdfSyntaxError`` for a damaged one."""
    form = view.resolve(view.catalogue.get("AcroForm"))
    if not isinstance(form, PdfDict):
        return LetterForm(exists=False, permission=_certified(view))
    found = signature_fields(view)
    names = _decrypted_names(view.file.data) if encrypted else {}
    places = tuple(_place(view, tree, field, names) for field in found)
    signatures = tuple(_signatures(view, found, places))
    permissions = [given for given in (_certified(view), *(one.permission for one in signatures)) if given is not None]
    return LetterForm(
        exists=True,
        names=tuple(names.values()) if encrypted else tuple(dict.fromkeys(_names(view, form))),
        fields=places,
        signatures=signatures,
        permission=min(permissions, default=None),
    )


def _signatures(
    view: View, fields: list[SignatureField], places: tuple[SignaturePlace, ...]
) -> Iterator[SignatureInLetter]:
    """What the filled ones hold."""
    for field, place in zip(fields, places, strict=True):
        if place.filled:
            value = view.dictionary(field.value)
            yield SignatureInLetter(
                field=place.name,
                is_timestamp="DocTimeStamp" in (view.name(value.get("Type")), _transform(view, value)),
                sub_filter=view.name(value.get("SubFilter")),
                permission=_permission(view, value),
            )


def _transform(view: View, value: PdfDict) -> str | None:
    """``DocTimeStamp`` for a time-stamp that doesn't say its /Type."""
    return "DocTimeStamp" if view.name(value.get("SubFilter")) == "ETSI.RFC3161" else None


def _place(view: View, tree: PageTree, field: SignatureField, names: dict[int, str]) -> SignaturePlace:
    """Where a field is, and in what state."""
    page, box = None, None
    if field.widgets:
        reference, widget = field.widgets[0]
        page = _page_of(view, tree, reference, widget)
        rectangle = [view.resolve(item) for item in view.array(widget.get("Rect"))]
        sides = [float(side) for side in rectangle if isinstance(side, int | float)]
        if page is not None and len(sides) == 4:
            shown = tree[page].geometry.to_displayed(sides)
            box = shown if shown.width > 0 and shown.height > 0 else None
    lock = view.resolve(field.dictionary.get("Lock"))
    return SignaturePlace(
        name=names.get(field.reference.number, field.name) if field.reference else field.name,
        page=page,
        box=box,
        filled=view.resolve(field.value) is not None,
        lock=(view.name(lock.get("Action")) or "All") if isinstance(lock, PdfDict) else None,
    )


def _page_of(view: View, tree: PageTree, reference: Ref | None, widget: PdfDict) -> int | None:
    """The page that shows a widget: the one that it names, or else the one that lists it."""
    references = tree.references()
    if widget.get("P") in references:
        return references.index(widget["P"]) + 1
    for page in tree:
        if reference is not None and reference in view.array(page.dictionary.get("Annots")):
            return page.number
    return None


def _certified(view: View) -> int | None:
    """What the certification that the catalogue names (/Perms, 12.8.6) allows."""
    permissions = view.dictionary(view.catalogue.get("Perms"))
    if view.resolve(permissions.get("DocMDP")) is None:
        return None
    stated = _permission(view, view.dictionary(permissions["DocMDP"]))
    return 2 if stated is None else stated


def _permission(view: View, signature: PdfDict) -> int | None:
    """/P of a signature's DocMDP transform, 2 where it says none, None where it has no such transform."""
    stated: list[int] = []
    for item in view.array(signature.get("Reference")):
        reference = view.dictionary(item)
        if view.name(reference.get("TransformMethod")) == "DocMDP":
            allowed = view.resolve(view.dictionary(reference.get("TransformParams")).get("P", 2))
            stated.append(allowed if isinstance(allowed, int) else 1)
    return min(stated, default=None)


def _names(view: View, form: PdfDict) -> Iterator[str]:
    """The fully qualified names of all fields, of those above others too."""
    seen: set[int] = set()
    pending: list[tuple[Object, str, int]] = [(node, "", 0) for node in view.array(form.get("Fields"))]
    count = 0
    while pending:
        node, prefix, depth = pending.pop()
        count += 1
        if count > MAX_FIELDS or depth > MAX_FIELD_DEPTH:
            raise PdfSyntaxError("the form has too many fields")
        if isinstance(node, Ref):
            if node.number in seen:
                continue
            seen.add(node.number)
        field = view.dictionary(node)
        partial = view.resolve(field.get("T"))
        if not isinstance(partial, PdfString):
            continue
        name = f"{prefix}.{text_of(partial.value)}" if prefix else text_of(partial.value)
        yield name
        pending.extend((kid, name, depth + 1) for kid in view.array(field.get("Kids")))


def _decrypted_names(pdf: bytes) -> dict[int, str]:
    """The names of the signature fields of an encrypted letter, by object number: its strings are encrypted too."""
    try:
        reader = PdfFileReader(BytesIO(pdf), strict=False)
        reader.decrypt(b"")
        return {
            reference.idnum: name
            for name, _, reference in enumerate_sig_fields(reader)
            if isinstance(reference, IndirectObject)
        }
    except PYHANKO_RAISES as error:
        raise PdfSyntaxError("the form of the encrypted file can't be read") from error
