"""An incremental update put together by hand (ISO 32000-2, 7.5.6), over the reader that also examines and verifies.

Only what is appended is ever made: the original is neither copied nor rewritten, so it is a prefix of the result by
construction, and the same calls over the same letter give the same bytes (but for the random vectors of AES in an
encrypted letter). pyHanko's writer would copy the original, and draws the second half of /ID at random; its reader
would be a second opinion on what the letter holds.
"""

import hashlib
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from esign.errors import LetterTruncated
from esign.pades.encryption import Encryption, open_encryption
from esign.pades.serialise import name_bytes, string_bytes, value_bytes
from esign.pdf.revisions import PdfFile
from esign.pdf.syntax import WHITE, Object, PdfDict, PdfString, Ref, Stream
from esign.pdf.xref import MAX_NUMBER


@dataclass(frozen=True)
class Appended:
    """The bytes of an update, and where its objects begin in the whole file."""

    data: bytes
    offsets: dict[Ref, int]
    """Reference → offset from the start of the file."""


class Increment:
    """One update over a letter: objects are edited and added, then ``finish`` gives the bytes to append.

    Values are read through it, so that an edit is seen by whoever reads later, and strings are seen decrypted. Raises
    `PdfSyntaxError` where the letter can't be read and `LetterEncrypted` where it asks for a password.
    """

    def __init__(self, pdf: bytes) -> None:
        self.length = len(pdf)
        self._ends_with_newline = pdf[-1:] in (b"\n", b"\r")
        file = PdfFile(pdf)
        self.view = file.view()
        self._encryption: Encryption | None = None
        if self._trailer_entry("Encrypt") is not None:
            self._encryption = open_encryption(pdf)
            file.decrypt = self._encryption.decrypt_stream
        self._next = _first_free_number(self)
        self._values: dict[Ref, Object] = {}
        self._edited: dict[Ref, Object] = {}
        self._bodies: dict[Ref, bytes] = {}

    # --- reading -------------------------------------------------------------------------------

    @property
    def catalogue_reference(self) -> Ref:
        """Where the document catalogue is."""
        root = self._trailer_entry("Root")
        if not isinstance(root, Ref):
            raise LetterTruncated(reason="it has no document catalogue")
        return root

    @property
    def catalogue(self) -> PdfDict:
        """The document catalogue (ISO 32000-2, 7.7.2)."""
        catalogue = self.resolve(self.catalogue_reference)
        if not isinstance(catalogue, PdfDict):
            raise LetterTruncated(reason="it has no document catalogue")
        return catalogue

    @property
    def version(self) -> tuple[int, int]:
        """The version that header and catalogue state, whichever is later (ISO 32000-2, 7.5.2)."""
        start = self.view.file.header
        stated = [self.view.file.data[start + 5 : start + 8].decode("latin-1"), str(self.catalogue.get("Version", ""))]
        return max(((int(each[0]), int(each[2])) for each in stated if _is_version(each)), default=(1, 7))

    def resolve(self, value: Object) -> Object:
        """The value itself, or what its reference leads to."""
        reference = self.target(value)
        return value if reference is None else self._get(reference)

    def target(self, value: Object) -> Ref | None:
        """The last reference on the way from a value to what it means; None for a value that is direct."""
        last: Ref | None = None
        for _ in range(32):
            if not isinstance(value, Ref):
                return last
            last, value = value, self._get(value)
        raise LetterTruncated(reason="its references lead to references without end")

    def dictionary(self, value: Object) -> PdfDict:
        """The dictionary that a value is or leads to; an empty one where it is something else."""
        found = self.resolve(value)
        return found if isinstance(found, PdfDict) else PdfDict()

    def array(self, value: Object) -> list[Object]:
        """The array that a value is or leads to; an empty one where it is something else."""
        found = self.resolve(value)
        return found if isinstance(found, list) else []

    def stream_data(self, value: Object) -> tuple[PdfDict, bytes] | None:
        """A stream's dictionary and its data, decrypted, the filters still on; None where the value is no stream."""
        reference, stream = self.target(value), self.resolve(value)
        if reference is None or not isinstance(stream, Stream):
            return None
        raw = self.view.file.data[stream.data_start : stream.data_end]
        if self._encryption is not None:
            raw = self._encryption.decrypt_stream(reference.number, reference.generation, raw)
        return stream.dictionary, raw

    def _get(self, reference: Ref) -> Object:
        if reference in self._edited:
            return self._edited[reference]
        if reference not in self._values:
            value = self.view.get(reference)
            entry = self.view.entry(reference.number)
            if self._encryption is not None and entry is not None and entry.kind == 1:
                value = _map_strings(value, self._encryption.decrypt_string, reference)
            self._values[reference] = value
        return self._values[reference]

    def _trailer_entry(self, key: str) -> Object:
        """An entry of the newest trailer that has it."""
        return next((section.trailer[key] for section in self.view.sections if key in section.trailer), None)

    # --- changing ------------------------------------------------------------------------------

    def edit_dictionary(self, reference: Ref) -> PdfDict:
        """The dictionary at a reference, to be changed in place; it is written anew by ``finish``."""
        value = self._edit(reference)
        if not isinstance(value, PdfDict):
            raise LetterTruncated(reason=f"object {reference.number} should be a dictionary")
        return value

    def edit_array(self, reference: Ref) -> list[Object]:
        """The array at a reference, to be changed in place; it is written anew by ``finish``."""
        value = self._edit(reference)
        if not isinstance(value, list):
            raise LetterTruncated(reason=f"object {reference.number} should be an array")
        return value

    def edit_entry(self, owner: PdfDict, key: str) -> PdfDict:
        """The dictionary at a key of an edited dictionary, itself to be changed in place; made where it is missing."""
        reference = self.target(owner.get(key))
        if reference is not None and isinstance(self._get(reference), PdfDict):
            return self.edit_dictionary(reference)
        value = owner.get(key)
        if not isinstance(value, PdfDict):
            value = owner[key] = PdfDict()
        return value

    def _edit(self, reference: Ref) -> Object:
        if reference not in self._edited:
            self._edited[reference] = _copy(self._get(reference))
        return self._edited[reference]

    def reserve(self) -> Ref:
        """A number for an object whose body is put later."""
        if self._next > MAX_NUMBER:
            raise LetterTruncated(reason="it has more objects than a PDF may have")
        self._next += 1
        return Ref(self._next - 1, 0)

    def put(self, reference: Ref, body: bytes) -> Ref:
        """Gives a reserved object that body; its strings must come from `text`."""
        self._bodies[reference] = body
        return reference

    def add(self, body: bytes) -> Ref:
        """A new object with that body; it must hold no string and no stream."""
        return self.put(self.reserve(), body)

    def add_value(self, value: Object) -> Ref:
        """A new object with that value."""
        reference = self.reserve()
        return self.put(reference, self._bytes_of(value, reference))

    def is_new(self, value: Object) -> bool:
        """Whether a value is a reference to an object that this update adds."""
        return isinstance(value, Ref) and value in self._bodies

    def repeat(self, reference: Ref) -> None:
        """Writes an object of the letter once more, as it is. One that stands in an object stream is left alone."""
        item = self.view.indirect(reference.number)
        if item is not None and item.generation == reference.generation:
            written = self.view.file.data[item.start : item.end]
            self.put(reference, written[written.index(b"obj") + len(b"obj") : -len(b"endobj")].strip(WHITE))

    def add_stream(self, dictionary: bytes, data: bytes) -> Ref:
        """A new stream over ``data``, filtered already; ``dictionary`` is its entries, without brackets and /Length."""
        reference = self.reserve()
        if self._encryption is not None:
            data = self._encryption.encrypt_stream(data, reference)
        return self.put(reference, b"<<%b/Length %d>>\nstream\n%b\nendstream" % (dictionary, len(data), data))

    def add_deflated(self, dictionary: bytes, data: bytes) -> Ref:
        """A new stream over ``data``, which is deflated here."""
        return self.add_stream(dictionary + b"/Filter/FlateDecode", zlib.compress(data))

    def text(self, value: str, container: Ref) -> bytes:
        """A text string (ISO 32000-2, 7.9.2.2) as it stands inside the object ``container``."""
        plain = value.isascii() and value.isprintable()
        encoded = value.encode("ascii") if plain else b"\xfe\xff" + value.encode("utf-16-be")
        if self._encryption is not None:
            encoded = self._encryption.encrypt_string(encoded, container)
        return string_bytes(encoded)

    def _bytes_of(self, value: Object, container: Ref) -> bytes:
        if self._encryption is not None:
            value = _map_strings(value, self._encryption.encrypt_string, container)
        return value_bytes(value)

    # --- writing -------------------------------------------------------------------------------

    def finish(self) -> Appended:
        """The bytes to append to the letter: the objects in order of their numbers, cross-references, trailer."""
        bodies = self._bodies | {
            reference: self._bytes_of(value, reference) for reference, value in self._edited.items()
        }
        parts = [b"" if self._ends_with_newline else b"\n"]
        position = self.length + len(parts[0])
        offsets: dict[Ref, int] = {}
        for reference, body in sorted(bodies.items()):
            offsets[reference] = position
            part = b"%d %d obj\n%b\nendobj\n" % (*reference, body)
            parts.append(part)
            position += len(part)
        trailer = self._trailer(parts)
        if self.view.sections[0].kind == "stream":
            parts.append(_xref_stream(offsets, Ref(self._next, 0), position, trailer))
        else:
            parts.append(_xref_table(offsets, self._next, trailer))
        parts.append(b"startxref\n%d\n%%%%EOF\n" % position)
        return Appended(b"".join(parts), offsets)

    def _trailer(self, parts: list[bytes]) -> bytes:
        """The trailer's entries, without /Size: those of the letter, /Prev, and /ID with a new second half."""
        entries: dict[str, Object] = {}
        for section in reversed(self.view.sections):
            entries.update((key, value) for key, value in section.trailer.items() if key not in _NOT_INHERITED)
        out = [name_bytes(key) + b" " + value_bytes(value) for key, value in sorted(entries.items())]
        out.append(b"/Prev %d" % self.view.last.xref)
        identifier = self._identifier(parts)
        if identifier is not None:
            out.append(b"/ID[<%b><%b>]" % (identifier[0].hex().encode(), identifier[1].hex().encode()))
        return b"".join(out)

    def _identifier(self, parts: list[bytes]) -> tuple[bytes, bytes] | None:
        """/ID (ISO 32000-2, 14.4): the first half stays, the second follows from what is appended.

        A letter without one gets one, unless it is encrypted: the first half is part of the key.
        """
        digest = hashlib.sha256(b"%d;" % self.length)
        for part in parts:
            digest.update(part)
        fresh = digest.digest()[:16]
        old = self.view.array(self._trailer_entry("ID"))
        first = self.view.resolve(old[0]) if old else None
        if isinstance(first, PdfString):
            return first.value, fresh
        return None if self._encryption is not None else (fresh, fresh)


