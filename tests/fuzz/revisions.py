"""Appended revisions: objects replaced, added and freed with some sense, under cross-references of every oddity."""

import random
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field

from esign.pdf.revisions import View
from esign.pdf.syntax import Object, PdfDict, PdfSyntaxError, Ref, Stream
from tests.attacks.forgery import with_key, written
from tests.fuzz.specimens import Specimen

_SHOWN = b"BT /F1 40 Tf 72 %d Td (Rp 999.000.000) Tj ET 1 0 0 rg 200 200 90 90 re f"


class Anatomy:
    """What a specimen is made of, read once."""

    def __init__(self, specimen: Specimen) -> None:
        view = specimen.structure.view
        assert view is not None
        self.pdf = specimen.pdf
        self.view: View = view
        self.sections = view.sections
        self.numbers = sorted(number for number in view.numbers() if (row := view.entry(number)) and row.kind != 0)
        self.values: dict[int, Object] = {}
        for number in self.numbers:
            try:
                self.values[number] = view.get(Ref(number, 0))
            except PdfSyntaxError:
                continue
        root = view.trailer["Root"]
        assert isinstance(root, Ref)
        self.root = root.number
        self.size = max([int(str(view.trailer["Size"])), *view.numbers()]) + 1
        self.pages = self._of_type("Page")
        self.page_tree = self._of_type("Pages")
        self.streams = [number for number, value in self.values.items() if isinstance(value, Stream)]
        self.fonts = self._of_type("Font") or self.pages
        self.widgets = [n for n, value in self.values.items() if isinstance(value, PdfDict) and value.get("Subtype") == "Widget"]
        self.signatures = [item.found.number for item in specimen.structure.signatures]
        self.contents = [
            ref.number for page in self.pages for ref in _references(self._dictionary(page).get("Contents")) if ref.number in self.values
        ]
        self.form = view.dictionary(view.catalogue.get("AcroForm"))
        entry = view.catalogue.get("AcroForm")
        self.form_number = entry.number if isinstance(entry, Ref) else None
        self.kind = view.sections[0].kind

    def _of_type(self, name: str) -> list[int]:
        return [n for n, value in self.values.items() if isinstance(value, PdfDict) and value.get("Type") == name]

    def _dictionary(self, number: int) -> PdfDict:
        value = self.values.get(number)
        return value if isinstance(value, PdfDict) else PdfDict()

    def source(self, number: int) -> bytes:
        """An object as PDF source."""
        value = self.values.get(number)
        if isinstance(value, Stream):
            assert value.data_end is not None
            data = self.pdf[value.data_start : value.data_end]
            return with_key(written(value.dictionary), b"Length", b"%d" % len(data)) + b"\nstream\n" + data + b"\nendstream"
        return written(value)


def _references(value: Object) -> list[Ref]:
    items = value if isinstance(value, list) else [value]
    return [item for item in items if isinstance(item, Ref)]


@dataclass
class Update:
    """An appended revision in the making."""

    objects: dict[int, bytes | None] = field(default_factory=dict)
    root: int | None = None
    information: int | None = None
    next: int = 0

    def new(self, source: bytes) -> int:
        """Adds an object under a new number."""
        self.next += 1
        self.objects[self.next - 1] = source
        return self.next - 1


Edit = Callable[[Anatomy, Update, random.Random], None]


def _dict_source(anatomy: Anatomy, update: Update, number: int) -> bytes:
    source = update.objects.get(number) or anatomy.source(number)
    return source if source.startswith(b"<<") and b"\nstream\n" not in source else b"<<>>"


def _set(anatomy: Anatomy, update: Update, number: int, key: bytes, value: bytes | None) -> None:
    update.objects[number] = with_key(_dict_source(anatomy, update, number), key, value)


def _set_in_form(anatomy: Anatomy, update: Update, key: bytes, value: bytes | None) -> None:
    if anatomy.form_number is not None:
        _set(anatomy, update, anatomy.form_number, key, value)
    else:
        catalogue = _dict_source(anatomy, update, anatomy.root)
        current = re.sub(rb"^<<>>$", b"<<>>", written(anatomy.form))
        update.objects[anatomy.root] = with_key(catalogue, b"AcroForm", with_key(current, key, value))


