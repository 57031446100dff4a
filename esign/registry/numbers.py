"""Letter numbers: one letter of an agency holds a number in a year.

The key of ``letter_number`` makes it so, on both databases and under any race: whoever inserts it
holds the number, whoever finds it there sees who does.
"""

import re
import unicodedata

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlmodel import col

from esign.registry.models import Letter, LetterNumber, Status
from esign.registry.upsert import insert_unless_there

_SPACES = re.compile(r"\s+")
_AROUND_MARKS = re.compile(r"\s*([/.-])\s*")


def key(number: str) -> str:
    """The number as it is compared: letters of one size, spaces made one, and none about ``/``, ``.`` and ``-``."""
    text = unicodedata.normalize("NFKC", number).casefold()
    return _AROUND_MARKS.sub(r"\1", _SPACES.sub(" ", text)).strip()


def claim(session: Session, letter: Letter) -> str:
    """The id of the letter that holds the number of ``letter`` from now on: its own if the number was free."""
    while True:
        place = {"agency_id": letter.agency_id, "year": letter.year, "number_key": letter.number_key}
        if insert_unless_there(session, LetterNumber, **place, letter_id=letter.id):
            return letter.id
        found = holder(session, letter.agency_id, letter.year, letter.number_key)
        if found is not None:
            return found


def holder(session: Session, agency_id: str, year: int, number_key: str) -> str | None:
    """The id of the letter that holds the number; nobody can take or free it before this unit of work ends."""
    query = (
        sa.select(col(LetterNumber.letter_id))
        .where(
            col(LetterNumber.agency_id) == agency_id,
            col(LetterNumber.year) == year,
            col(LetterNumber.number_key) == number_key,
        )
        .with_for_update()
    )
    return session.scalars(query).one_or_none()


def hand_over(session: Session, from_letter: str, to_letter: str) -> None:
    """Gives the number that one letter holds to another."""
    session.execute(
        sa.update(LetterNumber).where(col(LetterNumber.letter_id) == from_letter).values(letter_id=to_letter)
    )


def free(session: Session, letter_id: str) -> None:
    """Frees the number that the letter holds, if it holds one."""
    session.execute(sa.delete(LetterNumber).where(col(LetterNumber.letter_id) == letter_id))


def others(session: Session, letter: Letter) -> list[str]:
    """Ids of the agency's other letters that use this number this year, signed or about to be, oldest first."""
    query = (
        sa.select(col(Letter.id))
        .where(
            col(Letter.agency_id) == letter.agency_id,
            col(Letter.year) == letter.year,
            col(Letter.number_key) == letter.number_key,
            col(Letter.id) != letter.id,
            col(Letter.status).not_in((Status.DRAFT, Status.FAILED)),
        )
        .order_by(col(Letter.id))
    )
    return list(session.scalars(query))
