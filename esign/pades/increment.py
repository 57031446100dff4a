"""An incremental update put together by hand (ISO 32000-2, 7.5.6), over pyHanko's reader.

Only what is appended is ever made: the original is neither copied nor rewritten, so it is a prefix of the
result by construction. The same original and the same calls give the same bytes. pyHanko's own writer
serves neither: it copies the original, draws the second half of /ID at random, and rewrites more than was asked.
"""

import hashlib
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from typing import NewType

from pyhanko.pdf_utils import generic, misc
from pyhanko.pdf_utils.crypt import AuthStatus, SecurityHandler, StandardSecurityHandler
from pyhanko.pdf_utils.generic import (
    ArrayObject,
    DictionaryObject,
    FloatObject,
    IndirectObject,
    NameObject,
    PdfObject,
    Reference,
    StreamObject,
)
from pyhanko.pdf_utils.reader import PdfFileReader

from esign.errors import LetterEncrypted, LetterTruncated

Body = NewType("Body", bytes)
"""The bytes of an object between ``obj`` and ``endobj``, encrypted already where the letter is."""

MAX_OBJECTS = 8_388_607
"""The most indirect objects that a file may have (ISO 32000-1, annex C)."""


@dataclass(frozen=True)
class Appended:
    """The bytes of an update, and where its objects begin in the whole file."""

    data: bytes
    offsets: dict[tuple[int, int], int]
    """(number, generation) → offset from the start of the file."""


