"""What columns are made of: types that are the same on SQLite and PostgreSQL, and the checks behind them."""

from datetime import UTC, datetime
from enum import StrEnum

import sqlalchemy as sa
from pydantic import JsonValue
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import registry
from sqlalchemy.types import TypeDecorator
from sqlmodel import SQLModel

JsonObject = dict[str, JsonValue]
"""A JSON object as Python holds it."""

METADATA = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)
"""All tables of the register. Constraints have names, so that a migration can speak of them."""


class Row(SQLModel, registry=registry(metadata=METADATA)):
    """A row of the register. Tables do not validate: rows are made from validated input, and CHECKs stand behind."""


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime, kept in UTC. A naive one is a programming error and is refused."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Into UTC; SQLite, whose text has no zone, gets it without one."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without zone has no place in the register")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Aware, in UTC, whatever zone the connection is set to."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def word(values: type[StrEnum]) -> sa.Enum:
    """A text column that holds one of ``values``, and gives back members of it. Pair it with `one_of`."""
    return sa.Enum(
        values,
        native_enum=False,
        create_constraint=False,
        length=32,
        values_callable=lambda members: [member.value for member in members],
    )


def json_or_null() -> sa.JSON:
    """JSON whose None is SQL's NULL."""
    return sa.JSON(none_as_null=True)


def one_of(column: str, values: type[StrEnum]) -> sa.CheckConstraint:
    """The column holds a value of the enum."""
    listed = ", ".join(f"'{member.value}'" for member in values)
    return sa.CheckConstraint(f"{column} IN ({listed})", name=column)


def not_blank(column: str) -> sa.CheckConstraint:
    """The text holds more than spaces."""
    return sa.CheckConstraint(f"length(trim({column})) > 0", name=column)


def sha256_hex(column: str) -> sa.CheckConstraint:
    """The text is a SHA-256 in 64 small hexadecimal digits (``trim`` leaves nothing iff all are in the set)."""
    return sa.CheckConstraint(f"length({column}) = 64 AND trim({column}, '0123456789abcdef') = ''", name=column)


def rule(name: str, condition: str) -> sa.CheckConstraint:
    """A condition that every row fulfils."""
    return sa.CheckConstraint(condition, name=name)


def index(*columns: str) -> sa.Index:
    """An index over columns, named by the convention."""
    return sa.Index(None, *columns)
