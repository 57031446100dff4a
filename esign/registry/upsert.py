"""One statement that both databases share only nearly: insert unless the key is there."""

import sqlalchemy as sa
from pydantic import JsonValue
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from esign.registry.columns import Row

Value = JsonValue | object


def insert_unless_there(session: Session, table: type[Row], **values: Value) -> bool:
    """Inserts the row and returns True; False, and nothing is changed, if its key is taken.

    On PostgreSQL it waits for a transaction that is inserting the same key, and then knows.
    """
    dialect = session.get_bind().dialect.name
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    inserted = session.execute(insert(table).values(**values).on_conflict_do_nothing().returning(sa.literal(1)))
    return inserted.first() is not None