def stream(data: bytes, extra: bytes = b"", chance: random.Random | None = None) -> bytes:
    """A stream's source, compressed or not."""
    if chance is not None and chance.random() < 0.3:
        data, extra = zlib.compress(data), extra + b"/Filter/FlateDecode"
    return b"<</Length %d%s>>\nstream\n%s\nendstream" % (len(data), extra, data)


def _drawing(chance: random.Random) -> bytes:
    return _SHOWN % chance.randint(100, 700)


def _appearance(update: Update, chance: random.Random) -> int:
    return update.new(stream(_drawing(chance), b"/Type/XObject/Subtype/Form/BBox[0 0 400 400]", chance))


def _value(anatomy: Anatomy, update: Update, chance: random.Random, depth: int = 0) -> bytes:
    kind = chance.randrange(9 if depth < 2 else 6)
    if kind == 0:
        return b"%d 0 R" % chance.choice(anatomy.numbers)
    if kind == 1:
        return b"%d" % chance.choice((0, 1, 2, 90, 180, 1000, -1))
    if kind == 2:
        return b"/" + chance.choice((b"Page", b"Pages", b"Sig", b"Catalog", b"Font", b"Widget", b"XObject", b"DSS", b"Metadata", b"None"))
    if kind == 3:
        return b"(" + chance.choice((b"x", b"Rp 999", b"app.alert\\(1\\)")) + b")"
    if kind == 4:
        return chance.choice((b"null", b"true", b"false", b"<00>", b"[]", b"<<>>"))
    if kind == 5:
        return b"%d 0 R" % update.new(stream(_drawing(chance), b"", chance))
    if kind == 6:
        return b"[" + b" ".join(_value(anatomy, update, chance, depth + 1) for _ in range(chance.randint(0, 4))) + b"]"
    keys = [chance.choice(_KEYS) for _ in range(chance.randint(0, 4))]
    return b"<<" + b"".join(b"/" + key + b" " + _value(anatomy, update, chance, depth + 1) for key in keys) + b">>"


_KEYS = (b"Type", b"Subtype", b"Contents", b"Annots", b"Kids", b"Count", b"Parent", b"Resources", b"Font", b"AP", b"N", b"V", b"FT", b"T",
         b"Rect", b"F", b"P", b"Certs", b"VRI", b"CRLs", b"OCSPs", b"S", b"JS", b"Length", b"Filter", b"MediaBox", b"Rotate", b"XObject",
         b"BaseFont", b"ToUnicode", b"DA", b"DR", b"Fields", b"SigFlags", b"M", b"BBox", b"Matrix", b"OC", b"AA", b"Popup")  # fmt: skip
_CATALOGUE_KEYS = (b"Pages", b"OpenAction", b"AA", b"Names", b"OCProperties", b"AcroForm", b"DSS", b"Perms", b"Outlines", b"Extensions", b"Metadata",
                   b"Version", b"PageLabels", b"ViewerPreferences", b"StructTreeRoot", b"MarkInfo", b"Lang", b"Collection", b"Legal", b"URI", b"Type",
                   b"Dests", b"Threads", b"OutputIntents", b"NeedsRendering", b"PieceInfo", b"Requirements", b"AF", b"DPartRoot")  # fmt: skip
_PAGE_KEYS = (b"Contents", b"Resources", b"MediaBox", b"CropBox", b"Rotate", b"UserUnit", b"Parent", b"Annots", b"Group", b"AA", b"Tabs", b"Type",
              b"Thumb", b"StructParents", b"Metadata", b"PieceInfo", b"B", b"VP", b"TrimBox", b"TemplateInstantiated", b"LastModified")  # fmt: skip


def replace_content(anatomy: Anatomy, update: Update, chance: random.Random) -> None:
    """A page draws something else."""
    if anatomy.contents and chance.random() < 0.6:
        update.objects[chance.choice(anatomy.contents)] = stream(_drawing(chance), b"", chance)
    elif anatomy.pages:
        new = update.new(stream(_drawing(chance), b"", chance))
        page = chance.choice(anatomy.pages)
        own = written(anatomy.view.dictionary(Ref(page, 0)).get("Contents"))
        both = b"[%s %d 0 R]" % (own.strip(b"[]"), new)
        _set(anatomy, update, page, b"Contents", chance.choice((both, b"%d 0 R" % new)))


