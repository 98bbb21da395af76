"""Loading a book: everything the scopes of a batch name, in one statement per table.

What is loaded is remembered with its surrogate ids (`Known`), so that saving needs no look-ups and
writes only what differs.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from operator import attrgetter
from typing import Any, Final

from invoice_gateway.model.decision import Book, Entity, Scope
from invoice_gateway.model.invoice import Invoice
from invoice_gateway.model.keys import InvoiceKey, SourceKey
from invoice_gateway.model.ledger import (
    Dispute,
    Intent,
    Memo,
    MemoPart,
    Notice,
    Pair,
    Part,
    Source,
)

from . import reads, reads_money, rows, rows_detail, rows_disputes, rows_money, sql
from .connection import Session
from .loading import Known, Loading
from .loading import keys as _keys
from .shelf import OWNED
from .wanted import Owners, Wanted, things, union

_DISPUTED: Final = attrgetter("disputed")
KINDS: Final[Mapping[str, type[Entity]]] = {
    "invoice": Invoice,
    "dispute": Dispute,
    "memo": Memo,
    **{name: shelf.kind for name, shelf in OWNED.items()},
}
"""What is named without its account."""


def owners(session: Session, scopes: Sequence[Scope]) -> dict[tuple[str, object], str]:
    """Return the account of everything that `scopes` name without it and that exists.

    Nothing is asked about what the messages bring themselves: hardly ever is that there already.
    """
    named: dict[str, list[Any]] = defaultdict(list)
    brought = {each for scope in scopes for each in scope.provides}
    for kind, key in things(scopes):
        if not brought or (kind, str(key)) not in brought:
            named[kind].append(key)
    if not named:
        return {}
    parameters: dict[str, str] = {}
    for kind, found in named.items():
        if kind in reads.BY_ONE_KEY:
            parameters |= _keys(session, kind, "key", rows=[(key,) for key in found])
        else:
            parameters |= _keys(session, kind, "issuer", "number", rows=found)
    statement = reads.owners(tuple(sorted(named)), session.postgresql)
    return {
        (kind, first if kind in reads.BY_ONE_KEY else InvoiceKey(first, second)): account
        for kind, first, second, account in session.read(statement, parameters)
    }


def load(
    session: Session,
    scopes: Sequence[Scope],
    known: Known,
    *,
    owned: Owners,
    locked: Collection[str] | None,
    today: date | None = None,
    days: Collection[date] = (),
) -> Book:
    """Return the union of `scopes`.

    Args:
        session: The transaction.
        scopes: What the messages of the batch need.
        known: Filled with what is loaded.
        owned: What `owners` answered before the accounts were locked.
        locked: The accounts locked; None when nobody locked anything.
        today: What due dates are compared with; None: nothing is past due.
        days: When something may be issued.
    """
    loading = _Loading(session, union(scopes, owned), known, locked or ())
    loading.accounts()
    loading.shelves()
    loading.standings(today)
    loading.ordered()
    loading.documents()
    loading.allocations()
    loading.sources()
    loading.pairs()
    loading.invoices()
    loading.requests_and_orders()
    loading.rates(days)
    if loading.wanted.history:
        loading.histories()
    return Book(loading.found, loading.rated)


def unlocked(
    scopes: Sequence[Scope], known: Known, locked: Collection[str]
) -> dict[tuple[str, object], str]:
    """Return what `scopes` name in accounts that are not locked, each with its account.

    A neighbour may be changing it right now.
    """
    found = {}
    for kind, key in things(scopes):
        entity = known.entities[KINDS[kind]].get(key)
        if entity is not None and entity.account not in locked:
            found[kind, key] = entity.account
    return found


class _Loading(Loading):
    """One load in progress: each step reads one kind of entity and may widen what is wanted."""

    def __init__(
        self, session: Session, wanted: Wanted, known: Known, locked: Collection[str]
    ) -> None:
        super().__init__(session, wanted, known)
        self.locked = locked
        self._idle: list[tuple[int, Source]] = []
        self._numbers: list[int] = []
        self._blocked: set[str] = set()
        self._sources = dict(wanted.sources)

    def accounts(self) -> None:
        """Load the accounts named and locked, each with its ancestors."""
        names = dict.fromkeys([*self.wanted.accounts, *sorted(self.locked)])
        if not names:
            return
        parameters = _keys(self.session, "account", "party", rows=[(name,) for name in names])
        ancestors: dict[str, list[str]] = defaultdict(list)
        first: dict[str, rows.Row] = {}
        for row in self._read(reads.accounts(self.session.postgresql), parameters):
            party, *_, ancestor, reviewed = row
            first.setdefault(party, row[:-2])
            if ancestor is not None:
                ancestors[party].append(ancestor)
            if reviewed:
                self.wanted.credit[party] = None
        for party, values in first.items():
            self._keep(rows.account(values, tuple(ancestors.get(party, ()))))

    def documents(self) -> None:
        """Load the disputes, memos, reversals and notices named."""
        pg, wanted = self.session.postgresql, self.wanted
        if wanted.disputes:
            named = [(key,) for key in wanted.disputes]
            for row in self._read(
                reads.disputes(pg), _keys(self.session, "dispute", "id", rows=named)
            ):
                self._dispute(row)
        if wanted.memos:
            self._memos(_keys(self.session, "memo", "issuer", "number", rows=wanted.memos))
        if wanted.reversals:
            parameters = _keys(
                self.session, "reversal", "account", "reference", rows=wanted.reversals
            )
            for row in self._read(reads.reversals(pg), parameters):
                self._keep(rows_money.reversal(row), row.id)
        if wanted.notices:
            parameters = _keys(
                self.session, "notice", "kind", "party", "notice_id", rows=wanted.notices
            )
            for row in self._read(reads.notices(pg), parameters):
                self._keep(Notice(**row._asdict()))

    def _dispute(self, row: Any) -> None:  # noqa: ANN401 - a row of either driver
        dispute = rows_disputes.dispute(row)
        self._keep(dispute)
        self._reach(dispute.invoice, removable=dispute.id in self._removable.disputes)

    def _memos(self, parameters: Mapping[str, str]) -> None:
        found = self._read(reads.memos(self.session.postgresql), parameters)
        statement = reads.memo_parts(self.session.postgresql)
        parts = self._grouped(statement, "memos", [row.id for row in found])
        for row in found:
            memo = rows_money.memo(row, [MemoPart(*part) for part in parts[row.id]])
            self._keep(memo, row.id)
            if memo.invoice is not None:
                self._reach(memo.invoice, removable=memo.key in self._removable.memos)

    def allocations(self) -> None:
        """Load the posted allocations at both ends of what is named with a wish for them."""
        parameters = self._source_keys(self._removable, self._removable.sources)
        if self._removable.invoices:
            parameters["invoice"] = _keys(
                self.session, "invoice", "issuer", "number", rows=self._removable.invoices
            )
        if not parameters:
            return
        pg = self.session.postgresql
        found = self._read(reads_money.allocations(tuple(parameters), pg), _flat(parameters))
        parts = self._grouped(
            reads_money.allocation_parts(pg), "allocations", [row.id for row in found]
        )
        for row in found:
            allocation = rows_money.allocation(row, [Part(*part) for part in parts[row.id]])
            self._keep(allocation, row.id)
            self._sources[allocation.source] = None
            self._invoices[allocation.invoice] = None

    def _source_keys(
        self, wanted: Wanted, sources: Mapping[SourceKey, None]
    ) -> dict[str, dict[str, str]]:
        """Return the parameters for every way in which sources are named."""
        ways: list[tuple[str, tuple[str, ...], Collection[Any]]] = [
            ("source", ("account", "type", "reference"), sources),
            ("bank_reference", ("account", "bank_reference"), wanted.bank_references),
            ("end_to_end_id", ("account", "end_to_end_id"), wanted.end_to_end_ids),
        ]
        return {
            name: _keys(self.session, name, *columns, rows=keys)
            for name, columns, keys in ways
            if keys
        }

    def sources(self) -> None:
        """Load the sources named or reached, idle ones, and those waiting for a named invoice."""
        parameters = self._source_keys(self.wanted, self._sources)
        owners = [(account,) for account in self.locked or self.wanted.accounts]
        if self.wanted.invoices and owners:
            parameters["waiting"] = _keys(
                self.session, "waiting", "issuer", "number", rows=self.wanted.invoices
            ) | _keys(self.session, "locked", "account", rows=owners)
        if self._orders:
            parameters["held"] = _keys(self.session, "held", "held_for", rows=self._orders)
        if self.wanted.auto:
            idle = [(account,) for account in self.wanted.auto]
            parameters["idle"] = _keys(self.session, "idle", "account", rows=idle)
        if not parameters:
            return
        pg = self.session.postgresql
        found = self._read(reads_money.sources(tuple(parameters), pg), _flat(parameters))
        intents = self._grouped(reads_money.intents(pg), "sources", [row.id for row in found])
        for row in found:
            wishes = [
                Intent(InvoiceKey(issuer, number), amount, waiting)
                for _, issuer, number, amount, waiting in intents[row.id]
            ]
            source = rows_money.source(row, wishes)
            self._keep(source, row.id)
            if source.account in self.wanted.auto:
                self._numbers.append(row.id)
                if source.remaining > 0:
                    self._idle.append((row.id, source))

    def pairs(self) -> None:
        """Load the pairs named, and the blocked ones of the sources the auto run may meet."""
        parameters: dict[str, dict[str, str]] = {}
        if self.wanted.pairs:
            columns = ("account", "type", "reference", "issuer", "number")
            named = [(*source, *invoice) for source, invoice in self.wanted.pairs]
            parameters["pair"] = _keys(self.session, "pair", *columns, rows=named)
        if self._numbers:
            parameters["sources"] = {
                "sources": sql.numbers(self._numbers, postgresql=self.session.postgresql)
            }
        if not parameters:
            return
        statement = reads_money.pairs(tuple(parameters), self.session.postgresql)
        for row in self._read(statement, _flat(parameters)):
            source = SourceKey(row.source_account, row.source_type, row.source_reference)
            invoice = InvoiceKey(row.invoice_issuer, row.invoice_number)
            self._keep(Pair(source=source, invoice=invoice, blocked=row.blocked))
            if row.blocked:
                self._blocked.add(source.account)

    def invoices(self) -> None:
        """Load the invoices named or reached, and the open ones as far as money reaches."""
        parameters = self._open()
        if self._orders:
            parameters["ordered"] = _keys(self.session, "ordered", "order_ref", rows=self._orders)
        if self._invoices:
            parameters["invoice"] = _keys(
                self.session, "invoice", "issuer", "number", rows=self._invoices
            )
        if not parameters:
            return
        pg = self.session.postgresql
        found = self._read(reads.invoices(tuple(parameters), pg), _flat(parameters))
        lines = self._grouped(reads.lines(pg), "invoices", [row.id for row in found])
        disputed = []
        for row in found:
            detail = rows_detail.detail(row[-len(rows_detail.DETAIL_ROW) :])
            its_lines = lines[row.id][detail.first_line :]
            invoice = rows.invoice(row, [rows.line(line) for line in its_lines], detail)
            self._keep(invoice, row.id)
            if any(map(_DISPUTED, invoice.lines)):
                disputed.append(row.id)
        if disputed:
            listed = sql.numbers(disputed, postgresql=pg)
            for row in self._read(reads.open_disputes(pg), {"invoices": listed}):
                if row.id not in self.wanted.disputes:
                    self._keep(rows_disputes.dispute(row))

    def _open(self) -> dict[str, dict[str, str]]:
        """Return the parameters for open invoices: all, or as far as the money reaches."""
        unbounded = {
            account
            for account, money in self.wanted.auto.items()
            if money is None or account in self._blocked
        }
        idle: dict[tuple[str, str], int] = defaultdict(int)
        for _, source in self._idle:
            if source.account not in unbounded:
                idle[source.account, source.currency] += source.remaining
        bounds = {
            account: money
            for account, money in self.wanted.auto.items()
            if money and account not in unbounded
        }
        parameters = {}
        if unbounded:
            rows_ = [(account,) for account in sorted(unbounded)]
            parameters["open"] = _keys(self.session, "open", "account", rows=rows_)
        if idle or bounds:
            one = [(*key, str(money)) for key, money in sorted(idle.items())]
            every = [(account, str(money)) for account, money in sorted(bounds.items())]
            parameters["reached"] = _keys(
                self.session, "one_currency", "account", "currency", "bound", rows=one
            ) | _keys(self.session, "any_currency", "account", "bound", rows=every)
        return parameters


def _flat(parameters: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    return {name: value for each in parameters.values() for name, value in each.items()}
