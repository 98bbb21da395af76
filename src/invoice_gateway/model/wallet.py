"""Wallets: what was topped up is money the customer has paid before, in lots, oldest first (§3.11).

Each allocation to a top-up makes one lot of the same amount. Lots pay invoices like other money,
and usage outside of invoices; they never pay a top-up (X-09).
"""

from datetime import date, timedelta
from hashlib import sha256

from . import valuation
from .detail import Detail
from .draft import Draft
from .errors import Code, Rejected
from .events_offers import WalletCredited, WalletDebited
from .evolve import evolve
from .invoice import ISSUED_NEW, RECOVERY, Invoice, InvoiceKind, Kind, Line, LineTerms
from .keys import InvoiceKey, SourceKey
from .ledger import (
    Account,
    Allocation,
    Origin,
    Reversal,
    ReversalKind,
    Source,
    SourceType,
)
from .money import Money, shown

NUMBER_MAX = 64
"""So long a number may be that messages name."""


def lot_of(allocation: Allocation) -> SourceKey:
    """Return the key of the lot that an allocation to a top-up makes.

    It is called after the allocation: the customer has no other lot of that name.
    """
    source = allocation.source
    reference = f"{source.type}/{source.reference}#{allocation.number}"
    return SourceKey(source.account, SourceType.WALLET, reference)


def credit(draft: Draft, topup: Invoice, allocation: Allocation) -> None:
    """Add what was allocated to the top-up to the wallet (S2-03)."""
    lot = Source(
        key=lot_of(allocation),
        currency=allocation.currency,
        amount=allocation.amount,
        value_date=draft.context.today,
        origin=Origin.TOPUP,
        origin_document=topup.key.number,
        content_hash=draft.context.content_hash,
        cause=draft.context.cause,
    )
    lot = draft.fund(lot)
    event = WalletCredited(
        customer=lot.account,
        reference=lot.key.reference,
        invoice=topup.key,
        amount=Money(lot.amount, lot.currency),
    )
    draft.announce(event, lot)


def must_be_unspent(draft: Draft, allocation: Allocation) -> None:
    """Refuse to take a payment off a top-up of which anything is spent or reserved (S2-05).

    Raises:
        Rejected: `funds-spent`.
    """
    topup = draft.get(Invoice, allocation.invoice)
    assert topup is not None
    if topup.kind is not InvoiceKind.TOPUP:
        return
    left = _left(draft, allocation)
    if left < allocation.amount:
        currency = allocation.currency
        raise Rejected(
            Code.FUNDS_SPENT,
            f"of the {shown(allocation.amount, currency)} that {allocation.id} put on {topup.key}, "
            f"{shown(left, currency)} are left in the wallet: free the rest first",
        )


def withdraw(draft: Draft, allocation: Allocation) -> int:
    """Empty the lot of an allocation that was taken off its top-up; return what had been spent.

    What a lot pays stays paid; what is reserved of it counts as spent.
    """
    left = _left(draft, allocation)
    if left:
        lot = draft.get(Source, lot_of(allocation))
        assert lot is not None
        reference = f"WD:{lot.key.reference}"
        _debit(draft, lot, left, reference, ReversalKind.WITHDRAWAL, draft.context.today)
    return allocation.amount - left


def _left(draft: Draft, allocation: Allocation) -> int:
    """Return what remains of the lot; one that was not loaded has nothing left."""
    lot = draft.get(Source, lot_of(allocation))
    return lot.remaining if lot is not None else 0


def spend(draft: Draft, party: str, money: Money, reference: str, used_on: date) -> None:
    """Take `money` out of the wallet of a customer for usage, oldest lots first.

    The first lot's part bears `reference`; those of further lots are named after it.

    Raises:
        Rejected: `exceeds-source`, when the wallet has less.
    """
    lots = [
        each
        for each in draft.open(Source, party)
        if each.key.type == SourceType.WALLET and each.currency == money.currency
    ]
    has = sum(lot.remaining for lot in lots)
    if money.minor > has:
        raise Rejected(
            Code.EXCEEDS_SOURCE,
            f"the wallet of {party} has {shown(has, money.currency)}, "
            f"the usage is over {shown(money.minor, money.currency)}",
        )
    missing, at = money.minor, 1
    for lot in sorted(lots, key=lambda each: (each.value_date, each.key.reference)):
        if missing == 0:
            return
        amount = min(missing, lot.remaining)
        name = reference if at == 1 else f"US:{reference}:{at}"
        _debit(draft, lot, amount, name, ReversalKind.USAGE, used_on)
        missing, at = missing - amount, at + 1


def _debit(
    draft: Draft, lot: Source, amount: int, reference: str, kind: ReversalKind, day: date
) -> None:
    lot, carry = valuation.paid_out(lot, amount)
    lot = evolve(lot, spent=lot.spent + amount)
    draft.put(lot)
    draft.put(
        Reversal(
            account=lot.account,
            reference=reference,
            source=lot.key,
            kind=kind,
            currency=lot.currency,
            amount=amount,
            reversed_on=day,
            carry=carry,
            content_hash=draft.context.content_hash,
            cause=draft.context.cause,
        )
    )
    event = WalletDebited(
        customer=lot.account,
        reference=lot.key.reference,
        reversal_id=reference,
        purpose=kind,
        amount=Money(amount, lot.currency),
        remaining=Money(lot.remaining, lot.currency),
    )
    draft.announce(event, lot)


def recover(draft: Draft, allocation: Allocation, spent: int, reversal: str) -> None:
    """Issue an invoice over money of a wallet that was spent and whose payment is gone (A-10).

    `reversal` is the reference of what took the payment; terms are those of the account.
    """
    account = draft.get(Account, allocation.account)
    assert account is not None
    key = InvoiceKey(
        draft.context.policy.enterprise, recovery_number(account.party, reversal, allocation)
    )
    today = draft.context.today
    text = f"Spent from the wallet before payment {allocation.source.reference} was taken back"
    line = Line(
        line_no=f"DM:{key.number}:1",
        kind=Kind.DEBIT_MEMO,
        amount=spent,
        terms=LineTerms(description=text, net=spent),
    )
    recovery = Invoice(
        key=key,
        account=account.party,
        currency=allocation.currency,
        amount=0,
        issue_date=today,
        due_date=today + timedelta(days=account.terms_days),
        lines=(line,),
        derived=ISSUED_NEW,
        description=text,
        debit_memos=spent,
        detail=Detail(series=account.party_class),
        content_hash=draft.context.content_hash,
        cause=draft.context.cause,
    )
    draft.issue(recovery)
    issued = draft.get(Invoice, key)
    assert issued is not None
    draft.put(issued)


def recovery_number(party: str, reversal: str, allocation: Allocation) -> str:
    """Return the number of the invoice: readable while that is short enough, else a digest.

    Example:
        `RC:ACME:REV-1:PAY-1#2`
    """
    name = f"{party}:{reversal}:{allocation.source.reference}#{allocation.number}"
    if len(RECOVERY) + len(name) <= NUMBER_MAX:
        return RECOVERY + name
    return RECOVERY + sha256(name.encode()).hexdigest()[:32]
