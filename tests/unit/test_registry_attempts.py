from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from esign.errors import Busy, SignerLocked
from esign.registry import attempts, signers
from esign.registry.attempts import Attempt, Limits
from tests.registers import NOW, Register, after, migrated_sqlite, open_register, race

LIMITS = Limits(per_client=3, per_signer=5, window_seconds=900, lock_seconds=900)


@pytest.fixture
def register(tmp_path: Path) -> Iterator[Register]:
    with open_register(migrated_sqlite(tmp_path)) as opened:
        yield opened


def try_one(register: Register, at: datetime = NOW, client: str | None = "own", limits: Limits = LIMITS) -> Attempt:
    client_id = register.client.id if client == "own" else client
    with register.database.write() as session:
        return attempts.reserve(session, register.signer.id, client_id, at, limits)


def wrong(register: Register, at: datetime = NOW, client: str | None = "own", limits: Limits = LIMITS) -> int:
    attempt = try_one(register, at, client, limits)
    with register.database.write() as session:
        return attempts.confirm_wrong(session, attempt, at, limits)


def test_guesses_are_counted_down_and_then_the_signer_is_locked(register: Register) -> None:
    assert [wrong(register, after(seconds=second)) for second in range(3)] == [2, 1, 0]
    with pytest.raises(SignerLocked) as caught:
        try_one(register, after(seconds=10))
    assert caught.value.details == {"seconds": 892}


def test_a_lock_ends_by_itself_and_then_all_guesses_are_there_again(register: Register) -> None:
    for second in range(3):
        wrong(register, after(seconds=second))
    with pytest.raises(SignerLocked):
        try_one(register, after(seconds=901))
    assert wrong(register, after(seconds=902)) == 2


def test_wrong_ones_far_apart_do_not_lock(register: Register) -> None:
    assert [wrong(register, after(seconds=600 * times)) for times in range(4)] == [2, 1, 1, 1]


def test_a_right_passphrase_forgives_what_went_before(register: Register) -> None:
    wrong(register)
    wrong(register)
    attempt = try_one(register)
    with register.database.write() as session:
        attempts.forgive(session, attempt)
    assert wrong(register) == 2


def test_an_attempt_that_was_not_tried_counts_for_nothing_and_forgives_nothing(register: Register) -> None:
    wrong(register)
    attempt = try_one(register)
    with register.database.write() as session:
        attempts.take_back(session, attempt)
    assert wrong(register) == 1


def test_another_client_is_not_locked_with_it_until_the_higher_limit(register: Register) -> None:
    for _ in range(3):
        wrong(register)
    assert wrong(register, client=None) == 1
    assert wrong(register, client=None) == 0
    with pytest.raises(SignerLocked):
        try_one(register, client=None)


def test_working_through_one_client_forgives_nothing_to_another(register: Register) -> None:
    for _ in range(2):
        wrong(register, client=None)
    attempt = try_one(register)
    with register.database.write() as session:
        attempts.forgive(session, attempt)
    assert wrong(register, client=None) == 0


def test_another_signer_is_not_locked_with_him(register: Register) -> None:
    for _ in range(3):
        wrong(register)
    with register.database.write() as session:
        other = signers.add(
            session,
            register.keys,
            signers.NewSigner(agency_id=register.agency.id, nik=SecretStr("3271044607800099"), name="Ani"),
            NOW,
        )
        attempts.reserve(session, other.id, register.client.id, NOW, LIMITS)


def test_more_at_once_than_guesses_are_left_have_to_wait(register: Register) -> None:
    wrong(register)
    first, _ = try_one(register), try_one(register)
    with pytest.raises(Busy):
        try_one(register)
    with register.database.write() as session:
        attempts.forgive(session, first)
    try_one(register)


def test_an_attempt_whose_process_died_counts_as_wrong(register: Register) -> None:
    for _ in range(3):
        try_one(register)
    with pytest.raises(Busy):
        try_one(register, after(seconds=59))
    with pytest.raises(SignerLocked):
        try_one(register, after(seconds=60))


def test_no_race_gives_more_guesses_than_the_limit(register: Register) -> None:
    allowed, refused = race(8, lambda _: wrong(register))
    assert len(allowed) == 3
    assert {type(refusal) for refusal in refused} <= {Busy, SignerLocked}


def test_a_lock_is_lifted(register: Register) -> None:
    for _ in range(3):
        wrong(register)
    with register.database.write() as session:
        assert attempts.lift(session, register.signer.id) == 3
    assert wrong(register) == 2


def test_what_is_over_is_forgotten(register: Register) -> None:
    wrong(register)
    wrong(register, after(seconds=1801))
    with register.database.write() as session:
        assert attempts.lift(session, register.signer.id) == 1
