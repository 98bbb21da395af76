"""Everything a gateway knows, read from its tables at one moment, for whoever judges it.

Entries (lines, memo parts, allocation parts, removals, reversals) are kept apart from the counters
that claim to be their fold, so that the two can be compared. Events and bodies of messages never
change: they are read once, and what they say is folded as they come (`heard`, `said`).
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple

from invoice_gateway.audit.event import EventFact
from invoice_gateway.audit.heard import Heard
from invoice_gateway.audit.said import booked
from invoice_gateway.engine.discover import bundled
from invoice_gateway.store import SqlStore, extracts
from invoice_gateway.store.connection import Session
from invoice_gateway.store.extracts import Row
from invoice_gateway.xml.stored import Tree, read, validator

NEW = "New"
FIXED_OF_INVOICES = (
    *("issuer", "number", "kind", "account", "currency", "amount"),
    *("issue_date", "due_date"),
)
FIXED_OF_DETAILS = (
    *("series", "transaction_no"),
    *("request_cancellation_days", "reminder_days", "suspension_days", "deletion_days"),
)
"""What an invoice keeps from the day it is issued (S4-02, S4-17)."""
OFFERED = ("Draft", "Sent")
FIXED_OF_SOURCES = (
    *("account", "type", "reference", "currency", "amount"),
    *("value_date", "origin", "accounting_currency", "rate", "carrying"),
)
MESSAGE_COLUMNS = ("id", "sender", "message_id", "type", "outcome")
DEAD_COLUMNS = ("id", "sender", "message_id", "type", "code", "state")
LINE_COLUMNS = ("invoice_id", "position", "line_no", "kind", "amount")


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
    customer: str = NEW
    customer_shadow: str = NEW
    enterprise: str = NEW
    enterprise_shadow: str = NEW
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

    row: Row
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


@dataclass(frozen=True)
class Facts:
    """The tables at one moment; rows by their surrogate id."""

    accounts: Mapping[str, Row]
    invoices: Mapping[int, Row]
    details: Mapping[int, Row]
    orders: Mapping[str, Row]
    order_lines: Mapping[str, tuple[Row, ...]]
    requests: Mapping[str, Row]
    series: Mapping[tuple[str, str], int]
    snapshots: Mapping[int, str]
    lines: Mapping[int, tuple[LineFact, ...]]
    sources: Mapping[int, Row]
    intents: Mapping[int, tuple[Row, ...]]
    allocations: tuple[Posting, ...]
    memos: tuple[Row, ...]
    memo_parts: Mapping[int, tuple[Row, ...]]
    reversals: tuple[Row, ...]
    pairs: tuple[Row, ...]
    disputes: tuple[Row, ...]
    messages: tuple[Row, ...]
    dead: tuple[Row, ...]
    parked: Mapping[int, Row]
    outbox: frozenset[int]
    said: Mapping[str, int | None] = field(repr=False)
    """What every accepted message asks to be booked as a whole (None: nothing), by its cause."""
    events: tuple[EventFact, ...] = field(repr=False)
    """All of them, in order; but only for a reader that keeps them."""
    heard: Heard = field(repr=False)
    """What all events up to now say together."""

    @cached_property
    def by_number(self) -> Mapping[str, Row]:
        """Return invoices by their number; the journeys have one issuer."""
        return {each.number: each for each in self.invoices.values()}

    @cached_property
    def disputed(self) -> Mapping[tuple[int, str], Row]:
        """Return open disputes by invoice and line."""
        return {
            (each.invoice_id, each.line_no): each for each in self.disputes if each.state == "open"
        }

    @cached_property
    def automatic(self) -> Mapping[tuple[str, str], Sequence[Row]]:
        """Return the invoices that money may pay by itself, by account and currency."""
        found: dict[tuple[str, str], list[Row]] = defaultdict(list)
        for row in self.invoices.values():
            if row.auto_allocate and row.lifecycle == "Issued" and row.kind != "topup":
                found[row.account, row.currency].append(row)
        return found

    @cached_property
    def fixed(self) -> Mapping[str, Mapping[Any, Any]]:
        """Return everything that may never change: entries by key, by the name of what they are.

        Offers change until they are issued.
        """
        offers = {key for key, row in self.invoices.items() if row.lifecycle in OFFERED}
        issued = {key: row for key, row in self.invoices.items() if key not in offers}
        lines = (each for key in issued for each in self.lines.get(key, ()))
        invoice, source = attrgetter(*FIXED_OF_INVOICES), attrgetter(*FIXED_OF_SOURCES)
        detail = attrgetter(*FIXED_OF_DETAILS)
        return {
            "invoices": {key: invoice(row) for key, row in issued.items()},
            "sources": {key: source(row) for key, row in self.sources.items()},
            "policies": {
                key: detail(row) for key, row in self.details.items() if key not in offers
            },
            "snapshots": self.snapshots,
            "lines": {(line.invoice, line.line_no): line[:4] for line in lines},
            "memo parts": self.memo_parts,
            "reversals": {each.id: tuple(each) for each in self.reversals},
            "allocations": {
                each.row.id: (each.row.source_id, each.row.number, each.row.amount, each.parts)
                for each in self.allocations
            },
        }

    def line(self, number: str, line_no: str) -> LineFact:
        """Return one line."""
        found = self.lines[self.by_number[number].id]
        return next(each for each in found if each.line_no == line_no)

    @cached_property
    def _posted(self) -> tuple[Posting, ...]:
        return tuple(each for each in self.allocations if each.posted)

    def posted(self) -> Iterator[Posting]:
        """Yield the allocations that count."""
        return iter(self._posted)

    def open_disputes(self) -> Mapping[tuple[int, str], Row]:
        """Return open disputes by invoice and line."""
        return self.disputed


Progress = Callable[[str], None]
"""Told of each table that is read, by name."""


class Reader:
    """Reads facts; what never changes (events, bodies of messages) is read and parsed once.

    One that does not `keep` remembers of events and messages only what they say together.
    """

    def __init__(self, store: SqlStore, *, keep: bool = True) -> None:
        self._store = store
        self._keep = keep
        self._events: list[EventFact] = []
        self._heard = Heard()
        self._said: dict[int, int | None] = {}

    def read(self, progress: Progress = lambda _: None) -> Facts:
        """Return what the tables say now, all at one moment."""
        with self._store.session() as session:
            return self._read(session, progress)

    def _read(self, session: Session, progress: Progress) -> Facts:
        def rows(name: str, *order: str, only: tuple[str, ...] = ()) -> list[Row]:
            progress(name)
            return extracts.rows(session, name, order, only)

        removals = {each.allocation_id: each for each in rows("allocation_removal")}
        parts = _grouped(rows("allocation_part", "allocation_id", "position"))
        messages = rows("message", "id", only=() if self._keep else MESSAGE_COLUMNS)
        details = rows("invoice_detail")
        progress("event")
        self._hear(session)
        return Facts(
            accounts={each.party: each for each in rows("account")},
            invoices={each.id: each for each in rows("invoice")},
            details={each.invoice_id: each for each in details},
            orders={each.reference: each for each in rows("customer_order")},
            order_lines=_grouped(rows("order_line", "reference", "position")),
            requests={each.id: each for each in rows("request")},
            series={(each.issuer, each.series): each.last_no for each in rows("series")},
            snapshots={each[0]: each[1] for each in rows("invoice_snapshot")},
            lines=_lines(
                rows("invoice_line", "invoice_id", "position", only=LINE_COLUMNS),
                rows("line_state"),
                {each.invoice_id: each.first_line for each in details},
            ),
            sources={each.id: each for each in rows("source")},
            intents=_grouped(rows("source_intent", "source_id", "position")),
            allocations=tuple(
                Posting(
                    each,
                    {part.line_no: part.amount for part in parts.get(each.id, ())},
                    removals[each.id].removed_by or "?" if each.id in removals else None,
                )
                for each in rows("allocation", "source_id", "number")
            ),
            memos=tuple(rows("memo")),
            memo_parts=_grouped(rows("memo_part", "memo_id", "position")),
            reversals=tuple(rows("reversal")),
            pairs=tuple(rows("pair")),
            disputes=tuple(rows("dispute")),
            messages=tuple(messages),
            dead=tuple(rows("dead_letter", only=() if self._keep else DEAD_COLUMNS)),
            parked={each.message: each for each in rows("parked")},
            outbox=frozenset(each.seq for each in rows("outbox")),
            said=self._said_by(session, messages),
            events=tuple(self._events),
            heard=self._heard.now(),
        )

    def _said_by(self, session: Session, messages: list[Row]) -> dict[str, int | None]:
        accepted = [each for each in messages if each.outcome == "accepted"]
        new = [each.id for each in accepted if each.id not in self._said]
        self._said |= {number: booked(read(body)) for number, body in extracts.bodies(session, new)}
        return {f"{each.sender}/{each.message_id}": self._said[each.id] for each in accepted}

    def _hear(self, session: Session) -> None:
        """Read the events that have come since the last time, and fold what they say."""
        for row in extracts.events(session, EventFact._fields[:-1], self._heard.last):
            event = EventFact._make((*row, read(row.body)))
            self._heard.hear(event, _validator(event.type)(event.tree))
            if self._keep:
                self._events.append(event)


@cache
def _validator(event_type: str) -> Callable[[Tree], str | None]:
    name = re.sub(r"(?<!^)(?=[A-Z])", "_", event_type).lower()
    return validator(bundled("schemas") / "events" / f"{name}.xsd")


def _grouped(rows: list[Row]) -> dict[Any, tuple[Row, ...]]:
    """Return rows by their first column, by which they are sorted."""
    return {key: tuple(found) for key, found in groupby(rows, key=lambda row: row[0])}


def _lines(
    posted: list[Row], states: list[Row], first: Mapping[int, int]
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
