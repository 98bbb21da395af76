"""Entities that are kept one row each, under their natural key: the row follows from the fields.

A shelf holds one type of entity. Its columns are the fields of the same name; an invoice key takes
two columns, several texts or named tuples are JSON. Lines that belong to the entity have a table of
their own. What counts by the thousand (invoices, money) is written column by column instead, see
`rows`.
"""

import json
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import (
    Any,
    Final,
    Generic,
    NamedTuple,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

import sqlalchemy as sa

from invoice_gateway.model.keys import InvoiceKey
from invoice_gateway.model.offer import Offer
from invoice_gateway.model.order import Order, OrderLine, Request, Serial
from invoice_gateway.model.rates import Rate

from . import tables
from .columns import instant
from .query import Query
from .sql import Bulk, inserting, keyset, upserting

E = TypeVar("E")
Row = tuple[Any, ...]


class _Field(NamedTuple):
    """How one field of an entity is kept: its columns, how it is written, how it is read."""

    name: str
    columns: tuple[str, ...]
    write: Callable[[Any], Sequence[Any]]
    read: Callable[[Sequence[Any]], Any]


class Lines(NamedTuple):
    """The lines of an entity: the field that holds them, their table and their class."""

    name: str
    table: sa.Table
    kind: type[Any]


@dataclass(frozen=True)
class Shelf(Generic[E]):
    """One type of entity and its table, whose primary key is `keys`; `name` is the scope's word."""

    name: str
    kind: type[E]
    table: sa.Table
    keys: tuple[str, ...]
    lines: Lines | None = None
    newest: str | None = None
    """The column that tells which of two versions is newer: an older one overwrites nothing."""

    @cached_property
    def _fields(self) -> list[_Field]:
        hints = get_type_hints(self.kind)
        left_out = {self.lines.name} if self.lines else set()
        return [
            _field(each.name, hints[each.name], self.table)
            for each in fields(self.kind)  # type: ignore[arg-type] # all kinds are dataclasses
            if each.name not in left_out
        ]

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The columns in the order of `row`: those of the fields."""
        return tuple(column for each in self._fields for column in each.columns)

    @cached_property
    def insert(self) -> Bulk:
        """The statement that writes new rows; a key that somebody else took meanwhile clashes."""
        rest = [each for each in self.columns if each not in self.keys]
        return inserting(self.table, (*self.keys, *rest))

    @cached_property
    def write(self) -> Bulk:
        """The statement that writes rows that changed."""
        rest = [each for each in self.columns if each not in self.keys]
        return upserting(self.table, self.keys, rest, self.newest)

    @cached_property
    def write_lines(self) -> Bulk:
        """The statement that writes lines, new or changed, as `line_rows` gives them."""
        assert self.lines is not None
        keys = (self.keys[0], "position")
        return upserting(self.lines.table, keys, self.lines.kind._fields)

    def row(self, entity: E) -> Row:
        """Return the values of an entity, the keys of its table first."""
        values: dict[str, Any] = {}
        for each in self._fields:
            values.update(zip(each.columns, each.write(getattr(entity, each.name)), strict=True))
        rest = [name for name in self.columns if name not in self.keys]
        return tuple([values[name] for name in (*self.keys, *rest)])

    def line_rows(self, now: E, before: E | None) -> list[Row]:
        """Return (key, position, *fields) of the lines that are new or changed."""
        if self.lines is None:
            return []
        old = getattr(before, self.lines.name) if before is not None else ()
        key = getattr(now, self.keys[0])
        return [
            (key, at, *line)
            for at, line in enumerate(getattr(now, self.lines.name))
            if at >= len(old) or line != old[at]
        ]

    def entity(self, row: Any, lines: Iterable[Any] = ()) -> E:  # noqa: ANN401 - of either driver
        """Return the entity that a row holds, with the rows of its lines."""
        values = {
            each.name: each.read([getattr(row, column) for column in each.columns])
            for each in self._fields
        }
        if self.lines is not None:
            values[self.lines.name] = tuple(map(self._line, lines))
        return self.kind(**values)

    def _line(self, row: Sequence[Any]) -> Any:  # noqa: ANN401 - a named tuple of the model
        assert self.lines is not None
        return self.lines.kind(*[read(value) for read, value in zip(self._reads, row, strict=True)])

    @cached_property
    def _reads(self) -> list[Callable[[Any], Any]]:
        assert self.lines is not None
        hints = get_type_hints(self.lines.kind)
        return [_scalar(hints[name]) for name in self.lines.kind._fields]

    def find(self, postgresql: bool) -> Query:  # noqa: FBT001 - the key of its cache
        """Return the statement for the entities whose keys are given as the parameter `name`."""
        return Query(self.found_by(self.name, self.keys, postgresql=postgresql))

    def found_by(
        self, parameter: str, columns: Sequence[str], *, postgresql: bool
    ) -> sa.Select[Any]:
        """Return the select of the rows whose `columns` are among the keys given."""
        wanted = keyset(parameter, *columns, postgresql=postgresql)
        same = [
            sa.cast(self.table.c[each], sa.Text) == wanted.c[each]
            if isinstance(self.table.c[each].type, sa.Date)
            else self.table.c[each] == wanted.c[each]
            for each in columns
        ]
        return sa.select(self.table).join(wanted, sa.and_(*same)).order_by(*self.table.primary_key)

    def find_lines(self, postgresql: bool) -> Query:  # noqa: FBT001 - the key of its cache
        """Return the statement for (key, *line) of the entities keyed in the parameter `lines`."""
        assert self.lines is not None
        table, key = self.lines.table, self.keys[0]
        wanted = keyset("lines", key, postgresql=postgresql)
        return Query(
            sa.select(table.c[key], *(table.c[name] for name in self.lines.kind._fields))
            .join(wanted, table.c[key] == wanted.c[key])
            .order_by(table.c[key], table.c.position)
        )


def _field(name: str, hint: Any, table: sa.Table) -> _Field:  # noqa: ANN401 - a type hint
    kinds = [each for each in _arms(hint) if each is not type(None)]
    if InvoiceKey in kinds:
        columns = (f"{name}_issuer", f"{name}_number")
        return _Field(name, columns, lambda key: key or (None, None), _invoice_key)
    for each in kinds:
        if get_origin(each) is tuple:
            return _Field(name, (name,), lambda many: (json.dumps(many),), _many(get_args(each)[0]))
    read = _scalar(hint)
    if isinstance(table.c[name].type, sa.Date):
        return _Field(name, (name,), lambda day: (day and day.isoformat(),), lambda row: row[0])
    if datetime in kinds:
        return _Field(name, (name,), lambda at: (at and instant(at),), lambda row: row[0])
    return _Field(name, (name,), lambda value: (value,), lambda row: read(row[0]))


def _arms(hint: Any) -> tuple[Any, ...]:  # noqa: ANN401 - a type hint
    return get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)


def _scalar(hint: Any) -> Callable[[Any], Any]:  # noqa: ANN401 - a type hint
    """Return how a value of this type is read: enumerations from their texts, the rest as it is."""
    for each in _arms(hint):
        if isinstance(each, type) and issubclass(each, StrEnum):
            return lambda value: None if value is None else each(value)
    return lambda value: value


def _many(kind: type[Any]) -> Callable[[Sequence[Any]], tuple[Any, ...]]:
    """Return how a column of JSON is read that holds several texts or named tuples."""
    if kind is str:
        return lambda row: tuple(json.loads(row[0]))
    return lambda row: tuple(kind(*each) for each in json.loads(row[0]))


def _invoice_key(row: Sequence[Any]) -> InvoiceKey | None:
    return None if row[0] is None else InvoiceKey(*row)


ORDERS: Final = Shelf(
    "order",
    Order,
    tables.customer_order,
    ("reference",),
    Lines("lines", tables.order_line, OrderLine),
)
REQUESTS: Final = Shelf("request", Request, tables.request, ("id",))
SERIALS: Final = Shelf("serial", Serial, tables.serial, ("number",))
OFFERS: Final = Shelf("offer", Offer, tables.offer, ("id",))
RATES: Final = Shelf("rate", Rate, tables.rate, ("day", "base", "quote"), newest="as_of")
SHELVES: Final[Mapping[type[Any], Shelf[Any]]] = {
    each.kind: each for each in (ORDERS, REQUESTS, SERIALS, RATES, OFFERS)
}
BY_NAME: Final = {each.name: each for each in SHELVES.values()}
OWNED: Final = {each.name: each for each in (ORDERS, REQUESTS)}
"""What is named without its account, by the word for it."""
