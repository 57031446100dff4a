"""Wrong passphrases: counted before they are tried, so that no race gives anybody more guesses.

An attempt is entered first and then tried. If it was right, it and the earlier wrong ones of the same
client and signer are forgotten; if it was wrong, it stays. `Limits.per_client` wrong ones within the
window lock the signer for that client, `Limits.per_signer` over all clients lock the signer for
everybody. Attempts that are being tried count towards the limits too: more of them at once than guesses
are left have to wait. One whose process died counts as wrong.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlmodel import col

from esign.errors import Busy, SignerLocked
from esign.registry import ids
from esign.registry.models import AttemptOutcome, PassphraseAttempt, Signer

PENDING_FOR = timedelta(seconds=60)
"""How long an attempt may take; after that it counts as wrong."""


@dataclass(frozen=True)
class Limits:
    """From the settings."""

    per_client: int = 5
    per_signer: int = 20
    window_seconds: int = 900
    lock_seconds: int = 900
    """At least as long as the window."""


@dataclass(frozen=True)
class Attempt:
    """An attempt that may now be made: the token with which its outcome is told."""

    id: str
    signer_id: str
    client_id: str | None


@dataclass(frozen=True)
class Lock:
    """A signer who can't sign through a client now; through every client that tried, where all are locked."""

    signer_id: str
    client_id: str
    seconds: int
    """How long it lasts yet."""


def reserve(session: Session, signer_id: str, client_id: str | None, at: datetime, limits: Limits) -> Attempt:
    """Enters an attempt. To be committed before the passphrase is tried.

    Raises `SignerLocked`, with the seconds that the lock still lasts, and `Busy` while as many attempts
    are being tried at once as guesses are left.
    """
    session.execute(sa.select(col(Signer.id)).where(col(Signer.id) == signer_id).with_for_update(key_share=True))
    _forget(session, signer_id, at - timedelta(seconds=limits.window_seconds + limits.lock_seconds))
    seconds = locked_for(session, signer_id, client_id, at, limits)
    if seconds:
        raise SignerLocked(seconds=seconds)
    if _left(session, signer_id, client_id, at, limits) <= 0:
        raise Busy
    row = PassphraseAttempt(
        id=ids.new(), signer_id=signer_id, client_id=client_id, at=at, outcome=AttemptOutcome.PENDING
    )
    session.add(row)
    session.flush()
    return Attempt(row.id, signer_id, client_id)


def forgive(session: Session, attempt: Attempt) -> None:
    """It was right: it is forgotten, and so are the earlier wrong ones through the same client.

    Those through other clients stay: who guesses there does not gain by the signer's working here.
    """
    session.execute(
        sa.delete(PassphraseAttempt).where(
            col(PassphraseAttempt.signer_id) == attempt.signer_id,
            _through(attempt.client_id),
            sa.or_(col(PassphraseAttempt.outcome) == AttemptOutcome.WRONG, col(PassphraseAttempt.id) == attempt.id),
        ),
        execution_options={"synchronize_session": False},
    )


def confirm_wrong(session: Session, attempt: Attempt, at: datetime, limits: Limits) -> int:
    """It was wrong: it stays. How many guesses are left; with 0 the signer is locked."""
    session.execute(
        sa.update(PassphraseAttempt)
        .where(col(PassphraseAttempt.id) == attempt.id)
        .values(outcome=AttemptOutcome.WRONG),
        execution_options={"synchronize_session": False},
    )
    return max(0, _left(session, attempt.signer_id, attempt.client_id, at, limits))


def take_back(session: Session, attempt: Attempt) -> None:
    """It was not tried, because the authority did not answer: it is forgotten, and nothing else."""
    session.execute(
        sa.delete(PassphraseAttempt).where(col(PassphraseAttempt.id) == attempt.id),
        execution_options={"synchronize_session": False},
    )


def locked_for(session: Session, signer_id: str, client_id: str | None, at: datetime, limits: Limits) -> int:
    """Seconds that the signer is still locked for this client; 0 if he is not."""
    wrong = [
        (tried_at, client)
        for tried_at, client, outcome in _tried(session, signer_id)
        if outcome is AttemptOutcome.WRONG or tried_at <= at - PENDING_FOR
    ]
    return max(
        _lock([tried_at for tried_at, client in wrong if client == client_id], limits.per_client, at, limits),
        _lock([tried_at for tried_at, _ in wrong], limits.per_signer, at, limits),
    )


def locks(session: Session, at: datetime, limits: Limits) -> list[Lock]:
    """All locks that are on, each once."""
    tried = sa.select(col(PassphraseAttempt.signer_id), col(PassphraseAttempt.client_id)).distinct()
    pairs = sorted((row[0], row[1] or "") for row in session.execute(tried))
    found = (
        Lock(signer_id, client_id, seconds)
        for signer_id, client_id in pairs
        if (seconds := locked_for(session, signer_id, client_id or None, at, limits))
    )
    return list(found)


def lift(session: Session, signer_id: str) -> int:
    """Forgets all attempts for this signer, so that no lock is left; how many there were."""
    gone = session.scalars(
        sa.delete(PassphraseAttempt)
        .where(col(PassphraseAttempt.signer_id) == signer_id)
        .returning(col(PassphraseAttempt.id)),
        execution_options={"synchronize_session": False},
    )
    return len(gone.all())


def _lock(wrong: list[datetime], limit: int, at: datetime, limits: Limits) -> int:
    """Seconds left of the lock that the newest ``limit`` wrong attempts cause, if they lie within one window."""
    if len(wrong) < limit or wrong[0] - wrong[limit - 1] >= timedelta(seconds=limits.window_seconds):
        return 0
    until = wrong[0] + timedelta(seconds=limits.lock_seconds)
    return max(0, ceil((until - at).total_seconds()))


def _left(session: Session, signer_id: str, client_id: str | None, at: datetime, limits: Limits) -> int:
    """How many more attempts may be made in this window, those that are being tried counted as if wrong."""
    since = at - timedelta(seconds=limits.window_seconds)
    clients = [client for tried_at, client, _ in _tried(session, signer_id) if tried_at > since]
    return min(limits.per_client - clients.count(client_id), limits.per_signer - len(clients))


def _tried(session: Session, signer_id: str) -> list[tuple[datetime, str | None, AttemptOutcome]]:
    """When, through which client, with what outcome; the newest first. Never more than a few times the limits."""
    query = (
        sa.select(col(PassphraseAttempt.at), col(PassphraseAttempt.client_id), col(PassphraseAttempt.outcome))
        .where(col(PassphraseAttempt.signer_id) == signer_id)
        .order_by(col(PassphraseAttempt.at).desc(), col(PassphraseAttempt.id).desc())
    )
    return [(row[0], row[1], row[2]) for row in session.execute(query)]


def _forget(session: Session, signer_id: str, before: datetime) -> None:
    session.execute(
        sa.delete(PassphraseAttempt).where(
            col(PassphraseAttempt.signer_id) == signer_id, col(PassphraseAttempt.at) < before
        ),
        execution_options={"synchronize_session": False},
    )


def _through(client_id: str | None) -> sa.ColumnElement[bool]:
    column = col(PassphraseAttempt.client_id)
    return column.is_(None) if client_id is None else column == client_id
