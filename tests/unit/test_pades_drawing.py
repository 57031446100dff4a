"""The stamp stands upright where it was placed, the footer at the foot of each page, on every kind of page."""

import io
import zlib
from dataclasses import replace

import pikepdf
import pypdfium2
import pytest
from PIL import Image as Picture

from esign.pades.appearance import Appearance, EmbeddedFont, Footer, Image
from esign.pades.profile import Profile
from esign.pades.spec import ExistingField, NewField
from esign.pdf.geometry import Box, PageGeometry
from tests.handmade import PAGE, handmade
from tests.letter_files import read
from tests.officials import SECOND, official, request, roots, signed
from tests.validators import verdicts

RED_OVER_BLUE = Appearance(80, 40, b"1 0 0 rg 0 20 80 20 re f 0 0 1 rg 0 0 40 20 re f")
"""Red above, blue at the lower left, nothing at the lower right."""
BLACK_BAR = Footer(Appearance(400, 6, b"0 g 0 0 400 6 re f"), bottom=10)
BOX = Box(100, 200, 180, 240)
"""Where the stamp goes, in displayed space."""


def page(attributes: bytes, content: bytes = b"") -> bytes:
    stream = b"<</Length %d>>\nstream\n%b\nendstream" % (len(content), content)
    return handmade({3: PAGE.replace(b"/MediaBox[0 0 595 842]", attributes), 4: stream})


def rendered(pdf: bytes, number: int = 0) -> tuple[Picture.Image, float]:
    """The page as PDFium shows it with its widgets, and points a pixel."""
    document = pypdfium2.PdfDocument(pdf)
    document.init_forms()
    shown = document[number].render(scale=1, may_draw_forms=True).to_pil().convert("RGB")
    document.close()
    return shown, 1.0


def colour(picture: Picture.Image, scale: float, x: float, y: float) -> tuple[int, ...]:
    """The colour at a point of displayed space."""
    found = picture.getpixel((int(x / scale), picture.height - 1 - int(y / scale)))
    assert isinstance(found, tuple)
    return tuple(round(value / 255) for value in found)


RED, BLUE, WHITE, BLACK = (1, 0, 0), (0, 0, 1), (1, 1, 1), (0, 0, 0)

PAGES = {
    "plain": b"/MediaBox[0 0 595 842]",
    "rotated 90": b"/MediaBox[0 0 595 842]/Rotate 90",
    "rotated 180": b"/MediaBox[0 0 595 842]/Rotate 180",
    "rotated 270": b"/MediaBox[0 0 595 842]/Rotate 270",
    "rotated -90": b"/MediaBox[0 0 595 842]/Rotate -90",
    "cropped": b"/MediaBox[0 0 700 900]/CropBox[40 30 635 872]",
    "cropped, rotated 270": b"/MediaBox[-50 -60 700 900]/CropBox[40 30 635 872]/Rotate 270",
    "user unit": b"/MediaBox[0 0 297.5 421]/UserUnit 2",
    "user unit, rotated 90": b"/MediaBox[0 0 297.5 421]/UserUnit 2/Rotate 90",
}


def geometry(letter: bytes) -> PageGeometry:
    pdf = pikepdf.open(io.BytesIO(letter))
    shown = pdf.pages[0]
    return PageGeometry.read(
        [float(each) for each in shown.mediabox],
        [float(each) for each in shown.cropbox],
        int(shown.get("/Rotate", 0)),
        float(shown.get("/UserUnit", 1)),
    )


@pytest.mark.parametrize("attributes", PAGES.values(), ids=PAGES)
def test_the_stamp_stands_upright_where_it_was_placed(attributes: bytes) -> None:
    letter = page(attributes)
    rect = tuple(geometry(letter).to_user_space(BOX))
    made = signed(letter, request(field=NewField(rect=rect), appearance=RED_OVER_BLUE))  # type: ignore[arg-type]
    picture, scale = rendered(made.pdf)
    unit = geometry(letter).user_unit
    # PDFium shows a page in its own units; displayed space multiplies UserUnit in.
    scale *= unit
    assert colour(picture, scale, 120, 230) == RED
    assert colour(picture, scale, 160, 230) == RED
    assert colour(picture, scale, 120, 210) == BLUE
    assert colour(picture, scale, 160, 210) == WHITE
    assert colour(picture, scale, 90, 230) == WHITE
    assert [verdict.sound for verdict in verdicts(made.pdf, roots())] == [True]


