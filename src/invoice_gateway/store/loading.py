"""What every load of a book is made of, and the loading of what is kept one row each."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVar

from invoice_gateway.model.decision import Entity
from invoice_gateway.model.detail import PLAIN
from invoice_gateway.model.invoice import OFFERED, Invoice
from invoice_gateway.model.keys import InvoiceKey
from invoice_gateway.model.ledger import Account, Source
from invoice_gateway.model.offer import Offer, named
from invoice_gateway.model.order import Order, Request, Standing
from invoice_gateway.model.rates import Rate, RateAt

from . import history, reads, sql
from .connection import Session
from .query import Query
from .shelf import SHELVES
from .wanted import Wanted

E = TypeVar("E", bound=Entity)


@dataclass(slots=True)
class Known:
    """What the transaction has loaded: entities as they were, and the row ids of their tables."""

    entities: dict[type, dict[object, Entity]] = field(default_factory=lambda: defaultdict(dict))
    ids: dict[type, dict[object, int]] = field(default_factory=lambda: defaultdict(dict))

    def keep(self, entity: Entity, number: int = 0) -> None:
        """Remember `entity` and the id of its row, where its table has one."""
        self.entities[type(entity)][entity.key] = entity
        self.ids[type(entity)][entity.key] = number


def keys(
    session: Session, name: str, *columns: str, rows: Iterable[Sequence[Any]]
) -> dict[str, str]:
    """Return the parameters that fill the key set `name` with `rows`."""
    return sql.keys(name, *columns, rows=rows, postgresql=session.postgresql)


class Loading:
    """The parts of a load that all kinds of entities share."""

    def __init__(self, session: Session, wanted: Wanted, known: Known) -> None:
        self.session = session
        self.wanted = wanted
        self.known = known
        self.found: list[Entity] = []
        self.rated: set[tuple[str, str, str]] = set()
        # what loaded rows point at, beside what the scopes name
        self._invoices = dict(wanted.invoices)
        self._orders: list[tuple[str]] = []

    def _keep(self, entity: Entity, number: int = 0) -> None:
        self.found.append(entity)
        self.known.keep(entity, number)

    def _read(self, statement: Query, parameters: Mapping[str, Any]) -> Sequence[Any]:
        return self.session.read(statement, parameters)

    def _grouped(
        self, statement: Query, name: str, numbers: Collection[int]
    ) -> dict[int, list[Any]]:
        """Return the rows that belong to `numbers`, by their first column, without it."""
        found: dict[int, list[Any]] = defaultdict(list)
        if numbers:
            listed = sql.numbers(numbers, postgresql=self.session.postgresql)
            for row in self._read(statement, {name: listed}):
                found[row[0]].append(row[1:])
        return found

    @property
    def _removable(self) -> Wanted:
        """Return what is named together with a wish for its allocations."""
        if self.wanted.allocated is None:
            self.wanted.allocated = Wanted()
        return self.wanted.allocated

    def _reach(self, invoice: InvoiceKey, *, removable: bool) -> None:
        """Load this invoice too, with its allocations where they may be removed."""
        self._invoices[invoice] = None
        if removable:
            self._removable.invoices[invoice] = None

    def shelves(self) -> None:
        """Load the orders, requests and serial numbers named, and what a request is about."""
        named: dict[type[Entity], dict[str, None]] = defaultdict(dict)
        for kind, key in self.wanted.others:
            named[kind][key] = None
        for request in self._shelved(Request, named.pop(Request, {})):
            self._reach(request.invoice, removable=True)
            named[Order][request.order_ref] = None
        for kind, found in named.items():
            self._shelved(kind, found)

    def _shelved(self, kind: type[E], names: Collection[str]) -> list[E]:
        """Return what of this kind is kept under these names, and was not loaded before."""
        known = self.known.entities[kind]
        missing = [(name,) for name in names if name not in known]
        if not missing:
            return []
        shelf, pg = SHELVES[kind], self.session.postgresql
        parameters = keys(self.session, shelf.name, *shelf.keys, rows=missing)
        return self._kept(kind, self._read(reads.shelved(shelf.name, pg), parameters))

    def _kept(self, kind: type[E], rows_: Sequence[Any]) -> list[E]:
        """Return what rows of a shelf hold, and remember it."""
        shelf = SHELVES[kind]
        lines: dict[str, list[Any]] = defaultdict(list)
        if shelf.lines is not None and rows_:
            named = [(getattr(row, shelf.keys[0]),) for row in rows_]
            parameters = keys(self.session, "lines", shelf.keys[0], rows=named)
            statement = reads.shelved_lines(shelf.name, self.session.postgresql)
            for row in self._read(statement, parameters):
                lines[row[0]].append(row[1:])
        found = [shelf.entity(row, lines[getattr(row, shelf.keys[0])]) for row in rows_]
        for each in found:
            self._keep(each)
        return found

    def requests_and_orders(self) -> None:
        """Load what may follow from money on the invoices: requests, orders; what is offered."""
        requests: dict[str, None] = {}
        orders: dict[str, None] = {}
        offers: dict[str, None] = {}
        invoices: Iterable[Any] = self.known.entities[Invoice].values()
        for invoice in invoices:
            if invoice.detail is PLAIN:
                continue
            if invoice.detail.request:
                requests[invoice.detail.request] = None
            if invoice.order_ref:
                orders[invoice.order_ref] = None
            if invoice.lifecycle in OFFERED:
                offers[named(invoice.key)] = None
        self._shelved(Request, requests)
        self._shelved(Order, orders)
        self._shelved(Offer, offers)

    def histories(self) -> None:
        """Load the whole history of the accounts that ask for it."""
        for each in history.load(self.session, self.wanted.history):
            self._keep(each)

    def rates(self, days: Collection[date]) -> None:
        """Load the exchange rates wanted; most accounts have one currency and ask for none.

        What is wanted without a currency is loaded for all those of the batch: a message may be
        about an invoice that only comes with it.
        """
        books, currencies = self._books(), self._currencies()
        self.rated = {
            (base, quote, at.day.isoformat())
            for at in (*self.wanted.rates, *map(RateAt, days))
            for quote in ([at.quote] if at.quote else books)
            for base in ([at.base] if at.base else currencies)
            if base != quote
        }
        if self.rated:
            rows = sorted(self.rated)
            parameters = keys(self.session, "rate", "base", "quote", "day", rows=rows)
            self._kept(Rate, self._read(reads.rates(self.session.postgresql), parameters))

    def _books(self) -> set[str]:
        """Return the accounting currencies of the accounts: now, before, and as messages say."""
        accounts: Iterable[Any] = self.known.entities[Account].values()
        invoices: Iterable[Any] = self.known.entities[Invoice].values()
        return (
            {each.accounting_currency for each in accounts}
            | {each.carry.currency for each in invoices if each.carry is not None}
            | {*self.wanted.books}
        )

    def _currencies(self) -> set[str]:
        """Return the currencies of all that is loaded, and of what messages bring."""
        loaded = self.known.entities
        kinds: list[Iterable[Any]] = [loaded[kind].values() for kind in (Invoice, Source, Order)]
        accounts: Iterable[Any] = loaded[Account].values()
        return (
            {each.currency for kind in kinds for each in kind}
            | {each.selling_currency for each in accounts}
            | {at.base for at in self.wanted.rates if at.base}
        )

    def standings(self, today: date | None) -> None:
        """Load what accounts owe, and their open orders on terms, for the credit check."""
        if not self.wanted.credit:
            return
        rows = [(account,) for account in self.wanted.credit]
        parameters = keys(self.session, "credit", "account", rows=rows)
        pg = self.session.postgresql
        late = {"today": (today or date.min).isoformat()}
        owing = {row[0]: row[1:] for row in self._read(reads.standings(pg), parameters | late)}
        for account in self.wanted.credit:
            counted = dict(zip(reads.STANDING, owing.get(account, (0, 0, 0)), strict=True))
            self._keep(Standing(account=account, **counted))
        found = self._read(reads.open_orders(pg), parameters)
        known = self.known.entities[Order]
        self._kept(Order, [row for row in found if row.reference not in known])

    def ordered(self) -> None:
        """Note the orders whose money and open invoices are loaded: those named, and those checked.

        An order that is named may not be there yet, while money and invoices wait for it.
        """
        named = [key for kind, key in self.wanted.others if kind is Order]
        checked = [str(key) for key in self.known.entities[Order]]
        self._orders = [(key,) for key in dict.fromkeys(named + checked)]
