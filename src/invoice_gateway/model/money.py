"""Money as integer minor units with its currency, and the only places where it is rounded or split.

Amounts never are floats. A currency's exponent (0, 2, 3 or 4) comes from ISO 4217.
"""

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from iso4217 import Currency

MAX_MINOR = 9_000_000_000_000_000
"""No single amount may exceed this: sums of them stay far inside 64 bits."""


class UnknownCurrency(ValueError):
    """ISO 4217 has no such currency, or it has no minor unit (gold, testing codes)."""


class Money(NamedTuple):
    """An amount in minor units and its ISO 4217 currency; the two never travel apart."""

    minor: int
    currency: str


@cache
def exponent(currency: str) -> int:
    """Return how many decimals `currency` has: EUR 2, JPY 0, BHD 3.

    Raises:
        UnknownCurrency: not an ISO 4217 code, or one without a minor unit.
    """
    try:
        found = Currency(currency).exponent
    except ValueError:
        raise UnknownCurrency(currency) from None
    if found is None:
        raise UnknownCurrency(currency)
    return int(found)


def decimal_text(minor: int, currency: str) -> str:
    """Return `minor` as the decimal text XML carries: (1234, "EUR") -> "12.34".

    Example:
        >>> decimal_text(-5, "EUR"), decimal_text(7, "JPY"), decimal_text(1, "BHD")
        ('-0.05', '7', '0.001')
    """
    places = exponent(currency)
    if places == 0:
        return str(minor)
    digits = str(abs(minor)).rjust(places + 1, "0")
    return f"{'-' if minor < 0 else ''}{digits[:-places]}.{digits[-places:]}"


def shown(minor: int, currency: str) -> str:
    """Return an amount as a person reads it in an error: (1234, "EUR") -> "12.34 EUR"."""
    return f"{decimal_text(minor, currency)} {currency}"


def spread(total: int, weights: Sequence[int]) -> tuple[int, ...]:
    """Return `total` split pro rata to `weights` by largest remainder; the parts add up to `total`.

    Ties go to the earlier position. Each part lies between the floor and the ceiling of its exact
    share, so no part exceeds its weight when `total <= sum(weights)`. Source: M-02, D-03, T-03.

    Args:
        total: Minor units; may be negative.
        weights: Not negative; their sum must be positive unless `total` is zero.

    Raises:
        ValueError: nothing to spread over, or a negative weight.

    Example:
        >>> spread(100, [1, 1, 1])
        (34, 33, 33)
    """
    whole = sum(weights)
    if min(weights, default=0) < 0 or (whole == 0 and total != 0):
        raise ValueError(f"cannot spread {total} over {list(weights)}")
    if total == 0:
        return (0,) * len(weights)
    amount = abs(total)
    parts = [amount * weight // whole for weight in weights]
    if left := amount - sum(parts):
        remainders = [amount * weight % whole for weight in weights]
        by_remainder = sorted(range(len(weights)), key=remainders.__getitem__, reverse=True)
        for at in by_remainder[:left]:  # a stable sort: ties keep their order
            parts[at] += 1
    return tuple(parts) if total > 0 else tuple([-part for part in parts])


def round_half_up(numerator: int, denominator: int) -> int:
    """Return numerator/denominator rounded to the nearest integer, halves away from zero.

    Source: EN 16931 BR-CO-17 (commercial rounding of a VAT amount).
    """
    if denominator <= 0:
        raise ValueError(f"denominator {denominator} is not positive")
    sign = -1 if numerator < 0 else 1
    return sign * ((2 * abs(numerator) + denominator) // (2 * denominator))
