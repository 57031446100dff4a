"""Content after the signed revision: incremental saving, shadow, evil annotations, pages, dictionary spoofing."""

from collections.abc import Iterator

from esign.pdf.syntax import PdfDict, Ref
from tests.attacks.forgery import Forgery, next_number, target, updated, with_key, written

_DRAWING = b"BT /F1 40 Tf 72 400 Td (Rp 999.000.000) Tj ET"


def _stream(data: bytes, extra: bytes = b"") -> bytes:
    return b"<</Length %d%s>>\nstream\n%s\nendstream" % (len(data), extra, data)


def incremental(pdf: bytes) -> Iterator[Forgery]:
    """A later revision that changes the page, complete or not (ISA)."""
    place = target(pdf)
    page, new = place.page, next_number(pdf)
    source = place.text(page)
    changed = {page: with_key(source, b"Contents", b"%d 0 R" % new), new: _stream(_DRAWING)}
    whole = updated(pdf, changed)
    yield Forgery("page contents replaced", whole)
    update = whole[len(pdf) :]
    contents = place.view.dictionary(Ref(page, 0)).get("Contents")
    if isinstance(contents, list):
        contents = contents[0]
    assert isinstance(contents, Ref)
    yield Forgery("content stream overwritten", updated(pdf, {contents.number: _stream(_DRAWING)}))
    yield Forgery("content stream freed", updated(pdf, {contents.number: None}))
    yield Forgery("body without cross-reference", pdf + update[: update.rindex(b"endobj") + 7])
    yield Forgery("without startxref", pdf + update[: update.rindex(b"startxref")])
    yield Forgery("without %%EOF", pdf + update[: update.rindex(b"%%EOF")])
    yield Forgery(
        "startxref of the signed revision",
        updated(pdf, changed, close=b"startxref\n%d\n%%%%EOF\n" % place.view.last.xref),
    )
    yield Forgery("startxref to nowhere", updated(pdf, changed, close=b"startxref\n7\n%%EOF\n"))
    yield Forgery("startxref beyond the file", updated(pdf, changed, close=b"startxref\n99999999\n%%EOF\n"))
    yield Forgery("no newline before %%EOF", updated(pdf, changed, close=b"startxref 0 %%EOF"))
    yield Forgery("object of no cross-reference", updated(pdf, {new: b"null"}, extra=b"%d 0 obj\n(x)\nendobj\n" % page))
    yield Forgery("object in a comment", updated(pdf, {new: b"null"}, extra=b"%% %d 0 obj (x) endobj\n" % page))
    yield Forgery("rubbish between objects", updated(pdf, {new: b"null"}, extra=b"rubbish\n"))
    yield Forgery("rubbish at the end", pdf + b"\n%d 0 obj\n<</Type/Page>>\nendobj\n" % page)
    yield Forgery("one letter at the end", pdf + b"x")
    yield Forgery("a comment at the end", pdf + b"\n% nothing\n")
    yield Forgery("white space of 33 bytes", pdf + b" " * 40)
    yield Forgery("a second file at the end", pdf + pdf)
    yield Forgery(
        "an older file at the end", pdf + b"%PDF-1.4\n1 0 obj\n<</Type/Catalog>>\nendobj\ntrailer\n<</Root 1 0 R>>\n"
    )


