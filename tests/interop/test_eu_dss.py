"""EU DSS, the reference implementation of EN 319 102-1, passes what we sign, and finds no modification."""

from typing import Any, cast

import pytest

from esign.pades.profile import Profile
from tests.interop.cases import Case, cases
from tests.interop.conftest import RANK, Session, letter_of
from tests.interop.signing import Signed, partial_name

pytestmark = pytest.mark.interop


def _signatures(session: Session, signed: Signed) -> dict[str, dict[str, Any]]:
    """What DSS says of our signatures, by field."""
    answer = session.java("dss", signed)
    assert "exception" not in answer, answer["exception"]
    found = cast("list[dict[str, Any]]", answer["signatures"])
    told = {field: signature for signature in found for field in signature["fields"]}
    assert len(told) == len(found)
    return {ours.field: told[partial_name(ours)] for ours in signed.signatures}


@pytest.mark.parametrize("case", cases(), ids=str)
def test_every_signature_passes(session: Session, case: Case) -> None:
    for field, told in _signatures(session, session.signed(case)).items():
        assert (told["indication"], told["sub_indication"], told["errors"]) == ("TOTAL_PASSED", None, []), field


@pytest.mark.parametrize("case", cases(), ids=str)
def test_the_level_is_the_one_that_was_recorded(session: Session, case: Case) -> None:
    signed = session.signed(case)
    told = _signatures(session, signed)
    last = signed.signatures[-1]
    assert RANK[told[last.field]["level"]] == last.level.rank
    # Data that later signatures brought for a common chain may lift the earlier ones, never lower them.
    assert all(RANK[told[ours.field]["level"]] >= ours.level.rank for ours in signed.signatures)


@pytest.mark.parametrize("case", cases(), ids=str)
def test_no_modification_is_found(session: Session, case: Case) -> None:
    for field, told in _signatures(session, session.signed(case)).items():
        assert told["dictionary_consistent"], field
        changes = [told["undefined_changes"], told["annotation_changes"], told["different_pages"]]
        assert changes == [[], [], []], field
        assert not told["overlapping_pages"], field


@pytest.mark.parametrize("case", cases(), ids=str)
def test_every_time_stamp_passes(session: Session, case: Case) -> None:
    signed = session.signed(case)
    stamps = cast("list[dict[str, Any]]", session.java("dss", signed)["timestamps"])
    passed = [stamp for stamp in stamps if (stamp["indication"], stamp["errors"]) == ("PASSED", [])]
    levels = [ours.level for ours in signed.signatures]
    assert len(passed) == sum(level.includes(Profile.B_T) + level.includes(Profile.B_LTA) for level in levels)
    if not letter_of(case).signatures:
        assert passed == stamps
