"""Receiving from RabbitMQ: a hand-over between the link's thread and the engine's."""

import threading
from collections import deque
from collections.abc import Collection, Sequence
from functools import partial

from invoice_gateway.bus._headers import own_headers, text
from invoice_gateway.bus._link import Link
from invoice_gateway.bus._pika import Pika
from invoice_gateway.bus._subscription import Arrival, Subscription
from invoice_gateway.bus.topology import Topology
from invoice_gateway.engine.ports import Delivery

REASONS = frozenset({"rejected", "expired", "maxlen", "delivery_limit"})
HAND_BACK_S = 2.0

# (queue, generation, delivery tag)
Tag = tuple[str, int, int]


class RabbitReceiver:
    """Consumes the incoming queues of `wanted`, and the broker's dead and unrouted messages.

    It connects in the background and keeps trying: a broker that is away is no error here. Each
    queue has a channel of its own with a prefetch of two batches, so trouble with one (deleted,
    forbidden) leaves the others alone.

    Args:
        url: The broker, `amqp://user:password@host:port/vhost` or `amqps://...`.
        wanted: The topology; it is consumed, not declared.
        batch_size: What `receive` will usually be asked for, in messages.

    Raises:
        BusUnavailable: `url` is not an AMQP address.
    """

    def __init__(self, url: str, wanted: Topology, *, batch_size: int = 200) -> None:
        self._changed = threading.Condition()
        self._arrived: deque[Arrival] = deque()
        self._paused = False
        self._closed = False
        self._link = Link(url, "receiver", self)
        self._subscriptions = {
            source.queue: Subscription(
                source,
                prefetch=2 * batch_size,
                link=self._link,
                deliver=self._deliver,
                changed=self._notify,
            )
            for source in wanted.sources
        }
        self._link.start()

    @property
    def connected(self) -> bool:
        """Return whether the broker is there and, unless paused, all of `P.in` is consumed."""
        incoming = [each for each in self._subscriptions.values() if each.source.origin == "in"]
        return self._link.connected and (self._paused or all(each.consuming for each in incoming))

    def wait_connected(self, timeout_s: float) -> bool:
        """Return `connected`, after waiting at most `timeout_s` for it to become true."""
        with self._changed:
            return self._changed.wait_for(lambda: self.connected, timeout_s)

    def receive(self, limit: int, timeout_s: float) -> list[Delivery]:
        """Return what has arrived, at most `limit`, in order; wait `timeout_s` for the first only.

        Resumes consuming after `pause`. Returns nothing while the broker is away.
        """
        with self._changed:
            if self._paused and not self._closed:
                self._paused = False
                self._link.call(self._resume)
            self._changed.wait_for(lambda: self._arrived or self._closed, timeout_s)
            batch = [self._arrived.popleft() for _ in range(min(limit, len(self._arrived)))]
        return [_delivery(each) for each in batch]

    def ack(
        self,
        deliveries: Sequence[Delivery],
        rejected: Collection[object] = frozenset(),  # noqa: ARG002 - the broker need not know
    ) -> None:
        """Acknowledge after the commit; what the broker has taken back meanwhile is ignored."""
        tags: dict[tuple[str, int], list[int]] = {}
        for each in deliveries:
            queue, generation, tag = _tag(each)
            tags.setdefault((queue, generation), []).append(tag)
        self._link.call(partial(self._ack, tags))

    def pause(self) -> None:
        """Stop consuming and hand back everything not acked; returns when the broker has it.

        What is handed back comes again with `redelivered` set. Before RabbitMQ 4.3 that counts
        against the queue's delivery limit, once per pause for up to two batches of messages.
        Calling it again changes nothing.
        """
        with self._changed:
            if self._paused or self._closed:
                return
            self._paused = True
            self._arrived.clear()
            if self._link.call(self._suspend):
                self._changed.wait_for(self._is_idle, HAND_BACK_S)

    def close(self) -> None:
        """Flush acks, hand the rest back, and leave; 7 s at most."""
        self.pause()
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._link.close()

    # -- in the link's thread ---------------------------------------------------------------------

    def opened(self, connection: Pika) -> None:
        """Subscribe to every queue, unless paused."""
        for each in self._subscriptions.values():
            each.opened(connection, wanted=not self._paused)
        self._notify()

    def lost(self, reason: str) -> None:  # noqa: ARG002 - the link has logged it
        """Drop what has not been received yet: the broker delivers it again."""
        for each in self._subscriptions.values():
            each.lost()
        self._notify()

    def _resume(self) -> None:
        for each in self._subscriptions.values():
            each.start()

    def _suspend(self) -> None:
        for each in self._subscriptions.values():
            each.stop()
        self._notify()

    def _ack(self, tags: dict[tuple[str, int], list[int]]) -> None:
        for (queue, generation), numbers in tags.items():
            self._subscriptions[queue].ack(generation, numbers)

    def _deliver(self, arrival: Arrival) -> None:
        with self._changed:
            self._arrived.append(arrival)
            self._changed.notify_all()

    def _notify(self) -> None:
        """Drop what went stale and wake whoever waits."""
        with self._changed:
            fresh = [each for each in self._arrived if self._is_current(each)]
            self._arrived = deque(fresh)
            self._changed.notify_all()

    def _is_current(self, arrival: Arrival) -> bool:
        return self._subscriptions[arrival.source.queue].generation == arrival.generation

    def _is_idle(self) -> bool:
        return all(each.idle for each in self._subscriptions.values())


def _tag(delivery: Delivery) -> Tag:
    match delivery.tag:
        case (str() as queue, int() as generation, int() as tag):
            return queue, generation, tag
        case _:
            raise AssertionError("this delivery came from another bus")


def _delivery(arrival: Arrival) -> Delivery:
    method, properties, origin = arrival.method, arrival.properties, arrival.source.origin
    reason = _reason(origin, properties.headers)
    return Delivery(
        body=arrival.body,
        sender=text(properties.user_id),
        message_id=text(properties.message_id),
        type=text(properties.type),
        content_type=text(properties.content_type),
        headers=own_headers(properties.headers),
        redelivered=method.redelivered or reason == "delivery_limit",
        origin=origin,
        reason=reason,
        tag=(arrival.source.queue, arrival.generation, method.delivery_tag),
    )


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
