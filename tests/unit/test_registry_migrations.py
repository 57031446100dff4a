import subprocess
import sys
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import CheckConstraint, Engine, inspect

from esign.registry import migrations
from esign.registry.database import open_engine
from esign.registry.models import METADATA
from tests.registers import sqlite_url


def differences(engine: Engine) -> list[object]:
    """What a new migration would have to do: tables, columns, types, keys and indexes by Alembic; CHECKs by us."""
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        found: list[object] = list(compare_metadata(context, METADATA))
    inspector = inspect(engine)
    for table in METADATA.sorted_tables:
        wanted = {str(check.name) for check in table.constraints if isinstance(check, CheckConstraint)}
        there = {str(check["name"]) for check in inspector.get_check_constraints(table.name)}
        found.extend((table.name, name) for name in sorted(wanted ^ there))
    return found


def test_no_migration_is_missing(tmp_path: Path) -> None:
    engine = open_engine(sqlite_url(tmp_path))
    migrations.migrate(engine)
    assert differences(engine) == []
    for table in METADATA.sorted_tables:
        there = {str(check["name"]): check["sqltext"] for check in inspect(engine).get_check_constraints(table.name)}
        for check in table.constraints:
            if isinstance(check, CheckConstraint):
                assert there[str(check.name)] == str(check.sqltext)
    engine.dispose()


def test_a_missing_migration_would_be_noticed(tmp_path: Path) -> None:
    engine = open_engine(sqlite_url(tmp_path))
    migrations.migrate(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP INDEX ix_letter_unfinished")
        connection.exec_driver_sql("ALTER TABLE agency DROP COLUMN domain")
    assert len(differences(engine)) == 2
    engine.dispose()


def test_migrating_again_changes_nothing(tmp_path: Path) -> None:
    engine = open_engine(sqlite_url(tmp_path))
    assert migrations.current(engine) is None
    migrations.migrate(engine)
    before = (tmp_path / "esign.db").read_bytes()
    migrations.migrate(engine)
    assert migrations.current(engine) == migrations.newest()
    engine.dispose()
    assert (tmp_path / "esign.db").stat().st_size >= len(before)


def test_references_are_kept_whole_after_a_migration_too(tmp_path: Path) -> None:
    engine = open_engine(sqlite_url(tmp_path))
    migrations.migrate(engine)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    engine.dispose()


def test_processes_that_start_together_take_turns(tmp_path: Path) -> None:
    program = (
        "import sys; from esign.registry import database, migrations;"
        "engine = database.open_engine(sys.argv[1]); sys.stdin.read(1); migrations.migrate(engine); engine.dispose()"
    )
    command = [sys.executable, "-W", "error", "-c", program, sqlite_url(tmp_path)]
    runners = [subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(3)]
    for runner in runners:
        assert runner.stdin is not None
        runner.stdin.write(b"x")
        runner.stdin.flush()
    assert [(runner.communicate()[1], runner.returncode) for runner in runners] == [(b"", 0)] * 3


def test_what_a_register_of_an_earlier_version_holds_is_kept(tmp_path: Path) -> None:
    """Tables are rebuilt on the way to revision 0003; their rows and what refers to them stay."""
    engine = open_engine(sqlite_url(tmp_path))
    migrations.migrate(engine, "0002")
    with engine.begin() as connection:
        for statement in EARLIER.strip().split(";\n"):
            connection.exec_driver_sql(statement)
    migrations.migrate(engine)
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(
            "SELECT l.number, s.level, o.kind, o.nik_hmac, c.username FROM letter l"
            " JOIN signature s ON s.letter_id = l.id JOIN signer o ON o.id = s.signer_id"
            " JOIN api_client c ON c.id = l.client_id"
        ).all()
    assert [tuple(row) for row in rows] == [("1/2026", "B-LT", "person", "a" * 64, None)]
    engine.dispose()


EARLIER = f"""
INSERT INTO agency VALUES ('a', 'dinas', 'Dinas', 'example.go.id', 'Asia/Jakarta', 'id', '{{}}', 0, '{{}}', NULL, 1,
  '2026-01-01 00:00:00');
INSERT INTO api_client (id, agency_id, name, key_prefix, key_hmac, scopes, enabled, created_at)
  VALUES ('c', 'a', 'app', 'esign_x', '{"b" * 64}', '[]', 1, '2026-01-01 00:00:00');
INSERT INTO signer (id, agency_id, nik_sealed, nik_hmac, name, enabled, created_at, updated_at)
  VALUES ('s', 'a', zeroblob(49), '{"a" * 64}', 'Sari', 1, '2026-01-01 00:00:00', '2026-01-01 00:00:00');
INSERT INTO letter (id, agency_id, client_id, code, number, number_key, year, date, subject, classification, disclosure,
  status, drafted, pages, original_sha256, original_size, certify, planned_signatures, current_sha256, current_size,
  released_at, created_at, updated_at, version)
  VALUES ('l', 'a', 'c', '{"0" * 27}', '1/2026', '1/2026', 2026, '2026-01-01', 'Undangan', 'biasa', 'public',
  'signed', 0, 1, '{"c" * 64}', 9, 0, '[]', '{"d" * 64}', 9, '2026-01-01 00:00:00', '2026-01-01 00:00:00',
  '2026-01-01 00:00:00', 1);
INSERT INTO letter_number VALUES ('a', 2026, '1/2026', 'l');
INSERT INTO signature (id, letter_id, ordinal, signer_id, signer_name, field_name, profile, level, certificate_sha256,
  subject_name, issuer_name, signed_at, timestamp_at, revision_sha256, size, request_id, status)
  VALUES ('g', 'l', 1, 's', 'Sari', 'esign_1', 'B-LT', 'B-LT', '{"e" * 64}', 'Sari', 'CA', '2026-01-01 00:00:00',
  '2026-01-01 00:00:00', '{"d" * 64}', 9, 'r', 'active')
"""
"""One row of each table that is rebuilt, as revision 0002 had them."""
