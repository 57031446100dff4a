from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import ValidationError
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlmodel import col

from esign.errors import (
    CodeUnknown,
    EsignError,
    LetterBusy,
    LetterStateForbids,
    LetterUnknown,
    NumberTaken,
)
from esign.registry import codes, letters, numbers, signatures, states
from esign.registry.models import Letter, LevelReached, SignatureState, Status
from tests.registers import NOW, Register, after, migrated_sqlite, open_register, race

RULES = letters.Rules()
WARN = letters.Rules(duplicates="warn")


@pytest.fixture
def register(tmp_path: Path) -> Iterator[Register]:
    with open_register(migrated_sqlite(tmp_path)) as opened:
        yield opened


# --- numbers ---


def test_a_number_is_used_once_a_year_however_it_is_written(register: Register) -> None:
    register.reserved("005/17/DISKOMINFO/2026")
    for again in ("005/17/DISKOMINFO/2026", " 005 / 17 / Diskominfo / 2026", "005/17/diskominfo/2026"):
        with pytest.raises(NumberTaken) as caught, register.database.write() as session:
            letters.reserve(session, register.new_letter(again), NOW, RULES)
        assert caught.value.details == {"number": again.strip(), "year": 2026}


def test_the_same_number_is_free_in_another_year_and_at_another_agency(register: Register) -> None:
    register.reserved("1")
    with register.database.write() as session:
        assert letters.reserve(session, register.new_letter("1", date="2027-01-02"), NOW, RULES).duplicates == ()
    with open_register(register.database.engine.url.render_as_string(hide_password=False)) as other:
        other.reserved("1")


def test_different_numbers_stay_different() -> None:
    assert numbers.key("12 3") != numbers.key("123")
    assert numbers.key("12/3") != numbers.key("12-3")
    assert numbers.key("005/17/A.1/2026") == numbers.key("005/17/a. 1/2026")


def test_a_refused_number_leaves_nothing_behind(register: Register) -> None:
    register.reserved("1")
    with pytest.raises(NumberTaken), register.database.write() as session:
        letters.reserve(session, register.new_letter("1"), NOW, RULES)
    with register.database.read() as session:
        assert session.query(Letter).filter(col(Letter.agency_id) == register.agency.id).count() == 1


def test_a_letter_that_failed_frees_its_number(register: Register) -> None:
    letter = register.reserved("1")
    with register.database.write() as session:
        assert states.undo(session, states.start_signing(session, letter, NOW), NOW).status is Status.FAILED
    assert register.reserved("1").id != letter.id


def test_a_letter_that_is_discarded_is_forgotten_with_its_number(register: Register) -> None:
    letter = register.reserved("1")
    with register.database.write() as session:
        states.discard(session, letter)
    with pytest.raises(LetterUnknown):
        register.as_it_is(letter)
    register.reserved("1")


def test_an_unknown_outcome_keeps_the_number_however_long(register: Register) -> None:
    letter = register.reserved("1")
    with register.database.write() as session:
        states.doubt(session, states.start_signing(session, letter, NOW), NOW)
    with pytest.raises(NumberTaken):
        register.reserved("1", at=after(days=400))


@pytest.mark.parametrize("end", [Status.SIGNED, Status.WITHDRAWN, Status.REPLACED])
def test_the_number_of_an_issued_letter_stays_used(register: Register, end: Status) -> None:
    (letter, _), (heir, _) = register.signed("1"), register.signed("2")
    with register.database.write() as session:
        if end is Status.WITHDRAWN:
            states.withdraw(session, letter, "salah alamat", NOW)
        if end is Status.REPLACED:
            states.replace(session, letter, heir, NOW)
    with pytest.raises(NumberTaken):
        register.reserved("1", at=after(days=2))


def test_a_reservation_holds_for_its_time_and_then_gives_way(register: Register) -> None:
    first = register.reserved("1")
    with pytest.raises(NumberTaken):
        register.reserved("1", at=after(minutes=14, seconds=59))
    with register.database.write() as session:
        second = letters.reserve(session, register.new_letter("1"), after(minutes=15), RULES)
    assert [gone.id for gone in second.expired] == [first.id]
    assert register.as_it_is(first).status is Status.FAILED
    with pytest.raises(EsignError), register.database.write() as session:
        states.start_signing(session, first, after(minutes=16))


