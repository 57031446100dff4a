"""Pages as pictures, and free room that is really free."""

import io

import pikepdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from esign import errors
from esign.pdf.geometry import Box
from esign.pdf.render import (
    MARGIN,
    MAX_PIXELS,
    Colours,
    Shown,
    free_box,
    free_box_in,
    page_image,
    page_image_in,
    page_pixels,
)
from esign.pdf.sandbox import InProcess
from tests.letter_files import Letter, letters, read
from tests.sheets import rectangle, saved, sheet, signature_field, text

BODY = "".join(
    text(72, y, "Dengan hormat, bersama ini kami sampaikan bahwa acara tersebut", 11) for y in range(760, 400, -14)
)


def picture(png: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(png))
    image.load()
    return image


def stamped(flags: int = 4) -> bytes:
    """A sheet with a black widget at (100, 100) and a black square annotation at (300, 100), each 50 points wide."""
    pdf = sheet(rectangle(100, 500, 150, 550))
    field = signature_field(pdf, "esign_1", (100, 100, 150, 150))
    form = pdf.make_stream(b"0 0 50 50 re f")
    form.stream_dict.Type, form.stream_dict.Subtype = pikepdf.Name.XObject, pikepdf.Name.Form
    form.stream_dict.BBox = pikepdf.Array([0, 0, 50, 50])
    field.AP = pikepdf.Dictionary(N=form)
    pdf.pages[0].Annots.append(
        pdf.make_indirect(
            pikepdf.Dictionary(
                Type=pikepdf.Name.Annot,
                Subtype=pikepdf.Name.Square,
                Rect=pikepdf.Array([300, 100, 350, 150]),
                F=flags,
                AP=pikepdf.Dictionary(N=form),
            )
        )
    )
    return saved(pdf)


@pytest.mark.parametrize("letter", letters(refusal=None), ids=str)
def test_every_page_of_real_letters_becomes_a_picture_of_its_displayed_size(letter: Letter) -> None:
    for page, (width, height) in enumerate(letter.displayed, start=1):
        image = picture(page_image(letter.pdf, page, 36))
        assert image.format == "PNG"
        assert image.size == pytest.approx((width / 2, height / 2), abs=1)
        assert min(image.convert("L").tobytes()) < 128


def test_what_is_shown_is_chosen() -> None:
    pdf = stamped()

    def black(shown: Shown) -> list[bool]:
        drawn = page_pixels(pdf, 1, 72, shown, Colours.GREY)
        return [drawn.data[(842 - y) * drawn.width + x] < 128 for x, y in ((125, 525), (125, 125), (325, 125))]

    assert black(Shown.EVERYTHING) == [True, True, True]
    assert black(Shown.WITHOUT_WIDGETS) == [True, False, True]
    assert black(Shown.CONTENT) == [True, False, False]


def test_a_page_without_colour_becomes_a_picture_without_colour() -> None:
    assert picture(page_image(saved(sheet(BODY)), 1, 36)).mode == "L"
    assert picture(page_image(saved(sheet("1 0 0 rg " + rectangle(10, 10, 99, 99))), 1, 36)).mode == "RGB"


def test_colours_come_in_the_order_red_green_blue() -> None:
    drawn = page_pixels(saved(sheet("1 0 0 rg " + rectangle(0, 0, 595, 842))), 1, 10)
    assert drawn.data[:3] == b"\xff\x00\x00"
    assert len(drawn.data) == drawn.width * drawn.height * 3


def test_a_huge_page_is_drawn_at_a_resolution_that_can_be_held() -> None:
    drawn = page_pixels(saved(sheet(BODY, media=(0, 0, 14000, 14000), user_unit=10)), 1, 150, colours=Colours.GREY)
    assert drawn.width * drawn.height <= MAX_PIXELS * 1.01
    assert drawn.dpi < 3


def test_a_page_that_is_not_there_is_told() -> None:
    with pytest.raises(errors.PageOutOfRange):
        page_image(saved(sheet()), 2)


def test_a_page_of_which_nothing_can_be_seen_is_told() -> None:
    with pytest.raises(errors.LetterError):
        page_image(saved(sheet(media=(0, 0, 100, 100), crop=(200, 200, 300, 300))), 1)


