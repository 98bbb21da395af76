"""Look-ups that come with every batch: written once, then only handed to the driver.

To carry a statement out, the expression language takes longer than PostgreSQL takes to answer it:
some hundred microseconds that every batch pays, however small it is.
"""

from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property, partial
from itertools import repeat
from typing import Any, Final, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

# SQLAlchemy gives the constructors of its dialects no types.
DIALECT: Final = PGDialect_psycopg()  # type: ignore[no-untyped-call]

Statement = sa.Select[Any] | sa.CompoundSelect[Any] | sa.TextualSelect
Read = Callable[[Any], Any]
"""Returns a value as the type of its column has it."""


class Written(NamedTuple):
    """A statement as the driver of PostgreSQL takes it.

    `given` are the parameters that are part of it; `reads` are for the columns, by number, whose
    values the driver gives in another form; `rows` makes named tuples.
    """

    text: str
    given: Mapping[str, Any]
    reads: Sequence[tuple[int, Read]]
    rows: Callable[[Iterable[Sequence[Any]]], Iterable[Any]]


class Query:
    """A statement that returns rows; its parameters are texts and numbers."""

    def __init__(self, statement: Statement) -> None:
        """Take a statement of the expression language, for either database."""
        self.statement = statement

    @cached_property
    def written(self) -> Written:
        """The statement for PostgreSQL."""
        compiled = self.statement.compile(dialect=DIALECT)
        columns = self.statement.selected_columns
        # The fields are known when the statement is: NamedTuple and mypy want them written down.
        kind = namedtuple("Row", columns.keys(), rename=True)  # type: ignore[misc] # noqa: PYI024
        reads = [
            each.type.dialect_impl(DIALECT).result_processor(DIALECT, None) for each in columns
        ]
        return Written(
            text=str(compiled),
            given={name: value for name, value in compiled.params.items() if value is not None},
            reads=[(at, read) for at, read in enumerate(reads) if read is not None],
            rows=partial(map, tuple.__new__, repeat(kind)),
        )

    def rows(self, found: Iterable[Sequence[Any]]) -> list[Any]:
        """Return what the driver of PostgreSQL has `found`, as SQLAlchemy would: named tuples."""
        written = self.written
        if not written.reads:
            return [*written.rows(found)]
        rows = [*map(list, found)]
        for row in rows:
            for at, read in written.reads:
                row[at] = read(row[at])
        return [*written.rows(rows)]
