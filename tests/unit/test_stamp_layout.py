"""How a stamp fills its box: nothing overflows, nothing goes missing, and what can't be legible is refused."""

import base64
import io
import re

import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pydantic import ValidationError

from esign.errors import BoxTooSmall, StampUnprintable
from esign.pades import qr
from esign.pades.stamp import StampContent, StampTheme, draw, least_size, natural_size, sizes
from esign.pades.theme import StampLine
from tests.stamped_pages import (
    ACTING,
    ADDRESS,
    CODE,
    HEAD,
    REGENT,
    blank,
    codes,
    crest,
    ink,
    picture,
    shown,
    stamped,
    text,
)

CREST = base64.b64encode(crest())
BARE = StampTheme(frame=False)
MODULE = re.compile(rb"\n([\d.]+) 0 0 \1 [\d.]+ [\d.]+ cm\n\d")
SIZE = re.compile(rb"/[RB]\d ([\d.]+) Tf")


def module(content: bytes) -> float:
    """The side of a module that was drawn, in points."""
    found = MODULE.search(content)
    assert found is not None
    return float(found[1])


@pytest.mark.parametrize("content", [REGENT, HEAD, ACTING], ids=["regent", "head", "acting"])
@pytest.mark.parametrize("width", [75, 110, 150, 212, 226, 300, 500])
@pytest.mark.parametrize("height", [72, 90, 130, 200, 400])
def test_a_stamp_is_whole_and_inside_its_box_or_refused_with_a_box_that_does(
    content: StampContent, width: float, height: float
) -> None:
    try:
        appearance = draw(content, BARE, width, height)
    except BoxTooSmall as refusal:
        least_width, least_height = refusal.details["min_width"], refusal.details["min_height"]
        assert isinstance(least_width, float)
        assert isinstance(least_height, float)
        assert least_width > width or least_height > height
        draw(content, BARE, least_width, least_height)
        return
    page = shown(appearance)
    image = picture(page, dpi=144)
    left, top, right, bottom = ink(image) or (0, 0, 0, 0)
    assert min(left - 40, top - 40, 40 + 2 * width - right, 40 + 2 * height - bottom) >= 2 * 3.5
    assert codes(image) == [ADDRESS]
    said = text(page)
    if appearance.fonts:
        for part in (content.name, content.office, CODE, "verifikasi.contohkab.go.id", content.capacity, content.rank):
            assert part.replace(" ", "").replace("-", "") in said.replace(" ", "").replace("-", "")
    assert min(map(float, SIZE.findall(appearance.content)), default=9) >= BARE.least_text
    assert module(appearance.content) >= qr.LEAST_MODULE


def test_the_text_is_beside_the_code_in_a_wide_box_beneath_in_a_tall_one_and_left_out_in_a_small_one() -> None:
    def marks(width: float, height: float) -> tuple[Image.Image, bool]:
        appearance = draw(REGENT, BARE, width, height)
        return picture(shown(appearance, margin=0), dpi=72), bool(appearance.fonts)

    wide, wide_has_text = marks(226, 74)
    assert wide_has_text
    assert ink(wide.crop((90, 0, 226, 74)))
    tall, tall_has_text = marks(130, 170)
    assert tall_has_text
    assert ink(tall.crop((0, 110, 130, 170)))
    assert not marks(74, 74)[1]


def test_the_code_is_two_centimetres_by_default_and_white_all_around_it() -> None:
    appearance = draw(REGENT, BARE, *natural_size(REGENT, BARE))
    assert module(appearance.content) * 33 >= 20 * 72 / 25.4
    image = picture(shown(appearance), dpi=288)
    (read,) = zxingcpp.read_barcodes(image)
    side = read.position.bottom_right.x - read.position.top_left.x
    quiet = side / 33 * 4
    corner = read.position.top_left
    left, top, right, bottom = corner.x - quiet, corner.y - quiet, corner.x + side + quiet, corner.y + side + quiet
    for strip in ((left, top, right, corner.y), (left, top, corner.x, bottom), (left, corner.y + side, right, bottom)):
        edge = image.crop(strip)
        inner = edge.crop((4, 4, edge.width - 4, edge.height - 4))
        assert inner.getextrema() == (255, 255)


