"""An invoice, its lines, and the status derived from them (Table 5 made total, DOMAIN §3.4).

Two axes are never mixed: what the two sides *say* about lines gives `status`; the ledger (what was
settled, credited, written off) gives `settlement_state`. Money rules use the ledger only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final, NamedTuple

from .detail import PLAIN, Detail, Execution
from .forex import Carry
from .keys import InvoiceKey
from .status import NEW_AXIS, Axis, Side, Status


class Kind(StrEnum):
    """What a line is; debit-memo lines are added after issue, all others stand from the start."""

    ITEM = "item"
    SHIPPING = "shipping"
    APPLICATION_FEE = "application-fee"
    CHARGE = "charge"
    ROUNDING = "rounding"
    DEBIT_MEMO = "debit-memo"


class InvoiceKind(StrEnum):
    """What an invoice is for; the ERP posts commercial ones (DOMAIN §3.2)."""

    COMMERCIAL = "commercial"
    MISC = "misc"
    REQUEST = "request"
    PROFORMA = "proforma"
    TOPUP = "topup"


class Lifecycle(StrEnum):
    """Where an invoice stands (DOMAIN §3.2); ERP invoices arrive Issued and stay so."""

    DRAFT = "Draft"
    SENT = "Sent"
    ISSUED = "Issued"
    VOIDED = "Voided"
    CANCELLED = "Cancelled"
    DELETED = "Deleted"


OFFERED: Final = (Lifecycle.DRAFT, Lifecycle.SENT)
"""Where an invoice is an offer: it may be changed, and is no revenue (S2-07)."""
RECOVERY: Final = "RC:"
"""How the number of an invoice begins that asks for money of a wallet back (A-10)."""


class InvoiceStatus(StrEnum):
    """Table 5."""

    NEW = "New"
    PARTIALLY_PAID = "Partially Paid"
    PAID = "Paid"
    DISPUTED = "Disputed"


class Settlement(StrEnum):
    """What the ledger says."""

    UNSETTLED = "Unsettled"
    PARTIALLY_SETTLED = "PartiallySettled"
    SETTLED = "Settled"


class Confirmation(StrEnum):
    """How much of it the enterprise says it has received."""

    CONFIRMED = "Confirmed"
    PARTLY_CONFIRMED = "PartlyConfirmed"
    UNCONFIRMED = "Unconfirmed"


class Closure(StrEnum):
    """Why nothing is owed any more."""

    PAID = "Paid"
    CREDITED = "Credited"
    DISCOUNTED = "Discounted"
    WRITTEN_OFF = "WrittenOff"
    CANCELLED = "Cancelled"
    MIXED = "Mixed"
    NOTHING_DUE = "NothingDue"


class LineTerms(NamedTuple):
    """What was sold: immutable, kept as posted, and needed by no rule after issue."""

    description: str
    item_code: str | None = None
    quantity: str = "1"
    unit: str | None = None
    unit_price: str = "0"
    net: int = 0
    tax_category: str = ""
    tax_rate: str = "0"
    tax: int = 0
    order_line: str | None = None


class Line(NamedTuple):
    """One line: its immutable gross `amount`, and counters: the fold of the entries on it.

    All amounts are minor units of the invoice's currency. `disputed` is the amount of the open
    dispute (0: none). `terms` are present only while the line is being created.
    """

    line_no: str
    kind: Kind
    amount: int
    terms: LineTerms | None = None
    credited: int = 0
    excess: int = 0
    written_off: int = 0
    settled: int = 0
    disputed: int = 0
    customer: Axis = NEW_AXIS
    enterprise: Axis = NEW_AXIS
    receipt_manual: bool = False

    @property
    def due(self) -> int:
        """Return what this line asks for: amount less credits and write-offs; never negative."""
        return self.amount - self.credited - self.written_off

    @property
    def open(self) -> int:
        """Return what is still to be paid; never negative."""
        return self.amount - self.credited - self.written_off - self.settled

    @property
    def live(self) -> bool:
        """Return whether the line still asks for money and so counts in the derivation."""
        return self.amount > self.credited + self.written_off

    @property
    def creditable(self) -> int:
        """Return how much may still be credited, whether owed or already settled."""
        return self.amount - self.credited - self.excess - self.written_off

    @property
    def disputed_open(self) -> int:
        """Return the part of `open` that is under dispute (D-08); the auto run leaves it alone."""
        return min(self.disputed, self.open)

    def axis(self, side: Side) -> Axis:
        """Return the axis of `side`."""
        return self.customer if side is Side.CUSTOMER else self.enterprise


class Derived(NamedTuple):
    """The published tuple: `invoice.status-changed` is due exactly when it differs (I-19)."""

    status: InvoiceStatus
    settlement_state: Settlement
    contested: bool
    confirmation: Confirmation
    closure_reason: Closure | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoice:
    """An issued invoice with all its lines in document order (debit-memo lines last, as added).

    `amount` is immutable; the other sums are caches over the lines and entries, in minor units.
    `version` counts the events of this invoice. `settled_by_credit` is the part of `settled` that
    open credits paid; `reserved` is what reservations keep of `pending` (A-08). `snapshot` (seller,
    buyer, taxes as posted) is present only while creating. `carry` is its value in the accounting
    currency where that differs. `wake_at` (UTC) is when time does something to it next. `editions`
    are lines of an offer that count no more and are not written yet, each with the place of the
    first of them.
    """

    key: InvoiceKey
    account: str
    currency: str
    amount: int
    issue_date: date
    due_date: date
    lines: tuple[Line, ...]
    derived: Derived
    kind: InvoiceKind = InvoiceKind.COMMERCIAL
    lifecycle: Lifecycle = Lifecycle.ISSUED
    order_ref: str | None = None
    payment_reference: str | None = None
    description: str | None = None
    auto_allocate: bool = True
    content_hash: str = ""
    cause: str = ""
    debit_memos: int = 0
    credits: int = 0
    discounts: int = 0
    written_off: int = 0
    settled: int = 0
    settled_by_credit: int = 0
    reserved: int = 0
    version: int = 0
    carry: Carry | None = None
    wake_at: datetime | None = None
    detail: Detail = PLAIN
    snapshot: str | None = None
    editions: tuple[tuple[int, tuple[Line, ...]], ...] = ()

    @property
    def pending(self) -> int:
        """Return what is still owed: the sum of the lines' open amounts (I-06)."""
        asked = self.amount + self.debit_memos
        return asked - self.credits - self.discounts - self.written_off - self.settled

    @property
    def allocatable(self) -> int:
        """Return what may still be allocated: pending less what is reserved (A-08)."""
        return self.pending - self.reserved

    @property
    def provisioning(self) -> bool:
        """Return whether money is reserved for it until the provisioning system answers (§3.2)."""
        return self.detail.reserved_until is not None

    @property
    def alive(self) -> bool:
        """Return whether money and statuses still happen to it; only then a status is derived."""
        return self.lifecycle in (Lifecycle.SENT, Lifecycle.ISSUED)

    @property
    def disputed_amount(self) -> int:
        """Return the disputed part of `pending` (D-08)."""
        return sum([line.disputed_open for line in self.lines if line.disputed])

    def line(self, line_no: str) -> Line | None:
        """Return the line with this number, or None."""
        return next((line for line in self.lines if line.line_no == line_no), None)


