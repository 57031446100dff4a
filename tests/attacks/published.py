"""The published variants that need a prepared letter, or a certificate of a certain permission, from unsigned letters.

*1 Trillion Dollar Refund* (CCS 2019), *Shadow Attacks* (NDSS 2021), *Breaking the Specification* (S&P 2021).
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from esign.pdf.revisions import PdfFile, View
from esign.pdf.syntax import Ref
from tests.attacks.forgery import NOT_GENUINE, Forgery, next_number, updated, with_key, written
from tests.legitimate.by_hand import Manner, append, first_page, second, sign_by_hand, stream
from tests.legitimate.filled import fillings, form
from tests.legitimate.made import plainly

_TEXT = b"BT /F1 30 Tf 72 500 Td (Rp 999.000.000) Tj ET"
_BOX = b"1 1 1 rg 60 480 400 60 re f"
_FONT = b"/Resources<</Font<</F1<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>"
_LOOK = b"/Type/XObject/Subtype/Form/BBox[0 0 600 900]" + _FONT


def certifying(permission: int, **changes: object) -> Manner:
    """A manner that certifies with that permission."""
    manner = Manner(
        keys=b"/Reference[<</Type/SigRef/TransformMethod/DocMDP/TransformParams<</Type/TransformParams/P %d/V/1.2>>>>]"
        % permission,
        catalogue={"Perms": b"<</DocMDP @sig>>"},
    )
    return replace(manner, **changes)  # type: ignore[arg-type]


MANNERS: dict[str, Manner] = {
    "approved": Manner(),
    "P 1": certifying(1),
    "P 2": certifying(2),
    "P 3": certifying(3),
}


class _Place:
    """What attackers look for in a file."""

    def __init__(self, pdf: bytes) -> None:
        self.pdf = pdf
        self.view: View = PdfFile(pdf).view()
        self.page = first_page(self.view)
        self.new = next_number(pdf)
        root = self.view.trailer["Root"]
        assert isinstance(root, Ref)
        self.root = root.number
        self.source = written(self.view.dictionary(Ref(self.page, 0)))
        self.catalogue = written(self.view.catalogue)

    def listing(self, *annotations: bytes) -> bytes:
        """The page with further annotations."""
        older = [written(item) for item in self.view.array(self.view.dictionary(Ref(self.page, 0)).get("Annots"))]
        return with_key(self.source, b"Annots", b"[" + b" ".join([*older, *annotations]) + b"]")


# --- shadow attacks ------------------------------------------------------------------------------


def hidden(pdf: bytes) -> Iterator[Forgery]:
    """Hide: what covers prepared content is taken away after it was signed."""
    place = _Place(pdf)
    n = place.new
    prepared = append(
        pdf,
        {
            place.page: with_key(
                with_key(place.source, b"Contents", b"[%d 0 R %d 0 R]" % (n, n + 1)),
                b"Resources",
                b"<</XObject<</Cover %d 0 R>>/Font<</F1<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>" % (n + 2),
            ),
            n: stream(_TEXT),
            n + 1: stream(b"/Cover Do"),
            n + 2: stream(_BOX, b"/Type/XObject/Subtype/Form/BBox[0 0 600 900]"),
            n + 3: stream(b"", b"/Type/XObject/Subtype/Form/BBox[0 0 1 1]"),
        },
    )
    for told, manner in MANNERS.items():
        signed = sign_by_hand(prepared, manner)
        file = PdfFile(signed)
        other = file.view().indirect(n + 3)
        assert other is not None
        for name, changed in {
            "freed": updated(signed, {n + 2: None}),
            "made null": updated(signed, {n + 2: b"null"}),
            "emptied": updated(signed, {n + 2: stream(b"", b"/Type/XObject/Subtype/Form/BBox[0 0 1 1]")}),
            "of another kind": updated(signed, {n + 2: stream(_BOX, b"/Type/Metadata/Subtype/XML")}),
            "row to another": updated(signed, {}, rows={n + 2: other.start}),
            "called metadata": updated(
                signed,
                {
                    n + 2: stream(b"<x/>", b"/Type/Metadata/Subtype/XML"),
                    place.root: with_key(written(file.view().catalogue), b"Metadata", b"%d 0 R" % (n + 2)),
                },
            ),
        }.items():
            yield Forgery(f"{told}: cover {name}", changed)


def replaced(pdf: bytes) -> Iterator[Forgery]:
    """Replace: a form's value, its look, or a font says something else than was signed."""
    made = form(pdf)
    filled = append(made.pdf, next(objects for name, objects in fillings(made, made.pdf) if name == "text"))
    for told, manner in MANNERS.items():
        signed = sign_by_hand(filled, manner)
        view, new = PdfFile(signed).view(), next_number(signed)
        field = view.dictionary(Ref(made.text, 0))
        other = stream(b"BT /Helv 10 Tf 2 5 Td (Orang lain) Tj ET", b"/Type/XObject/Subtype/Form/BBox[0 0 120 20]")
        entry = view.catalogue["AcroForm"]
        assert isinstance(entry, Ref)
        acro = written(view.dictionary(entry))
        value = with_key(written(field), b"V", b"(Orang lain)")
        look = with_key(written(field), b"AP", b"<</N %d 0 R>>" % new)
        states = view.dictionary(field.get("AP"))
        normal = states["N"]
        assert isinstance(normal, Ref)
        checked = with_key(with_key(written(view.dictionary(Ref(made.check, 0))), b"V", b"/Ya"), b"AS", b"/Ya")
        for name, objects in {
            "value": {made.text: value},
            "look": {made.text: look, new: other},
            "value and look": {made.text: with_key(look, b"V", b"(Orang lain)"), new: other},
            "look written over": {normal.number: other},
            "value, to be drawn anew": {made.text: value, entry.number: with_key(acro, b"NeedAppearances", b"true")},
            "another filled, to be drawn anew": {
                made.check: checked,
                entry.number: with_key(acro, b"NeedAppearances", b"true"),
            },
            "widened": {made.text: with_key(written(field), b"Rect", b"[0 0 600 900]")},
            "emptied": {made.text: with_key(written(field), b"V", None)},
            "hidden": {made.text: with_key(written(field), b"F", b"2")},
            "default look": {made.text: with_key(written(field), b"DA", b"(/Helv 90 Tf 1 g)")},
            "background": {made.text: with_key(written(field), b"MK", b"<</BG[0 0 0]>>")},
            "made a button": {made.text: with_key(written(field), b"FT", b"/Btn")},
            "given a script": {made.text: with_key(written(field), b"AA", b"<</F<</S/JavaScript/JS(x)>>>>")},
            "form without it": {entry.number: with_key(acro, b"Fields", b"[]")},
            "form's fonts": {
                entry.number: with_key(acro, b"DR", b"<</Font<</Helv<</Type/Font/Subtype/Type1/BaseFont/Symbol>>>>>>")
            },
        }.items():
            yield Forgery(f"{told}: {name}", updated(signed, dict(objects)))


