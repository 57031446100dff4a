"""A letter that came as PDF/A-2b leaves as PDF/A-2b, by veraPDF's judgement."""

import pytest

from tests.interop.cases import Case, cases
from tests.interop.conftest import Session, is_pdfa_2b

pytestmark = pytest.mark.interop

ARCHIVABLE = [case for case in cases() if is_pdfa_2b(case)]


def test_there_are_such_letters_with_footer_logo_and_two_signatures() -> None:
    assert any(case.dressed and len(case.steps) > 1 for case in ARCHIVABLE)
    assert any(case.certified and len(case.steps) > 1 for case in ARCHIVABLE)


@pytest.mark.parametrize("case", ARCHIVABLE, ids=str)
def test_a_pdfa_2b_letter_stays_one(session: Session, case: Case) -> None:
    answer = session.java("verapdf", session.signed(case))
    assert answer.get("broken") == [], answer
    assert answer["compliant"]
    assert answer["flavour"] == "2b"
