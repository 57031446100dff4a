import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, event, text
from sqlalchemy.exc import IntegrityError, OperationalError

from esign.errors import ConfigurationError, StorageUnavailable
from esign.registry import (
    attempts,
    audit,
    clients,
    database,
    letters,
    migrations,
    numbers,
    search,
    signatures,
    states,
    upkeep,
)
from esign.registry.database import Database
from esign.registry.models import Agency, Signer
from tests.registers import NIK, NOW, Register, migrated_sqlite, open_register, sqlite_url


@pytest.fixture
def register(tmp_path: Path) -> Iterator[Register]:
    with open_register(migrated_sqlite(tmp_path)) as opened:
        yield opened


def test_a_unit_of_work_begins_immediate_and_a_reading_session_does_not(register: Register) -> None:
    said: list[str] = []

    @event.listens_for(register.database.engine, "before_cursor_execute")
    def _hear(*heard: object) -> None:
        said.append(str(heard[2]))

    with register.database.write() as session:
        session.get(Agency, register.agency.id)
    with register.database.read() as session:
        session.get(Agency, register.agency.id)
    assert [line for line in said if line.startswith("BEGIN")] == ["BEGIN IMMEDIATE", "BEGIN DEFERRED"]


def test_a_unit_of_work_holds_the_write_lock_before_it_writes(register: Register, tmp_path: Path) -> None:
    with register.database.write() as session:
        session.get(Agency, register.agency.id)
        other = sqlite3.connect(tmp_path / "esign.db", timeout=0, isolation_level=None)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        assert other.execute("SELECT count(*) FROM agency").fetchone() == (1,), "readers are not in the way"
        other.close()


def test_every_connection_is_durable_and_keeps_references_whole(register: Register) -> None:
    for open_session in (register.database.read, register.database.write):
        with open_session() as session:
            assert session.scalar(text("PRAGMA journal_mode")) == "wal"
            assert session.scalar(text("PRAGMA synchronous")) == 2
            assert session.scalar(text("PRAGMA foreign_keys")) == 1
            assert session.scalar(text("PRAGMA busy_timeout")) == database.BUSY_TIMEOUT_MS
    with pytest.raises(IntegrityError, match="FOREIGN KEY"), register.database.write() as session:
        session.execute(text("DELETE FROM agency"))


def test_a_reading_session_can_not_write(register: Register) -> None:
    with pytest.raises(StorageUnavailable), register.database.read() as session:
        session.execute(text("UPDATE agency SET name = 'x'"))
    with register.database.write() as session:
        session.execute(text("UPDATE agency SET name = 'y'"))


def test_an_exception_undoes_the_whole_unit_of_work(register: Register) -> None:
    def fail_half_way() -> None:
        with register.database.write() as session:
            session.execute(text("UPDATE agency SET name = 'x'"))
            raise KeyError

    with pytest.raises(KeyError):
        fail_half_way()
    with register.database.read() as session:
        assert session.get_one(Agency, register.agency.id).name == "Dinas Kominfo"


def test_rows_stay_readable_after_the_commit(register: Register) -> None:
    assert register.signer.name == "Budi Santoso"
    assert register.signer.created_at == NOW


def test_the_files_of_the_database_are_the_owners_alone(register: Register, tmp_path: Path) -> None:
    for file in tmp_path.glob("esign.db*"):
        assert file.stat().st_mode & 0o777 == 0o600, file.name
    deep = tmp_path / "a" / "b"
    Database(f"sqlite:///{deep / 'x.db'}").close()
    assert [folder.stat().st_mode & 0o777 for folder in (deep, deep.parent)] == [0o700, 0o700]


def test_a_full_disk_is_told_plainly_and_leaves_nothing_half_done(register: Register) -> None:
    def write_too_much() -> None:
        with register.database.write() as session:
            session.execute(text("UPDATE agency SET name = 'x'"))
            session.execute(text("PRAGMA max_page_count = 1"))
            session.execute(text("CREATE TABLE filler AS SELECT hex(randomblob(1000000)) AS data"))

    with pytest.raises(StorageUnavailable):
        write_too_much()
    with register.database.read() as session:
        assert session.get_one(Agency, register.agency.id).name == "Dinas Kominfo"


