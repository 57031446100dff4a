"""Letters on their way through another's hand: what EU DSS, on which BSrE's service is built, adds is no change."""

from pathlib import Path

import pytest

from esign.pades.appearance import Footer
from esign.pades.footer import draw as draw_footer
from esign.pades.page_content import append_content
from esign.pades.returned import Returned, read
from esign.pades.spec import FollowerField, PageContent, PlacedDrawing
from esign.pades.stamp import draw
from esign.pades.theme import FooterTheme, StampTheme
from esign.verify.additions import additions
from esign.verify.report import ChangeState
from tests import letter_files
from tests.interop.conftest import Session
from tests.legitimate import by_dss
from tests.stamped_pages import REGENT

pytestmark = pytest.mark.interop

FOOTER = Footer(draw_footer(FooterTheme(), 595, {"issuer": "BSrE"}), 20)
LETTERS = ("typst", "libreoffice-pdfa-2b", "hybrid-word", "qpdf-object-streams", "cropped", "chromium")


@pytest.mark.parametrize("name", LETTERS)
@pytest.mark.parametrize("level", ["B", "T", "LT", "LTA"])
def test_a_letter_that_dss_signed_is_taken(name: str, level: str) -> None:
    pdf = letter_files.read(name)
    stamp = PlacedDrawing(draw(REGENT, StampTheme(), 200, 80), 0, 60, 60)
    staged = pdf + append_content(pdf, PageContent(stamp))
    for sent, made in (
        (pdf, by_dss.sign(pdf, level, box=[60, 700])),
        (staged, by_dss.sign(staged, level)),
        (pdf, by_dss.sign(pdf, level, permission=2)),
    ):
        assert made.startswith(sent)
        told = additions(made, len(sent))
        assert told.state is ChangeState.PERMITTED, told.list
        found = read(made, len(sent))
        assert isinstance(found, Returned)
        assert (found.pades, found.token is not None, found.raised) == (True, level != "B", level in ("LT", "LTA"))


@pytest.mark.parametrize("name", ["libreoffice-pdfa-2b", "typst-pdfa-2b"])
def test_page_content_of_ours_leaves_a_pdfa_2b_letter_one(session: Session, tmp_path: Path, name: str) -> None:
    pdf = letter_files.read(name)
    stamp = PlacedDrawing(draw(REGENT, StampTheme(), 200, 80), 0, 60, 60)
    content = PageContent(stamp, FOOTER, (FollowerField("dua", 0, (300, 60, 500, 140)),))
    file = tmp_path / "letter.pdf"
    file.write_bytes(pdf + append_content(pdf, content))
    answer = session.ask("verapdf", file, flavour="2b")
    assert (answer.get("broken"), answer["compliant"], answer["flavour"]) == ([], True, "2b"), answer
