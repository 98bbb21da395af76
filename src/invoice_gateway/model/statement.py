"""Statements and agings: what an account owed on a day, by what was known at a moment (§5.3, P-06).

Pure folds over the entries of `history`. A report as of a day is not changed by what counts from
later days; with `known_at` fixed it is not changed by anything recorded later (I-34).
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, NamedTuple

from .history import Disputed, Entry, History, in_effect, known_by
from .keys import InvoiceKey

DAYS: Final = (("overdue_30", 30), ("overdue_60", 60), ("overdue_90", 90))
"""The buckets of an aging, each with the most days past due; after them comes `overdue_more`."""
NOT_DUE, MORE = "not_due", "overdue_more"
BUCKETS: Final = (NOT_DUE, *(name for name, _ in DAYS), MORE)


class Period(NamedTuple):
    """What a report is about: days from `begins` (None: the first) to the end of `as_of`.

    By what was known at `known_at`, an aware moment (None: all that is known by now).
    """

    as_of: date
    begins: date | None = None
    known_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementLine:
    """An entry with its amount (what is asked is positive) and the balance after it."""

    day: date
    kind: str
    document: str
    invoice: InvoiceKey | None
    due_date: date | None
    amount: int
    balance: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdings:
    """The four sums of an account in one currency, in minor units.

    The balance, which is what remains to pay, is receivable - unapplied - open_credit - wallet.
    """

    receivable: int = 0
    unapplied: int = 0
    open_credit: int = 0
    wallet: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """The entries of an account in one currency, from `begins` (None: the first) to `as_of`."""

    account: str
    currency: str
    begins: date | None
    as_of: date
    opening: int
    closing: int
    holdings: Holdings
    lines: tuple[StatementLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Aged:
    """What is open of one invoice; `days` past due (0 or less: not due) put it into `bucket`."""

    invoice: InvoiceKey
    due_date: date
    days: int
    bucket: str
    open: int
    disputed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Aging:
    """What an account owes in one currency by age: the buckets add up to the receivable.

    `disputed` is the part of it under dispute. Unused money stands apart: it is not taken off.
    """

    account: str
    currency: str
    as_of: date
    not_due: int
    overdue_30: int
    overdue_60: int
    overdue_90: int
    overdue_more: int
    disputed: int
    holdings: Holdings
    invoices: tuple[Aged, ...]


def statements(history: History, period: Period) -> list[Statement]:
    """Return a statement per currency in which anything was entered, by currency.

    Entries before the period are in the opening balance. What only moves money between the sums of
    the account (allocations) is no line of its own: it shows in what is unapplied.
    """
    return [
        _statement(history.party, currency, found, period)
        for currency, found in _by_currency(_in(period, history))
    ]


def agings(history: History, period: Period) -> list[Aging]:
    """Return an aging per currency in which anything was entered, by currency (§5.3).

    As of the end of the period. Invoices with nothing open are left out; the others come by due
    date, then by key.
    """
    disputed: dict[InvoiceKey, int] = defaultdict(int)
    found = _in(period, history)
    for each in history.disputed:
        disputed[each.invoice] += _disputed(each, found, period)
    return [
        _aging(history.party, currency, entries, period.as_of, disputed)
        for currency, entries in _by_currency(found)
    ]


def bucket_of(days: int) -> str:
    """Return the bucket of an invoice so many days past due.

    Example:
        >>> [bucket_of(days) for days in (-3, 0, 1, 30, 31, 90, 91)]  # doctest: +ELLIPSIS
        ['not_due', 'not_due', 'overdue_30', 'overdue_30', 'overdue_60', 'overdue_90', ...]
    """
    if days <= 0:
        return NOT_DUE
    return next((name for name, most in DAYS if days <= most), MORE)


def holdings(entries: Iterable[Entry]) -> Holdings:
    """Return the sums of `entries`, which are of one account and currency."""
    found = [*entries]
    return Holdings(
        receivable=sum(each.receivable for each in found),
        unapplied=sum(each.unapplied for each in found),
        open_credit=sum(each.open_credit for each in found),
        wallet=sum(each.wallet for each in found),
    )


def _in(period: Period, history: History) -> list[Entry]:
    return in_effect(history.entries, period.as_of, period.known_at)


def _by_currency(entries: Iterable[Entry]) -> list[tuple[str, list[Entry]]]:
    found: dict[str, list[Entry]] = defaultdict(list)
    for each in entries:
        found[each.currency].append(each)
    return sorted(found.items())


def _statement(account: str, currency: str, entries: Sequence[Entry], period: Period) -> Statement:
    begins = period.begins
    earlier = [each for each in entries if begins is not None and each.effective < begins]
    opening = balance = sum(each.balance for each in earlier)
    lines = []
    for each in entries[len(earlier) :]:
        if not each.balance:
            continue
        balance += each.balance
        lines.append(
            StatementLine(
                day=each.effective,
                kind=each.kind,
                document=each.document,
                invoice=each.invoice,
                due_date=each.due_date,
                amount=each.balance,
                balance=balance,
            )
        )
    return Statement(
        account=account,
        currency=currency,
        begins=begins,
        as_of=period.as_of,
        opening=opening,
        closing=balance,
        holdings=holdings(entries),
        lines=tuple(lines),
    )


def _aging(
    account: str,
    currency: str,
    entries: Sequence[Entry],
    as_of: date,
    disputed: dict[InvoiceKey, int],
) -> Aging:
    open_: dict[InvoiceKey, int] = defaultdict(int)
    due: dict[InvoiceKey, date] = {}
    for each in entries:
        if each.invoice is not None and each.receivable:
            open_[each.invoice] += each.receivable
        if each.invoice is not None and each.due_date is not None:
            due[each.invoice] = each.due_date
    aged = [_aged(key, due[key], left, disputed, as_of) for key, left in open_.items() if left]
    sums = dict.fromkeys(BUCKETS, 0)
    for item in aged:
        sums[item.bucket] += item.open
    return Aging(
        account=account,
        currency=currency,
        as_of=as_of,
        **sums,
        disputed=sum(item.disputed for item in aged),
        holdings=holdings(entries),
        invoices=tuple(sorted(aged, key=lambda item: (item.due_date, item.invoice))),
    )


def _aged(
    key: InvoiceKey, due: date, left: int, disputed: dict[InvoiceKey, int], as_of: date
) -> Aged:
    days = (as_of - due).days
    return Aged(
        invoice=key,
        due_date=due,
        days=days,
        bucket=bucket_of(days),
        open=left,
        disputed=disputed.get(key, 0),
    )


def _disputed(dispute: Disputed, entries: Iterable[Entry], period: Period) -> int:
    """Return the disputed part of what is open on the line: never more than that (D-08)."""

    def happened(at: datetime | None) -> bool:
        if at is None:
            return False
        return at.date() <= period.as_of and known_by(at, period.known_at)

    amounts = [amount for at, amount in dispute.amounts if happened(at)]
    if not amounts or happened(dispute.closed_at):
        return 0
    left = dispute.line_amount
    for each in entries:
        part = dispute.parts.get(each.order)
        if part is not None:
            left += part if each.receivable > 0 else -part
    return max(min(amounts[-1], left), 0)
