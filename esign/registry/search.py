"""The list of an agency's letters: filters, and pages that stay right while letters are added."""

import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from dataclasses import dataclass
from datetime import date as Date  # noqa: N812  (the filters speak of the letter's date)
from uuid import UUID

import sqlalchemy as sa
from pydantic import Field
from sqlalchemy.orm import Session
from sqlmodel import col

from esign.errors import RequestInvalid
from esign.registry import numbers
from esign.registry.inputs import Input
from esign.registry.models import Letter, Signature, Status

LARGEST_PAGE = 200


class Filters(Input):
    """Which letters; what is not given does not matter."""

    status: frozenset[Status] | None = None
    classification: str | None = Field(default=None, max_length=500)
    number: str | None = Field(default=None, max_length=500)
    """The whole number, spelled as one likes (`numbers.key`)."""
    text: str | None = Field(default=None, max_length=500)
    """Text that the number or the subject contains, in letters of either size."""
    date_from: Date | None = None
    date_to: Date | None = None
    """Both ends belong to the range."""
    signer_id: str | None = None
    """Letters with a signature of this signer."""


@dataclass(frozen=True)
class Page:
    """Some letters, the newest first."""

    letters: tuple[Letter, ...]
    next: str | None
    """Cursor of the next page; None on the last."""


def letters(session: Session, agency_id: str, filters: Filters, cursor: str | None = None, limit: int = 50) -> Page:
    """A page of the agency's letters, in the order in which they were entered, the newest first.

    ``cursor`` comes from the page before, and only with the same filters. ``limit`` is from 1 to 200.
    Raises `RequestInvalid` for a cursor or a limit that can't be.
    """
    if not 1 <= limit <= LARGEST_PAGE:
        raise RequestInvalid(field="limit", reason=f"it must be from 1 to {LARGEST_PAGE}")
    query = sa.select(Letter).where(col(Letter.agency_id) == agency_id, *_conditions(filters))
    if cursor is not None:
        query = query.where(col(Letter.id) < _read(cursor, agency_id, filters))
    found = session.scalars(query.order_by(col(Letter.id).desc()).limit(limit + 1)).all()
    more = len(found) > limit
    return Page(tuple(found[:limit]), _cursor(found[limit - 1].id, agency_id, filters) if more else None)


def _conditions(filters: Filters) -> list[sa.ColumnElement[bool]]:
    conditions: list[sa.ColumnElement[bool]] = []
    if filters.status is not None:
        conditions.append(col(Letter.status).in_(sorted(filters.status)))
    if filters.classification is not None:
        conditions.append(col(Letter.classification) == filters.classification)
    if filters.number is not None:
        conditions.append(col(Letter.number_key) == numbers.key(filters.number))
    if filters.text is not None:
        places = (col(Letter.number), col(Letter.subject))
        conditions.append(sa.or_(*(place.icontains(filters.text, autoescape=True) for place in places)))
    if filters.date_from is not None:
        conditions.append(col(Letter.date) >= filters.date_from)
    if filters.date_to is not None:
        conditions.append(col(Letter.date) <= filters.date_to)
    if filters.signer_id is not None:
        signed = sa.select(col(Signature.id)).where(
            col(Signature.letter_id) == col(Letter.id), col(Signature.signer_id) == filters.signer_id
        )
        conditions.append(signed.exists())
    return conditions


def _cursor(last_id: str, agency_id: str, filters: Filters) -> str:
    """The last id of a page, with a mark of what was asked."""
    return urlsafe_b64encode(UUID(last_id).bytes + _mark(agency_id, filters)).decode().rstrip("=")


def _read(cursor: str, agency_id: str, filters: Filters) -> str:
    try:
        raw = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    except (Base64Error, ValueError):
        raw = b""
    if len(raw) != 24 or raw[16:] != _mark(agency_id, filters):
        raise RequestInvalid(field="cursor", reason="it does not belong to this search")
    return str(UUID(bytes=raw[:16]))


def _mark(agency_id: str, filters: Filters) -> bytes:
    asked = filters.model_dump(mode="json", exclude_none=True)
    if filters.status is not None:
        asked["status"] = sorted(filters.status)
    return hashlib.sha256(json.dumps([agency_id, asked], sort_keys=True).encode()).digest()[:8]
