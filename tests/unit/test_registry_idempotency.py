from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from esign.errors import IdempotencyInFlight, IdempotencyMismatch
from esign.registry import idempotency
from esign.registry.idempotency import Answer, Begun, Fingerprint, Terms
from esign.registry.secrets import Keys
from tests.registers import NOW, SERVER_KEY, Register, after, migrated_sqlite, open_register, race

TERMS = Terms(hours=24, lease_seconds=300)
ANSWER = Answer(201, "application/json", {"Location": "/v1/letters/1"}, b'{"id":1}')


@pytest.fixture
def register(tmp_path: Path) -> Iterator[Register]:
    with open_register(migrated_sqlite(tmp_path)) as opened:
        yield opened


def begin(
    register: Register, at: datetime = NOW, key: str = "surat-17", said: str = "aa" * 32, keys: Keys | None = None
) -> Begun | Answer:
    with register.database.write() as session:
        return idempotency.begin(session, keys or register.keys, register.client.id, key, Fingerprint(said), at, TERMS)


def begun(register: Register, at: datetime = NOW, key: str = "surat-17") -> Begun:
    outcome = begin(register, at, key)
    assert isinstance(outcome, Begun)
    return outcome


def complete(register: Register, token: Begun, answer: Answer = ANSWER) -> bool:
    with register.database.write() as session:
        return idempotency.complete(session, token, answer)


def test_a_request_is_done_once_and_answered_twice(register: Register) -> None:
    assert complete(register, begun(register))
    assert begin(register, after(hours=23)) == ANSWER


def test_an_answer_may_rest_in_the_blob_store(register: Register) -> None:
    large = Answer(200, "application/pdf", None, None, "cd" * 32)
    complete(register, begun(register), large)
    assert begin(register) == large


def test_a_large_answer_is_not_put_into_the_row(register: Register) -> None:
    with pytest.raises(ValueError, match="blob store"):
        complete(register, begun(register), Answer(200, body=bytes(idempotency.LARGEST_INLINE + 1)))


def test_while_it_is_worked_on_the_same_key_has_to_wait(register: Register) -> None:
    begun(register)
    with pytest.raises(IdempotencyInFlight):
        begin(register, after(seconds=299))


def test_another_request_with_the_same_key_is_refused_at_any_time(register: Register) -> None:
    token = begun(register)
    with pytest.raises(IdempotencyMismatch):
        begin(register, said="bb" * 32)
    complete(register, token)
    with pytest.raises(IdempotencyMismatch):
        begin(register, said="bb" * 32)


def test_after_its_time_a_key_is_free_again(register: Register) -> None:
    complete(register, begun(register))
    outcome = begin(register, after(hours=24), said="bb" * 32)
    assert isinstance(outcome, Begun)
    assert not outcome.resumed


def test_what_is_abandoned_may_be_tried_again(register: Register) -> None:
    token = begun(register)
    with register.database.write() as session:
        assert idempotency.abandon(session, token)
    assert not begun(register).resumed


def test_a_request_that_died_is_resumed_by_the_next_and_can_not_come_back(register: Register) -> None:
    dead = begun(register)
    heir = begun(register, after(seconds=300))
    assert heir.resumed
    assert not complete(register, dead)
    with register.database.write() as session:
        assert not idempotency.renew(session, dead, after(seconds=301), TERMS)
        assert not idempotency.abandon(session, dead)
    assert complete(register, heir)


def test_a_sign_of_life_keeps_it_alive(register: Register) -> None:
    token = begun(register)
    with register.database.write() as session:
        assert idempotency.renew(session, token, after(seconds=200), TERMS)
    with pytest.raises(IdempotencyInFlight):
        begin(register, after(seconds=499))


def test_of_many_that_begin_at_once_one_does_it(register: Register) -> None:
    won, refused = race(8, lambda _: begin(register))
    assert len(won) == 1
    assert {type(refusal) for refusal in refused} == {IdempotencyInFlight}


def test_of_many_that_find_it_dead_one_takes_over(register: Register) -> None:
    begun(register)
    won, refused = race(6, lambda _: begin(register, after(seconds=301)))
    assert len(won) == 1
    assert {type(refusal) for refusal in refused} == {IdempotencyInFlight}


def test_keys_of_another_client_are_other_keys(register: Register) -> None:
    begun(register)
    with open_register(register.database.engine.url.render_as_string(hide_password=False)) as other:
        begun(other)


def test_the_key_is_not_kept_in_the_clear(register: Register) -> None:
    begun(register, key="surat-3271044607800012")
    with register.database.read() as session:
        kept = session.execute(text("SELECT * FROM idempotency_record")).all()
    assert kept
    assert "3271044607800012" not in str(kept)


def test_a_key_is_still_known_when_the_server_key_changed(register: Register) -> None:
    complete(register, begun(register))
    assert begin(register, keys=Keys(bytes(range(32, 64)), SERVER_KEY)) == ANSWER


def test_a_request_says_the_same_while_the_server_key_changes(register: Register) -> None:
    """What it says is known by an HMAC too: neither the answer nor the claim of a dead request may be lost."""

    def tried(keys: Keys, at: datetime) -> Begun | Answer:
        said = idempotency.fingerprint(keys, register.client.id, "/v1/x", {"letter": "aa"}, {"number": "1"})
        with register.database.write() as session:
            return idempotency.begin(session, keys, register.client.id, "surat-17", said, at, TERMS)

    changed = Keys(bytes(range(32, 64)), SERVER_KEY)
    first = tried(register.keys, NOW)
    resumed = tried(changed, after(seconds=301))
    assert isinstance(first, Begun)
    assert isinstance(resumed, Begun)
    assert (resumed.resumed, resumed.fingerprint) == (True, first.fingerprint)
    complete(register, resumed)
    assert tried(changed, after(hours=1)) == ANSWER
    with register.database.read() as session:
        assert idempotency.needed_until(session, after(hours=1), after(hours=2)) == after(hours=24, seconds=301)
        assert idempotency.needed_until(session, NOW, after(hours=2)) is None
        assert idempotency.needed_until(session, after(hours=1), after(hours=25)) is None


def test_expired_answers_are_forgotten_and_live_ones_not(register: Register) -> None:
    complete(register, begun(register, key="old"))
    complete(register, begun(register, after(hours=10), key="new"))
    with register.database.write() as session:
        idempotency.forget_expired(session, after(hours=24))
    assert answers(register) == 1
    assert begin(register, after(hours=24), key="new") == ANSWER


def test_each_new_request_clears_away_what_is_over(register: Register) -> None:
    for number in range(3):
        complete(register, begun(register, key=f"old {number}"))
    begun(register, after(hours=25), key="new")
    assert answers(register) == 1


def answers(register: Register) -> int:
    with register.database.read() as session:
        count = text("SELECT count(*) FROM idempotency_record WHERE client_id = :id")
        return int(session.execute(count, {"id": register.client.id}).scalar_one())


def test_a_fingerprint_tells_requests_apart_and_is_not_moved_by_order(register: Register) -> None:
    def said(client: str = "c", path: str = "/v1/x", file: str = "aa", **fields: str) -> str:
        return idempotency.fingerprint(register.keys, client, path, {"letter": file}, fields).present

    assert said(number="1", subject="s") == said(subject="s", number="1")
    different = [said(), said("d"), said(path="/v1/y"), said(file="bb"), said(number="1"), said(number="2")]
    assert len(set(different)) == len(different)
    other_server = idempotency.fingerprint(Keys(bytes(range(1, 33))), "c", "/v1/x", {"letter": "aa"}, {})
    assert other_server.present != said()
