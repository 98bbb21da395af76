"""Answers to questions: how invoices stand, what an account owes and how it came about.

An answer is about its question: it is counted under the message that asked (`sender/message id`).
"""

from dataclasses import dataclass
from datetime import date, datetime

from .blocks import LineBlock, StatusBlock, TotalsBlock
from .event import Event
from .keys import InvoiceKey
from .money import Money


@dataclass(frozen=True, slots=True)
class HoldingsBlock:
    """How an account stands: what it owes, and what could pay it."""

    receivable: Money
    unapplied: Money
    open_credit: Money
    wallet: Money


@dataclass(frozen=True, slots=True)
class EntryBlock:
    """A line of a statement; what is asked is positive. `balance` is that after it."""

    day: date
    entry_type: str
    document: str
    invoice: InvoiceKey | None
    due_date: date | None
    amount: Money
    balance: Money


@dataclass(frozen=True, slots=True)
class StatementBlock:
    """A statement in one currency."""

    currency: str
    opening: Money
    closing: Money
    holdings: HoldingsBlock
    entry: tuple[EntryBlock, ...]


@dataclass(frozen=True, slots=True)
class AgedBlock:
    """What is open of one invoice, and how many days it is past due (0 or less: not due)."""

    invoice: InvoiceKey
    due_date: date
    days: int
    open: Money
    disputed: Money


@dataclass(frozen=True, slots=True)
class AgingBlock:
    """An aging in one currency."""

    currency: str
    not_due: Money
    overdue_30: Money
    overdue_60: Money
    overdue_90: Money
    overdue_more: Money
    disputed: Money
    holdings: HoldingsBlock
    aged: tuple[AgedBlock, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusReported(Event):
    """How an invoice stands, for whoever asked."""

    name = "status.reported"
    aggregate = "query"
    invoice: InvoiceKey
    customer: str
    kind: str
    lifecycle: str
    issue_date: date
    due_date: date
    state: StatusBlock
    totals: TotalsBlock
    line: tuple[LineBlock, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementIssued(Event):
    """The entries of an account over a period, one statement per currency."""

    name = "statement.issued"
    aggregate = "query"
    customer: str
    begins: date | None
    as_of: date
    known_at: datetime
    statement: tuple[StatementBlock, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgingReported(Event):
    """What an account owes by age, per currency."""

    name = "aging.reported"
    aggregate = "query"
    customer: str
    as_of: date
    known_at: datetime
    aging: tuple[AgingBlock, ...]
