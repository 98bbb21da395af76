"""The next batch: received, and where it pays understood, while the present one is committed.

The parser and the database driver both let go of the interpreter, so a second thread parses while
the first waits for the database. Only CPU work changes its place: batches are decided, committed
and acked one after the other, by the worker.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from invoice_gateway.engine.intake import Incoming
from invoice_gateway.engine.ports import Delivery, Receiver


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What was received at a time; `understood` is what its fresh messages say, or will be."""

    deliveries: Sequence[Delivery] = ()
    understood: Future[list[Incoming]] | None = None

    @property
    def fresh(self) -> list[Delivery]:
        """Return what came for the first time, in order: that is processed together."""
        return [each for each in self.deliveries if each.origin == "in" and not each.redelivered]


class Ahead:
    """Receives batches, one ahead of the one that is being committed.

    Args:
        receiver: Where they come from.
        understand: What to do ahead with the fresh messages, in another thread.
        batch_size: Messages per batch, at most.
        most_bytes: A larger batch is understood in its turn: its trees would be in memory beside
            those of the present one.
    """

    def __init__(
        self,
        receiver: Receiver,
        understand: Callable[[Sequence[Delivery]], list[Incoming]],
        *,
        batch_size: int,
        most_bytes: int,
    ) -> None:
        self._receiver = receiver
        self._understand = understand
        self._batch_size = batch_size
        self._most_bytes = most_bytes
        self._batch: Batch | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="understand")

    def next(self, timeout_s: float) -> Batch:
        """Return the batch received ahead, else what arrives within `timeout_s`."""
        batch, self._batch = self._batch, None
        return batch or Batch(deliveries=self._receiver.receive(self._batch_size, timeout_s))

    def look(self) -> None:
        """Receive what has arrived, unless that was done, and begin to understand it."""
        if self._batch is not None:
            return
        deliveries = self._receiver.receive(self._batch_size, 0.0)
        if not deliveries:
            return
        self._batch = batch = Batch(deliveries=deliveries)
        fresh = batch.fresh
        if fresh and sum(len(each.body) for each in fresh) <= self._most_bytes:
            understood = self._thread.submit(self._understand, fresh)
            self._batch = Batch(deliveries=deliveries, understood=understood)

    def forget(self) -> None:
        """Drop what was received ahead: the receiver hands it back."""
        self._batch = None
