"""The read side of orders: where they stand, what was billed, what is held for them."""

import json
from typing import Any, Final

import sqlalchemy as sa

from .connection import Session
from .desk import LIMIT, View, plain, views
from .tables import customer_order, invoice, invoice_detail, order_line, serial, source
from .views import INVOICE_COLUMNS

ORDER_COLUMNS: Final = (
    *("reference", "account", "method", "status", "placed_at", "currency", "total"),
    *("hold_reasons", "invoices", "unshipped", "short_closed"),
)
HELD: Final = ("account", "type", "reference", "method", "value_date", "currency")
LISTS: Final = ("hold_reasons", "suspended_by")
"""Columns that hold several texts as JSON."""


def order_list(
    session: Session,
    *,
    account: str | None = None,
    status: str | None = None,
    limit: int = LIMIT,
) -> list[View]:
    """Return orders, the last placed first; filters are exact."""
    table = customer_order.c
    statement = sa.select(*(table[name] for name in ORDER_COLUMNS))
    if account is not None:
        statement = statement.where(table.account == account)
    if status is not None:
        statement = statement.where(table.status == status)
    statement = statement.order_by(table.placed_at.desc(), table.reference).limit(limit)
    return [_told(each) for each in views(session, statement)]


def order_show(session: Session, reference: str) -> View | None:
    """Return one order with its lines, serial numbers, invoices and held money, or None."""
    found = session.read(sa.select(customer_order).where(customer_order.c.reference == reference))
    if not found:
        return None
    return _told(plain(found[0])) | {
        "lines": _lines(session, reference),
        "invoices": _invoices(session, reference),
        "held": _held(session, reference),
    }


def _told(order: View) -> View:
    """Return an order whose lists are lists."""
    texts: dict[str, Any] = {name: json.loads(order[name]) for name in LISTS if name in order}
    return order | texts


def _lines(session: Session, reference: str) -> list[View]:
    """Return the lines in document order, each with the serial numbers shipped of it."""
    numbers: dict[str, list[str]] = {}
    shipped = sa.select(serial.c.line_no, serial.c.number).where(serial.c.order_ref == reference)
    for line_no, number in session.read(shipped.order_by(serial.c.number)):
        numbers.setdefault(line_no, []).append(number)
    lines = sa.select(order_line).where(order_line.c.reference == reference)
    return [
        each | {"serials": numbers.get(each["line_no"], [])}
        for each in views(session, lines.order_by(order_line.c.position), "reference", "position")
    ]


def _invoices(session: Session, reference: str) -> list[View]:
    """Return the invoices that name the order, the first recorded first (X-14)."""
    detail = invoice_detail.c
    statement = (
        sa.select(
            *(invoice.c[name] for name in INVOICE_COLUMNS),
            detail.facility,
            detail.fulfilment,
            detail.tracking,
        )
        .outerjoin(invoice_detail, detail.invoice_id == invoice.c.id)
        .where(invoice.c.order_ref == reference)
        .order_by(invoice.c.id)
    )
    return views(session, statement)


def _held(session: Session, reference: str) -> list[View]:
    """Return the money that is held for the order, oldest value date first."""
    table = source.c
    statement = (
        sa.select(*(table[name] for name in HELD), table.amount, table.remaining)
        .where(table.held_for == reference, table.remaining > 0)
        .order_by(table.value_date, table.reference)
    )
    return views(session, statement)
