"""The three updates that a signed letter is made of: a signature, its long-term data, a document time-stamp.

Each is a pure function from the letter's bytes to the bytes to be put behind them (ISO 32000-2, 7.5.6 and 12.8;
ETSI EN 319 142-1). They parse, so the service runs them in a sandbox worker; what they give back is small and needs no
parsing: where the placeholder is, and what is to be digested.
"""

from datetime import datetime, timedelta

from pyhanko.pdf_utils import misc
from pyhanko.pdf_utils.generic import (
    ArrayObject,
    DictionaryObject,
    IndirectObject,
    NameObject,
    NumberObject,
    PdfObject,
    Reference,
)

from esign.errors import LetterAlreadySigned, LetterTruncated
from esign.pades import permissions
from esign.pades.drawing import Drawings, FooterPages
from esign.pades.fields import Form, FormField
from esign.pades.increment import Increment, number_bytes, reference_bytes
from esign.pades.leaves import Pages
from esign.pades.spec import INVISIBLE, ExistingField, FollowerField, NewField, Prepared, Rect, SignatureSpec

WIDGET_FLAGS = 132
"""/F: Print and Locked (ISO 32000-2, table 167); PDF/A wants Print and none that hides."""
BYTE_RANGE_WIDTH = 48
"""Room for ``[0 a c d]`` with offsets of up to thirteen digits, padded with spaces."""


def prepare(pdf: bytes, spec: SignatureSpec) -> Prepared:
    """One signature revision, but for the signature value.

    Raises `LetterTruncated`, `LetterEncrypted`, `LetterWithoutPages` for a letter that can't be used;
    `LetterCertified`, `LetterCertifiedWithoutRoom`, `FieldLocked`, `LetterAlreadySigned` where an earlier signature
    forbids it; `FieldMissing`, `FieldFilled`, `FieldNameTaken`, `FieldDemands` for the field; and `PageOutOfRange`.
    """
    try:
        return _Signature(pdf, spec).prepared()
    except (misc.PdfError, RecursionError) as error:
        raise LetterTruncated(reason="an object that signing needs can't be read") from error


def prepare_document_timestamp(pdf: bytes, contents_size: int) -> Prepared:
    """An update with an invisible document time-stamp field, whose token is to be put into the placeholder.

    ISO 32000-2, 12.8.5; EN 319 142-1, 5.4.3. Allowed after every certification, also one that forbids changes.
    """
    try:
        increment = Increment(pdf)
        form = Form(increment)
        name = form.new_name(None)
        value = _placeholder_value(
            increment, b"/Type/DocTimeStamp/Filter/Adobe.PPKLite/SubFilter/ETSI.RFC3161/V 0", contents_size
        )
        declare_extension(increment)
        widget = _Widgets(increment, Pages(increment.reader)).add(name, 0, INVISIBLE, value=value)
        form.add(widget)
        form.write()
        return _finish(increment, value, name, page=0)
    except (misc.PdfError, RecursionError) as error:
        raise LetterTruncated(reason="an object that a time-stamp needs can't be read") from error


