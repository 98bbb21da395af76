"""What every section is given."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from benchmarks.harness.loads import Load
from benchmarks.harness.results import Log
from benchmarks.harness.rounds import Entry, Measured, rounds
from benchmarks.harness.services import Bench
from benchmarks.harness.subjects import Product, Subject, peers


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Services, log, and how long it may take.

    Attributes:
        scale: Share of the usual numbers of messages; below 1 to try the harness out.
        most: How many rounds there are at most.
        older: The gateway at another commit, to be measured beside this one.
    """

    bench: Bench
    log: Log
    scale: float = 1.0
    most: int = 3
    older: Product | None = None

    def count(self, messages: int) -> int:
        """Return how many messages to send where `messages` are usual."""
        return max(int(messages * self.scale), 20)

    def load(self, messages: int, **more: object) -> Load:
        """Return the load of `messages` at this scale."""
        return Load(count=self.count(messages), **more)  # type: ignore[arg-type]

    def rounds(
        self, entries: Sequence[Entry], *, minutes: float, least: int = 2, most: int | None = None
    ) -> list[Measured]:
        """Run interleaved rounds within about `minutes`, and log every run."""
        wanted = min(self.most, most or self.most)
        return rounds(
            self.bench,
            entries,
            most=wanted,
            least=min(least, wanted),
            until=time.monotonic() + minutes * 60,
            done=self.log.run,
        )


def faststream(workers: int = 1) -> Subject:
    """Return FastStream, the peer that everything is compared with."""
    return peer("faststream", workers)


def peer(name: str, workers: int = 1) -> Subject:
    """Return the peer called `name`."""
    [found] = peers([name])
    return replace(found, workers=workers)
