"""Short ways to say what a test starts from: lines, invoices, money, and a draft over them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from invoice_gateway.model.decision import Book, Context, Decision, Entity, Policy, Reach
from invoice_gateway.model.draft import Draft
from invoice_gateway.model.invoice import Invoice, Kind, Line, derive
from invoice_gateway.model.keys import SourceKey
from invoice_gateway.model.ledger import Account, Intent, Source, SourceType
from invoice_gateway.model.order import Method, Order, OrderStatus, ServiceState
from invoice_gateway.model.status import Axis, Status
from tests.world import NOW, SENDERS, key

LETTERS = {
    "N": Status.NEW,
    "P": Status.PAID,
    "R": Status.RECEIVED,
    "D": Status.DISPUTED,
}
"""The statuses as the tables of the tests write them."""

CUSTOMER, ENTERPRISE = "NPD", "NRD"
PAIRS = tuple(customer + enterprise for customer in CUSTOMER for enterprise in ENTERPRISE)
"""The nine pairs a line can be in, customer first."""


def axis(letter: str, shadow: str | None = None) -> Axis:
    """Return an axis; outside a dispute the shadow equals the status, in one it is New."""
    remembered = shadow or ("N" if letter == "D" else letter)
    return Axis(LETTERS[letter], LETTERS[remembered])


def line(pair: str = "NN", amount: int = 100, number: str = "1", **fields: Any) -> Line:
    """Return a line in the pair of statuses `pair`, over `amount` cents."""
    made = Line(number, Kind.ITEM, amount, customer=axis(pair[0]), enterprise=axis(pair[1]))
    return made._replace(**fields)


def lines(*amounts: int) -> tuple[Line, ...]:
    """Return new lines over `amounts`, numbered from 1."""
    return tuple(line(amount=each, number=str(at)) for at, each in enumerate(amounts, start=1))


def invoice(
    number: str = "INV-1", of: Sequence[Line] | None = None, *, day: int = 1, **fields: Any
) -> Invoice:
    """Return an invoice of ACME in euros, issued on that day of November, with fitting sums."""
    made = tuple(lines(60, 40) if of is None else of)
    base = {
        "account": "ACME",
        "currency": "EUR",
        "amount": sum(each.amount for each in made if each.kind is not Kind.DEBIT_MEMO),
        "debit_memos": sum(each.amount for each in made if each.kind is Kind.DEBIT_MEMO),
        "credits": sum(each.credited for each in made),
        "written_off": sum(each.written_off for each in made),
        "settled": sum(each.settled for each in made),
    }
    found = Invoice(
        key=key(number),
        issue_date=date(2026, 11, day),
        due_date=date(2026, 12, day),
        lines=made,
        derived=None,  # type: ignore[arg-type] - derived at once
        **{**base, **fields},
    )
    return replace(found, derived=derive(found))


def account(party: str = "ACME", **fields: Any) -> Account:
    """Return an account that buys in euros."""
    base = {"party_class": "customer", "name": party, "selling_currency": "EUR"}
    return Account(party=party, accounting_currency="EUR", **{**base, **fields})


def order(reference: str = "ORDER-1", **fields: Any) -> Order:
    """Return an order of ACME that has been billed; its service is deleted."""
    base = {
        "account": "ACME",
        "method": Method.WIRE_TRANSFER,
        "status": OrderStatus.COMPLETED,
        "service_state": ServiceState.DELETED,
    }
    placed = datetime(2026, 11, 1, tzinfo=UTC)
    return Order(
        reference=reference, currency="EUR", total=11_000, placed_at=placed, **{**base, **fields}
    )


def with_line(given: Invoice, changed: Line) -> Invoice:
    """Return an invoice with `changed` in place of its line of the same number."""
    made = tuple(changed if each.line_no == changed.line_no else each for each in given.lines)
    return replace(given, lines=made)


def payment(
    reference: str = "PAY-1",
    amount: int = 100,
    *,
    day: int = 20,
    intents: Sequence[Intent] = (),
    **fields: Any,
) -> Source:
    """Return a payment of ACME in euros with that value date in November."""
    found = Source(
        key=SourceKey("ACME", SourceType.PAYMENT, reference),
        currency="EUR",
        amount=amount,
        value_date=date(2026, 11, day),
        intents=tuple(intents),
    )
    return replace(found, **fields)


def open_credit(reference: str = "CN-1", amount: int = 100, *, day: int = 20) -> Source:
    """Return an open credit of ACME in euros."""
    return replace(
        payment(reference, amount, day=day),
        key=SourceKey("ACME", SourceType.OPEN_CREDIT, reference),
    )


def wish(number: str, amount: int | None = None, *, waiting: bool = True) -> Intent:
    """Return a payment's wish to pay that invoice."""
    return Intent(key(number), amount, waiting)


def context(sender: str = "financials", **fields: Any) -> Context:
    """Return the context of a message from `sender`, who may do it for everybody."""
    base = Context(
        actor=SENDERS[sender],
        message_id="M-1",
        content_hash="hash",
        now=NOW,
        today=NOW.date(),
        sent_at=NOW,
        reach=Reach.ANY,
        policy=Policy(),
    )
    return replace(base, **fields)


class Scene:
    """A book on which drafts are opened and closed, one after the other."""

    def __init__(self, *entities: Entity) -> None:
        self.book = Book([account(), *entities])
        self.last: Decision | None = None

    def draft(self, sender: str = "financials", **fields: Any) -> Draft:
        """Return a new draft on the book."""
        return Draft(self.book, context(sender, **fields))

    def close(self, draft: Draft) -> list[str]:
        """Apply the draft to the book and return the names of its events."""
        decision = draft.decision()
        self.book.apply(decision.changes)
        self.last = decision
        return [each.event.name for each in decision.events]

    def invoice(self, number: str = "INV-1") -> Invoice:
        """Return an invoice as it stands."""
        found = self.book.get(Invoice, key(number))
        assert found is not None
        return found

    def source(self, wanted: Source) -> Source:
        """Return a source as it stands."""
        found = self.book.get(Source, wanted.key)
        assert found is not None
        return found
