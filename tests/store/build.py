"""Examples of everything the store keeps, small enough to read in a test."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

from invoice_gateway.engine.ports import EventRow, Outcome, Record, Saving
from invoice_gateway.model.decision import Book, Entity, Scope
from invoice_gateway.model.invoice import ISSUED_NEW, Invoice, Kind, Line, LineTerms
from invoice_gateway.model.keys import InvoiceKey, SourceKey
from invoice_gateway.model.ledger import (
    Account,
    Allocation,
    Dispute,
    DocType,
    Memo,
    MemoPart,
    Mode,
    Part,
    Source,
)
from invoice_gateway.model.order import Category, Method, Order, OrderLine, OrderStatus, Serial
from invoice_gateway.model.status import Side
from invoice_gateway.store import SqlStore

NOW = datetime(2026, 11, 23, 12, 30, 15, 123456, tzinfo=UTC)
ACME = "ACME"


def key(number: str, issuer: str = "ENTERPRISE") -> InvoiceKey:
    """The key of an invoice or memo."""
    return InvoiceKey(issuer, number)


def paid_by(reference: str, account: str = ACME) -> SourceKey:
    """The key of a payment."""
    return SourceKey(account, "payment", reference)


def account(party: str = ACME, **fields: Any) -> Account:
    """A customer that buys in euros."""
    plain: dict[str, Any] = {
        "party_class": "customer",
        "name": f"{party} Ltd",
        "selling_currency": "EUR",
        "accounting_currency": "EUR",
    }
    return Account(party=party, **(plain | fields))


def line(line_no: str, amount: int, **fields: Any) -> Line:
    """A new line with terms."""
    return Line(line_no, Kind.ITEM, amount, LineTerms(f"Part {line_no}", net=amount), **fields)


def invoice(number: str, *amounts: int, day: int = 1, **fields: Any) -> Invoice:
    """An issued invoice of ACME with one line per amount (default: one of 10.00)."""
    lines = tuple(line(str(at), amount) for at, amount in enumerate(amounts or (1000,), start=1))
    plain: dict[str, Any] = {
        "key": key(number),
        "account": ACME,
        "currency": "EUR",
        "amount": sum(each.amount for each in lines),
        "issue_date": date(2026, 11, day),
        "due_date": date(2026, 12, day),
        "lines": lines,
        "derived": ISSUED_NEW,
        "content_hash": f"hash of {number}",
        "cause": f"erp/{number}",
        "version": 1,
        "snapshot": f"<Invoice>{number}</Invoice>",
    }
    return Invoice(**(plain | fields))


def payment(reference: str, amount: int = 1000, **fields: Any) -> Source:
    """Money that ACME has paid."""
    plain: dict[str, Any] = {
        "key": paid_by(reference),
        "currency": "EUR",
        "amount": amount,
        "value_date": date(2026, 11, 5),
        "content_hash": f"hash of {reference}",
        "cause": f"bank/{reference}",
        "version": 1,
    }
    return Source(**(plain | fields))


def allocation(reference: str, number: int, pays: str, *parts: Part, **fields: Any) -> Allocation:
    """Money of a payment of ACME on an invoice."""
    plain: dict[str, Any] = {
        "source": paid_by(reference),
        "number": number,
        "invoice": key(pays),
        "currency": "EUR",
        "amount": sum(part.amount for part in parts),
        "parts": parts,
        "mode": Mode.AUTO,
        "posted_on": date(2026, 11, 6),
        "cause": f"bank/{reference}",
        "version": 1,
    }
    return Allocation(**(plain | fields))


def memo(number: str, about: str | None = None, *parts: MemoPart, **fields: Any) -> Memo:
    """A credit memo for ACME."""
    plain: dict[str, Any] = {
        "key": key(number),
        "doc_type": DocType.CREDIT_MEMO,
        "account": ACME,
        "currency": "EUR",
        "amount": sum(part.amount for part in parts),
        "issued_on": date(2026, 11, 7),
        "invoice": key(about) if about else None,
        "parts": parts,
        "content_hash": f"hash of {number}",
        "version": 1,
    }
    return Memo(**(plain | fields))


def dispute(notice: str, about: str, line_no: str = "1", **fields: Any) -> Dispute:
    """A dispute that ACME has opened."""
    plain: dict[str, Any] = {
        "id": f"{ACME}/{notice}/{line_no}",
        "account": ACME,
        "invoice": key(about),
        "line_no": line_no,
        "notice_id": notice,
        "currency": "EUR",
        "amount": 500,
        "reason_code": "QUA",
        "requested_action": "CNF",
        "raised_by": Side.CUSTOMER,
        "raiser": ACME,
        "opened_at": NOW,
        "version": 1,
    }
    return Dispute(**(plain | fields))


def record(number: str, **fields: Any) -> Record:
    """An accepted message of the ERP."""
    plain: dict[str, Any] = {
        "sender": "erp",
        "message_id": number,
        "type": "InvoicePosted",
        "hash": f"hash of {number}",
        "outcome": Outcome.ACCEPTED,
        "received_at": NOW,
        "body": f"<Message>{number}</Message>".encode("utf-8", "replace"),
        "headers": {"traceparent": number},
    }
    return Record(**(plain | fields))


def event(
    event_id: str,
    aggregate_id: str = "ENTERPRISE/I-1",
    version: int = 1,
    name: str = "invoice.issued",
) -> EventRow:
    """An event about an invoice."""
    return EventRow(
        event_id=event_id,
        name=name,
        type="InvoiceIssued",
        aggregate="invoice",
        aggregate_id=aggregate_id,
        version=version,
        cause="erp/m-1",
        account=ACME,
        body=f"<Event>{event_id}</Event>".encode(),
        headers={"account": ACME},
    )


def saving(book: Book | None = None, **fields: Any) -> Saving:
    """What a batch commits."""
    return Saving(book=book or Book(), now=NOW, **fields)


def everything(*entities: Entity) -> Scope:
    """A scope that names `entities`."""
    keys: dict[type, list[Any]] = {}
    for entity in entities:
        keys.setdefault(type(entity), []).append(entity.key)
    return scope_of(keys)


def scope_of(keys: dict[type, list[Any]], **fields: Any) -> Scope:
    """A scope that names these keys, by entity type."""
    names = {
        "Account": "accounts",
        "Invoice": "invoices",
        "Source": "sources",
        "Memo": "memos",
        "Reversal": "reversals",
        "Dispute": "disputes",
        "Pair": "pairs",
        "Notice": "notices",
    }
    named = {names[kind.__name__]: tuple(found) for kind, found in keys.items()}
    return Scope(**(named | fields))


def order(reference: str = "O-1", **fields: Any) -> Order:
    """An order of ACME on terms, half of it billed."""
    line = OrderLine(
        "1",
        Category.HARDWARE,
        "Telephone",
        quantity=4,
        amount=1200,
        net=1000,
        tax=200,
        tax_rate="20",
        serialised=True,
        invoiced=2,
    )
    plain: dict[str, Any] = {
        "account": ACME,
        "method": Method.TERMS,
        "status": OrderStatus.IN_PROCESS,
        "currency": "EUR",
        "total": 1260,
        "shipping": 60,
        "shipping_tax": 10,
        "shipping_tax_category": "S",
        "shipping_tax_rate": "20",
        "placed_at": NOW,
        "lines": (line,),
        "hold_reasons": ("past-due", "over-limit"),
        "invoices": 1,
        "unshipped": 1,
        "shipping_invoiced": True,
    }
    return Order(reference=reference, **(plain | fields))


def serial(number: str = "S-1", **fields: Any) -> Serial:
    """A telephone of that order."""
    plain: dict[str, Any] = {
        "account": ACME,
        "order_ref": "O-1",
        "line_no": "1",
        "invoice": key("INV:O-1:1"),
    }
    return Serial(number=number, **(plain | fields))


def put(store: SqlStore, *entities: Entity, scope: Scope | None = None) -> None:
    """Commit `entities`, as new ones or, when `scope` loads them, as changes."""
    with store.work() as work:
        book = work.load([scope or Scope()])
        book.apply(entities)
        work.save(saving(book))
        work.commit()


def load(store: SqlStore, *scopes: Scope, lock: Iterable[str] | None = None) -> Book:
    """Load `scopes` in a transaction that is rolled back."""
    with store.work() as work:
        if lock is not None:
            work.lock([*lock])
        return work.load(scopes)
