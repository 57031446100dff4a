"""The signed letters that are mutated: several producers, levels and structures, kept in a folder so that a mutant can
be made again."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

import pikepdf
from asn1crypto import pem, x509

from esign.pades.appearance import Appearance
from esign.pades.profile import Profile
from esign.pades.spec import FollowerField, NewField
from esign.verify.report import Report
from esign.verify.structure import Structure, examine_structure
from esign.verify.validate import validate
from esign.x509.clock import SystemClock
from esign.x509.trust import TrustStore
from tests.letter_files import FOLDER, read
from tests.officials import FIRST, SECOND, official, request, roots, signed
from tests.sheets import rectangle, saved, sheet, text

_STAMP = Appearance(150, 60, b"1 g 0 0 150 60 re f 0 g 5 5 50 50 re f 60 20 80 3 re f")


@dataclass(frozen=True)
class Specimen:
    """A signed letter that is believed as it is."""

    name: str
    pdf: bytes
    integrity_only: bool
    """Whether trust is left out, which is quicker."""
    weight: int
    """How often it is chosen."""

    @cached_property
    def structure(self) -> Structure:
        """What it is made of."""
        return examine_structure(self.pdf)

    @cached_property
    def ends(self) -> tuple[int, ...]:
        """Where its signed revisions end."""
        return tuple(sorted({item.signed.end for item in self.structure.signatures if item.signed is not None}))

    @cached_property
    def gaps(self) -> tuple[tuple[int, int], ...]:
        """The unsigned gaps."""
        return tuple(
            sorted((item.signed.gap_start, item.signed.gap_end) for item in self.structure.signatures if item.signed)
        )


@dataclass(frozen=True)
class Corpus:
    """All specimens, what they are trusted by, and the time of validation."""

    specimens: tuple[Specimen, ...]
    trust: TrustStore
    at: datetime

    def report(self, pdf: bytes, *, integrity_only: bool) -> Report:
        """What validation says of a file."""
        return validate(pdf, self.trust, self.at, integrity_only=integrity_only)


def _twice(pdf: bytes, profile: Profile, stamp: Appearance | None = _STAMP) -> bytes:
    once = signed(pdf, request(profile, field=NewField(rect=FIRST), appearance=stamp)).pdf
    return signed(once, request(profile, field=NewField(rect=SECOND), appearance=stamp), official("Siti Aminah")).pdf


def _once(pdf: bytes, profile: Profile, stamp: Appearance | None = _STAMP) -> bytes:
    return signed(pdf, request(profile, field=NewField(rect=FIRST), appearance=stamp)).pdf


def _certified(pdf: bytes, profile: Profile) -> bytes:
    followers = (FollowerField(rect=SECOND, name="second"),)
    return signed(pdf, request(profile, followers=followers, appearance=_STAMP)).pdf


def small(pages: int = 2, *, field: bool = False) -> bytes:
    """A letter of a few kilobytes; ``field``: with an empty text field."""
    body = text(100, 700, "Surat Keputusan") + text(100, 500, "Jumlah: Rp 1.000.000,00") + rectangle(300, 300, 340, 340)
    pdf = sheet(body, pages=pages)
    if field:
        box = pdf.make_indirect(
            pikepdf.Dictionary(
                Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Widget, FT=pikepdf.Name.Tx, T=pikepdf.String("isi"),
                Rect=[300, 600, 450, 630], P=pdf.pages[0].obj, F=4, DA=pikepdf.String("/F1 12 Tf 0 g"),
            )
        )  # fmt: skip
        pdf.pages[0].obj.Annots = pikepdf.Array([box])
        pdf.Root.AcroForm = pikepdf.Dictionary(Fields=pikepdf.Array([box]), DA=pikepdf.String("/F1 12 Tf 0 g"))
    return saved(pdf)


_RECIPES: dict[str, tuple[int, bool, Callable[[], bytes]]] = {
    "small": (60, True, lambda: _once(small(), Profile.B_B)),
    "small-form": (60, True, lambda: _once(small(field=True), Profile.B_B)),
    "small-twice": (36, True, lambda: _twice(small(), Profile.B_B)),
    "small-certified": (44, True, lambda: _certified(small(1, field=True), Profile.B_B)),
    "small-lt": (4, False, lambda: _once(small(), Profile.B_LT)),
    "typst": (4, True, lambda: _once(read("typst-1.4"), Profile.B_B)),
    "typst-twice-lt": (1, False, lambda: _twice(read("typst-1.4"), Profile.B_LT)),
    "libreoffice-form-lt": (2, False, lambda: _once(read("libreoffice-form"), Profile.B_LT)),
    "libreoffice": (5, True, lambda: _once(read("libreoffice-docx"), Profile.B_B, None)),
    "object-streams": (6, True, lambda: _once(read("qpdf-object-streams"), Profile.B_B)),
    "object-streams-certified-lt": (1, False, lambda: _certified(read("qpdf-object-streams"), Profile.B_LT)),
    "object-streams-lta": (1, False, lambda: _once(read("qpdf-object-streams"), Profile.B_LTA)),
    "linearised": (2, True, lambda: _once(read("qpdf-linearised"), Profile.B_B)),
    "hybrid": (2, True, lambda: _once(read("hybrid-word"), Profile.B_B)),
    "hybrid-hidden-twice": (2, True, lambda: _twice(read("hybrid-hidden"), Profile.B_B)),
    "encrypted-aes": (2, True, lambda: _once(read("encrypted-aes-256"), Profile.B_B)),
    "encrypted-rc4": (2, True, lambda: _once(read("encrypted-rc4"), Profile.B_B)),
    "ghostscript-t": (3, False, lambda: _once(read("ghostscript-distilled"), Profile.B_T)),
    "ghostscript-twice-lta": (1, False, lambda: _twice(read("ghostscript-distilled"), Profile.B_LTA)),
    "chromium": (2, True, lambda: _once(read("chromium"), Profile.B_B)),
    "cropped-rotated": (3, True, lambda: _once(read("cropped-rotated"), Profile.B_B)),
    "foreign-pkcs7": (3, True, lambda: read("signed-pkcs7")),
    "foreign-pades": (3, True, lambda: read("signed-pades")),
    "foreign-certified": (3, True, lambda: read("certified-fields")),
    "foreign-certified-no-changes": (2, True, lambda: read("certified-no-changes")),
}
SMALL = ("small", "small-form", "small-twice", "small-certified", "small-lt", "object-streams", "foreign-pades")
"""Enough for a short run."""


def make(names: tuple[str, ...] = tuple(_RECIPES)) -> Corpus:
    """New specimens, signed now. Those that are not believed without revocation data are examined for integrity."""
    trust = TrustStore(anchors=(*roots(), *_foreign()))
    specimens = tuple(_specimens(names, trust))
    return Corpus(specimens, trust, SystemClock().now())


def _specimens(names: tuple[str, ...], trust: TrustStore) -> Iterator[Specimen]:
    for name in names:
        weight, integrity_only, recipe = _RECIPES[name]
        pdf = recipe()
        now = SystemClock().now()
        if not validate(pdf, trust, now, integrity_only=integrity_only).verdict.good:
            integrity_only = True
        found = validate(pdf, trust, now, integrity_only=integrity_only)
        assert found.verdict.good, f"{name}: {found.sentence}"
        yield Specimen(name, pdf, integrity_only, weight)


def _foreign() -> Iterator[x509.Certificate]:
    for _, _, der in pem.unarmor((FOLDER / "foreign-root.pem").read_bytes(), multiple=True):
        yield x509.Certificate.load(der)


def kept(folder: Path) -> Corpus:
    """The specimens of a folder, made and put there when it has none."""
    told = folder / "index.json"
    if not told.exists():
        corpus = make()
        folder.mkdir(parents=True, exist_ok=True)
        for item in corpus.specimens:
            (folder / f"{item.name}.pdf").write_bytes(item.pdf)
        (folder / "roots.pem").write_bytes(b"".join(pem.armor("CERTIFICATE", c.dump()) for c in corpus.trust.anchors))
        index = {
            "at": corpus.at.isoformat(),
            "specimens": [[item.name, item.integrity_only, item.weight] for item in corpus.specimens],
        }
        told.write_text(json.dumps(index, indent=1))
    index = json.loads(told.read_text())
    anchors = pem.unarmor((folder / "roots.pem").read_bytes(), multiple=True)
    return Corpus(
        tuple(
            Specimen(name, (folder / f"{name}.pdf").read_bytes(), integrity_only, weight)
            for name, integrity_only, weight in index["specimens"]
        ),
        TrustStore(anchors=tuple(x509.Certificate.load(der) for _, _, der in anchors)),
        datetime.fromisoformat(index["at"]),
    )
