"""What an appended revision may bring: objects replaced, added and freed with some sense."""

import random
import zlib
from collections.abc import Callable

from esign.pdf.syntax import PdfDict, Ref, Stream
from tests.attacks.forgery import with_key, written
from tests.fuzz.anatomy import Anatomy, Update, references

_SHOWN = b"BT /F1 40 Tf 72 %d Td (Rp 999.000.000) Tj ET 1 0 0 rg 200 200 90 90 re f"

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
        current = written(anatomy.form)
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


def some_value(anatomy: Anatomy, update: Update, chance: random.Random, depth: int = 0) -> bytes:
    """Any value, perhaps of new objects."""
    kind = chance.randrange(9 if depth < 2 else 6)
    if kind == 0:
        return b"%d 0 R" % chance.choice(anatomy.numbers)
    if kind == 1:
        return b"%d" % chance.choice((0, 1, 2, 90, 180, 1000, -1))
    if kind == 2:
        return b"/" + chance.choice(
            (b"Page", b"Pages", b"Sig", b"Catalog", b"Font", b"Widget", b"XObject", b"DSS", b"Metadata", b"None")
        )
    if kind == 3:
        return b"(" + chance.choice((b"x", b"Rp 999", b"app.alert\\(1\\)")) + b")"
    if kind == 4:
        return chance.choice((b"null", b"true", b"false", b"<00>", b"[]", b"<<>>"))
    if kind == 5:
        return b"%d 0 R" % update.new(stream(_drawing(chance), b"", chance))
    if kind == 6:
        return (
            b"[" + b" ".join(some_value(anatomy, update, chance, depth + 1) for _ in range(chance.randint(0, 4))) + b"]"
        )
    keys = [chance.choice(_KEYS) for _ in range(chance.randint(0, 4))]
    return b"<<" + b"".join(b"/" + key + b" " + some_value(anatomy, update, chance, depth + 1) for key in keys) + b">>"


_KEYS = tuple(
    (
        b"Type Subtype Contents Annots Kids Count Parent Resources Font AP N V FT T Rect F P Certs VRI CRLs "
        b"OCSPs S JS Length Filter MediaBox Rotate XObject BaseFont ToUnicode DA DR Fields SigFlags M BBox "
        b"Matrix OC AA Popup"
    ).split()
)
_CATALOGUE_KEYS = tuple(
    (
        b"Pages OpenAction AA Names OCProperties AcroForm DSS Perms Outlines Extensions Metadata Version "
        b"PageLabels ViewerPreferences StructTreeRoot MarkInfo Lang Collection Legal URI Type Dests Threads "
        b"OutputIntents NeedsRendering PieceInfo Requirements AF DPartRoot"
    ).split()
)
_PAGE_KEYS = tuple(
    (
        b"Contents Resources MediaBox CropBox Rotate UserUnit Parent Annots Group AA Tabs Type Thumb "
        b"StructParents Metadata PieceInfo B VP TrimBox TemplateInstantiated LastModified"
    ).split()
)


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
        value = None if chance.random() < 0.2 else some_value(anatomy, update, chance)
        if chance.random() < 0.3:
            value = chance.choice((b"[0 0 300 300]", b"90", b"180", b"2", b"/S", b"/R"))
        _set(anatomy, update, chance.choice(anatomy.pages), chance.choice(_PAGE_KEYS), value)


def change_catalogue(anatomy: Anatomy, update: Update, chance: random.Random) -> None:
    """A key of the catalogue, or another catalogue."""
    value = None if chance.random() < 0.2 else some_value(anatomy, update, chance)
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
    kids = [b"%d 0 R" % ref.number for ref in references(anatomy.view.dictionary(Ref(node, 0)).get("Kids"))]
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
    return b"[%d %d %d %d]" % (
        left,
        bottom,
        left + chance.choice((0, 20, 200, 600)),
        bottom + chance.choice((0, 20, 200)),
    )


