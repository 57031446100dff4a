"""Letters whose request died, put right; and whether the register and the blobs still hold together."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlmodel import col

from esign.errors import EsignError, LetterUnknown
from esign.registry import audit, idempotency, states
from esign.registry.models import Event, Letter, Signature, Status
from esign.service.services import Services

STALLED_AFTER = timedelta(minutes=10)
"""No request signs for so long: its process died."""
_BATCH = 500


@dataclass(frozen=True)
class Settled:
    """What was put right: ids of letters."""

    freed: tuple[str, ...] = ()
    """Whose reservation was over: their numbers are free."""
    undone: tuple[str, ...] = ()
    """Whose signing broke off before anything came of it: they are as before."""
    doubted: tuple[str, ...] = ()
    """Whose signing broke off after a remote authority may have signed: a person settles them."""


def settle(services: Services, actor: audit.Actor, *, stalled_after: timedelta = STALLED_AFTER) -> Settled:
    """Ends reservations that are over, and signings whose process died. Safe beside a running service.

    Where the authority signs inside the process that died, as the dev CA does, its signature died with
    it. Any other may have counted a signature, or told its owner of one.
    """
    now = services.clock.now()
    freed, undone, doubted = [], [], []
    with services.database.write() as session:
        for letter in states.expired(session, now):
            states.undo(session, letter, now)
            _record(session, Event.LETTER_RESERVATION_EXPIRED, actor, now, letter)
            freed.append(letter.id)
        for letter in states.stalled(session, now - stalled_after):
            if services.dev_ca is not None and _authority_of(session, letter) == services.dev_ca.name:
                states.undo(session, letter, now)
                _record(session, Event.LETTER_SETTLED, actor, now, letter)
                undone.append(letter.id)
            else:
                states.doubt(session, letter, now)
                _record(session, Event.LETTER_UNKNOWN, actor, now, letter)
                doubted.append(letter.id)
    return Settled(tuple(freed), tuple(undone), tuple(doubted))


def settle_after_restart(services: Services, actor: audit.Actor) -> Settled:
    """The same when the one server process of an installation starts: whatever is under way is of one that died."""
    with services.database.write() as session:
        idempotency.end_leases(session, services.clock.now())
    return settle(services, actor, stalled_after=timedelta(0))


def _authority_of(session: Session, letter: Letter) -> str | None:
    """The authority that was last asked to sign the letter, as the audit trail has it."""
    asked = [event for event in audit.of_letter(session, letter.id) if event.kind == Event.LETTER_SIGNING]
    authority = asked[-1].data.get("authority") if asked else None
    return authority if isinstance(authority, str) else None


def _record(session: Session, event: Event, actor: audit.Actor, now: datetime, letter: Letter) -> None:
    audit.record(session, event, actor, now, letter=letter.id, agency=letter.agency_id)


def resolve(services: Services, letter_id: str, actor: audit.Actor) -> Letter:
    """Settles a letter of unknown outcome as not signed, on a person's word: it is as before, its number is free.

    No file of it was ever released, so none can turn up later. Raises `LetterUnknown`, `LetterStateForbids`.
    """
    now = services.clock.now()
    with services.database.write() as session:
        letter = session.get(Letter, letter_id)
        if letter is None or letter.status is not Status.UNKNOWN:
            raise LetterUnknown
        settled = states.undo(session, letter, now)
        audit.record(
            session, Event.LETTER_SETTLED, actor, now, letter=letter.id, agency=letter.agency_id,
            data={"outcome": "not signed"},
        )  # fmt: skip
        return settled


def unknown(services: Services) -> list[Letter]:
    """The letters of unknown outcome, oldest first."""
    with services.database.read() as session:
        query = sa.select(Letter).where(col(Letter.status) == Status.UNKNOWN).order_by(col(Letter.id))
        return list(session.scalars(query))


@dataclass(frozen=True)
class Fault:
    """Something that does not hold together."""

    kind: Literal["audit", "blob"]
    detail: str


def faults(services: Services) -> Iterator[Fault]:
    """Reads everything: the audit chain, and every released file against its hash."""
    with services.database.read() as session:
        chain = audit.verify_chain(session)
    if not chain.whole:
        yield Fault("audit", f"the audit trail is broken at event {chain.broken_at}")
    last = ""
    while True:
        with services.database.read() as session:
            query = sa.select(Signature).where(col(Signature.id) > last).order_by(col(Signature.id)).limit(_BATCH)
            batch = list(session.scalars(query))
        for signature in batch:
            try:
                services.blobs.get(signature.revision_sha256)
            except EsignError as error:
                yield Fault("blob", f"{signature.revision_sha256} of letter {signature.letter_id}: {error.code}")
            last = signature.id
        if not batch:
            return
