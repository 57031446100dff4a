"""Where a stamp goes: every way of saying it, on letters of real producers, and every refusal with its numbers."""

import io

import pikepdf
import pytest
from pydantic import TypeAdapter, ValidationError

from esign.errors import (
    BoxCoversSigned,
    BoxOccupied,
    BoxOffPage,
    BoxTooSmall,
    FieldFilled,
    FieldMissing,
    NoFreeSpace,
    PageOutOfRange,
    TagAmbiguous,
    TagCrowded,
    TagMissing,
)
from esign.pades.placement import (
    AutoPlacement,
    BoxPlacement,
    FieldPlacement,
    InvisiblePlacement,
    Placement,
    TagPlacement,
    Taken,
    resolve,
)
from esign.pades.stamp import StampTheme, draw, least_size, sizes
from esign.pdf.geometry import Box
from tests.letter_files import Letter, letter, letters, read
from tests.letter_views import view
from tests.stamped_pages import ADDRESS, REGENT, blank, codes, ink, picture, stamped

THEME = StampTheme()
SIZES = sizes(REGENT, THEME)
LEAST = least_size(ADDRESS, THEME)
USABLE = letters(refusal=None, certified=None)
SAID: TypeAdapter[Placement] = TypeAdapter(Placement)


def inked(pdf: bytes, page: int, box: Box, besides: Box | None = None) -> bool:
    """Whether the page shows a mark within the box, a point from its edges and what is in another box left out."""
    image = picture(pdf, page - 1, dpi=72 * view(pdf).geometry(page).user_unit)
    if besides is not None:
        left, right = round(besides.left - 1), round(besides.right + 1)
        top, bottom = round(image.height - besides.top - 1), round(image.height - besides.bottom + 1)
        image.paste(255, (left, top, right, bottom))
    corners = (box.left + 1, image.height - box.top + 1, box.right - 1, image.height - box.bottom - 1)
    return ink(image.crop(corners)) is not None


@pytest.mark.parametrize("origin", ["bottom-left", "top-left"])
def test_a_box_is_counted_from_either_origin(origin: str) -> None:
    said = SAID.validate_python(
        {"kind": "box", "page": 1, "x": 50, "y": 100, "width": 200, "height": 80, "origin": origin}
    )
    found = resolve(said, view(blank((600, 800))), SIZES)
    assert found.box == (Box(50, 100, 250, 180) if origin == "bottom-left" else Box(50, 620, 250, 700))
    assert found.page_index == 0


def test_pages_are_counted_from_the_end_by_negative_numbers() -> None:
    sheet = view(blank(pages=3))
    assert [resolve(box_on(page), sheet, SIZES).page for page in (1, 3, -1, -3)] == [1, 3, 3, 1]


@pytest.mark.parametrize("page", [4, -4])
def test_a_page_that_is_not_there_is_refused(page: int) -> None:
    with pytest.raises(PageOutOfRange) as refusal:
        resolve(box_on(page), view(blank(pages=3)), SIZES)
    assert refusal.value.details == {"page": page, "pages": 3}


@pytest.mark.parametrize(("x", "y"), [(-1, 50), (50, -1), (401, 50), (50, 720.6)])
def test_a_box_that_leaves_the_page_is_refused_with_its_numbers(x: float, y: float) -> None:
    with pytest.raises(BoxOffPage) as refusal:
        resolve(BoxPlacement(x=x, y=y, width=200, height=80), view(blank((600, 800))), SIZES)
    assert refusal.value.details == {
        "left": x, "bottom": y, "right": x + 200, "top": y + 80, "page_width": 600, "page_height": 800,
    }  # fmt: skip


def test_what_is_off_the_page_goes_by_the_page_as_displayed() -> None:
    landscape = view(blank((600, 800), rotate=90))
    assert resolve(BoxPlacement(x=590, y=10, width=200, height=80), landscape, SIZES).rotate == 90
    with pytest.raises(BoxOffPage):
        resolve(BoxPlacement(x=10, y=590, width=200, height=80), landscape, SIZES)


def test_a_box_smaller_than_the_code_is_refused_with_the_least_that_would_do() -> None:
    with pytest.raises(BoxTooSmall) as refusal:
        resolve(BoxPlacement(x=10, y=10, width=50, height=50), view(blank()), SIZES, least=LEAST)
    width, height = refusal.value.details["min_width"], refusal.value.details["min_height"]
    assert isinstance(width, float)
    assert isinstance(height, float)
    resolve(BoxPlacement(x=10, y=10, width=width, height=height), view(blank()), SIZES, least=LEAST)
    draw(REGENT, THEME, width, height)


@pytest.mark.parametrize("name", ["signed-pades", "signature-fields"])
def test_a_box_over_another_stamp_or_field_is_refused_with_both_boxes(name: str) -> None:
    sheet = view(read(name))
    other = next(field for field in sheet.fields if field.box and field.page)
    assert other.box is not None
    over = BoxPlacement(page=other.page or 1, x=other.box.left + 5, y=other.box.bottom + 5, width=80, height=80)
    with pytest.raises(BoxOccupied) as refusal:
        resolve(over, sheet, SIZES)
    assert refusal.value.details["other_left"] == round(other.box.left, 1)
    assert refusal.value.details["left"] == round(other.box.left + 5, 1)


