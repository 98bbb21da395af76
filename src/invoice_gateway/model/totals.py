"""Totals and rounding of an invoice: EN 16931 checks, and lines that carry their share.

T-02: the header must add up. T-03: a line's gross amount is its net, after its share of document
allowances, plus its share of its VAT category's tax. T-05: negative lines are netted. All amounts
are minor units of the document's currency.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from operator import attrgetter
from typing import NamedTuple

from .errors import Code, Finding, Rejected
from .evolve import tabled
from .money import round_half_up, shown, spread


class TaxKey(NamedTuple):
    """A VAT category and its rate, in the shortest decimal form."""

    category: str
    rate: str


class Item(NamedTuple):
    """A line or a document charge (positive or negative), or a document allowance (negative)."""

    net: int
    tax: TaxKey
    allowance: bool = False


class Tax(NamedTuple):
    """The header's sums for one VAT category and rate."""

    key: TaxKey
    taxable: int
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """The header's sums, as posted (BT-106 to BT-115)."""

    currency: str
    line_total: int
    allowance_total: int
    charge_total: int
    tax_exclusive: int
    tax_total: int
    tax_inclusive: int
    prepaid: int
    rounding: int
    payable: int


class Sums(NamedTuple):
    """What lines, allowances and charges really add up to."""

    lines: int
    allowances: int
    charges: int


_RULES = (
    ("BR-CO-10", "LineTotal"),
    ("BR-CO-11", "AllowanceTotal"),
    ("BR-CO-12", "ChargeTotal"),
    ("BR-CO-13", "TaxExclusive"),
    ("BR-CO-14", "TaxTotal"),
    ("BR-CO-15", "TaxInclusive"),
    ("BR-CO-16", "Payable"),
)
"""The rules on single sums, and where each of these stands."""
_ruled = attrgetter(
    "line_total",
    "allowance_total",
    "charge_total",
    "tax_exclusive",
    "tax_total",
    "tax_inclusive",
    "payable",
)
"""Returns the sums that have a rule, in the order of the rules."""


def check_totals(sums: Sums, items: Sequence[Item], taxes: Sequence[Tax], totals: Totals) -> None:
    """Refuse a header that does not add up; every broken rule is one finding (T-02).

    Raises:
        Rejected: `totals-mismatch`, naming BR-CO-10…17 or BR-S-08.
    """
    net: dict[TaxKey, int] = {}
    for item in items:
        net[item.tax] = net.get(item.tax, 0) + item.net
    right = (
        sums.lines,
        sums.allowances,
        sums.charges,
        totals.line_total - totals.allowance_total + totals.charge_total,
        sum([tax.amount for tax in taxes]),
        totals.tax_exclusive + totals.tax_total,
        totals.tax_inclusive - totals.prepaid + totals.rounding,
    )
    broken = [
        _broken(rule, f"Totals/{name}", said, wanted, totals.currency)
        for (rule, name), said, wanted in zip(_RULES, _ruled(totals), right, strict=True)
        if said != wanted
    ]
    for at, (key, taxable, amount) in enumerate(taxes, start=1):
        place, base, tax = f"Taxes/Tax[{at}]", net.get(key, 0), _vat(taxable, key.rate)
        if taxable != base:
            where = f"{place}/TaxableAmount"
            broken.append(_broken("BR-S-08", where, taxable, base, totals.currency))
        if amount != tax:
            where = f"{place}/TaxAmount"
            broken.append(_broken("BR-CO-17", where, amount, tax, totals.currency))
    if broken:
        names = ", ".join(dict.fromkeys(each.message.split(":")[0] for each in broken))
        raise Rejected(Code.TOTALS_MISMATCH, f"the totals do not add up: {names}", tuple(broken))


def _broken(rule: str, where: str, found: int, right: int, currency: str) -> Finding:
    message = f"{rule}: is {shown(found, currency)}"
    return Finding(None, f"/InvoicePosted/{where}", message, shown(right, currency))


def _vat(taxable: int, rate: str) -> int:
    """Return taxable amount x rate / 100, rounded to the minor unit."""
    numerator, denominator = _ratio(rate)
    return round_half_up(taxable * numerator, denominator * 100)


def reckoned(nets: Sequence[int], keys: Sequence[TaxKey]) -> list[Tax]:
    """Return the tax of each category and rate, in the order in which they first occur.

    For documents that leave the sums to the gateway; rounded once per category, as BR-CO-17 asks.
    """
    bases: dict[TaxKey, int] = {}
    for net, key in zip(nets, keys, strict=True):
        bases[key] = bases.get(key, 0) + net
    return [Tax(key, base, _vat(base, key.rate)) for key, base in bases.items()]


@lru_cache(maxsize=256)
def _ratio(rate: str) -> tuple[int, int]:
    return Decimal(rate).as_integer_ratio()


class Gross(NamedTuple):
    """What one item asks for in the end: its share of the tax, and its gross amount."""

    tax: int
    amount: int


def gross(items: Sequence[Item], taxes: Iterable[Tax], rounding: int) -> tuple[Gross, ...]:
    """Return tax share and gross amount of each item, in order; no amount is negative (T-03, T-05).

    Allowances and negative items of a category are spread over its positive items (pro rata,
    largest remainder, ties by position); they themselves come to zero. What a category cannot
    absorb, and a negative rounding, is spread over all that is left.

    A positive rounding is left to the caller, who makes a line of it.

    Returns:
        Amounts that add up to the taxable amounts + taxes + min(rounding, 0), exactly; to zero
        where only a positive rounding lifts the document out of the negative.

    Raises:
        ValueError: the document comes to less than nothing; it is a credit then.
    """
    nets, keys = [item.net for item in items], [item.tax for item in items]
    return tuple(tabled(Gross, *gross_columns(nets, keys, taxes, rounding)))


def gross_columns(
    nets: Sequence[int], keys: Sequence[TaxKey], taxes: Iterable[Tax], rounding: int
) -> tuple[list[int], list[int]]:
    """Return tax shares and gross amounts, as `gross` does, of items given as columns.

    Raises:
        ValueError: as `gross`.
    """
    shares, amounts = [0] * len(nets), [0] * len(nets)
    owed = min(rounding, 0)
    places: dict[TaxKey, list[int]] = {}
    for at, key in enumerate(keys):
        places.setdefault(key, []).append(at)
    for tax in taxes:
        positive = places.get(tax.key, [])
        own = [nets[at] for at in positive]
        net_total = sum(own)
        if net_total < 0 or max(own, default=0) <= 0:
            owed += net_total + tax.amount
            continue
        if min(own) <= 0:  # else there is nothing to take off: each keeps its own
            positive = [at for at in positive if nets[at] > 0]
            own = [*spread(net_total, [nets[at] for at in positive])]
        for at, net, share in zip(positive, own, spread(tax.amount, own), strict=True):
            shares[at], amounts[at] = share, net + share
    assert owed <= 0, "a category without positive items cannot ask for money"
    if owed:
        amounts = _reduced(amounts, owed, max(rounding, 0))
    return shares, amounts


def _reduced(amounts: list[int], owed: int, lift: int) -> list[int]:
    left = sum(amounts) + owed
    if left + lift < 0:
        raise ValueError("the document comes to less than nothing")
    return [*spread(max(left, 0), amounts)]
