"""The entities that move money: sources, allocations, documents, reversals; accounts, disputes.

All of them are immutable values. What is insert-only in the store is never changed here; counters
and states are caches over those entries (I-27). Amounts are minor units of the entity's currency.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple

from .forex import Carry
from .keys import InvoiceKey, SourceKey
from .status import Side


class SourceType(StrEnum):
    """What can pay an invoice."""

    PAYMENT = "payment"
    OPEN_CREDIT = "open-credit"
    WALLET = "wallet"


class FundsState(StrEnum):
    """Whether a payment's money is here."""

    CAPTURED = "captured"
    RECEIVED = "received"
    BOUNCED = "bounced"


class Origin(StrEnum):
    """Where a source comes from."""

    PAYMENT = "payment"
    CREDIT_NOTE = "credit-note"
    EXCESS = "excess-of-adjustment"
    TOPUP = "topup"


class Mode(StrEnum):
    """How an allocation came about."""

    AUTO = "auto"
    MANUAL = "manual"
    REFERENCE = "reference"
    ORDER = "order"
    PROVISION = "provision"


class AllocationState(StrEnum):
    """An allocation is posted once and removed at most once; the row stays.

    A reserved one is posted or removed when what it was reserved for is decided (A-08).
    """

    RESERVED = "reserved"
    POSTED = "posted"
    REMOVED = "removed"


class DocType(StrEnum):
    """Adjustment documents (DOMAIN §3.7)."""

    CREDIT_MEMO = "credit-memo"
    DEBIT_MEMO = "debit-memo"
    CREDIT_NOTE = "credit-note"
    WRITE_OFF = "write-off"
    DISCOUNT = "discount"
    BAD_DEBT = "bad-debt"
    CANCELLATION = "cancellation"
    MONEY_BACK = "money-back"


class ReversalKind(StrEnum):
    """How money leaves a source again, other than to an invoice."""

    BOUNCE = "bounce"
    CHARGEBACK = "chargeback"
    REFUND = "refund"
    USAGE = "usage"
    """Spent from a wallet on calls and the like."""
    WITHDRAWAL = "withdrawal"
    """Out of a wallet, since the payment was taken off the top-up again."""


class DisputeState(StrEnum):
    """OPEN, or how it was closed."""

    OPEN = "open"
    UPHELD = "upheld"
    UPHELD_PARTIAL = "upheld-partial"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    AUTO_CLOSED = "auto-closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A billed party and the terms it buys on; `ancestors` are its resellers, nearest first."""

    party: str
    party_class: str
    name: str
    parent: str | None = None
    ancestors: tuple[str, ...] = ()
    address: str = ""
    tax_ids: str = ""
    selling_currency: str
    accounting_currency: str
    timezone: str = "UTC"
    terms_approved: bool = False
    terms_days: int = 0
    credit_limit: int | None = None
    auto_allocate: bool = True
    request_cancellation_days: int | None = None
    reminder_days: int | None = None
    suspension_days: int | None = None
    deletion_days: int | None = None
    money_back_days: int | None = None
    as_of: datetime | None = None
    """When the newest accepted version was sent (UTC); an older one changes nothing."""
    cause: str = ""

    @property
    def key(self) -> str:
        """Return the party id."""
        return self.party

    @property
    def account(self) -> str:
        """Return the party id."""
        return self.party