def change_page(anatomy: Anatomy, update: Update, chance: random.Random) -> None:
    """A key of a page is set, changed or taken away."""
    if anatomy.pages:
        value = None if chance.random() < 0.2 else _value(anatomy, update, chance)
        if chance.random() < 0.3:
            value = chance.choice((b"[0 0 300 300]", b"90", b"180", b"2", b"/S", b"/R"))
        _set(anatomy, update, chance.choice(anatomy.pages), chance.choice(_PAGE_KEYS), value)


def change_catalogue(anatomy: Anatomy, update: Update, chance: random.Random) -> None:
    """A key of the catalogue, or another catalogue."""
    value = None if chance.random() < 0.2 else _value(anatomy, update, chance)
    if chance.random() < 0.2:
        catalogue = with_key(anatomy.source(anatomy.root), chance.choice(_CATALOGUE_KEYS), value)
        update.root = update.new(catalogue)
    else:
        _set(anatomy, update, anatomy.root, chance.choice(_CATALOGUE_KEYS), value)


def change_tree(anatomy: Anatomy, update: Update, chance: random.Random) -> None:
    """Pages added, removed, doubled or put in another order."""
    if not anatomy.page_tree or not anatomy.pages:
        return
    node = chance.choice(anatomy.page_tree)
    kids = [b"%d 0 R" % ref.number for ref in _references(anatomy.view.dictionary(Ref(node, 0)).get("Kids"))]
    kind = chance.randrange(5)
    if kind == 0:
        content = update.new(stream(_drawing(chance), b"", chance))
        page = update.new(b"<</Type/Page/Parent %d 0 R/MediaBox[0 0 595 842]/Contents %d 0 R>>" % (node, content))
        kids.insert(chance.randint(0, len(kids)), b"%d 0 R" % page)
    elif kind == 1 and kids:
        kids.pop(chance.randrange(len(kids)))
    elif kind == 2:
        kids.reverse()
    elif kind == 3 and kids:
        kids.append(chance.choice(kids))
    else:
        kids = [b"%d 0 R" % chance.choice(anatomy.numbers) for _ in range(chance.randint(1, 3))]
    _set(anatomy, update, node, b"Kids", b"[" + b" ".join(kids) + b"]")
    if chance.random() < 0.8:
        _set(anatomy, update, node, b"Count", b"%d" % len(kids))


def _annots(anatomy: Anatomy, page: int) -> list[bytes]:
    found = anatomy.view.array(anatomy.view.dictionary(Ref(page, 0)).get("Annots"))
    return [written(item) for item in found]


def _rect(chance: random.Random) -> bytes:
    left, bottom = chance.randint(0, 500), chance.randint(0, 750)
    return b"[%d %d %d %d]" % (left, bottom, left + chance.choice((0, 20, 200, 600)), bottom + chance.choice((0, 20, 200)))


def add_annotation(anatomy: Anatomy, update: Update, chance: random.Random) -> None:
    """An annotation of any kind, in some form, or annotations taken away."""
    if not anatomy.pages:
        return
    page = chance.choice(anatomy.pages)
    annots = _annots(anatomy, page)
    if annots and chance.random() < 0.2:
        annots.pop(chance.randrange(len(annots)))
    else:
        kinds = (b"FreeText", b"Stamp", b"Square", b"Highlight", b"Ink", b"Link", b"Popup", b"Widget", b"Redact", b"Watermark", b"Text", b"Movie")
        look = _appearance(update, chance)
        source = b"<</Type/Annot/Subtype/%s/Rect%s/F %d/Contents(x)/AP<</N %d 0 R>>>>" % (
            chance.choice(kinds), _rect(chance), chance.choice((0, 2, 4, 132)), look,
        )  # fmt: skip
        annots.insert(chance.randint(0, len(annots)), source if chance.random() < 0.1 else b"%d 0 R" % update.new(source))
    _set(anatomy, update, page, b"Annots", b"[" + b" ".join(annots) + b"]")


