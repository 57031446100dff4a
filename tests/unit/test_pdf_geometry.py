"""Displayed space and user space: each other's inverse, and what PDFium shows."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esign.pdf.geometry import LETTER, Box, PageGeometry
from esign.pdf.render import Colours, page_pixels
from tests.sheets import rectangle, saved, sheet

SIDES = st.floats(-2000, 2000, allow_nan=False).map(lambda side: round(side, 3))
BOXES = st.tuples(SIDES, SIDES, SIDES, SIDES)


@st.composite
def geometries(draw: st.DrawFn) -> PageGeometry:
    return PageGeometry.read(
        media=draw(BOXES),
        crop=draw(st.none() | BOXES),
        rotate=draw(st.sampled_from((0, 90, 180, 270, -90, 450))),
        user_unit=draw(st.sampled_from((None, 1, 0.5, 2.75, 10))),
    )


@given(geometries(), BOXES)
def test_to_displayed_and_to_user_space_undo_each_other(geometry: PageGeometry, box: tuple[float, ...]) -> None:
    exact = Box.around((box[0], box[1]), (box[2], box[3]))
    for there, back in (
        (geometry.to_displayed, geometry.to_user_space),
        (geometry.to_user_space, geometry.to_displayed),
    ):
        assert back(there(box)) == pytest.approx(exact, abs=1e-6)


@given(geometries())
def test_the_visible_part_of_the_page_is_all_of_displayed_space(geometry: PageGeometry) -> None:
    width, height = geometry.displayed_size
    assert geometry.to_displayed(geometry.crop) == pytest.approx((0, 0, width, height), abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(
    rotate=st.sampled_from((0, 90, 180, 270, -90, 360, 630, -270, 100)),
    crop=st.sampled_from((None, (0, 0, 300, 400), (50, 70, 260, 380), (-20, -30, 200, 500), (260, 380, 50, 70))),
    media=st.sampled_from(((0, 0, 300, 400), (-30, 10, 270, 410), (300, 400, 0, 0))),
    user_unit=st.sampled_from((1, 1.5, 2)),
    mark=st.sampled_from(((80, 100, 120, 130), (150, 200, 190, 300), (100, 90, 200, 110))),
)
def test_a_mark_is_displayed_where_pdfium_draws_it(
    rotate: int,
    crop: tuple[int, int, int, int] | None,
    media: tuple[int, int, int, int],
    user_unit: float,
    mark: tuple[int, int, int, int],
) -> None:
    geometry = PageGeometry.read(media, crop, rotate, user_unit)
    pdf = sheet(rectangle(*mark), media=media, crop=crop, rotate=rotate, user_unit=user_unit)
    drawn = page_pixels(saved(pdf), 1, 72, colours=Colours.GREY)
    assert (drawn.width, drawn.height) == tuple(math.ceil(side) for side in geometry.displayed_size)
    rows = [drawn.data[start : start + drawn.width] for start in range(0, len(drawn.data), drawn.width)]
    marked = [index for index, row in enumerate(rows) if min(row) < 128]
    columns = [x for row in rows for x, level in enumerate(row) if level < 128]
    seen = (min(columns), drawn.height - max(marked) - 1, max(columns) + 1, drawn.height - min(marked))
    assert seen == pytest.approx(geometry.to_displayed(mark), abs=1.01)


@pytest.mark.parametrize(
    ("given", "read"),
    [(0, 0), (90, 90), (-90, 270), (450, 90), (-450, 270), (45, 0), (100, 90), (-1, 0), (None, 0), ("90", 0)],
)
def test_rotations_are_read_as_pdfium_reads_them(given: object, read: int) -> None:
    assert PageGeometry.read(rotate=given).rotate == read


@pytest.mark.parametrize("media", [None, [], [0, 0, 0, 0], [0, 0, 10], [0, 0, "a", 5], [0, 0, 1e99, 5], "abcd"])
def test_a_page_without_a_usable_media_box_is_us_letter(media: list[object] | None) -> None:
    assert PageGeometry.read(media).media == LETTER


def test_a_crop_box_beside_the_media_box_shows_nothing() -> None:
    assert PageGeometry.read([0, 0, 100, 100], [200, 200, 300, 300]).displayed_size == (0, 0)


@pytest.mark.parametrize("unit", [0, -1, True, None, float("nan"), float("inf")])
def test_a_user_unit_that_is_no_size_is_one(unit: object) -> None:
    assert PageGeometry.read(user_unit=unit).user_unit == 1


def test_boxes_that_only_touch_do_not_overlap() -> None:
    assert not Box(0, 0, 10, 10).overlaps(Box(10, 0, 20, 10))
    assert Box(0, 0, 10, 10).overlaps(Box(9, 9, 20, 20))
