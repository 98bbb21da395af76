"""Open-loop load: messages leave by a fixed schedule whatever comes back, and events are timed.

The latency of a message is from when it was due to leave until its event is here, so a sender that
is late hides nothing.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pika

from benchmarks.harness.bus import Wire

CAUSE = b"<CausationId>"
LEAD_S = 0.2
DRAIN_S = 20.0
ACK_EVERY = 100
WINDOW = 5_000


@dataclass(slots=True)
class Sender:
    """Publishes `wires` at `rate` per second and listens to `queue`, on one connection.

    Attributes:
        received: When the event of each message (by its id) was here, monotonic.
        begun: When the first message was due.
        late_s: How late a message left at most.
    """

    url: str
    wires: Sequence[Wire]
    rate: float
    queue: str
    drain_s: float = DRAIN_S
    received: dict[str, float] = field(default_factory=dict)
    begun: float = 0.0
    late_s: float = 0.0
    _sent: int = 0
    _unacked: int = 0
    _connection: Any = None
    _out: Any = None

    def run(self) -> None:
        """Send everything; return when every event has arrived or some time after the last left."""
        parameters = pika.URLParameters(self.url)
        self._connection = pika.SelectConnection(
            parameters,
            on_open_callback=lambda each: each.channel(on_open_callback=self._listen),
            on_close_callback=lambda each, _: each.ioloop.stop(),
        )
        self._connection.ioloop.start()

    def _listen(self, channel: Any) -> None:  # noqa: ANN401 - pika has no types
        channel.basic_qos(prefetch_count=WINDOW)
        channel.basic_consume(self.queue, self._on_event)
        self._connection.channel(on_open_callback=self._begin)

    def _begin(self, channel: Any) -> None:  # noqa: ANN401 - pika has no types
        self._out = channel
        self.begun = time.monotonic() + LEAD_S
        self._tick()

    def _on_event(self, channel: Any, method: Any, _: Any, body: bytes) -> None:  # noqa: ANN401
        at = body.find(CAUSE) + len(CAUSE)
        self.received[body[at : body.index(b"<", at)].decode()] = time.monotonic()
        self._unacked += 1
        whole = len(self.received) >= len(self.wires)
        if self._unacked >= ACK_EVERY or whole:
            channel.basic_ack(method.delivery_tag, multiple=True)
            self._unacked = 0
        if whole:
            self._close()

    def _tick(self) -> None:
        now = time.monotonic()
        due = min(int((now - self.begun) * self.rate) + 1, len(self.wires))
        if now >= self.begun and due > self._sent:
            self.late_s = max(self.late_s, now - self.begun - self._sent / self.rate)
            for exchange, key, properties, body in self.wires[self._sent : due]:
                self._out.basic_publish(exchange, key, body, properties)
            self._sent = due
        loop = self._connection.ioloop
        if self._sent < len(self.wires):
            left = self.begun + self._sent / self.rate - time.monotonic()
            loop.call_later(max(left, 0.0005), self._tick)
        else:
            loop.call_later(self.drain_s, self._close)

    def _close(self) -> None:
        if self._connection.is_open:
            self._connection.close()

    def latencies_ms(self, ids: Sequence[str], skip_s: float) -> list[float]:
        """Return the sorted latencies of messages that were due after `skip_s`; lost ones are not.

        Args:
            ids: Message ids in the order of `wires`.
            skip_s: How much of the beginning is left out.
        """
        found = []
        for at, message_id in enumerate(ids):
            due = at / self.rate
            if due >= skip_s and message_id in self.received:
                found.append((self.received[message_id] - self.begun - due) * 1e3)
        return sorted(found)
