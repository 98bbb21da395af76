"""The broker as the harness uses it: loading a queue, and asking how deep queues are."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pika

Wire = tuple[str, str, pika.BasicProperties, bytes]
"""Exchange, routing key, properties and body."""

QUORUM = {"x-queue-type": "quorum"}


@dataclass(frozen=True, slots=True)
class Depth:
    """How many messages are ready in a queue, and how many consumers it has."""

    messages: int
    consumers: int


class Bus:
    """One blocking connection; for the harness's own thread."""

    def __init__(self, url: str) -> None:
        """Connect."""
        parameters = pika.URLParameters(url)
        parameters.heartbeat = 0  # a run may take longer than a heartbeat between two questions
        self._connection = pika.BlockingConnection(parameters)
        self.channel = self._connection.channel()

    def depth(self, queue: str) -> Depth:
        """Return the state of `queue`."""
        found = self.channel.queue_declare(queue, passive=True).method
        return Depth(found.message_count, found.consumer_count)

    def messages(self, queues: Iterable[str]) -> int:
        """Return how many messages are ready in `queues` together."""
        return sum(self.depth(queue).messages for queue in queues)

    def load(self, wires: Iterable[Wire]) -> int:
        """Publish everything and return how many that were; the broker has taken them then."""
        count = 0
        for exchange, key, properties, body in wires:
            self.channel.basic_publish(exchange, key, body, properties)
            count += 1
        self.channel.exchange_declare("amq.topic", passive=True)  # answered after all of them
        return count

    def bind(self, exchange: str, queue: str) -> None:
        """Make a durable quorum queue that gets everything from `exchange`."""
        self.channel.queue_declare(queue, durable=True, arguments=QUORUM)
        self.channel.queue_bind(queue, exchange, "#")

    def sample(self, queue: str, count: int) -> Iterator[bytes]:
        """Yield the bodies of some messages of `queue`; they stay there."""
        for _ in range(count):
            method, _, body = self.channel.basic_get(queue)
            if method is None:
                return
            yield body
        self.channel.basic_nack(0, multiple=True, requeue=True)

    def remove(self, queues: Iterable[str]) -> None:
        """Delete queues with what is in them."""
        for queue in queues:
            self.channel.queue_delete(queue)

    def close(self) -> None:
        """Leave."""
        if self._connection.is_open:
            self._connection.close()


@contextmanager
def connected(url: str) -> Iterator[Bus]:
    """Open a bus and close it afterwards."""
    bus = Bus(url)
    try:
        yield bus
    finally:
        bus.close()
