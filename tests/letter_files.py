"""The letters of tests/letters, chosen by their traits, and large ones made when asked for.

``tools/letters`` makes the files; ``tests/letters/index.json`` says what each one is.
"""

import io
import json
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path

import pikepdf

FOLDER = Path(__file__).parent / "letters"


@dataclass(frozen=True)
class Letter:
    """One committed letter and what it is; sizes in points as displayed."""

    name: str
    about: str
    producer: str
    tags: dict[str, int]
    """Each tag in its text, and how often."""
    refusal: str | None
    """The code of the error when it is handed in to be signed; None where it may be signed."""
    version: str
    pages: int = 0
    displayed: tuple[tuple[float, float], ...] = ()
    """Width and height of each page, rotation and UserUnit applied."""
    rotations: tuple[int, ...] = ()
    tagged: bool = False
    pdfa: str | None = None
    """``2B`` for PDF/A-2b, None where it claims none."""
    encrypted: str | None = None
    """``rc4``, ``aes-128``, ``aes-256`` (owner password only), ``user``, or None."""
    xref: str = ""
    """``table``, ``stream`` or ``hybrid``."""
    linearised: bool = False
    fields: tuple[str, ...] = ()
    """Full names of form fields that take no signature."""
    signature_fields: tuple[str, ...] = ()
    """Full names of empty signature fields."""
    signatures: tuple[str, ...] = ()
    """Full names of signature fields that are filled."""
    certified: int | None = None
    """DocMDP's P where the letter is certified."""

    @property
    def pdf(self) -> bytes:
        """The file."""
        return read(self.name)

    def __str__(self) -> str:
        return self.name


def letters(**traits: object) -> list[Letter]:
    """The letters with exactly these values: ``letters(refusal=None, pdfa="2B")``; none given: all."""
    unknown = traits.keys() - {field.name for field in fields(Letter)}
    if unknown:
        raise TypeError(f"letters have no {', '.join(sorted(unknown))}")
    return [letter for letter in _index() if all(getattr(letter, name) == value for name, value in traits.items())]


def letter(name: str) -> Letter:
    """The letter of that name."""
    return next(found for found in _index() if found.name == name)


def read(name: str) -> bytes:
    """The bytes of a committed letter, by its name without ``.pdf``."""
    return (FOLDER / f"{name}.pdf").read_bytes()


@cache
def _index() -> tuple[Letter, ...]:
    def entry(name: str, told: dict[str, object]) -> Letter:
        told.pop("file")
        return Letter(name=name, **{key: _frozen(value) for key, value in told.items()})  # type: ignore[arg-type]

    return tuple(entry(name, told) for name, told in json.loads((FOLDER / "index.json").read_bytes()).items())


def _frozen(value: object) -> object:
    return tuple(_frozen(part) for part in value) if isinstance(value, list) else value


@cache
def big(pages: int, *, object_streams: bool = False) -> bytes:
    """A letter of that many pages: a real first page, then attachments with text of their own, the tag ``^`` on page 1.

    The page tree is flat, as many producers write it, so that a walk to the last page is as long as can be.
    """
    out = io.BytesIO()
    with pikepdf.open(FOLDER / "typst.pdf") as document:
        first = document.pages[0].obj
        for key in ("/StructTreeRoot", "/MarkInfo"):
            if key in document.Root:
                del document.Root[key]
        font = document.make_indirect(next(iter(first.Resources.Font.values())))
        resources = document.make_indirect(pikepdf.Dictionary(Font=pikepdf.Dictionary(F=font, H=_helvetica(document))))
        for number in range(2, pages + 1):
            lines = "".join(f"0 -16 Td (Baris {line} halaman {number} dari {pages}) Tj\n" for line in range(1, 31))
            page = pikepdf.Dictionary(
                Type=pikepdf.Name.Page,
                MediaBox=first.MediaBox,
                Resources=resources,
                Contents=document.make_stream(f"BT /H 11 Tf 72 770 Td\n{lines}ET".encode()),
            )
            document.pages.append(pikepdf.Page(document.make_indirect(page)))
        mode = pikepdf.ObjectStreamMode.generate if object_streams else pikepdf.ObjectStreamMode.disable
        document.save(out, object_stream_mode=mode, deterministic_id=True, compress_streams=True)
    return out.getvalue()


def _helvetica(document: pikepdf.Pdf) -> pikepdf.Object:
    return document.make_indirect(
        pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica)
    )
