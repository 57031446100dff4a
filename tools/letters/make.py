"""Makes the letters of tests/letters and their index: ``python tools/letters/make.py [NAME...]``.

Needs LibreOffice Writer, Chromium, Ghostscript, pdfTeX and poppler, and the fonts Liberation Sans and Serif. Dates and
identifiers are set to constants, in place, so that a letter changes only when its recipe or its producer does.
"""

import argparse
import hashlib
import io
import json
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import foreign
import hybrid
import pikepdf
import producers
import variants
from asn1crypto import pem
from content import Letter
from office import by_libreoffice, docx, fodt
from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter
from traits import traits

FOLDER = Path(__file__).parents[2] / "tests" / "letters"


@dataclass(frozen=True)
class Recipe:
    """One letter: how it is made, what was used, and what is expected of it."""

    make: Callable[[], bytes]
    producer: str
    about: str
    tags: dict[str, int]
    """Each tag in the text, and how often it is there."""
    refusal: str | None = None
    """The code of the error when it is handed in to be signed; None where it may be signed."""


RECIPES: dict[str, Recipe] = {}


def recipe(
    name: str, producer: str, about: str, *tags: str, refusal: str | None = None
) -> Callable[[Callable[[], bytes]], Callable[[], bytes]]:
    """Enters a function into the recipes; made once, however many others start from it."""

    def enter(make: Callable[[], bytes]) -> Callable[[], bytes]:
        kept = cache(lambda: frozen(make()))
        RECIPES[name] = Recipe(kept, producer, about, {tag: tags.count(tag) for tag in tags}, refusal)
        return kept

    return enter


def frozen(pdf: bytes) -> bytes:
    """The same file with fixed dates and identifiers, of the same lengths, so that no offset moves."""
    pdf = re.sub(rb"(/(?:CreationDate|ModDate)\s*\(D:)\d{14}(?!\\)", rb"\g<1>20260105090000", pdf)
    pdf = re.sub(rb"(?<=>)20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(?=[Z+<-])", b"2026-01-05T09:00:00", pdf)
    if b"/ByteRange" in pdf or b"/Encrypt" in pdf:
        return pdf

    def fixed(found: re.Match[bytes]) -> bytes:
        return found[0].replace(found[1], hashlib.sha512(b"esign").hexdigest().encode()[: len(found[1])])

    pdf = re.sub(rb"(?<=DocumentID='uuid:)[0-9a-f-]{36}", b"00000000-0000-0000-0000-000000000000", pdf)
    for _ in range(2):
        pdf = re.sub(rb"/ID\s*\[\s*<[0-9A-Fa-f]*>\s*<([0-9A-Fa-f]+)>", fixed, pdf)
        pdf = re.sub(rb"/ID\s*\[\s*<([0-9A-Fa-f]+)>", fixed, pdf)
    return re.sub(rb"(?<=/DocChecksum /)[0-9A-F]{32}", b"0" * 32, pdf)


def same_inside(one: bytes, other: bytes) -> bool:
    """Whether the two differ in nothing but encryption and the date of a colour profile, which can't be fixed from outside."""
    if one == other or b"/ByteRange" in one or b"/ByteRange" in other:
        return one == other

    password = variants.USER_PASSWORD if b"/Encrypt" in one and traits(one)["encrypted"] == "user" else ""

    def opened(pdf: bytes) -> bytes:
        out = io.BytesIO()
        with pikepdf.open(io.BytesIO(pdf), password=password) as document:
            document.trailer.ID = pikepdf.Array([pikepdf.String("esign")] * 2)
            document.save(
                out,
                static_id=True,
                encryption=False,
                compress_streams=False,
                stream_decode_level=pikepdf.StreamDecodeLevel.generalized,
            )
        return re.sub(rb".{12}(?=acsp)", bytes(12), out.getvalue(), flags=re.DOTALL)

    return opened(one) == opened(other)


# --- office applications ------------------------------------------------------------------------


