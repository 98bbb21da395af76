"""Exchange rates as they were announced, by day and pair of currencies."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """From `day` on, until there is a newer one: one unit of `base` is `rate` units of `quote`."""

    day: date
    base: str
    quote: str
    rate: str
    cause: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        """Return the day as ISO text, and both currencies."""
        return (self.day.isoformat(), self.base, self.quote)

    @property
    def account(self) -> str:
        """Return "": rates belong to nobody."""
        return ""