def test_a_smaller_code_may_be_allowed_but_never_modules_under_four_tenths_of_a_millimetre() -> None:
    theme = StampTheme(code_mm=10, arrangement="code", frame=False)
    least, _ = least_size(ADDRESS, theme)
    assert least == pytest.approx(41 * 0.4 * 72 / 25.4)
    assert module(draw(REGENT, theme, least, least).content) == pytest.approx(0.4 * 72 / 25.4, abs=1e-3)
    with pytest.raises(BoxTooSmall) as refusal:
        draw(REGENT, theme, least - 1, least + 50)
    assert (refusal.value.details["min_width"], refusal.value.details["min_height"]) == (46.5, 96.5)


@settings(max_examples=150, deadline=None)
@given(
    theme=st.sampled_from(
        [
            StampTheme(),
            StampTheme(logo=CREST),
            StampTheme(logo=CREST, logo_place="beside"),
            StampTheme(logo=CREST, logo_place="beside", arrangement="beside"),
            StampTheme(arrangement="beneath"),
            StampTheme(lines=()),
            StampTheme(check_lines=()),
            StampTheme(lines=(), check_lines=()),
        ]
    ),
    name=st.text("aeiGKmMn .-", min_size=1, max_size=200).map(lambda text: f"A{text}"),
    office=st.text("aeiGKmMn .-/", max_size=300),
    width=st.floats(20, 400),
    height=st.floats(20, 400),
)
def test_the_box_that_a_refusal_names_and_the_sizes_that_a_stamp_may_take_can_all_be_drawn(
    theme: StampTheme, name: str, office: str, width: float, height: float
) -> None:
    content = StampContent(ADDRESS, CODE, name=name, office=office)
    try:
        draw(content, theme, width, height)
    except BoxTooSmall as refusal:
        draw(content, theme, float(str(refusal.details["min_width"])), float(str(refusal.details["min_height"])))
    for size in sizes(content, theme):
        draw(content, theme, *size)


def test_the_ground_is_white_so_that_a_tag_below_is_hidden() -> None:
    assert draw(REGENT, StampTheme(), 226, 74).content.startswith(b"1 g\n0 0 226 74 re f\n")


def test_the_same_stamp_is_drawn_from_the_same_bytes() -> None:
    theme = StampTheme(logo=CREST)
    assert draw(HEAD, theme, 240, 100).content == draw(HEAD, theme, 240, 100).content


@pytest.mark.parametrize(
    ("capacity", "lines"),
    [
        ("", ["Sekretaris Daerah,"]),
        ("Plt.", ["Plt. Sekretaris Daerah,"]),
        ("a.n. Bupati Contoh", ["a.n. Bupati Contoh", "Sekretaris Daerah,"]),
        ("a.n. Bupati Contoh\nAsisten Administrasi Umum\nu.b.", ["a.n. Bupati Contoh", "u.b.", "Sekretaris Daerah,"]),
    ],
)
def test_the_capacity_stands_before_the_office_or_above_it(capacity: str, lines: list[str]) -> None:
    content = StampContent(ADDRESS, CODE, name="Ida Bagus Contoh", office="Sekretaris Daerah", capacity=capacity)
    theme = StampTheme()
    appearance = draw(content, theme, *natural_size(content, theme))
    set_lines = [line.decode("cp1252") for line in re.findall(rb"\(((?:[^\\()]|\\.)*)\) Tj", appearance.content)]
    for line in lines:
        assert line in set_lines


def test_a_line_whose_field_has_nothing_to_show_is_left_out() -> None:
    said = text(shown(draw(REGENT, StampTheme(), 226, 80)))
    assert "NIP" not in said
    assert "NIP 19700101 199503 1 001" in text(shown(draw(HEAD, StampTheme(), 226, 110)))