@recipe(
    "libreoffice-docx",
    "LibreOffice Writer from .docx",
    "a letter as most offices make it; Word split the tag into two runs",
    "${ttd}",
)
def _docx() -> bytes:
    return by_libreoffice(docx(Letter()), ".docx")


@recipe("libreoffice-odt", "LibreOffice Writer from OpenDocument", "serif type, one-character tag", "#")
def _odt() -> bytes:
    return by_libreoffice(fodt(Letter(tag="#")), ".fodt")


@recipe("libreoffice-pdfa-2b", "LibreOffice Writer from OpenDocument", "tagged PDF/A-2b", "#")
def _pdfa() -> bytes:
    return by_libreoffice(fodt(Letter(tag="#")), ".fodt", options={"SelectPdfVersion": "2", "UseTaggedPDF": True})


@recipe("libreoffice-f4", "LibreOffice Writer from .docx", "F4 paper, 215 × 330 mm", "$qrcode")
def _f4() -> bytes:
    return by_libreoffice(docx(Letter(tag="$qrcode"), width=12189, height=18709), ".docx")


@recipe("libreoffice-form", "LibreOffice Writer from OpenDocument", "AcroForm with two text fields to be filled", "~")
def _form() -> bytes:
    return by_libreoffice(
        fodt(Letter(tag="~"), fields=("penerima", "agenda")), ".fodt", options={"ExportFormFields": True}
    )


# --- browsers -----------------------------------------------------------------------------------


@recipe("chromium", "Chromium, print to PDF", "tagged, from a web application", "[qr]")
def _chromium() -> bytes:
    return producers.by_chromium(producers.html(Letter(tag="[qr]")))


@recipe("chromium-landscape", "Chromium, print to PDF", "A4 landscape", "[qr]")
def _landscape() -> bytes:
    return producers.by_chromium(producers.html(Letter(tag="[qr]"), page="A4 landscape", margin="12mm"))


@recipe("chromium-tag-twice", "Chromium, print to PDF", "the tag is there twice", "#", "#")
def _twice() -> bytes:
    return producers.by_chromium(
        producers.html(Letter(tag="#", opening=Letter.opening.replace("bersama ini", "# bersama ini")))
    )


@recipe(
    "chromium-all-tags",
    "Chromium, print to PDF",
    "tags of all styles, each once",
    "#",
    "^",
    "~",
    "[qr]",
    "${ttd}",
    "{{paraf}}",
)
def _all_tags() -> bytes:
    return producers.by_chromium(producers.html(Letter(tag="#"), tags=("^", "~", "[qr]", "${ttd}", "{{paraf}}")))


# --- typesetters --------------------------------------------------------------------------------


@recipe("typst", "Typst", "PDF 1.7, tagged", "^")
def _typst() -> bytes:
    return producers.by_typst(producers.typ(Letter(tag="^")))


@recipe("typst-2.0", "Typst", "PDF 2.0, three pages", "^")
def _typst_2() -> bytes:
    return producers.by_typst(producers.typ(Letter(tag="^"), pages=3), "2.0")


@recipe("typst-1.4", "Typst", "PDF 1.4", "^")
def _typst_1_4() -> bytes:
    return producers.by_typst(producers.typ(Letter(tag="^")), "1.4")


@recipe("typst-pdfa-2b", "Typst", "PDF/A-2b, two pages", "^")
def _typst_pdfa() -> bytes:
    return producers.by_typst(producers.typ(Letter(tag="^"), pages=2), "a-2b")


@recipe("pdftex", "pdfTeX", "Type 1 fonts, object streams", "$")
def _pdftex() -> bytes:
    return producers.by_pdftex(producers.tex(Letter(tag="$")))


# --- printers and scanners ----------------------------------------------------------------------


@recipe("ghostscript", "Ghostscript pdfwrite of Chromium's", "PDF 1.4, printed to PDF again", "[qr]")
def _ghostscript() -> bytes:
    return producers.by_ghostscript(_chromium(), "-dCompatibilityLevel=1.4")