class _Signature:
    def __init__(self, pdf: bytes, spec: SignatureSpec) -> None:
        self.spec = spec
        self.increment = Increment(pdf)
        self.form = Form(self.increment)
        self.pages = Pages(self.increment.reader)
        self.drawings = Drawings(self.increment)
        self.widgets = _Widgets(self.increment, self.pages)

    def prepared(self) -> Prepared:
        spec, increment = self.spec, self.increment
        first = not self.form.signatures
        if spec.followers is not None and not first:
            raise LetterAlreadySigned
        value = increment.reserve()
        field: FormField | None = None
        lock: permissions.FieldLock | None = None
        page: int | None = None
        if isinstance(spec.field, ExistingField):
            field = self.form.empty_signature_field(spec.field.name)
            name = field.name
            permissions.check(self.form.signatures, name, new=False)
            permissions.check_demands(field.dictionary, spec, name)
            own = field.dictionary.get("/Lock")
            lock = permissions.lock_of(own) if isinstance(own, DictionaryObject) else None
        else:
            name = self.form.new_name(spec.field.name)
            permissions.check(self.form.signatures, name, new=True)
            page = spec.field.page
        if spec.followers is not None:
            lock = lock or self._lock_of_others(name, spec.followers)
            for follower in spec.followers:
                self._place(follower)
        if isinstance(spec.field, NewField):
            self._add_field(spec.field, name, value, lock)
        elif field is not None:
            self._fill_field(field, value)
        self._write_value(value, lock)
        if spec.footer is not None and first:
            footer = FooterPages(increment, self.drawings, spec.footer)
            for leaf, geometry in self.pages:
                footer.add_to(leaf, geometry)
        if spec.followers is not None:
            perms = DictionaryObject()
            perms[NameObject("/DocMDP")] = IndirectObject(value.idnum, value.generation, increment.reader)
            increment.catalogue[NameObject("/Perms")] = perms
            increment.touch(increment.catalogue)
        declare_extension(increment)
        self.form.write()
        return _finish(increment, value, name, page=page, certifies=spec.followers is not None)

    def _place(self, follower: FollowerField) -> None:
        """Makes the empty field of one who signs later, or sees that it is there."""
        if follower.rect is None:
            self.form.empty_signature_field(follower.name)
            return
        name = self.form.new_name(follower.name)
        self.form.add(self.widgets.add(name, follower.page, follower.rect, appearance=self.drawings.empty_form()))

    def _lock_of_others(self, name: str, followers: tuple[FollowerField, ...]) -> permissions.FieldLock | None:
        """A lock on every field that stands in the form now, but those of the followers and the signer's own."""
        free = {name, *(follower.name for follower in followers)}
        others = tuple(field.name for field in self.form.fields if field.name not in free and field.name)
        return permissions.FieldLock("/Include", others) if others else None

    def _add_field(self, field: NewField, name: str, value: Reference, lock: permissions.FieldLock | None) -> None:
        extra = b"" if lock is None else b"/Lock %b"
        lock_reference = None if lock is None else self.increment.reserve()
        if lock is not None and lock_reference is not None:
            body = b"<</Type/SigFieldLock%b>>" % _lock_entries(self.increment, lock, lock_reference)
            self.increment.put(lock_reference, body)
            extra %= reference_bytes(lock_reference)
        rotate = self.pages.geometry(field.page).rotate
        form = self._appearance(rotate)
        self.form.add(self.widgets.add(name, field.page, field.rect, value=value, appearance=form, extra=extra))

    def _fill_field(self, field: FormField, value: Reference) -> None:
        dictionary = field.dictionary
        reader = self.increment.reader
        dictionary[NameObject("/V")] = IndirectObject(value.idnum, value.generation, reader)
        self.increment.touch(dictionary)
        if not field.widgets:
            return
        widget = field.widgets[0]
        form = self._appearance(self.pages.rotation_of(widget))
        appearance = DictionaryObject()
        appearance[NameObject("/N")] = IndirectObject(form.idnum, form.generation, reader)
        widget[NameObject("/AP")] = appearance
        flags = widget.get("/F", 0)
        widget[NameObject("/F")] = NumberObject((int(flags) if isinstance(flags, int) else 0) | WIDGET_FLAGS)
        self.increment.touch(widget)

    def _appearance(self, rotate: int) -> Reference:
        if self.spec.appearance is None:
            return self.drawings.empty_form()
        return self.drawings.form(self.spec.appearance, rotate)

    def _write_value(self, value: Reference, lock: permissions.FieldLock | None) -> None:
        spec, increment = self.spec, self.increment
        entries = [b"/Type/Sig/Filter/Adobe.PPKLite/SubFilter/ETSI.CAdES.detached"]
        entries.append(b"/M%b" % increment.text(pdf_date(spec.signed_at), value))
        for key, text in (
            (b"Name", spec.name),
            (b"Reason", spec.reason),
            (b"Location", spec.location),
            (b"ContactInfo", spec.contact),
        ):
            if text:
                entries.append(b"/%b%b" % (key, increment.text(text, value)))
        references = []
        if spec.followers is not None:
            references.append(
                b"<</Type/SigRef/TransformMethod/DocMDP/TransformParams<</Type/TransformParams/V/1.2/P 2>>>>"
            )
        if lock is not None:
            references.append(
                b"<</Type/SigRef/TransformMethod/FieldMDP/Data %b/TransformParams<</Type/TransformParams/V/1.2%b>>>>"
                % (reference_bytes(increment.catalogue_reference), _lock_entries(increment, lock, value))
            )
        if references:
            entries.append(b"/Reference[%b]" % b"".join(references))
        _put_placeholder(increment, value, b"".join(entries), spec.contents_size)


