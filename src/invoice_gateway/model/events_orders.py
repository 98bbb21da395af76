"""What the gateway tells about orders, and about the goods on their invoices."""

from dataclasses import dataclass

from .event import Event
from .keys import InvoiceKey
from .money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderStatusChanged(Event):
    """An order is new, stands elsewhere now, or is held for other reasons.

    `exposure` (this order included), `credit_limit` and `past_due` are what the credit check saw,
    for orders on terms.
    """

    name = "order.status-changed"
    aggregate = "order"
    order_reference: str
    customer: str
    method: str
    total: Money
    old: str | None
    new: str
    hold_reason: tuple[str, ...]
    exposure: Money | None
    credit_limit: Money | None
    past_due: int | None
    short_closed: bool
    reason_text: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPaymentFailed(Event):
    """The card that was to pay an order was refused; the order waits for its payment."""

    name = "order.payment-failed"
    aggregate = "order"
    order_reference: str
    customer: str
    amount: Money
    capture_reference: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceFulfilmentChanged(Event):
    """The goods of an invoice are ready to ship, or have been shipped."""

    name = "invoice.fulfilment-changed"
    aggregate = "invoice"
    invoice: InvoiceKey
    customer: str
    order_reference: str
    facility: str | None
    shipment: str | None
    old: str | None
    new: str
    carrier: str | None
    tracking: str | None
