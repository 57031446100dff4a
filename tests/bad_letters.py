"""Files that must not be signed, each with the codes of the refusals that fit it."""

import io
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf, String

from tests.letter_files import read


@dataclass(frozen=True)
class BadLetter:
    """A file, and the codes (:mod:`esign.errors`) of which one must be the answer."""

    name: str
    pdf: bytes
    codes: frozenset[str]

    def __str__(self) -> str:
        return self.name


@cache
def bad_letters() -> tuple[BadLetter, ...]:
    """All of them. What is over a limit is not among them: the limit is the caller's (see ``letter_files.big``)."""
    good = read("libreoffice-docx")
    found = [
        ("empty", b"", "letter.not_pdf"),
        ("a-picture", b"\x89PNG\r\n\x1a\n" + bytes(2000), "letter.not_pdf"),
        ("a-web-page", b"<!doctype html><title>404</title>" + b" " * 2000, "letter.not_pdf"),
        ("header-too-late", b"\n" * 1025 + good, "letter.not_pdf"),
        ("header-only", b"%PDF-1.7\n", "letter.truncated"),
        ("half-a-download", good[: len(good) // 2], "letter.truncated"),
        ("without-its-end", good[:-600], "letter.truncated"),
        (
            "startxref-leads-nowhere",
            good[: good.rindex(b"startxref")] + b"startxref\n99999999\n%%EOF\n",
            "letter.truncated",
        ),
        ("no-pages", _changed(_without_pages), "letter.no_pages"),
        ("xfa", _changed(_xfa), "letter.xfa"),
        ("xfa-dynamic", _changed(lambda document: _xfa(document, needs_rendering=True)), "letter.xfa"),
        ("page-tree-loop", _page_tree_loop(), "letter.not_examined letter.truncated letter.unusable"),
        ("previous-xref-loop", _previous_loop(good), "letter.not_examined letter.truncated letter.unusable"),
        ("deflate-bomb", _deflate_bomb(), "letter.not_examined letter.truncated letter.unusable"),
        *[(name, _changed(change), "letter.active_content") for name, change in ACTIVE.items()],
    ]
    return tuple(BadLetter(name, pdf, frozenset(codes.split())) for name, pdf, codes in found)


def _changed(change: Callable[[Pdf], None]) -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(read("libreoffice-docx"))) as document:
        change(document)
        document.save(out, deterministic_id=True)
    return out.getvalue()


# --- active content (verification.md, rule 10) --------------------------------------------------


def _open_action(action: Callable[[Pdf], Dictionary]) -> Callable[[Pdf], None]:
    def change(document: Pdf) -> None:
        document.Root.OpenAction = document.make_indirect(action(document))

    return change


def _link(action: Callable[[Pdf], Dictionary]) -> Callable[[Pdf], None]:
    def change(document: Pdf) -> None:
        link = Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=Array([50, 50, 200, 80]), A=action(document))
        document.pages[0].Annots = Array([document.make_indirect(link)])

    return change


def _script(_: Pdf) -> Dictionary:
    return Dictionary(S=Name.JavaScript, JS=String("app.alert('halo');"))


def _launch(_: Pdf) -> Dictionary:
    return Dictionary(S=Name.Launch, F=String("surat.exe"))


def _submit(_: Pdf) -> Dictionary:
    return Dictionary(S=Name.SubmitForm, F=Dictionary(FS=Name.URL, F=String("https://example.org/")), Fields=Array())


def _import(_: Pdf) -> Dictionary:
    return Dictionary(S=Name.ImportData, F=String("data.fdf"))


def _harmless_then_script(document: Pdf) -> Dictionary:
    return Dictionary(S=Name.GoTo, D=Array([document.pages[0].obj, Name.Fit]), Next=_script(document))


def _script_by_name(document: Pdf) -> None:
    document.Root.Names = Dictionary(
        JavaScript=Dictionary(Names=Array([String("mulai"), document.make_indirect(_script(document))]))
    )


def _script_of_document_event(document: Pdf) -> None:
    document.Root.AA = Dictionary(WP=_script(document))


def _script_of_page(document: Pdf) -> None:
    document.pages[0].AA = Dictionary(O=_script(document))


def _script_of_field(document: Pdf) -> None:
    field = document.make_indirect(
        Dictionary(
            Type=Name.Annot,
            Subtype=Name.Widget,
            FT=Name.Tx,
            T=String("jumlah"),
            Rect=Array([50, 50, 200, 80]),
            AA=Dictionary(C=_script(document)),
        )
    )
    document.pages[0].Annots = Array([field])
    document.Root.AcroForm = Dictionary(Fields=Array([field]))


def _portfolio(document: Pdf) -> None:
    document.Root.Collection = Dictionary(Type=Name.Collection, View=Name.T)


def _external_stream(document: Pdf) -> None:
    page = document.pages[0]
    page.Contents = document.make_stream(b"", Dictionary(F=String("isi.bin"), FFilter=Name.FlateDecode))


