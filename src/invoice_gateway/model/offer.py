"""What is offered: the content of a proforma or top-up, kept whole until it is issued, and after.

Lines of an invoice forget what was sold once they are written; an offer is edited, copied,
provisioned and issued later, and needs it then.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, NamedTuple

from .blocks import AskedBlock
from .blocks_offers import FaultBlock
from .invoice import Kind, Line, LineTerms
from .keys import InvoiceKey


class OfferLine(NamedTuple):
    """One line: what it costs, in minor units, and what is to be provisioned for it (§3.10).

    Quantities, prices and rates are decimal texts, kept as they came. `kind` is a `Kind`.
    """

    line_no: str
    amount: int
    description: str
    item_code: str | None = None
    quantity: str | None = None
    unit: str | None = None
    unit_price: str = "0"
    net: int = 0
    tax_category: str = ""
    tax_rate: str = "0"
    tax: int = 0
    group: str | None = None
    type: str | None = None
    subscription: str | None = None
    period: str | None = None
    kind: str = Kind.ITEM.value
    order_line: str | None = None

    def line(self) -> Line:
        """Return it as a new line of an invoice."""
        terms = LineTerms(
            self.description,
            self.item_code,
            self.quantity or "1",
            self.unit,
            self.unit_price,
            self.net,
            self.tax_category,
            self.tax_rate,
            self.tax,
            self.order_line,
        )
        return Line(self.line_no, Kind(self.kind), self.amount, terms)

    def item(self) -> AskedBlock:
        """Return it as the provisioning system is asked for it."""
        return AskedBlock(
            self.line_no,
            self.type or "",
            self.item_code,
            self.subscription,
            self.quantity,
            self.period,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """The content of the newest edition; `blocks` is what was said of seller, buyer, taxes: JSON.

    `id` is that of its invoice. Editions before are lines of the invoice that no longer count.
    """

    id: str
    account: str
    blocks: str
    lines: tuple[OfferLine, ...]
    cause: str = ""

    @property
    def key(self) -> str:
        """Return the id."""
        return self.id


class Content(NamedTuple):
    """What a message says an offer is (S1-02); `lines` is empty where an order says it.

    `quote` is the order it is made from (S1-01).
    """

    topup: bool
    name: str
    recipient: str
    due_days: int
    currency: str
    lines: tuple[OfferLine, ...]
    blocks: str
    quote: str | None = None

    @property
    def amount(self) -> int:
        """Return what it comes to."""
        return sum(line.amount for line in self.lines)


def named(key: InvoiceKey) -> str:
    """Return the id of the offer behind an invoice."""
    return str(key)


PURCHASE: Final = "purchase"
EXTENSION: Final = "extension"
INSTEAD: Final = {
    "add-on": "add-ons are ordered with the subscription itself, on the day they begin",
    "renewal": f"make it an {EXTENSION}",
}
"""What to do about types that cannot be provisioned (S1-24)."""


def faults(lines: tuple[OfferLine, ...]) -> tuple[FaultBlock, ...]:
    """Return what keeps the items from being provisioned, in document order (S1-26)."""
    return tuple(fault for line in lines for fault in _faults(line))


def _faults(line: OfferLine) -> Iterator[FaultBlock]:
    if line.type not in (PURCHASE, EXTENSION):
        said = f"an item of type {line.type}" if line.type else "an item without a type"
        instead = INSTEAD.get(line.type or "", f"make it a {PURCHASE} or an {EXTENSION}")
        yield FaultBlock(
            line.line_no, "type-not-provisionable", f"{said} is not provisioned", instead
        )
        return
    if not line.item_code:
        yield FaultBlock(line.line_no, "product-missing", "no product is named", "add ProductCode")
    if line.quantity is None or Decimal(line.quantity) <= 0:
        yield FaultBlock(
            line.line_no, "quantity-missing", "nothing is wanted of it", "add a Quantity above 0"
        )
    if not line.period:
        yield FaultBlock(line.line_no, "period-missing", "no period is named", "add Period")
    if line.type == EXTENSION and not line.subscription:
        yield FaultBlock(
            line.line_no,
            "subscription-missing",
            "no subscription to extend is named",
            "add Subscription",
        )
