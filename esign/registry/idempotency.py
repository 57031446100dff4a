"""Idempotency: a request that is sent twice is done once, and answered twice.

A request begins by inserting its key; whoever finds the key there sees what became of it. A request
that died (no sign of life until its lease ended) is begun again by the next one, which is told so.
Success and definite refusals are completed and replayed; what may be tried again is abandoned.
"""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from pydantic import JsonValue
from sqlalchemy.orm import Session
from sqlmodel import col

from esign.errors import IdempotencyInFlight, IdempotencyMismatch
from esign.registry.models import IdempotencyRecord, IdempotencyState
from esign.registry.secrets import Keys
from esign.registry.upsert import insert_unless_there

KEY_PURPOSE = "idempotency key"
FINGERPRINT_PURPOSE = "idempotency fingerprint"
LARGEST_INLINE = 64 * 1024
"""Bytes of an answer that rests in the row; a larger one belongs in the blob store."""
FORGOTTEN_AT_ONCE = 10
"""Answers whose time is over that each new request clears away: more than it adds."""


@dataclass(frozen=True)
class Terms:
    """How long things are kept, from the settings."""

    hours: int = 24
    lease_seconds: int = 300


@dataclass(frozen=True)
class Fingerprint:
    """What a request says, as an HMAC."""

    present: str
    earlier: tuple[str, ...] = ()
    """The same under earlier server keys: how a record from before a change of keys has it."""


@dataclass(frozen=True)
class Begun:
    """A request that is ours to do: the token with which it is renewed, completed or abandoned."""

    client_id: str
    key_hmac: str
    owner: str
    fingerprint: str
    """As the record has it, so that it stays the same over all tries of the request."""
    resumed: bool
    """An earlier try of the same request died. What it did is to be found out before it is done again."""


@dataclass(frozen=True)
class Answer:
    """An answer, as it was given and is given again."""

    http_status: int
    media_type: str | None = None
    headers: Mapping[str, str] | None = None
    body: bytes | None = None
    """A small body (`LARGEST_INLINE`); or …"""
    body_sha256: str | None = None
    """… the name of a blob."""


def fingerprint(
    keys: Keys, client_id: str, path: str, files: Mapping[str, str], fields: Mapping[str, JsonValue]
) -> Fingerprint:
    """What a request says: client, path, SHA-256 of each file by its field, canonical fields.

    ``fields`` must hold neither passphrase nor one-time code: a stored HMAC of them could be guessed at.
    """
    said = json.dumps(
        {"client": client_id, "path": path, "files": dict(files), "fields": dict(fields)},
        sort_keys=True,
        ensure_ascii=False,
        separators=(",", ":"),
        allow_nan=False,
    )
    present, *earlier = keys.macs(FINGERPRINT_PURPOSE, said)
    return Fingerprint(present, tuple(earlier))


def begin(
    session: Session, keys: Keys, client_id: str, key: str, fingerprint: Fingerprint, at: datetime, terms: Terms
) -> Begun | Answer:
    """Begins the request, or gives the answer that it got before.

    Raises `IdempotencyMismatch` if the key was used for a request with another fingerprint, and
    `IdempotencyInFlight` while the first one is being worked on. To be committed before the work is done.
    """
    forget_expired(session, at, FORGOTTEN_AT_ONCE)
    key_hmac = _known_as(session, keys, client_id, key)
    owner = secrets.token_hex(16)
    lease_until, expires_at = at + timedelta(seconds=terms.lease_seconds), at + timedelta(hours=terms.hours)
    fresh = {
        "fingerprint": fingerprint.present,
        "state": IdempotencyState.IN_FLIGHT,
        "owner": owner,
        "lease_until": lease_until,
        "created_at": at,
        "expires_at": expires_at,
    }
    while not insert_unless_there(session, IdempotencyRecord, client_id=client_id, key_hmac=key_hmac, **fresh):
        record = session.get(IdempotencyRecord, (client_id, key_hmac), with_for_update=True, populate_existing=True)
        if record is None:
            continue
        if record.expires_at <= at and (record.state is IdempotencyState.DONE or record.lease_until <= at):
            session.delete(record)
            session.flush()
            continue
        if record.fingerprint not in (fingerprint.present, *fingerprint.earlier):
            raise IdempotencyMismatch
        if record.state is IdempotencyState.DONE:
            return _answer(record)
        if record.lease_until > at:
            raise IdempotencyInFlight
        record.owner, record.lease_until, record.expires_at = owner, lease_until, expires_at
        session.flush()
        return Begun(client_id, key_hmac, owner, record.fingerprint, resumed=True)
    return Begun(client_id, key_hmac, owner, fingerprint.present, resumed=False)


