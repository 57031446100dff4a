"""Every signature dictionary and signature field of a file, found by a walk of our own.

None is dropped: not for an unknown /SubFilter, a missing /Type, a field that shows up twice or nowhere, a
dictionary that only an older revision reaches, or one that no cross-reference reaches at all.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from heapq import merge

from esign.pdf.revisions import ObjectStream, PdfFile, Place, View
from esign.pdf.syntax import (
    IndirectObject,
    Name,
    Object,
    PdfDict,
    PdfString,
    PdfSyntaxError,
    Ref,
    Stream,
    dictionaries,
    read_header,
)
from esign.pdf.text_strings import decoded
from esign.pdf.xref import Section

MAX_SIGNATURES = 512
"""How many signature dictionaries one file may hold; more are an attack on whoever examines them."""
MAX_FIELDS = 20_000
MAX_FIELD_DEPTH = 32


class TooManySignaturesError(PdfSyntaxError):
    """More than `MAX_SIGNATURES`."""


@dataclass(frozen=True)
class SignatureField:
    """A signature field (12.7.5.5) as one view shows it."""

    name: str
    """The fully qualified name."""
    reference: Ref | None
    """None where the field stands directly in an array."""
    dictionary: PdfDict
    value: Object
    """/V as written."""
    widgets: tuple[tuple[Ref | None, PdfDict], ...]
    """The field's widget annotations (the field itself where both are one)."""


@dataclass(frozen=True)
class FoundSignature:
    """A signature dictionary (12.8.1), wherever it was found."""

    place: Place
    """The object that holds it."""
    number: int
    """Its object's number; 0 where it couldn't be read."""
    generation: int
    dictionary: PdfDict
    compressed: bool
    """It stands in an object stream, where no ByteRange can enclose its /Contents."""
    referenced: bool
    """Some cross-reference of the file leads to it."""
    unreadable: bool = False
    """What stands there looks like a signature dictionary and can't be read."""

    @property
    def sub_filter(self) -> str | None:
        """/SubFilter as a name, or None."""
        value = self.dictionary.get("SubFilter")
        return str(value) if isinstance(value, Name) else None

    @property
    def contents(self) -> PdfString | None:
        """/Contents where it is a string standing in the dictionary itself."""
        value = self.dictionary.get("Contents")
        return value if isinstance(value, PdfString) else None

    @property
    def identity(self) -> tuple[Place, int]:
        """What tells it from all others: its object and, within it, its dictionary."""
        return (self.place, self.dictionary.start)


def _escapable(name: bytes) -> bytes:
    """A pattern for a name any of whose characters may be written as ``#xx``."""
    characters = (f"(?:{chr(code)}|#(?i:{code:02x}))".encode() for code in name)
    return b"".join(characters)


_MARK = re.compile(
    rb"/(?:"
    + b"|".join(_escapable(name) for name in (b"ByteRange", b"SubFilter", b"DocTimeStamp", b"Sig"))
    + rb")(?=[\0\t\n\f\r ()<>\[\]{}/%])"
)
_BYTE_RANGE = re.compile(rb"/" + _escapable(b"ByteRange") + rb"(?=[\0\t\n\f\r \[<(/])")
_MESSAGE = re.compile(
    rb"<[\0\t\n\f\r ]*30(?:80|[0-7][0-9A-Fa-f]|81[0-9A-Fa-f]{2}|82[0-9A-Fa-f]{4}|83[0-9A-Fa-f]{6}|84[0-9A-Fa-f]{8})"
    rb"06092[Aa]864886[Ff]70[Dd]010702"
)
"""A hexadecimal string that holds a CMS SignedData (RFC 5652, 5.1): a signature value, whatever stands around it."""
_SIGNED_DATA = re.compile(
    rb"\x30(?:\x80|[\0-\x7f]|\x81.|\x82..|\x83...|\x84....)\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02", re.DOTALL
)
_ENCRYPTION = ("adbe.pkcs7.s3", "adbe.pkcs7.s4", "adbe.pkcs7.s5")
"""Sub-filters of encryption for holders of certificates (7.6.5), which sign nothing."""
_TYPE = re.compile(rb"/Type[\0\t\n\f\r ]*$")
_OBJECT = re.compile(rb"(\d{1,10})[\0\t\n\f\r ]+(\d{1,5})[\0\t\n\f\r ]+obj")


def is_signature_dictionary(value: PdfDict) -> bool:
    """Whether a dictionary is, or pretends to be, a signature dictionary, or holds what only such a one holds."""
    if value.get("Type") in ("Sig", "DocTimeStamp") or "ByteRange" in value:
        return True
    contents = value.get("Contents")
    if isinstance(contents, PdfString) and _SIGNED_DATA.match(contents.value):
        return True
    name = value.get("SubFilter")
    return isinstance(name, Name) and name not in _ENCRYPTION and value.get("Type") != "SV" and "Filter" in value