class Intent(NamedTuple):
    """A payment's wish to pay one invoice; `amount` None means up to all of its pending."""

    invoice: InvoiceKey
    amount: int | None
    waiting: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Money of an account that can pay invoices; what is spent where is in its allocations."""

    key: SourceKey
    currency: str
    amount: int
    value_date: date
    origin: Origin = Origin.PAYMENT
    origin_document: str | None = None
    method: str | None = None
    bank_reference: str | None = None
    end_to_end_id: str | None = None
    asserted_by_erp: bool = False
    funds_state: FundsState = FundsState.RECEIVED
    intents: tuple[Intent, ...] = ()
    held_for: str | None = None
    """The order it waits for (A-04), until that lets it go."""
    allocated: int = 0
    reserved: int = 0
    refunded: int = 0
    charged_back: int = 0
    spent: int = 0
    """What of a wallet lot was used outside invoices, or withdrawn."""
    allocations: int = 0
    """How many allocations were ever made from it: numbers the next one."""
    carry: Carry | None = None
    """Its value in the accounting currency of the account, where that is another."""
    content_hash: str = ""
    cause: str = ""
    version: int = 0

    @property
    def account(self) -> str:
        """Return the party that owns the money."""
        return self.key.account

    @property
    def remaining(self) -> int:
        """Return what is neither allocated, reserved, spent nor gone back (I-01, I-02)."""
        gone = self.refunded + self.charged_back + self.spent
        return self.amount - self.allocated - self.reserved - gone

    @property
    def held(self) -> int:
        """Return the part of `remaining` that waits for what it is meant for (A-04)."""
        if self.held_for is not None:
            return self.remaining
        waiting = [intent.amount for intent in self.intents if intent.waiting]
        if not waiting:
            return 0
        if None in waiting:
            return self.remaining
        return min(self.remaining, sum(amount for amount in waiting if amount is not None))

    @property
    def free(self) -> int:
        """Return what the auto run may spend."""
        return self.remaining - self.held


class Part(NamedTuple):
    """An amount on one line."""

    line_no: str
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """Money of one source on one invoice, down to the line; `number` orders those of a source."""

    source: SourceKey
    number: int
    invoice: InvoiceKey
    currency: str
    amount: int
    parts: tuple[Part, ...]
    mode: Mode
    posted_on: date
    carry: int | None = None
    """What it relieved of the invoice, and `source_carry` of the source, in the accounting currency
    (minor units); the difference is gain or loss."""
    source_carry: int | None = None
    state: AllocationState = AllocationState.POSTED
    removed_reason: str | None = None
    removed_on: date | None = None
    cause: str = ""
    removed_by: str | None = None
    version: int = 0

    @property
    def key(self) -> tuple[SourceKey, int]:
        """Return its source and its number there."""
        return (self.source, self.number)

    @property
    def account(self) -> str:
        """Return the party whose money it is."""
        return self.source.account

    @property
    def id(self) -> str:
        """Return the id events carry: `account/type/reference#number`."""
        return f"{self.source}#{self.number}"


class MemoPart(NamedTuple):
    """What a document did to one line: `applied` reduced what is owed, `excess` became credit."""

    line_no: str
    amount: int
    applied: int
    excess: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Memo:
    """An immutable adjustment document; a credit note has no invoice."""

    key: InvoiceKey
    doc_type: DocType
    account: str
    currency: str
    amount: int
    issued_on: date
    invoice: InvoiceKey | None = None
    parts: tuple[MemoPart, ...] = ()
    reason_code: str | None = None
    reason_text: str | None = None
    dispute_id: str | None = None
    reverses: InvoiceKey | None = None
    carry: int | None = None
    """What the applied part relieved of the invoice, in the accounting currency (M-04)."""
    reversed_by: str | None = None
    applied: int = 0
    open_credit: int = 0
    refunded: int = 0
    content_hash: str = ""
    cause: str = ""
    version: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reversal:
    """Money that left a source again, other than to an invoice."""

    account: str
    reference: str
    source: SourceKey
    kind: ReversalKind
    currency: str
    amount: int
    reversed_on: date
    reason_code: str | None = None
    reason_text: str | None = None
    carry: int | None = None
    """What it relieved of the source, in the accounting currency (I-10)."""
    content_hash: str = ""
    cause: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """Return the account and the reversal's reference there."""
        return (self.account, self.reference)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispute:
    """A disagreement about one line; at most one is open per line (D-01)."""

    id: str
    account: str
    invoice: InvoiceKey
    line_no: str
    notice_id: str
    currency: str
    amount: int
    reason_code: str
    requested_action: str
    raised_by: Side
    raiser: str
    opened_at: datetime
    reason_text: str | None = None
    evidence: str | None = None
    joined: bool = False
    state: DisputeState = DisputeState.OPEN
    closed_at: datetime | None = None
    reopens: str | None = None
    memo: str | None = None
    respond_by: datetime | None = None
    """When (UTC) `dispute.response-overdue` is due; None when it was announced, or never is."""
    cause: str = ""
    version: int = 0

    @property
    def key(self) -> str:
        """Return the dispute id: `party/notice/line`, the party being that of the sender."""
        return self.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A source and an invoice the auto run must not bring together again (A-06) while `blocked`."""

    source: SourceKey
    invoice: InvoiceKey
    blocked: bool = True

    @property
    def key(self) -> tuple[SourceKey, InvoiceKey]:
        """Return the pair."""
        return (self.source, self.invoice)

    @property
    def account(self) -> str:
        """Return the party whose money it is."""
        return self.source.account


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A notice as its sender's party numbers it: the key that makes it count once (P-02)."""

    kind: str
    party: str
    notice_id: str
    content_hash: str
    cause: str = ""

    @property
    def account(self) -> str:
        """Return the party that gave the notice."""
        return self.party

    @property
    def key(self) -> tuple[str, str, str]:
        """Return the kind, the party and the notice id."""
        return (self.kind, self.party, self.notice_id)