def _reference_to_other_file(document: Pdf) -> None:
    shown = document.make_stream(
        b"0 0 m 10 10 l S",
        Dictionary(
            Type=Name.XObject,
            Subtype=Name.Form,
            BBox=Array([0, 0, 10, 10]),
            Ref=Dictionary(F=String("lain.pdf"), Page=0),
        ),
    )
    document.pages[0].Resources.XObject = Dictionary(Lain=shown)
    document.pages[0].contents_add(document.make_stream(b" q /Lain Do Q "))


def _seen_but_not_printed(document: Pdf) -> None:
    usage = Dictionary(Print=Dictionary(PrintState=Name.OFF), View=Dictionary(ViewState=Name.ON))
    layer = document.make_indirect(Dictionary(Type=Name.OCG, Name=String("Layar"), Usage=usage))
    events = Array(
        [
            Dictionary(Event=event, Category=Array([kind]), OCGs=Array([layer]))
            for event, kind in ((Name.Print, Name.Print), (Name.View, Name.View))
        ]
    )
    document.Root.OCProperties = Dictionary(OCGs=Array([layer]), D=Dictionary(ON=Array([layer]), AS=events))
    document.pages[0].Resources.Properties = Dictionary(Layar=layer)
    document.pages[0].contents_add(document.make_stream(b" /OC /Layar BDC 100 100 200 50 re f EMC "))


ACTIVE: dict[str, Callable[[Pdf], None]] = {
    "script-at-opening": _open_action(_script),
    "script-after-a-jump": _open_action(_harmless_then_script),
    "script-by-name": _script_by_name,
    "script-before-printing": _script_of_document_event,
    "script-of-a-page": _script_of_page,
    "script-of-a-field": _script_of_field,
    "script-of-a-link": _link(_script),
    "launch": _link(_launch),
    "launch-at-opening": _open_action(_launch),
    "submit-form": _link(_submit),
    "import-data": _link(_import),
    "portfolio": _portfolio,
    "external-stream": _external_stream,
    "reference-xobject": _reference_to_other_file,
    "layer-not-printed": _seen_but_not_printed,
}


# --- forms, pages, bombs ------------------------------------------------------------------------


def _xfa(document: Pdf, *, needs_rendering: bool = False) -> None:
    template = b'<xdp:xdp xmlns:xdp="http://ns.adobe.com/xdp/"><template xmlns="http://www.xfa.org/schema/xfa-template/3.3/"/></xdp:xdp>'
    document.Root.AcroForm = Dictionary(Fields=Array(), XFA=document.make_stream(template))
    if needs_rendering:
        document.Root.NeedsRendering = True


def _without_pages(document: Pdf) -> None:
    del document.pages[0]


def _page_tree_loop() -> bytes:
    return _plain(
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Count 1000000 /Kids [3 0 R 2 0 R] >>",
        "<< /Type /Pages /Parent 2 0 R /Count 999999 /Kids [2 0 R 3 0 R] >>",
    )


def _previous_loop(good: bytes) -> bytes:
    start = len(good) + 1
    table = f"xref\n0 1\n0000000000 65535 f \ntrailer\n<< /Size 2 /Root 1 0 R /Prev {start} >>\n"
    return good + f"\n{table}startxref\n{start}\n%%EOF\n".encode()


def _deflate_bomb(size: int = 1 << 30) -> bytes:
    """An object stream of 1 GiB, deflated twice."""
    compressor = zlib.compressobj(9)
    once = b"".join([compressor.compress(bytes(1 << 24)) for _ in range(size >> 24)]) + compressor.flush()
    data = zlib.compress(once, 9)
    head = (
        f"<< /Type /ObjStm /N 1 /First 4 /Filter [/FlateDecode /FlateDecode] /Length {len(data)} >>\nstream\n".encode()
    )
    out = bytearray(b"%PDF-1.7\n")
    bomb = len(out)
    out += b"1 0 obj\n" + head + data + b"\nendstream\nendobj\n"
    table = len(out)
    entries = [(0, 0, 0), (1, bomb, 0), (2, 1, 0), (1, table, 0)]
    rows = b"".join(
        kind.to_bytes(1, "big") + second.to_bytes(4, "big") + third.to_bytes(1, "big")
        for kind, second, third in entries
    )
    out += f"3 0 obj\n<< /Type /XRef /Size 4 /W [1 4 1] /Root 2 0 R /Length {len(rows)} >>\nstream\n".encode() + rows
    out += f"\nendstream\nendobj\nstartxref\n{table}\n%%EOF\n".encode()
    return bytes(out)


def _plain(*objects: str) -> bytes:
    out, offsets = bytearray(b"%PDF-1.7\n"), []
    for number, text in enumerate(objects, 1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n{text}\nendobj\n".encode()
    table = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode() + b"".join(
        b"%010d 00000 n \n" % offset for offset in offsets
    )
    out += f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n".encode()
    return bytes(out)