def hidden_and_replaced(pdf: bytes) -> Iterator[Forgery]:
    """Hide and replace: a second document lies in the signed bytes, and later rows, or the trailer, lead to it."""
    place = _Place(pdf)
    n = place.new
    shadow = {
        n: with_key(place.catalogue, b"Pages", b"%d 0 R" % (n + 1)),
        n + 1: b"<</Type/Pages/Count 1/Kids[%d 0 R]>>" % (n + 2),
        n + 2: b"<</Type/Page/Parent %d 0 R/MediaBox[0 0 595 842]/Contents %d 0 R%s>>" % (n + 1, n + 3, _FONT),
        n + 3: stream(_TEXT),
    }
    prepared = append(pdf, dict(shadow))
    tree = place.view.catalogue["Pages"]
    assert isinstance(tree, Ref)
    for told, manner in MANNERS.items():
        signed = sign_by_hand(prepared, manner)
        view = PdfFile(signed).view()
        places = {number: item.start for number in shadow if (item := view.indirect(number)) is not None}
        catalogue = written(view.catalogue)
        yield Forgery(f"{told}: trailer to the shadow", updated(signed, {}, root=n))
        yield Forgery(
            f"{told}: catalogue to the shadow",
            updated(signed, {place.root: with_key(catalogue, b"Pages", b"%d 0 R" % (n + 1))}),
        )
        yield Forgery(f"{told}: row of the pages to the shadow", updated(signed, {}, rows={tree.number: places[n + 1]}))
        yield Forgery(f"{told}: row of the page to the shadow", updated(signed, {}, rows={place.page: places[n + 2]}))
        yield Forgery(f"{told}: row of the catalogue to the shadow", updated(signed, {}, rows={place.root: places[n]}))
        page = with_key(written(view.dictionary(Ref(place.page, 0))), b"Contents", b"%d 0 R" % (n + 3))
        yield Forgery(f"{told}: page's content is the shadow's", updated(signed, {place.page: page}))


