"""One queue being consumed: its channel, what is not acknowledged yet, and how it comes back.

Everything here runs in the link's thread. A *generation* is one spell of consuming; deliveries of
an earlier one belong to the broker again, and acknowledging them means nothing any more.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import takewhile

import structlog
from pika import exceptions  # type: ignore[import-untyped]

from invoice_gateway.bus._address import cause
from invoice_gateway.bus._link import Backoff, Link
from invoice_gateway.bus._pika import Pika, close_at_once, keep_delivering, version_of_broker
from invoice_gateway.bus.topology import Source

log = structlog.get_logger()

NACK_IS_NO_FAILURE = (4, 3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One delivery as pika hands it over."""

    source: Source
    generation: int
    method: Pika
    properties: Pika
    body: bytes


class Subscription:
    """Consumes `source` while wanted; hands messages to `deliver`, tells `changed` of changes."""

    def __init__(
        self,
        source: Source,
        *,
        prefetch: int,
        link: Link,
        deliver: Callable[[Arrival], None],
        changed: Callable[[], None],
    ) -> None:
        self.source = source
        self.generation = 0
        self.consuming = False
        self._prefetch = prefetch
        self._link = link
        self._deliver = deliver
        self._changed = changed
        self._wanted = False
        self._connection: Pika = None
        self._channel: Pika = None
        self._consumer: str | None = None
        self._unacked: dict[int, None] = {}
        self._backoff = Backoff()
        self._said = ""

    @property
    def idle(self) -> bool:
        """Return whether the broker owes us nothing and we hold nothing of its."""
        return self._channel is None

    def opened(self, connection: Pika, *, wanted: bool) -> None:
        """Begin on a new connection."""
        self._connection = connection
        self._wanted = wanted
        self._open()

    def lost(self) -> None:
        """Forget the connection and everything that came over it."""
        self._connection = self._channel = None
        self._forget()

    def start(self) -> None:
        """Consume from now on; nothing happens when it does already."""
        self._wanted = True
        self._open()

    def stop(self) -> None:
        """Stop consuming and hand everything unacknowledged back, in order."""
        self._wanted = False
        channel, consumer = self._channel, self._consumer
        self._forget()
        if channel is not None and channel.is_open:
            if consumer is None:
                channel.close()
            else:
                self._hand_back(channel, consumer)

    def ack(self, generation: int, tags: Sequence[int]) -> None:
        """Acknowledge deliveries; those of an earlier generation are left to the broker."""
        if generation != self.generation or self._channel is None or not self._channel.is_open:
            return
        done = set(tags) & self._unacked.keys()
        prefix = list(takewhile(done.__contains__, self._unacked))
        if prefix:
            self._channel.basic_ack(prefix[-1], multiple=len(prefix) > 1)
        for tag in sorted(done.difference(prefix)):
            self._channel.basic_ack(tag)
        for tag in done:
            del self._unacked[tag]

    def _open(self) -> None:
        if self._wanted and self._channel is None and self._connection is not None:
            self._channel = self._connection.channel(on_open_callback=self._on_open)
            self._channel.add_on_close_callback(self._on_close)

    def _on_open(self, channel: Pika) -> None:
        if not self._wanted:
            channel.close()
            return
        channel.add_on_cancel_callback(partial(self._on_cancel, channel))
        channel.basic_qos(prefetch_count=self._prefetch)
        self._consumer = channel.basic_consume(
            self.source.queue,
            partial(self._on_message, self.generation),
            callback=self._on_consume,
        )

    def _on_consume(self, _frame: object) -> None:
        self._backoff.began()
        if self._consumer is not None:
            self._said = ""
            self.consuming = True
            log.info("bus.subscribed", queue=self.source.queue)
            self._changed()

    def _on_message(
        self,
        generation: int,
        _channel: object,
        method: Pika,
        properties: Pika,
        body: bytes,
    ) -> None:
        if generation == self.generation:
            self._unacked[method.delivery_tag] = None
            self._deliver(
                Arrival(
                    source=self.source,
                    generation=generation,
                    method=method,
                    properties=properties,
                    body=body,
                )
            )

    def _on_cancel(self, channel: Pika, _frame: object) -> None:
        """The broker took the consumer away: the queue is gone, or its leader moved."""
        self._complain("consumer cancelled by the broker")
        self._forget()
        if channel.is_open:
            channel.close()

    def _hand_back(self, channel: Pika, consumer: str) -> None:
        """Return everything unacknowledged, without its counting as failed where that can be had.

        A closed channel puts it back in order, and counts. A nack does not count from RabbitMQ 4.3
        on; before, it counts as well, and several at once go back in any order.
        """
        if version_of_broker(self._connection) < NACK_IS_NO_FAILURE:
            close_at_once(channel)
            return
        channel.basic_cancel(consumer, callback=lambda _frame: _nack_all(channel))
        keep_delivering(channel, consumer)

    def _on_close(self, channel: Pika, error: Pika) -> None:
        if channel is not self._channel:
            return
        self._channel = None
        self._forget()
        if isinstance(error, exceptions.ChannelClosedByBroker):
            self._complain(cause(error))
        if self._wanted:
            delay_s = self._backoff.delay_s() if self._said else 0.0
            self._link.later(delay_s, self._open)
        self._changed()

    def _forget(self) -> None:
        self.generation += 1
        self.consuming = False
        self._consumer = None
        self._unacked.clear()

    def _complain(self, reason: str) -> None:
        if reason != self._said:  # an outage is one line, not one per attempt
            self._said = reason
            log.warning("bus.unsubscribed", queue=self.source.queue, reason=reason)


def _nack_all(channel: Pika) -> None:
    if channel.is_open:
        channel.basic_nack(0, multiple=True, requeue=True)
        channel.close()