@pytest.mark.parametrize("attributes", PAGES.values(), ids=PAGES)
def test_the_stamp_stands_upright_in_a_field_of_the_letter(attributes: bytes) -> None:
    empty = page(attributes)
    rect = b" ".join(b"%f" % number for number in geometry(empty).to_user_space(BOX))
    own = PAGE.replace(b"/MediaBox[0 0 595 842]", attributes)[:-2] + b"/Annots[5 0 R]>>"
    widget = b"<</Type/Annot/Subtype/Widget/FT/Sig/T(kepala)/Rect[%b]>>" % rect
    letter = handmade({1: b"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[5 0 R]>>>>", 3: own, 5: widget})
    made = signed(letter, request(field=ExistingField("kepala"), appearance=RED_OVER_BLUE))
    picture, scale = rendered(made.pdf)
    scale *= geometry(letter).user_unit
    assert (colour(picture, scale, 120, 230), colour(picture, scale, 120, 210)) == (RED, BLUE)
    assert colour(picture, scale, 160, 210) == WHITE


@pytest.mark.parametrize("attributes", PAGES.values(), ids=PAGES)
def test_the_footer_stands_at_the_foot_of_the_page_as_displayed(attributes: bytes) -> None:
    letter = page(attributes)
    made = signed(letter, request(field=NewField(), footer=BLACK_BAR))
    picture, scale = rendered(made.pdf)
    scale *= geometry(letter).user_unit
    width, _ = geometry(letter).displayed_size
    for x in (width / 2 - 190, width / 2, width / 2 + 190):
        assert colour(picture, scale, x, 13) == BLACK
        assert colour(picture, scale, x, 20) == WHITE
    assert colour(picture, scale, width / 2 - 210, 13) == WHITE


def test_a_footer_wider_than_the_page_is_made_to_fit() -> None:
    letter = page(b"/MediaBox[0 0 236 600]")
    picture, scale = rendered(signed(letter, request(field=NewField(), footer=BLACK_BAR)).pdf)
    assert colour(picture, scale, 20, 11) == BLACK
    assert colour(picture, scale, 216, 11) == BLACK
    assert colour(picture, scale, 14, 11) == WHITE


@pytest.mark.parametrize("content", [b"3 0 0 3 0 0 cm", b"q Q q 3 0 0 3 0 0 cm", b"1 g 1 0 0 1 9 9 cm 0 0 m W n"])
def test_what_the_content_leaves_behind_does_not_move_the_footer(content: bytes) -> None:
    letter = page(b"/MediaBox[0 0 595 842]", content)
    picture, scale = rendered(signed(letter, request(field=NewField(), footer=BLACK_BAR)).pdf)
    assert colour(picture, scale, 300, 13) == BLACK


def test_the_footer_comes_with_the_first_signature_only() -> None:
    once = signed(page(b"/MediaBox[0 0 595 842]"), request(field=NewField(), footer=BLACK_BAR))
    twice = signed(once.pdf, request(footer=BLACK_BAR), official("Siti Aminah"))
    assert (once.pdf.count(b"/Artifact"), twice.pdf.count(b"/Artifact")) == (1, 1)
    assert [verdict.sound for verdict in verdicts(twice.pdf, roots())] == [True, True]


def test_a_footer_changes_neither_names_nor_objects_of_the_letter() -> None:
    resources = b"/Resources<</XObject<</esignFooter 5 0 R>>>>"
    picture = b"<</Type/XObject/Subtype/Form/BBox[0 0 50 50]/Length 22>>\nstream\n1 0 0 rg 0 0 50 50 re f\nendstream"
    content = b"<</Length 15>>\nstream\n/esignFooter Do\nendstream"
    letter = handmade({3: PAGE.replace(b"/Resources<<>>", resources), 4: content, 5: picture})
    shown, scale = rendered(signed(letter, request(field=NewField(), footer=BLACK_BAR)).pdf)
    assert colour(shown, scale, 30, 30) == RED
    assert colour(shown, scale, 300, 13) == BLACK


