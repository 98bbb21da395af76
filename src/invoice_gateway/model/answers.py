"""From what the model knows to the events that answer questions; nothing changes."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from .blocks import StatusBlock, line_blocks, totals_block
from .decision import Context, Decision
from .errors import Code, Rejected
from .event import Event, Stamped
from .events_reports import (
    AgedBlock,
    AgingBlock,
    AgingReported,
    EntryBlock,
    HoldingsBlock,
    StatementBlock,
    StatementIssued,
    StatusReported,
)
from .history import History
from .invoice import Invoice
from .money import Money
from .statement import BUCKETS, Aging, Holdings, Period, Statement, agings, statements

ENTRIES_MAX: Final = 10_000
"""No answer has more entries: brokers bound the size of a message (RabbitMQ 4: 16 MiB)."""


def answered(context: Context, events: Iterable[Event]) -> Decision:
    """Return the decision that says `events` and changes nothing, counted under the question."""
    stamped = [Stamped(event, context.cause, at) for at, event in enumerate(events, start=1)]
    return Decision(changes=(), events=tuple(stamped))


def status(invoice: Invoice) -> StatusReported:
    """Return how `invoice` stands: status block, sums and lines."""
    return StatusReported(
        invoice=invoice.key,
        customer=invoice.account,
        kind=invoice.kind,
        lifecycle=invoice.lifecycle,
        issue_date=invoice.issue_date,
        due_date=invoice.due_date,
        state=StatusBlock.of(invoice.derived),
        totals=totals_block(invoice),
        line=line_blocks(invoice),
    )


def statement(history: History, period: Period, now: datetime) -> StatementIssued:
    """Return the statements of an account; `now` is what `known_at` is when nobody says.

    Raises:
        Rejected: `report-too-large`.
    """
    found = statements(history, period)
    _bound(sum(len(each.lines) for each in found), "ask from a later day on")
    return StatementIssued(
        customer=history.party,
        begins=period.begins,
        as_of=period.as_of,
        known_at=period.known_at or now,
        statement=tuple(map(_statement, found)),
    )


def aging(history: History, period: Period, now: datetime) -> AgingReported:
    """Return the agings of an account as of the end of `period`; `now` as above.

    Raises:
        Rejected: `report-too-large`.
    """
    found = agings(history, period)
    _bound(sum(len(each.invoices) for each in found), "see: invoice-gateway account aging")
    return AgingReported(
        customer=history.party,
        as_of=period.as_of,
        known_at=period.known_at or now,
        aging=tuple(map(_aging, found)),
    )


def _bound(entries: int, advice: str) -> None:
    if entries > ENTRIES_MAX:
        raise Rejected(
            Code.REPORT_TOO_LARGE,
            f"the answer would have {entries} entries, at most {ENTRIES_MAX} are sent: {advice}",
        )


def _statement(found: Statement) -> StatementBlock:
    currency = found.currency
    return StatementBlock(
        currency,
        Money(found.opening, currency),
        Money(found.closing, currency),
        _holdings(found.holdings, currency),
        tuple(
            EntryBlock(
                line.day,
                line.kind,
                line.document,
                line.invoice,
                line.due_date,
                Money(line.amount, currency),
                Money(line.balance, currency),
            )
            for line in found.lines
        ),
    )


def _aging(found: Aging) -> AgingBlock:
    currency = found.currency
    buckets = {name: Money(getattr(found, name), currency) for name in BUCKETS}
    return AgingBlock(
        currency,
        **buckets,
        disputed=Money(found.disputed, currency),
        holdings=_holdings(found.holdings, currency),
        aged=tuple(
            AgedBlock(
                each.invoice,
                each.due_date,
                each.days,
                Money(each.open, currency),
                Money(each.disputed, currency),
            )
            for each in found.invoices
        ),
    )


def _holdings(found: Holdings, currency: str) -> HoldingsBlock:
    sums = (found.receivable, found.unapplied, found.open_credit, found.wallet)
    return HoldingsBlock(*(Money(each, currency) for each in sums))
