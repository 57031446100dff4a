"""Small PDFs for tests of pages, text and pictures: sheets with text and marks where they are wanted."""

import io
from collections.abc import Sequence

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, Pdf

A4 = (0.0, 0.0, 595.0, 842.0)


def sheet(
    content: str | bytes = b"",
    *,
    media: Sequence[float] = A4,
    crop: Sequence[float] | None = None,
    rotate: int = 0,
    user_unit: float = 1,
    pages: int = 1,
) -> Pdf:
    """A PDF whose pages all have that content; fonts /F1 Helvetica, /F2 Times, /F3 Courier."""
    pdf = pikepdf.new()
    fonts = Dictionary()
    for key, base in (("/F1", "/Helvetica"), ("/F2", "/Times-Roman"), ("/F3", "/Courier")):
        fonts[key] = pdf.make_indirect(
            Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name(base), Encoding=Name.WinAnsiEncoding)
        )
    stream = content.encode("cp1252") if isinstance(content, str) else content
    for _ in range(pages):
        page = Dictionary(
            Type=Name.Page,
            MediaBox=Array(list(media)),
            Resources=Dictionary(Font=fonts),
            Contents=pdf.make_stream(stream),
        )
        if crop is not None:
            page.CropBox = Array(list(crop))
        if rotate:
            page.Rotate = rotate
        if user_unit != 1:
            page.UserUnit = user_unit
        pdf.pages.append(pikepdf.Page(pdf.make_indirect(page)))
    return pdf


def saved(pdf: Pdf) -> bytes:
    """The file, without object streams."""
    out = io.BytesIO()
    pdf.save(out, object_stream_mode=pikepdf.ObjectStreamMode.disable)
    return out.getvalue()


def compressed(pdf: Pdf) -> bytes:
    """The file, with object streams."""
    out = io.BytesIO()
    pdf.save(out, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    return out.getvalue()


def written(*bodies: str) -> bytes:
    """A file written by hand: these objects, numbered from 1, the first of them the catalogue."""
    out = bytearray(b"%PDF-1.7\n")
    rows = [b"0000000000 65535 f \n"]
    for number, body in enumerate(bodies, start=1):
        rows.append(b"%010d 00000 n \n" % len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode()
    start = len(out)
    out += b"xref\n0 %d\n" % len(rows) + b"".join(rows)
    return bytes(out) + b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(rows), start)


def text(x: float, y: float, words: str, size: float = 12, font: str = "F1") -> str:
    """Content that sets words on a baseline from (x, y)."""
    return f"BT /{font} {size} Tf {x} {y} Td ({words}) Tj ET\n"


def rectangle(left: float, bottom: float, right: float, top: float) -> str:
    """Content that fills a rectangle with black."""
    return f"{left} {bottom} {right - left} {top - bottom} re f\n"


def signature_field(
    pdf: Pdf, name: str, rect: Sequence[float], *, page: int = 0, value: Object | None = None, lock: str | None = None
) -> Object:
    """Adds a signature field with its widget to a page, filled when a value is given."""
    on = pdf.pages[page].obj
    field = pdf.make_indirect(
        Dictionary(
            Type=Name.Annot,
            Subtype=Name.Widget,
            FT=Name.Sig,
            T=pikepdf.String(name),
            Rect=Array(list(rect)),
            P=on,
            F=132,
        )
    )
    if value is not None:
        field.V = value
    if lock is not None:
        field.Lock = Dictionary(Type=Name.SigFieldLock, Action=Name("/" + lock))
    if "/Annots" not in on:
        on.Annots = Array()
    on.Annots.append(field)
    if "/AcroForm" not in pdf.Root:
        pdf.Root.AcroForm = Dictionary(Fields=Array())
    pdf.Root.AcroForm.Fields.append(field)
    return field


def signature(pdf: Pdf, permission: int | None = None, *, timestamp: bool = False) -> Object:
    """A signature dictionary as in a signed letter, certifying when a permission is given; its value is nonsense."""
    value = Dictionary(
        Type=Name.DocTimeStamp if timestamp else Name.Sig,
        Filter=Name("/Adobe.PPKLite"),
        SubFilter=Name("/ETSI.RFC3161" if timestamp else "/ETSI.CAdES.detached"),
        ByteRange=Array([0, 10, 20, 10]),
        Contents=pikepdf.String(b"\x30" + bytes(63)),
    )
    if permission is not None:
        value.Reference = Array(
            [
                Dictionary(
                    TransformMethod=Name.DocMDP,
                    TransformParams=Dictionary(Type=Name.TransformParams, P=permission, V=Name("/1.2")),
                )
            ]
        )
    return pdf.make_indirect(value)
