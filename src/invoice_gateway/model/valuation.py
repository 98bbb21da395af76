"""What invoices and money are worth in the accounting currency of their account (DOMAIN §3.13).

An invoice or source in the accounting currency itself has no second value (`carry` is None), and
nothing here touches it. Gain and loss arise where both ends of an allocation are valued in the same
currency; they differ only when an account has changed its accounting currency in between.
"""

from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from .decision import WaitsFor
from .errors import Code, Parked, Rejected
from .events_forex import ForexRecorded
from .evolve import evolve
from .forex import Carry, carrying_value
from .invoice import Invoice, Lifecycle
from .ledger import Account, Allocation, Memo, Source
from .money import MAX_MINOR, Money, shown
from .rates import awaited

if TYPE_CHECKING:
    from .draft import Draft


class Relieved(NamedTuple):
    """Both ends after an allocation, and what it relieved of each (None: has no such value)."""

    source: Source
    invoice: Invoice
    source_carry: int | None
    carry: int | None


def invoice_as_issued(draft: "Draft", invoice: Invoice) -> Invoice:
    """Return `invoice` with its carrying value at the rate of its issue date (S4-05).

    What was paid before it was issued counts at the rates of those payments.

    Raises:
        Parked: `unknown-rate`.
        Rejected: `amount-too-large`.
    """
    advance, account = invoice.carry, draft.get(Account, invoice.account)
    if advance is not None:
        into = advance.currency
    elif account is None or account.accounting_currency == invoice.currency:
        return invoice
    else:
        into = account.accounting_currency
    carry = worth(draft, Money(invoice.pending, invoice.currency), into, invoice.issue_date)
    if advance is not None:
        carry = carry._replace(total=carry.total + advance.total, settled=advance.settled)
    return evolve(invoice, carry=carry)


def source_as_received(draft: "Draft", source: Source) -> Source:
    """Return new money with its carrying value at the rate of its value date.

    Raises:
        Parked: `unknown-rate`.
        Rejected: `amount-too-large`.
    """
    account = draft.get(Account, source.account)
    if account is None or account.accounting_currency == source.currency:
        return source
    money = Money(source.amount, source.currency)
    carry = worth(draft, money, account.accounting_currency, source.value_date)
    return evolve(source, carry=carry)


def worth(draft: "Draft", money: Money, into: str, day: date) -> Carry:
    """Return what `money` is worth at the newest rate of `day` or before.

    Raises:
        Parked: `unknown-rate`: there is none; one of `day` or of any day before releases it.
        Rejected: `amount-too-large`.
    """
    found = draft.rate(money.currency, into, day)
    if found is None:
        raise Parked(
            Code.UNKNOWN_RATE,
            f"no rate of {money.currency} in {into} of {day} or before",
            (WaitsFor.RATE, awaited(money.currency, into, day)),
        )
    value = carrying_value(money.minor, money.currency, found.rate, into)
    if value > MAX_MINOR:
        raise Rejected(
            Code.AMOUNT_TOO_LARGE,
            f"{shown(money.minor, money.currency)} come to {shown(value, into)}, "
            f"at most {shown(MAX_MINOR, into)} are possible",
        )
    return Carry(into, found.rate, value, value)


def allocated(source: Source, invoice: Invoice, amount: int) -> Relieved:
    """Return both ends with `amount` relieved of them; their own sums are still as before.

    A reservation relieves nothing until it is posted. An offer that is not issued yet has no value
    but what is paid on it.
    """
    before, given = source.carry, None
    if before is not None:
        left, given = before.relieved(amount, source.remaining + source.reserved)
        source = evolve(source, carry=left._replace(settled=left.settled + given))
    if invoice.lifecycle is Lifecycle.SENT:
        return _paid_in_advance(source, invoice, given)
    taken = None
    if invoice.carry is not None:
        left, taken = invoice.carry.relieved(amount, invoice.pending)
        invoice = evolve(invoice, carry=left._replace(settled=left.settled + taken))
    return Relieved(source, invoice, given, taken)


