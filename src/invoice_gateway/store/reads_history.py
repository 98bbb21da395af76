"""The statements that read the append-only tables as entries, by account or page by page.

Each reads one table, joined with what its entries are about. `at` is when an entry was recorded:
the tables do not say, but every entry has events of the same cause, and those do (docs/adr/0020).
"""

from functools import cache
from typing import Any

import sqlalchemy as sa

from invoice_gateway.model.invoice import RECOVERY, Kind
from invoice_gateway.model.journal import NO_TAX
from invoice_gateway.model.ledger import AllocationState, DocType

from .columns import ID, MONEY
from .query import Query
from .sql import among, keyset
from .tables import (
    allocation,
    allocation_part,
    allocation_removal,
    dispute,
    event,
    invoice,
    invoice_line,
    memo,
    memo_part,
    reversal,
    source,
)
from .tables_orders import invoice_detail

BILL = ("issuer", "number", "account", "currency", "kind", "lifecycle", "issue_date", "due_date")
PURSE = ("account", "type", "reference", "currency", "origin", "value_date")
"""What every entry about an invoice, or about money, needs to know of it, beside its cause."""

SAY_AN_AMOUNT = ("dispute.opened", "dispute.amended")
"""The events that say what a dispute is over."""

Select = sa.Select[Any]


def bill_columns() -> list[Any]:
    """Return what `bill` reads, as columns `bill_...`."""
    return [invoice.c[name].label(f"bill_{name}") for name in (*BILL, "cause")]


def purse_columns() -> list[Any]:
    """Return what `purse` reads, as columns `purse_...`."""
    return [source.c[name].label(f"purse_{name}") for name in (*PURSE, "cause")]


def invoices() -> Select:
    """Return invoices, each with what it was issued over.

    What asks for money of a wallet back has nothing of its own but its first line.
    """
    line = invoice_line.c
    first = sa.select(line.amount).where(line.invoice_id == invoice.c.id, line.position == 0)
    recovers = sa.func.substr(invoice.c.number, 1, len(RECOVERY)) == RECOVERY
    amount = sa.case((recovers, first.scalar_subquery()), else_=invoice.c.amount)
    return sa.select(invoice.c.id, amount.label("amount"), *bill_columns())


def memos() -> Select:
    """Return documents about invoices; credit notes are in `sources`."""
    names = ("id", "number", "doc_type", "amount", "applied", "issued_on", "cause")
    return sa.select(*(memo.c[name] for name in names), *bill_columns()).join(
        invoice, memo.c.invoice_id == invoice.c.id
    )


def sources() -> Select:
    """Return money and credit."""
    return sa.select(source.c.id, source.c.amount, *purse_columns())


def allocations() -> Select:
    """Return allocations, each with its removal if there is one, and what reversals did to it."""
    by = reversal.alias("by")

    def reversed_on(cause: sa.ColumnElement[str]) -> Any:  # noqa: ANN401 - any statement that takes ids
        found = sa.select(by.c.reversed_on).where(
            by.c.source_id == allocation.c.source_id, by.c.cause == cause
        )
        return found.limit(1).scalar_subquery()

    removal = allocation_removal.c
    return (
        sa.select(
            allocation.c.id,
            allocation.c.amount,
            allocation.c.posted_on,
            allocation.c.cause,
            reversed_on(allocation.c.cause).label("reversed_on"),
            removal.removed_on,
            removal.removed_by,
            reversed_on(removal.removed_by).label("removed_by_reversal_on"),
            *bill_columns(),
            *purse_columns(),
        )
        .join(invoice, allocation.c.invoice_id == invoice.c.id)
        .join(source, allocation.c.source_id == source.c.id)
        .outerjoin(allocation_removal, removal.allocation_id == allocation.c.id)
        .where(
            allocation.c.state != AllocationState.RESERVED.value,
            allocation.c.version > 0,  # else it was reserved, and let go again
        )
    )


