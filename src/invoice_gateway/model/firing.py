"""What happens when something is due: one function for every timer (DOMAIN §3.12)."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

from . import collection, proforma, requests, service
from .collection import Timer
from .decision import zone
from .draft import Draft
from .events_requests import DisputeResponseOverdue, InvoiceOverdue, InvoiceReminderDue
from .evolve import evolve
from .invoice import Invoice
from .keys import InvoiceKey
from .ledger import Dispute, DisputeState
from .money import Money


def fire(draft: Draft, key: InvoiceKey, moment: datetime) -> None:
    """Do what is due on an invoice at `moment` (UTC) or before, one after the other.

    Nothing happens where the condition is gone. What has been done is not due any more, so this
    ends; the invoice is put in any case, and with it when it wakes next.
    """
    invoice = _newest(draft, key)
    draft.put(invoice)
    policy = draft.context.policy
    while True:
        invoice = _newest(draft, key)
        due = [timer for timer, at in collection.timers(invoice, policy) if at <= moment]
        if not due:
            return
        FIRE[due[0]](draft, invoice)


def response_overdue(draft: Draft, dispute: Dispute) -> None:
    """Announce that nobody has answered an open dispute in time (D-09)."""
    draft.put(evolve(dispute, respond_by=None))
    if dispute.state is DisputeState.OPEN:
        overdue = DisputeResponseOverdue(
            dispute_id=dispute.id,
            invoice=dispute.invoice,
            line_no=dispute.line_no,
            opened_on=dispute.opened_at.astimezone(zone(draft.context.policy.timezone)).date(),
        )
        draft.conclude(overdue, dispute)


def _overdue(draft: Draft, invoice: Invoice) -> None:
    draft.put(evolve(invoice, detail=evolve(invoice.detail, overdue=True)))
    overdue = InvoiceOverdue(
        invoice=invoice.key,
        customer=invoice.account,
        due_date=invoice.due_date,
        pending=Money(invoice.pending, invoice.currency),
    )
    draft.conclude(overdue, invoice)


def _remind(draft: Draft, invoice: Invoice) -> None:
    """Remind, unless the customer has declared it paid a short while ago."""
    detail, day = invoice.detail, collection.next_reminder(invoice)
    grace = timedelta(days=draft.context.policy.declared_paid_grace_days)
    paused = detail.declared_on is not None and day < detail.declared_on + grace
    count = detail.reminders if paused else detail.reminders + 1
    draft.put(evolve(invoice, detail=evolve(detail, reminded_on=day, reminders=count)))
    if paused:
        return
    reminder = InvoiceReminderDue(
        invoice=invoice.key,
        customer=invoice.account,
        number=count,
        reminded_on=day,
        due_date=invoice.due_date,
        pending=Money(invoice.pending, invoice.currency),
        disputed=Money(invoice.disputed_amount, invoice.currency),
    )
    draft.conclude(reminder, invoice)


FIRE: Final[Mapping[Timer, Callable[[Draft, Invoice], None]]] = {
    Timer.RESERVATION_EXPIRY: proforma.expire,
    Timer.REQUEST_CANCEL: requests.cancel_in_time,
    Timer.OVERDUE: _overdue,
    Timer.REMINDER: _remind,
    Timer.SUSPEND: service.suspend,
    Timer.DELETE: service.delete,
}
"""What each timer does; every one of them makes that it is not due any more."""


def _newest(draft: Draft, key: InvoiceKey) -> Invoice:
    invoice = draft.get(Invoice, key)
    assert invoice is not None
    return invoice
