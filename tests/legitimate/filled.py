"""Forms that were filled in after a signature that permits it, as programs fill them in."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from esign.pdf.revisions import PdfFile
from esign.pdf.syntax import Ref
from tests.attacks.forgery import next_number, with_key, written
from tests.legitimate.by_hand import Ends, Manner, append, first_page, second, sign_by_hand, stream
from tests.legitimate.made import SECOND, Made, plainly
from tests.legitimate.manners import MANNERS

_FREE = ((60, 60), (60, 90), (220, 60), (220, 90), (380, 60), (380, 90))
"""Corners of the fields, where the letters are blank."""

_P3 = b"/Reference[<</Type/SigRef/TransformMethod/DocMDP/TransformParams<</Type/TransformParams/P 3/V/1.2>>>>]"


@dataclass(frozen=True)
class Form:
    """A letter with a form: the numbers of its objects."""

    pdf: bytes
    text: int
    check: int
    radio: int
    one: int
    two: int
    choice: int
    empty_look: int
    on: int


def form(pdf: bytes, *, looks: bool = True) -> Form:
    """The letter with a text field, a check box, two radio buttons and a choice, all empty."""
    n = next_number(pdf)
    view = PdfFile(pdf).view()
    page, root = first_page(view), view.trailer["Root"]
    assert isinstance(root, Ref)
    font = n + 9
    objects: dict[int, bytes | None] = {
        n: _widget(0, page, b"/FT/Tx/T(nama)/DA(/Helv 10 Tf 0 g)" + (b"/AP<</N %d 0 R>>" % (n + 6) if looks else b"")),
        n + 1: _widget(1, page, b"/FT/Btn/T(setuju)/AS/Off/V/Off/AP<</N<</Ya %d 0 R/Off %d 0 R>>>>" % (n + 7, n + 6)),
        n + 2: b"<</FT/Btn/Ff 49152/T(pilih)/Kids[%d 0 R %d 0 R]>>" % (n + 3, n + 4),
        n + 3: _widget(2, page, b"/Parent %d 0 R/AS/Off/AP<</N<</satu %d 0 R/Off %d 0 R>>>>" % (n + 2, n + 7, n + 6)),
        n + 4: _widget(3, page, b"/Parent %d 0 R/AS/Off/AP<</N<</dua %d 0 R/Off %d 0 R>>>>" % (n + 2, n + 7, n + 6)),
        n + 5: _widget(4, page, b"/FT/Ch/Ff 131072/T(kota)/Opt[(A)(B)]/DA(/Helv 10 Tf 0 g)"),
        n + 6: stream(b"/Tx BMC EMC", b"/Type/XObject/Subtype/Form/BBox[0 0 120 20]"),
        n + 7: stream(b"2 2 m 10 10 l S", b"/Type/XObject/Subtype/Form/BBox[0 0 12 12]"),
        font: b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        n + 8: b"<</Fields[%d 0 R %d 0 R %d 0 R %d 0 R]/DA(/Helv 0 Tf 0 g)/DR<</Font<</Helv %d 0 R>>>>>>"
        % (n, n + 1, n + 2, n + 5, font),
        root.number: with_key(written(view.catalogue), b"AcroForm", b"%d 0 R" % (n + 8)),
        page: with_key(
            written(view.dictionary(Ref(page, 0))),
            b"Annots",
            b"[%s]" % b" ".join(b"%d 0 R" % number for number in (n, n + 1, n + 3, n + 4, n + 5)),
        ),
    }
    return Form(append(pdf, objects), n, n + 1, n + 2, n + 3, n + 4, n + 5, n + 6, n + 7)


def _widget(place: int, page: int, keys: bytes) -> bytes:
    x, y = _FREE[place]
    return b"<</Type/Annot/Subtype/Widget/Rect[%d %d %d %d]/F 4/P %d 0 R%s>>" % (x, y, x + 120, y + 20, page, keys)


def fillings(made: Form, pdf: bytes) -> Iterator[tuple[str, dict[int, bytes | None]]]:
    """Ways to fill it in: what is written anew."""
    view = PdfFile(pdf).view()
    new = next_number(pdf)
    entry = view.catalogue["AcroForm"]
    assert isinstance(entry, Ref)
    acro = written(view.dictionary(entry))

    def source(number: int, changes: Mapping[bytes, bytes | None]) -> bytes:
        text = written(view.dictionary(Ref(number, 0)))
        for key, value in changes.items():
            text = with_key(text, key, value)
        return text

    look = stream(
        b"/Tx BMC q BT /Helv 10 Tf 0 g 2 5 Td (Siti) Tj ET Q EMC",
        b"/Type/XObject/Subtype/Form/BBox[0 0 120 20]/Resources<</Font<</Helv<</Type/Font/Subtype/Type1"
        b"/BaseFont/Helvetica>>>>>>",
    )
    ap = b"<</N %d 0 R>>" % new
    yield "text", {made.text: source(made.text, {b"V": b"(Siti)", b"AP": ap}), new: look}
    yield (
        "text in UTF-16",
        {
            made.text: source(made.text, {b"V": b"<FEFF0053006900740069>", b"AP": ap, b"M": b"(D:20260201)"}),
            new: look,
        },
    )
    yield (
        "text, look written in place",
        {
            made.text: source(made.text, {b"V": b"(Siti)", b"AP": b"<</N %d 0 R>>" % made.empty_look}),
        },
    )
    yield (
        "text, background told",
        {
            made.text: source(made.text, {b"V": b"(Siti)", b"AP": ap, b"MK": b"<</BG[1 1 1]>>"}),
            new: look,
        },
    )
    yield "box", {made.check: source(made.check, {b"V": b"/Ya", b"AS": b"/Ya"})}
    yield (
        "radio",
        {
            made.radio: source(made.radio, {b"V": b"/dua"}),
            made.two: source(made.two, {b"AS": b"/dua"}),
        },
    )
    yield "choice", {made.choice: source(made.choice, {b"V": b"(B)", b"I": b"[1]", b"AP": ap}), new: look}
    needs = {entry.number: with_key(acro, b"NeedAppearances", b"true")}
    yield "text, looks are to be made", {made.text: source(made.text, {b"V": b"(Siti)"}), **needs}
    yield (
        "text, looks are to be made though there",
        {
            made.text: source(made.text, {b"V": b"(Siti)", b"AP": ap}),
            new: look,
            **needs,
        },
    )
    yield (
        "text, looks not to be made",
        {
            made.text: source(made.text, {b"V": b"(Siti)", b"AP": ap}),
            new: look,
            entry.number: with_key(acro, b"NeedAppearances", b"false"),
        },
    )
    yield (
        "all",
        {
            made.text: source(made.text, {b"V": b"(Siti)", b"AP": ap}),
            made.check: source(made.check, {b"V": b"/Ya", b"AS": b"/Ya"}),
            made.radio: source(made.radio, {b"V": b"/satu"}),
            made.one: source(made.one, {b"AS": b"/satu"}),
            made.choice: source(made.choice, {b"V": b"(A)", b"AP": ap}),
            new: look,
        },
    )


def filled(pdf: bytes) -> Iterator[Made]:
    """Filled in after an approval, and after certificates that permit it; then signed again."""
    made = form(pdf)
    permits = {
        "approved": MANNERS["PAdES name"],
        "certified P 2": MANNERS["certified by objects"],
        "certified P 3": Manner(
            keys=_P3,
            catalogue={"Perms": b"<</DocMDP @sig>>"},
        ),
    }
    for told, manner in permits.items():
        signed = sign_by_hand(made.pdf, manner)
        for name, objects in fillings(made, signed):
            after = append(signed, objects)
            yield Made(f"{told}: {name}", after)
            yield Made(f"{told}: {name}, in a stream", append(signed, objects, Ends(table=False)))
            yield Made(f"{told}: {name}, signed again", sign_by_hand(after, second(Manner()), plainly(SECOND)))


def noted(pdf: bytes) -> Iterator[Made]:
    """Notes stuck to a document whose certificate permits annotations."""
    certified = sign_by_hand(
        pdf,
        Manner(
            keys=_P3,
            catalogue={"Perms": b"<</DocMDP @sig>>"},
        ),
    )
    view, new = PdfFile(certified).view(), next_number(certified)
    page = first_page(view)
    source = view.dictionary(Ref(page, 0))
    older = [written(item) for item in view.array(source.get("Annots"))]
    icon = stream(b"1 1 0 rg 0 0 20 20 re f 4 4 m 16 4 l S", b"/Type/XObject/Subtype/Form/BBox[0 0 20 20]")
    note = b"<</Type/Annot/Subtype/Text/Rect[70 70 90 90]/F 28/Contents(catatan)/Name/Comment/Open false/T(Siti)"
    for name, keys in {"plain": b"", "with a look": b"/AP<</N %d 0 R>>" % (new + 1)}.items():
        window = b"<</Type/Annot/Subtype/Popup/Rect[100 70 280 170]/Parent %d 0 R>>" % new
        objects: dict[int, bytes | None] = {
            page: with_key(
                written(source), b"Annots", b"[%s]" % b" ".join([*older, b"%d 0 R %d 0 R" % (new, new + 2)])
            ),
            new: note + keys + b"/Popup %d 0 R>>" % (new + 2),
            new + 1: icon,
            new + 2: window,
        }
        after = append(certified, objects)
        yield Made(f"a note, {name}", after)
        yield Made(f"a note, {name}, signed", sign_by_hand(after, second(Manner()), plainly(SECOND)))