_NOT_INHERITED = {"Size", "Prev", "ID", "XRefStm", "Type", "W", "Index", "Length", "Filter", "DecodeParms"}
"""Entries of a trailer that belong to one section only."""


def _copy(value: Object) -> Object:
    """The value with dictionaries and arrays of its own, to be changed."""
    if isinstance(value, PdfDict):
        copy = PdfDict(value.start, value.end)
        copy.update((key, _copy(entry)) for key, entry in value.items())
        return copy
    return [_copy(item) for item in value] if isinstance(value, list) else value


def _map_strings(value: Object, function: Callable[[bytes, Ref], bytes], container: Ref) -> Object:
    """A copy of the value with every string changed but /Contents of a signature, which is never encrypted."""
    if isinstance(value, PdfString):
        return replace(value, value=function(value.value, container))
    if isinstance(value, PdfDict):
        copy = PdfDict(value.start, value.end)
        for key, entry in value.items():
            plain = key == "Contents" and "ByteRange" in value
            copy[key] = entry if plain else _map_strings(entry, function, container)
        return copy
    return [_map_strings(item, function, container) for item in value] if isinstance(value, list) else value


def _is_version(text: str) -> bool:
    return len(text) == len("1.7") and text[0].isdigit() and text[1] == "." and text[2].isdigit()