def add_field(anatomy: Anatomy, update: Update, chance: random.Random) -> None:
    """A form field: signature fields with and without a value, and others, on a page and in the form or not."""
    page = chance.choice(anatomy.pages)
    value = b""
    if chance.random() < 0.5 and anatomy.signatures:
        number = chance.choice(anatomy.signatures)
        if chance.random() < 0.4:
            number = update.new(anatomy.source(number))
        value = b"/V %d 0 R" % number
    elif chance.random() < 0.3:
        value = b"/V " + _value(anatomy, update, chance)
    look = b"/AP<</N %d 0 R>>" % _appearance(update, chance) if chance.random() < 0.7 else b""
    kind = chance.choice((b"/FT/Sig", b"/FT/Sig", b"/FT/Sig", b"/FT/Tx", b"/FT/Btn", b"/FT/Ch", b""))
    parent = b"/Parent %d 0 R" % chance.choice(anatomy.widgets) if anatomy.widgets and chance.random() < 0.2 else b""
    name = b"/T(f%d)" % chance.randint(1, 9) if chance.random() < 0.9 else b""
    rect = _rect(chance) if chance.random() < 0.7 else b"[0 0 0 0]"
    source = b"<</Type/Annot/Subtype/Widget%s%s/Rect%s/F %d/P %d 0 R%s%s%s>>" % (
        kind, name, rect, chance.choice((4, 132, 2, 0)), page, look, value, parent,
    )  # fmt: skip
    new = b"%d 0 R" % update.new(source)
    if chance.random() < 0.85:
        _set(anatomy, update, page, b"Annots", b"[" + b" ".join([*_annots(anatomy, page), new]) + b"]")
    if chance.random() < 0.85:
        fields = [written(item) for item in anatomy.view.array(anatomy.form.get("Fields"))]
        _set_in_form(anatomy, update, b"Fields", b"[" + b" ".join([*fields, new]) + b"]")


def change_widget(anatomy: Anatomy, update: Update, chance: random.Random) -> None:
    """A field that was there: filled, moved, emptied, another look, kids."""
    if not anatomy.widgets:
        return
    number = chance.choice(anatomy.widgets)
    for _ in range(chance.randint(1, 2)):
        key, value = chance.choice((
            (b"V", b"(ya)"), (b"V", None), (b"V", b"null"), (b"V", b"%d 0 R" % chance.choice(anatomy.numbers)), (b"Rect", _rect(chance)),
            (b"AP", b"<</N %d 0 R>>" % _appearance(update, chance)), (b"AP", None), (b"F", b"2"), (b"FT", b"/Tx"), (b"T", b"(other)"),
            (b"Kids", b"[%d 0 R]" % chance.choice(anatomy.numbers)), (b"MK", b"<</BG[1 0 0]>>"), (b"DA", b"(/F1 90 Tf 1 0 0 rg)"), (b"Ff", b"1"),
            (b"Parent", b"%d 0 R" % chance.choice(anatomy.numbers)), (b"AA", b"<<>>"), (b"P", b"%d 0 R" % chance.choice(anatomy.numbers)),
            (b"AS", b"/Off"), (b"Lock", b"<<>>"), (b"M", b"(D:20260101)"),
        ))  # fmt: skip
        _set(anatomy, update, number, key, value)


def fill(anatomy: Anatomy, update: Update, chance: random.Random) -> None:
    """A field that is not a signature's is filled as a viewer does it; the look may be larger than the field."""
    plain = [n for n in anatomy.widgets if anatomy.view.dictionary(Ref(n, 0)).get("FT") == "Tx"]
    if not plain:
        return
    number = chance.choice(plain)
    _set(anatomy, update, number, b"V", b"(ya)")
    box = chance.choice((b"[0 0 150 30]", b"[0 0 600 800]", b"[-300 -600 300 200]"))
    matrix = chance.choice((b"", b"", b"/Matrix[1 0 0 1 -200 -300]", b"/Matrix[9 0 0 9 0 0]"))
    look = update.new(stream(b"0 0 1 rg 2 2 40 20 re f " + (_drawing(chance) if chance.random() < 0.5 else b""), b"/Subtype/Form/BBox" + box + matrix))
    _set(anatomy, update, number, b"AP", b"<</N %d 0 R>>" % look)


