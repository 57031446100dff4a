"""The printed report is PDF/A-2b by veraPDF's judgement, before and after the seal."""

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from esign.pades.profile import Profile
from esign.pades.spec import NewField
from esign.service import told
from esign.service.report_paper import report_paper
from esign.service.told import RegisterStatus
from esign.service.views import FileAnswer, ToldView
from esign.verify.full import validate_fully
from esign.x509.clock import SystemClock
from esign.x509.trust import TrustStore
from tests.interop.conftest import Session
from tests.letter_files import read
from tests.officials import request, roots, signed

pytestmark = pytest.mark.interop


def paper(letter: str) -> bytes:
    full = validate_fully(read(letter), TrustStore(anchors=tuple(roots())), SystemClock().now())
    answer = FileAnswer(
        told=ToldView.of(told.of_file(full.report.verdict, RegisterStatus.UNKNOWN, None)),
        register_status=RegisterStatus.UNKNOWN,
        letter=None,
        report=full.report,
        detailed=full.detailed,
    )
    return report_paper(answer, ZoneInfo("Asia/Jakarta"), "https://surat.example.go.id", sealed=True)


@pytest.mark.parametrize("letter", ["signed-pades", "signed-pkcs7", "typst"])
@pytest.mark.parametrize("sealed", [False, True])
def test_the_printed_report_can_be_kept(session: Session, letter: str, sealed: bool, tmp_path: Path) -> None:
    content = paper(letter)
    if sealed:
        content = signed(content, request(Profile.B_LT, field=NewField(), followers=())).pdf
    file = tmp_path / f"{letter}.pdf"
    file.write_bytes(content)
    answer = session.ask("verapdf", file, flavour="2b")
    assert answer.get("broken") == [], answer
    assert answer["compliant"]
    assert answer["flavour"] == "2b"
