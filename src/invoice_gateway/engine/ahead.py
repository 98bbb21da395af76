"""The next batch: received, and where it pays understood, while the present one is committed.

A second thread understands while the worker waits for the database, and only then: two threads that
compute take the interpreter from each other at every call that lets go of it, and need a fifth more
time for the same. Only CPU work changes its place: batches are decided, committed and acked one
after the other, by the worker.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from threading import Event

from invoice_gateway.engine.intake import Incoming
from invoice_gateway.engine.ports import Delivery, Receiver

Understand = Callable[[Sequence[Delivery], Callable[[], None]], list[Incoming]]

PATIENCE_S = 0.05
"""How long to wait for a turn, so that nothing hangs on a worker that has gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What was received at a time; `understood` is what it says, or will be: all of it is fresh."""

    deliveries: Sequence[Delivery] = ()
    understood: Future[list[Incoming]] | None = None

    def runs(self) -> Iterator[tuple[bool, list[Delivery]]]:
        """Yield all of it in order: (True, what is fresh and follows each other), (False, ...)."""
        for fresh, found in groupby(self.deliveries, is_fresh):
            yield fresh, [*found]


def is_fresh(delivery: Delivery) -> bool:
    """Return whether it came for the first time, from a sender: such are processed together."""
    return delivery.origin == "in" and not delivery.redelivered


class Turns:
    """Whose turn it is to compute: the worker's, or that of the thread that understands ahead.

    Nothing depends on it but speed: who has waited for long goes on.
    """

    def __init__(self) -> None:
        self._lent = Event()
        self._lent.set()

    def take(self) -> None:
        """Let the worker compute alone."""
        self._lent.clear()

    def give(self) -> None:
        """Let the other thread compute."""
        self._lent.set()

    @contextmanager
    def lend(self) -> Iterator[None]:
        """Let the other thread compute while the worker waits for something."""
        taken = not self._lent.is_set()
        self._lent.set()
        try:
            yield
        finally:
            if taken:
                self._lent.clear()

    def wait(self) -> None:
        """Wait for the turn of the other thread."""
        if not self._lent.is_set():
            self._lent.wait(PATIENCE_S)


class Ahead:
    """Receives batches, one ahead of the one that is being committed.

    Args:
        receiver: Where they come from.
        understand: What to do ahead with the fresh messages, in another thread; calls what it
            is given as second from time to time.
        batch_size: Messages per batch, at most.
        most_bytes: A larger batch is understood in its turn: its trees would be in memory beside
            those of the present one.
        turns: Taken between `look` and `next`.
    """

    def __init__(
        self,
        receiver: Receiver,
        understand: Understand,
        *,
        batch_size: int,
        most_bytes: int,
        turns: Turns,
    ) -> None:
        self._receiver = receiver
        self._understand = understand
        self._batch_size = batch_size
        self._most_bytes = most_bytes
        self._turns = turns
        self._batch: Batch | None = None
        self._plenty = False
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="understand")

    def next(self, timeout_s: float) -> Batch:
        """Return the batch received ahead, else what arrives within `timeout_s`."""
        self._turns.give()
        batch, self._batch = self._batch, None
        if batch is None:
            batch = Batch(deliveries=self._receiver.receive(self._batch_size, timeout_s))
        self._plenty = len(batch.deliveries) >= self._batch_size
        return batch

    def look(self) -> None:
        """Receive what has arrived, unless that was done, and begin to understand it.

        Not after a batch that was not full: what arrives now would come as two small ones, the
        second of which waits for the first.
        """
        self._turns.take()
        if self._batch is not None or not self._plenty:
            return
        deliveries = self._receiver.receive(self._batch_size, 0.0)
        if not deliveries:
            return
        understood = None
        small = sum(len(each.body) for each in deliveries) <= self._most_bytes
        if small and all(map(is_fresh, deliveries)):
            understood = self._thread.submit(self._understand, deliveries, self._turns.wait)
        self._batch = Batch(deliveries=deliveries, understood=understood)

    def forget(self) -> None:
        """Drop what was received ahead: the receiver hands it back."""
        self._turns.give()
        self._batch = None