def test_the_retry_of_a_request_takes_its_own_reservation_over(register: Register) -> None:
    with register.database.write() as session:
        first = letters.reserve(session, register.new_letter("1"), NOW, RULES, claim="request a")
    with register.database.write() as session:
        again = letters.reserve(session, register.new_letter("1"), after(minutes=5), RULES, claim="request a")
    assert again.resumed
    assert (again.letter.id, again.letter.code) == (first.letter.id, first.letter.code)
    assert again.letter.reserved_until == after(minutes=20)
    with pytest.raises(NumberTaken), register.database.write() as session:
        letters.reserve(session, register.new_letter("1"), after(minutes=5), RULES, claim="request b")


def test_a_retry_with_another_file_is_not_the_same_request(register: Register) -> None:
    with register.database.write() as session:
        letters.reserve(session, register.new_letter("1"), NOW, RULES, claim="request a")
    with pytest.raises(NumberTaken), register.database.write() as session:
        letters.reserve(session, register.new_letter("1", original_sha256="cd" * 32), NOW, RULES, claim="request a")


def test_where_duplicates_are_warned_of_they_are_named(register: Register) -> None:
    first, _ = register.signed("1")
    with register.database.write() as session:
        second = letters.reserve(session, register.new_letter("1"), NOW, WARN)
    assert second.duplicates == (first.id,)
    with pytest.raises(NumberTaken), register.database.write() as session:
        letters.reserve(session, register.new_letter("1"), NOW, RULES)


def test_a_duplicate_counts_even_after_the_first_holder_has_gone(register: Register) -> None:
    first = register.reserved("1")
    with register.database.write() as session:
        letters.reserve(session, register.new_letter("1"), NOW, WARN)
        states.undo(session, first, NOW)
    with pytest.raises(NumberTaken):
        register.reserved("1")


def test_of_many_who_want_a_number_at_once_one_gets_it(register: Register) -> None:
    def reserve(_: int) -> letters.Reservation:
        with register.database.write() as session:
            return letters.reserve(session, register.new_letter("1"), NOW, RULES)

    won, refused = race(8, reserve)
    assert len(won) == 1
    assert {type(refusal) for refusal in refused} == {NumberTaken}


def test_of_many_who_want_an_expired_number_at_once_one_gets_it(register: Register) -> None:
    register.reserved("1")

    def reserve(_: int) -> letters.Reservation:
        with register.database.write() as session:
            return letters.reserve(session, register.new_letter("1"), after(minutes=20), RULES)

    won, refused = race(6, reserve)
    assert len(won) == 1
    assert {type(refusal) for refusal in refused} == {NumberTaken}


def test_many_who_want_different_numbers_all_get_them(register: Register) -> None:
    won, refused = race(8, lambda number: register.reserved(f"nomor {number}"))
    assert len({letter.code for letter in won}) == 8
    assert refused == []


# --- drafts ---


def test_a_draft_holds_no_number_until_it_is_to_be_signed(register: Register) -> None:
    with register.database.write() as session:
        first = letters.draft(session, register.new_letter("1"), NOW)
        second = letters.draft(session, register.new_letter("1"), NOW)
    with register.database.write() as session:
        assert letters.reserve_draft(session, second, NOW, RULES).letter.status is Status.RESERVED
    with pytest.raises(NumberTaken), register.database.write() as session:
        letters.reserve_draft(session, first, NOW, RULES)
    assert register.as_it_is(first).status is Status.DRAFT


def test_a_draft_whose_signing_failed_is_a_draft_again(register: Register) -> None:
    with register.database.write() as session:
        letter = letters.draft(session, register.new_letter("1"), NOW)
        reserved = letters.reserve_draft(session, letter, NOW, RULES).letter
        assert states.undo(session, states.start_signing(session, reserved, NOW), NOW).status is Status.DRAFT
    register.reserved("1")


def test_a_reserved_draft_is_resumed_by_its_request_and_by_others_when_it_expired(register: Register) -> None:
    with register.database.write() as session:
        letter = letters.draft(session, register.new_letter("1"), NOW)
        reserved = letters.reserve_draft(session, letter, NOW, RULES, claim="a").letter
    with pytest.raises(LetterBusy), register.database.write() as session:
        letters.reserve_draft(session, register.as_it_is(reserved), NOW, RULES, claim="b")
    with register.database.write() as session:
        assert letters.reserve_draft(session, register.as_it_is(reserved), NOW, RULES, claim="a").resumed
    with register.database.write() as session:
        later = letters.reserve_draft(session, register.as_it_is(reserved), after(minutes=16), RULES, claim="b")
    assert not later.resumed
    assert later.letter.claim == "b"


def test_a_letter_that_is_issued_is_no_draft(register: Register) -> None:
    letter, _ = register.signed("1")
    with pytest.raises(LetterStateForbids), register.database.write() as session:
        letters.reserve_draft(session, letter, NOW, RULES)


