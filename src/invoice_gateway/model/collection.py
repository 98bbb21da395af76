"""What time does to an invoice that is not paid: when, and what is due then (DOMAIN §3.12).

There are no timers to keep in step: when an invoice wakes next follows from the invoice itself. All
days begin at 00:00 in the time zone of the enterprise.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache

from .decision import Policy, zone
from .detail import PLAIN, Execution
from .evolve import evolve
from .invoice import Invoice, InvoiceKind, Lifecycle

ONE_DAY = timedelta(days=1)


class Timer(StrEnum):
    """What may be due, in the order in which it fires when all is due at once."""

    RESERVATION_EXPIRY = "reservation-expiry"
    REQUEST_CANCEL = "request-cancel"
    OVERDUE = "overdue"
    REMINDER = "reminder"
    SUSPEND = "suspend"
    DELETE = "delete"


@lru_cache(maxsize=2_000)
def midnight(day: date, timezone: str) -> datetime:
    """Return when `day` begins in `timezone`, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=zone(timezone)).astimezone(UTC)


def wake_at(invoice: Invoice, policy: Policy) -> datetime | None:
    """Return when (UTC) the next thing is due, or None when nothing ever is."""
    if invoice.detail is PLAIN:  # most are Issued ones: nothing but the due date counts
        if invoice.pending <= 0:
            return None
        return midnight(invoice.due_date + ONE_DAY, policy.timezone)
    return min((at for _, at in timers(invoice, policy)), default=None)


def timers(invoice: Invoice, policy: Policy) -> Iterator[tuple[Timer, datetime]]:
    """Yield what may still be due, each with its moment (UTC), in the order of `Timer`."""
    detail = invoice.detail
    if detail.reserved_until is not None:
        yield Timer.RESERVATION_EXPIRY, detail.reserved_until
    if invoice.pending <= 0 or not invoice.alive:
        return
    for timer, day in days(invoice, policy):
        yield timer, midnight(day, policy.timezone)


def days(invoice: Invoice, policy: Policy) -> Iterator[tuple[Timer, date]]:
    """Yield the timers of an open invoice that go by the day."""
    detail = invoice.detail
    partial = invoice.settled > 0 and policy.auto_cancel_partial == "hold"
    if waits_for_request(invoice) and detail.request_cancellation_days is not None and not partial:
        yield Timer.REQUEST_CANCEL, _after(invoice.issue_date, detail.request_cancellation_days)
    if invoice.lifecycle is Lifecycle.ISSUED and not detail.overdue:
        yield Timer.OVERDUE, invoice.due_date + ONE_DAY
    if policy.dispute_pauses_collection and invoice.pending <= invoice.disputed_amount:
        return
    if detail.reminder_days:
        yield Timer.REMINDER, next_reminder(invoice)
    base = collected_from(invoice)
    if base is None:
        return
    held = detail.hold_until or base
    if detail.suspension_days is not None and not detail.suspension_fired:
        yield Timer.SUSPEND, max(_after(base, detail.suspension_days), held)
    suspended = detail.suspension_fired or detail.suspension_days is None
    if detail.deletion_days is not None and suspended and not detail.deletion_fired:
        yield Timer.DELETE, max(_after(base, detail.deletion_days), held)


def waits_for_request(invoice: Invoice) -> bool:
    """Return whether a request waits for the money of this invoice (type 1 of S4-21)."""
    return invoice.kind is InvoiceKind.REQUEST and invoice.detail.execution is Execution.PENDING


def collected_from(invoice: Invoice) -> date | None:
    """Return the day from which suspension and deletion count, or None while there is none (X-12).

    That is the issue of a miscellaneous invoice, and the conversion of one for a request.
    """
    if invoice.kind is InvoiceKind.MISC:
        return invoice.issue_date
    return invoice.detail.converted_on


def next_reminder(invoice: Invoice) -> date:
    """Return the next day, counted from the issue in steps of `reminder_days`, not yet reminded of.

    X-19: reminders repeat while the invoice is pending.
    """
    step = invoice.detail.reminder_days
    assert step
    last = invoice.detail.reminded_on or invoice.issue_date
    passed = (last - invoice.issue_date).days // step
    return _after(invoice.issue_date, step * (passed + 1))


def reopened(before: Invoice | None, now: Invoice, today: date) -> Invoice:
    """Return an invoice that may have been settled, or opened again, by this message.

    Once settled, nothing is overdue and nothing fires; reminders missed meanwhile are not sent.
    """
    detail = now.detail
    if before is None:
        return now
    if now.pending <= 0 and (detail.overdue or detail.suspension_fired or detail.deletion_fired):
        detail = evolve(detail, overdue=False, suspension_fired=False, deletion_fired=False)
        return evolve(now, detail=detail)
    if before.pending <= 0 < now.pending and detail.reminder_days:
        detail = evolve(detail, reminded_on=max(today, detail.reminded_on or today))
        return evolve(now, detail=detail)
    return now


def _after(day: date, days: int) -> date:
    return day + timedelta(days=days)