def test_pictures_and_room_come_through_a_runner() -> None:
    pdf = saved(sheet(BODY))
    assert page_image_in(InProcess(), pdf, 1, 36) == page_image(pdf, 1, 36)
    avoid = (Box(0, 0, 595, 300),)
    assert free_box_in(InProcess(), pdf, 1, 200, 60, avoid) == free_box(pdf, 1, 200, 60, avoid)
    assert free_box_in(InProcess(), pdf, 1, 600, 60) is None


def test_room_is_found_beneath_the_text_at_the_right() -> None:
    box = free_box(saved(sheet(BODY)), 1, 200, 80)
    assert box is not None
    assert box.left >= 595 / 2 - 5
    assert box.bottom >= 300
    assert box.top <= 400


def test_a_footer_is_not_the_end_of_the_text() -> None:
    footer = text(72, 30, "UU ITE No 11 Tahun 2008 Pasal 5 Ayat 1", 7)
    assert free_box(saved(sheet(BODY + footer)), 1, 200, 80) == free_box(saved(sheet(BODY)), 1, 200, 80)


def test_room_beside_the_text_serves_when_there_is_none_beneath() -> None:
    narrow = "".join(text(72, y, "Tembusan kepada Yth", 11) for y in range(780, 30, -14))
    box = free_box(saved(sheet(narrow)), 1, 200, 80)
    assert box is not None
    assert box.left > 72 + 110


def test_a_full_page_has_no_room() -> None:
    full = "".join(text(30, y, "Dengan hormat " * 8, 11) for y in range(830, 0, -14))
    assert free_box(saved(sheet(full)), 1, 200, 80) is None


def test_an_empty_page_has_room_and_a_dark_one_has_none() -> None:
    assert free_box(saved(sheet()), 1, 200, 80) is not None
    assert free_box(saved(sheet("0.3 g " + rectangle(0, 0, 595, 842))), 1, 200, 80) is None


def test_tinted_paper_is_paper() -> None:
    assert free_box(saved(sheet("0.95 g " + rectangle(0, 0, 595, 842) + "0 g " + BODY)), 1, 200, 80) is not None


def test_a_stamp_that_is_there_is_not_covered() -> None:
    first = free_box(read("signed-pades"), 1, 200, 80)
    assert first is not None
    second = free_box(read("signed-pades"), 1, 200, 80, (first,))
    assert second is not None
    assert not first.overlaps(second)


@settings(max_examples=60, deadline=None)
@given(
    marks=st.lists(
        st.tuples(
            st.integers(0, 560), st.integers(0, 800), st.sampled_from((1, 3, 40, 300)), st.sampled_from((1, 3, 40, 200))
        ),
        max_size=12,
    ),
    avoid=st.lists(
        st.tuples(st.integers(0, 500), st.integers(0, 700), st.integers(5, 200), st.integers(5, 200)), max_size=3
    ),
    rotate=st.sampled_from((0, 90, 180, 270)),
    size=st.sampled_from(((60.0, 60.0), (200.0, 80.0), (57.3, 301.9))),
)
def test_found_room_covers_no_mark_and_keeps_off_the_edges(
    marks: list[tuple[int, int, int, int]],
    avoid: list[tuple[int, int, int, int]],
    rotate: int,
    size: tuple[float, float],
) -> None:
    content = "".join(rectangle(x, y, x + width, y + height) for x, y, width, height in marks)
    pdf = saved(sheet(content, crop=(20, 30, 575, 800), rotate=rotate))
    others = tuple(Box(x, y, x + width, y + height) for x, y, width, height in avoid)
    box = free_box(pdf, 1, *size, others)
    if box is None:
        return
    assert (box.width, box.height) == pytest.approx(size)
    assert not any(box.overlaps(other) for other in others)
    drawn = page_pixels(pdf, 1, 144, colours=Colours.GREY)
    page = Box(0, 0, drawn.width / 2, drawn.height / 2)
    assert box.left >= MARGIN - 0.01
    assert box.bottom >= MARGIN - 0.01
    assert page.right - box.right >= MARGIN - 0.51
    assert page.top - box.top >= MARGIN - 0.51
    image = Image.frombytes("L", (drawn.width, drawn.height), drawn.data)
    inside = image.crop(
        (int(box.left * 2), int((page.top - box.top) * 2), int(box.right * 2), int((page.top - box.bottom) * 2))
    )
    assert min(inside.tobytes()) > 245