def shadow(pdf: bytes) -> Iterator[Forgery]:
    """Objects swapped behind unchanged references: catalogue, page tree, fonts, rows that lead elsewhere."""
    place = target(pdf)
    view, page, new = place.view, place.page, next_number(pdf)
    root = view.trailer["Root"]
    assert isinstance(root, Ref)
    catalogue = view.catalogue
    yield Forgery("another catalogue", updated(pdf, {new: written(catalogue)}, root=new))
    pages = catalogue["Pages"]
    assert isinstance(pages, Ref)
    tree = view.dictionary(pages)
    kids = view.array(tree.get("Kids"))
    count = len(kids)
    added = b"<</Type/Page/Parent %d 0 R/MediaBox[0 0 595 842]/Contents %d 0 R>>" % (pages.number, new + 1)
    source = with_key(with_key(written(tree), b"Kids", written([*kids, Ref(new, 0)])), b"Count", b"%d" % (count + 1))
    yield Forgery("page added", updated(pdf, {pages.number: source, new: added, new + 1: _stream(_DRAWING)}))
    source = with_key(with_key(written(tree), b"Kids", b"[%d 0 R]" % new), b"Count", b"1")
    yield Forgery("pages replaced", updated(pdf, {pages.number: source, new: added, new + 1: _stream(_DRAWING)}))
    source = with_key(with_key(written(tree), b"Kids", written(kids[1:])), b"Count", b"%d" % (count - 1))
    yield Forgery("page removed", updated(pdf, {pages.number: source}))
    yield Forgery(
        "another page tree",
        updated(
            pdf,
            {
                root.number: with_key(written(catalogue), b"Pages", b"%d 0 R" % new),
                new: b"<</Type/Pages/Count 1/Kids[%d 0 R]>>" % (new + 1),
                new + 1: added,
            },
        ),
    )
    for key, value in {
        b"OpenAction": b"<</S/JavaScript/JS(app.alert(1))>>",
        b"Names": b"<</EmbeddedFiles<</Names[]>>>>",
        b"OCProperties": b"<</OCGs[]/D<<>>>>",
        b"ViewerPreferences": b"<</HideToolbar true>>",
        b"Outlines": b"<<>>",
        b"Perms": b"<<>>",
        b"PageLabels": b"<</Nums[0<</S/D/St 9>>]>>",
        b"StructTreeRoot": b"<<>>",
    }.items():
        changed = with_key(written(catalogue), key, value)
        yield Forgery(f"catalogue /{key.decode()}", updated(pdf, {root.number: changed}))
    for key, value in {
        b"Rotate": b"180",
        b"CropBox": b"[0 0 9 9]",
        b"MediaBox": b"[0 0 9 9]",
        b"Resources": b"<<>>",
        b"UserUnit": b"3",
        b"AA": b"<<>>",
    }.items():
        changed = with_key(place.text(page), key, value)
        yield Forgery(f"page /{key.decode()}", updated(pdf, {page: changed}))
    for number, kind in _of_kinds(place.view, ("Font", "FontDescriptor", "XObject")):
        yield Forgery(f"{kind} {number} replaced", updated(pdf, {number: b"<</Type/%s>>" % kind.encode()}))
    first = view.indirect(page)
    if first is not None:
        yield Forgery(
            "row of the page to another object", updated(pdf, {new: b"null"}, rows={page: pdf.index(b" 0 obj") - 1})
        )
    yield Forgery("store that is a page's content", _store_over_content(pdf))
    yield Forgery("information that is a page's content", _information_over_content(pdf))


def _of_kinds(view: object, kinds: tuple[str, ...]) -> Iterator[tuple[int, str]]:
    seen: set[str] = set()
    for number in sorted(view.numbers()):  # type: ignore[attr-defined]
        value = view.dictionary(Ref(number, 0))  # type: ignore[attr-defined]
        kind = value.get("Type")
        if isinstance(kind, str) and kind in kinds and kind not in seen:
            seen.add(kind)
            yield number, kind


def _content_of(pdf: bytes) -> tuple[int, int]:
    place = target(pdf)
    contents = place.view.dictionary(Ref(place.page, 0)).get("Contents")
    if isinstance(contents, list):
        contents = contents[0]
    assert isinstance(contents, Ref)
    root = place.view.trailer["Root"]
    assert isinstance(root, Ref)
    return contents.number, root.number


def _store_over_content(pdf: bytes) -> bytes:
    content, root = _content_of(pdf)
    catalogue = with_key(written(target(pdf).view.catalogue), b"DSS", b"<</Certs[%d 0 R]>>" % content)
    return updated(pdf, {root: catalogue, content: _stream(_DRAWING)})