# --- states ---


def test_of_many_who_would_sign_a_letter_one_does(register: Register) -> None:
    letter = register.reserved()

    def sign(_: int) -> Letter:
        with register.database.write() as session:
            return states.start_signing(session, letter, NOW)

    won, refused = race(8, sign)
    assert len(won) == 1
    assert {type(refusal) for refusal in refused} == {LetterBusy}


def test_a_second_official_signs_a_released_letter(register: Register) -> None:
    letter, first = register.signed(revision="11" * 32)
    with register.database.write() as session:
        signing = states.start_signing(session, letter, after(hours=1))
        again, second = states.release(session, signing, register.new_signature("22" * 32, "esign_2"), after(hours=1))
    assert (first.ordinal, second.ordinal) == (1, 2)
    assert again.current_sha256 == "22" * 32
    assert again.released_at == NOW, "the letter was issued with its first signature"


def test_a_released_letter_stays_in_force_while_and_after_another_signature_fails(register: Register) -> None:
    letter, _ = register.signed()
    with register.database.write() as session:
        signing = states.start_signing(session, letter, NOW)
    with register.database.read() as session:
        assert letters.by_code(session, letter.code).current_sha256 == "cd" * 32
    with register.database.write() as session:
        assert states.undo(session, signing, NOW).status is Status.SIGNED
    with pytest.raises(NumberTaken):
        register.reserved(str(letter.number))


def test_who_was_given_up_for_dead_can_not_release(register: Register) -> None:
    with register.database.write() as session:
        draft = letters.draft(session, register.new_letter("1"), NOW)
        mine = states.start_signing(session, letters.reserve_draft(session, draft, NOW, RULES).letter, NOW)
    with register.database.write() as session:
        doubted = states.doubt(session, mine, after(minutes=10))
        settled = states.undo(session, doubted, after(minutes=20))
        states.start_signing(
            session, letters.reserve_draft(session, settled, after(minutes=30), RULES).letter, after(minutes=30)
        )
    with pytest.raises(LetterBusy), register.database.write() as session:
        states.release(session, mine, register.new_signature(), after(minutes=31))
    assert register.as_it_is(mine).released_at is None


def test_an_unknown_outcome_is_settled_as_a_signature(register: Register) -> None:
    letter = register.reserved()
    with register.database.write() as session:
        doubted = states.doubt(session, states.start_signing(session, letter, NOW), NOW)
        with pytest.raises(LetterStateForbids):
            states.start_signing(session, doubted, NOW)
        released, _ = states.release(session, doubted, register.new_signature(), NOW)
    assert released.status is Status.SIGNED


def test_a_withdrawn_letter_says_why_and_is_not_signed_again(register: Register) -> None:
    letter, _ = register.signed()
    with register.database.write() as session:
        gone = states.withdraw(session, letter, "salah alamat", after(days=1))
    assert (gone.withdrawn_reason, gone.withdrawn_at) == ("salah alamat", after(days=1))
    with register.database.read() as session:
        assert letters.by_code(session, letter.code).status is Status.WITHDRAWN
    for forbidden in (
        lambda session: states.start_signing(session, gone, NOW),
        lambda session: states.withdraw(session, gone, "lagi", NOW),
        lambda session: states.discard(session, gone),
    ):
        with pytest.raises(LetterStateForbids) as caught, register.database.write() as session:
            forbidden(session)
        assert caught.value.details == {"state": "withdrawn"}


def test_only_a_letter_in_force_of_the_same_agency_replaces_another(register: Register) -> None:
    letter, _ = register.signed("1")
    unsigned, (heir, _) = register.reserved("2"), register.signed("3")
    with open_register(register.database.engine.url.render_as_string(hide_password=False)) as other:
        foreign, _ = other.signed("1")
    for wrong, error in ((unsigned, LetterStateForbids), (foreign, LetterUnknown), (letter, LetterUnknown)):
        with pytest.raises(error), register.database.write() as session:
            states.replace(session, letter, wrong, NOW)
    with register.database.write() as session:
        assert states.replace(session, letter, heir, NOW).replaced_by == heir.id