def _paid_in_advance(source: Source, invoice: Invoice, given: int | None) -> Relieved:
    paid = source.carry
    if paid is None or given is None:
        return Relieved(source, invoice, None, None)
    known = invoice.carry or Carry(paid.currency, paid.rate, 0, 0)
    if known.currency != paid.currency:
        return Relieved(source, invoice, given, None)
    carry = known._replace(total=known.total + given, settled=known.settled + given)
    return Relieved(source, evolve(invoice, carry=carry), given, given)


def removed(source: Source, invoice: Invoice, allocation: Allocation) -> tuple[Source, Invoice]:
    """Return both ends with exactly what `allocation` relieved given back (A-05)."""
    if source.carry is not None and allocation.source_carry is not None:
        source = evolve(source, carry=_restored(source.carry, allocation.source_carry))
    if invoice.carry is not None and allocation.carry is not None:
        carry = _restored(invoice.carry, allocation.carry)
        if invoice.lifecycle is Lifecycle.SENT:  # then that was all it was worth
            total = carry.total - allocation.carry
            carry = carry._replace(total=total, open=carry.open - allocation.carry)
        invoice = evolve(invoice, carry=carry)
    return source, invoice


def _restored(carry: Carry, amount: int) -> Carry:
    return carry._replace(open=carry.open + amount, settled=carry.settled - amount)


def paid_out(source: Source, amount: int) -> tuple[Source, int | None]:
    """Return `source` with the value of `amount` relieved, which leaves it other than to invoices.

    And that value. The counters of the source are still as before.
    """
    if source.carry is None:
        return source, None
    carry, gone = source.carry.relieved(amount, source.remaining + source.reserved)
    return evolve(source, carry=carry), gone


def credited(
    invoice: Invoice, applied: int, reverses: Memo | None = None
) -> tuple[Invoice, int | None]:
    """Return `invoice` relieved of `applied` at carrying value, and that value (M-04): no forex.

    A credit that takes back a debit memo as a whole relieves what that had added.
    """
    before = invoice.carry
    if before is None:
        return invoice, None
    carry, gone = before.relieved(applied, invoice.pending)
    if reverses is not None and reverses.carry is not None and reverses.amount == applied:
        gone = min(reverses.carry, before.open) if applied < invoice.pending else gone
        carry = before._replace(open=before.open - gone)
    return evolve(invoice, carry=carry), gone


def debited(
    draft: "Draft", invoice: Invoice, amount: int, day: date, reverses: Memo | None, taken: int = 0
) -> tuple[Invoice, int | None]:
    """Return `invoice` with the value of `amount` added at the rate of `day`, and that value.

    A debit memo that takes back a credit adds what that had relieved, and `taken`, the value of
    the open credit that it takes back.

    Raises:
        Parked: `unknown-rate`.
        Rejected: `amount-too-large`.
    """
    before = invoice.carry
    if before is None:
        return invoice, None
    if reverses is not None and reverses.carry is not None:
        added = reverses.carry + taken
    else:
        added = worth(draft, Money(amount, invoice.currency), before.currency, day).total
    whole = before.open + before.settled + added
    if whole > MAX_MINOR:
        raise Rejected(
            Code.AMOUNT_TOO_LARGE,
            f"{invoice.key} would come to {shown(whole, before.currency)}, "
            f"at most {shown(MAX_MINOR, before.currency)} are possible",
        )
    return evolve(invoice, carry=before._replace(open=before.open + added)), added


def record(
    draft: "Draft", allocation: Allocation, source: Source, invoice: Invoice, sign: int = 1
) -> None:
    """Announce the gain or loss of an allocation (S4-09), or (sign -1) that it is undone."""
    if source.carry is None or invoice.carry is None or allocation.carry is None:
        return
    currency = invoice.carry.currency
    if allocation.source_carry is None or source.carry.currency != currency:
        return
    given, taken = sign * allocation.source_carry, sign * allocation.carry
    event = ForexRecorded(
        allocation_id=allocation.id,
        customer=source.account,
        source_type=source.key.type,
        source_reference=source.key.reference,
        invoice=invoice.key,
        source_carry=Money(given, currency),
        carry=Money(taken, currency),
        gain=Money(given - taken, currency),
    )
    draft.announce(event, allocation)