class _Widgets:
    """Makes signature fields that are their own widget, on pages of the letter."""

    def __init__(self, increment: Increment, pages: Pages) -> None:
        self._increment = increment
        self._pages = pages

    def add(
        self,
        name: str,
        page: int,
        rect: Rect,
        *,
        value: Reference | None = None,
        appearance: Reference | None = None,
        extra: bytes = b"",
    ) -> Reference:
        """A field with that name, rectangle and value, in the page's /Annots; to be added to the form."""
        increment = self._increment
        leaf = self._pages.leaf(page)
        field = increment.reserve()
        entries = [b"/Type/Annot/Subtype/Widget/FT/Sig/T%b/F %d" % (increment.text(name, field), WIDGET_FLAGS)]
        entries.append(b"/Rect[%b]" % b" ".join(number_bytes(each) for each in rect))
        entries.append(b"/P %b" % reference_bytes(self._pages.reference(page)))
        rotate = self._pages.geometry(page).rotate
        if rotate and rect != INVISIBLE:
            entries.append(b"/MK<</R %d>>" % rotate)
        if value is not None:
            entries.append(b"/V %b" % reference_bytes(value))
        if appearance is not None:
            entries.append(b"/AP<</N %b>>" % reference_bytes(appearance))
        increment.put(field, b"<<%b%b>>" % (b"".join(entries), extra))
        self._annotate(leaf, field)
        return field

    def _annotate(self, page: DictionaryObject, field: Reference) -> None:
        """Appends to /Annots, as an array of the page's own: a shared one would show the stamp on every sharer."""
        old = page.get("/Annots")
        own = ArrayObject(self._indirect(each) for each in (old if isinstance(old, ArrayObject) else ()))
        own.append(IndirectObject(field.idnum, field.generation, self._increment.reader))
        page[NameObject("/Annots")] = own
        self._increment.touch(page)

    def _indirect(self, annotation: PdfObject) -> PdfObject:
        """An annotation that stands in the array itself becomes an object of its own, as readers of changes expect."""
        if isinstance(annotation, IndirectObject):
            return annotation
        reference = self._increment.reserve()
        self._increment.put(reference, self._increment.serialise(annotation, reference))
        return IndirectObject(reference.idnum, reference.generation, self._increment.reader)


def pdf_date(moment: datetime) -> str:
    """``D:20260103084700+07'00'`` (ISO 32000-2, 7.9.4). The moment must be aware."""
    offset = moment.utcoffset()
    if offset is None:
        raise ValueError("the time of signing needs a zone")
    sign, minutes = ("-", -offset) if offset < timedelta(0) else ("+", offset)
    hours, rest = divmod(int(minutes.total_seconds()) // 60, 60)
    return moment.strftime("D:%Y%m%d%H%M%S") + f"{sign}{hours:02}'{rest:02}'"


def _lock_entries(increment: Increment, lock: permissions.FieldLock, container: Reference) -> bytes:
    if lock.action == "/All":
        return b"/Action/All"
    names = b"".join(increment.text(name, container) for name in lock.names)
    return b"/Action%b/Fields[%b]" % (lock.action.encode(), names)


def declare_extension(increment: Increment) -> None:
    """Names ETSI's extension (ISO 32000-2, 7.12) in a letter of a version before 2.0, which doesn't know PAdES."""
    catalogue = increment.catalogue
    version = increment.reader.input_version
    if version >= (2, 0):
        return
    extensions = catalogue.get("/Extensions")
    if isinstance(extensions, DictionaryObject) and "/ESIC" in extensions:
        return
    if not isinstance(extensions, DictionaryObject):
        extensions = DictionaryObject()
        extensions.container_ref = catalogue.container_ref
        catalogue[NameObject("/Extensions")] = extensions
    extension = DictionaryObject()
    extension[NameObject("/BaseVersion")] = NameObject("/1.7")
    extension[NameObject("/ExtensionLevel")] = NumberObject(1)
    extensions[NameObject("/ESIC")] = extension
    increment.touch(extensions)


_GAP = b"/Contents<"


def _placeholder_value(increment: Increment, entries: bytes, contents_size: int) -> Reference:
    value = increment.reserve()
    _put_placeholder(increment, value, entries, contents_size)
    return value


def _put_placeholder(increment: Increment, value: Reference, entries: bytes, contents_size: int) -> None:
    """The dictionary with room for /ByteRange and /Contents, which are never encrypted (ISO 32000-2, 7.6.2)."""
    body = b"<<%b/ByteRange%b%b%b>>>" % (entries, b" " * BYTE_RANGE_WIDTH, _GAP, b"0" * (2 * contents_size))
    increment.put(value, body)


def _finish(
    increment: Increment, value: Reference, name: str, *, page: int | None, certifies: bool = False
) -> Prepared:
    """Writes the update and fills in the ByteRange: the whole file but ``<…>`` of the placeholder."""
    appended = increment.finish()
    start = appended.offsets[value.idnum, value.generation] - increment.length
    end = appended.data.index(b"\nendobj\n", start)
    opening = appended.data.rindex(_GAP, start, end) + len(_GAP) - 1
    closing = appended.data.index(b">", opening, end) + 1
    total = len(appended.data)
    byte_range = (0, increment.length + opening, increment.length + closing, total - closing)
    written = (b"[%d %d %d %d]" % byte_range).ljust(BYTE_RANGE_WIDTH)
    at = opening + 1 - len(_GAP) - BYTE_RANGE_WIDTH
    data = b"".join((appended.data[:at], written, appended.data[at + BYTE_RANGE_WIDTH :]))
    return Prepared(data, byte_range, name, page, certifies)
