"""What only some invoices have: an offer's data, goods, a request, a number of its own, collection.

Most invoices are posted by an ERP and have nothing of this; they share `PLAIN`.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from .keys import InvoiceKey


class Fulfilment(StrEnum):
    """Where the goods of an invoice are (S0-38); not reversible."""

    NOT_APPLICABLE = "not-applicable"
    READY_TO_SHIP = "ready-to-ship"
    SHIPPED = "shipped"


class Execution(StrEnum):
    """How far what hangs on an invoice is: its request, or the provisioning of a proforma."""

    PENDING = "pending"
    """A request waits for money; a proforma has not been provisioned."""
    EXECUTING = "executing"
    """The provisioning system has been asked and has not answered."""
    EXECUTED = "executed"
    """Done, for good: from here on the invoice is revenue (X-03)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """What only some invoices have.

    `edition` counts the versions of an offer, whose lines begin at `first_line`. `execution` is
    there for requests, proformas and top-ups. The four `*_days` are the collection policy as it was
    when the invoice was raised (S4-17); the rest says how far collection has come.
    """

    name: str | None = None
    recipient: str | None = None
    due_days: int | None = None
    edition: int = 1
    first_line: int = 0
    copy_of: InvoiceKey | None = None
    execution: Execution | None = None
    reserved_until: datetime | None = None
    request: str | None = None
    facility: str | None = None
    fulfilment: Fulfilment = Fulfilment.NOT_APPLICABLE
    tracking: str | None = None
    series: str | None = None
    """Whose numbers it takes its `transaction_no` from (S4-02): a class of parties."""
    transaction_no: int | None = None
    """From 1, without gaps; while the batch is open, the place among its new ones (from 1)."""
    request_cancellation_days: int | None = None
    reminder_days: int | None = None
    suspension_days: int | None = None
    deletion_days: int | None = None
    converted_on: date | None = None
    """When it stopped hanging on a request: what suspension and deletion count from (X-12)."""
    reminded_on: date | None = None
    """The last day a reminder was due; those before the invoice was opened again do not count."""
    reminders: int = 0
    """How many reminders were sent."""
    overdue: bool = False
    """Whether `invoice.overdue` was announced, and not cleared."""
    suspension_fired: bool = False
    deletion_fired: bool = False
    declared_on: date | None = None
    """When the customer last declared any of it paid."""
    hold_until: date | None = None
    """Nothing is suspended or deleted before this day."""


PLAIN: Final = Detail()
"""What an invoice has that has nothing of this."""