def change_form(anatomy: Anatomy, update: Update, chance: random.Random) -> None:
    """A key of the form."""
    keys = (b"Fields", b"NeedAppearances", b"SigFlags", b"CO", b"DR", b"DA", b"Q", b"XFA")
    _set_in_form(anatomy, update, chance.choice(keys), None if chance.random() < 0.2 else _value(anatomy, update, chance))


def add_store(anatomy: Anatomy, update: Update, chance: random.Random) -> None:
    """A document security store, of new streams or of what serves another purpose."""

    def entry() -> bytes:
        if chance.random() < 0.5:
            return b"%d 0 R" % chance.choice(anatomy.numbers)
        return b"%d 0 R" % update.new(stream(chance.randbytes(20), b"", chance))

    store = b"<<"
    for key in (b"Certs", b"CRLs", b"OCSPs"):
        if chance.random() < 0.6:
            store += b"/%s[%s]" % (key, b" ".join(entry() for _ in range(chance.randint(0, 3))))
    if chance.random() < 0.4:
        store += b"/VRI<</X %s>>" % chance.choice((entry(), b"<</Cert[%s]>>" % entry(), b"<</TU(D:2026)/CRL[%s]>>" % entry()))
    if chance.random() < 0.3:
        store += b"/Type/DSS"
    store += b">>"
    if chance.random() < 0.5:
        store = b"%d 0 R" % (update.new(store) if chance.random() < 0.8 else chance.choice(anatomy.numbers))
    _set(anatomy, update, anatomy.root, b"DSS", store)


def change_any(anatomy: Anatomy, update: Update, chance: random.Random) -> None:
    """Any object: a key, another object's value, any value, or none."""
    number = chance.choice(anatomy.numbers)
    kind = chance.randrange(5)
    if kind == 0:
        update.objects[number] = None
    elif kind == 1:
        update.objects[number] = anatomy.source(chance.choice(anatomy.numbers))
    elif kind == 2:
        update.objects[number] = _value(anatomy, update, chance)
    elif isinstance(anatomy.values.get(number), PdfDict):
        _set(anatomy, update, number, chance.choice(_KEYS), _value(anatomy, update, chance))
    elif isinstance(value := anatomy.values.get(number), Stream) and value.data_end is not None:
        data = bytearray(anatomy.pdf[value.data_start : value.data_end])
        if data:
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        source = written(value.dictionary)
        if chance.random() < 0.3:
            source = with_key(source, chance.choice(_KEYS), _value(anatomy, update, chance))
        update.objects[number] = with_key(source, b"Length", b"%d" % len(data)) + b"\nstream\n" + bytes(data) + b"\nendstream"


def change_font(anatomy: Anatomy, update: Update, chance: random.Random) -> None:
    """A font that reads or looks otherwise."""
    number = chance.choice(anatomy.fonts)
    key, value = chance.choice((
        (b"BaseFont", b"/Courier"), (b"Encoding", b"<</Differences[48/nine/eight/seven]>>"), (b"Subtype", b"/Type3"), (b"FontDescriptor", None),
        (b"ToUnicode", b"%d 0 R" % update.new(stream(b"1 beginbfchar <30> <0039> endbfchar"))), (b"Widths", b"[900 900 900]"), (b"FirstChar", b"5"),
        (b"DescendantFonts", b"[]"),
    ))  # fmt: skip
    _set(anatomy, update, number, key, value)


def repeat(anatomy: Anatomy, update: Update, chance: random.Random) -> None:
    """Objects written again as they were: no change at all."""
    for number in chance.sample(anatomy.numbers, min(3, len(anatomy.numbers))):
        update.objects[number] = anatomy.source(number)


def change_information(anatomy: Anatomy, update: Update, chance: random.Random) -> None:
    """Document information, metadata, extensions: what may be updated, also when it serves other purposes."""
    kind = chance.randrange(4)
    if kind == 0:
        update.information = update.new(b"<</ModDate(D:20260102)/Producer(x)>>") if chance.random() < 0.6 else chance.choice(anatomy.numbers)
    elif kind == 1:
        number = update.new(stream(b"<x/>", b"/Type/Metadata/Subtype/XML")) if chance.random() < 0.6 else chance.choice(anatomy.streams)
        _set(anatomy, update, anatomy.root, b"Metadata", b"%d 0 R" % number)
        if number in anatomy.values and chance.random() < 0.8:
            update.objects[number] = stream(_drawing(chance), b"/Type/Metadata/Subtype/XML", chance)
    elif kind == 2:
        number = chance.choice(anatomy.numbers)
        _set(anatomy, update, anatomy.root, b"Extensions", chance.choice((b"<</ESIC<</BaseVersion/1.7/ExtensionLevel 5>>>>", b"<</E %d 0 R>>" % number)))
        if chance.random() < 0.5:
            update.objects[number] = _value(anatomy, update, chance)
    else:
        _set(anatomy, update, anatomy.root, b"Version", chance.choice((b"/2.0", b"/1.0", b"/9.9", b"(x)")))


