"""The blocks that events share: findings, parts, lines, statuses and totals.

An event has hundreds of parts and lines, made for it alone: those are not frozen, for that would be
half of what they cost.
"""

from dataclasses import dataclass
from functools import cache
from typing import Final

from .evolve import tabled
from .forex import Carry
from .invoice import Derived, Invoice
from .money import Money

NOT_YET: Final = 0
"""Stands for a number that is given when the batch is saved."""


@dataclass(frozen=True, slots=True)
class FindingBlock:
    """One fault of a refused document."""

    line: int | None
    path: str
    message: str
    expected: str


@dataclass(slots=True)
class PartBlock:
    """An amount on one line."""

    line_no: str
    amount: Money


@dataclass(frozen=True, slots=True)
class MemoPartBlock:
    """What an adjustment document did to one line."""

    line_no: str
    amount: Money
    applied: Money
    excess: Money


@dataclass(frozen=True, slots=True)
class AskedBlock:
    """One thing that the provisioning system is asked to do."""

    line_no: str
    type: str
    product: str | None = None
    subscription: str | None = None
    quantity: str | None = None
    period: str | None = None


@dataclass(slots=True)
class LineBlock:
    """A line as it stands: what each side says, what it asks for, what is open."""

    line_no: str
    customer_status: str
    enterprise_status: str
    due: Money
    open: Money


@dataclass(frozen=True, slots=True)
class StatusBlock:
    """The published tuple of an invoice."""

    status: str
    settlement_state: str
    contested: bool
    confirmation: str
    closure_reason: str | None

    @staticmethod
    @cache  # there are a few dozen different ones
    def of(derived: Derived) -> "StatusBlock":
        """Return the block for `derived`."""
        closure = derived.closure_reason
        return StatusBlock(
            derived.status.value,
            derived.settlement_state.value,
            derived.contested,
            derived.confirmation.value,
            closure.value if closure else None,
        )


@dataclass(slots=True)
class TotalsBlock:
    """The sums of an invoice."""

    amount: Money
    debit_memos: Money
    credits: Money
    discounts: Money
    written_off: Money
    settled: Money
    pending: Money
    disputed: Money


@dataclass(frozen=True, slots=True)
class AccountingBlock:
    """The sums of an invoice in the accounting currency; `rate` is that of its issue date."""

    rate: str
    amount: Money
    adjusted: Money
    settled: Money
    pending: Money


def accounting_block(carry: Carry) -> AccountingBlock:
    """Return the carrying values of an invoice as events have them (S4-05, S4-08)."""
    sums = (carry.total, carry.adjusted, carry.settled, carry.open)
    return AccountingBlock(carry.rate, *[Money(each, carry.currency) for each in sums])


def totals_block(invoice: Invoice) -> TotalsBlock:
    """Return the sums of `invoice` as events carry them."""
    currency = invoice.currency
    sums = (
        invoice.amount,
        invoice.debit_memos,
        invoice.credits,
        invoice.discounts,
        invoice.written_off,
        invoice.settled,
        invoice.pending,
        invoice.disputed_amount,
    )
    money = {each: Money(each, currency) for each in {*sums}}  # most are zero, or the amount
    return TotalsBlock(*[money[each] for each in sums])


def line_blocks(invoice: Invoice) -> tuple[LineBlock, ...]:
    """Return the lines of `invoice` as events carry them, in document order."""
    lines, currencies = invoice.lines, [invoice.currency] * len(invoice.lines)
    dues = tabled(
        Money, [line.amount - line.credited - line.written_off for line in lines], currencies
    )
    blocks = []
    for line, due in zip(lines, dues, strict=True):
        left = Money(line.open, invoice.currency) if line.settled else due
        blocks.append(
            LineBlock(line.line_no, line.customer.status, line.enterprise.status, due, left)
        )
    return tuple(blocks)
