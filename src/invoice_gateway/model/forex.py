"""What money is worth in the accounting currency: carrying values and their relief (DOMAIN §3.13).

Relief is proportional to what is left and takes all of it at the end, so nothing ever remains. All
arithmetic is exact, on the decimal text of a rate; halves are rounded to even.
"""

from fractions import Fraction
from typing import NamedTuple

from .money import exponent


class Carry(NamedTuple):
    """A value in the accounting currency, in minor units; `open` is what was not relieved yet.

    `rate` is how much accounting currency one unit of the other is, as decimal text; `total` is the
    value at that rate, and never changes once it stands; `settled` is what posted allocations
    relieve. What debit memos add is in `open`, and not in `total`.
    """

    currency: str
    rate: str
    total: int
    open: int
    settled: int = 0

    @property
    def adjusted(self) -> int:
        """Return what documents added to (negative: took off) it since it stood, payments aside."""
        return self.open + self.settled - self.total

    def relieved(self, amount: int, left: int) -> tuple["Carry", int]:
        """Return what is left after `amount` of `left` is gone, and what that relieves."""
        gone = relief(self.open, amount, left)
        return self._replace(open=self.open - gone), gone


def carrying_value(minor: int, currency: str, rate: str, into: str) -> int:
    """Return what an amount is worth in the minor units of `into`, halves rounded to even.

    Args:
        minor: Minor units of `currency`.
        currency: What the amount is in.
        rate: How many units of `into` one unit of `currency` is, as decimal text.
        into: The accounting currency.

    Raises:
        UnknownCurrency: one of the currencies is not one.

    Example:
        >>> carrying_value(10_000, "USD", "82.50", "INR"), carrying_value(150, "USD", "0.5", "JPY")
        (825000, 1)
    """
    places = exponent(into) - exponent(currency)
    return round(Fraction(rate) * minor * Fraction(10) ** places)


def relief(carry: int, amount: int, left: int) -> int:
    """Return what `amount` out of `left` relieves of a carrying value: its share, halves to even.

    All of it when nothing is left afterwards: no residue (I-10, I-11).

    Args:
        carry: What was not relieved yet; not negative.
        amount: Minor units of the other currency, 0 to `left`.
        left: What of the invoice or source is left before.

    Example:
        >>> relief(33, 33, 100), relief(22, 33, 67), relief(11, 34, 34)
        (11, 11, 11)
    """
    assert 0 <= amount <= left
    if amount == left:
        return carry
    return round(Fraction(carry * amount, left))