@recipe(
    "ghostscript-distilled",
    "Ghostscript ps2write, then pdfwrite",
    "through PostScript, as old printer drivers did",
    "$",
)
def _distilled() -> bytes:
    return producers.distilled(producers.by_pdftex(producers.tex(Letter(tag="$"), with_logo=False)))


@recipe("scan", "Pillow", "two scanned pages, no text at all")
def _scan() -> bytes:
    return producers.scan(producers.by_typst(producers.typ(Letter(tag=""), pages=2)))


# --- written otherwise --------------------------------------------------------------------------


@recipe("qpdf-object-streams", "qpdf of LibreOffice's", "cross-reference stream and object streams", "${ttd}")
def _object_streams() -> bytes:
    return variants.with_object_streams(_docx())


@recipe("qpdf-linearised", "qpdf of Chromium's", "linearised (fast web view)", "[qr]")
def _linearised() -> bytes:
    return variants.linearised(_chromium())


@recipe("qpdf-1.5", "qpdf of LibreOffice's", "PDF 1.5 with a cross-reference table", "#")
def _version_1_5() -> bytes:
    return variants.with_table(_odt(), "1.5")


@recipe("qpdf-1.6", "qpdf of LibreOffice's", "PDF 1.6 with a cross-reference table", "#")
def _version_1_6() -> bytes:
    return variants.with_table(_odt(), "1.6")


@recipe("hybrid-word", "tools/letters/hybrid.py of pdfTeX's", "hybrid cross-reference as Word writes it", "$")
def _hybrid_word() -> bytes:
    return hybrid.as_word_writes(_pdftex())


@recipe(
    "hybrid-hidden",
    "tools/letters/hybrid.py of Chromium's",
    "hybrid: the structure tree's elements only in the stream",
    "[qr]",
)
def _hybrid_hidden() -> bytes:
    return hybrid.as_the_standard_has_it(_chromium())


@recipe(
    "rotated",
    "qpdf of LibreOffice's",
    "four pages: /Rotate 0, 90, 180 and 270, each upright when displayed",
    "${ttd}",
    "${ttd}",
    "${ttd}",
    "${ttd}",
)
def _rotated() -> bytes:
    return variants.turned(_docx(), 0, 90, 180, 270)


@recipe("rotated-90", "qpdf of LibreOffice's", "one page with /Rotate 90, upright when displayed", "${ttd}")
def _rotated_90() -> bytes:
    return variants.turned(_docx(), 90)


@recipe("cropped", "qpdf of LibreOffice's", "MediaBox away from the origin, CropBox inside it", "${ttd}")
def _cropped() -> bytes:
    return variants.moved(_docx(), offset=(-40, 130), margin=30)


@recipe("cropped-rotated", "qpdf of LibreOffice's", "the same, lying on its side by /Rotate 270", "${ttd}")
def _cropped_rotated() -> bytes:
    return variants.moved(_docx(), offset=(-40, 130), margin=30, rotate=270)


@recipe("user-unit", "qpdf of LibreOffice's", "/UserUnit 2.5 on an A4 page", "${ttd}")
def _user_unit() -> bytes:
    return variants.with_user_unit(_docx(), 2.5)


@recipe(
    "inherited",
    "qpdf of LibreOffice's",
    "three pages that inherit boxes and resources from a nested tree",
    "#",
    "#",
    "#",
)
def _inherited() -> bytes:
    return variants.inheriting(_odt())


@recipe(
    "signature-fields",
    "LibreOffice Writer, fields by qpdf",
    "text fields, and two empty signature fields, one of them nested",
    "~",
)
def _signature_fields() -> bytes:
    return variants.with_signature_fields(
        _form(), {"kepala": (300, 90, 470, 170), "pejabat.sekretaris": (80, 90, 250, 170)}
    )