def add_annotation(anatomy: Anatomy, update: Update, chance: random.Random) -> None:
    """An annotation of any kind, in some form, or annotations taken away."""
    if not anatomy.pages:
        return
    page = chance.choice(anatomy.pages)
    annots = _annots(anatomy, page)
    if annots and chance.random() < 0.2:
        annots.pop(chance.randrange(len(annots)))
    else:
        kinds = (
            b"FreeText",
            b"Stamp",
            b"Square",
            b"Highlight",
            b"Ink",
            b"Link",
            b"Popup",
            b"Widget",
            b"Redact",
            b"Watermark",
            b"Text",
            b"Movie",
        )
        look = _appearance(update, chance)
        source = b"<</Type/Annot/Subtype/%s/Rect%s/F %d/Contents(x)/AP<</N %d 0 R>>>>" % (
            chance.choice(kinds),
            _rect(chance),
            chance.choice((0, 2, 4, 132)),
            look,
        )
        annots.insert(
            chance.randint(0, len(annots)), source if chance.random() < 0.1 else b"%d 0 R" % update.new(source)
        )
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
        value = b"/V " + some_value(anatomy, update, chance)
    look = b"/AP<</N %d 0 R>>" % _appearance(update, chance) if chance.random() < 0.7 else b""
    kind = chance.choice((b"/FT/Sig", b"/FT/Sig", b"/FT/Sig", b"/FT/Tx", b"/FT/Btn", b"/FT/Ch", b""))
    parent = b"/Parent %d 0 R" % chance.choice(anatomy.widgets) if anatomy.widgets and chance.random() < 0.2 else b""
    name = b"/T(f%d)" % chance.randint(1, 9) if chance.random() < 0.9 else b""
    rect = _rect(chance) if chance.random() < 0.7 else b"[0 0 0 0]"
    source = b"<</Type/Annot/Subtype/Widget%s%s/Rect%s/F %d/P %d 0 R%s%s%s>>" % (
        kind,
        name,
        rect,
        chance.choice((4, 132, 2, 0)),
        page,
        look,
        value,
        parent,
    )
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
        key, value = chance.choice(
            (
                (b"V", b"(ya)"),
                (b"V", None),
                (b"V", b"null"),
                (b"V", b"%d 0 R" % chance.choice(anatomy.numbers)),
                (b"Rect", _rect(chance)),
                (b"AP", b"<</N %d 0 R>>" % _appearance(update, chance)),
                (b"AP", None),
                (b"F", b"2"),
                (b"FT", b"/Tx"),
                (b"T", b"(other)"),
                (b"Kids", b"[%d 0 R]" % chance.choice(anatomy.numbers)),
                (b"MK", b"<</BG[1 0 0]>>"),
                (b"DA", b"(/F1 90 Tf 1 0 0 rg)"),
                (b"Ff", b"1"),
                (b"Parent", b"%d 0 R" % chance.choice(anatomy.numbers)),
                (b"AA", b"<<>>"),
                (b"P", b"%d 0 R" % chance.choice(anatomy.numbers)),
                (b"AS", b"/Off"),
                (b"Lock", b"<<>>"),
                (b"M", b"(D:20260101)"),
            )
        )
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
    look = update.new(
        stream(
            b"0 0 1 rg 2 2 40 20 re f " + (_drawing(chance) if chance.random() < 0.5 else b""),
            b"/Subtype/Form/BBox" + box + matrix,
        )
    )
    _set(anatomy, update, number, b"AP", b"<</N %d 0 R>>" % look)


