"""Amounts as documents write them, in minor units."""

from decimal import Decimal
from functools import cache

from iso4217 import Currency


@cache
def places(currency: str) -> int:
    """Return how many decimals a currency has."""
    return int(Currency(currency).exponent or 0)


def minor(text: str, currency: str) -> int:
    """Return an amount in minor units.

    Example:
        >>> minor("12.3", "EUR"), minor("12", "JPY")
        (1230, 12)
    """
    return int(Decimal(text).scaleb(places(currency)))