def test_a_writer_that_waits_too_long_is_told_plainly(
    tmp_path: Path, register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 20)
    impatient = Database(sqlite_url(tmp_path))
    with register.database.write() as session:
        session.execute(text("UPDATE agency SET name = 'x'"))
        with pytest.raises(StorageUnavailable), impatient.write() as other:
            other.execute(text("UPDATE agency SET name = 'z'"))
    impatient.close()


def test_a_file_that_is_no_database_is_told_plainly(tmp_path: Path) -> None:
    (tmp_path / "esign.db").write_bytes(b"not a database, not at all" * 100)
    broken = Database(sqlite_url(tmp_path))
    with pytest.raises(StorageUnavailable), broken.read() as session:
        session.execute(text("SELECT 1"))
    broken.close()


def test_our_own_mistakes_are_not_called_trouble_of_the_storage(register: Register) -> None:
    with pytest.raises(OperationalError, match="no such table"), register.database.read() as session:
        session.execute(text("SELECT * FROM nowhere"))


def test_errors_of_the_database_do_not_show_values(register: Register) -> None:
    with pytest.raises(IntegrityError) as caught, register.database.write() as session:
        session.execute(text("INSERT INTO letter_number VALUES (:nik, 1, 'x', 'y')"), {"nik": NIK})
    assert NIK not in str(caught.value)


def test_a_row_does_not_show_what_is_sealed(register: Register) -> None:
    assert str(register.signer.nik_hmac) not in repr(register.signer)
    assert repr(register.signer.nik_sealed) not in repr(register.signer)
    assert register.client.key_hmac not in repr(register.client)


def test_the_tables_take_no_nik_in_the_clear(register: Register) -> None:
    for column in ("nik_sealed", "nik_hmac"):
        with pytest.raises(IntegrityError), register.database.write() as session:
            session.execute(text(f"UPDATE signer SET {column} = :nik"), {"nik": NIK})
    with register.database.read() as session:
        assert session.get_one(Signer, register.signer.id).nik_hmac == register.signer.nik_hmac


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://x/y", "what is this"])
def test_an_address_that_can_not_be_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Database(url)
    assert caught.value.details["variable"] == "ESIGN_DATABASE_URL"


def test_a_register_is_ready_or_says_why_not(register: Register, tmp_path: Path) -> None:
    assert upkeep.database_problems(register.database) == []
    empty = Database(f"sqlite:///{tmp_path / 'empty.db'}")
    wanted = migrations.newest()
    assert upkeep.database_problems(empty) == [f"the database is at revision None, and this program wants {wanted}"]
    empty.close()


def test_what_is_asked_often_is_answered_from_an_index(register: Register) -> None:
    plans: list[str] = []

    @event.listens_for(register.database.engine, "before_cursor_execute")
    def _explain(
        connection: Connection, cursor: sqlite3.Cursor, statement: str, parameters: tuple[object], *_: object
    ) -> None:
        if statement.startswith("SELECT"):
            explained = cursor.connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall()
            plans.extend(str(step[3]) for step in explained)

    letter, signature = register.signed()
    plans.clear()
    with register.database.read() as session:
        states.expired(session, NOW)
        states.stalled(session, NOW)
        letters.by_code(session, letter.code)
        letters.by_files(session, [signature.revision_sha256])
        search.letters(session, register.agency.id, search.Filters())
        numbers.others(session, letter)
        signatures.of_letter(session, letter.id)
        clients.authenticate(session, register.keys, register.api_key, None)
        audit.of_letter(session, letter.id)
        attempts.locked_for(session, register.signer.id, None, NOW, attempts.Limits())
        upkeep.names_blob(session, "ab" * 32)
    assert len(plans) > 12
    assert [plan for plan in plans if plan.startswith("SCAN") and "USING" not in plan and "CONSTANT" not in plan] == []