def renew(session: Session, begun: Begun, at: datetime, terms: Terms) -> bool:
    """A sign of life. False if the lease had ended and another request took over: the work must stop."""
    lease = at + timedelta(seconds=terms.lease_seconds)
    return _own(session, begun, sa.update(IdempotencyRecord).values(lease_until=lease))


def complete(session: Session, begun: Begun, answer: Answer, until: datetime | None = None) -> bool:
    """Keeps the answer, in the unit of work that records what was done. False if another request took over.

    ``until`` is the time after which it is given no more, where that is another than the terms said.
    """
    if answer.body is not None and len(answer.body) > LARGEST_INLINE:
        raise ValueError("a large answer belongs in the blob store")
    return _own(
        session,
        begun,
        sa.update(IdempotencyRecord).values(
            state=IdempotencyState.DONE,
            http_status=answer.http_status,
            media_type=answer.media_type,
            headers=dict(answer.headers) if answer.headers is not None else None,
            body=answer.body,
            body_sha256=answer.body_sha256,
            **({"expires_at": until} if until is not None else {}),
        ),
    )


def abandon(session: Session, begun: Begun) -> bool:
    """Forgets the request, so that the same key may try again. False if another request took over."""
    return _own(session, begun, sa.delete(IdempotencyRecord))


def end_leases(session: Session, at: datetime) -> int:
    """Counts every request in flight as crashed: for the one process of an installation, when it starts. How many."""
    ended = session.scalars(
        sa.update(IdempotencyRecord)
        .where(col(IdempotencyRecord.state) == IdempotencyState.IN_FLIGHT, col(IdempotencyRecord.lease_until) > at)
        .values(lease_until=at)
        .returning(col(IdempotencyRecord.key_hmac)),
        execution_options={"synchronize_session": False},
    )
    return len(ended.all())


def forget_expired(session: Session, at: datetime, limit: int = 1000) -> int:
    """Forgets answers whose time is over, at most ``limit``; how many. `begin` does it for a few each time."""
    over = (
        sa.select(col(IdempotencyRecord.client_id), col(IdempotencyRecord.key_hmac))
        .where(
            col(IdempotencyRecord.expires_at) <= at,
            sa.or_(col(IdempotencyRecord.state) == IdempotencyState.DONE, col(IdempotencyRecord.lease_until) <= at),
        )
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    names = [(row[0], row[1]) for row in session.execute(over)]
    for client_id, key_hmac in names:
        session.execute(
            sa.delete(IdempotencyRecord).where(
                col(IdempotencyRecord.client_id) == client_id, col(IdempotencyRecord.key_hmac) == key_hmac
            ),
            execution_options={"synchronize_session": False},
        )
    return len(names)


def needed_until(session: Session, begun_before: datetime, at: datetime) -> datetime | None:
    """Until when requests that began before that time may be sent again; None where none may any more."""
    query = sa.select(sa.func.max(col(IdempotencyRecord.expires_at))).where(
        col(IdempotencyRecord.created_at) < begun_before, col(IdempotencyRecord.expires_at) > at
    )
    return session.scalar(query)


def _known_as(session: Session, keys: Keys, client_id: str, key: str) -> str:
    """The HMAC under which the key is known already (server keys change), or under the present server key."""
    candidates = keys.macs(KEY_PURPOSE, client_id, key)
    query = sa.select(col(IdempotencyRecord.key_hmac)).where(
        col(IdempotencyRecord.client_id) == client_id, col(IdempotencyRecord.key_hmac).in_(candidates)
    )
    return session.scalars(query).first() or candidates[0]


def _own(session: Session, begun: Begun, statement: sa.Update | sa.Delete) -> bool:
    mine = statement.where(
        col(IdempotencyRecord.client_id) == begun.client_id,
        col(IdempotencyRecord.key_hmac) == begun.key_hmac,
        col(IdempotencyRecord.owner) == begun.owner,
        col(IdempotencyRecord.state) == IdempotencyState.IN_FLIGHT,
    )
    done = session.execute(
        mine.returning(col(IdempotencyRecord.owner)), execution_options={"synchronize_session": False}
    )
    return done.first() is not None


def _answer(record: IdempotencyRecord) -> Answer:
    if record.http_status is None:
        raise RuntimeError("a completed request has an answer")
    return Answer(record.http_status, record.media_type, record.headers, record.body, record.body_sha256)
