"""Amounts as people read them: the store speaks of minor units beside a currency."""

from typing import Any

from invoice_gateway.cli._out import plain
from invoice_gateway.model.money import decimal_text

MONEY = frozenset(
    {
        *(
            "allocated",
            "amount",
            "applied",
            "balance",
            "carry",
            "carrying",
            "closing",
            "charged_back",
            "credit_limit",
            "credited",
        ),
        *("not_due", "opening", "overdue_30", "overdue_60", "overdue_90", "overdue_more"),
        *("receivable", "unapplied", "wallet", "source_carry", "gain"),
        *("credits", "debit_memos", "disputed", "due", "excess", "net", "open", "open_credit"),
        *("overdue", "payable", "pending", "refunded", "remaining", "reserved", "settled"),
        *(
            "discounts",
            "settled_by_credit",
            "shipping",
            "shipping_tax",
            "tax",
            "total",
            "written_off",
        ),
    }
)
"""Fields that hold minor units."""

CURRENCIES = ("currency", "selling_currency")


def readable(value: object, currency: str | None = None) -> Any:  # noqa: ANN401 - of JSON
    """Return `value` in types of JSON, its minor units as decimal numbers of their currency.

    The currency is that of the nearest record around an amount that has one.

    Example:
        >>> readable({"currency": "EUR", "pending": 1250, "lines": [{"open": -5}]})
        {'currency': 'EUR', 'pending': '12.50', 'lines': [{'open': '-0.05'}]}
    """
    found = plain(value)
    if isinstance(found, list):
        return [readable(each, currency) for each in found]
    if not isinstance(found, dict):
        return found
    currency = next((found[name] for name in CURRENCIES if found.get(name)), currency)
    return {
        name: decimal_text(each, currency)
        if currency and name in MONEY and isinstance(each, int)
        else readable(each, currency)
        for name, each in found.items()
    }
