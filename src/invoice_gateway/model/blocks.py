"""The blocks that events share: findings, parts, lines, statuses and totals."""

from dataclasses import dataclass

from .invoice import Derived, Invoice
from .money import Money


@dataclass(frozen=True, slots=True)
class FindingBlock:
    """One fault of a refused document."""

    line: int | None
    path: str
    message: str
    expected: str


@dataclass(frozen=True, slots=True)
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

    @classmethod
    def of(cls, derived: Derived) -> "StatusBlock":
        """Return the block for `derived`."""
        closure = derived.closure_reason
        return cls(
            derived.status.value,
            derived.settlement_state.value,
            derived.contested,
            derived.confirmation.value,
            closure.value if closure else None,
        )


@dataclass(frozen=True, slots=True)
class TotalsBlock:
    """The sums of an invoice."""

    amount: Money
    debit_memos: Money
    credits: Money
    written_off: Money
    settled: Money
    pending: Money
    disputed: Money


def totals_block(invoice: Invoice) -> TotalsBlock:
    """Return the sums of `invoice` as events carry them."""
    currency = invoice.currency
    return TotalsBlock(
        amount=Money(invoice.amount, currency),
        debit_memos=Money(invoice.debit_memos, currency),
        credits=Money(invoice.credits, currency),
        written_off=Money(invoice.written_off, currency),
        settled=Money(invoice.settled, currency),
        pending=Money(invoice.pending, currency),
        disputed=Money(invoice.disputed_amount, currency),
    )


def line_blocks(invoice: Invoice) -> tuple[LineBlock, ...]:
    """Return the lines of `invoice` as events carry them, in document order."""
    currency = invoice.currency
    blocks = []
    for line in invoice.lines:
        due = Money(line.due, currency)
        left = Money(line.open, currency) if line.settled else due
        blocks.append(
            LineBlock(line.line_no, line.customer.status, line.enterprise.status, due, left)
        )
    return tuple(blocks)