def reversals() -> Select:
    """Return what left sources otherwise than to invoices."""
    names = ("id", "reference", "kind", "amount", "reversed_on", "cause")
    return sa.select(*(reversal.c[name] for name in names), *purse_columns()).join(
        source, reversal.c.source_id == source.c.id
    )


# -- by account -------------------------------------------------------------------------------


def recorded(cause: Any) -> Any:  # noqa: ANN401 - a column
    """Return the moment in which a message took effect: the one its events were recorded in.

    Events about the message itself tell of its arrival, not of its effect: it may be parked first.
    """
    found = sa.select(event.c.recorded_at).where(
        event.c.cause == cause, event.c.aggregate != "message"
    )
    return found.limit(1).scalar_subquery()


def issued() -> Any:  # noqa: ANN401 - a column
    """Return the moment in which an invoice was issued, which may be long after it was drafted."""
    found = sa.select(event.c.recorded_at).where(
        event.c.aggregate == "invoice",
        event.c.aggregate_id == invoice.c.issuer + "/" + invoice.c.number,
        event.c.name == "invoice.issued",
    )
    return found.limit(1).scalar_subquery()


@cache
def of_accounts(postgresql: bool) -> dict[str, Query]:  # noqa: FBT001 - the key of its cache
    """Return the statements of the accounts named `history`, by table, each with `at`."""
    wanted = keyset("history", "account", postgresql=postgresql)
    billed = wanted.c.account == invoice.c.account
    owned = wanted.c.account == source.c.account
    return {
        "invoice": Query(invoices().add_columns(issued().label("at")).join(wanted, billed)),
        "memo": Query(memos().add_columns(recorded(memo.c.cause).label("at")).join(wanted, billed)),
        "source": Query(
            sources().add_columns(recorded(source.c.cause).label("at")).join(wanted, owned)
        ),
        "allocation": Query(
            allocations()
            .add_columns(
                recorded(allocation.c.cause).label("at"),
                recorded(allocation_removal.c.removed_by).label("removed_at"),
            )
            .join(wanted, billed)
        ),
        "reversal": Query(
            reversals().add_columns(recorded(reversal.c.cause).label("at")).join(wanted, owned)
        ),
    }


@cache
def disputes(postgresql: bool) -> Query:  # noqa: FBT001 - the key of its cache
    """Return the disputes of the accounts named `history`, each with the amount of its line."""
    wanted = keyset("history", "account", postgresql=postgresql)
    names = ("id", "invoice_id", "line_no", "amount", "opened_at", "closed_at")
    line = invoice_line.c
    return Query(
        sa.select(
            *(dispute.c[name] for name in names),
            line.amount.label("line_amount"),
            *bill_columns(),
        )
        .join(invoice, dispute.c.invoice_id == invoice.c.id)
        .join(wanted, wanted.c.account == invoice.c.account)
        .join(
            invoice_line,
            sa.and_(line.invoice_id == dispute.c.invoice_id, line.line_no == dispute.c.line_no),
        )
        .order_by(dispute.c.opened_at, dispute.c.id, line.position)
    )


@cache
def dispute_events(postgresql: bool) -> Query:  # noqa: FBT001 - the key of its cache
    """Return (dispute, moment, XML) of the events that say what disputes were over."""
    wanted = keyset("dispute", "id", postgresql=postgresql)
    return Query(
        sa.select(event.c.aggregate_id, event.c.recorded_at, event.c.body)
        .join(wanted, event.c.aggregate_id == wanted.c.id)
        .where(event.c.aggregate == "dispute")
        .where(sa.or_(*(event.c.name == name for name in SAY_AN_AMOUNT)))
        .order_by(event.c.aggregate_id, event.c.version)
    )


