"""Whole tables, for whoever judges what all of them say together."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import sqlalchemy as sa

from . import packing, tables
from .connection import Session

Row = Any
"""A row of a table: a tuple with its columns as attributes."""

PAGE: Final = 2_000
"""How many large rows are fetched at a time."""


def rows(
    session: Session, name: str, order: Sequence[str] = (), only: Sequence[str] = ()
) -> list[Row]:
    """Return every row of the table `name`, in this order: all columns, or those that are asked."""
    table = tables.metadata.tables[name]
    columns = [table.c[each] for each in only or table.c.keys()]
    return [*session.read(sa.select(*columns).order_by(*(table.c[each] for each in order)))]


def events(session: Session, columns: Sequence[str], after: int) -> Iterator[Row]:
    """Yield these columns of the events that were written after the one numbered `after`."""
    table = tables.event
    wanted = sa.select(*(table.c[each] for each in columns)).order_by(table.c.seq).limit(PAGE)
    while page := session.read(wanted.where(table.c.seq > after)):
        yield from page
        after = page[-1].seq


def bodies(session: Session, numbers: Sequence[int]) -> Iterator[tuple[int, bytes]]:
    """Yield the messages in these rows as they were received."""
    table = tables.message
    for start in range(0, len(numbers), PAGE):
        page = numbers[start : start + PAGE]
        wanted = sa.select(table.c.id, table.c.body).where(table.c.id.in_(page))
        for row in session.read(wanted):
            yield row.id, packing.unpack(row.body)
