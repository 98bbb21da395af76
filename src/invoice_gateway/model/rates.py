"""Exchange rates as they were announced, by day and pair of currencies."""

from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import NamedTuple


class RateAt(NamedTuple):
    """A wish for the rate that counts on a day: the newest of that day or before.

    Without `quote` it is into the accounting currencies of the accounts concerned; without `base`
    it is for every currency of theirs that is loaded anyway.
    """

    day: date
    base: str = ""
    quote: str = ""


rate_at = lru_cache(maxsize=1_000)(RateAt)
"""The same as `RateAt`, remembered: the messages of a batch wish for much the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """From `day` on, until there is a newer one: one unit of `base` is `rate` units of `quote`.

    `rate` is decimal text. `as_of` (UTC) is when it was sent: the newest announcement counts.
    """

    day: date
    base: str
    quote: str
    rate: str
    as_of: datetime
    cause: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        """Return the day as ISO text, and both currencies."""
        return (self.day.isoformat(), self.base, self.quote)

    @property
    def account(self) -> str:
        """Return "": rates belong to nobody."""
        return ""


CODE = len("EUR")
PAIR = len("EUR/USD/")
"""What of the name of a rate is its pair; the rest is the day."""


def awaited(base: str, quote: str, day: date) -> str:
    """Return the name of a rate that counts on `day`, for those who wait for one.

    Example:
        >>> awaited("USD", "INR", date(2026, 11, 20))
        'USD/INR/2026-11-20'
    """
    return f"{base}/{quote}/{day.isoformat()}"


def serves(brought: tuple[str, str], wanted: tuple[str, str]) -> bool:
    """Return whether a rate that is brought counts on the day of the one that is waited for.

    Both are given as kind and name; other kinds than that of the first are not served.

    Example:
        >>> serves(("rate", "USD/INR/2026-11-01"), ("rate", "USD/INR/2026-11-20"))
        True
    """
    (kind, name), (other_kind, other) = brought, wanted
    return kind == other_kind and name[:PAIR] == other[:PAIR] and name <= other
