"""The three updates that a signed letter is made of: a signature, its long-term data, a document time-stamp.

Each is a pure function from the letter's bytes to the bytes to be put behind them (ISO 32000-2, 7.5.6 and 12.8;
ETSI EN 319 142-1). They parse, so the service runs them in a sandbox worker; what they give back is small and needs no
parsing: where the placeholder is, and what is to be digested.
"""

from datetime import datetime, timedelta

from esign.errors import LetterAlreadySigned, LetterTruncated
from esign.pades import permissions
from esign.pades.appearance import gray
from esign.pades.drawing import Drawings, FooterPages
from esign.pades.fields import Form, FormField
from esign.pades.increment import Increment
from esign.pades.leaves import Pages
from esign.pades.serialise import name_bytes, numbers_bytes, reference_bytes
from esign.pades.spec import INVISIBLE, ExistingField, FollowerField, NewField, Prepared, Rect, SignatureSpec
from esign.pdf.filters import decode
from esign.pdf.syntax import Name, Object, PdfDict, PdfSyntaxError, Ref, Stream

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
    except (PdfSyntaxError, RecursionError) as error:
        raise LetterTruncated(reason=str(error)) from error


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
        appearance = Drawings(increment).empty_form()
        widget = Widgets(increment, Pages(increment)).add(name, 0, INVISIBLE, value=value, appearance=appearance)
        form.add(widget)
        form.write()
        return _finish(increment, value, name, page=0)
    except (PdfSyntaxError, RecursionError) as error:
        raise LetterTruncated(reason=str(error)) from error


