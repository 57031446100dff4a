"""What is remembered of requests: answers to be replayed, and passphrases tried."""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field

from esign.registry.columns import Row, UtcDateTime, index, json_or_null, one_of, rule, sha256_hex, word


class IdempotencyState(StrEnum):
    """Where a request with an Idempotency-Key stands."""

    IN_FLIGHT = "in_flight"
    DONE = "done"


class AttemptOutcome(StrEnum):
    """What became of a passphrase. A right one leaves no row."""

    PENDING = "pending"
    """Being tried, or the process that tried it died: after a minute it counts as wrong."""
    WRONG = "wrong"


class IdempotencyRecord(Row, table=True):
    """A request with an Idempotency-Key, and the answer that it got."""

    __tablename__ = "idempotency_record"
    __table_args__ = (
        sha256_hex("key_hmac"),
        sha256_hex("fingerprint"),
        sha256_hex("body_sha256"),
        one_of("state", IdempotencyState),
        rule("done_has_answer", "state <> 'done' OR http_status IS NOT NULL"),
        rule("one_body", "body IS NULL OR body_sha256 IS NULL"),
    )

    client_id: str = Field(primary_key=True, sa_type=sa.Text, foreign_key="api_client.id")
    key_hmac: str = Field(primary_key=True, sa_type=sa.Text)
    """HMAC of the key: callers put names and numbers into keys."""
    fingerprint: str = Field(sa_type=sa.Text)
    """HMAC of what the request said (`idempotency.fingerprint`)."""
    state: IdempotencyState = Field(sa_type=word(IdempotencyState))
    owner: str = Field(sa_type=sa.Text)
    """Random name of the request that is at work on it; only the owner completes it."""
    lease_until: datetime = Field(sa_type=UtcDateTime)
    """After this an owner in flight counts as crashed."""
    http_status: int | None = Field(sa_type=sa.Integer, nullable=True)
    media_type: str | None = Field(sa_type=sa.Text, nullable=True)
    headers: dict[str, str] | None = Field(sa_type=json_or_null(), nullable=True)
    body: bytes | None = Field(sa_type=sa.LargeBinary, nullable=True, repr=False)
    """A small answer."""
    body_sha256: str | None = Field(sa_type=sa.Text, nullable=True, index=True)
    """A large one, in the blob store."""
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)


class PassphraseAttempt(Row, table=True):
    """A passphrase that is being tried, or was wrong. Never the passphrase."""

    __tablename__ = "passphrase_attempt"
    __table_args__ = (index("signer_id", "at"), one_of("outcome", AttemptOutcome))

    id: str = Field(primary_key=True, sa_type=sa.Text)
    signer_id: str = Field(sa_type=sa.Text, foreign_key="signer.id")
    client_id: str | None = Field(sa_type=sa.Text, foreign_key="api_client.id", nullable=True)
    at: datetime = Field(sa_type=UtcDateTime)
    outcome: AttemptOutcome = Field(sa_type=word(AttemptOutcome))


class Handout(Row, table=True):
    """A signed file that its client may fetch once more, once (the API of BSrE's service, contract 3.2)."""

    __tablename__ = "handout"
    __table_args__ = (sha256_hex("sha256"), rule("id", "length(id) = 32"), rule("size", "size > 0"))

    id: str = Field(primary_key=True, sa_type=sa.Text)
    """``id_dokumen``: 32 hexadecimal digits."""
    client_id: str = Field(sa_type=sa.Text, foreign_key="api_client.id")
    letter_id: str = Field(sa_type=sa.Text, foreign_key="letter.id")
    sha256: str = Field(sa_type=sa.Text)
    """The file, in the blob store."""
    size: int = Field(sa_type=sa.BigInteger)
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)
    taken_at: datetime | None = Field(sa_type=UtcDateTime, nullable=True)
    """When it was fetched."""


class HeldSignatures(Row, table=True):
    """Signature values over hashes that wait to be fetched, once, by the client that has the SAD (CSC API)."""

    __tablename__ = "held_signatures"
    __table_args__ = (sha256_hex("sad_hmac"),)

    sad_hmac: str = Field(primary_key=True, sa_type=sa.Text)
    """HMAC of the signature activation data."""
    client_id: str = Field(sa_type=sa.Text, foreign_key="api_client.id")
    signer_id: str = Field(sa_type=sa.Text, foreign_key="signer.id")
    sealed: bytes = Field(sa_type=sa.LargeBinary, repr=False)
    """Digests and values, sealed and bound to this row (`secrets.Keys.seal`)."""
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)