def test_reservations_that_ran_out_and_signings_that_stalled_are_found(register: Register) -> None:
    expired, stalled = register.reserved("1"), register.reserved("2")
    with register.database.write() as session:
        states.start_signing(session, stalled, NOW)
    with register.database.read() as session:
        mine = {expired.id, stalled.id}
        assert [one.id for one in states.expired(session, after(minutes=14)) if one.id in mine] == []
        assert [one.id for one in states.expired(session, after(minutes=15)) if one.id in mine] == [expired.id]
        assert [one.id for one in states.stalled(session, NOW) if one.id in mine] == []
        assert [one.id for one in states.stalled(session, after(seconds=1)) if one.id in mine] == [stalled.id]


# --- finding ---


def test_the_code_of_a_letter_that_is_not_signed_answers_as_an_unknown_one(register: Register) -> None:
    letter = register.reserved()
    with register.database.read() as session:
        for code in (letter.code, codes.new()):
            with pytest.raises(CodeUnknown):
                letters.by_code(session, code)


def test_another_agency_does_not_see_the_letter(register: Register) -> None:
    letter = register.reserved()
    with register.database.read() as session, pytest.raises(LetterUnknown):
        letters.get(session, "another", letter.id)


def test_a_file_is_found_by_its_bytes_and_by_those_of_an_earlier_revision(register: Register) -> None:
    letter, _ = register.signed(revision="11" * 32)
    with register.database.write() as session:
        signing = states.start_signing(session, letter, NOW)
        states.release(session, signing, register.new_signature("22" * 32, "esign_2"), NOW)
    with register.database.read() as session:
        found = letters.by_files(session, ["99" * 32, "22" * 32, "11" * 32])
        mine = [(one.id, signature.ordinal) for one, signature in found if one.id == letter.id]
        assert mine == [(letter.id, 2), (letter.id, 1)]
        assert letters.by_files(session, ["99" * 32]) == []
        assert letters.by_files(session, ["ab" * 32]) == [], "the original was never released"


def test_a_quarantined_signature_vouches_for_no_file(register: Register) -> None:
    _, signature = register.signed(revision="31" * 32)
    with register.database.write() as session:
        session.merge(signature).status = SignatureState.QUARANTINED
    with register.database.read() as session:
        assert letters.by_files(session, ["31" * 32]) == []


def test_a_signature_is_remembered_as_it_was_made(register: Register) -> None:
    letter, _ = register.signed()
    with register.database.read() as session:
        (signature,) = signatures.of_letter(session, letter.id)
    assert signature.level is LevelReached.B_LT
    assert signature.box == [340.0, 120.0, 540.0, 200.0]
    assert signature.signed_at == NOW
    assert signature.signed_at.tzinfo is not None


def test_a_file_held_back_is_entered_and_known_as_such(register: Register) -> None:
    letter = register.reserved()
    file = signatures.Quarantined(
        letter_id=letter.id,
        signer_id=register.signer.id,
        client_id=register.client.id,
        sha256="77" * 32,
        size=10,
        reason="digest",
        request_id="r",
    )
    with register.database.write() as session:
        signatures.quarantine(session, file, NOW)
        states.discard(session, states.start_signing(session, letter, NOW))
    with register.database.read() as session:
        assert [one.reason for one in signatures.quarantined(session) if one.letter_id == letter.id] == ["digest"]


# --- what the tables themselves refuse ---


@pytest.mark.parametrize(
    "wrong",
    [
        {"status": "lost"},
        {"status": "signed"},
        {"status": "withdrawn"},
        {"number": "  "},
        {"code": "ABC"},
        {"code": "U" * 27},
        {"original_sha256": "AB" * 32},
        {"original_sha256": "ab" * 31},
        {"current_sha256": "ab" * 32},
        {"reserved_until": None},
        {"disclosure": "everything"},
        {"pages": 0},
    ],
)
def test_the_tables_refuse_what_can_not_be(register: Register, wrong: dict[str, object]) -> None:
    letter = register.reserved()
    ((column, value),) = wrong.items()
    with pytest.raises(IntegrityError), register.database.write() as session:
        session.execute(text(f"UPDATE letter SET {column} = :value WHERE id = :id"), {"value": value, "id": letter.id})


@pytest.mark.parametrize(
    "wrong",
    [
        {"number": " "},
        {"number": "1\n2"},
        {"subject": ""},
        {"pages": 0},
        {"original_sha256": "x"},
        {"disclosure": "everything"},
        {"colour": "red"},
    ],
)
def test_a_letter_is_made_from_validated_input(register: Register, wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        register.new_letter(**wrong)  # type: ignore[arg-type]


def test_a_level_above_b_b_needs_a_time_stamp(register: Register) -> None:
    with pytest.raises(ValidationError):
        register.new_signature(timestamp_at=None)
    with pytest.raises(ValidationError):
        register.new_signature(box=(2, 2, 1, 3))
