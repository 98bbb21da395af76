"""An order, the requests that hang on orders, and the goods they bring (DOMAIN §3.9).

Like all entities they are immutable values; amounts are minor units of the order's currency.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from .keys import InvoiceKey


class Method(StrEnum):
    """How an order is to be paid (S0-04, S0-05)."""

    CREDIT_CARD = "credit-card"
    WIRE_TRANSFER = "wire-transfer"
    CHECK = "check"
    TERMS = "terms"
    QUOTE = "quote"
    REQUEST = "request"
    """By the invoices of its requests, and by hand: it was never placed as a whole (S4-04)."""


class OrderStatus(StrEnum):
    """Where an order stands."""

    QUOTE = "Quote"
    WAITING_PAYMENT = "WaitingPayment"
    UNDER_REVIEW = "UnderReview"
    IN_PROCESS = "InProcess"
    COMPLETED = "Completed"
    CANCELLED = "Cancelled"


class Category(StrEnum):
    """What an order line sells; only hardware is shipped."""

    HARDWARE = "hardware"
    SOFTWARE = "software"
    SUPPORT = "support"
    SERVICE = "service"


class ServiceState(StrEnum):
    """Whether the service that an order brings is running."""

    NONE = "none"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    DELETED = "deleted"


class RequestState(StrEnum):
    """How far a request is; never back from executed (S4-28)."""

    PENDING = "pending"
    EXECUTING = "executing"
    EXECUTED = "executed"
    CANCELLED = "cancelled"


class OrderLine(NamedTuple):
    """What is ordered; `amount` is gross, for the whole `quantity`, of which `invoiced` is billed.

    `unit_price` and `tax_rate` are decimal texts, kept as posted.
    """

    line_no: str
    category: Category
    description: str
    quantity: int
    amount: int
    net: int
    tax: int
    item_code: str | None = None
    unit_price: str = "0"
    tax_category: str = ""
    tax_rate: str = "0"
    serialised: bool = False
    invoiced: int = 0

    @property
    def missing(self) -> int:
        """Return how many pieces are not billed yet."""
        return self.quantity - self.invoiced

    @property
    def uninvoiced(self) -> int:
        """Return the value that is not billed yet: the rest after what was billed, rounded."""
        return sum(self.next(self.missing))

    def next(self, quantity: int) -> tuple[int, int]:
        """Return net and tax of the next `quantity` pieces.

        All that was billed, with these, is the exact share rounded down: no shipment is below zero,
        and the last one brings what the others were rounded by.
        """
        share = self.invoiced + quantity
        net, tax = (
            whole * share // self.quantity - whole * self.invoiced // self.quantity
            for whole in (self.net, self.tax)
        )
        return net, tax


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order with its lines in document order; `shipping` is gross and part of `total`.

    `invoices` counts those it was billed with, `unshipped` those among them whose goods have not
    left yet. `suspended_by` are the invoices over which its
    service was asked to be suspended. `released_by` is the message by which a person overruled the
    credit check (I-26).
    """

    reference: str
    account: str
    method: Method
    status: OrderStatus
    currency: str
    total: int
    shipping: int = 0
    shipping_tax: int = 0
    shipping_tax_category: str = ""
    shipping_tax_rate: str = "0"
    placed_at: datetime
    lines: tuple[OrderLine, ...] = ()
    channel: str | None = None
    capture: str | None = None
    hold_reasons: tuple[str, ...] = ()
    invoices: int = 0
    unshipped: int = 0
    shipping_invoiced: bool = False
    short_closed: bool = False
    service_state: ServiceState = ServiceState.NONE
    service_ref: str | None = None
    suspended_by: tuple[str, ...] = ()
    released_by: str | None = None
    content_hash: str = ""
    cause: str = ""
    version: int = 0

    @property
    def key(self) -> str:
        """Return the reference, which is unique in the deployment."""
        return self.reference

    @property
    def open(self) -> bool:
        """Return whether something may still be billed."""
        return self.status not in (OrderStatus.COMPLETED, OrderStatus.CANCELLED)

    @property
    def uninvoiced(self) -> int:
        """Return the value not billed yet, shipping included."""
        rest = sum(line.uninvoiced for line in self.lines)
        return rest if self.shipping_invoiced else rest + self.shipping

    @property
    def ships(self) -> bool:
        """Return whether any of it is hardware; else it is billed as soon as it is in process."""
        return any(line.category is Category.HARDWARE for line in self.lines)

    @property
    def billed(self) -> bool:
        """Return whether every piece of it was billed (X-16)."""
        return all(line.missing == 0 for line in self.lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a customer asks for an order, done when its invoice is paid in full (S4-21 to S4-29)."""

    id: str
    account: str
    order_ref: str
    type: str
    invoice: InvoiceKey
    state: RequestState = RequestState.PENDING
    executed_at: datetime | None = None
    executed_without_payment: bool = False
    discounted: bool = False
    """Whether what is pending on its invoice is discounted once it is executed (S4-27)."""
    content_hash: str = ""
    cause: str = ""
    version: int = 0

    @property
    def key(self) -> str:
        """Return the id, which is unique in the deployment."""
        return self.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Serial:
    """A serial number that was shipped: it comes once in the deployment (S0-15)."""

    number: str
    account: str
    order_ref: str
    line_no: str
    invoice: InvoiceKey
    cause: str = ""

    @property
    def key(self) -> str:
        """Return the serial number."""
        return self.number


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What an account owes, as the credit check sees it; read only, kept up to date by the draft.

    `exposure` sums, in minor units of its selling currency, what is pending on issued invoices that
    wait for no request; `past_due` counts those among them, in any currency, whose due date has
    passed, and `past_due_clear` those of which something is not disputed.
    """

    account: str
    exposure: int = 0
    past_due: int = 0
    past_due_clear: int = 0

    @property
    def key(self) -> str:
        """Return the party id."""
        return self.account
