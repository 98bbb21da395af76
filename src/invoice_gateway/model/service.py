"""The service behind an invoice: suspended and deleted while that is not paid, and back (§3.12)."""

from .draft import Draft
from .events_requests import (
    InvoiceOverdueCleared,
    OrderDeleteRequested,
    OrderSettledAfterDeletion,
    OrderSuspendRequested,
    OrderUnsuspendRequested,
)
from .evolve import evolve
from .invoice import Invoice
from .money import Money
from .order import Order, ServiceState


def follow(draft: Draft, before: Invoice | None, invoice: Invoice) -> None:
    """Take back what time had brought about, once an invoice has been settled by this message."""
    if before is None or invoice.pending > 0 or before.pending <= 0:
        return
    if before.detail.overdue:
        cleared = InvoiceOverdueCleared(invoice=invoice.key, customer=invoice.account)
        draft.conclude(cleared, invoice)
    order = draft.get(Order, invoice.order_ref)
    if order is None:
        return
    name = str(invoice.key)
    if order.service_state is ServiceState.DELETED and before.detail.deletion_fired:
        settled = OrderSettledAfterDeletion(
            order_reference=order.reference, customer=order.account, invoice=invoice.key
        )
        draft.conclude(settled, order)
    elif name in order.suspended_by:
        left = tuple(each for each in order.suspended_by if each != name)
        order = evolve(order, suspended_by=left)
        draft.put(order)
        if not left:
            free = OrderUnsuspendRequested(
                order_reference=order.reference, customer=order.account, invoice=invoice.key
            )
            draft.conclude(free, order)


def suspend(draft: Draft, invoice: Invoice) -> None:
    """Ask for the service of an invoice to be suspended, where one is running (S4-14)."""
    draft.put(evolve(invoice, detail=evolve(invoice.detail, suspension_fired=True)))
    order = draft.get(Order, invoice.order_ref)
    if order is None or order.service_state not in (ServiceState.ACTIVE, ServiceState.SUSPENDED):
        return
    order = evolve(order, suspended_by=(*order.suspended_by, str(invoice.key)))
    draft.put(order)
    if order.service_state is ServiceState.ACTIVE and len(order.suspended_by) == 1:
        asked = OrderSuspendRequested(
            order_reference=order.reference,
            customer=order.account,
            invoice=invoice.key,
            pending=Money(invoice.pending, invoice.currency),
        )
        draft.conclude(asked, order)


def delete(draft: Draft, invoice: Invoice) -> None:
    """Ask for the service of an invoice to be deleted, where there still is one (S4-15)."""
    draft.put(evolve(invoice, detail=evolve(invoice.detail, deletion_fired=True)))
    order = draft.get(Order, invoice.order_ref)
    if order is None or order.service_state not in (ServiceState.ACTIVE, ServiceState.SUSPENDED):
        return
    asked = OrderDeleteRequested(
        order_reference=order.reference,
        customer=order.account,
        invoice=invoice.key,
        pending=Money(invoice.pending, invoice.currency),
    )
    draft.conclude(asked, order)
