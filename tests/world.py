"""A gateway without bus and store: messages are parsed, checked, read and decided upon in memory.

`World.send` goes the way of production up to the decision and applies it to the book. Each decision
is taken twice, once on the whole book and once on what its scope would have loaded: a scope that
forgets something fails the test that shows it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

from invoice_gateway.engine.discover import bundled, discover
from invoice_gateway.handler import Handler
from invoice_gateway.model import collection
from invoice_gateway.model.decision import (
    ENTITIES,
    Actor,
    AlreadyApplied,
    Book,
    Context,
    Decision,
    Entity,
    Policy,
    Role,
    Scope,
)
from invoice_gateway.model.detail import PLAIN
from invoice_gateway.model.errors import Code, Rejected
from invoice_gateway.model.event import Event
from invoice_gateway.model.history import History
from invoice_gateway.model.invoice import OFFERED, Invoice, Lifecycle, Line
from invoice_gateway.model.keys import InvoiceKey, SourceKey
from invoice_gateway.model.ledger import (
    Account,
    Allocation,
    AllocationState,
    Dispute,
    DisputeState,
    Memo,
    Notice,
    Pair,
    Reversal,
    Source,
    SourceType,
)
from invoice_gateway.model.offer import Offer, named
from invoice_gateway.model.order import (
    Method,
    Order,
    OrderStatus,
    Request,
    Serial,
    Standing,
)
from invoice_gateway.model.rates import Rate, RateAt
from invoice_gateway.xml.document import Document, canonical
from invoice_gateway.xml.safe import parse
from invoice_gateway.xml.schemas import Schemas
from tests.histories import histories

ENTERPRISE = "ENTERPRISE"
NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)

SENDERS = {
    each.sender: each
    for each in (
        Actor(sender="erp", party=ENTERPRISE, role=Role.ERP),
        Actor(sender="financials", party=ENTERPRISE, role=Role.FINANCIALS),
        Actor(sender="bank", party="BANK", role=Role.BANK),
        Actor(sender="admin", party=ENTERPRISE, role=Role.ADMIN),
        Actor(sender="acme", party="ACME", role=Role.PARTNER),
        Actor(sender="acme-portal", party="ACME", role=Role.OWNER),
        Actor(sender="shop", party="ACME-SHOP", role=Role.OWNER),
        Actor(sender="globex", party="GLOBEX", role=Role.OWNER),
        Actor(sender="portal", party="ENTERPRISE", role=Role.PORTAL),
        Actor(sender="reseller", party="ACME", role=Role.RESELLER),
        Actor(sender="warehouse", party="ENTERPRISE", role=Role.FULFILMENT),
        Actor(sender="provisioning", party="ENTERPRISE", role=Role.PROVISIONING),
        Actor(sender="usage", party="ENTERPRISE", role=Role.USAGE),
        Actor(sender="scheduler", party="ENTERPRISE", role=Role.SYSTEM),
    )
}
"""Who may send: two of ACME, a reseller; its customer ACME-SHOP; GLOBEX, a stranger to both."""


@cache
def handlers() -> dict[str, Handler[Any]]:
    """Return every handler, found the way production finds them."""
    return discover([bundled("handlers")])


@cache
def schemas() -> Schemas:
    """Return the schemas, found the way production finds them."""
    return Schemas(bundled("schemas"))


def key(number: str, issuer: str = ENTERPRISE) -> InvoiceKey:
    """Return the key of a document of the enterprise."""
    return InvoiceKey(issuer, number)


def read(xml: bytes) -> tuple[Handler[Any], Any, Document, str]:
    """Return handler, message, document and content hash.

    Raises:
        Rejected: as production refuses it before anybody decides.
    """
    root = parse(xml)
    schemas().check(root)
    _, content_hash = canonical(root)
    document = Document(root, ENTERPRISE)
    handler = handlers()[document.name]
    return handler, handler.read(document), document, content_hash


@dataclass(slots=True)
class World:
    """A book, and everything that was announced so far."""

    policy: Policy = field(default_factory=Policy)
    book: Book = field(default_factory=Book)
    events: list[Event] = field(default_factory=list)

    def send(self, xml: bytes) -> Decision:
        """Decide about a message and apply the decision.

        Raises:
            Rejected: refused or parked; the book is as before.
            AlreadyApplied: known under its natural key; the book is as before.
        """
        handler, message, document, content_hash = read(xml)
        context = self._context(handler, document, content_hash)
        ask = handler.needs if self.policy.recheck_in_process else handler.scope
        scope = ask(message, context)
        self.book.apply(standings(self.book))
        self.book.apply(histories(self.book, NOW))
        decision = _decide(handler, message, self.book, context)
        loaded = loaded_for(self.book, scope, context.today)
        assert _said(_decide(handler, message, loaded, context)) == _said(decision), (
            f"the scope of {handler.message} does not load all that its decision rests on"
        )
        if isinstance(decision, Exception):
            raise decision
        self.book.apply(numbered(self.book, decision.changes))
        self.events += [each.event for each in decision.events]
        return decision

    def all(self, *messages: bytes) -> "World":
        """Send `messages` in order and return this world."""
        for each in messages:
            self.send(each)
        return self

    def refusal(self, xml: bytes) -> Rejected:
        """Return how a message is refused, and check that this changed nothing."""
        before = snapshot(self.book)
        try:
            self.send(xml)
        except Rejected as refused:
            assert snapshot(self.book) == before
            return refused
        raise AssertionError("the message was accepted")

    def invoice(self, number: str = "INV-1") -> Invoice:
        """Return an invoice of the enterprise."""
        return _there(self.book.get(Invoice, key(number)))

    def line(self, line_no: str = "1", number: str = "INV-1") -> Line:
        """Return a line of an invoice of the enterprise."""
        return _there(self.invoice(number).line(line_no))

    def source(self, reference: str = "PAY-1", account: str = "ACME") -> Source:
        """Return a payment, or the open credit of that name when there is no such payment."""
        found = (
            self.book.get(Source, SourceKey(account, type_, reference)) for type_ in SourceType
        )
        return next(each for each in found if each is not None)

    def dispute(self, dispute_id: str = "ACME/DN-1/1") -> Dispute:
        """Return a dispute."""
        return _there(self.book.get(Dispute, dispute_id))

    def memo(self, number: str = "MEMO-1") -> Memo:
        """Return a memo of the enterprise."""
        return _there(self.book.get(Memo, key(number)))

    def order(self, reference: str = "ORDER-1") -> Order:
        """Return an order."""
        return _there(self.book.get(Order, reference))

    def request(self, request_id: str = "REQ-1") -> Request:
        """Return a request."""
        return _there(self.book.get(Request, request_id))

    def account(self, party: str = "ACME") -> Account:
        """Return an account."""
        return _there(self.book.get(Account, party))

    def allocations(self, number: str = "INV-1") -> list[tuple[str, int, str]]:
        """Return (source, amount, mode) of what is posted on an invoice, in order of posting."""
        return [
            (each.source.reference, each.amount, each.mode.value)
            for each in self.book.all(Allocation)
            if each.invoice == key(number) and each.state is AllocationState.POSTED
        ]

    def says(self, number: str = "INV-1") -> str:
        """Return what both sides say of the lines of an invoice, as in "NR PD": customer first."""
        return " ".join(letters(line) for line in self.invoice(number).lines)

    def context(self, sender: str = "scheduler") -> Context:
        """Return the context of a message nobody sent, for rules that are called by themselves."""
        return Context(
            actor=SENDERS[sender],
            message_id="none",
            content_hash="",
            now=NOW,
            today=NOW.date(),
            sent_at=NOW,
            policy=self.policy,
        )

    def _context(self, handler: Handler[Any], document: Document, content_hash: str) -> Context:
        actor = SENDERS[document.text("Header/Sender")]
        reach = handler.rights.get(actor.role)
        if reach is None:
            raise Rejected(Code.FORBIDDEN, f"role {actor.role} may not send {handler.message}")
        effective: date | None = document.maybe_day("Header/EffectiveDate")
        return Context(
            actor=actor,
            message_id=document.text("Header/MessageId"),
            content_hash=content_hash,
            now=NOW,
            today=effective or NOW.date(),
            sent_at=document.moment("Header/SentAt"),
            reach=reach,
            acting_for=document.maybe("Header/ActingFor"),
            correlation_id=document.maybe("Header/CorrelationId"),
            policy=self.policy,
        )


def names(decision: Decision) -> list[str]:
    """Return the names of the events of a decision, in order."""
    return [each.event.name for each in decision.events]


def letters(line: Line) -> str:
    """Return what both sides say of a line: N, P, R or D; the customer first."""
    short = {"New": "N", "Paid": "P", "Payment Received": "R", "Disputed": "D"}
    return short[line.customer.status] + short[line.enterprise.status]


def snapshot(book: Book) -> dict[object, Entity]:
    """Return everything a book knows."""
    kinds = [kind for kind in ENTITIES if kind not in (Standing, History)]
    return {(kind, each.key): each for kind in kinds for each in book.all(kind)}


def standings(book: Book) -> list[Standing]:
    """Return what every account owes, as a store counts it."""
    found = []
    for account in book.all(Account):
        owed = [
            each
            for each in book.of(Invoice, account.party)
            if each.lifecycle is Lifecycle.ISSUED and not collection.waits_for_request(each)
        ]
        exposure = sum(each.pending for each in owed if each.currency == account.selling_currency)
        late = [each for each in owed if each.pending and each.due_date < NOW.date()]
        clear = [each for each in late if each.pending > each.disputed_amount]
        standing = Standing(
            account=account.party,
            exposure=exposure,
            past_due=len(late),
            past_due_clear=len(clear),
        )
        found.append(standing)
    return found


def numbered(book: Book, changes: Iterable[Entity]) -> Iterable[Entity]:
    """Yield `changes` with a number for each invoice that takes one, as a store gives it."""
    last: dict[tuple[str, str], int] = {}
    for each in book.all(Invoice):
        if each.detail.series:
            place = (each.key.issuer, each.detail.series)
            last[place] = max(last.get(place, 0), each.detail.transaction_no or 0)
    for change in changes:
        new = isinstance(change, Invoice) and change.detail.transaction_no is None
        if new and change.detail.series:
            place = (change.key.issuer, change.detail.series)
            last[place] = last.get(place, 0) + 1
            yield replace(change, detail=replace(change.detail, transaction_no=last[place]))
        else:
            yield change


def loaded_for(book: Book, scope: Scope, today: date) -> Book:
    """Return the book that a store loads for `scope` and a message that takes effect `today`."""
    found = [*visible(book, scope)]
    rated = wished((*scope.rates, RateAt(today)), scope, found)
    return Book([*found, *_rates(book, rated)], rated)


def visible(book: Book, scope: Scope) -> Iterable[Entity]:
    """Yield what a store loads for `scope` (`Scope` says what that is), whatever money reaches."""
    invoices = dict.fromkeys(scope.invoices)
    asked: list[Entity] = [
        *_found(book, Dispute, scope.disputes),
        *_found(book, Memo, scope.memos),
    ]
    invoices |= dict.fromkeys(each.invoice for each in asked if each.invoice)
    others = [each for kind, name in scope.others if (each := book.get(kind, name)) is not None]
    removable = [each.invoice for each in others if isinstance(each, Request)]
    invoices |= dict.fromkeys(removable)
    orders = {each.order_ref for each in others if isinstance(each, Request)}
    orders |= {name for kind, name in scope.others if kind is Order}
    accounts = {
        *scope.accounts,
        *(each.account for each in scope.sources),
        *(each[0] for each in (*scope.bank_references, *scope.end_to_end_ids, *scope.reversals)),
        *(party for _, party, _ in scope.notices),
        *(each.account for each in (*asked, *_found(book, Invoice, invoices))),
        *(each.account for each in others if isinstance(each, Order | Request)),
    }
    orders |= _on_terms(book, _checked(book, scope, accounts))
    allocations = [
        each
        for each in book.all(Allocation)
        if each.state is not AllocationState.REMOVED
        and (
            each.invoice in removable
            or (scope.allocations and (each.source in scope.sources or each.invoice in invoices))
        )
    ]
    invoices |= dict.fromkeys(each.invoice for each in allocations)
    sources = {*scope.sources, *(each.source for each in allocations)}
    idle = {
        each.key
        for each in book.all(Source)
        if scope.auto and each.account in accounts and each.remaining > 0
    }
    yield from asked
    yield from _found(book, History, scope.history)
    yield from allocations
    yield from (
        replace(each, ancestors=tuple(_above(book, each)))
        for each in _found(book, Account, accounts)
    )
    yield from _found(book, Notice, scope.notices)
    yield from _found(book, Reversal, scope.reversals)
    yield from (
        each
        for each in book.all(Pair)
        if each.key in scope.pairs
        or (each.blocked and (each.source in idle or (scope.auto and each.source in scope.sources)))
    )
    yield from (
        each
        for each in book.all(Source)
        if each.key in sources
        or each.key in idle
        or (each.account, each.bank_reference) in scope.bank_references
        or (each.account, each.end_to_end_id) in scope.end_to_end_ids
        or (each.held_for is not None and each.held_for in orders)
        or any(wish.waiting and wish.invoice in scope.invoices for wish in each.intents)
    )
    found = [
        each
        for each in book.all(Invoice)
        if each.key in invoices
        or (scope.auto and each.account in accounts and each.pending)
        or (each.order_ref in orders and each.pending)
    ]
    yield from found
    yield from _behind(book, scope, accounts, orders, found)
    keys = {each.key for each in found}
    yield from (
        each
        for each in book.all(Dispute)
        if each.invoice in keys and each.state is DisputeState.OPEN
    )


def _checked(book: Book, scope: Scope, accounts: set[str]) -> set[str]:
    """Return which of the accounts are loaded for the credit check."""
    reviewed = {
        each.account
        for each in book.all(Order)
        if each.status is OrderStatus.UNDER_REVIEW and each.account in accounts
    }
    return (accounts if scope.credit else set()) | reviewed


def _on_terms(book: Book, accounts: set[str]) -> set[str]:
    """Return the open orders on terms of the accounts."""
    return {
        each.key
        for each in book.all(Order)
        if each.account in accounts and each.open and each.method is Method.TERMS
    }


def _behind(
    book: Book, scope: Scope, accounts: set[str], orders: set[str], invoices: Iterable[Invoice]
) -> Iterable[Entity]:
    """Yield what is named or behind `invoices`: offers, orders, requests, serials, standings."""
    requests = {name for kind, name in scope.others if kind is Request}
    requests |= {each.detail.request for each in invoices if each.detail.request}
    orders = orders | {
        each.order_ref for each in invoices if each.order_ref and each.detail != PLAIN
    }
    offers = {name for kind, name in scope.others if kind is Offer}
    offers |= {named(each.key) for each in invoices if each.lifecycle in OFFERED}
    yield from _found(book, Offer, offers)
    checked = _checked(book, scope, accounts)
    yield from _found(book, Request, requests)
    yield from (each for each in book.all(Order) if each.key in orders)
    yield from _found(book, Serial, [name for kind, name in scope.others if kind is Serial])
    yield from (each for each in book.all(Standing) if each.account in checked)


def _rates(book: Book, rated: Iterable[tuple[str, str, str]]) -> Iterable[Rate]:
    """Yield the rates that count where one is wanted."""
    for base, quote, day in rated:
        found = [
            each
            for each in book.all(Rate)
            if (each.base, each.quote) == (base, quote) and each.day.isoformat() <= day
        ]
        yield from sorted(found, key=lambda each: each.day)[-1:]


def wished(
    rates: Iterable[RateAt], scope: Scope, loaded: Iterable[Entity]
) -> set[tuple[str, str, str]]:
    """Return what a store looks up for the wishes `rates`, beside what it has loaded."""
    accounts = [each for each in loaded if isinstance(each, Account)]
    books = {each.accounting_currency for each in accounts} | {*scope.books}
    books |= {each.carry.currency for each in loaded if isinstance(each, Invoice) and each.carry}
    others = [each for each in loaded if isinstance(each, Invoice | Source | Order)]
    currencies = {each.currency for each in others} | {each.selling_currency for each in accounts}
    return {
        (base, quote, at.day.isoformat())
        for at in rates
        for base in ({at.base} if at.base else currencies)
        for quote in ({at.quote} if at.quote else books)
        if base != quote
    }


def _above(book: Book, account: Account) -> Iterable[str]:
    """Yield the resellers above an account, nearest first, as they stand now."""
    found = {account.party}
    while account.parent is not None and account.parent not in found:
        yield account.parent
        found.add(account.parent)
        account = _there(book.get(Account, account.parent))


def _found(book: Book, kind: type[Any], keys: Iterable[object]) -> list[Any]:
    found = (book.get(kind, each) for each in keys)
    return [each for each in found if each is not None]


def _decide(
    handler: Handler[Any], message: object, book: Book, context: Context
) -> Decision | Rejected | AlreadyApplied:
    try:
        return handler.decide(message, book, context)
    except (Rejected, AlreadyApplied) as outcome:
        return outcome


def _said(outcome: Decision | Rejected | AlreadyApplied) -> object:
    if isinstance(outcome, Decision):
        changes = [each for each in outcome.changes if not isinstance(each, Standing)]
        return {(type(each), each.key): each for each in changes}, outcome.events
    return type(outcome), str(outcome)


def _there(found: Any) -> Any:
    assert found is not None
    return found
