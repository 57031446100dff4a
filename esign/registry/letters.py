"""Letters: how they enter the register, hold their number, and are found again.

How they change their state afterwards is in `states`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date as Date  # noqa: N812  (a letter has a field named date)
from datetime import datetime, timedelta
from typing import Literal

import sqlalchemy as sa
from pydantic import Field, JsonValue
from sqlalchemy.orm import Session
from sqlmodel import col

from esign.errors import (
    CodeUnknown,
    LetterBusy,
    LetterStateForbids,
    LetterUnknown,
    NumberTaken,
    SigningOutcomeUnknown,
)
from esign.registry import codes, ids, numbers, states
from esign.registry.inputs import Input, Line, Sha256
from esign.registry.models import Disclosure, Letter, Signature, SignatureState, Status


class NewLetter(Input):
    """A letter to be entered."""

    agency_id: str
    client_id: str | None
    number: Line | None
    """None for one that was handed in without."""
    date: Date
    subject: Line | None
    classification: Line
    """The agency's own word."""
    disclosure: Disclosure
    pages: int = Field(ge=1)
    original_sha256: Sha256
    original_size: int = Field(ge=1)
    certify: bool = False
    planned_signatures: tuple[JsonValue, ...] = ()


@dataclass(frozen=True)
class Rules:
    """The rules of reservations, from the settings."""

    minutes: int = 15
    """How long an unfinished letter holds its number."""
    duplicates: Literal["refuse", "warn"] = "refuse"
    """What happens to a number that the agency already used that year."""


@dataclass(frozen=True)
class Reservation:
    """A letter that is reserved."""

    letter: Letter
    resumed: bool = False
    """It is the reservation of an earlier try of the same request."""
    duplicates: tuple[str, ...] = ()
    """Ids of letters that use the same number; only where duplicates are merely warned of."""
    expired: tuple[Letter, ...] = ()
    """Letters whose expired reservation gave way: they are failed, or drafts again."""


def draft(session: Session, new: NewLetter, at: datetime) -> Letter:
    """Enters a letter that is not to be signed yet. It has a code, which answers as unknown, and holds no number."""
    letter = _row(new, at, status=Status.DRAFT, claim=None, reserved_until=None)
    session.add(letter)
    session.flush()
    return letter


def reserve(session: Session, new: NewLetter, at: datetime, rules: Rules, claim: str | None = None) -> Reservation:
    """Enters a letter and reserves its number and its code, before its QR is drawn (design.md, 5.3).

    ``claim`` tells the request (its idempotency fingerprint): a later try of the same request takes
    its own reservation over, with the same letter and code. An expired reservation of anybody gives
    way. Raises `NumberTaken`; `LetterBusy` and `SigningOutcomeUnknown` where the earlier try of the same
    request is still signing (or died at it, which `stalled` finds out), or nobody knows what came of it.
    """
    own = _own_unfinished(session, new, claim)
    if own is not None and own.status is Status.SIGNING:
        raise LetterBusy
    if own is not None and own.status is Status.UNKNOWN:
        raise SigningOutcomeUnknown
    if own is not None:
        renewed = states.renew(session, own, at, at + timedelta(minutes=rules.minutes))
        return Reservation(renewed, resumed=True)
    until = at + timedelta(minutes=rules.minutes)
    letter = _row(new, at, status=Status.RESERVED, claim=claim, reserved_until=until)
    session.add(letter)
    session.flush()
    return _with_number(session, letter, at, rules)


def reserve_draft(
    session: Session, letter: Letter, at: datetime, rules: Rules, claim: str | None = None
) -> Reservation:
    """Reserves the number of a draft, so that it can be signed.

    Raises `NumberTaken`, `LetterBusy` where another request has it reserved, and `LetterStateForbids`
    for a letter that is no draft any more.
    """
    until = at + timedelta(minutes=rules.minutes)
    if letter.status is Status.RESERVED:
        own = claim is not None and letter.claim == claim
        if not own and letter.reserved_until is not None and letter.reserved_until > at:
            raise LetterBusy
        return Reservation(states.renew(session, letter, at, until, claim=claim), resumed=own)
    if letter.status is Status.SIGNING:
        raise LetterBusy
    if letter.status is not Status.DRAFT:
        raise LetterStateForbids(state=letter.status.value)
    return _with_number(session, states.reserve(session, letter, at, until, claim=claim), at, rules)


def released_to(session: Session, new: NewLetter, claim: str) -> Letter | None:
    """The letter in force that an earlier try of the same request had signed, and never got its answer."""
    query = sa.select(Letter).where(*_of_request(new, claim), col(Letter.status) == Status.SIGNED)
    return session.scalars(query).first()