class _Signature:
    def __init__(self, pdf: bytes, spec: SignatureSpec) -> None:
        self.spec = spec
        self.increment = Increment(pdf)
        self.form = Form(self.increment)
        self.pages = Pages(self.increment)
        self.drawings = Drawings(self.increment)
        self.widgets = Widgets(self.increment, self.pages)

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
            permissions.check(increment, self.form.signatures, name, new=False)
            permissions.check_demands(increment, field.dictionary, spec, name)
            own = increment.dictionary(field.dictionary.get("Lock"))
            lock = permissions.read_lock(increment, own) if own else None
        else:
            name = self.form.new_name(spec.field.name)
            permissions.check(increment, self.form.signatures, name, new=True)
            page = spec.field.page
        if spec.followers is not None:
            lock = lock or self._lock_of_others(name, spec.followers)
            for follower in spec.followers:
                self.widgets.add_follower(self.form, self.drawings, follower)
        if lock is not None and first:
            self._repeat_appearances(lock)
        if isinstance(spec.field, NewField):
            self._add_field(spec.field, name, value, lock)
        elif field is not None:
            self._fill_field(field, value)
        self._write_value(value, lock)
        if spec.footer is not None and first:
            footer = FooterPages(increment, self.pages, self.drawings, spec.footer)
            for leaf in self.pages:
                footer.add_to(leaf)
        if spec.followers is not None:
            permissions_entry = increment.edit_entry(increment.edit_dictionary(increment.catalogue_reference), "Perms")
            permissions_entry["DocMDP"] = value
        declare_extension(increment)
        self.form.write()
        return _finish(increment, value, name, page=page, certifies=spec.followers is not None)

    def _lock_of_others(self, name: str, followers: tuple[FollowerField, ...]) -> permissions.FieldLock | None:
        """A lock on every field that stands in the form now, but those of the followers and the signer's own."""
        free = {name, *(follower.name for follower in followers)}
        others = tuple(field.name for field in self.form.fields if field.name not in free and field.name)
        return permissions.FieldLock("Include", others) if others else None

    def _repeat_appearances(self, lock: permissions.FieldLock) -> None:
        """Writes the pictures of locked fields into the signed revision once more, as they are.

        pyHanko (0.38, ``_allow_in_place_appearance_update``) takes a picture that is older than the signed revision for
        one that was changed after it, and so calls the signature that locks the field broken.
        """
        for field in self.form.fields:
            pictures = self.increment.dictionary(field.dictionary.get("AP")) if lock.covers(field.name) else PdfDict()
            for key in ("N", "R", "D"):
                reference = self.increment.target(pictures.get(key))
                if reference is not None and isinstance(self.increment.resolve(reference), Stream):
                    self.increment.repeat(reference)

    def _add_field(self, field: NewField, name: str, value: Ref, lock: permissions.FieldLock | None) -> None:
        extra = b""
        if lock is not None:
            reference = self.increment.reserve()
            self.increment.put(reference, b"<</Type/SigFieldLock%b>>" % _lock_entries(self.increment, lock, reference))
            extra = b"/Lock %b" % reference_bytes(reference)
        rotate = self.pages.geometry(self.pages[field.page]).rotate
        form = self._appearance(rotate)
        self.form.add(self.widgets.add(name, field.page, field.rect, value=value, appearance=form, extra=extra))

    def _fill_field(self, field: FormField, value: Ref) -> None:
        """Puts the signature into a field that stands ready, and its picture into the field's widget."""
        self.increment.edit_dictionary(field.reference)["V"] = value
        if not field.widgets:
            return
        widget = self.increment.edit_dictionary(field.widgets[0])
        # Without a stamp, what an earlier signature showed there stays: the white paper over a follower's tag.
        if self.spec.appearance is not None or not self.form.signatures or "AP" not in widget:
            self._use_gray_of(widget)
            appearance = PdfDict()
            appearance["N"] = self._appearance(self.pages.rotation_of(field.widgets[0]))
            widget["AP"] = appearance
        flags = self.increment.resolve(widget.get("F"))
        widget["F"] = (flags if isinstance(flags, int) else 0) | WIDGET_FLAGS

    def _use_gray_of(self, widget: PdfDict) -> None:
        """Has the stamp name the profile of gray that the field's white paper names, so that only its content differs.

        EU DSS calls it a deletion when another object of the same profile takes the place of the one there was.
        """
        increment = self.increment
        picture = increment.resolve(increment.dictionary(widget.get("AP")).get("N"))
        if not isinstance(picture, Stream):
            return
        spaces = increment.dictionary(increment.dictionary(picture.dictionary.get("Resources")).get("ColorSpace"))
        named = increment.array(spaces.get("DefaultGray"))
        profile = named[1] if len(named) == 2 and named[0] == "ICCBased" else None
        stream = increment.stream_data(profile)
        if isinstance(profile, Ref) and stream is not None and _is_gray(*stream):
            self.drawings.use_gray(profile)

    def _appearance(self, rotate: int) -> Ref:
        if self.spec.appearance is None:
            return self.drawings.empty_form()
        return self.drawings.form(self.spec.appearance, rotate)

    def _write_value(self, value: Ref, lock: permissions.FieldLock | None) -> None:
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


class Widgets:
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
        value: Ref | None = None,
        appearance: Ref | None = None,
        extra: bytes = b"",
    ) -> Ref:
        """A field with that name, rectangle and value, in the page's /Annots; to be added to the form."""
        increment = self._increment
        leaf = self._pages[page]
        field = increment.reserve()
        entries = [b"/Type/Annot/Subtype/Widget/FT/Sig/T%b/F %d" % (increment.text(name, field), WIDGET_FLAGS)]
        entries.append(b"/Rect[%b]/P %b" % (numbers_bytes(rect), reference_bytes(leaf)))
        rotate = self._pages.geometry(leaf).rotate
        if rotate and rect != INVISIBLE:
            entries.append(b"/MK<</R %d>>" % rotate)
        if value is not None:
            entries.append(b"/V %b" % reference_bytes(value))
        if appearance is not None:
            entries.append(b"/AP<</N %b>>" % reference_bytes(appearance))
        increment.put(field, b"<<%b%b>>" % (b"".join(entries), extra))
        self._annotate(leaf, field)
        return field

    def add_follower(self, form: Form, drawings: Drawings, follower: FollowerField) -> None:
        """Makes the empty field of one who signs later, or sees that it is there. Raises `FieldMissing`, `FieldFilled`.

        `FieldNameTaken` and `PageOutOfRange` where it is to be made and can't be.
        """
        if follower.rect is None:
            form.empty_signature_field(follower.name)
            return
        name = form.new_name(follower.name)
        geometry = self._pages.geometry(self._pages[follower.page])
        box = geometry.to_displayed(follower.rect)
        paper = drawings.blank_form(box.width, box.height, geometry.rotate)
        form.add(self.add(name, follower.page, follower.rect, appearance=paper))

    def _annotate(self, page: Ref, field: Ref) -> None:
        """Appends to /Annots, as an array of the page's own: a shared one would show the stamp on every sharer."""
        own = self._increment.edit_dictionary(page)
        annotations: list[Object] = [self._indirect(each) for each in self._increment.array(own.get("Annots"))]
        own["Annots"] = [*annotations, field]

    def _indirect(self, annotation: Object) -> Object:
        """An annotation that stands in the array itself becomes an object of its own, as readers of changes expect."""
        return annotation if isinstance(annotation, Ref) else self._increment.add_value(annotation)


