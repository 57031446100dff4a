"""What keeps the register in order: whether it is ready, which blobs are still named, what has run out."""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlmodel import col

from esign.errors import EsignError
from esign.registry import migrations
from esign.registry.blobs import Blobs, StoredBlob
from esign.registry.database import Database
from esign.registry.models import IdempotencyRecord, Letter, QuarantinedFile, Signature

YOUNG = timedelta(hours=24)
"""A blob is put before the row that names it: younger ones are never called unnamed."""


def problems(database: Database, blobs: Blobs) -> list[str]:
    """What keeps the register from being ready, in plain English; empty when it is ready."""
    found: list[str] = []
    try:
        at, wanted = migrations.current(database.engine), migrations.newest()
        if at != wanted:
            found.append(f"the database is at revision {at}, and this program wants {wanted}")
        if database.engine.dialect.name == "postgresql":
            with database.read() as session:
                if session.scalar(sa.text("SHOW synchronous_commit")) == "off":
                    found.append("PostgreSQL's synchronous_commit is off: what is acknowledged may be lost")
    except EsignError:
        found.append("the database can't be reached")
    try:
        blobs.probe()
    except EsignError:
        found.append("the blob store can't be written and read")
    return found


def names_blob(session: Session, sha256: str) -> bool:
    """Whether a letter, a signature, a quarantined file or an answer to be replayed needs this blob."""
    needs = (
        sa.select(col(Letter.id)).where(col(Letter.original_sha256) == sha256),
        sa.select(col(Signature.id)).where(col(Signature.revision_sha256) == sha256),
        sa.select(col(QuarantinedFile.id)).where(col(QuarantinedFile.sha256) == sha256),
        sa.select(col(IdempotencyRecord.owner)).where(col(IdempotencyRecord.body_sha256) == sha256),
    )
    return session.scalar(sa.select(sa.or_(*(need.exists() for need in needs)))) is True


def unnamed_blobs(session: Session, blobs: Blobs, at: datetime) -> list[StoredBlob]:
    """Blobs older than a day that nothing in the register names: what requests that failed left behind."""
    return [blob for blob in blobs.stored() if blob.modified < at - YOUNG and not names_blob(session, blob.sha256)]


def missing_blobs(session: Session, blobs: Blobs) -> list[str]:
    """Hashes of released files that the blob store does not have."""
    return [sha256 for sha256 in session.scalars(sa.select(col(Signature.revision_sha256))) if not blobs.has(sha256)]
