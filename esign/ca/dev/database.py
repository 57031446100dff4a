"""The dev CA's own register: every certificate it issued, and what became of it. Nothing is ever deleted.

SQLite, so that the service and the command line may have it open at once. Times are whole seconds
since 1970, serial numbers are hexadecimal text.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from queue import Empty, LifoQueue
from typing import Any

from asn1crypto import x509

from esign.ca.dev import schema
from esign.ca.dev.folder import new_file
from esign.ca.dev.hierarchy import Issuer, Role
from esign.ca.dev.subject import HolderKind
from esign.errors import AuthorityUnavailable, ConfigurationError
from esign.x509.revocation import RevocationReason

_COLUMNS = "serial, issuer, holder, kind, der, private_key, not_before, not_after, current, revoked_at, reason"
_BUSY_SECONDS = 30


@dataclass(frozen=True)
class Entry:
    """One certificate and its state."""

    serial: int
    issuer: Issuer
    holder: str | None
    kind: HolderKind | None
    der: bytes
    private_key: int | None
    """None for the CA's own, and where the key is elsewhere."""
    not_before: datetime
    not_after: datetime
    current: bool
    revoked_at: datetime | None
    reason: RevocationReason | None

    @property
    def certificate(self) -> x509.Certificate:
        """The certificate itself."""
        return x509.Certificate.load(self.der)

    @property
    def on_hold(self) -> bool:
        """Whether it is suspended."""
        return self.reason is RevocationReason.CERTIFICATE_HOLD


@dataclass(frozen=True)
class StoredCrl:
    """The last CRL of an issuer, and whether anything changed since."""

    number: int
    der: bytes | None
    this_update: datetime | None
    next_update: datetime | None
    changes: int
    """How often the state of one of the issuer's certificates has changed."""
    up_to_date: bool
    """Whether the CRL tells all those changes."""


@dataclass(frozen=True)
class NewKey:
    """A holder's private key, to be kept."""

    sealed: bytes
    """Under its passphrase (PKCS #8, DER)."""
    copy: bytes
    """Under the folder's key (`esign.ca.dev.vault.Vault`)."""


@dataclass(frozen=True)
class StoredCode:
    """A one-time code, as far as it is known here."""

    id: int
    digest: bytes
    """HMAC of holder, purpose and code."""
    signatures: int | None
    """How many it is good for yet; None for the activation of a seal, which makes none."""
    wrong: int
    """How often another one was tried in its place."""
    sent_at: datetime
    expires_at: datetime