class Increment:
    """One update over a letter: objects are added and replaced, then ``finish`` gives the bytes to append.

    Raises `LetterTruncated` where the letter can't be read and `LetterEncrypted` where it asks for a password.
    """

    def __init__(self, pdf: bytes) -> None:
        self.length = len(pdf)
        self._ends_with_newline = pdf[-1:] in (b"\n", b"\r")
        self.reader = open_reader(pdf)
        self._seal: SecurityHandler | None = self.reader.security_handler
        self._next = _first_free_number(self.reader)
        self._bodies: dict[tuple[int, int], Body] = {}
        self._touched: dict[tuple[int, int], Reference] = {}

    @property
    def catalogue(self) -> DictionaryObject:
        """The document catalogue, decrypted."""
        root = self.reader.root
        if not isinstance(root, DictionaryObject):
            raise LetterTruncated(reason="the document catalogue is not a dictionary")
        return root

    @property
    def catalogue_reference(self) -> Reference:
        """Where the catalogue is."""
        return self.reader.root_ref

    def reserve(self) -> Reference:
        """A number for an object whose body is put later."""
        self._next += 1
        if self._next > MAX_OBJECTS:
            raise LetterTruncated(reason="it has more objects than a PDF may have")
        return Reference(self._next - 1, 0)

    def put(self, reference: Reference, body: bytes) -> Reference:
        """Gives the object at ``reference`` that body."""
        self._bodies[reference.idnum, reference.generation] = Body(body)
        return reference

    def add(self, body: bytes) -> Reference:
        """A new object with that body; it must hold no string and no stream (see `stream`)."""
        return self.put(self.reserve(), body)

    def add_stream(self, dictionary: bytes, data: bytes) -> Reference:
        """A new stream over ``data``, filtered already; ``dictionary`` is its entries, without brackets and /Length."""
        reference = self.reserve()
        if self._seal is not None:
            crypt = self._seal.get_stream_filter()
            data = crypt.encrypt(crypt.derive_object_key(reference.idnum, reference.generation), data)
        return self.put(reference, b"<<%b/Length %d>>\nstream\n%b\nendstream" % (dictionary, len(data), data))

    def add_deflated(self, dictionary: bytes, data: bytes) -> Reference:
        """A new stream over ``data``, which is deflated here."""
        return self.add_stream(dictionary + b"/Filter/FlateDecode", zlib.compress(data))

    def touch(self, value: PdfObject) -> None:
        """Notes that a value of the letter was changed in place: its object is written anew by ``finish``."""
        container = value.container_ref
        if not isinstance(container, Reference):
            raise LetterTruncated(reason="an object that must be indirect stands in the trailer")
        self._touched[container.idnum, container.generation] = container

    def serialise(self, value: PdfObject, container: Reference) -> bytes:
        """The value's bytes as they stand inside the object ``container``."""
        out: list[bytes] = []
        _write(value, out, self._seal, container)
        return b"".join(out)

    def text(self, value: str, container: Reference) -> bytes:
        """A text string (ISO 32000-2, 7.9.2.2) as it stands inside the object ``container``."""
        try:
            encoded = value.encode("ascii")
        except UnicodeEncodeError:
            encoded = b"\xfe\xff" + value.encode("utf-16-be")
        return self._string(encoded, container)

    def _string(self, value: bytes, container: Reference) -> bytes:
        return _string(value, self._seal, container)

    def finish(self) -> Appended:
        """The bytes to append to the letter: the objects in order of their numbers, cross-references, trailer."""
        for reference in self._touched.values():
            self.put(reference, self.serialise(reference.get_object(), reference))
        parts = [b"" if self._ends_with_newline else b"\n"]
        position = self.length + len(parts[0])
        offsets: dict[tuple[int, int], int] = {}
        for (number, generation), body in sorted(self._bodies.items()):
            offsets[number, generation] = position
            part = b"%d %d obj\n%b\nendobj\n" % (number, generation, body)
            parts.append(part)
            position += len(part)
        trailer = self._trailer(parts)
        if self.reader.has_xref_stream:
            parts.append(self._xref_stream(offsets, position, trailer))
        else:
            parts.append(self._xref_table(offsets, trailer))
        parts.append(b"startxref\n%d\n%%%%EOF\n" % position)
        return Appended(b"".join(parts), offsets)

    def _trailer(self, parts: list[bytes]) -> list[bytes]:
        """The trailer's entries, without /Size: those of the letter, /Prev, and /ID with a new second half."""
        entries: list[bytes] = []
        trailer = self.reader.trailer.flatten()
        for key in sorted(trailer):
            if key in {"/Size", "/Prev", "/ID"}:
                continue
            out: list[bytes] = []
            _write(trailer.raw_get(key), out, None, None)
            entries.append(_name(key) + b" " + b"".join(out))
        if self.reader.last_startxref is None:
            raise LetterTruncated(reason="it has no cross-reference")
        entries.append(b"/Prev %d" % self.reader.last_startxref)
        identifier = self._identifier(parts)
        if identifier is not None:
            entries.append(b"/ID[<%b><%b>]" % (identifier[0].hex().encode(), identifier[1].hex().encode()))
        return entries

    def _identifier(self, parts: list[bytes]) -> tuple[bytes, bytes] | None:
        """/ID (ISO 32000-2, 14.4): the first half stays, the second follows from what is appended.

        A letter without one gets one, unless it is encrypted: the first half is part of the key.
        """
        digest = hashlib.sha256(b"%d;" % self.length)
        for part in parts:
            digest.update(part)
        fresh = digest.digest()[:16]
        try:
            first, _ = self.reader.document_id
        except (KeyError, AttributeError, IndexError, TypeError, ValueError, misc.PdfError):
            return None if self._seal is not None else (fresh, fresh)
        return bytes(first), fresh

    def _xref_table(self, offsets: dict[tuple[int, int], int], trailer: list[bytes]) -> bytes:
        out = [b"xref\n"]
        generations = dict(offsets.keys())
        for first, count in _runs(generations):
            out.append(b"%d %d\n" % (first, count))
            for number in range(first, first + count):
                generation = generations[number]
                out.append(b"%010d %05d n \n" % (offsets[number, generation], generation))
        out.append(b"trailer\n<</Size %d %b>>\n" % (self._next, b" ".join(trailer)))
        return b"".join(out)

    def _xref_stream(self, offsets: dict[tuple[int, int], int], position: int, trailer: list[bytes]) -> bytes:
        number = self._next
        entries = dict(offsets) | {(number, 0): position}
        generations = dict(entries.keys())
        width = max(3, (position.bit_length() + 7) // 8)
        index, rows = [], []
        for first, count in _runs(generations):
            index.append(b"%d %d" % (first, count))
            for each in range(first, first + count):
                generation = generations[each]
                rows.append(b"\x01" + entries[each, generation].to_bytes(width, "big") + generation.to_bytes(2, "big"))
        data = zlib.compress(b"".join(rows))
        dictionary = b"/Type/XRef/Size %d/W[1 %d 2]/Index[%b]%b/Filter/FlateDecode/Length %d" % (
            number + 1,
            width,
            b" ".join(index),
            b" ".join(trailer),
            len(data),
        )
        return b"%d 0 obj\n<<%b>>\nstream\n%b\nendstream\nendobj\n" % (number, dictionary, data)


def open_reader(pdf: bytes) -> PdfFileReader:
    """The reader of pyHanko over the letter, opened with the empty user password where it is encrypted.

    Not in pyHanko's strict mode, which refuses hybrid files as Word writes them.
    """
    try:
        reader = PdfFileReader(BytesIO(pdf), strict=False)
        reader.root_ref  # noqa: B018
    except (misc.PdfError, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        raise LetterTruncated(reason="its cross-reference can't be read") from error
    if reader.encrypted:
        if not isinstance(reader.security_handler, StandardSecurityHandler):
            raise LetterEncrypted
        try:
            status = reader.decrypt(b"").status
        except (misc.PdfError, KeyError, ValueError) as error:
            raise LetterEncrypted from error
        if status == AuthStatus.FAILED:
            raise LetterEncrypted
    return reader


def _first_free_number(reader: PdfFileReader) -> int:
    """One more than the highest number in use, whatever /Size says: it may lie."""
    size = reader.trailer.flatten().get("/Size", 0)
    highest = int(size) - 1 if isinstance(size, int) else 0
    for revision in range(reader.xrefs.total_revisions):
        section = reader.xrefs.get_xref_data(revision)
        parts = [section] if section.hybrid is None else [section, section.hybrid.xref_data]
        for part in parts:
            highest = max(
                highest,
                max((number for number, _ in part.explicit_refs_in_revision), default=0),
                max(part.freed, default=0),
            )
    return max(1, highest + 1)


def _runs(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """(first, count) of each run of successive numbers."""
    runs: list[tuple[int, int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][0] + runs[-1][1]:
            runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        else:
            runs.append((number, 1))
    return runs


def reference_bytes(reference: Reference | IndirectObject) -> bytes:
    """``12 0 R``."""
    return b"%d %d R" % (reference.idnum, reference.generation)


def number_bytes(value: float) -> bytes:
    """A number without an exponent, to 1/10000."""
    if value == int(value):
        return b"%d" % int(value)
    return f"{value:.4f}".rstrip("0").encode()


_REGULAR = frozenset(range(0x21, 0x7F)) - frozenset(b"#()<>[]{}/%")


@lru_cache(maxsize=1024)
def _name(name: str) -> bytes:
    """A name with its slash, escaped (ISO 32000-2, 7.3.5)."""
    encoded = name[1:].encode("utf-8", "surrogateescape")
    return b"/" + b"".join(b"%c" % byte if byte in _REGULAR else b"#%02X" % byte for byte in encoded)


def _string(value: bytes, seal: SecurityHandler | None, container: Reference | None) -> bytes:
    if seal is not None and container is not None:
        crypt = seal.get_string_filter()
        value = crypt.encrypt(crypt.derive_object_key(container.idnum, container.generation), value)
    elif value.isascii() and value.decode("ascii").isprintable():
        return b"(" + value.replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)") + b")"
    return b"<" + value.hex().encode() + b">"


def _write(value: object, out: list[bytes], seal: SecurityHandler | None, container: Reference | None) -> None:
    if isinstance(value, generic.DecryptedObjectProxy):
        value = value.decrypted
    match value:
        case NameObject():
            out.append(_name(value))
        case IndirectObject():
            out.append(reference_bytes(value))
        case StreamObject():
            raise TypeError("streams are added, never rewritten")
        case DictionaryObject():
            out.append(b"<<")
            for key in value:
                out.append(_name(key) + b" ")
                _write(value.raw_get(key), out, seal, container)
            out.append(b">>")
        case ArrayObject():
            out.append(b"[")
            for index in range(len(value)):
                if index:
                    out.append(b" ")
                _write(value.raw_get(index), out, seal, container)
            out.append(b"]")
        case generic.BooleanObject():
            out.append(b"true" if value.value else b"false")
        case FloatObject():
            out.append(format(value, "f").encode() if value.is_finite() else b"0")
        case int():
            out.append(b"%d" % value)
        case generic.TextStringObject() | generic.ByteStringObject():
            out.append(_string(_original(value), seal, container))
        case generic.NullObject():
            out.append(b"null")
        case _:
            raise LetterTruncated(reason=f"it holds an object of an unknown kind ({type(value).__name__})")


def _original(value: "generic.TextStringObject | generic.ByteStringObject") -> bytes:
    if isinstance(value, generic.TextStringObject) and value.autodetected_encoding is None:
        return value.encode("utf-16")
    return bytes(value.original_bytes)