@cache
def disputed_parts(postgresql: bool) -> Query:  # noqa: FBT001 - the key of its cache
    """Return (invoice, line, entry, amount): what was entered on lines under one of `dispute`."""
    wanted = keyset("dispute", "id", postgresql=postgresql)
    lines = sa.select(dispute.c.invoice_id, dispute.c.line_no).distinct()
    lines = lines.join(wanted, dispute.c.id == wanted.c.id)
    named = lines.cte("lines")
    by_memo = (
        sa.select(named.c.invoice_id, named.c.line_no, memo.c.id, memo_part.c.applied)
        .join(memo, memo.c.invoice_id == named.c.invoice_id)
        .join(memo_part, memo_part.c.memo_id == memo.c.id)
        .where(memo_part.c.line_no == named.c.line_no, memo.c.doc_type != DocType.DEBIT_MEMO.value)
    )
    by_money = (
        sa.select(named.c.invoice_id, named.c.line_no, allocation.c.id, allocation_part.c.amount)
        .join(allocation, allocation.c.invoice_id == named.c.invoice_id)
        .join(allocation_part, allocation_part.c.allocation_id == allocation.c.id)
        .where(allocation_part.c.line_no == named.c.line_no)
    )
    return Query(sa.union_all(by_memo, by_money))


# -- page by page -----------------------------------------------------------------------------


@cache
def page(name: str) -> Query:
    """Return the next `count` rows of a table after the row `after`, in the order of recording."""
    statements = {
        "invoice": (invoices, invoice),
        "memo": (memos, memo),
        "source": (sources, source),
        "allocation": (allocations, allocation),
        "reversal": (reversals, reversal),
    }
    statement, table = statements[name]
    return Query(
        statement()
        .where(table.c.id > sa.bindparam("after", type_=ID))
        .order_by(table.c.id)
        .limit(sa.bindparam("count", type_=sa.Integer))
    )


@cache
def billed_shares(postgresql: bool) -> Query:  # noqa: FBT001 - the key of its cache
    """Return (invoice, category, rate, net, tax) of the invoices numbered `rows`, as issued."""
    line = invoice_line.c
    names = (line.invoice_id, line.tax_category, line.tax_rate)
    return Query(
        sa.select(
            *names,
            sa.cast(sa.func.sum(line.amount - line.tax), MONEY).label("net"),
            sa.cast(sa.func.sum(line.tax), MONEY).label("tax"),
        )
        .outerjoin(invoice_detail, invoice_detail.c.invoice_id == line.invoice_id)
        .where(
            among(line.invoice_id, "rows", postgresql=postgresql),
            line.kind != Kind.DEBIT_MEMO.value,
            line.position >= _first_line(),
        )
        .group_by(*names)
        .order_by(*names)
    )


@cache
def credited_shares(postgresql: bool) -> Query:  # noqa: FBT001 - the key of its cache
    """Return what the documents numbered `rows` did to lines, and what was credited `before`."""
    part, line = memo_part.c, invoice_line.c
    earlier, its = memo.alias("earlier"), memo_part.alias("its")
    before = (
        sa.select(sa.cast(sa.func.coalesce(sa.func.sum(its.c.amount), 0), MONEY))
        .join(earlier, its.c.memo_id == earlier.c.id)
        .where(
            earlier.c.invoice_id == memo.c.invoice_id,
            earlier.c.id < memo.c.id,
            *(earlier.c.doc_type != each.value for each in sorted(NO_TAX)),
            its.c.line_no == part.line_no,
        )
        .scalar_subquery()
    )
    return Query(
        sa.select(
            part.memo_id,
            memo.c.doc_type,
            part.amount,
            before.label("before"),
            line.amount.label("line_amount"),
            line.tax,
            line.tax_category,
            line.tax_rate,
        )
        .join(memo, part.memo_id == memo.c.id)
        .join(
            invoice_line,
            sa.and_(line.invoice_id == memo.c.invoice_id, line.line_no == part.line_no),
        )
        .outerjoin(invoice_detail, invoice_detail.c.invoice_id == memo.c.invoice_id)
        .where(
            among(part.memo_id, "rows", postgresql=postgresql),
            line.position >= _first_line(),
        )
        .order_by(part.memo_id, part.position)
    )


def _first_line() -> Any:  # noqa: ANN401 - a column
    """Return where the lines of an invoice begin that was edited before it was issued."""
    return sa.func.coalesce(invoice_detail.c.first_line, 0)
