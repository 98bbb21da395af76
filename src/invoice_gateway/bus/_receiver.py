"""Receiving from RabbitMQ: a hand-over between the link's thread and the engine's."""

import threading
from collections import deque
from collections.abc import Collection, Sequence
from functools import partial

from invoice_gateway.bus._link import Link
from invoice_gateway.bus._pika import Pika
from invoice_gateway.bus._sharing import Sharing
from invoice_gateway.bus._subscription import Subscription
from invoice_gateway.bus.topology import Topology
from invoice_gateway.engine.ports import Delivery

HAND_BACK_S = 2.0
HELD_BYTES_MAX = 64 * 1024 * 1024

# (queue, generation, delivery tag)
Tag = tuple[str, int, int]


class RabbitReceiver:
    """Consumes the incoming queues of `wanted`, and the broker's dead and unrouted messages.

    It connects in the background and keeps trying: a broker that is away is no error here. Each
    queue has a channel of its own with a prefetch of some batches, so trouble with one (deleted,
    forbidden) leaves the others alone. Workers share the partitions of an incoming queue, if any.

    Args:
        url: The broker, `amqp://user:password@host:port/vhost` or `amqps://...`.
        wanted: The topology; it is consumed, not declared.
        batch_size: What `receive` will usually be asked for, in messages.
        batches: How many of them the broker sends ahead of the acks.
        held_bytes_max: How much may be in memory, received and not acked, before the broker has
            to wait; whoever waits for a message gets one all the same.

    Raises:
        BusUnavailable: `url` is not an AMQP address.
    """

    def __init__(
        self,
        url: str,
        wanted: Topology,
        *,
        batch_size: int = 200,
        batches: int = 2,
        held_bytes_max: int = HELD_BYTES_MAX,
    ) -> None:
        self._held_bytes_max = held_bytes_max
        self._changed = threading.Condition()
        self._arrived: deque[Delivery] = deque()
        self._paused = False
        self._closed = False
        self._link = Link(url, "receiver", self)
        self._subscriptions = {
            source.queue: Subscription(
                source,
                prefetch=batches * batch_size,
                link=self._link,
                deliver=self._deliver,
                changed=self._notify,
            )
            for source in wanted.sources
        }
        self._sharing = self._share(wanted)
        self._holding = False
        self._link.start()

    def _share(self, wanted: Topology) -> Sharing | None:
        """Return what sees to our share of the partitions; None when there is but one."""
        partitions = {
            queue: each for queue, each in self._subscriptions.items() if each.source.origin == "in"
        }
        if len(partitions) == 1:
            return None
        [roster] = [source.queue for source in wanted.sources if source.origin == "dead"]
        return Sharing(partitions, roster, later=self._link.later, changed=self._notify)

    @property
    def connected(self) -> bool:
        """Return whether the broker is there and, unless paused, we consume our share of `P.in`."""
        if self._paused or not self._link.connected:
            return self._link.connected
        incoming = [each for each in self._subscriptions.values() if each.source.origin == "in"]
        if self._sharing is not None:
            return self._sharing.settled and all(each.consuming == each.wanted for each in incoming)
        return all(each.consuming for each in incoming)

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
            if self._holding and not self._arrived:  # what we hold may never be acked
                self._link.call(self._read_on)
            self._changed.wait_for(lambda: self._arrived or self._closed, timeout_s)
            return [self._arrived.popleft() for _ in range(min(limit, len(self._arrived)))]

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
        against the queue's delivery limit, once per pause for up to three batches of messages.
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
        """Subscribe to every queue that is not shared out, unless paused."""
        self._holding = False
        for each in self._subscriptions.values():
            shared = self._sharing is not None and each.source.origin == "in"
            each.opened(connection, wanted=not self._paused and not shared)
        if self._sharing is not None:
            self._sharing.opened(connection, active=not self._paused)
        self._notify()

    def lost(self, reason: str) -> None:  # noqa: ARG002 - the link has logged it
        """Drop what has not been received yet: the broker delivers it again."""
        for each in self._subscriptions.values():
            each.lost()
        if self._sharing is not None:
            self._sharing.lost()
        self._notify()

    def _resume(self) -> None:
        for each in self._subscriptions.values():
            if self._sharing is None or each.source.origin != "in":
                each.start()
        if self._sharing is not None:
            self._sharing.resume()

    def _suspend(self) -> None:
        self._read_on()
        if self._sharing is not None:
            self._sharing.suspend()
        for each in self._subscriptions.values():
            each.stop()
        self._notify()

    def _ack(self, tags: dict[tuple[str, int], list[int]]) -> None:
        for (queue, generation), numbers in tags.items():
            self._subscriptions[queue].ack(generation, numbers)
        if self._holding and not self._is_full():
            self._read_on()

    def _deliver(self, deliveries: list[Delivery]) -> None:
        with self._changed:
            self._arrived.extend(deliveries)
            self._holding = self._is_full()
            self._changed.notify_all()
        if self._holding:
            self._link.valve.shut()

    def _is_full(self) -> bool:
        held_bytes = sum(each.held_bytes for each in self._subscriptions.values())
        return held_bytes >= self._held_bytes_max

    def _read_on(self) -> None:
        if self._link.connected:
            self._holding = False
            self._link.valve.open()

    def _notify(self) -> None:
        """Drop what went stale and wake whoever waits."""
        with self._changed:
            fresh = [each for each in self._arrived if self._is_current(each)]
            self._arrived = deque(fresh)
            self._changed.notify_all()

    def _is_current(self, delivery: Delivery) -> bool:
        queue, generation, _ = _tag(delivery)
        return self._subscriptions[queue].generation == generation

    def _is_idle(self) -> bool:
        return all(each.idle for each in self._subscriptions.values())


def _tag(delivery: Delivery) -> Tag:
    match delivery.tag:
        case (str() as queue, int() as generation, int() as tag):
            return queue, generation, tag
        case _:
            raise AssertionError("this delivery came from another bus")
