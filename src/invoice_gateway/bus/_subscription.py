"""One queue being consumed: its channel, what is not acknowledged yet, and how it comes back.

Everything here runs in the link's thread. A *generation* is one spell of consuming; deliveries of
an earlier one belong to the broker again, and acknowledging them means nothing any more.
"""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import takewhile

import structlog
from pika import exceptions  # type: ignore[import-untyped]

from invoice_gateway.bus._address import cause
from invoice_gateway.bus._link import Backoff, Link
from invoice_gateway.bus._pika import Pika, close_at_once, keep_delivering, version_of_broker
from invoice_gateway.bus._wire import Decoder, Found, Properties, harmless
from invoice_gateway.bus.topology import Source
from invoice_gateway.engine.ports import Delivery

log = structlog.get_logger()

NACK_IS_NO_FAILURE = (4, 3)


REASONS = frozenset({"rejected", "expired", "maxlen", "delivery_limit"})
LEAVE_S = 10.0
"""How long `leave` waits for what is being worked on, at most."""


class Subscription:
    """Consumes `source` while wanted; hands messages to `deliver`, tells `changed` of changes."""

    def __init__(
        self,
        source: Source,
        *,
        prefetch: int,
        link: Link,
        deliver: Callable[[list[Delivery]], None],
        changed: Callable[[], None],
    ) -> None:
        self.source = source
        self.generation = 0
        self.consuming = False
        self.held_bytes = 0
        self.wanted = False
        self.leaving = False
        self.proved = False
        self._decoder = Decoder()
        self._prefetch = prefetch
        self._link = link
        self._deliver = deliver
        self._changed = changed
        self._connection: Pika = None
        self._channel: Pika = None
        self._consumer: str | None = None
        self._unacked: dict[int, int] = {}  # delivery tag -> bytes in memory
        self._finished: set[int] = set()  # what `leave` has yet to acknowledge
        self._backoff = Backoff()
        self._said = ""

    @property
    def idle(self) -> bool:
        """Return whether the broker owes us nothing and we hold nothing of its."""
        return self._channel is None

    def opened(self, connection: Pika, *, wanted: bool) -> None:
        """Begin on a new connection."""
        self._connection = connection
        self.wanted = wanted
        self._open()

    def lost(self) -> None:
        """Forget the connection and everything that came over it."""
        self._connection = self._channel = None
        self._forget()

    def start(self) -> None:
        """Consume from now on; nothing happens when it does already."""
        self.wanted = True
        self._open()

    def stop(self) -> None:
        """Stop consuming and hand everything unacknowledged back, in order."""
        self.wanted = False
        channel, consumer = self._channel, self._consumer
        if channel is not None and channel.is_open:
            self._acknowledge(self._finished)
        self._forget()
        if channel is not None and channel.is_open:
            if consumer is None:
                channel.close()
            else:
                self._hand_back(channel, consumer)

    def leave(self) -> None:
        """Stop consuming once everything received is done with; whoever is next goes on from there.

        Acknowledgements wait until then, and with them the broker, when it has sent the prefetch.
        A consumer cancelled before would leave the next one to overtake what is in our hands.
        """
        if not self._unacked or not self.consuming:
            self._depart(self.generation)
        elif not self.leaving:
            self.leaving = True
            self._link.later(LEAVE_S, partial(self._depart, self.generation))

    def ack(self, generation: int, tags: Sequence[int]) -> None:
        """Acknowledge deliveries; those of an earlier generation are left to the broker."""
        if generation != self.generation or self._channel is None or not self._channel.is_open:
            return
        done = set(tags) & self._unacked.keys()
        for tag in done:
            self.held_bytes -= self._unacked[tag]
            self._unacked[tag] = 0
        if not self.leaving:
            self._acknowledge(done)
            return
        self._finished |= done
        if len(self._finished) == len(self._unacked):
            self._depart(generation)

    def _acknowledge(self, done: set[int]) -> None:
        prefix = list(takewhile(done.__contains__, self._unacked))
        if prefix:
            self._channel.basic_ack(prefix[-1], multiple=len(prefix) > 1)
        for tag in sorted(done.difference(prefix)):
            self._channel.basic_ack(tag)
        for tag in done:
            del self._unacked[tag]

    def _depart(self, generation: int) -> None:
        """Acknowledge what is done with and leave; the queue has the rest back, in order.

        With a whole prefetch done nothing more can be on its way to us, and the consumer goes
        first: the acknowledgement would make room for as many, only to be handed back.
        """
        if generation != self.generation:
            return
        channel, consumer = self._channel, self._consumer
        is_open = channel is not None and channel.is_open
        full = len(self._finished) == len(self._unacked) >= self._prefetch
        if is_open and full:
            channel.basic_cancel(consumer, callback=lambda _: close_at_once(channel))
        if is_open:
            self._acknowledge(self._finished)
        self.wanted = False
        self._forget()
        if is_open and not full:
            close_at_once(channel)
        self._changed()

    def _open(self) -> None:
        if self.wanted and self._channel is None and self._connection is not None:
            self._channel = self._connection.channel(on_open_callback=self._on_open)
            self._channel.add_on_close_callback(self._on_close)

    def _on_open(self, channel: Pika) -> None:
        if not self.wanted:
            channel.close()
            return
        channel.add_on_cancel_callback(partial(self._on_cancel, channel))
        channel.basic_qos(prefetch_count=self._prefetch)
        self._consumer = channel.basic_consume(
            self.source.queue,
            partial(self._on_message, self.generation),
            callback=self._on_consume,
        )
        # What the broker set aside is rare, and the headers it adds are more than we keep.
        if self._link.express is not None and self.source.origin == "in":
            arrived = partial(self._on_messages, self.generation)
            self._link.express.deliver(channel, self._consumer, arrived)

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
            reason = _reason(self.source.origin, properties.headers)
            again = method.redelivered or reason == "delivery_limit"
            found = self._delivery(method.delivery_tag, harmless(properties), body, again, reason)
            self._arrived([found])

    def _on_messages(self, generation: int, found: list[Found]) -> None:
        if generation == self.generation:
            decode, make = self._decoder.decode, self._delivery
            self._arrived([make(tag, decode(raw), body, again) for tag, again, raw, body in found])

    def _arrived(self, deliveries: list[Delivery]) -> None:
        for each in deliveries:
            size = len(each.body)
            self._unacked[each.tag[2]] = size  # type: ignore[index] # made below
            self.held_bytes += size
        self.proved = True
        self._deliver(deliveries)

    def _delivery(
        self,
        tag: int,
        properties: Properties,
        body: bytes,
        redelivered: bool,  # noqa: FBT001 - once per message
        reason: str | None = None,
    ) -> Delivery:
        return Delivery(
            body=body,
            sender=properties.user_id,
            message_id=properties.message_id,
            type=properties.type,
            content_type=properties.content_type,
            headers=properties.headers,
            redelivered=redelivered,
            origin=self.source.origin,
            reason=reason,
            tag=(self.source.queue, self.generation, tag),
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
        if self._link.express is not None:
            self._link.express.forget(channel)
        self._forget()
        if isinstance(error, exceptions.ChannelClosedByBroker):
            self._complain(cause(error))
        if self.wanted:
            delay_s = self._backoff.delay_s() if self._said else 0.0
            self._link.later(delay_s, self._open)
        self._changed()

    def _forget(self) -> None:
        self.generation += 1
        self.consuming = self.leaving = self.proved = False
        self.held_bytes = 0
        self._consumer = None
        self._unacked.clear()
        self._finished.clear()
        if self._channel is not None and self._link.express is not None:
            self._link.express.forget(self._channel)

    def _complain(self, reason: str) -> None:
        if reason != self._said:  # an outage is one line, not one per attempt
            self._said = reason
            log.warning("bus.unsubscribed", queue=self.source.queue, reason=reason)


def _nack_all(channel: Pika) -> None:
    if channel.is_open:
        channel.basic_nack(0, multiple=True, requeue=True)
        channel.close()


def _reason(origin: str, headers: Pika) -> str | None:
    """Return why the broker set a message aside; looked at only where the broker put it there."""
    if origin == "unrouted":
        return "unroutable"
    if origin != "dead":
        return None
    match (headers or {}).get("x-death"):
        case [{"reason": str() as reason}, *_] if reason in REASONS:
            return reason
        case _:
            return None
