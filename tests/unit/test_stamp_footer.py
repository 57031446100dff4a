"""The footer: what it says, that it stands in the lower margin of every page, and that it never covers the letter."""

import pytest
from pydantic import ValidationError

from esign.errors import FooterNoRoom, FooterTooManyPages
from esign.pades import footer
from esign.pades.appearance import Footer
from esign.pades.stamp import StampTheme, draw
from esign.pades.theme import FooterTheme
from esign.pdf.geometry import Box
from esign.pdf.margin import STRIP, FootMarks
from esign.pdf.sandbox import InProcess
from tests.letter_files import Letter, big, letters
from tests.letter_views import view
from tests.stamped_pages import A4, F4, REGENT, blank, codes, ink, picture, stamped, text

VALUES = {"issuer": "Balai Sertifikasi Elektronik Contoh, Badan Contoh"}
THEME = FooterTheme()
EMPTY = FootMarks((0,) * STRIP)
UNSIGNED = letters(refusal=None, certified=None, signatures=())


def fitted(pdf: bytes, theme: FooterTheme = THEME) -> Footer:
    """The letter's footer."""
    return footer.fit(theme, VALUES, view(pdf), pdf, InProcess())


def with_footer(pdf: bytes, found: Footer) -> bytes:
    """The letter with the footer and an invisible field."""
    return stamped(pdf, None, (0, 0, 0, 0), footer=found)


def test_the_footer_names_the_law_and_who_issued_the_certificate() -> None:
    pdf = blank()
    said = text(with_footer(pdf, fitted(pdf)))
    assert "UU ITE No. 11 Tahun 2008 Pasal 5 Ayat 1" in said
    assert "diterbitkan oleh Balai Sertifikasi Elektronik Contoh, Badan Contoh." in said


def test_a_line_is_left_out_where_the_issuer_is_not_known() -> None:
    one, two = (footer.draw(THEME, A4[0], values).height for values in ({}, VALUES))
    assert one < two


def test_a_constant_or_unknown_field_is_refused_when_the_theme_is_set_up() -> None:
    with pytest.raises(ValidationError, match="name"):
        FooterTheme(lines=("Ditandatangani oleh {name}",))


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
@pytest.mark.parametrize(
    ("size", "crop", "user_unit"),
    [
        (A4, None, None),
        (F4, None, None),
        (A4[::-1], None, None),
        ((700, 900), (40, 30, 640, 870), None),
        ((300, 420), None, 2.0),
    ],
    ids=["A4", "F4", "landscape", "cropped", "user unit"],
)
def test_it_stands_in_the_lower_margin_of_every_kind_of_page(
    rotate: int, size: tuple[float, float], crop: tuple[float, float, float, float] | None, user_unit: float | None
) -> None:
    pdf = blank(size, rotate=rotate, crop=crop, user_unit=user_unit)
    found = fitted(pdf)
    image = picture(with_footer(pdf, found), dpi=144 * (user_unit or 1))
    left, top, right, bottom = (pixels / 2 for pixels in ink(image) or (0, 0, 0, 0))
    width, height = view(pdf).geometry(1).displayed_size
    assert (left, right) == pytest.approx((footer.SIDE, width - footer.SIDE), abs=1)
    assert height - bottom >= footer.LOWEST - 0.5
    assert height - top <= footer.HIGHEST


@pytest.mark.parametrize("letter", UNSIGNED, ids=str)
def test_on_letters_of_real_producers_it_covers_no_mark(letter: Letter) -> None:
    pdf = letter.pdf
    found = fitted(pdf)
    printed = with_footer(pdf, found)
    for number in range(letter.pages):
        unit = view(pdf).geometry(number + 1).user_unit
        before, after = (picture(each, number, dpi=72 * unit) for each in (pdf, printed))
        low, high = before.height - found.bottom - found.appearance.height, before.height - found.bottom
        place = (footer.SIDE, low, before.width - footer.SIDE, high)
        assert ink(before.crop(place)) is None
        assert ink(after.crop(place)) is not None


def test_it_goes_above_a_page_number_that_stands_at_the_bottom() -> None:
    low = footer.place(footer.draw(THEME, A4[0], VALUES), EMPTY)
    number = FootMarks(tuple(3 if 25 <= row < 34 else 0 for row in range(STRIP)))
    high = footer.place(footer.draw(THEME, A4[0], VALUES), number)
    assert low.bottom == footer.LOWEST
    assert high.bottom >= 34 + footer.CLEARANCE


def test_pages_without_room_are_refused_by_number() -> None:
    rows = tuple(7 if row < 60 and row % 9 == 0 else 2 if row == 65 else 0 for row in range(STRIP))
    with pytest.raises(FooterNoRoom) as refusal:
        footer.place(footer.draw(THEME, A4[0], VALUES), FootMarks(rows))
    assert refusal.value.details["page"] == 7


def test_it_keeps_off_the_stamps_of_the_same_signature() -> None:
    pdf = blank()
    stamp = Box(60, 20, 290, 100)
    appearance = draw(REGENT, StampTheme(), stamp.width, stamp.height)
    with pytest.raises(FooterNoRoom):
        footer.fit(THEME, VALUES, view(pdf), pdf, InProcess(), [stamp])
    higher = Box(60, 45, 290, 125)
    found = footer.fit(THEME, VALUES, view(pdf), pdf, InProcess(), [higher])
    assert found.bottom + found.appearance.height < 45
    assert codes(picture(stamped(pdf, appearance, higher, footer=found))) == [REGENT.address]


def test_a_letter_of_300_pages_is_looked_at_page_by_page() -> None:
    found = fitted(big(300))
    assert found.bottom >= footer.LOWEST


def test_a_letter_of_too_many_pages_is_refused_with_the_limit() -> None:
    with pytest.raises(FooterTooManyPages) as refusal:
        fitted(big(footer.MOST_PAGES + 1))
    assert refusal.value.details == {"pages": footer.MOST_PAGES + 1, "limit": footer.MOST_PAGES}


def test_a_mark_in_the_margin_of_one_page_among_many_moves_it_on_all() -> None:
    mark = footer.draw(FooterTheme(lines=("Halaman ini saja",)), A4[0], VALUES)
    low = stamped(blank(pages=3), mark, (42, 18, 552, 18 + mark.height), page=1)
    assert fitted(low).bottom > 18 + mark.height
    doubled = stamped(blank((300, 420), user_unit=2.0), mark, (21, 9, 276, 9 + mark.height / 2))
    assert fitted(doubled).bottom > 18 + mark.height
    wide = draw(REGENT, StampTheme(), 400, 75)
    full = stamped(blank(pages=3), wide, (42, 10, 442, 85), page=1)
    with pytest.raises(FooterNoRoom) as refusal:
        fitted(full)
    assert refusal.value.details["page"] == 2
