from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from esign.errors import LetterUnknown
from esign.registry import audit, letters
from esign.registry.audit import Actor
from esign.registry.models import AuditEvent, Event, Letter
from tests.registers import NIK, NOW, Register, after, migrated_sqlite, open_register, race

ACTOR = Actor("e-office", "req-1", agency_id="agency", client_id="client")


@pytest.fixture
def register(tmp_path: Path) -> Iterator[Register]:
    with open_register(migrated_sqlite(tmp_path)) as opened:
        yield opened


def happen(register: Register, times: int = 1) -> None:
    for number in range(times):
        with register.database.write() as session:
            audit.record(
                session, Event.LETTER_SIGNED, ACTOR, after(seconds=number), letter="letter", data={"level": "B-LT"}
            )


def report(register: Register, noted: dict[int, str] | None = None) -> audit.ChainReport:
    with register.database.read() as session:
        return audit.verify_chain(session, noted)


def newest(register: Register) -> AuditEvent:
    with register.database.read() as session:
        return list(audit.all_events(session))[-1]


def meddle(register: Register, *statements: str) -> None:
    """As somebody who owns the database can: the triggers out of the way first."""
    triggers = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    with register.database.engine.execution_options(esign_begin="IMMEDIATE").begin() as connection:
        for (name,) in connection.execute(text(triggers)).all():
            connection.execute(text(f"DROP TRIGGER {name}"))
        for statement in statements:
            connection.execute(text(statement))


def test_an_event_is_written_with_what_it_records(register: Register) -> None:
    with register.database.write() as session:
        letter = letters.draft(session, register.new_letter(), NOW)
        actor = Actor("e-office", "req-1", register.agency.id, register.client.id)
        audit.record(session, Event.LETTER_DRAFTED, actor, NOW, letter=letter.id, signer="s", data={"pages": 2})
    with register.database.read() as session:
        (event,) = audit.of_letter(session, letter.id)
        assert audit.of_agency(session, register.agency.id) == [event]
        assert audit.of_agency(session, register.agency.id, after=event.seq) == []
    assert (event.kind, event.at, event.actor, event.request_id) == ("letter:drafted", NOW, "e-office", "req-1")
    assert (event.agency_id, event.client_id, event.signer_id) == (register.agency.id, register.client.id, "s")
    assert event.data == {"pages": 2}


def test_nothing_is_written_of_what_did_not_happen(register: Register) -> None:
    def refuse() -> None:
        with register.database.write() as session:
            letters.draft(session, register.new_letter(), NOW)
            audit.record(session, Event.LETTER_DRAFTED, ACTOR, NOW)
            raise LetterUnknown

    before = report(register)
    with pytest.raises(LetterUnknown):
        refuse()
    assert report(register) == before


def test_nothing_happens_of_which_nothing_can_be_written(register: Register) -> None:
    def draft() -> None:
        with register.database.write() as session:
            letters.draft(session, register.new_letter(), NOW)
            audit.record(session, Event.LETTER_DRAFTED, ACTOR, NOW, data={"width": float("nan")})

    with pytest.raises(ValueError, match="JSON compliant"):
        draft()
    with register.database.read() as session:
        assert session.query(Letter).filter_by(agency_id=register.agency.id).count() == 0


def test_a_time_without_zone_is_refused(register: Register) -> None:
    with pytest.raises(ValueError, match="aware"), register.database.write() as session:
        audit.record(session, Event.LETTER_SIGNED, ACTOR, NOW.replace(tzinfo=None))


def test_what_looks_like_a_nik_is_masked_wherever_it_stands(register: Register) -> None:
    with register.database.write() as session:
        audit.record(
            session,
            Event.LETTER_REFUSED,
            Actor(f"app of {NIK}", NIK),
            NOW,
            letter="masked",
            data={"reason": f"NIK {NIK}.", "list": [{"deep": NIK}], "sha256": "12" * 32, "bytes": 10**15},
        )
    with register.database.read() as session:
        (event,) = audit.of_letter(session, "masked")
    assert NIK not in event.model_dump_json()
    assert event.data["reason"] == "NIK ************0012."
    assert event.data["sha256"] == "12" * 32
    assert event.data["bytes"] == 10**15


