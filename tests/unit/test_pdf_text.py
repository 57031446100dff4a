"""Tags are found where they are seen, however the letter's text was set."""

import math
import time
from collections.abc import Sequence

import pytest

from esign import errors
from esign.pdf.geometry import Box, PageGeometry
from esign.pdf.render import Colours, page_pixels
from esign.pdf.sandbox import InProcess
from esign.pdf.text import MAX_HITS, TIMEOUT, find_tag, find_tag_in
from tests.letter_files import Letter, letters
from tests.sheets import saved, sheet, text


def ink(pdf: bytes, page: int, dpi: float = 144) -> Box:
    """Around everything that is marked on the page, in displayed space."""
    drawn = page_pixels(pdf, page, dpi, colours=Colours.GREY)
    rows = [drawn.data[start : start + drawn.width] for start in range(0, len(drawn.data), drawn.width)]
    marked = [index for index, row in enumerate(rows) if min(row) < 128]
    columns = [column for row in rows for column, level in enumerate(row) if level < 128]
    point = drawn.dpi / 72
    return Box(
        min(columns) / point,
        (drawn.height - max(marked) - 1) / point,
        (max(columns) + 1) / point,
        (drawn.height - min(marked)) / point,
    )


@pytest.mark.parametrize("letter", letters(refusal=None), ids=str)
def test_the_tags_of_letters_of_real_producers_are_found(letter: Letter) -> None:
    for tag, count in letter.tags.items():
        hits = find_tag(letter.pdf, tag)
        assert len(hits) == count
        for hit in hits:
            width, height = letter.displayed[hit.page - 1]
            assert 0 <= hit.box.left < hit.box.right <= width
            assert 0 <= hit.box.bottom < hit.box.top <= height


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
@pytest.mark.parametrize("crop", [None, (40, 60, 560, 700)])
@pytest.mark.parametrize("user_unit", [1, 2])
def test_a_tag_is_found_where_it_is_drawn(rotate: int, crop: Sequence[float] | None, user_unit: float) -> None:
    pdf = saved(sheet(text(200, 300, "${ttd}", 20), rotate=rotate, crop=crop, user_unit=user_unit))
    (hit,) = find_tag(pdf, "${ttd}")
    assert hit.box == pytest.approx(ink(pdf, 1), abs=1)
    geometry = PageGeometry.read((0, 0, 595, 842), crop, rotate, user_unit)
    assert hit.baseline == pytest.approx(geometry.point_to_displayed(200, 300), abs=0.01)


@pytest.mark.parametrize(
    "content",
    [
        "BT /F1 12 Tf 100 400 Td ($) Tj ({) Tj (ttd) Tj (}) Tj ET",
        "BT /F1 12 Tf 100 400 Td [($) -60 ({t) 120 (t) -80 (d}) ] TJ ET",
        "BT /F1 12 Tf 100 400 Td (${t) Tj /F2 12 Tf (td}) Tj ET",
        "BT /F1 12 Tf 100 400 Td (${t) Tj /F3 11 Tf 0.5 Ts (td}) Tj ET",
        "BT /F1 12 Tf 4 Tc 100 400 Td (${ttd}) Tj ET",
        "BT /F1 12 Tf 60 Tz 100 400 Td (${ttd}) Tj ET",
        "BT /F1 12 Tf 3 Tr 100 400 Td (${ttd}) Tj ET",
        "BT /F1 12 Tf 1 1 1 rg 100 400 Td (${ttd}) Tj ET",
        "BT /F1 12 Tf 1 0 0 1 130 400 Tm (d}) Tj 1 0 0 1 117 400 Tm (tt) Tj 1 0 0 1 100 400 Tm (${) Tj ET",
        text(117, 400, "ttd}") + text(72, 700, "Dengan hormat") + text(100, 400, "${"),
        "BT /F1 12 Tf 0 1 -1 0 100 400 Tm (${ttd}) Tj ET",
        "BT /F1 12 Tf 100 400 Td (Kepala Dinas${ttd}NIP 1970) Tj ET",
        "q 0.5 0 0 0.5 0 0 cm BT /F1 24 Tf 200 800 Td (${ttd}) Tj ET Q",
    ],
    ids=[
        "pieces",
        "kerned",
        "fonts",
        "rise",
        "spaced",
        "narrow",
        "invisible",
        "white",
        "reversed",
        "late",
        "upright",
        "in-word",
        "scaled",
    ],
)
def test_a_tag_is_found_however_it_is_set(content: str) -> None:
    (hit,) = find_tag(saved(sheet(content)), "${ttd}")
    assert hit.page == 1
    assert 95 <= hit.baseline[0] <= 200 or hit.box.height > hit.box.width
    assert hit.baseline[1] == pytest.approx(400, abs=1)


