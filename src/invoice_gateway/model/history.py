"""The money entries of an account as reports and the journal see them: when, and what they add.

An account stands with us in four sums per currency: what it owes (`receivable`), money that pays
nothing yet (`unapplied`), credit it may use (`open_credit`) and prepaid money (`wallet`). Every row
of the append-only tables adds to some of them, on the day it counts from (`effective`) and from the
moment it became known (`recorded`). Nothing here is stored: entries are made from rows on demand.

Days (docs/adr/0020): a document counts from its own date. What a message did to allocations counts
from the date of the document it brought (invoice, payment, reversal), what a command did from the
effective date of the command; and nothing counts before the invoice and the money it is about.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import NamedTuple

from .invoice import RECOVERY, InvoiceKind, Lifecycle
from .keys import InvoiceKey, SourceKey
from .ledger import DocType, Origin, ReversalKind, SourceType

INVOICE, ALLOCATION, REMOVAL = "invoice", "allocation", "removal"
"""Kinds of entries beside those named after documents, sources and reversals."""


class Counts(Enum):
    """How an invoice enters reports."""

    OWED = "owed"
    PREPAYMENT = "prepayment"
    NOT_AT_ALL = "not at all"


def counts_as(kind: str, lifecycle: str) -> Counts:
    """Return how an invoice enters statements, agings and the journal: the one place that says so.

    Only what was issued is owed. A cancelled invoice was: the document that cancelled it stands
    beside it. A top-up is no revenue: its allocations move money into the wallet.
    """
    if lifecycle not in (Lifecycle.ISSUED, Lifecycle.CANCELLED):
        return Counts.NOT_AT_ALL
    return Counts.PREPAYMENT if kind == InvoiceKind.TOPUP else Counts.OWED


class Bill(NamedTuple):
    """An invoice as its entries need it; `recorded` None: known all along."""

    key: InvoiceKey
    account: str
    currency: str
    kind: str
    lifecycle: str
    issue_date: date
    due_date: date
    cause: str
    recorded: datetime | None = None

    @property
    def counts(self) -> Counts:
        """Return how it enters reports."""
        return counts_as(self.kind, self.lifecycle)


class Purse(NamedTuple):
    """A source as its entries need it; `recorded` None: known all along."""

    key: SourceKey
    currency: str
    origin: str
    value_date: date
    cause: str
    recorded: datetime | None = None


class Entry(NamedTuple):
    """One entry: what it adds, in minor units, and from when; `order` is that of recording.

    `order` is the number of its row, unique among the rows of all tables; a removal has that of its
    allocation.
    """

    kind: str
    order: int
    account: str
    currency: str
    effective: date
    recorded: datetime | None
    document: str
    invoice: InvoiceKey | None = None
    due_date: date | None = None
    receivable: int = 0
    unapplied: int = 0
    open_credit: int = 0
    wallet: int = 0
    cause: str = ""

    @property
    def balance(self) -> int:
        """Return what it adds to the balance: what is owed less all that could pay it."""
        return self.receivable - self.unapplied - self.open_credit - self.wallet


class Disputed(NamedTuple):
    """A dispute about one line over its life, and what was entered on that line.

    `amounts` are those it was over, with the moment from which. `parts` maps the order of an entry
    to its share on this line, in minor units.
    """

    invoice: InvoiceKey
    line_amount: int
    opened_at: datetime
    closed_at: datetime | None
    amounts: tuple[tuple[datetime, int], ...]
    parts: Mapping[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """All entries of an account; read-only: it is loaded for reports and never saved."""

    party: str
    entries: tuple[Entry, ...] = ()
    disputed: tuple[Disputed, ...] = ()

    @property
    def key(self) -> str:
        """Return the party id."""
        return self.party

    @property
    def account(self) -> str:
        """Return the party id."""
        return self.party


def billed(order: int, bill: Bill, amount: int) -> Entry | None:
    """Return the entry of an invoice over `amount`, or None when nothing is owed for it.

    One that asks for money of a wallet back puts that money where it was taken from: it is no sale.
    """
    if bill.counts is not Counts.OWED:
        return None
    return _on(bill, INVOICE, order, bill.issue_date, bill.recorded)._replace(
        document=bill.key.number,
        due_date=bill.due_date,
        receivable=amount,
        wallet=amount if bill.key.number.startswith(RECOVERY) else 0,
        cause=bill.cause,
    )


class Paper(NamedTuple):
    """An adjustment document about an invoice: `applied` of its amount changed what is owed."""

    doc_type: str
    number: str
    amount: int
    applied: int
    issued_on: date
    cause: str
    recorded: datetime | None = None


def adjusted(order: int, bill: Bill, paper: Paper) -> Entry | None:
    """Return the entry of a document: a debit memo adds; all others take off, or give credit.

    None when nothing is owed for the invoice.
    """
    if bill.counts is not Counts.OWED:
        return None
    entry = _on(bill, paper.doc_type, order, paper.issued_on, _latest(paper.recorded, bill))
    entry = entry._replace(document=paper.number, cause=paper.cause)
    if paper.doc_type == DocType.DEBIT_MEMO:
        return entry._replace(receivable=paper.amount)
    return entry._replace(receivable=-paper.applied, open_credit=paper.amount - paper.applied)


def received(order: int, purse: Purse, amount: int) -> Entry | None:
    """Return the entry of money or of a credit note.

    None for what another entry has already: the excess of a memo, the money of a top-up.
    """
    kinds = {Origin.PAYMENT: SourceType.PAYMENT.value, Origin.CREDIT_NOTE: DocType.CREDIT_NOTE}
    kind = next((kind for origin, kind in kinds.items() if origin == purse.origin), None)
    if kind is None:
        return None
    entry = _of(purse, kind, order, purse.value_date, purse.recorded, amount)
    return entry._replace(document=purse.key.reference, cause=purse.cause)


class Move(NamedTuple):
    """Money put on an invoice, or taken off it: `reversed_on` where a reversal of it did that."""

    day: date
    cause: str
    reversed_on: date | None = None
    recorded: datetime | None = None


def allocated(order: int, bill: Bill, purse: Purse, amount: int, move: Move) -> Entry | None:
    """Return the entry of an allocation; None when the invoice is not issued: nothing is applied.

    Money on a top-up becomes prepaid money.
    """
    if bill.counts is Counts.NOT_AT_ALL:
        return None
    day = move.day
    if move.reversed_on is not None:
        day = move.reversed_on
    elif move.cause in (bill.cause, purse.cause):
        day = bill.issue_date
    entry = _of(
        purse,
        ALLOCATION,
        order,
        max(day, bill.issue_date, purse.value_date),
        _latest(move.recorded, bill, purse),
        -amount,
    )
    entry = entry._replace(document=purse.key.reference, invoice=bill.key, cause=move.cause)
    if bill.counts is Counts.PREPAYMENT:
        return entry._replace(wallet=entry.wallet + amount)
    return entry._replace(receivable=-amount)


def removed(allocation: Entry, move: Move) -> Entry:
    """Return the entry that takes `allocation` back: its exact opposite."""
    recorded = [each for each in (move.recorded, allocation.recorded) if each is not None]
    return allocation._replace(
        kind=REMOVAL,
        effective=max(move.reversed_on or move.day, allocation.effective),
        recorded=max(recorded, default=None),
        receivable=-allocation.receivable,
        unapplied=-allocation.unapplied,
        open_credit=-allocation.open_credit,
        wallet=-allocation.wallet,
        cause=move.cause,
    )


def given_back(
    order: int, purse: Purse, kind: str, reference: str, amount: int, move: Move
) -> Entry | None:
    """Return the entry of money that left a source again, or was used up.

    None for what left a wallet because its top-up was taken back: the removal has that already.
    """
    if kind == ReversalKind.WITHDRAWAL:
        return None
    day, recorded = max(move.day, purse.value_date), _latest(move.recorded, purse)
    entry = _of(purse, kind, order, day, recorded, -amount)
    return entry._replace(document=reference, cause=move.cause)


def in_effect(
    entries: Iterable[Entry], as_of: date, known_at: datetime | None = None
) -> list[Entry]:
    """Return what counts at the end of `as_of` by what was known at `known_at` (None: now).

    In the order of days, within a day in the order of recording (I-34).
    """
    found = [
        each for each in entries if each.effective <= as_of and known_by(each.recorded, known_at)
    ]
    return sorted(found, key=lambda each: (each.effective, each.order))


def known_by(recorded: datetime | None, known_at: datetime | None) -> bool:
    """Return whether what was recorded then was known at `known_at` (None: now)."""
    return known_at is None or recorded is None or recorded <= known_at


def _on(bill: Bill, kind: str, order: int, day: date, recorded: datetime | None) -> Entry:
    return Entry(
        kind,
        order,
        bill.account,
        bill.currency,
        max(day, bill.issue_date),
        recorded,
        bill.key.number,
        invoice=bill.key,
    )


def _of(
    purse: Purse, kind: str, order: int, day: date, recorded: datetime | None, amount: int
) -> Entry:
    """Return the entry that adds `amount` to the sum that the money of the source belongs to."""
    its = purse.key.type
    return Entry(
        kind,
        order,
        purse.key.account,
        purse.currency,
        day,
        recorded,
        purse.key.reference,
        unapplied=amount if its == SourceType.PAYMENT else 0,
        open_credit=amount if its == SourceType.OPEN_CREDIT else 0,
        wallet=amount if its == SourceType.WALLET else 0,
    )


def _latest(recorded: datetime | None, *ends: Bill | Purse) -> datetime | None:
    """Return the moment from which an entry and the ends it is about are known."""
    moments = [each for each in (recorded, *(end.recorded for end in ends)) if each is not None]
    return max(moments, default=None)