def counts_as_revenue(invoice: Invoice) -> bool:
    """Return whether reports count `invoice` as revenue (DOMAIN §3.2).

    An offer does not until it is provisioned (S2-07), a request until it is executed (X-03), a
    top-up never, nor what asks for spent money of a wallet back (X-09, I-24).
    """
    if invoice.lifecycle is not Lifecycle.ISSUED or invoice.kind is InvoiceKind.TOPUP:
        return False
    if invoice.key.number.startswith(RECOVERY):
        return False
    waits = invoice.kind is InvoiceKind.REQUEST
    return not waits or invoice.detail.execution is Execution.EXECUTED


def table5(lines: Sequence[Line], *, dispute_wins: bool = False) -> InvoiceStatus:
    """Return the invoice status that the live `lines` give: rules R0 to R6, first match wins.

    `dispute_wins` swaps R2 and R3 (policy `enterprise_dispute_overrides_paid`).
    """
    customer, enterprise, paid = _said(lines)
    if not customer:
        return InvoiceStatus.PAID  # R0
    if Status.DISPUTED in customer:
        return InvoiceStatus.DISPUTED  # R1
    if dispute_wins and Status.DISPUTED in enterprise:
        return InvoiceStatus.DISPUTED  # R3 before R2
    if customer == {Status.PAID}:
        return InvoiceStatus.PAID  # R2
    if Status.DISPUTED in enterprise:
        return InvoiceStatus.DISPUTED  # R3
    if enterprise == {Status.RECEIVED}:
        return InvoiceStatus.PAID  # R4
    if Status.PAID in customer or Status.RECEIVED in enterprise or paid:
        return InvoiceStatus.PARTIALLY_PAID  # R5
    return InvoiceStatus.NEW  # R6


