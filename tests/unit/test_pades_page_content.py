"""Stamp, footer and followers' fields as a letter's own content, before another's hand signs it."""

import pytest

from esign.errors import FieldNameTaken, LetterAlreadySigned, LetterTruncated, PageOutOfRange
from esign.pades.appearance import Footer
from esign.pades.footer import draw as draw_footer
from esign.pades.letter import Limits, examine
from esign.pades.page_content import append_content
from esign.pades.spec import FollowerField, PageContent, PlacedDrawing
from esign.pades.stamp import draw
from esign.pades.tasks import run_append_content
from esign.pades.theme import FooterTheme, StampTheme
from esign.pdf.geometry import Box
from esign.pdf.sandbox import InProcess
from esign.verify.additions import additions
from esign.verify.report import ChangeState
from tests import letter_files
from tests.letter_files import Letter, letters
from tests.officials import request, signed
from tests.stamped_pages import ADDRESS, REGENT, blank, codes, picture

STAMP = draw(REGENT, StampTheme(), 200, 80)
BOX = Box(150, 200, 350, 280)
LIMITS = Limits()


def placed(index: int = 0) -> PlacedDrawing:
    return PlacedDrawing(STAMP, index, BOX.left, BOX.bottom)


def footer() -> Footer:
    values = {"issuer": "BSrE", "domain": "surat.example.go.id", "code": "0123", "agency": "Dinas"}
    return Footer(draw_footer(FooterTheme(), 595, values), 20)


SIGNABLE = [each for each in letters(refusal=None) if not each.signatures]


@pytest.mark.parametrize("letter", SIGNABLE, ids=str)
def test_the_stamp_stands_upright_where_it_was_put_on_every_kind_of_letter(letter: Letter) -> None:
    pdf = letter.pdf
    width, height = letter.displayed[-1]
    left, bottom = (width - STAMP.width) / 2, (height - STAMP.height) / 2
    stamp = PlacedDrawing(STAMP, letter.pages - 1, left, bottom)
    content = PageContent(stamp=stamp, footer=footer())
    out = pdf + append_content(pdf, content)
    facts = examine(out, LIMITS)
    assert (facts.pages, facts.pdfa, facts.signatures) == (letter.pages, examine(pdf, LIMITS).pdfa, ())
    image = picture(out, letter.pages - 1, dpi=300)
    scale = image.width / width  # PDFium knows no UserUnit
    edges = (left, height - bottom - STAMP.height, left + STAMP.width, height - bottom)
    cut = image.crop(tuple(round(edge * scale) for edge in edges))  # type: ignore[arg-type]
    assert codes(cut) == [ADDRESS]


def test_the_same_is_made_in_a_worker() -> None:
    content = PageContent(stamp=placed(), footer=footer(), followers=(FollowerField("dua", 0, (60, 60, 210, 120)),))
    pdf = letter_files.read("typst")
    assert run_append_content(InProcess(), pdf, content) == append_content(pdf, content)


def test_the_fields_of_those_who_follow_stand_ready() -> None:
    pdf = letter_files.read("typst")
    followers = (FollowerField("dua", 0, (60, 60, 210, 120)), FollowerField("tiga", 0, (60, 140, 210, 200)))
    out = pdf + append_content(pdf, PageContent(followers=followers))
    assert [(each.name, each.filled) for each in examine(out, LIMITS).fields] == [("dua", False), ("tiga", False)]
    with pytest.raises(FieldNameTaken):
        append_content(out, PageContent(followers=followers))


def test_where_there_is_nothing_to_put_nothing_is_appended() -> None:
    assert append_content(letter_files.read("typst"), PageContent()) == b""


def test_a_signed_letter_gets_no_content() -> None:
    pdf = signed(letter_files.read("typst"), request()).pdf
    with pytest.raises(LetterAlreadySigned):
        append_content(pdf, PageContent(stamp=placed()))


def test_what_can_not_be_used_is_refused_by_name() -> None:
    with pytest.raises(PageOutOfRange):
        append_content(blank(), PageContent(stamp=placed(9)))
    with pytest.raises(LetterTruncated):
        append_content(b"%PDF-1.7\n", PageContent(stamp=placed()))


def test_content_that_another_adds_is_seen_as_a_change() -> None:
    pdf = letter_files.read("typst")
    out = pdf + append_content(pdf, PageContent(stamp=placed()))
    assert additions(out, len(pdf)).state is ChangeState.SUSPICIOUS
