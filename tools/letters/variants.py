"""The same letters written otherwise: by qpdf (through pikepdf), on other pages, encrypted, with fields."""

import io
from collections.abc import Callable, Sequence
from typing import Any, Literal

import pikepdf
from pikepdf import Array, Dictionary, Encryption, Name, ObjectStreamMode, Pdf, Permissions

USER_PASSWORD = "rahasia"  # noqa: S105
OWNER_PASSWORD = "pemilik"  # noqa: S105


def rewritten(pdf: bytes, change: Callable[[Pdf], None] = lambda _: None, **how: Any) -> bytes:
    """The file that qpdf writes after ``change``; ``how`` goes to :meth:`pikepdf.Pdf.save`."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf)) as document:
        change(document)
        document.save(out, deterministic_id="encryption" not in how, **how)
    return out.getvalue()


def with_object_streams(pdf: bytes) -> bytes:
    """Cross-reference stream, and all that may go there in object streams."""
    return rewritten(pdf, object_stream_mode=ObjectStreamMode.generate, compress_streams=True)


def with_table(pdf: bytes, version: str) -> bytes:
    """A plain cross-reference table, and this version in the header, whatever it was."""
    return rewritten(pdf, object_stream_mode=ObjectStreamMode.disable, force_version=version)


def linearised(pdf: bytes) -> bytes:
    """Fast web view: the first page first."""
    return rewritten(pdf, linearize=True)


def encrypted(pdf: bytes, *, revision: Literal[3, 4, 6], user: str = "") -> bytes:
    """Under an owner password; with ``user`` nobody opens it without that. Revisions: 3 RC4-128, 4 AES-128, 6 AES-256."""
    allowed = Permissions(extract=False, modify_other=False, modify_annotation=True, modify_form=True)
    how = Encryption(
        owner=OWNER_PASSWORD, user=user, R=revision, allow=allowed, aes=revision >= 4, metadata=revision >= 4
    )
    return rewritten(pdf, encryption=how)


# --- pages --------------------------------------------------------------------------------------


def turned(pdf: bytes, *rotations: int) -> bytes:
    """One page for each of these ``/Rotate`` values, each of which reads upright when displayed."""

    def change(document: Pdf) -> None:
        for _ in rotations[1:]:
            document.pages.append(document.pages[0])
        for page, rotate in zip(document.pages, rotations, strict=True):
            width, height = (float(value) for value in page.mediabox[2:])
            matrix = {
                0: None,
                90: (0, 1, -1, 0, height, 0),
                180: (-1, 0, 0, -1, width, height),
                270: (0, -1, 1, 0, 0, width),
            }[rotate % 360]
            if rotate % 180:
                page.mediabox = Array([0, 0, height, width])
            for box in ("/CropBox", "/TrimBox", "/ArtBox", "/BleedBox"):
                if box in page:
                    del page[box]
            page.Rotate = rotate
            if matrix:
                _surround(document, page, matrix)

    return rewritten(pdf, change)


def moved(pdf: bytes, *, offset: tuple[float, float], margin: float, rotate: int = 0) -> bytes:
    """Pages whose MediaBox starts elsewhere than at the origin and whose CropBox leaves ``margin`` points outside."""

    def change(document: Pdf) -> None:
        dx, dy = offset
        for page in document.pages:
            width, height = (float(value) for value in page.mediabox[2:])
            _surround(document, page, (1, 0, 0, 1, dx, dy))
            page.mediabox = Array([dx - margin, dy - margin, dx + width + margin, dy + height + margin])
            page.cropbox = Array([dx, dy, dx + width, dy + height])
            if rotate:
                page.Rotate = rotate

    return rewritten(pdf, change)


def with_user_unit(pdf: bytes, unit: float) -> bytes:
    """The same sheet measured in a larger unit (ISO 32000-1, 14.11.2: PDF 1.6)."""

    def change(document: Pdf) -> None:
        for page in document.pages:
            _surround(document, page, (1 / unit, 0, 0, 1 / unit, 0, 0))
            page.mediabox = Array([float(value) / unit for value in page.mediabox])
            page.UserUnit = unit

    return rewritten(pdf, change, min_version="1.6")


def inheriting(pdf: bytes) -> bytes:
    """Pages that take boxes, rotation and resources from a nested page tree."""

    def change(document: Pdf) -> None:
        document.pages.append(document.pages[0])
        document.pages.append(document.pages[0])
        pages = [page.obj for page in document.pages]
        inherited = {key: pages[0][key] for key in ("/MediaBox", "/Resources")}
        for page in pages:
            for key in (*inherited, "/CropBox", "/Rotate"):
                if key in page:
                    del page[key]
        root = document.Root.Pages
        branch = document.make_indirect(Dictionary(Type=Name.Pages, Parent=root, Kids=Array(pages[1:]), Count=2))
        for page in pages[1:]:
            page.Parent = branch
        pages[0].Parent = root
        root.Kids = Array([pages[0], branch])
        root.Count = 3
        for key, value in inherited.items():
            root[key] = value

    return rewritten(pdf, change)


def _surround(document: Pdf, page: pikepdf.Page, matrix: Sequence[float]) -> None:
    """Puts what the page shows under this matrix."""
    document_numbers = " ".join(f"{value:.6f}".rstrip("0").rstrip(".") for value in matrix)
    page.contents_add(document.make_stream(f"q {document_numbers} cm\n".encode()), prepend=True)
    page.contents_add(document.make_stream(b"\nQ"))


# --- forms --------------------------------------------------------------------------------------


def with_signature_fields(pdf: bytes, fields: dict[str, tuple[float, float, float, float]]) -> bytes:
    """Empty signature fields on the last page, at these boxes; a dotted name makes a parent field and its kid."""

    def change(document: Pdf) -> None:
        page = document.pages[-1].obj
        form = document.Root.get("/AcroForm") or document.make_indirect(Dictionary(Fields=Array()))
        document.Root.AcroForm = form
        annotations = page.get("/Annots") or Array()
        for name, box in fields.items():
            *parents, own = name.split(".")
            field = document.make_indirect(
                Dictionary(
                    Type=Name.Annot,
                    Subtype=Name.Widget,
                    FT=Name.Sig,
                    T=pikepdf.String(own),
                    F=4,
                    Rect=Array(box),
                    P=page,
                )
            )
            annotations.append(field)
            for parent in reversed(parents):
                above = document.make_indirect(Dictionary(T=pikepdf.String(parent), Kids=Array([field])))
                field.Parent = above
                field = above
            form.Fields.append(field)
        page.Annots = annotations

    return rewritten(pdf, change)