def find_signatures(file: PdfFile, views: list[View]) -> list[FoundSignature]:
    """All signature dictionaries of a file, in the order of the file.

    ``views`` are further walked for fields whose value is a dictionary without any of a signature's marks.
    Raises `TooManySignaturesError`.
    """
    found: dict[tuple[Place, int], FoundSignature] = {}

    def add(item: FoundSignature) -> None:
        found.setdefault(item.identity, item)
        if len(found) > MAX_SIGNATURES:
            raise TooManySignaturesError(f"more than {MAX_SIGNATURES} signature dictionaries")

    sections = list(_all_sections(file))
    for item in _in_plain_objects(file, sections):
        add(item)
    for item in _in_object_streams(file, sections):
        add(item)
    for view in views:
        for field in signature_fields(view):
            value = value_of_field(view, field)
            if value is not None:
                add(value)
    return sorted(found.values(), key=lambda item: (item.place, item.dictionary.start))


def _all_sections(file: PdfFile) -> Iterator[Section]:
    """Every section that any startxref of the file leads to, each once, hybrid streams included."""
    seen: set[int] = set()
    for end in reversed(file.ends):
        following: Object = end.xref
        while isinstance(following, int) and following not in seen:
            seen.add(following)
            try:
                section = file.section(following)
            except PdfSyntaxError:
                break
            yield section
            if section.hybrid is not None:
                yield section.hybrid
            following = section.previous


def _in_plain_objects(file: PdfFile, sections: list[Section]) -> Iterator[FoundSignature]:
    offsets = sorted({entry.first for section in sections for entry in section.entries.values() if entry.kind == 1})
    lengths = _Lengths(file, sections)
    done: set[int] = set()
    past = strays = 0
    for at in _marks(file.data):
        if at < past:
            continue
        index = bisect_right(offsets, at) - 1
        owner = offsets[index] if index >= 0 else None
        item: IndirectObject | None = None
        broken = False
        if owner is not None:
            try:
                item = file.object_at(owner, lengths)
            except PdfSyntaxError:
                broken = True
        referenced = item is not None and at < item.end
        if item is not None and referenced and item.repaired and (inner := _stray_object(file, at)) is not None:
            referenced = inner.start == item.start  # else it stands behind a stream whose end was lost
        if not referenced:
            strays += 1
            if strays > MAX_SIGNATURES:
                raise TooManySignaturesError(f"more than {MAX_SIGNATURES} stray signature dictionaries")
            item = _stray_object(file, at)
        if item is None:
            if broken or _tells_of_signature(file.data, at):
                header = read_header(file.data, owner) if broken and owner is not None else None
                number, generation, _ = header or (0, 0, 0)
                place = (owner or at, -1) if broken else (at, -1)
                yield FoundSignature(
                    place, number, generation, PdfDict(-1, -1), compressed=False, referenced=broken, unreadable=True
                )
            continue
        if item.start in done:
            continue
        done.add(item.start)
        value = item.value
        if isinstance(value, Stream):
            past = value.data_start if item.repaired else value.data_end or item.end
            value = value.dictionary
        else:
            past = item.end
        for dictionary in dictionaries(value):
            if is_signature_dictionary(dictionary):
                place = (owner if referenced and owner is not None else item.start, -1)
                yield FoundSignature(
                    place, item.number, item.generation, dictionary, compressed=False, referenced=referenced
                )


def _marks(data: bytes) -> Iterator[int]:
    """Where something stands that a signature dictionary may have, in the order of the file."""
    return merge(*((match.start() for match in pattern.finditer(data)) for pattern in (_MARK, _MESSAGE)))


def _tells_of_signature(data: bytes, at: int) -> bool:
    """Whether a mark tells of a signature dictionary even where none can be read around it."""
    return any(pattern.match(data, at) for pattern in (_BYTE_RANGE, _MESSAGE)) or bool(
        _TYPE.search(data, max(0, at - 16), at)
    )


class _Lengths:
    """Resolves an indirect /Length without a view: the newest row that leads to a number."""

    def __init__(self, file: PdfFile, sections: list[Section]) -> None:
        self.file = file
        self.sections = sections

    def __call__(self, reference: Ref) -> Object:
        for section in self.sections:
            entry = section.entries.get(reference.number)
            if entry is not None and entry.kind == 1 and entry.first:
                try:
                    value = self.file.object_at(entry.first).value
                except PdfSyntaxError:
                    continue
                if isinstance(value, int):
                    return value
        return None


def _stray_object(file: PdfFile, position: int) -> IndirectObject | None:
    """The object around a position that no cross-reference leads to, or None."""
    nearest = None
    for match in _OBJECT.finditer(file.data, max(0, position - 65536), position):
        nearest = match
    if nearest is None:
        return None
    try:
        item = file.object_at(nearest.start())
    except PdfSyntaxError:
        return None
    return item if item.start <= position < item.end else None


