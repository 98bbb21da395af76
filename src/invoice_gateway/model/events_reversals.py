"""What the gateway tells about discounts."""

from dataclasses import dataclass

from .blocks import MemoPartBlock
from .event import Event
from .keys import InvoiceKey
from .money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscountPosted(Event):
    """Less is owed out of goodwill, or money goes back within the money-back days."""

    name = "discount.posted"
    aggregate = "memo"
    memo: InvoiceKey
    doc_type: str
    customer: str
    invoice: InvoiceKey
    amount: Money
    applied: Money
    open_credit: Money
    refunded: Money
    reason_code: str | None
    reason_text: str | None
    line: tuple[MemoPartBlock, ...]
