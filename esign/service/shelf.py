"""What was fetched for checks, kept in a file that all processes of a machine share.

A cache and nothing more: it may be deleted at any time, and a broken one is begun anew. Whoever takes something from
it checks it as if it had just come over the network.
"""

import contextlib
import logging
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

from esign.x509.kept import Kept

MOST_KEPT = 4096
"""Entries."""
MOST_BYTES = 128 * 1024 * 1024
"""Octets of all answers together."""
LARGEST = 32 * 1024 * 1024
"""Octets of one answer."""
_WAIT = 2.0

_log = logging.getLogger(__name__)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS kept (
    key TEXT PRIMARY KEY, answer BLOB, reason TEXT NOT NULL, until REAL NOT NULL, size INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS kept_until ON kept (until);
"""


class FileShelf:
    """A shelf in an SQLite file; implements `esign.x509.kept.Shelf`. Close it."""

    def __init__(self, path: Path, *, most: int = MOST_KEPT, most_bytes: int = MOST_BYTES) -> None:
        """Nothing is opened before it is first used."""
        self._path = path
        self._most = most
        self._most_bytes = most_bytes
        self._connection: sqlite3.Connection | None = None
        self._lock = Lock()

    def get(self, key: str) -> Kept | None:
        """See `Shelf.get`."""
        with self._lock:
            try:
                row = self._opened().execute("SELECT answer, reason, until FROM kept WHERE key = ?", (key,)).fetchone()
                if row is None:
                    return None
                answer, reason, until = row
                kept = None if answer is None else bytes(answer)
                return Kept(kept, str(reason), datetime.fromtimestamp(float(until), UTC))
            except (sqlite3.Error, OSError, ValueError, TypeError, OverflowError) as error:
                self._failed(error)
                return None

    def put(self, key: str, kept: Kept) -> None:
        """See `Shelf.put`."""
        size = len(kept.answer or b"") + len(kept.reason)
        if size > LARGEST:
            return
        with self._lock:
            try:
                connection = self._opened()
                with connection:
                    connection.execute("BEGIN IMMEDIATE")
                    connection.execute(
                        "INSERT OR REPLACE INTO kept VALUES (?, ?, ?, ?, ?)",
                        (key, kept.answer, kept.reason, kept.until.timestamp(), size),
                    )
                    self._clear(connection)
            except (sqlite3.Error, OSError) as error:
                self._failed(error)

    def close(self) -> None:
        """Closes the file."""
        with self._lock:
            self._forget()

    def _clear(self, connection: sqlite3.Connection) -> None:
        """Keeps within the bounds: what serves the least longer goes first."""
        count, size = connection.execute("SELECT count(*), coalesce(sum(size), 0) FROM kept").fetchone()
        if count <= self._most and size <= self._most_bytes:
            return
        rows = connection.execute("SELECT key, size FROM kept ORDER BY until").fetchall()
        for key, each in rows:
            if count <= self._most * 3 // 4 and size <= self._most_bytes * 3 // 4:
                break
            connection.execute("DELETE FROM kept WHERE key = ?", (key,))
            count, size = count - 1, size - each

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            connection = sqlite3.connect(
                self._path, timeout=_WAIT, isolation_level=None, check_same_thread=False, cached_statements=8
            )
            try:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = NORMAL")
                connection.executescript(_SCHEMA)
            except BaseException:
                connection.close()
                raise
            self._path.chmod(0o600)
            self._connection = connection
        return self._connection

    def _failed(self, error: Exception) -> None:
        """A file that is no database is begun anew; whatever else is wrong, this time there is no cache."""
        _log.warning("the cache of fetched revocation data fails: %s", type(error).__name__)
        self._forget()
        if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError):
            for suffix in ("", "-wal", "-shm"):
                with contextlib.suppress(OSError):
                    self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)

    def _forget(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None
