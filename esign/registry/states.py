"""How a letter changes its state: every change compares before it sets.

A letter is given as it was read. If anybody changed it since (its version is another), the change does
not happen and the error says what it is now: of two requests that would sign a letter one does, and a
request that was given up for dead can't come back and release what nobody expects any more.

    draft → reserved → signing → signed → signing … (another official) → withdrawn | replaced
              ↓           ↓ ↘
        draft|failed  as before  unknown → signed | as before (a person settles it)
"""

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlmodel import col

from esign.errors import LetterBusy, LetterStateForbids, LetterUnknown
from esign.registry import numbers, signatures
from esign.registry.models import Letter, Signature, Status
from esign.registry.models.letters import UNFINISHED

_UNRELEASED = (Status.DRAFT, Status.RESERVED, Status.SIGNING, Status.FAILED)


def reserve(session: Session, letter: Letter, at: datetime, until: datetime, claim: str | None) -> Letter:
    """A draft becomes reserved until ``until``. `letters.reserve_draft` claims its number with it."""
    return _set(session, letter, {Status.DRAFT}, Status.RESERVED, at, reserved_until=until, claim=claim)


def renew(session: Session, letter: Letter, at: datetime, until: datetime, claim: str | None = None) -> Letter:
    """A reservation is held on, until ``until``."""
    return _set(
        session, letter, {Status.RESERVED}, Status.RESERVED, at, reserved_until=until, claim=claim or letter.claim
    )


def start_signing(session: Session, letter: Letter, at: datetime, claim: str | None = None) -> Letter:
    """A reserved letter, or a signed one that another official signs too, is being signed from now on.

    ``claim`` tells the request that signs. The letter that comes back is the token with which `release`,
    `undo` or `doubt` end it. Raises `LetterBusy` if another request was first, `LetterStateForbids` in any
    other state.
    """
    return _set(session, letter, {Status.RESERVED, Status.SIGNED}, Status.SIGNING, at, claim=claim)


def release(
    session: Session, letter: Letter, signature: signatures.NewSignature, at: datetime
) -> tuple[Letter, Signature]:
    """The letter is signed, and its new file is the one in force; the signature is entered with it.

    From ``signing``, or from ``unknown`` when the outcome turns out to be a signature. The file must
    be in the blob store already.
    """
    released = _set(
        session,
        letter,
        {Status.SIGNING, Status.UNKNOWN},
        Status.SIGNED,
        at,
        current_sha256=signature.revision_sha256,
        current_size=signature.size,
        released_at=letter.released_at or at,
        reserved_until=None,
    )
    return released, signatures.add(session, released, signature)


def undo(session: Session, letter: Letter, at: datetime) -> Letter:
    """Surely nothing was signed: the letter is as before.

    A released letter is signed again (its earlier file stays in force), a draft is a draft again, any
    other failed; the last two free their number. From ``reserved``, ``signing``, and ``unknown`` when
    the outcome turns out to be no signature.
    """
    undone = _set(
        session,
        letter,
        {Status.RESERVED, Status.SIGNING, Status.UNKNOWN},
        _before(letter),
        at,
        reserved_until=None,
        claim=None,
    )
    if undone.released_at is None:
        numbers.free(session, undone.id)
    return undone


def doubt(session: Session, letter: Letter, at: datetime) -> Letter:
    """The authority was asked to sign and did not answer: number and letter wait until a person settles it."""
    return _set(session, letter, {Status.SIGNING}, Status.UNKNOWN, at, reserved_until=None)


def withdraw(session: Session, letter: Letter, reason: str, at: datetime) -> Letter:
    """The agency takes the letter back, and says why. Its number stays used."""
    return _set(session, letter, {Status.SIGNED}, Status.WITHDRAWN, at, withdrawn_at=at, withdrawn_reason=reason)