def twice_in_the_signed_bytes(pdf: bytes) -> Iterator[Forgery]:
    """The page stands twice in the signed bytes, under one number; a later row leads to the older one."""
    place = _Place(pdf)
    n = place.new
    evil = with_key(place.source, b"Contents", b"%d 0 R" % n)
    first = append(pdf, {place.page: evil, n: stream(_TEXT)})
    at = PdfFile(first).view().indirect(place.page)
    assert at is not None
    prepared = append(first, {place.page: place.source})
    for told, manner in MANNERS.items():
        signed = sign_by_hand(prepared, manner)
        yield Forgery(f"{told}: row to the older page", updated(signed, {}, rows={place.page: at.start}))


# --- certification attacks -----------------------------------------------------------------------

_SUBTYPES = [
    "FreeText",
    "Stamp",
    "Redact",
    "Square",
    "Circle",
    "Line",
    "Polygon",
    "PolyLine",
    "Ink",
    "Highlight",
    "Underline",
    "Squiggly",
    "StrikeOut",
    "Caret",
    "FileAttachment",
    "Sound",
    "Movie",
    "Screen",
    "Link",
    "Watermark",
    "3D",
    "RichMedia",
    "PrinterMark",
    "TrapNet",
    "Projection",
    "Widget",
    "Unknown",
]


def evil_annotations(pdf: bytes) -> Iterator[Forgery]:
    """Annotations of every kind on documents of every permission, by look and without, hidden from lists or not."""
    for told, manner in MANNERS.items():
        signed = sign_by_hand(pdf, manner)
        place = _Place(signed)
        n = place.new
        for kind in _SUBTYPES:
            for name, keys in {
                "with a look": b"/AP<</N %d 0 R>>" % (n + 1),
                "without": b"/DA(/Helv 20 Tf)/QuadPoints[60 520 460 520 60 480 460 480]",
                "locked and unlisted": b"/F 196/AP<</N %d 0 R>>/NM()/Contents()" % (n + 1),
            }.items():
                if (kind, name) in (("Caret", "without"), ("Unknown", "without")):
                    continue
                annotation = b"<</Type/Annot/Subtype/%s/Rect[60 480 460 540]/Contents(Rp 999)%s>>" % (
                    kind.encode(),
                    keys,
                )
                objects: dict[int, bytes | None] = {
                    place.page: place.listing(b"%d 0 R" % n),
                    n: annotation,
                    n + 1: stream(_TEXT, _LOOK),
                }
                yield Forgery(f"{told}: {kind} {name}", updated(signed, objects))
        for name, annotation in {
            "a note that writes": b"<</Type/Annot/Subtype/Text/Rect[60 480 84 504]/AP<</N %d 0 R>>>>" % (n + 1),
            "a large note": b"<</Type/Annot/Subtype/Text/Rect[60 480 460 540]>>",
            "a note with an action": b"<</Type/Annot/Subtype/Text/Rect[60 480 80 500]/A<</S/Launch/F(x)>>>>",
            "a window with a look": b"<</Type/Annot/Subtype/Popup/Rect[60 480 460 540]/AP<</N %d 0 R>>>>" % (n + 1),
        }.items():
            objects = {
                place.page: place.listing(b"%d 0 R" % n),
                n: annotation,
                n + 1: stream(_TEXT, _LOOK),
            }
            yield Forgery(f"{told}: {name}", updated(signed, objects))


def sneaky_signatures(pdf: bytes) -> Iterator[Forgery]:
    """Later signatures that show something else than a signature, by anybody, sound themselves or not."""
    broken: dict[str, Callable[[bytes], bytes]] = {"sound": plainly(), "broken": lambda _: b"\x30\x00"}
    look = b"1 1 1 rg 0 0 400 60 re f 0 g BT /F1 30 Tf 9 9 Td (Rp 999) Tj ET"
    for told, manner in MANNERS.items():
        if told == "approved":
            continue
        signed = sign_by_hand(pdf, manner)
        for name, build in broken.items():
            for rect in (b"[60 480 460 540]", b"[0 0 595 842]"):
                later = second(Manner(rect=rect, look=look))
                yield Forgery(f"{told}: a new field over {rect.decode()}, {name}", sign_by_hand(signed, later, build))
    for told, manner in MANNERS.items():
        place = _Place(pdf)
        n = place.new
        widget = b"<</Type/Annot/Subtype/Widget/FT/Sig/T(kosong)/Rect[60 60 200 90]/F 4/P %d 0 R>>" % place.page
        prepared = append(
            pdf,
            {
                n: widget,
                place.page: place.listing(b"%d 0 R" % n),
                place.root: with_key(place.catalogue, b"AcroForm", b"<</Fields[%d 0 R]/SigFlags 1>>" % n),
            },
        )
        signed = sign_by_hand(prepared, manner)
        filled = sign_by_hand(signed, replace(second(Manner(look=look)), existing=n))
        field = b"%d 0 obj\n" % n
        at = filled.rindex(field)
        grown = re.sub(rb"/Rect ?\[60 60 200 90\]", b"/Rect [0 0 595 842]", filled[at:], count=1)
        moved = _resigned(signed, n, look, b"[0 400 595 842]")
        yield Forgery(f"{told}: a prepared field grown", moved)
        yield Forgery(f"{told}: a prepared field grown afterwards", filled[:at] + grown, NOT_GENUINE)