def pdf_date(moment: datetime) -> str:
    """``D:20260103084700+07'00'`` (ISO 32000-2, 7.9.4). The moment must be aware."""
    offset = moment.utcoffset()
    if offset is None:
        raise ValueError("the time of signing needs a zone")
    sign, minutes = ("-", -offset) if offset < timedelta(0) else ("+", offset)
    hours, rest = divmod(int(minutes.total_seconds()) // 60, 60)
    return moment.strftime("D:%Y%m%d%H%M%S") + f"{sign}{hours:02}'{rest:02}'"


def _is_gray(dictionary: PdfDict, raw: bytes) -> bool:
    try:
        return decode(raw, dictionary) == gray()
    except PdfSyntaxError:
        return False


def _lock_entries(increment: Increment, lock: permissions.FieldLock, container: Ref) -> bytes:
    if lock.action == "All":
        return b"/Action/All"
    names = b"".join(increment.text(name, container) for name in lock.names)
    return b"/Action%b/Fields[%b]" % (name_bytes(lock.action), names)


def declare_extension(increment: Increment) -> None:
    """Names ETSI's extension (ISO 32000-2, 7.12) in a letter of a version before 2.0, which doesn't know PAdES."""
    if increment.version >= (2, 0) or "ESIC" in increment.dictionary(increment.catalogue.get("Extensions")):
        return
    extension = PdfDict()
    extension["BaseVersion"] = Name("1.7")
    extension["ExtensionLevel"] = 1
    increment.edit_entry(increment.edit_dictionary(increment.catalogue_reference), "Extensions")["ESIC"] = extension


_GAP = b"/Contents<"


def _placeholder_value(increment: Increment, entries: bytes, contents_size: int) -> Ref:
    value = increment.reserve()
    _put_placeholder(increment, value, entries, contents_size)
    return value


def _put_placeholder(increment: Increment, value: Ref, entries: bytes, contents_size: int) -> None:
    """The dictionary with room for /ByteRange and /Contents, which are never encrypted (ISO 32000-2, 7.6.2)."""
    body = b"<<%b/ByteRange%b%b%b>>>" % (entries, b" " * BYTE_RANGE_WIDTH, _GAP, b"0" * (2 * contents_size))
    increment.put(value, body)


def _finish(increment: Increment, value: Ref, name: str, *, page: int | None, certifies: bool = False) -> Prepared:
    """Writes the update and fills in the ByteRange: the whole file but ``<…>`` of the placeholder."""
    appended = increment.finish()
    start = appended.offsets[value] - increment.length
    end = appended.data.index(b"\nendobj\n", start)
    opening = appended.data.rindex(_GAP, start, end) + len(_GAP) - 1
    closing = appended.data.index(b">", opening, end) + 1
    total = len(appended.data)
    byte_range = (0, increment.length + opening, increment.length + closing, total - closing)
    written = (b"[%d %d %d %d]" % byte_range).ljust(BYTE_RANGE_WIDTH)
    at = opening + 1 - len(_GAP) - BYTE_RANGE_WIDTH
    data = b"".join((appended.data[:at], written, appended.data[at + BYTE_RANGE_WIDTH :]))
    return Prepared(data, byte_range, name, page, certifies)
