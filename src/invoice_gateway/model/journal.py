"""The double-entry journal, derived from entries: one balanced transaction each (I-09).

It is never stored. What an entry adds to the four sums of an account is one side; the other is the
bank, income, tax or an expense. Names of accounts fit both beancount and hledger.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from types import MappingProxyType
from typing import Final, NamedTuple

from .history import ALLOCATION, INVOICE, REMOVAL, Entry
from .keys import InvoiceKey
from .ledger import DocType, ReversalKind, SourceType
from .money import round_half_up

RECEIVABLE, UNAPPLIED = "Assets:Receivable", "Liabilities:Unapplied"
OPEN_CREDIT, WALLET = "Liabilities:OpenCredit", "Liabilities:Wallet"
"""Accounts of a party: its name comes last."""
BANK, SALES, TAX = "Assets:Bank", "Income:Sales", "Liabilities:Tax"

COUNTER: Final[Mapping[str, str]] = MappingProxyType(
    {
        INVOICE: SALES,
        DocType.DEBIT_MEMO: SALES,
        DocType.CREDIT_MEMO: "Income:SalesReturns",
        DocType.CREDIT_NOTE: "Income:SalesReturns",
        DocType.CANCELLATION: "Income:SalesReturns",
        DocType.MONEY_BACK: "Income:SalesReturns",
        DocType.DISCOUNT: "Income:Discounts",
        DocType.WRITE_OFF: "Expenses:BadDebt",
        DocType.BAD_DEBT: "Expenses:BadDebt",
        SourceType.PAYMENT: BANK,
        ReversalKind.REFUND: BANK,
        ReversalKind.BOUNCE: BANK,
        ReversalKind.CHARGEBACK: BANK,
        ReversalKind.USAGE: "Income:Usage",
    }
)
"""The other side, by kind of entry; allocations and their removals have none."""
NO_TAX: Final = frozenset(
    {DocType.DEBIT_MEMO, DocType.CREDIT_NOTE, DocType.WRITE_OFF, DocType.BAD_DEBT}
)
"""Documents that change no tax: they say nothing about it, or the law gives nothing back."""


class Share(NamedTuple):
    """What of an amount belongs to one tax category and rate, in minor units."""

    category: str
    rate: str
    net: int
    tax: int


class Posting(NamedTuple):
    """An amount on an account, debits positive. Amounts in other currencies would be told here."""

    account: str
    amount: int
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """One entry as postings that add up to nothing; `cause` is the message it goes back to."""

    day: date
    kind: str
    document: str
    party: str
    invoice: InvoiceKey | None
    cause: str
    postings: tuple[Posting, ...]


def transaction(entry: Entry, shares: Iterable[Share] = ()) -> Transaction:
    """Return `entry` as a transaction; `shares` divide what an invoice or a credit is over.

    A posting over nothing is left out, so a transaction may have none.
    """
    party = component(entry.account)
    sums = {
        f"{RECEIVABLE}:{party}": entry.receivable,
        f"{UNAPPLIED}:{party}": -entry.unapplied,
        f"{OPEN_CREDIT}:{party}": -entry.open_credit,
        f"{WALLET}:{party}": -entry.wallet,
    }
    for account, amount in _counter(entry, shares):
        sums[account] = sums.get(account, 0) + amount
    assert sum(sums.values()) == 0, f"{entry.kind} {entry.document} of {entry.account}: {sums}"
    return Transaction(
        day=entry.effective,
        kind=entry.kind,
        document=entry.document,
        party=entry.account,
        invoice=entry.invoice,
        cause=entry.cause,
        postings=tuple(
            Posting(account, amount, entry.currency) for account, amount in sums.items() if amount
        ),
    )


def _counter(entry: Entry, shares: Iterable[Share]) -> list[tuple[str, int]]:
    """Return the other side: all of it on one account, or divided between that and taxes."""
    if entry.kind in (ALLOCATION, REMOVAL):
        return []
    account, sign = COUNTER[entry.kind], -1 if entry.balance > 0 else 1
    divided = [] if entry.kind in NO_TAX else [*shares]
    taxes = [(tax_account(each.category, each.rate), sign * each.tax) for each in divided]
    rest = -entry.balance - sum(amount for _, amount in taxes)
    return [(account, rest), *taxes]


def credited(amount: int, before: int, line_amount: int, line_tax: int) -> int:
    """Return the tax in a credit of `amount` on a line of which `before` was credited already.

    Minor units. The credits of a line that is credited wholly hold all its tax, to the cent.

    Example:
        >>> [credited(40, before, 120, 20) for before in (0, 40, 80)]
        [7, 6, 7]
    """
    if line_amount <= 0:
        return 0
    until, since = (
        round_half_up(part * line_tax, line_amount) for part in (before + amount, before)
    )
    return until - since


@cache
def tax_account(category: str, rate: str) -> str:
    """Return the account of a tax.

    Example:
        >>> tax_account("S", "20.00"), tax_account("S", "5.5")
        ('Liabilities:Tax:S-20', 'Liabilities:Tax:S-5-5')
    """
    shown = f"{Decimal(rate).normalize():f}".replace(".", "-")
    return f"{TAX}:{category or 'O'}-{shown}"


_PLAIN = re.compile(r"[A-Z0-9][A-Za-z0-9]*").fullmatch


@cache
def component(party: str) -> str:
    """Return a party as part of the name of an account; different parties stay different.

    A hyphen is doubled, another sign becomes a hyphen and its bytes in hexadecimal, and `X-X` goes
    before a name that does not begin with a capital or a digit: beancount wants one.

    Example:
        >>> component("ACME-SHOP"), component("a.b"), component("A_B")
        ('ACME--SHOP', 'X-Xa-2Eb', 'A-5FB')
    """
    if _PLAIN(party):
        return party
    written = "".join(
        each
        if each.isascii() and each.isalnum()
        else "--"
        if each == "-"
        else "".join(f"-{byte:02X}" for byte in each.encode())
        for each in party
    )
    return written if re.match("[A-Z0-9]", written) else f"X-X{written}"