def test_stamps_of_one_order_may_touch_but_not_overlap() -> None:
    taken = [Taken(1, Box(100, 100, 300, 180)), Taken(2, Box(0, 0, 600, 800))]
    sheet = view(blank(pages=2))
    resolve(BoxPlacement(page=1, x=300, y=100, width=200, height=80), sheet, SIZES, taken=taken)
    with pytest.raises(BoxOccupied):
        resolve(BoxPlacement(page=1, x=299, y=100, width=200, height=80), sheet, SIZES, taken=taken)


@pytest.mark.parametrize("found", [one for one in USABLE if [*one.tags.values()] == [1]], ids=str)
def test_a_stamp_put_on_a_tag_hides_the_tag_and_nothing_else_and_is_read(found: Letter) -> None:
    sheet = view(found.pdf)
    ((tag, _),) = found.tags.items()
    place = resolve(TagPlacement(tag=tag), sheet, SIZES, least=LEAST)
    (hit,) = sheet.find_tag(tag, None)
    assert place.page == hit.page
    assert place.size in [pytest.approx(size) for size in SIZES]
    if any(field.filled for field in sheet.fields):
        assert not place.box.overlaps(hit.box)
        assert not inked(found.pdf, place.page, place.box)
    else:
        assert tuple(place.box.intersection(hit.box)) == pytest.approx(tuple(hit.box), abs=0.1)
        assert not inked(found.pdf, place.page, place.box, besides=hit.box)
    appearance = draw(REGENT, THEME, *place.size)
    unit = sheet.geometry(place.page).user_unit
    image = picture(stamped(found.pdf, appearance, place.rect, place.page_index), place.page_index, dpi=150 * unit)
    assert ADDRESS in codes(image)


def test_nothing_that_was_signed_may_be_covered_by_a_later_stamp() -> None:
    sheet = view(read("signed-pkcs7"))
    ((tag, _),) = letter("signed-pkcs7").tags.items()
    (hit,) = sheet.find_tag(tag, None)
    for over in (
        TagPlacement(tag=tag, anchor="centre"),
        BoxPlacement(page=hit.page, x=hit.box.left, y=hit.box.bottom - 40, width=180, height=90),
    ):
        with pytest.raises(BoxCoversSigned):
            resolve(over, sheet, SIZES, least=LEAST)


@pytest.mark.parametrize("tag", list(letter("chromium-all-tags").tags))
def test_each_way_of_writing_a_tag_is_found_and_hidden(tag: str) -> None:
    pdf = read("chromium-all-tags")
    sheet = view(pdf)
    place = resolve(TagPlacement(tag=tag), sheet, SIZES, least=LEAST)
    (hit,) = sheet.find_tag(tag, None)
    assert place.box.intersection(hit.box) == pytest.approx(hit.box, abs=0.1)
    assert codes(picture(stamped(pdf, draw(REGENT, THEME, *place.size), place.rect))) == [ADDRESS]


def test_a_stamp_that_would_cover_the_letters_text_is_refused_with_the_room_it_needs() -> None:
    with pytest.raises(TagCrowded) as refusal:
        resolve(TagPlacement(tag="bersama ini"), view(read("chromium")), SIZES, least=LEAST)
    assert refusal.value.details == {"tag": "bersama ini", "width": 75.5, "height": 75.5}


def test_where_room_is_scarce_the_stamp_is_smaller() -> None:
    ready = letter("cropped-rotated")
    place = resolve(TagPlacement(tag=next(iter(ready.tags))), view(ready.pdf), SIZES, least=LEAST)
    assert place.size == pytest.approx(LEAST)


def test_a_stamp_keeps_off_the_stamps_of_the_same_order() -> None:
    sheet = view(read("chromium"))
    tag = next(iter(letter("chromium").tags))
    free = resolve(TagPlacement(tag=tag), sheet, SIZES)
    other = Box(free.box.left + 90, free.box.bottom, free.box.right, free.box.top)
    place = resolve(TagPlacement(tag=tag), sheet, SIZES, taken=[Taken(1, other)])
    assert not place.box.overlaps(other)


def test_a_watermark_may_be_covered() -> None:
    document = pikepdf.open(io.BytesIO(read("chromium")))
    page, out = document.pages[0], io.BytesIO()
    page.contents_add(b"q 0.85 g 100 100 400 600 re f Q", prepend=True)
    document.save(out)
    tag = next(iter(letter("chromium").tags))
    expected = resolve(TagPlacement(tag=tag), view(read("chromium")), SIZES)
    assert resolve(TagPlacement(tag=tag), view(out.getvalue()), SIZES).box == expected.box