EDITS: tuple[Edit, ...] = (
    replace_content, change_page, change_catalogue, change_tree, add_annotation, add_field, change_widget, fill, change_form, add_store,
    change_any, change_any, change_font, repeat, change_information,
)  # fmt: skip
"""Everything that a revision may bring."""


def planned(anatomy: Anatomy, chance: random.Random) -> Update:
    """Some edits together."""
    update = Update(next=anatomy.size)
    for _ in range(chance.choice((1, 1, 1, 2, 2, 3, 5))):
        chance.choice(EDITS)(anatomy, update, chance)
    return update


def append(pdf: bytearray, anatomy: Anatomy, update: Update, chance: random.Random) -> None:
    """Writes the update behind the file: half of the time as it should be, else with an oddity or two."""
    odd = chance.random() < 0.5
    base = len(pdf)
    body = bytearray(b"\n")
    offsets: dict[int, tuple[int, int]] = {}
    packed: dict[int, bytes] = {}
    items = list(update.objects.items())
    if odd:
        chance.shuffle(items)
    as_stream = anatomy.kind == "stream" if chance.random() < 0.8 else anatomy.kind != "stream"
    for number, source in items:
        if source is None:
            continue
        if as_stream and b"\nstream\n" not in source and chance.random() < 0.3:
            packed[number] = source
            continue
        generation = chance.choice((0, 1, 65535)) if odd and chance.random() < 0.05 else 0
        offsets[number] = (base + len(body), generation)
        body += b"%d %d obj\n%s\nendobj\n" % (number, generation, source)
    size = max([anatomy.size, update.next, *update.objects]) + 1
    rows: dict[int, tuple[int, int, int]] = {number: (1, *place) for number, place in offsets.items()}
    rows.update({number: (0, 0, 1) for number, source in update.objects.items() if source is None})
    if packed:
        store, size = size, size + 1
        text = [written_object for written_object in packed.values()]
        heads, position = [], 0
        for number, source in packed.items():
            heads.append(b"%d %d" % (number, position))
            position += len(source) + 1
        head = b" ".join(heads) + b" "
        rows[store] = (1, base + len(body), 0)
        rows.update({number: (2, store, index) for index, number in enumerate(packed)})
        body += b"%d 0 obj\n%s\nendobj\n" % (
            store, stream(head + b"\n".join(text), b"/Type/ObjStm/N %d/First %d" % (len(packed), len(head)), chance),
        )  # fmt: skip
    if odd:
        _oddities(anatomy, update, rows, body, base, chance)
    last = anatomy.view.last.xref
    previous = last
    if odd and chance.random() < 0.15:
        previous = chance.choice((0, base, anatomy.sections[0].start, anatomy.sections[-1].start, last + 1, 10**9))
    root = update.root if update.root is not None else anatomy.root
    trailer = b"/Size %d/Root %d 0 R" % (chance.choice((5, 2**31, size)) if odd and chance.random() < 0.1 else size + 1, root)
    if not (odd and chance.random() < 0.05):
        trailer += b"/Prev %d" % previous
    for key in ("ID", "Encrypt", "Info"):
        if key in anatomy.view.trailer and not (key == "Info" and update.information is not None):
            trailer += b"/%s %s" % (key.encode(), written(anatomy.view.trailer[key]))
    if update.information is not None:
        trailer += b"/Info %d 0 R" % update.information
    if odd and chance.random() < 0.08:
        trailer += chance.choice((b"/Root %d 0 R" % chance.choice(anatomy.numbers), b"/Encrypt<</Filter/Standard>>", b"/XRefStm %d" % last, b"/Size 9"))
    start = base + len(body)
    if as_stream:
        rows[size] = (1, start, 0)
        body += _xref_stream(size, rows, trailer)
    elif odd and chance.random() < 0.2:
        some = {n: row for n, row in rows.items() if chance.random() < 0.5}
        body += _xref_stream(size, some | {size: (1, start, 0)}, trailer)
        first, start = start, base + len(body)
        body += _xref_table({n: row for n, row in rows.items() if row[0] != 2}, trailer + b"/XRefStm %d" % first)
    else:
        body += _xref_table(rows, trailer)
    body += _closing(start, anatomy, odd=odd, chance=chance)
    pdf += body