@pytest.mark.parametrize(
    "name", ["inherited", "scan", "qpdf-object-streams", "typst-2.0", "encrypted-aes-256", "rotated"]
)
def test_every_page_gets_the_footer_whatever_its_structure(name: str) -> None:
    letter = read(name)
    made = signed(letter, request(Profile.B_LTA, footer=BLACK_BAR))
    document = pypdfium2.PdfDocument(made.pdf)
    for number in range(len(document)):
        picture, scale = rendered(made.pdf, number)
        scale *= geometry(letter).user_unit
        assert colour(picture, scale, picture.width * scale / 2, 13) == BLACK
    document.close()
    assert [verdict.sound for verdict in verdicts(made.pdf, roots())] == [True, True]


# --- fonts and images --------------------------------------------------------------------------


def image(colours: str) -> Image:
    data = {"gray": b"\x00\xff", "rgb": b"\xff\x00\x00\x00\x00\xff", "indexed": b"\x00\x01"}[colours]
    palette = b"\xff\x00\x00\x00\x00\xff" if colours == "indexed" else b""
    return Image("Logo", 2, 1, zlib.compress(data), "FlateDecode", colours, palette)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("colours", "left", "right"), [("gray", BLACK, WHITE), ("rgb", RED, BLUE), ("indexed", RED, BLUE)]
)
@pytest.mark.parametrize("name", ["typst", "encrypted-aes-128"])
def test_images_are_shown_in_their_colours(
    name: str, colours: str, left: tuple[int, ...], right: tuple[int, ...]
) -> None:
    drawing = Appearance(80, 40, b"q 80 0 0 40 0 0 cm /Logo Do Q", images=(image(colours),))
    made = signed(read(name), request(field=NewField(rect=(100, 20, 180, 60)), appearance=drawing))
    picture, scale = rendered(made.pdf)
    assert (colour(picture, scale, 110, 40), colour(picture, scale, 170, 40)) == (left, right)


def test_a_font_is_written_once_for_stamp_and_footer() -> None:
    font = EmbeddedFont(
        resource="F1",
        base_font="ESIGNA+Uji",
        program=b"x" * 2000,
        program_length=3000,
        first_char=32,
        widths=(500, 600),
        differences=((65, ("A", "B")),),
        bbox=(0, -200, 900, 800),
        ascent=800,
        descent=-200,
        cap_height=700,
        stem_v=80,
    )
    drawing = Appearance(80, 40, b"BT /F1 9 Tf (A) Tj ET", fonts=(font,))
    made = signed(read("typst"), request(appearance=drawing, footer=replace(BLACK_BAR, appearance=drawing)))
    assert made.pdf.count(b"x" * 2000) == 1
    pdf = pikepdf.open(io.BytesIO(made.pdf))
    written = pdf.pages[0].Annots[-1].AP.N.Resources.Font.F1
    assert (str(written.Subtype), str(written.BaseFont), int(written.LastChar)) == ("/TrueType", "/ESIGNA+Uji", 33)
    assert int(written.FontDescriptor.FontFile2.Length1) == 3000
    assert [str(each) for each in written.Encoding.Differences][1:] == ["/A", "/B"]


def test_the_picture_of_a_second_signature_keeps_the_first() -> None:
    once = signed(read("typst"), request(field=NewField(rect=(100, 200, 180, 240)), appearance=RED_OVER_BLUE))
    twice = signed(once.pdf, request(field=NewField(rect=SECOND), appearance=RED_OVER_BLUE), official("Siti Aminah"))
    picture, scale = rendered(twice.pdf)
    assert colour(picture, scale, 120, 230) == RED
    assert colour(picture, scale, SECOND[0] + 5, SECOND[3] - 5) == RED
