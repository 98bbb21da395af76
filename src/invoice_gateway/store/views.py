"""The read side of money: invoices and accounts, as plain values that turn into JSON as they are.

Amounts are minor units beside a currency; dates and moments are ISO text, moments in UTC. What the
faces show of messages is in `desk`, whose functions are offered here as well.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Final

import sqlalchemy as sa

from invoice_gateway.model.detail import Execution, Fulfilment
from invoice_gateway.model.display import State, display
from invoice_gateway.model.invoice import (
    Closure,
    InvoiceKind,
    InvoiceStatus,
    Lifecycle,
    Settlement,
)
from invoice_gateway.model.keys import InvoiceKey

from . import views_forex
from .connection import Session
from .desk import (
    LIMIT,
    View,
    deactivate_sender,
    dead_list,
    dead_set_state,
    dead_show,
    event_counts,
    event_view,
    message_list,
    message_show,
    outcome_counts,
    parked_list,
    parked_show,
    plain,
    put_sender,
    sender_list,
    views,
)
from .reads import events, invoice_ends, same, source_ends
from .tables import (
    account,
    allocation,
    allocation_part,
    allocation_removal,
    dispute,
    event,
    invoice,
    invoice_detail,
    invoice_line,
    invoice_snapshot,
    line_state,
    memo,
    memo_part,
    pair,
    source,
    source_intent,
)

__all__ = [
    "View",
    "account_list",
    "account_show",
    "deactivate_sender",
    "dead_list",
    "dead_set_state",
    "dead_show",
    "event_counts",
    "invoice_history",
    "invoice_list",
    "invoice_show",
    "message_list",
    "message_show",
    "outcome_counts",
    "parked_list",
    "parked_show",
    "put_sender",
    "sender_list",
]

INVOICE_COLUMNS: Final = (
    "issuer",
    "number",
    "kind",
    "lifecycle",
    "account",
    "currency",
    "amount",
    "pending",
    "issue_date",
    "due_date",
    "status",
    "settlement_state",
    "contested",
    "confirmation",
    "closure_reason",
    *views_forex.CARRIED,
)
AS_POSTED: Final = {
    "credited": 0,
    "excess": 0,
    "written_off": 0,
    "settled": 0,
    "disputed": 0,
    "customer": "New",
    "customer_shadow": "New",
    "enterprise": "New",
    "enterprise_shadow": "New",
    "receipt_manual": False,
}
"""The state of a line without a row of `line_state`."""
OF_DETAIL: Final = ("fulfilment", "execution")


def invoice_list(
    session: Session,
    *,
    account: str | None = None,
    status: str | None = None,
    limit: int = LIMIT,
) -> list[View]:
    """Return invoices, the last recorded first; filters are exact."""
    statement = sa.select(*(invoice.c[name] for name in INVOICE_COLUMNS))
    if account is not None:
        statement = statement.where(invoice.c.account == account)
    if status is not None:
        statement = statement.where(invoice.c.status == status)
    return _listed(session, statement.order_by(invoice.c.id.desc()).limit(limit))


def invoice_show(session: Session, key: InvoiceKey) -> View | None:
    """Return one invoice with its lines, allocations, documents, disputes and snapshot, or None."""
    row = _invoice(session, key)
    if row is None:
        return None
    number = row.id
    snapshot = session.read(
        sa.select(invoice_snapshot.c.snapshot).where(invoice_snapshot.c.invoice_id == number)
    )
    lines = _lines(session, number)
    return views_forex.valued(plain(row, "id"), "pending") | {
        "disputed": sum(min(each["disputed"], each["open"]) for each in lines),
        "lines": lines,
        "allocations": _allocations(session, allocation.c.invoice_id == number),
        "memos": _memos(session, number, row.accounting_currency),
        "disputes": _disputes(session, dispute.c.invoice_id == number),
        "display": _words(row),
        "snapshot": snapshot[0].snapshot if snapshot else None,
    }


def invoice_history(session: Session, key: InvoiceKey) -> list[View] | None:
    """Return the events of an invoice, its disputes, documents and allocations, oldest first.

    None when there is no such invoice.
    """
    row = _invoice(session, key)
    if row is None:
        return None
    ids = {
        "invoice": sa.select(sa.literal(str(key))),
        "dispute": sa.select(dispute.c.id).where(dispute.c.invoice_id == row.id),
        "memo": sa.select(memo.c.issuer + "/" + memo.c.number).where(memo.c.invoice_id == row.id),
        "allocation": sa.select(_allocation_id())
        .join(source, allocation.c.source_id == source.c.id)
        .where(allocation.c.invoice_id == row.id),
    }
    named = [
        sa.and_(event.c.aggregate == aggregate, event.c.aggregate_id.in_(found))
        for aggregate, found in ids.items()
    ]
    found = session.read(events().where(sa.or_(*named)).order_by(event.c.seq))
    return [event_view(each) for each in found]


def account_list(session: Session, *, limit: int = LIMIT) -> list[View]:
    """Return accounts by party."""
    return views(session, sa.select(account).order_by(account.c.party).limit(limit))


def account_show(session: Session, party: str) -> View | None:
    """Return one account with what it owes and what money it has left, per currency, or None."""
    row = session.read(sa.select(account).where(account.c.party == party))
    if not row:
        return None
    owed = (
        sa.select(*(invoice.c[name] for name in INVOICE_COLUMNS))
        .where(invoice.c.account == party, invoice.c.pending > 0, invoice.c.lifecycle == "Issued")
        .order_by(invoice.c.issue_date, invoice.c.issuer, invoice.c.number)
    )
    invoices = _listed(session, owed)
    sources = _sources(session, party)
    books = views_forex.totals(invoices, sources)
    return plain(row[0]) | {
        "totals": _totals(invoices, sources),
        **({"accounting": books} if books else {}),
        "invoices": invoices,
        "sources": sources,
        "disputes": _disputes(
            session, sa.and_(dispute.c.account == party, dispute.c.state == "open")
        ),
    }


def _totals(invoices: Iterable[View], sources: Iterable[View]) -> list[View]:
    """Return per currency what is owed, what is idle, and the difference (negative: a credit)."""
    owed: dict[str, int] = defaultdict(int)
    idle: dict[str, int] = defaultdict(int)
    for each in invoices:
        owed[each["currency"]] += each["pending"]
    for each in sources:
        idle[each["currency"]] += each["remaining"]
    return [
        {
            "currency": currency,
            "pending": owed[currency],
            "remaining": idle[currency],
            "balance": owed[currency] - idle[currency],
        }
        for currency in sorted({*owed, *idle})
    ]


def _listed(session: Session, statement: sa.Select[Any]) -> list[View]:
    """Return the invoices that `statement` finds, each in the words of the source systems."""
    return [
        views_forex.valued(plain(row), "pending") | {"display": _words(row)}
        for row in session.read(_detailed(statement))
    ]


def _detailed(statement: sa.Select[Any]) -> sa.Select[Any]:
    """Return the select of invoices with what else their words follow from."""
    details = [invoice_detail.c[name] for name in OF_DETAIL]
    return statement.outerjoin(
        invoice_detail, invoice_detail.c.invoice_id == invoice.c.id
    ).add_columns(*details)


def _words(row: sa.Row[Any]) -> View:
    """Return what each of the source systems calls the state of an invoice (Appendix C)."""
    state = State(
        kind=InvoiceKind(row.kind),
        lifecycle=Lifecycle(row.lifecycle),
        status=InvoiceStatus(row.status),
        settlement=Settlement(row.settlement_state),
        closure=row.closure_reason and Closure(row.closure_reason),
        fulfilment=Fulfilment(row.fulfilment or Fulfilment.NOT_APPLICABLE),
        execution=row.execution and Execution(row.execution),
    )
    return display(state)._asdict()


def _invoice(session: Session, key: InvoiceKey) -> sa.Row[Any] | None:
    statement = sa.select(invoice).where(
        invoice.c.issuer == key.issuer, invoice.c.number == key.number
    )
    found = session.read(_detailed(statement))
    return found[0] if found else None


def _lines(session: Session, number: int) -> list[View]:
    """Return the lines of an invoice; of an offer, those of its newest edition."""
    state = [line_state.c[name] for name in AS_POSTED]
    first = sa.func.coalesce(invoice_detail.c.first_line, 0)
    statement = (
        sa.select(invoice_line, *state)
        .outerjoin(line_state, same(line_state, invoice_line, "invoice_id", "position"))
        .outerjoin(invoice_detail, invoice_detail.c.invoice_id == invoice_line.c.invoice_id)
        .where(invoice_line.c.invoice_id == number, invoice_line.c.position >= first)
        .order_by(invoice_line.c.position)
    )
    found = []
    for row in views(session, statement, "invoice_id", "position"):
        line = row | AS_POSTED if row["credited"] is None else row
        due = line["amount"] - line["credited"] - line["written_off"]
        found.append(line | {"due": due, "open": due - line["settled"]})
    return found


def _allocation_id() -> sa.ColumnElement[str]:
    ends = (source.c.account, "/", source.c.type, "/", source.c.reference, "#")
    text: Any = ends[0]
    for each in ends[1:]:
        text = text + each
    return text + sa.cast(allocation.c.number, sa.Text)  # type: ignore[no-any-return]


def _allocations(session: Session, condition: sa.ColumnElement[bool]) -> list[View]:
    """Return allocations, oldest first, each with its parts and, where removed, why and when."""
    removal = allocation_removal.c
    statement = (
        sa.select(
            allocation,
            *(*source_ends(), *invoice_ends(), removal.reason, removal.removed_on),
            invoice.c.accounting_currency.label("books"),
            source.c.accounting_currency.label("source_books"),
        )
        .join(source, allocation.c.source_id == source.c.id)
        .join(invoice, allocation.c.invoice_id == invoice.c.id)
        .outerjoin(allocation_removal, removal.allocation_id == allocation.c.id)
        .where(condition)
        .order_by(allocation.c.id)
    )
    found = session.read(statement)
    parts = _parts(session, allocation_part, "allocation_id", [row.id for row in found])
    without = ("id", "source_id", "invoice_id", "books", "source_books")
    return [
        views_forex.gained(plain(row, *without), row.books, row.source_books)
        | {"parts": parts[row.id]}
        for row in found
    ]


def _memos(session: Session, number: int, books: str | None) -> list[View]:
    found = session.read(sa.select(memo).where(memo.c.invoice_id == number).order_by(memo.c.id))
    parts = _parts(session, memo_part, "memo_id", [row.id for row in found])
    return [
        views_forex.applied(plain(row, "id", "invoice_id"), books) | {"parts": parts[row.id]}
        for row in found
    ]


def _parts(
    session: Session, table: sa.Table, parent: str, numbers: list[int]
) -> dict[int, list[View]]:
    found: dict[int, list[View]] = defaultdict(list)
    if numbers:
        statement = sa.select(table).where(table.c[parent].in_(numbers))
        for row in session.read(statement.order_by(table.c[parent], table.c.position)):
            found[row[0]].append(plain(row, parent, "position"))
    return found


def _disputes(session: Session, condition: sa.ColumnElement[bool]) -> list[View]:
    statement = (
        sa.select(dispute, *invoice_ends())
        .join(invoice, dispute.c.invoice_id == invoice.c.id)
        .where(condition)
        .order_by(dispute.c.opened_at, dispute.c.id)
    )
    return views(session, statement, "invoice_id")


def _sources(session: Session, party: str) -> list[View]:
    """Return the money of an account that is not spent, with what it waits for and may not pay."""
    statement = (
        sa.select(source)
        .where(source.c.account == party, source.c.remaining > 0)
        .order_by(source.c.value_date, source.c.type, source.c.reference)
    )
    found = session.read(statement)
    numbers = [row.id for row in found]
    wishes = _parts(session, source_intent, "source_id", numbers)
    blocked: dict[int, list[str]] = defaultdict(list)
    if numbers:
        pairs = (
            sa.select(pair.c.source_id, invoice.c.issuer, invoice.c.number)
            .join(invoice, pair.c.invoice_id == invoice.c.id)
            .where(pair.c.source_id.in_(numbers), pair.c.blocked)
            .order_by(invoice.c.issuer, invoice.c.number)
        )
        for each in session.read(pairs):
            blocked[each.source_id].append(str(InvoiceKey(each.issuer, each.number)))
    return [
        views_forex.valued(plain(row, "id"), "remaining")
        | {"intents": wishes[row.id], "blocked": blocked[row.id]}
        for row in found
    ]
