"""Stamps and footers put on real pages by the code that signs, looked at through PDFium and read by a decoder."""

import io
from datetime import datetime
from functools import cache
from zoneinfo import ZoneInfo

import pikepdf
import pypdfium2
import zxingcpp
from PIL import Image, ImageDraw

from esign.pades.appearance import Appearance, Footer
from esign.pades.spec import NewField, SignatureSpec
from esign.pades.stamp import StampContent
from esign.pades.update import prepare

ADDRESS = "HTTPS://VERIFIKASI.CONTOHKAB.GO.ID/V/0123456789ABCDEFGHJKMNPQRSX"
CODE = "0123-4567-89AB-CDEF-GHJK-MNPQ-RSX"
A4, F4 = (595.28, 841.89), (609.45, 935.43)

REGENT = StampContent(ADDRESS, CODE, name="I MADE CONTOH", office="Bupati Contoh")
HEAD = StampContent(
    ADDRESS,
    CODE,
    name="Dr. Ir. I Gusti Agung Ngurah Wirabhumi Kusumadewa, S.Kom., M.T., M.A.P.",
    office="Kepala Dinas Komunikasi dan Informatika",
    capacity="a.n. Bupati Contoh",
    rank="Pembina Utama Muda (IV/c)",
    nip="197001011995031001",
)
ACTING = StampContent(
    ADDRESS,
    CODE,
    name="Dra. Ni Luh Putu Ayu Ketut Saraswati Candradewi Wulandari, M.Si.",
    office=(
        "Kepala Dinas Pemberdayaan Masyarakat dan Desa, Pengendalian Penduduk, Keluarga Berencana, "
        "Pemberdayaan Perempuan dan Perlindungan Anak Kabupaten Contoh"
    ),
    capacity="Plt.",
    rank="Pembina Utama Madya (IV/d)",
    nip="197001011995031001",
)


def blank(
    size: tuple[float, float] = A4,
    *,
    rotate: int = 0,
    crop: tuple[float, float, float, float] | None = None,
    user_unit: float | None = None,
    pages: int = 1,
) -> bytes:
    """A letter of empty pages."""
    document, out = pikepdf.new(), io.BytesIO()
    for _ in range(pages):
        page = document.add_blank_page(page_size=size)
        page.obj.Rotate = rotate
        if crop:
            page.obj.CropBox = pikepdf.Array(crop)
        if user_unit:
            page.obj.UserUnit = user_unit
    document.save(out, deterministic_id=True)
    return out.getvalue()


def stamped(
    pdf: bytes,
    appearance: Appearance | None,
    rect: tuple[float, float, float, float],
    page: int = 0,
    footer: Footer | None = None,
) -> bytes:
    """The letter with a signature field, not yet signed, whose widget shows the stamp in a rectangle of user space."""
    field = NewField(page, rect)
    at = datetime(2026, 1, 5, 9, 30, tzinfo=ZoneInfo("Asia/Makassar"))
    return pdf + prepare(pdf, SignatureSpec(field, at, 512, appearance=appearance, footer=footer)).appended


def shown(appearance: Appearance, margin: float = 20) -> bytes:
    """A page with nothing but the drawing, ``margin`` points from its edges."""
    width, height = appearance.width, appearance.height
    page = blank((width + 2 * margin, height + 2 * margin))
    return stamped(page, appearance, (margin, margin, margin + width, margin + height))


def picture(pdf: bytes, page: int = 0, dpi: float = 150) -> Image.Image:
    """The page in gray as PDFium shows it."""
    document = pypdfium2.PdfDocument(pdf)
    document.init_forms()
    try:
        image: Image.Image = document[page].render(scale=dpi / 72, grayscale=True).to_pil().convert("L")
        return image
    finally:
        document.close()


def text(pdf: bytes, page: int = 0) -> str:
    """The text of the page with its stamps made page content, its white space made single spaces."""
    with pikepdf.open(io.BytesIO(pdf)) as document:
        document.flatten_annotations("all")
        out = io.BytesIO()
        document.save(out)
    opened = pypdfium2.PdfDocument(out.getvalue())
    try:
        return " ".join(opened[page].get_textpage().get_text_bounded().replace("\x02", "-").split())
    finally:
        opened.close()


def codes(image: Image.Image) -> list[str]:
    """What a decoder reads in the picture."""
    return [code.text for code in zxingcpp.read_barcodes(image)]


def ink(image: Image.Image, threshold: int = 200) -> tuple[int, int, int, int] | None:
    """The smallest box of pixels that holds all marks, as (left, top, right, bottom)."""
    return image.point(lambda value: 255 * (value < threshold)).getbbox()


@cache
def crest() -> bytes:
    """A PNG with transparency like a regency's coat of arms."""
    image, out = Image.new("RGBA", (800, 900), (0, 0, 0, 0)), io.BytesIO()
    draw = ImageDraw.Draw(image)
    shield = [(60, 60), (740, 60), (740, 560), (400, 860), (60, 560)]
    draw.polygon(shield, fill=(200, 20, 30, 255), outline=(240, 200, 40, 255), width=40)
    draw.ellipse((240, 200, 560, 520), fill=(250, 210, 60, 255))
    draw.ellipse((300, 260, 500, 460), fill=(20, 90, 40, 255))
    draw.rectangle((360, 480, 440, 700), fill=(255, 255, 255, 255))
    image.save(out, "PNG")
    return out.getvalue()
