"""Letter numbers: one letter of an agency holds a number in a year.

The key of ``letter_number`` makes it so, on both databases and under any race: whoever inserts it
holds the number, whoever finds it there sees who does. A number is freed or handed over only by who has locked
the row of the letter that holds it: one order of locks, so that nobody waits in a circle.
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
    place = {"agency_id": letter.agency_id, "year": letter.year, "number_key": letter.number_key}
    while not insert_unless_there(session, LetterNumber, **place, letter_id=letter.id):
        found = session.get(LetterNumber, place, populate_existing=True)
        if found is not None:
            return found.letter_id
    return letter.id


def holds(session: Session, letter: Letter) -> bool:
    """Whether the letter holds its number. It stays so while the letter's row is locked."""
    query = sa.select(col(LetterNumber.year)).where(col(LetterNumber.letter_id) == letter.id)
    return session.scalars(query).first() is not None


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