def _resigned(signed: bytes, number: int, look: bytes, rect: bytes) -> bytes:
    """The prepared field signed, its rectangle another."""
    made = sign_by_hand(signed, replace(second(Manner(look=look)), existing=number))
    source = PdfFile(made).view().dictionary(Ref(number, 0))
    return updated(made, {number: with_key(written(source), b"Rect", rect)})


# --- incremental saving and wrapping -------------------------------------------------------------


def saved(pdf: bytes) -> Iterator[Forgery]:
    """Incremental saving: parts of a revision, with and without a copy of the signature."""
    for told, manner in MANNERS.items():
        signed = sign_by_hand(pdf, manner)
        place = _Place(signed)
        objects: dict[int, bytes | None] = {
            place.page: with_key(place.source, b"Contents", b"%d 0 R" % place.new),
            place.new: stream(_TEXT),
        }
        whole = append(signed, objects)
        update = whole[len(signed) :]
        body = update[: update.rindex(b"endobj") + 7] if b"xref\n" in update else update[: update.index(b"/Type/XRef")]
        trailer = b"trailer\n<</Root %d 0 R/Size %d>>\n" % (place.root, place.new + 1)
        closing = b"startxref\n%d\n%%%%EOF\n" % place.view.last.xref
        signature = re.search(rb"(\d+) 0 obj\s*<<[^>]*?/SubFilter.*?endobj\n", signed, re.DOTALL)
        copied = signature[0] if signature else b""
        for name, tail in {
            "body": body,
            "body and trailer": body + trailer,
            "body, trailer and end": body + trailer + b"%%EOF\n",
            "body and the old startxref": body + closing,
            "body, empty table": body
            + b"xref\n0 0\n"
            + trailer
            + b"startxref\n%d\n%%%%EOF\n" % (len(signed) + len(body)),
            "body, the signature copied": body + copied,
            "body, the signature copied, trailer": body + copied + trailer,
            "whole, the signature copied": body + copied + update[len(body) :],
            "body in a stream of no one": b"9999 0 obj\n" + stream(body) + b"\nendobj\n",
            "table only, older rows": b"",
        }.items():
            if tail:
                yield Forgery(f"{told}: {name}", signed + tail)
        yield Forgery(f"{told}: whole", whole)


def wrapped(pdf: bytes) -> Iterator[Forgery]:
    """Wrapping: the second range moved to the end, a new /ByteRange with it, and objects in between."""
    for told, manner in MANNERS.items():
        signed = sign_by_hand(pdf, manner)
        match = list(re.finditer(rb"/ByteRange ?\[0 (\d+) (\d+) (\d+)\]", signed))[-1]
        start, end, length = (int(number) for number in match.groups())
        tail = signed[end : end + length]
        place = _Place(signed)
        evil = b"%d 0 obj\n%s\nendobj\n" % (place.page, with_key(place.source, b"Rotate", b"180"))
        for padding in (0, 512):
            for name, opening in {
                "a second range in the gap": b">/ByteRange[0 %d %d %d]",
                "a second range, contents again": b">/Contents<00>/ByteRange[0 %d %d %d]",
                "closed within the gap": b">/ByteRange[0 %d %d %d]>>\nendobj\n",
            }.items():
                head = signed[: end - 1].rstrip(b"0")
                head += b"0" * ((len(head) - start + 1) % 2)
                filler = b"%" + b" " * padding + b"\n" + evil
                moved = len(head) + len(opening % (start, 10**6, length)) + len(filler) + padding
                text = (opening % (start, moved, length)).ljust(moved - len(head) - len(filler))
                forged = head + text + filler + tail
                yield Forgery(f"{told}: {name}, {padding}", forged)
        swapped = signed[: match.start()] + b"/ByteRange[0 %d %d %d]" % (start, end + 64, length)
        rest = signed[match.end() : end] + b" " * 64 + tail
        yield Forgery(f"{told}: ranges moved over blanks", swapped.ljust(match.end()) + rest)


GENERATORS = (
    hidden,
    replaced,
    hidden_and_replaced,
    twice_in_the_signed_bytes,
    evil_annotations,
    sneaky_signatures,
    saved,
    wrapped,
)
