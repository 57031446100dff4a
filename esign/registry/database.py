"""The database: SQLite or PostgreSQL behind one door, and the unit of work.

`Database.read` and `Database.write` are the only ways to a session. A writing unit of work commits
once, when its block ends, and its audit events are chained and written last; an exception undoes all
of it. On SQLite it begins with BEGIN IMMEDIATE, so that two writers queue up instead of failing in the
middle; on PostgreSQL it runs at READ COMMITTED, on which compare-and-set and unique keys rely.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from esign.errors import ConfigurationError, StorageUnavailable
from esign.registry import audit, durable

BUSY_TIMEOUT_MS = 15_000
"""How long a writer waits for another on SQLite."""
POOL_SIZE = 8
POOL_OVERFLOW = 40
"""Together as many as the server has threads with the default limits (`esign.api.app`); with larger ones a request may
wait for a connection, which nobody holds for long."""
POSTGRESQL_OPTIONS = "-c lock_timeout=15s -c idle_in_transaction_session_timeout=120s -c timezone=UTC"
SQLITE_TROUBLE = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_NOTADB,
    }
)
"""What SQLite answers when the file, the disk or another writer is in the way; anything else is our mistake."""
BEGIN_OPTION = "esign_begin"
"""Execution option of a connection: how its transactions begin on SQLite."""


class Database:
    """The engine, and sessions over it. One for a process."""

    def __init__(self, url: str) -> None:
        self.engine = open_engine(url)
        self._reading: Engine
        self._writing: Engine
        if self.engine.dialect.name == "sqlite":
            self._reading = self.engine.execution_options(**{BEGIN_OPTION: "DEFERRED"})
            self._writing = self.engine.execution_options(**{BEGIN_OPTION: "IMMEDIATE"})
        else:
            self._reading = self.engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            self._writing = self.engine.execution_options(isolation_level="READ COMMITTED")

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that sees one state of the register and can't change it.

        Raises `StorageUnavailable` when the database is not to be had.
        """
        with told_plainly(), Session(self._reading, expire_on_commit=False, autoflush=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A unit of work: committed once when the block ends, undone if it raises.

        Rows that it gives out stay readable after the commit. Raises `StorageUnavailable` when the
        database is not to be had, is full, or another writer keeps it for too long; then nothing is
        recorded. Acknowledged means on disk.
        """
        with told_plainly(), Session(self._writing, expire_on_commit=False) as session:
            yield session
            session.flush()
            audit.append_pending(session)
            session.commit()

    def close(self) -> None:
        """Closes all connections."""
        self.engine.dispose()


def open_engine(url: str) -> Engine:
    """An engine for ``sqlite:///…`` (the file is made, mode 0600) or ``postgresql://…`` (through psycopg 3).

    Raises `ConfigurationError` for an address that it can't make sense of, `StorageUnavailable` if the
    file can't be made.
    """
    try:
        address = make_url(url)
    except ArgumentError:
        raise ConfigurationError(variable="ESIGN_DATABASE_URL", reason="it is no database address") from None
    if address.get_backend_name() == "sqlite":
        return _open_sqlite(address)
    if address.get_backend_name() != "postgresql":
        raise ConfigurationError(variable="ESIGN_DATABASE_URL", reason="it must be SQLite or PostgreSQL")
    try:
        return sa.create_engine(
            address.set(drivername="postgresql+psycopg"),
            pool_size=POOL_SIZE,
            max_overflow=POOL_OVERFLOW,
            pool_pre_ping=True,
            hide_parameters=True,
            connect_args={"connect_timeout": 10, "options": POSTGRESQL_OPTIONS},
        )
    except ModuleNotFoundError:
        raise ConfigurationError(
            variable="ESIGN_DATABASE_URL", reason="psycopg is not installed (pip install 'esign[postgresql]')"
        ) from None


def _open_sqlite(address: URL) -> Engine:
    if not address.database or address.database == ":memory:":
        raise ConfigurationError(variable="ESIGN_DATABASE_URL", reason="the SQLite database must be a file")
    path = Path(address.database)
    try:
        durable.make_folder(path.parent)
        if not path.exists():
            path.touch(mode=durable.FILE_MODE)
    except OSError as error:
        raise StorageUnavailable(store="database") from error
    engine = sa.create_engine(
        address,
        pool_size=POOL_SIZE,
        max_overflow=POOL_OVERFLOW,
        hide_parameters=True,
        connect_args={"timeout": BUSY_TIMEOUT_MS / 1000},
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    """Durable and strict, on each new connection. Python's own BEGIN is switched off; `_begin_sqlite` says it."""
    assert isinstance(connection, sqlite3.Connection)  # noqa: S101
    connection.isolation_level = None
    for pragma in (
        f"busy_timeout = {BUSY_TIMEOUT_MS}",
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        "trusted_schema = OFF",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    """BEGIN IMMEDIATE for a unit of work; a reading session begins deferred, and refuses to write."""
    mode: Literal["DEFERRED", "IMMEDIATE"] = connection.get_execution_options().get(BEGIN_OPTION, "DEFERRED")
    reading = BEGIN_OPTION in connection.get_execution_options() and mode == "DEFERRED"
    connection.exec_driver_sql(f"PRAGMA query_only = {int(reading)}")
    connection.exec_driver_sql(f"BEGIN {mode}")


@contextmanager
def told_plainly() -> Iterator[None]:
    """A database that is down, locked or full is `StorageUnavailable`; other errors are programming errors."""
    try:
        yield
    except PoolTimeout as error:
        raise StorageUnavailable(store="database") from error
    except DBAPIError as error:
        if _is_trouble(error):
            raise StorageUnavailable(store="database") from error
        raise


def _is_trouble(error: DBAPIError) -> bool:
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code is not None:
        return code & 0xFF in SQLITE_TROUBLE  # the low byte is the primary code, the rest says more of it
    return isinstance(error, OperationalError | InterfaceError)
