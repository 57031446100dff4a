"""The audit trail: events written with what they record, chained by hash, never changed.

``hash = SHA-256(previous hash ‖ canonical JSON of the event)``. Whoever changes, removes or inserts an
event must remake all that follow, and then the newest hash no longer is the one that was noted
elsewhere: `verify_chain` gives the newest hash to note, and takes noted ones to compare. Triggers in
the database refuse UPDATE, DELETE and gaps besides.

`record` only remembers an event; the unit of work writes what it remembers just before it commits, so
that on PostgreSQL the lock which keeps the chain in one line is the last that is taken, and short.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa
from pydantic import JsonValue
from sqlalchemy.orm import Session
from sqlmodel import col

from esign.registry.models import AuditEvent, Event

NO_HASH = "0" * 64
"""What the first event has for the hash of the one before."""
LOCK = 0x657369676E_0001
"""PostgreSQL advisory lock: one transaction at a time adds to the chain."""
BATCH = 1000

_PENDING = "esign.audit.pending"
_NIK = re.compile(r"(?<![0-9A-Za-z])\d{16}(?![0-9A-Za-z])")


@dataclass(frozen=True)
class Actor:
    """Who does something, in which request."""

    name: str
    """A client's name, a command's user, or ``service``."""
    request_id: str
    agency_id: str | None = None
    client_id: str | None = None


@dataclass(frozen=True)
class ChainReport:
    """What `verify_chain` found."""

    events: int
    head: str
    """Hash of the newest event, to be noted elsewhere; `NO_HASH` without events."""
    broken_at: int | None
    """Seq of the first event that does not fit; None when all fit."""

    @property
    def whole(self) -> bool:
        """Whether every event fits."""
        return self.broken_at is None


def record(
    session: Session,
    kind: Event,
    actor: Actor,
    at: datetime,
    *,
    letter: str | None = None,
    signer: str | None = None,
    agency: str | None = None,
    data: Mapping[str, JsonValue] | None = None,
) -> None:
    """Has the event written when this unit of work commits, as part of it.

    ``letter``, ``signer`` and ``agency`` are ids (the agency is the actor's own if none is given).
    ``data`` is public to auditors: no passphrase, no code, and what looks like a NIK is masked.
    """
    if at.tzinfo is None:
        raise ValueError("an event has an aware time")
    pending: list[AuditEvent] = session.info.setdefault(_PENDING, [])
    pending.append(
        AuditEvent(
            seq=0,
            at=at.astimezone(UTC),
            kind=kind.value,
            agency_id=agency or actor.agency_id,
            client_id=actor.client_id,
            letter_id=letter,
            signer_id=signer,
            actor=_NIK.sub(_masked, actor.name),
            request_id=_NIK.sub(_masked, actor.request_id),
            data={key: _without_nik(value) for key, value in (data or {}).items()},
            previous_hash=NO_HASH,
            hash=NO_HASH,
        )
    )


def append_pending(session: Session) -> None:
    """Chains and inserts what `record` remembered. Called by the unit of work, last."""
    pending: list[AuditEvent] = session.info.pop(_PENDING, [])
    if not pending:
        return
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    seq, previous = _head(session)
    for event in pending:
        seq += 1
        event.seq, event.previous_hash = seq, previous
        event.hash = previous = digest(event)
        session.add(event)
        session.flush()


def digest(event: AuditEvent) -> str:
    """The hash of an event, from all its other columns; hexadecimal."""
    canonical = json.dumps(
        {
            "seq": event.seq,
            "at": event.at.astimezone(UTC).isoformat(timespec="microseconds"),
            "kind": event.kind,
            "agency": event.agency_id,
            "client": event.client_id,
            "letter": event.letter_id,
            "signer": event.signer_id,
            "actor": event.actor,
            "request": event.request_id,
            "data": event.data,
        },
        sort_keys=True,
        ensure_ascii=False,
        separators=(",", ":"),
        allow_nan=False,
    )
    return hashlib.sha256(bytes.fromhex(event.previous_hash) + canonical.encode()).hexdigest()


def verify_chain(session: Session, noted: Mapping[int, str] | None = None) -> ChainReport:
    """Checks every event against its hash and its predecessor, and against hashes noted elsewhere by seq.

    A noted seq that is not there any more counts as broken there: the trail was cut off.
    """
    expected, previous = 1, NO_HASH
    remaining = dict(noted or {})
    for event in all_events(session):
        fits = event.seq == expected and event.previous_hash == previous and event.hash == digest(event)
        if not fits or remaining.pop(event.seq, event.hash) != event.hash:
            return ChainReport(events=expected - 1, head=previous, broken_at=expected)
        expected, previous = expected + 1, event.hash
    return ChainReport(events=expected - 1, head=previous, broken_at=min(remaining, default=None))


def all_events(session: Session) -> Iterator[AuditEvent]:
    """The whole trail in order, read in batches and not kept in memory."""
    last = 0
    while batch := session.scalars(
        sa.select(AuditEvent).where(col(AuditEvent.seq) > last).order_by(col(AuditEvent.seq)).limit(BATCH)
    ).all():
        for event in batch:
            yield event
            last = event.seq
            session.expunge(event)


def of_letter(session: Session, letter_id: str) -> list[AuditEvent]:
    """What happened to a letter, in order."""
    query = sa.select(AuditEvent).where(col(AuditEvent.letter_id) == letter_id).order_by(col(AuditEvent.seq))
    return list(session.scalars(query))


def of_agency(session: Session, agency_id: str, *, after: int = 0, limit: int = 100) -> list[AuditEvent]:
    """What happened at an agency after the event ``after``, in order, at most ``limit`` events."""
    query = (
        sa.select(AuditEvent)
        .where(col(AuditEvent.agency_id) == agency_id, col(AuditEvent.seq) > after)
        .order_by(col(AuditEvent.seq))
        .limit(limit)
    )
    return list(session.scalars(query))


def of_kind(session: Session, kind: Event, since: datetime | None = None) -> list[AuditEvent]:
    """The events of one kind, in order, from ``since`` on."""
    query = sa.select(AuditEvent).where(col(AuditEvent.kind) == kind.value).order_by(col(AuditEvent.seq))
    if since is not None:
        query = query.where(col(AuditEvent.at) >= since)
    return list(session.scalars(query))


def newest_of_signer(
    session: Session, kind: Event, agency_id: str, signer_id: str, *, among: int = 1000
) -> datetime | None:
    """When there last was such an event about the signer, as far as his agency's newest ``among`` events tell."""
    newest = (
        sa.select(col(AuditEvent.at).label("at"), col(AuditEvent.kind).label("kind"), col(AuditEvent.signer_id))
        .where(col(AuditEvent.agency_id) == agency_id)
        .order_by(col(AuditEvent.seq).desc())
        .limit(among)
        .subquery()
    )
    query = sa.select(sa.func.max(newest.c.at)).where(newest.c.kind == kind, newest.c.signer_id == signer_id)
    found: datetime | None = session.scalar(query)
    return found


def last_time(session: Session) -> datetime | None:
    """The latest time of the newest events: a clock that is behind it must not sign (design.md, 5.8)."""
    newest = sa.select(AuditEvent).order_by(col(AuditEvent.seq).desc()).limit(16)
    return max((event.at for event in session.scalars(newest)), default=None)


def _head(session: Session) -> tuple[int, str]:
    newest = session.execute(
        sa.select(col(AuditEvent.seq), col(AuditEvent.hash)).order_by(col(AuditEvent.seq).desc()).limit(1)
    ).first()
    return (newest[0], newest[1]) if newest else (0, NO_HASH)


def _without_nik(value: JsonValue) -> JsonValue:
    if isinstance(value, str):
        return _NIK.sub(_masked, value)
    if isinstance(value, list):
        return [_without_nik(item) for item in value]
    if isinstance(value, dict):
        return {key: _without_nik(item) for key, item in value.items()}
    return value


def _masked(match: re.Match[str]) -> str:
    return "*" * 12 + match[0][-4:]