def test_the_anchor_says_where_the_stamp_is_to_the_tag() -> None:
    sheet = view(read("chromium"))
    tag = next(iter(letter("chromium").tags))
    (hit,) = sheet.find_tag(tag, None)

    def box(anchor: str) -> Box:
        said = {"kind": "tag", "tag": tag, "anchor": anchor, "width": 100, "height": 80}
        return resolve(SAID.validate_python(said), sheet, SIZES).box

    assert (box("top-left").left, box("top-left").top) == pytest.approx((hit.box.left, hit.box.top))
    middle = box("centre")
    assert middle.left + 50 == pytest.approx((hit.box.left + hit.box.right) / 2)
    assert middle.bottom + 40 == pytest.approx((hit.box.bottom + hit.box.top) / 2)
    start = box("baseline-start")
    assert (start.left + 50, start.bottom + 40) == pytest.approx(hit.baseline, abs=0.001)


def test_a_tag_that_is_there_twice_needs_an_occurrence() -> None:
    sheet = view(read("chromium-tag-twice"))
    tag = next(tag for tag, count in letter("chromium-tag-twice").tags.items() if count == 2)

    def place(occurrence: int | None) -> Box:
        said = TagPlacement(tag=tag, occurrence=occurrence, anchor="centre", width=90, height=74)
        return resolve(said, sheet, SIZES).box

    for wrong in (None, 3, -3):
        with pytest.raises(TagAmbiguous) as refusal:
            place(wrong)
        assert refusal.value.details == {"tag": tag, "count": 2}
    assert place(1) != place(2)
    assert (place(-1), place(-2)) == (place(2), place(1))


def test_a_tag_that_is_not_there_is_refused_by_name() -> None:
    with pytest.raises(TagMissing) as refusal:
        resolve(TagPlacement(tag="${nobody}"), view(read("typst")), SIZES)
    assert refusal.value.details == {"tag": "${nobody}"}


def test_a_field_that_stands_ready_is_filled_in_its_own_box() -> None:
    sheet = view(read("signature-fields"))
    ready = next(field for field in sheet.fields if field.box)
    place = resolve(FieldPlacement(field=ready.name), sheet, SIZES)
    assert (place.field, place.box, place.page) == (ready.name, ready.box, ready.page)


def test_a_field_that_is_filled_or_not_there_is_refused() -> None:
    sheet = view(read("signed-pades"))
    filled = next(field for field in sheet.fields if field.filled)
    with pytest.raises(FieldFilled):
        resolve(FieldPlacement(field=filled.name), sheet, SIZES)
    with pytest.raises(FieldMissing):
        resolve(FieldPlacement(field="nobody"), sheet, SIZES)


def test_an_invisible_signature_takes_no_place() -> None:
    place = resolve(InvisiblePlacement(), view(blank()), SIZES, least=LEAST)
    assert place.size == (0, 0)


@pytest.mark.parametrize("found", USABLE, ids=str)
def test_free_space_is_found_without_a_mark_in_it(found: Letter) -> None:
    sheet = view(found.pdf)
    place = resolve(AutoPlacement(), sheet, SIZES, least=LEAST)
    assert place.page == sheet.pages
    assert not inked(found.pdf, place.page, place.box)
    appearance = draw(REGENT, THEME, *place.size)
    image = picture(
        stamped(found.pdf, appearance, place.rect, place.page_index),
        place.page_index,
        dpi=150 * sheet.geometry(place.page).user_unit,
    )
    assert ADDRESS in codes(image)


def test_a_page_without_free_space_is_refused_with_the_size() -> None:
    with pytest.raises(NoFreeSpace) as refusal:
        resolve(AutoPlacement(width=500, height=400.04), view(read("typst")), SIZES)
    assert refusal.value.details == {"width": 500, "height": 400.0}


def test_two_stamps_in_free_space_do_not_meet() -> None:
    sheet = view(read("typst"))
    first = resolve(AutoPlacement(width=100, height=75), sheet, SIZES)
    second = resolve(AutoPlacement(width=100, height=75), sheet, SIZES, taken=[Taken(first.page, first.box)])
    assert not first.box.overlaps(second.box)


@pytest.mark.parametrize(
    "said",
    [
        {"kind": "box", "x": 1, "y": 1, "width": 0, "height": 10},
        {"kind": "box", "x": 1, "y": 1, "width": 10, "height": float("nan")},
        {"kind": "box", "page": 0, "x": 1, "y": 1, "width": 10, "height": 10},
        {"kind": "tag", "tag": ""},
        {"kind": "tag", "tag": "   "},
        {"kind": "tag", "tag": "#", "occurrence": 0},
        {"kind": "field"},
        {"kind": "auto", "x": 5},
        {"kind": "somewhere"},
        {},
    ],
    ids=str,
)
def test_a_placement_that_makes_no_sense_is_refused_before_the_letter_is_opened(said: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        SAID.validate_python(said)


def box_on(page: int) -> BoxPlacement:
    """A box that fits on any page."""
    return BoxPlacement(page=page, x=50, y=50, width=200, height=80)