def _information_over_content(pdf: bytes) -> bytes:
    content, _ = _content_of(pdf)
    return updated(pdf, {content: b"<</Producer(x)>>"}, information=content)


def annotations(pdf: bytes) -> Iterator[Forgery]:
    """Annotations over the page, of every kind that shows something (EAA)."""
    place = target(pdf)
    page, new = place.page, next_number(pdf)
    view = place.view
    existing = view.array(view.dictionary(Ref(page, 0)).get("Annots"))
    appearance = _stream(_DRAWING, b"/Type/XObject/Subtype/Form/BBox[0 0 400 400]")
    for kind in ("FreeText", "Stamp", "Redact", "Square", "Highlight", "Ink", "Link", "Popup", "Widget", "Watermark"):
        annotation = b"<</Type/Annot/Subtype/%s/Rect[72 380 480 440]/F 4/Contents(x)/AP<</N %d 0 R>>>>" % (
            kind.encode(),
            new + 1,
        )
        source = with_key(place.text(page), b"Annots", written([*existing, Ref(new, 0)]))
        yield Forgery(f"annotation {kind}", updated(pdf, {page: source, new: annotation, new + 1: appearance}))
    if existing:
        yield Forgery("annotations removed", updated(pdf, {page: with_key(place.text(page), b"Annots", b"[]")}))
    source = with_key(place.text(page), b"Annots", written([*existing, PdfDict()]))
    yield Forgery("annotation without object", updated(pdf, {page: source}))


def fields(pdf: bytes) -> Iterator[Forgery]:
    """The form after the signature: fields added, widgets moved, the signed field's look replaced."""
    place = target(pdf)
    view, page, new = place.view, place.page, next_number(pdf)
    root = view.trailer["Root"]
    assert isinstance(root, Ref)
    form = view.dictionary(view.catalogue["AcroForm"])
    entry = view.catalogue["AcroForm"]
    roots = view.array(form.get("Fields"))
    appearance = _stream(_DRAWING, b"/Type/XObject/Subtype/Form/BBox[0 0 400 400]")

    def form_with(**changes: bytes | None) -> dict[int, bytes | None]:
        source = written(form)
        for key, value in changes.items():
            source = with_key(source, key.encode(), value)
        if isinstance(entry, Ref):
            return {entry.number: source}
        return {root.number: with_key(written(view.catalogue), b"AcroForm", source)}

    def field(extra: bytes) -> dict[int, bytes | None]:
        existing = view.array(view.dictionary(Ref(page, 0)).get("Annots"))
        annots = with_key(place.text(page), b"Annots", written([*existing, Ref(new, 0)]))
        widget = b"<</Type/Annot/Subtype/Widget/T(later)/Rect[72 380 480 440]/F 4/P %d 0 R/AP<</N %d 0 R>>%s>>" % (
            page,
            new + 1,
            extra,
        )
        return {page: annots, new: widget, new + 1: appearance, **form_with(Fields=written([*roots, Ref(new, 0)]))}

    yield Forgery("text field added", updated(pdf, field(b"/FT/Tx/V(Rp 999)")))
    yield Forgery("button added", updated(pdf, field(b"/FT/Btn/Ff 65536")))
    yield Forgery("unsigned signature field with a look", updated(pdf, field(b"/FT/Sig")))
    yield Forgery("field of no kind added", updated(pdf, field(b"")))
    number = place.signature.found.number
    yield Forgery("field that shares the signature", updated(pdf, field(b"/FT/Sig/V %d 0 R" % number)))
    yield Forgery("form without fields", updated(pdf, form_with(Fields=b"[]")))
    yield Forgery("form with XFA", updated(pdf, form_with(XFA=b"(<xdp/>)")))
    yield Forgery("form that needs appearances", updated(pdf, form_with(NeedAppearances=b"true")))
    yield Forgery("form with another order of calculation", updated(pdf, form_with(CO=b"[]")))
    reference = place.signature.fields[0].reference
    assert reference is not None
    own = written(view.dictionary(reference))
    for name, changed in {
        "moved": with_key(own, b"Rect", b"[0 0 500 500]"),
        "look replaced": with_key(own, b"AP", b"<</N %d 0 R>>" % (new + 1)),
        "emptied": with_key(own, b"V", None),
        "value null": with_key(own, b"V", b"null"),
        "renamed": with_key(own, b"T", b"(other)"),
        "hidden": with_key(own, b"F", b"2"),
        "other kind": with_key(own, b"FT", b"/Tx"),
    }.items():
        yield Forgery(f"signed field {name}", updated(pdf, {reference.number: changed, new + 1: appearance}))


