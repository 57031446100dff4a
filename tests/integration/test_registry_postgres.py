"""What the register does on SQLite it does on PostgreSQL: the same tests, and what only PostgreSQL can get wrong."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from threading import Event as Signal
from threading import Thread

import psycopg
import pytest
from sqlalchemy import event, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from esign.errors import ConfigurationError, NumberTaken, StorageUnavailable
from esign.registry import audit, letters, migrations, states, upkeep
from esign.registry.audit import Actor
from esign.registry.database import Database, open_engine
from esign.registry.models import Agency, Event
from tests.postgres import postgres
from tests.registers import NOW, Register, open_register, race
from tests.unit.test_registry_attempts import *  # noqa: F403
from tests.unit.test_registry_held import *  # noqa: F403
from tests.unit.test_registry_idempotency import *  # noqa: F403
from tests.unit.test_registry_letters import *  # noqa: F403
from tests.unit.test_registry_migrations import differences
from tests.unit.test_registry_search import *  # noqa: F403

ACTOR = Actor("e-office", "req-1")


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with postgres() as url:
        yield url


@pytest.fixture  # type: ignore[no-redef]  # in place of the one on SQLite
def register(address: str) -> Iterator[Register]:
    with open_register(address) as opened:
        yield opened


@pytest.fixture
def empty(address: str) -> Iterator[str]:
    """The address of a database without tables."""
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("CREATE DATABASE empty")
        yield make_url(address).set(database="empty").render_as_string(hide_password=False)
        connection.execute("DROP DATABASE empty WITH (FORCE)")


def test_no_migration_is_missing_here_either(empty: str) -> None:
    engine = open_engine(empty)
    assert migrations.current(engine) is None
    migrations.migrate(engine)
    assert differences(engine) == []
    assert migrations.current(engine) == migrations.newest()
    engine.dispose()


def test_processes_that_start_together_take_turns(empty: str) -> None:
    def start(_: int) -> str | None:
        engine = open_engine(empty)
        migrations.migrate(engine)
        revision = migrations.current(engine)
        engine.dispose()
        return revision

    done, refused = race(4, start)
    assert (done, refused) == ([migrations.newest()] * 4, [])


def test_a_reading_session_sees_one_state_and_can_not_write(register: Register) -> None:
    name = text("SELECT name FROM agency WHERE id = :id")
    rename = text("UPDATE agency SET name = 'Lain' WHERE id = :id")
    given = {"id": register.agency.id}
    with register.database.read() as reading:
        before = reading.scalar(name, given)
        with register.database.write() as writing:
            writing.execute(rename, given)
        assert reading.scalar(name, given) == before
        with pytest.raises(DBAPIError, match="read-only"):
            reading.execute(rename, given)


def test_times_come_back_in_utc_whatever_the_zone_of_the_server(register: Register) -> None:
    with register.database.read() as session:
        session.execute(text("SET TIME ZONE 'Asia/Jayapura'"))
        created = session.get_one(Agency, register.agency.id).created_at
    assert (created, created.utcoffset()) == (NOW, timedelta(0))


def test_the_chain_holds_over_many_that_write_at_once(register: Register) -> None:
    def happen(_: int) -> None:
        for _again in range(10):
            with register.database.write() as session:
                audit.record(session, Event.LETTER_SIGNED, ACTOR, NOW, data={"größe": 1.5})

    with register.database.read() as session:
        before = audit.verify_chain(session).events
    assert race(8, happen)[1] == []
    with register.database.read() as session:
        found = audit.verify_chain(session)
    assert (found.events - before, found.broken_at) == (80, None)


def test_events_and_rows_in_crossed_order_do_not_block_each_other(register: Register) -> None:
    first, second = register.reserved("1"), register.reserved("2")

    def touch(number: int) -> None:
        for letter in (first, second) if number % 2 else (second, first):
            with register.database.write() as session:
                audit.record(session, Event.LETTER_SIGNING, ACTOR, NOW, letter=letter.id)
                now = letters.get(session, register.agency.id, letter.id)
                session.execute(text("UPDATE letter SET subject = subject WHERE id = :id"), {"id": now.id})

    assert race(8, touch)[1] == []


@pytest.mark.parametrize(
    "statement", ["UPDATE audit_event SET actor = 'nobody'", "DELETE FROM audit_event", "TRUNCATE audit_event"]
)
def test_the_trail_is_append_only(register: Register, statement: str) -> None:
    with register.database.write() as session:
        audit.record(session, Event.LETTER_SIGNED, ACTOR, NOW)
    with pytest.raises(DBAPIError, match="append-only"), register.database.write() as session:
        session.execute(text(statement))


def test_an_event_that_does_not_follow_is_refused(register: Register) -> None:
    with register.database.write() as session:
        audit.record(session, Event.LETTER_SIGNED, ACTOR, NOW)
    others = "at, kind, agency_id, client_id, letter_id, signer_id, actor, request_id, data"
    newest = "FROM audit_event ORDER BY seq DESC LIMIT 1"
    for values in (f"seq + 5, {others}, hash, hash", f"seq + 1, {others}, previous_hash, hash"):
        with pytest.raises(DBAPIError, match="does not follow"), register.database.write() as session:
            session.execute(text(f"INSERT INTO audit_event SELECT {values} {newest}"))


def test_who_reserves_a_number_that_another_is_reserving_waits_and_then_knows(register: Register) -> None:
    claimed, told = Signal(), []

    def second() -> None:
        claimed.wait()
        try:
            register.reserved("1")
        except NumberTaken as refusal:
            told.append(refusal)

    waiting = Thread(target=second)
    waiting.start()
    with register.database.write() as session:
        letters.reserve(session, register.new_letter("1"), NOW, letters.Rules())
        claimed.set()
        with register.database.read() as watching:
            wait_until_somebody_waits(watching)
        assert not told
    waiting.join()
    assert len(told) == 1


def test_who_reserves_a_number_whose_reservation_is_undone_meanwhile_gets_it(register: Register) -> None:
    claimed, got = Signal(), []

    def second() -> None:
        claimed.wait()
        got.append(register.reserved("1"))

    def first() -> None:
        with register.database.write() as session:
            letters.reserve(session, register.new_letter("1"), NOW, letters.Rules())
            claimed.set()
            with register.database.read() as watching:
                wait_until_somebody_waits(watching)
            raise KeyError

    waiting = Thread(target=second)
    waiting.start()
    with pytest.raises(KeyError):
        first()
    waiting.join()
    assert [letter.number for letter in got] == ["1"]


@pytest.mark.parametrize("end", [states.undo, states.discard])
def test_who_wants_a_number_and_who_frees_it_do_not_wait_in_a_circle(
    register: Register, end: Callable[..., object]
) -> None:
    letter, got = register.reserved("1"), []
    waiting = Thread(target=lambda: got.append(register.reserved("1")))
    with register.database.write() as session:
        signing = states.start_signing(session, letter, NOW)
        waiting.start()
        with register.database.read() as watching:
            wait_until_somebody_waits(watching)
        end(session, signing, NOW) if end is states.undo else end(session, signing)
    waiting.join()
    assert [letter.number for letter in got] == ["1"]


def wait_until_somebody_waits(session: Session) -> None:
    """Until another transaction waits for a lock, which PostgreSQL itself tells."""
    while not session.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")):
        session.execute(text("SELECT pg_sleep(0.01)"))


def test_who_waits_too_long_for_another_is_told_plainly(register: Register) -> None:
    letter = register.reserved()

    def sign_impatiently() -> None:
        with register.database.write() as session:
            session.execute(text("SET LOCAL lock_timeout = '20ms'"))
            states.start_signing(session, letter, NOW)

    with register.database.write() as session:
        states.start_signing(session, letter, NOW)
        with pytest.raises(StorageUnavailable):
            sign_impatiently()


def test_a_database_that_is_not_there_is_told_plainly(address: str) -> None:
    nowhere = Database(make_url(address).set(database="nowhere").render_as_string(hide_password=False))
    with pytest.raises(StorageUnavailable), nowhere.read() as session:
        session.execute(text("SELECT 1"))
    with pytest.raises(StorageUnavailable):
        upkeep.database_problems(nowhere)
    nowhere.close()


def test_the_register_is_ready_or_says_why_not(register: Register, address: str) -> None:
    assert upkeep.database_problems(register.database) == []
    careless = Database(address)

    @event.listens_for(careless.engine, "connect")
    def _hurry(connection: psycopg.Connection, _entry: object) -> None:
        connection.execute("SET synchronous_commit = off")
        connection.commit()

    assert upkeep.database_problems(careless) == [
        "PostgreSQL's synchronous_commit is off: what is acknowledged may be lost"
    ]
    careless.close()


def test_a_password_is_in_no_error(address: str) -> None:
    with pytest.raises(StorageUnavailable) as caught, Database("postgresql://u:geheim@127.0.0.1:1/d").read() as session:
        session.execute(text("SELECT 1"))
    assert "geheim" not in f"{caught.value} {caught.value.__cause__}"
    with pytest.raises(ConfigurationError) as refused:
        Database("mysql://u:geheim@h/d")
    assert "geheim" not in str(refused.value)
