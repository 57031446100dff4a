"""What people are told: every cell of file verdict × register status × disclosure."""

import itertools

import pytest

from esign.registry.models import Disclosure
from esign.service import told
from esign.service.told import Colour, RegisterStatus
from esign.verify.report import Verdict

LEVELS: tuple[Disclosure | None, ...] = (None, *Disclosure)
CELLS = list(itertools.product(Verdict, RegisterStatus, LEVELS))
REGISTERED = {
    RegisterStatus.IN_FORCE,
    RegisterStatus.EXTENDED,
    RegisterStatus.WITHDRAWN,
    RegisterStatus.REPLACED,
}


@pytest.mark.parametrize(("verdict", "register", "disclosure"), CELLS)
def test_green_needs_a_sound_file_and_a_letter_in_force(
    verdict: Verdict, register: RegisterStatus, disclosure: Disclosure | None
) -> None:
    answer = told.of_file(verdict, register, disclosure)
    both_hold = verdict is Verdict.GENUINE and register is RegisterStatus.IN_FORCE
    assert (answer.colour is Colour.GREEN) == both_hold


@pytest.mark.parametrize(("verdict", "register", "disclosure"), CELLS)
def test_every_cell_speaks_both_languages(
    verdict: Verdict, register: RegisterStatus, disclosure: Disclosure | None
) -> None:
    answer = told.of_file(verdict, register, disclosure)
    for text in (answer.headline, answer.sentence, answer.next_step):
        assert text.id.strip()
        assert text.en.strip()
        assert text.id != text.en


@pytest.mark.parametrize(("verdict", "register", "disclosure"), CELLS)
def test_the_register_shows_no_more_than_the_classification_lets_it(
    verdict: Verdict, register: RegisterStatus, disclosure: Disclosure | None
) -> None:
    shown = told.of_file(verdict, register, disclosure).shown
    if register not in REGISTERED or disclosure is None:
        assert shown == told.NOTHING_SHOWN
    assert not shown.preview or disclosure is Disclosure.PUBLIC
    assert not shown.subject or disclosure is Disclosure.PUBLIC
    assert not shown.number or disclosure in {Disclosure.PUBLIC, Disclosure.LIMITED}


@pytest.mark.parametrize("disclosure", LEVELS)
@pytest.mark.parametrize("verdict", [Verdict.ALTERED, Verdict.INVALID])
@pytest.mark.parametrize("register", list(RegisterStatus))
def test_a_forged_file_is_red_whatever_the_register_says(
    verdict: Verdict, register: RegisterStatus, disclosure: Disclosure | None
) -> None:
    assert told.of_file(verdict, register, disclosure).colour is Colour.RED


@pytest.mark.parametrize("verdict", list(Verdict))
@pytest.mark.parametrize(
    "register",
    [RegisterStatus.WITHDRAWN, RegisterStatus.REPLACED, RegisterStatus.OTHER_FILE, RegisterStatus.OTHER_SIGNER],
)
def test_what_the_register_speaks_against_is_red_however_sound_the_file(
    verdict: Verdict, register: RegisterStatus
) -> None:
    assert told.of_file(verdict, register, Disclosure.PUBLIC).colour is Colour.RED


@pytest.mark.parametrize("disclosure", LEVELS)
@pytest.mark.parametrize(
    "register", [*REGISTERED - {RegisterStatus.EXTENDED}, RegisterStatus.UNKNOWN, RegisterStatus.UNAVAILABLE]
)
def test_a_scan_is_never_green(register: RegisterStatus, disclosure: Disclosure | None) -> None:
    answer = told.of_code(register, disclosure)
    assert answer.colour is not Colour.GREEN
    assert all(text.id and text.en for text in (answer.headline, answer.sentence, answer.next_step))


@pytest.mark.parametrize("disclosure", [Disclosure.LIMITED, Disclosure.SECRET, Disclosure.TOP_SECRET])
def test_a_scan_of_what_may_not_be_shown_says_that_it_proves_nothing(disclosure: Disclosure) -> None:
    answer = told.of_code(RegisterStatus.IN_FORCE, disclosure)
    assert "tidak membuktikan" in answer.sentence.id
    assert "proves nothing" in answer.sentence.en


def test_a_scan_of_a_public_letter_asks_to_compare_with_the_paper() -> None:
    answer = told.of_code(RegisterStatus.IN_FORCE, Disclosure.PUBLIC)
    assert "Bandingkan dengan kertas di tangan Anda" in answer.next_step.id
    assert answer.shown.preview


@pytest.mark.parametrize("register", [RegisterStatus.EXTENDED, RegisterStatus.OTHER_FILE, RegisterStatus.OTHER_SIGNER])
def test_a_code_has_no_status_that_only_a_file_can_have(register: RegisterStatus) -> None:
    with pytest.raises(ValueError, match="a code has no status"):
        told.of_code(register, None)


@pytest.mark.parametrize("verdict", [Verdict.UNTRUSTED, Verdict.INDETERMINATE, Verdict.NOT_EXAMINED])
def test_who_has_the_registered_file_is_not_sent_for_another(verdict: Verdict) -> None:
    sentence = told.of_file(verdict, RegisterStatus.IN_FORCE, Disclosure.PUBLIC).sentence
    assert "berkas aslinya" not in sentence.id
    assert "berkas aslinya" in told.of_file(Verdict.ALTERED, RegisterStatus.IN_FORCE, None).sentence.id


@pytest.mark.parametrize("verdict", list(Verdict))
def test_remarks_are_said_of_files_that_are_not_broken(verdict: Verdict) -> None:
    answer = told.of_file(verdict, RegisterStatus.IN_FORCE, None, [told.NEWER_FILE])
    assert (told.NEWER_FILE.id in answer.sentence.id) == (verdict not in {Verdict.ALTERED, Verdict.INVALID})
