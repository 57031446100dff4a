"""The history of the register's tables. `migrate` brings a database to the newest state."""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from esign.registry.database import told_plainly

LOCK = 0x657369676E_0002
"""PostgreSQL advisory lock: one process migrates at a time, the others wait and find it done."""


def migrate(engine: Engine, revision: str | None = None) -> None:
    """Brings the tables to the newest revision, in one transaction; processes that start together take turns.

    ``revision`` stops before, for tests of what later ones do. Raises `StorageUnavailable`.
    """
    wanted = revision or newest()
    if current(engine) == wanted:
        return
    with told_plainly(), engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            _migrate_sqlite(connection, wanted)
        else:
            with connection.begin():
                connection.execute(sa.text("SET LOCAL lock_timeout = 0"))
                connection.execute(sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
                _upgrade(connection, wanted)


def current(engine: Engine) -> str | None:
    """The revision that the database is at; None for an empty one. Raises `StorageUnavailable`."""
    with told_plainly(), engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def newest() -> str:
    """The revision that this program wants."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    if head is None:
        raise RuntimeError("the package holds no migrations")
    return head


def _migrate_sqlite(connection: Connection, revision: str) -> None:
    """Tables that are rebuilt must not drop what refers to them, so keys are checked at the end instead.

    The pragma has no effect inside a transaction, so it goes before BEGIN IMMEDIATE, which is the lock.
    """
    raw = connection.connection.cursor()
    raw.execute("PRAGMA query_only = 0")
    raw.execute("PRAGMA foreign_keys = OFF")
    try:
        with connection.execution_options(esign_begin="IMMEDIATE").begin():
            _upgrade(connection, revision)
            broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
            if broken is not None:
                raise RuntimeError(f"after the migration a row of {broken[0]} refers to nothing")
    finally:
        raw.execute("PRAGMA foreign_keys = ON")
        raw.close()


def _upgrade(connection: Connection, revision: str) -> None:
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
