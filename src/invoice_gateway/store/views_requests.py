"""The read side of requests, as plain values that turn into JSON as they are; see `views`."""

from typing import Any

import sqlalchemy as sa

from .connection import Session
from .desk import LIMIT, View, plain
from .tables import customer_order, invoice, invoice_detail, request


def request_list(
    session: Session,
    *,
    account: str | None = None,
    state: str | None = None,
    limit: int = LIMIT,
) -> list[View]:
    """Return requests by id, with what is pending on their invoices (minor units)."""
    found = _requests().order_by(request.c.id).limit(limit)
    if account is not None:
        found = found.where(request.c.account == account)
    if state is not None:
        found = found.where(request.c.state == state)
    return [plain(row) for row in session.read(found)]


def request_show(session: Session, request_id: str) -> View | None:
    """Return a request with its invoice, its days of collection and its order, or None."""
    rows = session.read(_requests().where(request.c.id == request_id))
    if not rows:
        return None
    [row] = rows
    found = plain(row)
    [detail] = session.read(
        sa.select(
            invoice.c.issue_date,
            invoice.c.due_date,
            invoice.c.lifecycle,
            invoice.c.wake_at,
            invoice_detail.c.request_cancellation_days,
            invoice_detail.c.reminder_days,
            invoice_detail.c.suspension_days,
            invoice_detail.c.deletion_days,
            invoice_detail.c.converted_on,
            invoice_detail.c.reminders,
            invoice_detail.c.overdue,
        )
        .join(invoice_detail, invoice_detail.c.invoice_id == invoice.c.id)
        .where(
            invoice.c.issuer == row.invoice_issuer,
            invoice.c.number == row.invoice_number,
        )
    )
    orders = session.read(
        sa.select(customer_order.c.status, customer_order.c.service_state).where(
            customer_order.c.reference == row.order_ref
        )
    )
    found |= plain(detail)
    found |= {f"order_{name}": value for each in orders for name, value in plain(each).items()}
    return found


def _requests() -> sa.Select[Any]:
    about = sa.and_(
        invoice.c.issuer == request.c.invoice_issuer,
        invoice.c.number == request.c.invoice_number,
    )
    return sa.select(request, invoice.c.amount, invoice.c.pending, invoice.c.currency).join(
        invoice, about
    )
