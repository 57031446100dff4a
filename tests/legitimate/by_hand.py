"""Signatures put into files byte by byte, in the manners of many programs: spacing, order, line ends, further keys."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

from esign.pdf.revisions import PdfFile, View
from esign.pdf.syntax import PdfDict, Ref
from tests.attacks.forgery import next_number, with_key, written
from tests.legitimate.made import Build, plainly

_MARK = b"[0 1111111111 2222222222 3333333333]"


@dataclass(frozen=True)
class Ends:
    """How a program ends objects, sections and files."""

    line: bytes = b"\n"
    before_update: bytes = b"\n"
    between: bytes = b""
    """Between objects."""
    before_startxref: bytes = b""
    eof: bytes = b"%%EOF\n"
    table: bool | None = None
    """A cross-reference table, or a stream; None: as the file has it."""
    grouped: bool = False
    """One subsection for neighbouring numbers."""
    rewritten: int = 0
    """How many older rows are written again, unchanged."""
    free_row: bool = True
    trailer: bytes = b""


PLAIN_ENDS = Ends()


@dataclass(frozen=True)
class Manner:
    """How a program writes a signature and its revision."""

    sub_filter: bytes = b"adbe.pkcs7.detached"
    head: bytes = b"/Type/Sig/Filter/Adobe.PPKLite"
    keys: bytes = b""
    """Further keys of the signature dictionary, after /Contents."""
    byte_range: bytes = b"/ByteRange[0 %d %d %d]"
    contents_first: bool = False
    upper: bool = False
    size: int = 9000
    """Digits of /Contents."""
    field: bytes = b""
    """Further keys of the field."""
    widget: bool = True
    """Field and widget are one; else the widget is a kid of the field."""
    rect: bytes = b"[0 0 0 0]"
    look: bytes | None = None
    """The content of its appearance."""
    name: bytes = b"Signature1"
    existing: int | None = None
    """The number of an empty field to be signed."""
    catalogue: Mapping[str, bytes] | None = None
    form: Mapping[str, bytes] | None = None
    others: Mapping[str, bytes] | None = None
    """Objects by name, written beside; ``@name`` in any source stands for a reference, ``@sig`` for the signature."""
    ends: Ends = PLAIN_ENDS


PLAIN = Manner()


def append(pdf: bytes, objects: Mapping[int, bytes | None], ends: Ends = PLAIN_ENDS, root: int | None = None) -> bytes:
    """The file with one more revision; an object that is None is freed."""
    view = PdfFile(pdf).view()
    line, body = ends.line, bytearray(ends.before_update)
    rows: dict[int, tuple[int, int]] = {}
    for number, source in objects.items():
        if source is None:
            rows[number] = (-1, 1)
            continue
        body += ends.between
        rows[number] = (len(pdf) + len(body), 0)
        body += line.join((b"%d 0 obj" % number, source, b"endobj", b""))
    for number in sorted(view.numbers()):
        entry = view.entry(number)
        wanted = ends.rewritten > sum(1 for n in rows if n not in objects) and number not in rows
        if wanted and entry is not None and entry.kind == 1:
            rows[number] = (entry.first, entry.second)
    size = max([_size(view), *(number + 1 for number in rows)])
    reference = view.trailer["Root"]
    assert isinstance(reference, Ref)
    carried = b"".join(
        b"/" + key.encode() + b" " + written(view.trailer[key])
        for key in ("ID", "Encrypt", "Info")
        if key in view.trailer
    )
    body += ends.between
    start = len(pdf) + len(body)
    table = ends.table if ends.table is not None else view.sections[0].kind == "table"
    common = b"/Root %d 0 R/Prev %d%s%s" % (root or reference.number, view.last.xref, carried, ends.trailer)
    if table:
        body += _table(rows, ends) + b"trailer" + line + b"<</Size %d%s>>" % (size, common) + line
    else:
        body += _stream(rows, size, start, common, line)
    body += ends.before_startxref
    return pdf + bytes(body) + b"startxref" + line + b"%d" % start + line + ends.eof


def _size(view: View) -> int:
    size = view.trailer["Size"]
    assert isinstance(size, int)
    return size


def _table(rows: Mapping[int, tuple[int, int]], ends: Ends) -> bytes:
    line = ends.line if len(ends.line) == 2 else b" " + ends.line
    result = b"xref" + ends.line
    if ends.free_row and 0 not in rows:
        result += b"0 1" + ends.line + b"0000000000 65535 f" + line
    for group in _groups(sorted(rows), ends.grouped):
        result += b"%d %d" % (group[0], len(group)) + ends.line
        for number in group:
            offset, generation = rows[number]
            result += b"%010d %05d %s" % (max(offset, 0), generation, b"f" if offset < 0 else b"n") + line
    return result


def _groups(numbers: list[int], together: bool) -> list[list[int]]:
    if not together:
        return [[number] for number in numbers]
    groups = [[numbers[0]]]
    for one, other in pairwise(numbers):
        if other == one + 1:
            groups[-1].append(other)
        else:
            groups.append([other])
    return groups


def _stream(rows: Mapping[int, tuple[int, int]], size: int, start: int, common: bytes, line: bytes) -> bytes:
    every = {**rows, size: (start, 0)}
    data = b"".join(
        (b"\0" + bytes(4) + b"\0\1")
        if every[n][0] < 0
        else b"\1%s%s" % (every[n][0].to_bytes(4), every[n][1].to_bytes(2))
        for n in sorted(every)
    )
    index = b" ".join(b"%d 1" % number for number in sorted(every))
    packed = zlib.compress(data)
    head = b"<</Type/XRef/W[1 4 2]/Index[%s]/Size %d/Filter/FlateDecode/Length %d%s>>" % (
        index,
        size + 1,
        len(packed),
        common,
    )
    return line.join((b"%d 0 obj" % size, head, b"stream\n" + packed, b"endstream", b"endobj", b""))


def sign_by_hand(pdf: bytes, manner: Manner = PLAIN, build: Build | None = None, page: int | None = None) -> bytes:
    """The file signed in that manner, in a new field or an existing one, on its first page or that of that number."""
    view = PdfFile(pdf).view()
    first = next_number(pdf)
    names = {"sig": first, "field": manner.existing or first + 1, "widget": first + 2, "look": first + 3}
    names.update({name: first + 4 + index for index, name in enumerate(manner.others or {})})
    numbers = {name.encode(): number for name, number in names.items()}
    where = page or first_page(view)
    objects: dict[int, bytes | None] = {names["sig"]: dictionary_of(manner)}
    box = b"/Subtype/Widget/Rect%s/F 132/P %d 0 R" % (manner.rect, where)
    if manner.look is not None:
        box += b"/AP<</N @look>>"
        objects[names["look"]] = stream(manner.look, b"/Type/XObject/Subtype/Form/BBox[0 0 200 60]/Resources<<>>")
    if manner.existing is not None:
        source = written(view.dictionary(Ref(manner.existing, 0)))
        if manner.look is not None:
            source = with_key(source, b"AP", b"<</N %d 0 R>>" % names["look"])
        objects[manner.existing] = with_key(source, b"V", b"%d 0 R" % names["sig"])
    else:
        kept = b"/FT/Sig/T(%s)/V @sig%s" % (manner.name, manner.field)
        if manner.widget:
            objects[names["field"]] = b"<</Type/Annot%s%s>>" % (kept, box)
        else:
            objects[names["field"]] = b"<<%s/Kids[@widget]>>" % kept
            objects[names["widget"]] = b"<</Type/Annot%s/Parent @field>>" % box
        objects.update(_linked(view, where, manner, numbers))
    objects.update({names[name]: source for name, source in (manner.others or {}).items()})
    filled = {number: _filled(source, numbers) for number, source in objects.items() if source is not None}
    return seal(append(pdf, filled, manner.ends), manner, build or plainly())


def dictionary_of(manner: Manner) -> bytes:
    """The signature dictionary, its ranges and contents still open."""
    contents = b"/Contents<" + b"0" * manner.size + b">"
    ranges = b"/ByteRange" + _MARK + b" " * 12
    middle = contents + ranges if manner.contents_first else ranges + contents
    return b"<<" + manner.head + b"/SubFilter/" + manner.sub_filter + middle + manner.keys + b">>"


def _linked(view: View, page: int, manner: Manner, numbers: Mapping[bytes, int]) -> dict[int, bytes | None]:
    """Page and form with the new field."""
    field = b"%d 0 R" % numbers[b"field"]
    widget = field if manner.widget else b"%d 0 R" % numbers[b"widget"]
    dictionary = view.dictionary(Ref(page, 0))
    annotations = [written(item) for item in view.array(dictionary.get("Annots"))]
    root = view.trailer["Root"]
    assert isinstance(root, Ref)
    entry = view.catalogue.get("AcroForm")
    form = view.dictionary(entry)
    fields = [written(item) for item in view.array(form.get("Fields"))]
    source = with_key(written(form) if form else b"<<>>", b"Fields", b"[" + b" ".join([*fields, field]) + b"]")
    source = with_key(source, b"SigFlags", b"3")
    for key, value in (manner.form or {}).items():
        source = with_key(source, key.encode(), _filled(value, numbers))
    catalogue = written(view.catalogue)
    objects: dict[int, bytes | None] = {
        page: with_key(written(dictionary), b"Annots", b"[" + b" ".join([*annotations, widget]) + b"]")
    }
    if isinstance(entry, Ref):
        objects[entry.number] = source
    else:
        catalogue = with_key(catalogue, b"AcroForm", source)
    for key, value in (manner.catalogue or {}).items():
        catalogue = with_key(catalogue, key.encode(), _filled(value, numbers))
    if not isinstance(entry, Ref) or manner.catalogue:
        objects[root.number] = catalogue
    return objects


def _filled(source: bytes, numbers: Mapping[bytes, int]) -> bytes:
    for name in sorted(numbers, key=len, reverse=True):
        source = source.replace(b"@" + name, b"%d 0 R" % numbers[name])
    return source


def seal(pdf: bytes, manner: Manner, build: Build) -> bytes:
    """The file with ranges and message filled into its last signature dictionary."""
    at = pdf.rindex(_MARK)
    ranges = pdf.rindex(b"/ByteRange", 0, at)
    digits = b"<" + b"0" * manner.size + b">"
    start = pdf.rindex(digits)
    end = start + len(digits)
    text = manner.byte_range % (start, end, len(pdf) - end)
    room = at + len(_MARK) + 12 - ranges
    pdf = pdf[:ranges] + text.ljust(room) + pdf[ranges + room :]
    message = build(pdf[:start] + pdf[end:]).hex().encode()
    if manner.upper:
        message = message.upper()
    return pdf[: start + 1] + message.ljust(manner.size, b"0") + pdf[end - 1 :]


def first_page(view: View) -> int:
    """The object number of the first page."""
    node = view.catalogue["Pages"]
    while True:
        assert isinstance(node, Ref)
        kids = view.array(view.dictionary(node).get("Kids"))
        if not kids:
            return node.number
        node = kids[0]


def stream(data: bytes, keys: bytes = b"") -> bytes:
    """The source of a stream."""
    return b"<</Length %d%s>>\nstream\n%s\nendstream" % (len(data), keys, data)


def second(manner: Manner, **changes: object) -> Manner:
    """The same manner for a further signature."""
    return replace(manner, name=b"Signature2", **changes)  # type: ignore[arg-type]


def empty_of(view: View, name: str) -> PdfDict:
    """The first object with that /T."""
    for number in sorted(view.numbers()):
        found = view.dictionary(Ref(number, 0))
        if getattr(found.get("T"), "value", b"") == name.encode():
            return found
    raise LookupError(name)
