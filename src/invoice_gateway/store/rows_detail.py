"""Between the detail of an invoice and its row, as in `rows`; most invoices have none."""

from collections.abc import Sequence
from typing import Any, Final

from invoice_gateway.model.detail import PLAIN, Detail, Execution, Fulfilment
from invoice_gateway.model.keys import InvoiceKey

from .columns import instant
from .rows import Row, day

DETAIL_ROW: Final = (
    "name",
    "recipient",
    "due_days",
    "edition",
    "first_line",
    "copy_of_issuer",
    "copy_of_number",
    "execution",
    "reserved_until",
    "request",
    "facility",
    "fulfilment",
    "tracking",
    "series",
    "transaction_no",
    "request_cancellation_days",
    "reminder_days",
    "suspension_days",
    "deletion_days",
    "converted_on",
    "reminded_on",
    "reminders",
    "overdue",
    "suspension_fired",
    "deletion_fired",
    "declared_on",
    "hold_until",
)


def detail_row(detail: Detail, given: int | None = None) -> Row:
    """Return the values of `DETAIL_ROW`; `given` is the number it takes only now."""
    return (
        detail.name,
        detail.recipient,
        detail.due_days,
        detail.edition,
        detail.first_line,
        *(detail.copy_of or (None, None)),
        detail.execution,
        detail.reserved_until and instant(detail.reserved_until),
        detail.request,
        detail.facility,
        detail.fulfilment,
        detail.tracking,
        detail.series,
        given or detail.transaction_no,
        detail.request_cancellation_days,
        detail.reminder_days,
        detail.suspension_days,
        detail.deletion_days,
        day(detail.converted_on),
        day(detail.reminded_on),
        detail.reminders,
        detail.overdue,
        detail.suspension_fired,
        detail.deletion_fired,
        day(detail.declared_on),
        day(detail.hold_until),
    )


def detail(row: Sequence[Any]) -> Detail:
    """Return the detail that `row` holds, as `DETAIL_ROW`; a plain invoice has only None."""
    if row[3] is None:
        return PLAIN
    values = dict(zip(DETAIL_ROW, row, strict=True))
    issuer, number = values.pop("copy_of_issuer"), values.pop("copy_of_number")
    values["copy_of"] = InvoiceKey(issuer, number) if issuer is not None else None
    if values["execution"] is not None:
        values["execution"] = Execution(values["execution"])
    values["fulfilment"] = Fulfilment(values["fulfilment"])
    return Detail(**values)
