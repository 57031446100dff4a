"""Letters whose request died, put right."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Event as Signal
from threading import Thread

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlmodel import col

from esign.errors import LetterBusy, LetterStateForbids, LetterUnknown
from esign.registry import audit, handouts, held, idempotency, states
from esign.registry.models import Event, Letter, Status
from esign.service.services import Services

STALLED_AFTER = timedelta(minutes=10)
"""No request signs for so long: its process died."""
SETTLE_EVERY = timedelta(minutes=1)

_log = logging.getLogger(__name__)


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
    """Ends reservations that are over, and signings whose process died; forgets what waited for nobody.

    Safe beside running servers: a letter that one of them changes meanwhile is left to it. Where the
    authority signs inside the process that died, as the dev CA does, its signature died with it. Any
    other may have counted a signature, or told its owner of one.
    """
    now = services.clock.now()
    freed = [
        letter.id
        for letter in _each(services, lambda session: states.expired(session, now))
        if _ended(services, letter, states.undo, Event.LETTER_RESERVATION_EXPIRED, actor, now)
    ]
    with services.database.write() as session:
        handouts.forget(session, now)
        held.forget(session, now)
    undone, doubted = [], []
    for letter in _each(services, lambda session: states.stalled(session, now - stalled_after)):
        if services.dev_ca is not None and _authority_of(services, letter) == services.dev_ca.name:
            if _ended(services, letter, states.undo, Event.LETTER_SETTLED, actor, now):
                undone.append(letter.id)
        elif _ended(services, letter, states.doubt, Event.LETTER_UNKNOWN, actor, now):
            doubted.append(letter.id)
    return Settled(tuple(freed), tuple(undone), tuple(doubted))


def settle_after_restart(services: Services, actor: audit.Actor) -> Settled:
    """The same when the one server process of an installation starts: whatever is under way is of one that died."""
    with services.database.write() as session:
        idempotency.end_leases(session, services.clock.now())
    return settle(services, actor, stalled_after=timedelta(0))


@contextmanager
def kept_settled(
    services: Services,
    actor: audit.Actor,
    every: timedelta = SETTLE_EVERY,
    tell: Callable[[Settled], None] | None = None,
) -> Iterator[None]:
    """Settles again and again, in a thread of its own, while the context is open.

    Where several servers share a database, one that is killed may not start again soon: the others put
    its letters right. What was settled is told (in the log, if nothing else is given); what fails is
    logged, and tried again the next time.
    """
    ended = Signal()

    def run() -> None:
        while not ended.wait(every.total_seconds()):
            try:
                (tell or told)(settle(services, actor))
            except Exception as error:  # noqa: BLE001 this thread must outlive whatever is wrong this time
                _log.error("letters could not be settled: %s", getattr(error, "code", type(error).__name__))

    thread = Thread(target=run, name="esign-settling", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def told(settled: Settled) -> None:
    """Says in the log what was put right, if anything was."""
    if settled != Settled():
        _log.warning("letters whose process died were settled: %s", settled)


def _each(services: Services, find: Callable[[Session], list[Letter]]) -> Iterator[Letter]:
    """Each letter that is found, once, however many batches it takes."""
    seen: set[str] = set()
    while True:
        with services.database.read() as session:
            found = [letter for letter in find(session) if letter.id not in seen]
        if not found:
            return
        seen.update(letter.id for letter in found)
        yield from found


def _ended(
    services: Services,
    letter: Letter,
    end: Callable[[Session, Letter, datetime], Letter],
    event: Event,
    actor: audit.Actor,
    now: datetime,
) -> bool:
    """Ends it with its audit event; False where somebody else was first."""
    try:
        with services.database.write() as session:
            end(session, letter, now)
            audit.record(session, event, actor, now, letter=letter.id, agency=letter.agency_id)
    except (LetterBusy, LetterStateForbids, LetterUnknown):
        return False
    return True


def _authority_of(services: Services, letter: Letter) -> str | None:
    """The authority that was last asked to sign the letter, as the audit trail has it."""
    with services.database.read() as session:
        asked = [event for event in audit.of_letter(session, letter.id) if event.kind == Event.LETTER_SIGNING]
    authority = asked[-1].data.get("authority") if asked else None
    return authority if isinstance(authority, str) else None


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
