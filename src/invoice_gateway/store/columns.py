"""The kinds of columns that tables are made of, and how they are stored on either database."""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.ext.compiler import compiles

from . import packing

SQLITE_NOW = "strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now')"
"""The clock of SQLite in the form of `instant`."""


class Instant(sa.TypeDecorator[datetime]):
    """A moment in UTC: TIMESTAMPTZ on PostgreSQL, ISO text of fixed width on SQLite."""

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        """Return the type that `dialect` stores."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(TIMESTAMP(timezone=True))
        return dialect.type_descriptor(sa.Text())

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> Any:  # noqa: ANN401, ARG002
        """Return the text both databases read."""
        return None if value is None else instant(value)

    def process_result_value(self, value: Any | None, dialect: sa.Dialect) -> datetime | None:  # noqa: ANN401, ARG002
        """Return an aware datetime in UTC."""
        if value is None:
            return None
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        return moment.astimezone(UTC)


class Enclosed(sa.TypeDecorator[bytes]):
    """The body of an event, packed together with its headers; it reads as the body alone."""

    impl = sa.LargeBinary
    cache_ok = True

    def process_result_value(self, value: Any | None, dialect: sa.Dialect) -> bytes | None:  # noqa: ANN401, ARG002
        """Return the XML."""
        return None if value is None else packing.body_of(bytes(value))


def instant(moment: datetime) -> str:
    """Return `moment` as both databases take it: ISO text in UTC with microseconds."""
    assert moment.tzinfo is not None, "a time without a zone"
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


class Clock(sa.sql.expression.ColumnElement[datetime]):
    """The time by the clock of the database."""

    inherit_cache = True


@compiles(Clock, "postgresql")
def _clock_postgresql(*_: object, **__: object) -> str:
    return "clock_timestamp()"


@compiles(Clock, "sqlite")
def _clock_sqlite(*_: object, **__: object) -> str:
    return f"({SQLITE_NOW})"


TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MONEY = sa.BigInteger()


def surrogate() -> sa.Column[int]:
    """Return the key that the client hands out."""
    return sa.Column("id", ID, primary_key=True, autoincrement=False)


def key(name: str, kind: sa.types.TypeEngine[Any] = TEXT) -> sa.Column[Any]:
    """Return a column of the primary key."""
    return sa.Column(name, kind, primary_key=True, autoincrement=False)


def ref(name: str, target: str, *, key: bool = False, null: bool = False) -> sa.Column[int]:
    """Return a reference to the row of another table."""
    return sa.Column(
        name,
        ID,
        sa.ForeignKey(target),
        primary_key=key,
        autoincrement=False,
        nullable=null,
    )


def texts(*names: str) -> list[sa.Column[str]]:
    """Return texts that are always there."""
    return [sa.Column(name, TEXT, nullable=False) for name in names]


def maybe(*names: str) -> list[sa.Column[str]]:
    """Return texts that may be missing."""
    return [sa.Column(name, TEXT) for name in names]


def sums(*names: str) -> list[sa.Column[int]]:
    """Return amounts in minor units."""
    return [sa.Column(name, MONEY, nullable=False) for name in names]


def counts(*names: str) -> list[sa.Column[int]]:
    """Return counters."""
    return [sa.Column(name, sa.Integer, nullable=False) for name in names]


def flags(*names: str) -> list[sa.Column[bool]]:
    """Return truth values."""
    return [sa.Column(name, sa.Boolean, nullable=False) for name in names]


def when(name: str, *, null: bool = False) -> sa.Column[datetime]:
    """Return a moment."""
    return sa.Column(name, Instant, nullable=null)


def day(name: str) -> sa.Column[Any]:
    """Return a date."""
    return sa.Column(name, sa.Date, nullable=False)


def partial(name: str, where: str, *columns: sa.Column[Any], unique: bool = False) -> sa.Index:
    """Return an index of the rows that fulfil `where`, a condition that look-ups repeat."""
    condition = sa.text(where)
    return sa.Index(
        name, *columns, unique=unique, postgresql_where=condition, sqlite_where=condition
    )