def _first_free_number(increment: Increment) -> int:
    """One more than the highest number in use, whatever /Size says: it may lie."""
    highest = 0
    for section in increment.view.sections:
        size = section.trailer.get("Size")
        highest = max(highest, max(section.entries, default=0), size - 1 if isinstance(size, int) else 0)
        if section.hybrid is not None:
            highest = max(highest, max(section.hybrid.entries, default=0))
    return highest + 1


def _runs(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """(first, count) of each run of successive numbers."""
    runs: list[tuple[int, int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][0] + runs[-1][1]:
            runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        else:
            runs.append((number, 1))
    return runs


def _xref_table(offsets: dict[Ref, int], size: int, trailer: bytes) -> bytes:
    rows = {
        reference.number: b"%010d %05d n \n" % (offset, reference.generation) for reference, offset in offsets.items()
    }
    out = [b"xref\n"]
    for first, count in _runs(rows):
        out.append(b"%d %d\n" % (first, count))
        out.extend(rows[number] for number in range(first, first + count))
    out.append(b"trailer\n<</Size %d%b>>\n" % (size, trailer))
    return b"".join(out)


def _xref_stream(offsets: dict[Ref, int], own: Ref, position: int, trailer: bytes) -> bytes:
    width = max(3, (position.bit_length() + 7) // 8)
    rows = {
        reference.number: b"\x01" + offset.to_bytes(width) + reference.generation.to_bytes(2)
        for reference, offset in (offsets | {own: position}).items()
    }
    runs = _runs(rows)
    data = zlib.compress(b"".join(rows[number] for first, count in runs for number in range(first, first + count)))
    index = b" ".join(b"%d %d" % run for run in runs)
    dictionary = b"/Type/XRef/Size %d/W[1 %d 2]/Index[%b]%b" % (own.number + 1, width, index, trailer)
    return b"%d 0 obj\n<<%b/Filter/FlateDecode/Length %d>>\nstream\n%b\nendstream\nendobj\n" % (
        own.number,
        dictionary,
        len(data),
        data,
    )
