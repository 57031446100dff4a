"""What happened: the audit trail, to which lines are added and from which none is taken."""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field

from esign.registry.columns import JsonObject, Row, UtcDateTime, index, rule, sha256_hex


class Event(StrEnum):
    """The kinds of audit events, ``subject:action``. New ones may be added; none is ever renamed."""

    AGENCY_CREATED = "agency:created"
    AGENCY_CHANGED = "agency:changed"
    SIGNER_CREATED = "signer:created"
    SIGNER_CHANGED = "signer:changed"
    SIGNER_LOCKED = "signer:locked"
    AUTHORITY_TRIED = "authority:tried"
    """A trial signature was asked for, which is checked and thrown away."""
    SIGNER_LOCK_LIFTED = "signer:lock_lifted"
    CODE_REQUESTED = "code:requested"
    """A client asked for a one-time code to be sent to a signer."""
    CODE_SENT = "code:sent"
    """A one-time code was mailed. Never which."""
    CREDENTIAL_SEEN = "credential:seen"
    """The state of a credential changed since the authority was last asked."""
    CLIENT_CREATED = "client:created"
    CLIENT_CHANGED = "client:changed"
    CLIENT_REFUSED = "client:refused"
    LETTER_DRAFTED = "letter:drafted"
    LETTER_REFUSED = "letter:refused"
    """Bad input: nothing of it is kept but this."""
    LETTER_RESERVED = "letter:reserved"
    LETTER_RESERVATION_EXPIRED = "letter:reservation_expired"
    LETTER_SIGNING = "letter:signing"
    LETTER_SIGNED = "letter:signed"
    LETTER_FAILED = "letter:failed"
    LETTER_UNKNOWN = "letter:unknown"
    LETTER_SETTLED = "letter:settled"
    """An unknown outcome was settled by a person or by ``esign check``."""
    LETTER_QUARANTINED = "letter:quarantined"
    LETTER_WITHDRAWN = "letter:withdrawn"
    LETTER_REPLACED = "letter:replaced"
    LETTER_DISCARDED = "letter:discarded"
    LETTER_RELEASED = "letter:released"
    """A signed file was handed to somebody."""
    PASSPHRASE_WRONG = "passphrase:wrong"  # noqa: S105
    HASHES_SIGNING = "hashes:signing"
    """Bare hashes are about to be signed; the event names them."""
    HASHES_FAILED = "hashes:failed"
    HASHES_RELEASED = "hashes:released"
    """The signatures over them were handed to the client."""
    SEAL_ACTIVATION_REQUESTED = "seal:activation_requested"
    """A client asked for the code that opens a seal to be sent to its officer."""
    SEAL_ACTIVATION_REVOKED = "seal:activation_revoked"
    SEAL_CODE_MADE = "seal:code_made"
    """A code for a batch of signatures was had with a seal's activation."""
    BLOB_DAMAGED = "blob:damaged"
    BLOB_REMOVED = "blob:removed"
    """Files that nothing in the register named were removed from the blob store."""
    KEYS_ROTATED = "keys:rotated"


class AuditEvent(Row, table=True):
    """One line of the audit trail, chained to the one before it. Triggers refuse UPDATE and DELETE.

    Ids are not foreign keys: what happened outlives what it happened to.
    """

    __tablename__ = "audit_event"
    __table_args__ = (
        index("agency_id", "seq"),
        index("letter_id", "seq"),
        rule("seq", "seq > 0"),
        rule("kind", "kind LIKE '%_:_%'"),
        sha256_hex("previous_hash"),
        sha256_hex("hash"),
    )

    seq: int = Field(
        primary_key=True,
        sa_type=sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
        sa_column_kwargs={"autoincrement": False},
    )
    """1, 2, 3, … without gaps."""
    at: datetime = Field(sa_type=UtcDateTime)
    kind: str = Field(sa_type=sa.Text)
    """An `Event`; text, so that a newer version's kinds can still be read."""
    agency_id: str | None = Field(sa_type=sa.Text, nullable=True)
    client_id: str | None = Field(sa_type=sa.Text, nullable=True)
    letter_id: str | None = Field(sa_type=sa.Text, nullable=True)
    signer_id: str | None = Field(sa_type=sa.Text, nullable=True)
    actor: str = Field(sa_type=sa.Text)
    """Who did it: a client's name, a command's user, the service itself."""
    request_id: str = Field(sa_type=sa.Text)
    data: JsonObject = Field(sa_type=sa.JSON)
    previous_hash: str = Field(sa_type=sa.Text)
    """``hash`` of the event before; 64 zeros for the first."""
    hash: str = Field(sa_type=sa.Text)
    """SHA-256 over ``previous_hash`` and this event (`audit.digest`)."""