def roles(pdf: bytes) -> Iterator[Forgery]:
    """Changed content under the name of something harmless: validation data, metadata, extensions, appearances."""
    place = target(pdf)
    view, page = place.view, place.page
    root = view.trailer["Root"]
    pages = view.catalogue["Pages"]
    assert isinstance(root, Ref)
    assert isinstance(pages, Ref)
    content, _ = _content_of(pdf)
    evil: dict[int, bytes | None] = {content: _stream(_DRAWING)}
    turned: dict[int, bytes | None] = {page: with_key(place.text(page), b"Rotate", b"180")}
    empty: dict[int, bytes | None] = {pages.number: b"<</Type/Pages/Count 0/Kids[]>>"}

    def under(key: bytes, value: bytes, objects: dict[int, bytes | None]) -> bytes:
        return updated(pdf, {root.number: with_key(written(view.catalogue), key, value), **objects})

    for what, reference, objects in (
        ("content", content, evil),
        ("page", page, turned),
        ("page tree", pages.number, empty),
        ("page, content beside", page, evil),
    ):
        yield Forgery(f"certificate that is the {what}", under(b"DSS", b"<</Certs[%d 0 R]>>" % reference, objects))
        yield Forgery(f"store that is the {what}", under(b"DSS", b"%d 0 R" % reference, objects))
        entry = b"<</VRI<</X<</CRL[%d 0 R]>>>>>>" % reference
        yield Forgery(f"CRL that is the {what}", under(b"DSS", entry, objects))
        entry = b"<</VRI<</X %d 0 R>>>>" % reference
        yield Forgery(f"VRI entry that is the {what}", under(b"DSS", entry, objects))
        yield Forgery(f"extension that is the {what}", under(b"Extensions", b"<</E %d 0 R>>" % reference, objects))
        yield Forgery(f"extensions that are the {what}", under(b"Extensions", b"%d 0 R" % reference, objects))
        yield Forgery(f"metadata that are the {what}", under(b"Metadata", b"%d 0 R" % reference, objects))
        yield Forgery(f"form that is the {what}", under(b"AcroForm", b"%d 0 R" % reference, objects))
        yield Forgery(f"information that is the {what}", updated(pdf, objects, information=reference))
    for number in sorted({row.first for n in view.numbers() if (row := view.entry(n)) and row.kind == 2}):
        emptied: dict[int, bytes | None] = {number: b"<</Type/ObjStm/N 0/First 0/Length 0>>\nstream\n\nendstream"}
        yield Forgery(f"object stream {number} emptied", updated(pdf, emptied))
        yield Forgery(f"object stream {number} freed", updated(pdf, {number: None}))
        yield Forgery(
            f"object stream {number} as a certificate", under(b"DSS", b"<</Certs[%d 0 R]>>" % number, emptied)
        )
    font = b"<</Type/Font/Subtype/Type1/BaseFont/Courier>>"
    for number, kind in _of_kinds(view, ("Font",)):
        form = written(view.dictionary(view.catalogue["AcroForm"]))
        changed = with_key(form, b"DR", b"<</Font<</F1 %d 0 R>>>>" % number)
        yield Forgery(f"{kind} of a page as the form's", under(b"AcroForm", changed, {number: font}))