@pytest.mark.parametrize(
    "content",
    [
        text(100, 400, "${ttd") + text(100, 380, "}"),
        text(100, 400, "${tt") + text(400, 400, "d}"),
        text(100, 400, "${ TTD }"),
        text(100, 400, "$ { t t d }"),
        text(100, 1000, "${ttd}"),
        text(-300, 400, "${ttd}"),
    ],
    ids=["two-lines", "two-columns", "capitals", "spaces", "above-page", "beside-page"],
)
def test_what_only_looks_like_the_tag_to_a_machine_is_not_found(content: str) -> None:
    assert find_tag(saved(sheet(content)), "${ttd}") == []


def test_every_occurrence_is_told_and_none_twice() -> None:
    pdf = saved(sheet(text(100, 700, "### dan #") + text(100, 600, "[#]"), pages=2))
    assert [hit.page for hit in find_tag(pdf, "#")] == [1] * 5 + [2] * 5
    assert len(find_tag(pdf, "##", 1)) == 1
    assert [hit.page for hit in find_tag(pdf, "[#]")] == [1, 2]
    assert [hit.page for hit in find_tag(pdf, "[#]", -1)] == [2]


def test_a_tag_with_a_gap_matches_any_gap() -> None:
    for content in (text(100, 400, "tanda tangan"), "BT /F1 12 Tf 100 400 Td [(tanda) -400 (tangan)] TJ ET"):
        assert len(find_tag(saved(sheet(content)), "tanda  tangan")) == 1


def test_a_ligature_is_its_letters() -> None:
    (typst,) = letters(name="typst")
    assert len(find_tag(typst.pdf, "ﬁ")) == len(find_tag(typst.pdf, "fi"))


def test_a_page_that_is_not_there_is_told() -> None:
    pdf = saved(sheet(text(100, 400, "#"), pages=3))
    for page in (4, -4, 0):
        with pytest.raises(errors.PageOutOfRange):
            find_tag(pdf, "#", page)


@pytest.mark.parametrize("tag", ["", "   ", "x" * 201])
def test_a_tag_that_can_not_be_one_is_refused(tag: str) -> None:
    with pytest.raises(errors.RequestInvalid):
        find_tag(saved(sheet()), tag)


def test_the_search_through_a_runner_gives_the_same() -> None:
    pdf = saved(sheet(text(100, 400, "[qr]")))
    assert find_tag_in(InProcess(), pdf, "[qr]") == find_tag(pdf, "[qr]")


def test_a_file_that_pdfium_can_not_open_is_refused_by_name() -> None:
    with pytest.raises(errors.LetterTruncated):
        find_tag(b"%PDF-1.7 nothing", "#")
    with pytest.raises(errors.LetterEncrypted):
        find_tag(letters(name="encrypted-user")[0].pdf, "#")


def test_three_hundred_pages_are_searched() -> None:
    assert find_tag(saved(sheet(text(100, 400, "Halaman"), pages=300)), "#") == []
    assert math.isfinite(find_tag(saved(sheet(text(100, 400, "#"), pages=300)), "#", 300)[0].box.left)


def test_a_word_of_every_page_is_found_until_it_is_more_than_ambiguous() -> None:
    rows = "".join(text(50, 790 - 18 * row, "#" * 60, 8) for row in range(40))
    assert len(find_tag(saved(sheet(rows, pages=3)), "#")) == MAX_HITS
    pages = [hit.page for hit in find_tag(saved(sheet(text(100, 400, "Kepala Dinas"), pages=2000)), "Dinas")]
    assert pages == list(range(1, MAX_HITS + 1))


def test_a_word_whose_letters_are_on_each_of_2000_pages_is_looked_for_in_seconds() -> None:
    lines = "".join(
        text(50, 790 - 18 * line, f"kepala dinas surat undangan rapat baris ini panjang {line} dan lain sebagainya", 8)
        for line in range(40)
    )
    pdf = saved(sheet(lines, pages=2000))
    before = time.process_time()
    assert find_tag(pdf, "sarib") == []
    assert time.process_time() - before < TIMEOUT / 2


def test_a_word_that_was_written_backwards_is_found_among_its_letters() -> None:
    spread = "".join(text(100 + 7 * place, 400, letter) for place, letter in reversed(list(enumerate("surat"))))
    around = text(100, 430, "rapat usaha tentang surau") + text(100, 370, "taruh satu utas") + text(150, 400, "raut")
    (hit,) = find_tag(saved(sheet(around + spread)), "surat")
    assert hit.baseline == pytest.approx((100, 400), abs=1)
    assert find_tag(saved(sheet(around)), "surat") == []