def _oddities(
    anatomy: Anatomy, update: Update, rows: dict[int, tuple[int, int, int]], body: bytearray, base: int, chance: random.Random
) -> None:
    for _ in range(chance.randint(0, 2)):
        kind = chance.randrange(7)
        if kind == 0 and rows:
            rows.pop(chance.choice(sorted(rows)))
        elif kind == 1:
            rows[chance.choice(anatomy.numbers)] = (chance.choice((0, 1, 2)), chance.randrange(base + len(body)), chance.choice((0, 1)))
        elif kind == 2:
            places = [row for n in anatomy.numbers if (row := anatomy.view.entry(n)) and row.kind == 1]
            if places:
                rows[chance.choice(anatomy.numbers)] = (1, chance.choice(places).first, 0)
        elif kind == 3:
            number = chance.choice(anatomy.numbers)
            body += b"%d 0 obj\n%s\nendobj\n" % (number, _value(anatomy, update, chance).replace(b"\r", b""))
        elif kind == 4:
            body += chance.choice((b"% a comment\n", b"rubbish\n", b"% 5 0 obj null endobj\n", b"\0\0\0\n", b"%%EOF\n", b"startxref\n5\n%%EOF\n", b"endobj\n"))
        elif kind == 5 and rows:
            number = chance.choice(sorted(rows))
            row = rows[number]
            rows[number] = (row[0], max(0, row[1] + chance.choice((-1, 1, -3, 5))), row[2])
        else:
            rows[0] = (0, 0, 65535)


def _xref_table(rows: dict[int, tuple[int, int, int]], trailer: bytes) -> bytes:
    text = b"xref\n"
    for number in sorted(rows):
        kind, first, second = rows[number]
        text += b"%d 1\n%010d %05d %s \n" % (number, first, second, b"f" if kind == 0 else b"n")
    if not rows:
        text += b"0 0\n"
    return text + b"trailer\n<<" + trailer + b">>\n"


def _xref_stream(number: int, rows: dict[int, tuple[int, int, int]], trailer: bytes) -> bytes:
    numbers = sorted(rows)
    data = b"".join(bytes([rows[n][0]]) + rows[n][1].to_bytes(4, "big") + rows[n][2].to_bytes(2, "big") for n in numbers)
    index = b" ".join(b"%d 1" % n for n in numbers)
    packed = zlib.compress(data)
    head = b"/Type/XRef/W[1 4 2]/Index[%s]/Filter/FlateDecode/Length %d" % (index, len(packed))
    return b"%d 0 obj\n<<%s%s>>\nstream\n%s\nendstream\nendobj\n" % (number, head, trailer, packed)


def _closing(start: int, anatomy: Anatomy, *, odd: bool, chance: random.Random) -> bytes:
    if odd and chance.random() < 0.2:
        return chance.choice((
            b"startxref\n%d\n%%%%EOF\n" % anatomy.view.last.xref, b"startxref\n0\n%%EOF\n", b"%%EOF\n", b"", b"startxref\n%d\n" % start,
            b"startxref\n%d\n%%%%EOF\n" % (start + 1), b"startxref %d %%%%EOF" % start, b"startxref\n%d\n%%%%EOF%s" % (start, b" " * 40),
            b"startxref\n%d\n%%%%EOF\nstartxref\n%d\n%%%%EOF\n" % (start, anatomy.view.last.xref),
            b"startxref\n%d\n%%%%EOF\nstartxref\n%d\n%%%%EOF\n" % (anatomy.view.last.xref, start),
        ))  # fmt: skip
    return b"startxref\n%d\n%%%%EOF\n" % start


