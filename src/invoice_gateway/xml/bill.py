"""What an invoice in our own form charges, read from its document: lines, extras, taxes, totals."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from invoice_gateway.model.errors import Code, Rejected
from invoice_gateway.model.evolve import tabled
from invoice_gateway.model.invoice import Kind, Line, LineTerms
from invoice_gateway.model.totals import Item, Tax, TaxKey, Totals, gross_columns
from invoice_gateway.xml.document import Document
from invoice_gateway.xml.rows import Rows

TOTALS = {
    "line_total": "LineTotal",
    "allowance_total": "AllowanceTotal",
    "charge_total": "ChargeTotal",
    "tax_exclusive": "TaxExclusive",
    "tax_total": "TaxTotal",
    "tax_inclusive": "TaxInclusive",
    "prepaid": "Prepaid",
    "rounding": "Rounding",
    "payable": "Payable",
}
"""Where the amounts of `Totals` stand."""
CHARGES = {"charge": Kind.CHARGE, "shipping": Kind.SHIPPING}


@lru_cache(maxsize=256)
def tax_key(category: str, rate: str) -> TaxKey:
    """Return a category with its rate in the shortest form, so that 20 and 20.00 are one rate."""
    return TaxKey(category, f"{Decimal(rate).normalize():f}")


def tax_keys(rows: Rows, category: str, rate: str) -> list[TaxKey]:
    """Return the category and rate of each row."""
    return [*map(tax_key, rows.texts(category), rows.texts(rate))]


class Extra(NamedTuple):
    """An allowance or charge of the whole document."""

    kind: str
    item: Item
    reason: str | None


def extras(rows: Rows, currency: str) -> list[Extra]:
    """Return the allowances and charges of the whole document.

    Raises:
        Rejected: `amount-not-positive`, `decimals` or `amount-too-large`.
    """
    if not rows:
        return []
    kinds, amounts = rows.texts("Kind"), rows.amounts("Amount", currency)
    if min(amounts) < 0:
        raise Rejected(Code.AMOUNT_NOT_POSITIVE, "an allowance or charge must not be negative")
    items = [
        Item(-amount, key, allowance=True) if kind == "allowance" else Item(amount, key)
        for kind, amount, key in zip(
            kinds, amounts, tax_keys(rows, "TaxCategory", "TaxRate"), strict=True
        )
    ]
    return [*map(Extra, kinds, items, rows.maybe("Reason"))]


def taxes(rows: Rows, currency: str) -> list[Tax]:
    """Return the tax of each category and rate, as printed."""
    keys = tax_keys(rows, "Category", "Rate")
    bases, amounts = rows.amounts("TaxableAmount", currency), rows.amounts("TaxAmount", currency)
    return [*tabled(Tax, keys, bases, amounts)]


def totals(document: Document, currency: str) -> Totals:
    """Return the sums, as printed; those left out are zero."""
    block = document.one("Totals")
    assert block is not None
    amounts = block.amounts(TOTALS.values(), currency)
    return Totals(currency=currency, **dict(zip(TOTALS, amounts, strict=True)))


def gross_lines(
    lines: Rows, extras: list[Extra], items: list[Item], taxes: list[Tax], totals: Totals
) -> tuple[Line, ...]:
    """Return the lines with their gross amounts, then charges, shipping and rounding (T-03)."""
    nets, keys, _ = zip(*items, strict=True)
    shares, amounts = gross_columns(nets, keys, taxes, totals.rounding)
    sold = slice(0, len(lines))
    said = lines.maybe("LineKind")
    kinds = [Kind(each or Kind.ITEM) for each in said] if any(said) else [Kind.ITEM] * len(lines)
    terms = _terms(lines, nets[sold], keys[sold], shares[sold])
    found = [*tabled(Line, lines.texts("LineNo"), kinds, amounts[sold], terms)]
    for at, extra in enumerate(extras, 1):
        if extra.item.allowance:
            continue
        place = len(lines) + at - 1
        detail = LineTerms(
            extra.reason or extra.kind,
            net=extra.item.net,
            tax_category=extra.item.tax.category,
            tax_rate=extra.item.tax.rate,
            tax=shares[place],
        )
        kind = CHARGES[extra.kind]
        found.append(Line(f"{kind.value}:{at}", kind, amounts[place], detail))
    rounded = totals.tax_inclusive + totals.rounding - sum(amounts)
    if rounded:
        detail = LineTerms("Rounding", net=rounded)
        found.append(Line("rounding:1", Kind.ROUNDING, rounded, detail))
    return tuple(found)


def _terms(
    lines: Rows, nets: Sequence[int], keys: Sequence[TaxKey], taxes: Sequence[int]
) -> Iterable[LineTerms]:
    """Return what was sold, line by line."""
    return tabled(
        LineTerms,
        lines.texts("Description"),
        lines.maybe("ItemCode"),
        lines.texts("Quantity"),
        lines.maybe("Quantity/@unit"),
        lines.texts("UnitPrice"),
        nets,
        *zip(*keys, strict=True),
        taxes,
        lines.maybe("OrderLine"),
    )