class Database:
    """Connections to the register; safe in threads, and with other processes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._idle: LifoQueue[sqlite3.Connection] = LifoQueue()

    @classmethod
    def create(cls, path: Path, pki_url: str, tag: str) -> "Database":
        """A new register in a new file, 0600."""
        new_file(path, b"")
        database = cls(path)
        connection = database._connect()
        connection.execute("PRAGMA journal_mode = WAL")
        database._idle.put(connection)
        with database._connection("BEGIN IMMEDIATE") as writing:
            schema.bring_up(writing)
            writing.execute("INSERT INTO authority VALUES (?, ?)", (tag, pki_url))
        return database

    def upgrade(self) -> None:
        """Brings a register of an older version up to this one's.

        Raises `ConfigurationError` for one of a newer version, `AuthorityUnavailable` where it can't be written.
        """
        with self._connection("BEGIN") as connection:
            found = schema.version(connection)
        if found > schema.VERSION:
            reason = f"{self._path} was written by a newer version of this program"
            raise ConfigurationError(variable="ESIGN_CA_DIR", reason=reason)
        if found < schema.VERSION:
            with self._connection("BEGIN IMMEDIATE") as connection:
                schema.bring_up(connection)

    def close(self) -> None:
        """Closes what is idle."""
        with suppress(Empty):
            while True:
                self._idle.get_nowait().close()

    @contextmanager
    def reading(self) -> Iterator["Reader"]:
        """A consistent view. Raises `AuthorityUnavailable` where the register can't be read."""
        with self._connection("BEGIN") as connection:
            yield Reader(connection)

    @contextmanager
    def writing(self) -> Iterator["Writer"]:
        """The one writer among all processes; all of the block is kept, or nothing.

        Raises `AuthorityUnavailable` where the register can't be written.
        """
        with self._connection("BEGIN IMMEDIATE") as connection:
            yield Writer(connection)

    @contextmanager
    def _connection(self, begin: str) -> Iterator[sqlite3.Connection]:
        try:
            try:
                connection = self._idle.get_nowait()
            except Empty:
                connection = self._connect()
            try:
                connection.execute(begin)
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")
                raise
            finally:
                self._idle.put(connection)
        except sqlite3.Error as error:
            raise AuthorityUnavailable(authority="dev") from error

    def _connect(self) -> sqlite3.Connection:
        # mode=rw: a register that is missing is an error, never a new and empty one.
        connection = sqlite3.connect(
            f"{self._path.absolute().as_uri()}?mode=rw",
            uri=True,
            timeout=_BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        return connection


class Reader:
    """Questions to the register."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def pki_url(self) -> str:
        """The address that the current certificates carry."""
        return str(self._one("SELECT pki_url FROM authority")[0])

    def tag(self) -> str:
        """What tells this CA's names from those of other dev CAs."""
        return str(self._one("SELECT tag FROM authority")[0])

    def of_serial(self, issuer: Issuer, serial: int) -> Entry | None:
        """The certificate of that issuer and serial number."""
        return self._entry("issuer = ? AND serial = ?", issuer, f"{serial:x}")

    def of_role(self, role: Role) -> Entry:
        """The current certificate of one of the CA's own."""
        entry = self._entry("role = ? AND current", role)
        if entry is None:
            raise AuthorityUnavailable(authority="dev")
        return entry

    def of_holder(self, holder: str) -> Entry | None:
        """A holder's current certificate."""
        return self._entry("holder = ? AND current", holder)

    def of_holders(self, holder: str | None = None) -> list[Entry]:
        """Every certificate of a holder, or of all, in the order of holders and of issuing."""
        if holder is None:
            return self._entries("holder IS NOT NULL ORDER BY holder, rowid")
        return self._entries("holder = ? ORDER BY rowid", holder)

    def revoked(self, issuer: Issuer) -> list[Entry]:
        """Every certificate of the issuer that is revoked or on hold."""
        return self._entries("issuer = ? AND revoked_at IS NOT NULL ORDER BY revoked_at, rowid", issuer)

    def private_key(self, identifier: int) -> bytes:
        """An encrypted private key (PKCS #8, DER)."""
        return bytes(self._one("SELECT pkcs8 FROM private_key WHERE id = ?", identifier)[0])

    def key_copy(self, identifier: int) -> bytes | None:
        """The copy of a private key under the folder's key; None for keys from before there were copies."""
        copy = self._one("SELECT copy FROM private_key WHERE id = ?", identifier)[0]
        return None if copy is None else bytes(copy)

    def with_public_key(self, info: bytes) -> list[Entry]:
        """Every certificate of that SubjectPublicKeyInfo (DER)."""
        return self._entries("instr(der, ?) > 0 ORDER BY rowid", info)

    def code(self, holder: str, purpose: str) -> StoredCode | None:
        """The newest code of a holder for a purpose."""
        row = self._connection.execute(
            "SELECT id, digest, signatures, wrong, sent_at, expires_at FROM code WHERE holder = ? AND purpose = ?",
            (holder, purpose),
        ).fetchone()
        if row is None:
            return None
        sent, expires = (datetime.fromtimestamp(seconds, UTC) for seconds in row[4:])
        return StoredCode(row[0], row[1], row[2], row[3], sent, expires)

    def crl(self, issuer: Issuer) -> StoredCrl:
        """The last CRL."""
        row = self._one(
            "SELECT number, der, this_update, next_update, changes, der_changes IS changes FROM crl WHERE issuer = ?",
            issuer,
        )
        return StoredCrl(row[0], row[1], _moment(row[2]), _moment(row[3]), row[4], bool(row[5]))

    def _entry(self, condition: str, *values: str | bytes) -> Entry | None:
        return next(iter(self._entries(condition, *values)), None)

    def _entries(self, condition: str, *values: str | bytes) -> list[Entry]:
        rows = self._connection.execute(f"SELECT {_COLUMNS} FROM certificate WHERE {condition}", values)  # noqa: S608
        return [
            Entry(
                serial=int(row[0], 16),
                issuer=Issuer(row[1]),
                holder=row[2],
                kind=HolderKind(row[3]) if row[3] else None,
                der=row[4],
                private_key=row[5],
                not_before=datetime.fromtimestamp(row[6], UTC),
                not_after=datetime.fromtimestamp(row[7], UTC),
                current=bool(row[8]),
                revoked_at=_moment(row[9]),
                reason=RevocationReason(row[10]) if row[10] else None,
            )
            for row in rows
        ]

    def _one(self, statement: str, *values: str | int) -> tuple[Any, ...]:
        row: tuple[Any, ...] | None = self._connection.execute(statement, values).fetchone()
        if row is None:
            raise AuthorityUnavailable(authority="dev")
        return row


class Writer(Reader):
    """Questions and changes, in one transaction."""

    def add_role(self, role: Role, issuer: Issuer, certificate: bytes) -> None:
        """Makes a certificate the current one of a role."""
        self._connection.execute("UPDATE certificate SET current = 0 WHERE role = ? AND current", (role,))
        self._add(certificate, issuer, role=role)

    def add_holder(
        self, holder: str, kind: HolderKind, issuer: Issuer, certificate: bytes, private_key: int | NewKey | None
    ) -> None:
        """Makes a certificate the current one of a holder, over a stored key, a new one, or (None) one elsewhere."""
        if isinstance(private_key, NewKey):
            cursor = self._connection.execute(
                "INSERT INTO private_key (pkcs8, copy) VALUES (?, ?)", (private_key.sealed, private_key.copy)
            )
            private_key = cursor.lastrowid or 0
        self._connection.execute("UPDATE certificate SET current = 0 WHERE holder = ? AND current", (holder,))
        self._add(certificate, issuer, holder=holder, kind=kind, private_key=private_key)

    def set_state(self, entry: Entry, revoked_at: datetime | None, reason: RevocationReason | None) -> None:
        """Revokes, suspends, or (with None) takes a hold back."""
        self._connection.execute(
            "UPDATE certificate SET revoked_at = ?, reason = ? WHERE serial = ?",
            (None if revoked_at is None else int(revoked_at.timestamp()), reason, f"{entry.serial:x}"),
        )
        self._connection.execute("UPDATE crl SET changes = changes + 1 WHERE issuer = ?", (entry.issuer,))

    def set_crl(self, issuer: Issuer, crl: StoredCrl) -> None:
        """Keeps a new CRL."""
        times = [int(moment.timestamp()) for moment in (crl.this_update, crl.next_update) if moment is not None]
        self._connection.execute(
            "UPDATE crl SET number = ?, der = ?, der_changes = ?, this_update = ?, next_update = ? WHERE issuer = ?",
            (crl.number, crl.der, crl.changes, *times, issuer),
        )

    def set_code(
        self, holder: str, purpose: str, digest: bytes, signatures: int | None, sent_at: datetime, expires_at: datetime
    ) -> int:
        """Keeps a new code in the place of the earlier one; gives its id."""
        cursor = self._connection.execute(
            "INSERT OR REPLACE INTO code (holder, purpose, digest, signatures, sent_at, expires_at)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (holder, purpose, digest, signatures, int(sent_at.timestamp()), int(expires_at.timestamp())),
        )
        return cursor.lastrowid or 0

    def count_wrong(self, identifier: int) -> None:
        """One more wrong try in the place of a code."""
        self._connection.execute("UPDATE code SET wrong = wrong + 1 WHERE id = ?", (identifier,))

    def change_left(self, identifier: int, by: int) -> None:
        """Takes signatures from a code, or gives them back; nothing where it has been replaced."""
        self._connection.execute("UPDATE code SET signatures = signatures + ? WHERE id = ?", (by, identifier))

    def drop_code(self, identifier: int) -> None:
        """Forgets a code."""
        self._connection.execute("DELETE FROM code WHERE id = ?", (identifier,))

    def set_pki_url(self, pki_url: str) -> None:
        """Records the address that the current certificates carry."""
        self._connection.execute("UPDATE authority SET pki_url = ?", (pki_url,))

    def _add(
        self,
        certificate: bytes,
        issuer: Issuer,
        role: Role | None = None,
        holder: str | None = None,
        kind: HolderKind | None = None,
        private_key: int | None = None,
    ) -> None:
        parsed = x509.Certificate.load(certificate)
        self._connection.execute(
            "INSERT INTO certificate (serial, issuer, role, holder, kind, der, private_key, not_before, not_after,"
            " current) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 1)",
            (
                f"{parsed.serial_number:x}",
                issuer,
                role,
                holder,
                kind,
                certificate,
                private_key,
                int(parsed.not_valid_before.timestamp()),
                int(parsed.not_valid_after.timestamp()),
            ),
        )


def _moment(seconds: int | None) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds is not None else None
