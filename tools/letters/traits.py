"""What a letter is, read from the file by pikepdf: the facts that tests choose letters by."""

import io
from collections.abc import Iterator

import pikepdf
from pikepdf import Array, Dictionary

Trait = str | int | float | bool | None | list["Trait"] | dict[str, "Trait"]


def traits(pdf: bytes) -> dict[str, Trait]:
    """Pages with boxes, version, tagged, PDF/A claim, encryption, fields and signatures; only ``encrypted`` where it can't be opened."""
    try:
        document = pikepdf.open(io.BytesIO(pdf))
    except pikepdf.PasswordError:
        return {"version": pdf[5:8].decode(), "encrypted": "user"}
    with document:
        fields = dict(_fields(document))
        return {
            "version": max(document.pdf_version, str(document.Root.get("/Version", "/"))[1:]),
            "pages": len(document.pages),
            "displayed": [_displayed(page) for page in document.pages],
            "rotations": [int(_inherited(page, "/Rotate", 0)) for page in document.pages],
            "tagged": bool(document.Root.get("/MarkInfo", Dictionary()).get("/Marked", False)),
            "pdfa": document.open_metadata().pdfa_status or None,
            "encrypted": {2: "rc4", 3: "rc4", 4: "aes-128", 6: "aes-256"}[document.encryption.R]
            if document.is_encrypted
            else None,
            "xref": _cross_reference(pdf),
            "linearised": document.is_linearized,
            "fields": [name for name, kind in fields.items() if not kind.startswith("/Sig")],
            "signature_fields": [name for name, kind in fields.items() if kind == "/Sig"],
            "signatures": [name for name, kind in fields.items() if kind == "/Sig, filled"],
            "certified": _permission(document),
        }


def _displayed(page: pikepdf.Page) -> list[Trait]:
    """Width and height as displayed, in points."""
    left, bottom, right, top = (float(value) for value in page.cropbox)
    unit = float(page.obj.get("/UserUnit", 1))
    size: list[Trait] = [round((right - left) * unit, 2), round((top - bottom) * unit, 2)]
    return size[::-1] if int(_inherited(page, "/Rotate", 0)) % 180 else size


def _inherited(page: pikepdf.Page, key: str, otherwise: int) -> int:
    node: pikepdf.Object | None = page.obj
    while node is not None:
        if key in node:
            return int(node[key])
        node = node.get("/Parent")
    return otherwise


def _fields(document: pikepdf.Pdf) -> Iterator[tuple[str, str]]:
    def walk(field: pikepdf.Object, above: tuple[str, ...], kind: str) -> Iterator[tuple[str, str]]:
        name = (*above, str(field.T)) if "/T" in field else above
        kind = str(field.get("/FT", kind))
        kids = [kid for kid in field.get("/Kids", []) if "/T" in kid]
        if kids:
            for kid in kids:
                yield from walk(kid, name, kind)
        else:
            yield ".".join(name), f"{kind}, filled" if "/V" in field and kind == "/Sig" else kind

    for field in document.Root.get("/AcroForm", Dictionary()).get("/Fields", Array()):
        yield from walk(field, (), "")


def _permission(document: pikepdf.Pdf) -> int | None:
    """DocMDP's P, None where the letter is not certified."""
    signature = document.Root.get("/Perms", Dictionary()).get("/DocMDP")
    if signature is None:
        return None
    return int(
        next(
            reference.TransformParams.get("/P", 2)
            for reference in signature.Reference
            if reference.TransformMethod == "/DocMDP"
        )
    )


def _cross_reference(pdf: bytes) -> str:
    """``table``, ``stream`` or ``hybrid``: what startxref leads to."""
    start = int(pdf[pdf.rindex(b"startxref") + 9 :].split()[0])
    if not pdf[start:].lstrip().startswith(b"xref"):
        return "stream"
    return "hybrid" if b"/XRefStm" in pdf[start:] else "table"
