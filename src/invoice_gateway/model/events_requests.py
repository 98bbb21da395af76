"""What the gateway tells about requests, and about time that passes over what is not paid."""

from dataclasses import dataclass
from datetime import date

from .blocks import AskedBlock
from .event import Event
from .keys import InvoiceKey
from .money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestExecuteRequested(Event):
    """The provisioning system is asked to do everything listed, or nothing."""

    name = "request.execute-requested"
    aggregate = "invoice"
    invoice: InvoiceKey
    customer: str
    request: str | None
    order_reference: str | None
    item: tuple[AskedBlock, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestExecuted(Event):
    """What was requested has been done, for good."""

    name = "request.executed"
    aggregate = "request"
    request: str
    customer: str
    order_reference: str
    request_type: str
    invoice: InvoiceKey
    without_payment: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestCancelled(Event):
    """What was requested will not be done."""

    name = "request.cancelled"
    aggregate = "request"
    request: str
    customer: str
    order_reference: str
    request_type: str
    invoice: InvoiceKey
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFailed(Event):
    """The provisioning system could not do it; the request waits again, and the money stays."""

    name = "request.failed"
    aggregate = "request"
    request: str
    customer: str
    order_reference: str
    request_type: str
    invoice: InvoiceKey
    reason_text: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceConverted(Event):
    """An invoice no longer hangs on a request: suspension and deletion have their days (X-12)."""

    name = "invoice.converted"
    aggregate = "invoice"
    invoice: InvoiceKey
    customer: str
    request: str
    converted_on: date
    suspend_on: date | None
    delete_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceCancelled(Event):
    """An invoice was cancelled together with its request."""

    name = "invoice.cancelled"
    aggregate = "invoice"
    invoice: InvoiceKey
    customer: str
    request: str
    amount: Money
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceOverdue(Event):
    """The due date of an invoice has passed, and something is pending."""

    name = "invoice.overdue"
    aggregate = "invoice"
    invoice: InvoiceKey
    customer: str
    due_date: date
    pending: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceOverdueCleared(Event):
    """An invoice that was overdue has been settled."""

    name = "invoice.overdue-cleared"
    aggregate = "invoice"
    invoice: InvoiceKey
    customer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceReminderDue(Event):
    """The customer is to be reminded, for the n-th time."""

    name = "invoice.reminder-due"
    aggregate = "invoice"
    invoice: InvoiceKey
    customer: str
    number: int
    reminded_on: date
    due_date: date
    pending: Money
    disputed: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSuspendRequested(Event):
    """The service of an order is to be suspended, over an invoice that is not paid."""

    name = "order.suspend-requested"
    aggregate = "order"
    order_reference: str
    customer: str
    invoice: InvoiceKey
    pending: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderUnsuspendRequested(Event):
    """Nothing holds the service of an order any more."""

    name = "order.unsuspend-requested"
    aggregate = "order"
    order_reference: str
    customer: str
    invoice: InvoiceKey


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderDeleteRequested(Event):
    """The service of an order is to be deleted, over an invoice that is still not paid."""

    name = "order.delete-requested"
    aggregate = "order"
    order_reference: str
    customer: str
    invoice: InvoiceKey
    pending: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSettledAfterDeletion(Event):
    """An invoice was paid after its service had been deleted: somebody has to look at it."""

    name = "order.settled-after-deletion"
    aggregate = "order"
    order_reference: str
    customer: str
    invoice: InvoiceKey


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeResponseOverdue(Event):
    """Nobody has answered a dispute in time."""

    name = "dispute.response-overdue"
    aggregate = "dispute"
    dispute_id: str
    invoice: InvoiceKey
    line_no: str
    opened_on: date
