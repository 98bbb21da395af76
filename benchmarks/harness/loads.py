"""What is sent in one run: messages to get going with, then those that are measured."""

from dataclasses import dataclass
from functools import lru_cache

from benchmarks.generator import INVOICES, Message, Mix, Stream
from benchmarks.generator.stream import DISTANCE

WARM = 200
"""How many messages every subject works off before the clock starts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """A recipe; the same recipe gives the same messages.

    Attributes:
        count: Messages that are measured.
        start: Number of the first invoice.
        only: The one customer that everything is for, if so.
        distance: How long before a message what it refers to is sent, at least.
        in_full: Payments pay their invoice in full.
    """

    count: int
    mix: Mix = INVOICES
    lines: int = 10
    accounts: int = 500
    start: int = 0
    only: str | None = None
    distance: int = DISTANCE
    in_full: bool = False

    @property
    def plain(self) -> bool:
        """Return whether each message gives exactly one event."""
        return not (self.mix.payments or self.mix.notices or self.mix.disputes or self.mix.memos)

    @property
    def warm(self) -> int:
        """Return how many messages come before: in a mix, all that lack something to refer to."""
        return min(WARM, self.count) if self.plain else max(2 * self.distance, WARM)

    def messages(self) -> tuple[list[Message], list[Message]]:
        """Return those before and those measured."""
        made = _made(self)
        return made[: self.warm], made[self.warm :]


@lru_cache(maxsize=2)
def _made(load: Load) -> list[Message]:
    return list(
        Stream(
            count=load.warm + load.count,
            mix=load.mix,
            lines=load.lines,
            accounts=load.accounts,
            start=load.start,
            only=load.only,
            distance=load.distance,
            in_full=load.in_full,
        )
    )
