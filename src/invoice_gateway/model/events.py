"""What the gateway tells the world: one frozen class per event, its name, and what it is about.

The class is the contract: field names become XML element names (`line_no` -> `LineNo`), `Money` an
amount with its currency, tuples repeated elements. Names and order within a command: DOMAIN §4.3.
"""

from dataclasses import dataclass
from datetime import date, datetime

from . import (
    events_forex,
    events_offers,
    events_orders,
    events_reports,
    events_requests,
    events_reversals,
)
from .blocks import (
    AccountingBlock,
    FindingBlock,
    LineBlock,
    MemoPartBlock,
    PartBlock,
    StatusBlock,
    TotalsBlock,
)
from .event import Event
from .keys import InvoiceKey
from .money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageAccepted(Event):
    """A message took effect (for senders that ask for receipts)."""

    name = "message.accepted"
    aggregate = "message"
    sender: str
    message_id: str
    message_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageDuplicate(Event):
    """A message had taken effect before (for senders that ask for receipts)."""

    name = "message.duplicate"
    aggregate = "message"
    sender: str
    message_id: str
    message_type: str
    first_message: str
    times: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRejected(Event):
    """A message was refused: the report its sender can act on."""

    name = "message.rejected"
    aggregate = "message"
    sender: str | None
    message_id: str | None
    message_type: str | None
    code: str
    text: str
    finding: tuple[FindingBlock, ...]
    business_key: tuple[str, ...]
    dead_letter: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageParked(Event):
    """A message waits for a reference that is not there yet."""

    name = "message.parked"
    aggregate = "message"
    sender: str
    message_id: str
    message_type: str
    code: str
    text: str
    waits_for: str
    deadline: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceIssued(Event):
    """A new invoice, with its full status block and lines."""

    name = "invoice.issued"
    aggregate = "invoice"
    invoice: InvoiceKey
    customer: str
    kind: str
    issue_date: date
    due_date: date
    order_reference: str | None = None
    transaction_no: int | None
    state: StatusBlock
    totals: TotalsBlock
    accounting: AccountingBlock | None = None
    line: tuple[LineBlock, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceStatusChanged(Event):
    """The published tuple of an invoice changed."""

    name = "invoice.status-changed"
    aggregate = "invoice"
    invoice: InvoiceKey
    customer: str
    old: StatusBlock
    new: StatusBlock
    totals: TotalsBlock
    accounting: AccountingBlock | None = None
    line: tuple[LineBlock, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceLineStatusChanged(Event):
    """One axis of one line moved."""

    name = "invoice.line-status-changed"
    aggregate = "invoice"
    invoice: InvoiceKey
    line_no: str
    axis: str
    old: str
    new: str
    role: str
    acting_for: str | None
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeOpened(Event):
    """A line is disputed."""

    name = "dispute.opened"
    aggregate = "dispute"
    dispute_id: str
    invoice: InvoiceKey
    line_no: str
    amount: Money
    reason_code: str
    reason_text: str | None
    requested_action: str
    raised_by: str
    raiser: str
    reopens: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeJoined(Event):
    """The other side acknowledges a dispute."""

    name = "dispute.joined"
    aggregate = "dispute"
    dispute_id: str
    invoice: InvoiceKey
    line_no: str
    joined_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeAmended(Event):
    """The raiser changed amount, reason or evidence."""

    name = "dispute.amended"
    aggregate = "dispute"
    dispute_id: str
    invoice: InvoiceKey
    line_no: str
    amount: Money
    reason_code: str
    reason_text: str | None
    requested_action: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeResolved(Event):
    """A dispute was upheld, upheld in part, rejected, or closed because nothing is due."""

    name = "dispute.resolved"
    aggregate = "dispute"
    dispute_id: str
    invoice: InvoiceKey
    line_no: str
    outcome: str
    amount: Money
    memo: str | None
    reason_text: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeWithdrawn(Event):
    """The raiser took the dispute back."""

    name = "dispute.withdrawn"
    aggregate = "dispute"
    dispute_id: str
    invoice: InvoiceKey
    line_no: str
    reason_text: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoBooked(Event):
    """A credit memo, debit memo or credit note took effect."""

    name = "memo.posted"
    aggregate = "memo"
    memo: InvoiceKey
    doc_type: str
    customer: str
    invoice: InvoiceKey | None
    amount: Money
    applied: Money
    open_credit: Money
    refunded: Money
    reason_code: str | None
    dispute_id: str | None
    reverses: str | None
    line: tuple[MemoPartBlock, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteoffPosted(Event):
    """A small difference (A-11), or a bad debt, was written off."""

    name = "writeoff.posted"
    aggregate = "memo"
    memo: InvoiceKey
    customer: str
    invoice: InvoiceKey
    amount: Money
    reason_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditCreated(Event):
    """A customer has open credit from a credit note or an excess."""

    name = "credit.created"
    aggregate = "source"
    customer: str
    reference: str
    origin: str
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditConsumed(Event):
    """Nothing of an open credit remains."""

    name = "credit.consumed"
    aggregate = "source"
    customer: str
    reference: str
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditRefunded(Event):
    """Open credit was paid out."""

    name = "credit.refunded"
    aggregate = "source"
    customer: str
    reference: str
    amount: Money
    remaining: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentReceived(Event):
    """Money came in."""

    name = "payment.received"
    aggregate = "source"
    payer: str
    payment_id: str
    method: str
    amount: Money
    value_date: date
    asserted_by_erp: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentUnallocated(Event):
    """Part of a payment found no invoice; `waits_for` names those it is meant for.

    `order_reference` is the order that it is held for.
    """

    name = "payment.unallocated"
    aggregate = "source"
    payer: str
    payment_id: str
    remaining: Money
    held: Money
    waits_for: tuple[InvoiceKey, ...]
    order_reference: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentBounced(Event):
    """A payment was returned by the bank."""

    name = "payment.bounced"
    aggregate = "source"
    payer: str
    payment_id: str
    reversal_id: str
    amount: Money
    reason_code: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentChargedBack(Event):
    """A card holder's bank took money back."""

    name = "payment.charged-back"
    aggregate = "source"
    payer: str
    payment_id: str
    reversal_id: str
    amount: Money
    reason_code: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentRefunded(Event):
    """Unapplied money went back to the payer."""

    name = "payment.refunded"
    aggregate = "source"
    payer: str
    payment_id: str
    reversal_id: str
    amount: Money
    remaining: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocationPosted(Event):
    """Money of a source was put on an invoice."""

    name = "allocation.posted"
    aggregate = "allocation"
    allocation_id: str
    customer: str
    source_type: str
    source_reference: str
    invoice: InvoiceKey
    amount: Money
    mode: str
    part: tuple[PartBlock, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocationRemoved(Event):
    """An allocation was taken off its invoice."""

    name = "allocation.removed"
    aggregate = "allocation"
    allocation_id: str
    customer: str
    source_type: str
    source_reference: str
    invoice: InvoiceKey
    amount: Money
    reason: str


_MODULES = (
    events_forex,
    events_offers,
    events_orders,
    events_reports,
    events_requests,
    events_reversals,
)
"""The other modules that hold events."""
EVENTS: tuple[type[Event], ...] = tuple(
    sorted(
        {
            each
            for names in (globals(), *map(vars, _MODULES))
            for each in tuple(names.values())
            if isinstance(each, type) and issubclass(each, Event) and each is not Event
        },
        key=lambda event: event.name,
    )
)
"""Every event class, by name."""
