"""Signed files that an application may fetch once more, once (contract, section 3.2)."""

import uuid
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlmodel import col

from esign.registry.models import Handout

FORGOTTEN_AT_ONCE = 10
"""Files whose time is over that each new one clears away: more than it adds."""


def offer(
    session: Session, client_id: str, letter_id: str, sha256: str, size: int, at: datetime, hours: int
) -> Handout:
    """Lets the client fetch the file, in the next ``hours``. Clears away some whose time is over."""
    forget(session, at, FORGOTTEN_AT_ONCE)
    handout = Handout(
        id=uuid.uuid4().hex,
        client_id=client_id,
        letter_id=letter_id,
        sha256=sha256,
        size=size,
        created_at=at,
        expires_at=at + timedelta(hours=hours),
        taken_at=None,
    )
    session.add(handout)
    session.flush()
    return handout


def of_client(session: Session, client_id: str, handout_id: str, at: datetime) -> Handout | None:
    """The client's file of that id, where it is still to be had."""
    query = sa.select(Handout).where(
        col(Handout.id) == handout_id,
        col(Handout.client_id) == client_id,
        col(Handout.taken_at).is_(None),
        col(Handout.expires_at) > at,
    )
    return session.scalars(query).one_or_none()


def take(session: Session, handout: Handout, at: datetime) -> bool:
    """Takes it. False where another request was quicker."""
    taken = session.execute(
        sa.update(Handout)
        .where(col(Handout.id) == handout.id, col(Handout.taken_at).is_(None))
        .values(taken_at=at)
        .returning(col(Handout.id)),
        execution_options={"synchronize_session": False},
    )
    return taken.first() is not None


def forget(session: Session, at: datetime, limit: int = 1000) -> int:
    """Forgets files whose time is over, taken or not, at most ``limit``; how many."""
    over = (
        sa.select(col(Handout.id)).where(col(Handout.expires_at) <= at).limit(limit).with_for_update(skip_locked=True)
    )
    names = list(session.scalars(over))
    if names:
        session.execute(
            sa.delete(Handout).where(col(Handout.id).in_(names)), execution_options={"synchronize_session": False}
        )
    return len(names)