def change_form(anatomy: Anatomy, update: Update, chance: random.Random) -> None:
    """A key of the form."""
    keys = (b"Fields", b"NeedAppearances", b"SigFlags", b"CO", b"DR", b"DA", b"Q", b"XFA")
    _set_in_form(
        anatomy, update, chance.choice(keys), None if chance.random() < 0.2 else some_value(anatomy, update, chance)
    )


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
        store += b"/VRI<</X %s>>" % chance.choice(
            (entry(), b"<</Cert[%s]>>" % entry(), b"<</TU(D:2026)/CRL[%s]>>" % entry())
        )
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
        update.objects[number] = some_value(anatomy, update, chance)
    elif isinstance(anatomy.values.get(number), PdfDict):
        _set(anatomy, update, number, chance.choice(_KEYS), some_value(anatomy, update, chance))
    elif isinstance(value := anatomy.values.get(number), Stream) and value.data_end is not None:
        data = bytearray(anatomy.pdf[value.data_start : value.data_end])
        if data:
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        source = written(value.dictionary)
        if chance.random() < 0.3:
            source = with_key(source, chance.choice(_KEYS), some_value(anatomy, update, chance))
        update.objects[number] = (
            with_key(source, b"Length", b"%d" % len(data)) + b"\nstream\n" + bytes(data) + b"\nendstream"
        )


def change_font(anatomy: Anatomy, update: Update, chance: random.Random) -> None:
    """A font that reads or looks otherwise."""
    number = chance.choice(anatomy.fonts)
    key, value = chance.choice(
        (
            (b"BaseFont", b"/Courier"),
            (b"Encoding", b"<</Differences[48/nine/eight/seven]>>"),
            (b"Subtype", b"/Type3"),
            (b"FontDescriptor", None),
            (b"ToUnicode", b"%d 0 R" % update.new(stream(b"1 beginbfchar <30> <0039> endbfchar"))),
            (b"Widths", b"[900 900 900]"),
            (b"FirstChar", b"5"),
            (b"DescendantFonts", b"[]"),
        )
    )
    _set(anatomy, update, number, key, value)


def repeat(anatomy: Anatomy, update: Update, chance: random.Random) -> None:
    """Objects written again as they were: no change at all."""
    for number in chance.sample(anatomy.numbers, min(3, len(anatomy.numbers))):
        update.objects[number] = anatomy.source(number)


def change_information(anatomy: Anatomy, update: Update, chance: random.Random) -> None:
    """Document information, metadata, extensions: what may be updated, also when it serves other purposes."""
    kind = chance.randrange(4)
    if kind == 0:
        update.information = (
            update.new(b"<</ModDate(D:20260102)/Producer(x)>>")
            if chance.random() < 0.6
            else chance.choice(anatomy.numbers)
        )
    elif kind == 1:
        number = (
            update.new(stream(b"<x/>", b"/Type/Metadata/Subtype/XML"))
            if chance.random() < 0.6
            else chance.choice(anatomy.streams)
        )
        _set(anatomy, update, anatomy.root, b"Metadata", b"%d 0 R" % number)
        if number in anatomy.values and chance.random() < 0.8:
            update.objects[number] = stream(_drawing(chance), b"/Type/Metadata/Subtype/XML", chance)
    elif kind == 2:
        number = chance.choice(anatomy.numbers)
        _set(
            anatomy,
            update,
            anatomy.root,
            b"Extensions",
            chance.choice((b"<</ESIC<</BaseVersion/1.7/ExtensionLevel 5>>>>", b"<</E %d 0 R>>" % number)),
        )
        if chance.random() < 0.5:
            update.objects[number] = some_value(anatomy, update, chance)
    else:
        _set(anatomy, update, anatomy.root, b"Version", chance.choice((b"/2.0", b"/1.0", b"/9.9", b"(x)")))


EDITS: tuple[Edit, ...] = (
    replace_content,
    change_page,
    change_catalogue,
    change_tree,
    add_annotation,
    add_field,
    change_widget,
    fill,
    change_form,
    add_store,
    change_any,
    change_any,
    change_font,
    repeat,
    change_information,
)
"""Everything that a revision may bring."""


def planned(anatomy: Anatomy, chance: random.Random) -> Update:
    """Some edits together."""
    update = Update(next=anatomy.size)
    for _ in range(chance.choice((1, 1, 1, 2, 2, 3, 5))):
        chance.choice(EDITS)(anatomy, update, chance)
    return update