def replace(session: Session, letter: Letter, by: Letter, at: datetime) -> Letter:
    """``by``, a signed letter of the same agency, stands in its place from now on.

    Raises `LetterUnknown` if ``by`` is of another agency or is the letter itself, `LetterStateForbids`
    if it is not in force.
    """
    if by.agency_id != letter.agency_id or by.id == letter.id:
        raise LetterUnknown
    if by.status is not Status.SIGNED:
        raise LetterStateForbids(state=by.status.value)
    return _set(session, letter, {Status.SIGNED}, Status.REPLACED, at, replaced_by=by.id)


def discard(session: Session, letter: Letter) -> None:
    """The letter was never released and is forgotten, with its number: what bad input leaves behind is nothing.

    Raises as `start_signing` does if the letter changed since it was read.
    """
    as_read = (
        col(Letter.id) == letter.id,
        col(Letter.version) == letter.version,
        col(Letter.status).in_(_UNRELEASED),
        col(Letter.released_at).is_(None),
    )
    if session.scalars(sa.select(col(Letter.id)).where(*as_read).with_for_update()).first() is None:
        raise _refusal(session, letter.id, _UNRELEASED)
    numbers.free(session, letter.id)
    session.execute(sa.delete(Letter).where(*as_read), execution_options={"synchronize_session": False})
    if letter in session:
        session.expunge(letter)


def is_expired(letter: Letter, at: datetime) -> bool:
    """Whether it is reserved, and its time is over."""
    return letter.status is Status.RESERVED and letter.reserved_until is not None and letter.reserved_until <= at


def expire(session: Session, letter: Letter, at: datetime) -> Letter:
    """An expired reservation ends: a draft again, or failed. Its number is the caller's to hand over or free."""
    return _set(session, letter, {Status.RESERVED}, _before(letter), at, reserved_until=None, claim=None)


def expired(session: Session, at: datetime, limit: int = 100) -> list[Letter]:
    """Letters whose reservation is over, to be ended with `undo`."""
    return _unfinished(session, Status.RESERVED, col(Letter.reserved_until) <= at, limit)


def stalled(session: Session, before: datetime, limit: int = 100) -> list[Letter]:
    """Letters that were last touched before that time and are still being signed: the process died. To be doubted."""
    return _unfinished(session, Status.SIGNING, col(Letter.updated_at) < before, limit)


def _unfinished(session: Session, status: Status, condition: sa.ColumnElement[bool], limit: int) -> list[Letter]:
    """The index's own condition stands in the query word for word: SQLite uses the index for no other."""
    query = sa.select(Letter).where(sa.text(UNFINISHED), col(Letter.status) == status, condition)
    return list(session.scalars(query.order_by(col(Letter.id)).limit(limit)))


def _before(letter: Letter) -> Status:
    if letter.released_at is not None:
        return Status.SIGNED
    return Status.DRAFT if letter.drafted else Status.FAILED


def _set(
    session: Session,
    letter: Letter,
    allowed: Collection[Status],
    to: Status,
    at: datetime,
    **values: datetime | str | int | None,
) -> Letter:
    """Compare and set: one statement, which both databases run one after another for one row."""
    changed = session.scalars(
        sa.update(Letter)
        .where(col(Letter.id) == letter.id, col(Letter.version) == letter.version, col(Letter.status).in_(allowed))
        .values(status=to, updated_at=at, version=letter.version + 1, **values)
        .returning(Letter),
        execution_options={"populate_existing": True, "synchronize_session": False},
    ).one_or_none()
    if changed is None:
        raise _refusal(session, letter.id, allowed)
    return changed


def _refusal(
    session: Session, letter_id: str, allowed: Collection[Status]
) -> LetterBusy | LetterStateForbids | LetterUnknown:
    """Why a letter is not what it was taken for: what it is now.

    In a state that would allow the change, another request was quicker: the next try finds the letter as it is.
    """
    status = session.scalar(sa.select(col(Letter.status)).where(col(Letter.id) == letter_id))
    if status is None:
        return LetterUnknown()
    busy = status in (Status.SIGNING, Status.RESERVED) or status in allowed
    return LetterBusy() if busy else LetterStateForbids(state=status.value)
