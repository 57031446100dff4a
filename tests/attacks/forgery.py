"""What a generator of forgeries gives, and the tools they share: where things stand in a signed file, and updates."""

import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

from esign.pdf.revisions import PdfFile, View
from esign.pdf.syntax import PdfDict, PdfString, Ref, read_value
from esign.verify.report import Verdict
from esign.verify.structure import ExaminedSignature, examine_structure

BROKEN = frozenset({Verdict.INVALID, Verdict.ALTERED})
"""Forged beyond doubt: never anything softer."""
NOT_GENUINE = frozenset(Verdict) - {Verdict.GENUINE, Verdict.INTACT, Verdict.UNSIGNED}
"""Flagged somehow."""


@dataclass(frozen=True)
class Forgery:
    """A forged file and the verdicts that are right for it."""

    name: str
    pdf: bytes
    right: frozenset[Verdict] = BROKEN


@dataclass(frozen=True)
class Target:
    """A signed file, with the places that forgers are after (those of its first signature)."""

    pdf: bytes
    signature: ExaminedSignature
    view: View

    @property
    def gap(self) -> tuple[int, int]:
        """Start and end of the unsigned gap."""
        assert self.signature.signed is not None
        return self.signature.signed.gap_start, self.signature.signed.gap_end

    @property
    def end(self) -> int:
        """Where the signed revision ends."""
        assert self.signature.signed is not None
        return self.signature.signed.end

    @property
    def page(self) -> int:
        """The number of the first page's object."""
        node = self.view.catalogue["Pages"]
        while True:
            assert isinstance(node, Ref)
            kids = self.view.array(self.view.dictionary(node).get("Kids"))
            if not kids:
                return node.number
            node = kids[0]

    def text(self, number: int) -> bytes:
        """The source of a dictionary object, without ``obj`` and ``endobj``."""
        return written(self.view.dictionary(Ref(number, 0)))

    def replaced(self, pattern: bytes, replacement: bytes) -> bytes:
        """The file with the first match in the signature dictionary replaced, its length kept by spaces."""
        item = self.view.indirect(self.signature.found.number)
        assert item is not None
        match = re.compile(pattern, re.DOTALL).search(self.pdf, item.start, item.end)
        assert match is not None
        assert len(replacement) <= len(match[0])
        return self.pdf[: match.start()] + replacement.ljust(len(match[0])) + self.pdf[match.end() :]


def target(pdf: bytes) -> Target:
    """The places of a signed file."""
    structure = examine_structure(pdf)
    first = next(item for item in structure.signatures if item.sound)
    assert structure.view is not None
    return Target(pdf, first, structure.view)


def written(value: object) -> bytes:
    """A value as PDF source."""
    if isinstance(value, PdfDict):
        return b"<<" + b" ".join(b"/" + _name(key) + b" " + written(item) for key, item in value.items()) + b">>"
    if isinstance(value, list):
        return b"[" + b" ".join(written(item) for item in value) + b"]"
    if isinstance(value, Ref):
        return b"%d %d R" % value
    if value is None or isinstance(value, bool):
        return {None: b"null", True: b"true", False: b"false"}[value]
    if isinstance(value, str):
        return b"/" + _name(value)
    if isinstance(value, PdfString):
        return b"<" + value.value.hex().encode() + b">"
    return str(value).encode()


def _name(text: str) -> bytes:
    return b"".join(
        bytes([byte]) if 33 <= byte < 127 and byte not in b"()<>[]{}/%#" else b"#%02x" % byte
        for byte in text.encode("latin-1")
    )


def with_key(source: bytes, key: bytes, value: bytes | None) -> bytes:
    """A dictionary's source with a key set first of all, or for None taken away."""
    dictionary, _ = read_value(source, 0)
    assert isinstance(dictionary, PdfDict)
    dictionary.pop(key.decode(), None)
    cleaned = written(dictionary)
    return cleaned if value is None else b"<</" + key + b" " + value + b" " + cleaned[2:]


def updated(
    pdf: bytes,
    objects: Mapping[int, bytes | None],
    *,
    root: int | None = None,
    rows: Mapping[int, int] | None = None,
    information: int | None = None,
    extra: bytes = b"",
    close: bytes | None = None,
) -> bytes:
    """The file with an incremental update, in the kind of cross-reference that it has.

    ``objects``: number to source, None frees it. ``rows``: numbers whose rows point to given offsets instead.
    ``extra``: bytes that belong to no object, before the cross-reference. ``close`` stands for startxref and %%EOF.
    """
    file = PdfFile(pdf)
    view = file.view()
    body, offsets = bytearray(b"\n"), {}
    for number, source in objects.items():
        if source is not None:
            offsets[number] = len(pdf) + len(body)
            body += b"%d 0 obj\n%s\nendobj\n" % (number, source)
    body += extra
    start = len(pdf) + len(body)
    places = {**offsets, **(rows or {})}
    freed = [number for number, source in objects.items() if source is None]
    reference = view.trailer["Root"]
    assert isinstance(reference, Ref)
    number_of_root = root if root is not None else reference.number
    size = max([_size(view), *places, *freed]) + 1
    carried = b" ".join(
        b"/" + key.encode() + b" " + written(view.trailer[key])
        for key in ("ID", "Encrypt", "Info")
        if key in view.trailer
    )
    if information is not None:
        carried = re.sub(rb"/Info \d+ 0 R", b"", carried) + b"/Info %d 0 R" % information
    common = b"/Size %d /Root %d 0 R /Prev %d %s" % (size + 1, number_of_root, view.last.xref, carried)
    if view.sections[0].kind == "table":
        rows_text = b"".join(b"%d 1\n%010d 00000 n \n" % (number, places[number]) for number in sorted(places))
        rows_text += b"".join(b"%d 1\n0000000000 00001 f \n" % number for number in sorted(freed))
        xref = b"xref\n0 1\n0000000000 65535 f \n" + rows_text + b"trailer\n<<" + common + b">>\n"
    else:
        places[size] = start
        numbers = sorted([*places, *freed])
        data = b"".join(
            b"\1%s\0\0" % places[n].to_bytes(4, "big") if n in places else b"\0\0\0\0\0\0\1" for n in numbers
        )
        index = b" ".join(b"%d 1" % n for n in numbers)
        packed = zlib.compress(data)
        head = b"/Type /XRef /W [1 4 2] /Index [%s] /Filter /FlateDecode /Length %d " % (index, len(packed))
        xref = b"%d 0 obj\n<<%s%s>>\nstream\n%s\nendstream\nendobj\n" % (size, head, common, packed)
    ending = b"startxref\n%d\n%%%%EOF\n" % start if close is None else close
    return pdf + body + xref + ending


def _size(view: View) -> int:
    size = view.trailer["Size"]
    assert isinstance(size, int)
    return max([size, *view.numbers()])


def next_number(pdf: bytes) -> int:
    """The first object number that the file doesn't use."""
    return _size(PdfFile(pdf).view()) + 1
