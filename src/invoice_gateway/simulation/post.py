"""The post between the world and a gateway: letters become messages, events are handed on."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Final

from invoice_gateway.engine.ports import Delivery, Outgoing, Settled
from invoice_gateway.simulation.letters import Letter
from invoice_gateway.xml.writing import document

TWICE: Final = 0.015
"""Messages that come once more on the next day."""
ALTERED: Final = 0.002
"""Messages whose id comes again with something else in it."""
GARBLED: Final = 0.001
"""Messages that arrive as no XML."""


@dataclass(slots=True)
class Events:
    """A publisher that keeps what it is given: everything is confirmed at once."""

    came: list[Outgoing] = field(default_factory=list)
    _settled: list[Settled] = field(default_factory=list)

    def wait_connected(self, _: float) -> bool:
        """Return True: it is here."""
        return True

    def submit(self, events: Sequence[Outgoing]) -> None:
        """Keep events, in order."""
        self.came += events
        self._settled += [Settled(each.id) for each in events]

    def settled(self) -> list[Settled]:
        """Return what was submitted since the last call."""
        settled, self._settled = self._settled, []
        return settled

    def wait(self, _: float) -> bool:
        """Return True: nothing is on its way."""
        return True

    @property
    def in_flight(self) -> int:
        """Return 0."""
        return 0

    @property
    def blocked_s(self) -> float:
        """Return 0.0."""
        return 0.0

    def close(self) -> None:
        """Leave."""

    def take(self) -> list[Outgoing]:
        """Return what has come since the last call."""
        came, self.came = self.came, []
        return came


@dataclass(slots=True)
class Post:
    """Numbers letters and delivers them, some of them twice, altered or garbled."""

    chance: Random
    written: int = 0
    again: list[tuple[str, Delivery]] = field(default_factory=list)
    types: Counter[str] = field(default_factory=Counter)

    def collect(self, letters: Sequence[Letter], now: datetime) -> Iterator[tuple[str, Delivery]]:
        """Yield what is delivered for letters of this moment: the type of each, and the message."""
        for letter in letters:
            self.written += 1
            message_id = f"M-{self.written:08}"
            body = document(letter.type, message_id, letter.sender, now, letter.says)
            if self.chance.random() < GARBLED:
                body = body[:-9]
            message = _delivery(letter.sender, body)
            yield letter.type, message
            if self.chance.random() < TWICE:
                self.again.append((letter.type, message))
            if self.chance.random() < ALTERED:
                other = body.replace(b"T08:", b"T09:", 1)
                self.again.append((letter.type, _delivery(letter.sender, other)))

    def leftovers(self) -> list[tuple[str, Delivery]]:
        """Return what is to be delivered once more, and forget it."""
        again, self.again = self.again, []
        return again


def _delivery(sender: str, body: bytes) -> Delivery:
    return Delivery(
        body=body, sender=sender, message_id=None, type=None, content_type="application/xml"
    )
