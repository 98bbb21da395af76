"""Everything a gateway knows, read from its tables at one moment, for tests that judge it.

Entries (lines, memo parts, allocation parts, removals, reversals) are kept apart from the counters
that claim to be their fold, so that a test can compare the two. Every event is validated against
its schema when it is read.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa
from lxml import etree

from invoice_gateway.handler import snake_case
from invoice_gateway.model.status import Status
from invoice_gateway.store import SqlStore, tables
from invoice_gateway.store.records import unpack

NAMESPACE = "{urn:invoice-gateway:1}"
SCHEMAS = Path(__file__).resolve().parents[1] / "schemas" / "events"


class LineFact(NamedTuple):
    """A line as posted, and what its counters and statuses say."""

    invoice: int
    line_no: str
    kind: str
    amount: int
    credited: int = 0
    excess: int = 0
    written_off: int = 0
    settled: int = 0
    disputed: int = 0
    customer: str = Status.NEW.value
    customer_shadow: str = Status.NEW.value
    enterprise: str = Status.NEW.value
    enterprise_shadow: str = Status.NEW.value
    receipt_manual: bool = False

    @property
    def due(self) -> int:
        """Return what the line asks for."""
        return self.amount - self.credited - self.written_off

    @property
    def open(self) -> int:
        """Return what is still to be paid."""
        return self.due - self.settled

    @property
    def live(self) -> bool:
        """Return whether it asks for anything."""
        return self.due > 0


class Posting(NamedTuple):
    """An allocation with its parts by line; `removed_by` is None while it is posted."""

    row: Any
    parts: dict[str, int]
    removed_by: str | None

    @property
    def posted(self) -> bool:
        """Return whether it counts."""
        return bool(self.row.state == "posted")

    @property
    def reserved(self) -> bool:
        """Return whether it may count later."""
        return bool(self.row.state == "reserved")


class EventFact(NamedTuple):
    """An event as it was recorded."""

    seq: int
    event_id: str
    name: str
    type: str
    aggregate: str
    aggregate_id: str
    version: int
    cause: str
    body: bytes
    tree: etree._Element

    def text(self, path: str) -> str | None:
        """Return the text at a path of local names, or None."""
        return self.tree.findtext("/".join(f"{NAMESPACE}{step}" for step in path.split("/")))

    def all(self, name: str) -> list[dict[str, str]]:
        """Return the repeated blocks `name` as local name -> text."""
        return [
            {etree.QName(child).localname: child.text or "" for child in each}
            for each in self.tree.iterchildren(f"{NAMESPACE}{name}")
        ]

    def block(self, name: str) -> dict[str, str]:
        """Return the first block `name` as local name -> text."""
        return self.all(name)[0]


@dataclass(frozen=True)
class Facts:
    """The tables at one moment; rows by their surrogate id."""

    accounts: Mapping[str, Any]
    invoices: Mapping[int, Any]
    details: Mapping[int, Any]
    orders: Mapping[str, Any]
    order_lines: Mapping[str, tuple[Any, ...]]
    requests: Mapping[str, Any]
    series: Mapping[tuple[str, str], int]
    snapshots: Mapping[int, str]
    lines: Mapping[int, tuple[LineFact, ...]]
    sources: Mapping[int, Any]
    intents: Mapping[int, tuple[Any, ...]]
    allocations: tuple[Posting, ...]
    memos: tuple[Any, ...]
    memo_parts: Mapping[int, tuple[Any, ...]]
    reversals: tuple[Any, ...]
    pairs: tuple[Any, ...]
    disputes: tuple[Any, ...]
    messages: tuple[Any, ...]
    dead: tuple[Any, ...]
    parked: Mapping[int, Any]
    outbox: frozenset[int]
    said: Mapping[str, etree._Element] = field(repr=False)
    """Every accepted message, by its cause."""
    events: tuple[EventFact, ...] = field(repr=False)

    @cached_property
    def by_number(self) -> Mapping[str, Any]:
        """Return invoices by their number; the journeys have one issuer."""
        return {each.number: each for each in self.invoices.values()}

    def line(self, number: str, line_no: str) -> LineFact:
        """Return one line."""
        found = self.lines[self.by_number[number].id]
        return next(each for each in found if each.line_no == line_no)

    def posted(self) -> Iterator[Posting]:
        """Yield the allocations that count."""
        return (each for each in self.allocations if each.posted)

    def open_disputes(self) -> dict[tuple[int, str], Any]:
        """Return open disputes by invoice and line."""
        return {
            (each.invoice_id, each.line_no): each for each in self.disputes if each.state == "open"
        }


class Reader:
    """Reads facts; what never changes (events, bodies of messages) is read and parsed once."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store
        self._events: list[EventFact] = []
        self._said: dict[int, etree._Element] = {}

    def read(self) -> Facts:
        """Return what the tables say now."""
        with self._store.engine.connect() as connection:
            return self._read(connection)

    def _read(self, connection: sa.Connection) -> Facts:
        def rows(table: sa.Table, *order: str) -> list[Any]:
            statement = sa.select(table).order_by(*(table.c[each] for each in order))
            return list(connection.execute(statement))

        removals = {each.allocation_id: each for each in rows(tables.allocation_removal)}
        parts = _grouped(rows(tables.allocation_part, "allocation_id", "position"))
        messages = rows(tables.message, "id")
        return Facts(
            accounts={each.party: each for each in rows(tables.account)},
            invoices={each.id: each for each in rows(tables.invoice)},
            details={each.invoice_id: each for each in rows(tables.invoice_detail)},
            orders={each.reference: each for each in rows(tables.customer_order)},
            order_lines=_grouped(rows(tables.order_line, "reference", "position")),
            requests={each.id: each for each in rows(tables.request)},
            series={(each.issuer, each.series): each.last_no for each in rows(tables.series)},
            snapshots={each[0]: each[1] for each in rows(tables.invoice_snapshot)},
            lines=_lines(
                rows(tables.invoice_line, "invoice_id", "position"),
                rows(tables.line_state),
                {each.invoice_id: each.first_line for each in rows(tables.invoice_detail)},
            ),
            sources={each.id: each for each in rows(tables.source)},
            intents=_grouped(rows(tables.source_intent, "source_id", "position")),
            allocations=tuple(
                Posting(
                    each,
                    {part.line_no: part.amount for part in parts.get(each.id, ())},
                    removals[each.id].removed_by or "?" if each.id in removals else None,
                )
                for each in rows(tables.allocation, "source_id", "number")
            ),
            memos=tuple(rows(tables.memo)),
            memo_parts=_grouped(rows(tables.memo_part, "memo_id", "position")),
            reversals=tuple(rows(tables.reversal)),
            pairs=tuple(rows(tables.pair)),
            disputes=tuple(rows(tables.dispute)),
            messages=tuple(messages),
            dead=tuple(rows(tables.dead_letter)),
            parked={each.message: each for each in rows(tables.parked)},
            outbox=frozenset(each.seq for each in rows(tables.outbox)),
            said={
                f"{each.sender}/{each.message_id}": self._body(each)
                for each in messages
                if each.outcome == "accepted"
            },
            events=self._new_events(connection),
        )

    def _body(self, row: Any) -> etree._Element:
        if row.id not in self._said:
            self._said[row.id] = etree.fromstring(unpack(row.body))
        return self._said[row.id]

    def _new_events(self, connection: sa.Connection) -> tuple[EventFact, ...]:
        last = self._events[-1].seq if self._events else -1
        table = tables.event
        columns = [table.c[name] for name in EventFact._fields[:-1]]
        found = sa.select(*columns).where(table.c.seq > last).order_by(table.c.seq)
        self._events += [
            EventFact(*each, _valid(each.type, each.body)) for each in connection.execute(found)
        ]
        return tuple(self._events)


@cache
def _schema(event_type: str) -> etree.XMLSchema:
    return etree.XMLSchema(file=str(SCHEMAS / f"{snake_case(event_type)}.xsd"))


def _valid(event_type: str, body: bytes) -> etree._Element:
    """Return an event as a tree, after checking it against its schema."""
    tree = etree.fromstring(body)
    schema = _schema(event_type)
    assert schema.validate(tree), f"{event_type}: {schema.error_log.last_error}"
    return tree


def _grouped(rows: list[Any]) -> dict[int, tuple[Any, ...]]:
    """Return rows by their first column, by which they are sorted."""
    return {key: tuple(found) for key, found in groupby(rows, key=lambda row: row[0])}


def _lines(
    posted: list[Any], states: list[Any], first: Mapping[int, int]
) -> dict[int, tuple[LineFact, ...]]:
    """Return the lines of every invoice; of an offer, those of its newest edition."""
    state = {(each.invoice_id, each.position): tuple(each)[2:] for each in states}
    return {
        invoice: tuple(
            LineFact(
                invoice, row.line_no, row.kind, row.amount, *state.get((invoice, row.position), ())
            )
            for row in rows
            if row.position >= first.get(invoice, 0)
        )
        for invoice, rows in _grouped(posted).items()
    }