class _Said(NamedTuple):
    """All that the live lines say, without repeats: each side's statuses; whether any has money."""

    customer: set[Status]
    enterprise: set[Status]
    paid: bool


def _said(lines: Sequence[Line]) -> _Said:
    said = {
        (customer.status, enterprise.status, settled > 0)
        for _, _, amount, _, credited, _, written_off, settled, _, customer, enterprise, _ in lines
        if amount > credited + written_off  # as `live`
    }
    return _Said(
        {customer for customer, _, _ in said},
        {enterprise for _, enterprise, _ in said},
        any(paid for _, _, paid in said),
    )


def derive(invoice: Invoice, *, dispute_wins: bool = False) -> Derived:
    """Return the published tuple of `invoice`, from its lines and sums alone (I-13)."""
    status = table5(invoice.lines, dispute_wins=dispute_wins)
    contested, confirmation = False, Confirmation.UNCONFIRMED
    if status is not InvoiceStatus.NEW:  # then nothing has been received or disputed (R6)
        enterprise = _said(invoice.lines).enterprise
        contested = status is InvoiceStatus.PAID and Status.DISPUTED in enterprise
        if enterprise == {Status.RECEIVED}:
            confirmation = Confirmation.CONFIRMED
        elif Status.RECEIVED in enterprise:
            confirmation = Confirmation.PARTLY_CONFIRMED
    return Derived(status, _settlement(invoice), contested, confirmation, _closure(invoice))


def _settlement(invoice: Invoice) -> Settlement:
    pending = invoice.pending
    if pending == 0:
        return Settlement.SETTLED
    if pending == invoice.amount + invoice.debit_memos:
        return Settlement.UNSETTLED
    return Settlement.PARTIALLY_SETTLED


def _closure(invoice: Invoice) -> Closure | None:
    if invoice.pending:
        return None
    ways = {
        Closure.PAID: invoice.settled - invoice.settled_by_credit,
        Closure.CREDITED: invoice.credits + invoice.settled_by_credit,
        Closure.DISCOUNTED: invoice.discounts,
        Closure.WRITTEN_OFF: invoice.written_off,
    }
    used = [way for way, amount in ways.items() if amount]
    if not used:
        return Closure.NOTHING_DUE
    return used[0] if len(used) == 1 else Closure.MIXED


ISSUED_NEW = Derived(
    status=InvoiceStatus.NEW,
    settlement_state=Settlement.UNSETTLED,
    contested=False,
    confirmation=Confirmation.UNCONFIRMED,
    closure_reason=None,
)
"""What every freshly issued invoice with something to pay derives to."""

CANCELLED = ISSUED_NEW._replace(
    settlement_state=Settlement.SETTLED, closure_reason=Closure.CANCELLED
)
"""What a cancelled invoice says beside the status it had; it derives to none (§3.4)."""