def test_the_chain_holds_over_many_units_of_work_and_threads(register: Register) -> None:
    start = report(register).events
    race(6, lambda _: happen(register, 5))
    found = report(register)
    assert found.whole
    assert found.events == start + 30
    assert found.head == newest(register).hash


def test_one_unit_of_work_may_record_several_events_in_order(register: Register) -> None:
    with register.database.write() as session:
        audit.record(session, Event.LETTER_RESERVED, ACTOR, NOW, letter="several")
        audit.record(session, Event.LETTER_SIGNED, ACTOR, NOW, letter="several")
    with register.database.read() as session:
        assert [event.kind for event in audit.of_letter(session, "several")] == ["letter:reserved", "letter:signed"]


def test_the_latest_time_is_known_so_that_a_clock_that_went_back_is_noticed(register: Register) -> None:
    happen(register, 3)
    with register.database.read() as session:
        latest = audit.last_time(session)
    assert latest is not None
    assert latest >= after(seconds=2)


OTHERS = "at, kind, agency_id, client_id, letter_id, signer_id, actor, request_id, data"
NEWEST = "FROM audit_event ORDER BY seq DESC LIMIT 1"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_event SET actor = 'nobody'",
        "UPDATE audit_event SET at = at",
        "DELETE FROM audit_event",
        f"INSERT INTO audit_event SELECT seq + 5, {OTHERS}, hash, hash {NEWEST}",
        f"INSERT INTO audit_event SELECT seq + 1, {OTHERS}, previous_hash, hash {NEWEST}",
        f"INSERT INTO audit_event SELECT seq, {OTHERS}, previous_hash, hash {NEWEST}",
    ],
    ids=["change", "touch", "delete", "gap", "fork", "repeat"],
)
def test_the_database_itself_takes_nothing_but_the_next_event(register: Register, statement: str) -> None:
    happen(register, 2)
    before = report(register)
    with pytest.raises(IntegrityError), register.database.write() as session:
        session.execute(text(statement))
    assert report(register) == before


def test_replacing_an_event_by_way_of_a_conflict_is_refused_too(register: Register) -> None:
    happen(register, 2)
    with pytest.raises(DBAPIError), register.database.write() as session:
        session.execute(text("INSERT OR REPLACE INTO audit_event SELECT * FROM audit_event"))
    assert report(register).whole


def test_an_event_that_was_changed_behind_our_back_is_found(register: Register) -> None:
    happen(register, 5)
    meddle(register, 'UPDATE audit_event SET data = \'{"level":"B-LTA"}\' WHERE seq = 3')
    assert report(register).broken_at == 3


@pytest.mark.parametrize("column", ["at", "kind", "agency_id", "client_id", "letter_id", "actor", "request_id"])
def test_no_column_can_be_changed_unseen(register: Register, column: str) -> None:
    happen(register, 2)
    value = "2020-01-01 00:00:00.000000" if column == "at" else "x:y"
    meddle(register, f"UPDATE audit_event SET {column} = '{value}' WHERE seq = 1")
    assert report(register).broken_at == 1


def test_an_event_that_was_taken_out_is_found(register: Register) -> None:
    happen(register, 5)
    meddle(register, "DELETE FROM audit_event WHERE seq = 2")
    assert report(register).broken_at == 2


def test_a_trail_that_was_cut_off_is_found_by_a_hash_noted_elsewhere(register: Register) -> None:
    happen(register, 5)
    noted = {5: newest(register).hash}
    assert report(register, noted).whole
    meddle(register, "DELETE FROM audit_event WHERE seq = 5")
    assert report(register).whole, "the chain alone can't tell"
    assert report(register, noted).broken_at == 5


def test_a_trail_that_was_written_anew_is_found_by_a_hash_noted_elsewhere(register: Register) -> None:
    happen(register, 3)
    noted = {3: newest(register).hash}
    meddle(register, "UPDATE audit_event SET actor = 'nobody' WHERE seq = 2")
    with Session(register.database.engine) as session:
        previous = audit.NO_HASH
        for event in session.query(AuditEvent).order_by("seq"):
            event.previous_hash = previous
            event.hash = previous = audit.digest(event)
        session.commit()
    assert report(register).whole, "the chain alone can't tell"
    assert report(register, noted).broken_at == 3