def test_names_with_diacritics_are_printed_as_they_are_written() -> None:
    name = "I Gusti Ngurah Ārya Wédāṅga Śrī Kṛṣṇa, Bç. Ńȷ".replace("ȷ", "").strip()
    content = StampContent(ADDRESS, CODE, name=name, office="Kepala Désa Gělgèl")
    page = shown(draw(content, StampTheme(), 240, 100))
    assert "Kepala Désa Gělgèl" in text(page)
    assert name in text(page)


def test_a_combining_accent_is_composed() -> None:
    content = StampContent(ADDRESS, CODE, name="Re\u0301ne\u0301", office="Camat")
    assert "Réné" in text(shown(draw(content, StampTheme(), 226, 80)))


@pytest.mark.parametrize(("name", "codepoint"), [("ᬩᬮᬶ", "U+1B29"), ("王", "U+738B"), ("a\u202eb", "U+202E")])
def test_a_character_that_the_fonts_lack_is_refused_by_name(name: str, codepoint: str) -> None:
    with pytest.raises(StampUnprintable, match=re.escape(codepoint)):
        draw(StampContent(ADDRESS, CODE, name=name, office="Camat"), StampTheme(), 226, 80)


def test_brackets_and_backslashes_in_a_name_stay_text() -> None:
    name = r"A (b) \ c) Tj (d"
    assert name in text(shown(draw(StampContent(ADDRESS, CODE, name=name, office="Camat"), StampTheme(), 226, 80)))


def test_an_address_in_small_letters_is_a_mistake_of_the_program() -> None:
    with pytest.raises(ValueError, match="capitals"):
        StampContent(ADDRESS.lower(), CODE, name="x")


def test_a_theme_goes_through_json_unchanged() -> None:
    theme = StampTheme(logo=CREST, domain="sah.contohkab.go.id", lines=(StampLine(text="{name}", bold=True),))
    assert StampTheme.model_validate_json(theme.model_dump_json()) == theme


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"lines": [{"text": "{nik}"}]}, "{nik} is not a field"),
        ({"lines": [{"text": "{name.__class__}"}]}, "is not a field"),
        ({"lines": [{"text": "{name:>900000000}"}]}, "is not a field"),
        ({"lines": [{"text": "Oleh {"}]}, "Single '{'"),
        ({"lines": [{"text": "ᬩ"}]}, "U+1B29"),
        ({"lines": [{"text": "{name}", "size": 5}]}, "smaller than least_text"),
        ({"logo": base64.b64encode(b"GIF89a")}, "neither a PNG nor a JPEG"),
        ({"logo": base64.b64encode(crest()[:2000])}, "damaged"),
        ({"code_mm": 5}, "greater than or equal to 10"),
        ({"colour": "red"}, "Extra inputs"),
    ],
)
def test_a_theme_that_could_not_be_drawn_is_refused_when_it_is_set_up(change: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(said)):
        StampTheme.model_validate(change)


def test_a_logo_of_too_many_pixels_is_refused_before_it_is_unpacked() -> None:
    out = io.BytesIO()
    Image.new("1", (6000, 6000)).save(out, "PNG")
    with pytest.raises(ValidationError, match="pixels"):
        StampTheme(logo=base64.b64encode(out.getvalue()))


def test_a_photograph_as_logo_is_printed_in_its_colours() -> None:
    out = io.BytesIO()
    Image.new("CMYK", (900, 900), (255, 0, 255, 0)).save(out, "JPEG")
    theme = StampTheme(logo=base64.b64encode(out.getvalue()), logo_place="beside")
    appearance = draw(REGENT, theme, 300, 100)
    (image,) = appearance.images
    assert (image.filter, image.colours) == ("DCTDecode", "rgb")
    assert image.width == image.height <= 240


def test_a_stamp_adds_less_than_35_kilobytes() -> None:
    theme = StampTheme(logo=CREST)
    appearance = draw(HEAD, theme, 240, 100)
    page = blank()
    assert len(stamped(page, appearance, (50, 50, 290, 150))) - len(page) < 35_000