# --- encrypted ----------------------------------------------------------------------------------


@recipe("encrypted-rc4", "qpdf of LibreOffice's", "owner password, RC4-128", "${ttd}")
def _rc4() -> bytes:
    return variants.encrypted(_docx(), revision=3)


@recipe("encrypted-aes-128", "qpdf of LibreOffice's", "owner password, AES-128", "${ttd}")
def _aes_128() -> bytes:
    return variants.encrypted(_docx(), revision=4)


@recipe("encrypted-aes-256", "qpdf of LibreOffice's", "owner password, AES-256 (PDF 2.0)", "${ttd}")
def _aes_256() -> bytes:
    return variants.encrypted(_docx(), revision=6)


@recipe("encrypted-user", "qpdf of LibreOffice's", "user password", refusal="letter.encrypted")
def _user_password() -> bytes:
    return variants.encrypted(_docx(), revision=6, user=variants.USER_PASSWORD)


# --- signed by others ---------------------------------------------------------------------------


@recipe(
    "signed-pkcs7",
    "pyHanko on LibreOffice's",
    "signed as most old Indonesian letters are: adbe.pkcs7.detached with a time-stamp",
    "${ttd}",
)
def _signed_pkcs7() -> bytes:
    return foreign.signed(_docx(), subfilter=SigSeedSubFilter.ADOBE_PKCS7_DETACHED, time_stamp=True)


@recipe("signed-pades", "pyHanko on LibreOffice's", "PAdES B-B, not certified", "#")
def _signed_pades() -> bytes:
    return foreign.signed(_odt())


@recipe("signed-pdfa-2b", "pyHanko on Typst's", "PDF/A-2b with an invisible signature", "^")
def _signed_pdfa() -> bytes:
    return foreign.signed(_typst_pdfa(), box=None)


@recipe(
    "certified-no-changes",
    "pyHanko on LibreOffice's",
    "certified with DocMDP P=1",
    "#",
    refusal="letter.certified_no_changes",
)
def _certified_1() -> bytes:
    return foreign.signed(_odt(), certify=MDPPerm.NO_CHANGES)


@recipe(
    "certified-fields", "pyHanko on LibreOffice's", "certified with DocMDP P=2, one empty signature field prepared", "#"
)
def _certified_2() -> bytes:
    return foreign.signed(_odt(), certify=MDPPerm.FILL_FORMS, prepare=("Signature2",))


@recipe(
    "certified-no-fields",
    "pyHanko on LibreOffice's",
    "certified with DocMDP P=2, no field for anybody else",
    "#",
    refusal="letter.certified_no_new_fields",
)
def _certified_3() -> bytes:
    return foreign.signed(_odt(), certify=MDPPerm.FILL_FORMS)


def main() -> int:
    """Makes all letters, or those that are named, and the index of all."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these (default: all)")
    names = parser.parse_args().names or list(RECIPES)
    unknown = [name for name in names if name not in RECIPES]
    if unknown:
        parser.error(f"no such letter: {', '.join(unknown)}")
    FOLDER.mkdir(exist_ok=True)
    for name in names:
        pdf, target = RECIPES[name].make(), FOLDER / f"{name}.pdf"
        kept = target.exists() and same_inside(target.read_bytes(), pdf)
        told = "as it was" if kept else "changed" if target.exists() else "new"
        if not kept:
            target.write_bytes(pdf)
        sys.stdout.write(f"{name:24} {len(pdf):8,} bytes  {told}\n")
    index = {
        name: {"file": f"{name}.pdf", "about": made.about, "producer": made.producer, "tags": made.tags, "refusal": made.refusal,
               **traits((FOLDER / f"{name}.pdf").read_bytes())}
        for name, made in RECIPES.items()
    }  # fmt: skip
    (FOLDER / "index.json").write_text(json.dumps(index, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    (FOLDER / "foreign-root.pem").write_bytes(pem.armor("CERTIFICATE", foreign.root().dump()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
