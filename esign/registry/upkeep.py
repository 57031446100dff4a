"""What keeps the register in order: whether it is ready, which files it names, which blobs nothing names."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session
from sqlmodel import col

from esign.registry import migrations
from esign.registry.blobs import Blobs, StoredBlob
from esign.registry.database import Database
from esign.registry.models import IdempotencyRecord, Letter, QuarantinedFile, Signature, Status

YOUNG = timedelta(hours=24)
"""A blob is put before the row that names it: younger ones are never called unnamed."""
_BATCH = 500

Role = Literal["released", "draft", "quarantined"]


@dataclass(frozen=True)
class NamedFile:
    """A file that the blob store must have, and why."""

    sha256: str
    role: Role
    letter_id: str


def database_problems(database: Database) -> list[str]:
    """What keeps the database from being ready, in plain English; empty when it is. Raises `StorageUnavailable`."""
    found: list[str] = []
    at, wanted = migrations.current(database.engine), migrations.newest()
    if at != wanted:
        found.append(f"the database is at revision {at}, and this program wants {wanted}")
    if database.engine.dialect.name == "postgresql":
        with database.read() as session:
            if session.scalar(sa.text("SHOW synchronous_commit")) == "off":
                found.append("PostgreSQL's synchronous_commit is off: what is acknowledged may be lost")
    return found


def named_files(database: Database) -> Iterator[NamedFile]:
    """Every released file, the letters that wait as drafts, and what is held back; read in batches."""
    drafts = (
        col(Letter.drafted).is_(True),
        col(Letter.released_at).is_(None),
        col(Letter.status) != Status.FAILED,
    )
    released = _in_batches(database, col(Signature.id), col(Signature.letter_id), col(Signature.revision_sha256))
    waiting = _in_batches(database, col(Letter.id), col(Letter.id), col(Letter.original_sha256), *drafts)
    held = _in_batches(database, col(QuarantinedFile.id), col(QuarantinedFile.letter_id), col(QuarantinedFile.sha256))
    yield from (NamedFile(sha256, "released", letter) for letter, sha256 in released)
    yield from (NamedFile(sha256, "draft", letter) for letter, sha256 in waiting)
    yield from (NamedFile(sha256, "quarantined", letter) for letter, sha256 in held)


def names_blob(session: Session, sha256: str) -> bool:
    """Whether a letter, a signature, a quarantined file or an answer to be replayed needs this blob."""
    needs = (
        sa.select(col(Letter.id)).where(col(Letter.original_sha256) == sha256),
        sa.select(col(Signature.id)).where(col(Signature.revision_sha256) == sha256),
        sa.select(col(QuarantinedFile.id)).where(col(QuarantinedFile.sha256) == sha256),
        sa.select(col(IdempotencyRecord.owner)).where(col(IdempotencyRecord.body_sha256) == sha256),
    )
    return session.scalar(sa.select(sa.or_(*(need.exists() for need in needs)))) is True


def unnamed_blobs(database: Database, blobs: Blobs, at: datetime) -> Iterator[StoredBlob]:
    """Blobs older than a day that nothing in the register names: what requests that failed left behind.

    Each is looked up when it is given out, so that what is done with it is done on fresh knowledge.
    """
    for blob in blobs.stored():
        if blob.modified < at - YOUNG:
            with database.read() as session:
                named = names_blob(session, blob.sha256)
            if not named:
                yield blob


def _in_batches(
    database: Database,
    row_id: Mapped[str],
    letter_id: Mapped[str],
    sha256: Mapped[str],
    *conditions: sa.ColumnElement[bool],
) -> Iterator[tuple[str, str]]:
    """Letter and hash of all rows, by the row's id; no transaction stays open in between."""
    query = sa.select(row_id, letter_id, sha256).where(*conditions).order_by(row_id).limit(_BATCH)
    last = ""
    while True:
        with database.read() as session:
            rows = session.execute(query.where(row_id > last)).all()
        if not rows:
            return
        for row in rows:
            last = row[0]
            yield row[1], row[2]