def _in_object_streams(file: PdfFile, sections: list[Section]) -> Iterator[FoundSignature]:
    containers: dict[int, int] = {}
    for section in sections:
        for entry in section.entries.values():
            if entry.kind == 2 and entry.first not in containers:
                row = next((s.entries[entry.first] for s in sections if entry.first in s.entries), None)
                if row is not None and row.kind == 1:
                    containers[entry.first] = row.first
    for offset in sorted(set(containers.values())):
        try:
            stream = file.object_stream(offset, _Lengths(file, sections))
        except PdfSyntaxError:
            continue
        if _MARK.search(stream.data) or _MESSAGE.search(stream.data):
            yield from _in_one_stream(stream, offset)


def _in_one_stream(stream: ObjectStream, offset: int) -> Iterator[FoundSignature]:
    for index, (number, _) in enumerate(stream.objects):
        try:
            value = stream.value(index, number)
        except PdfSyntaxError:
            continue
        for dictionary in dictionaries(value):
            if is_signature_dictionary(dictionary):
                yield FoundSignature((offset, index), number, 0, dictionary, compressed=True, referenced=True)


def value_of_field(view: View, field: SignatureField) -> FoundSignature | None:
    """The signature dictionary that a field's value is or leads to, or None for an empty field."""
    if field.value is None:
        return None
    reference = field.value if isinstance(field.value, Ref) else field.reference
    number, generation = reference if reference is not None else (0, 0)
    place = view.place(number) or (field.dictionary.start, -1)
    try:
        value = view.resolve(field.value)
    except PdfSyntaxError:
        value = None
    if isinstance(value, Stream):
        value = value.dictionary
    if not isinstance(value, PdfDict):
        return FoundSignature(
            place, number, generation, PdfDict(-1, -1), compressed=False, referenced=True, unreadable=True
        )
    return FoundSignature(place, number, generation, value, compressed=place[1] >= 0, referenced=True)


def signature_fields(view: View) -> list[SignatureField]:
    """The signature fields that the form of a view reaches, each once. An unreadable form gives none."""
    return view.once("signature fields", view.trailer, lambda: _signature_fields(view))


def _signature_fields(view: View) -> list[SignatureField]:
    try:
        form = view.dictionary(view.catalogue.get("AcroForm"))
        roots = view.array(form.get("Fields"))
    except PdfSyntaxError:
        return []
    walk = _FieldWalk(view)
    for root in roots:
        walk.visit(root, "", None, None, 0)
    return walk.found


class _FieldWalk:
    """A walk through a field tree that visits nothing twice."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.found: list[SignatureField] = []
        self._seen: set[int] = set()
        self._count = 0

    def visit(self, node: Object, prefix: str, kind: str | None, value: Object, depth: int) -> None:
        """Takes in a field and what it leads to; /FT and /V are inherited (12.7.4.1)."""
        self._count += 1
        reference = node if isinstance(node, Ref) else None
        if depth > MAX_FIELD_DEPTH or self._count > MAX_FIELDS or (reference and reference.number in self._seen):
            return
        if reference is not None:
            self._seen.add(reference.number)
        try:
            dictionary = self.view.resolve(node)
            if not isinstance(dictionary, PdfDict):
                return
            kind = self.view.name(dictionary.get("FT")) or kind
            partial = self.view.resolve(dictionary.get("T"))
            kids = self.view.array(dictionary.get("Kids"))
        except PdfSyntaxError:
            return
        name = prefix
        if isinstance(partial, PdfString):
            text = text_of(partial.value)
            name = f"{prefix}.{text}" if prefix else text
        value = dictionary.get("V", value)
        children = [kid for kid in kids if "T" in self.view.dictionary(kid)] if kids else []
        if children:
            for kid in children:
                self.visit(kid, name, kind, value, depth + 1)
        elif kind == "Sig":
            self.found.append(
                SignatureField(name, reference, dictionary, value, self._widgets(reference, dictionary, kids))
            )

    def _widgets(
        self, reference: Ref | None, dictionary: PdfDict, kids: list[Object]
    ) -> tuple[tuple[Ref | None, PdfDict], ...]:
        if not kids:
            return ((reference, dictionary),) if "Rect" in dictionary else ()
        pairs = ((kid if isinstance(kid, Ref) else None, self.view.dictionary(kid)) for kid in kids[:MAX_FIELDS])
        return tuple(pair for pair in pairs if "Rect" in pair[1])


def text_of(value: bytes) -> str:
    """A text string (7.9.2.2): UTF-16, UTF-8 with its mark, or PDFDocEncoding."""
    return decoded(value)