def get(session: Session, agency_id: str, letter_id: str) -> Letter:
    """The agency's letter of that id. Raises `LetterUnknown`."""
    query = sa.select(Letter).where(col(Letter.id) == letter_id, col(Letter.agency_id) == agency_id)
    letter = session.scalars(query).one_or_none()
    if letter is None:
        raise LetterUnknown
    return letter


def of_file(session: Session, agency_id: str, sha256: str) -> Letter | None:
    """The agency's letter in force whose newest file this is, the one signed last where there are several."""
    query = (
        sa.select(Letter)
        .join(Signature, col(Signature.letter_id) == col(Letter.id))
        .where(
            col(Signature.revision_sha256) == sha256,
            col(Letter.current_sha256) == sha256,
            col(Letter.agency_id) == agency_id,
            col(Letter.status) == Status.SIGNED,
        )
    )
    return session.scalars(query.order_by(col(Letter.id).desc())).first()


def by_code(session: Session, code: str) -> Letter:
    """The released letter of a code in the form that `codes.parse` gives.

    Raises `CodeUnknown`, for the code of a letter that was never released too.
    """
    query = sa.select(Letter).where(col(Letter.code) == code, col(Letter.released_at).is_not(None))
    letter = session.scalars(query).one_or_none()
    if letter is None:
        raise CodeUnknown
    return letter


def by_files(session: Session, hashes: Sequence[str]) -> list[tuple[Letter, Signature]]:
    """Released letters of which one of these hashes is a released file, with the signature that completed it.

    ``hashes`` are SHA-256 of the whole file at hand and of each of its earlier revisions. The newest
    signature comes first. Quarantined signatures do not count.
    """
    query = (
        sa.select(Letter, Signature)
        .join(Signature, col(Signature.letter_id) == col(Letter.id))
        .where(
            col(Signature.revision_sha256).in_(hashes),
            col(Signature.status) == SignatureState.ACTIVE,
            col(Letter.released_at).is_not(None),
        )
        .order_by(col(Letter.id).desc(), col(Signature.ordinal).desc())
    )
    return [(row[0], row[1]) for row in session.execute(query)]


def _with_number(session: Session, letter: Letter, at: datetime, rules: Rules) -> Reservation:
    """The reservation, if the letter gets its number or the agency tolerates duplicates. Without one it gets none."""
    if letter.number is None:
        return Reservation(letter)
    expired = _take_number(session, letter, at)
    duplicates = tuple(numbers.others(session, letter))
    if duplicates and rules.duplicates == "refuse":
        raise NumberTaken(number=letter.number, year=letter.year)
    return Reservation(letter, duplicates=duplicates, expired=expired)


def _take_number(session: Session, letter: Letter, at: datetime) -> tuple[Letter, ...]:
    """Gives the letter its number if it is free, or held by a reservation that is over; that one is returned."""
    while (holder_id := numbers.claim(session, letter)) != letter.id:
        holder = session.get(Letter, holder_id, with_for_update=True, populate_existing=True)
        if holder is None or not numbers.holds(session, holder):
            continue  # freed or handed over while we waited for it
        if not states.is_expired(holder, at):
            break
        numbers.hand_over(session, holder.id, letter.id)
        return (states.expire(session, holder, at),)
    return ()


def _own_unfinished(session: Session, new: NewLetter, claim: str | None) -> Letter | None:
    """What an earlier try of the same request reserved and did not sign, as far as is known."""
    if claim is None:
        return None
    unfinished = col(Letter.status).in_((Status.RESERVED, Status.SIGNING, Status.UNKNOWN))
    query = sa.select(Letter).where(*_of_request(new, claim), unfinished)
    return session.scalars(query.with_for_update()).first()


def _of_request(new: NewLetter, claim: str) -> tuple[sa.ColumnElement[bool], ...]:
    """What is true of the letters of one request only."""
    return (
        col(Letter.agency_id) == new.agency_id,
        col(Letter.year) == new.date.year,
        col(Letter.number_key) == (numbers.key(new.number) if new.number is not None else None),
        col(Letter.client_id) == new.client_id,
        col(Letter.claim) == claim,
        col(Letter.original_sha256) == new.original_sha256,
    )


def _row(new: NewLetter, at: datetime, *, status: Status, claim: str | None, reserved_until: datetime | None) -> Letter:
    return Letter(
        id=ids.new(),
        code=codes.new(),
        number_key=numbers.key(new.number) if new.number is not None else None,
        year=new.date.year,
        status=status,
        drafted=status is Status.DRAFT,
        claim=claim,
        reserved_until=reserved_until,
        current_sha256=None,
        current_size=None,
        released_at=None,
        withdrawn_at=None,
        withdrawn_reason=None,
        replaced_by=None,
        created_at=at,
        updated_at=at,
        version=1,
        planned_signatures=list(new.planned_signatures),
        **new.model_dump(exclude={"planned_signatures"}),
    )
