"""Publishing to RabbitMQ: everything in flight together, each message settled exactly once."""

import threading
import time
from collections import Counter, deque
from collections.abc import Sequence

import pika  # type: ignore[import-untyped]
import structlog
from pika import exceptions

from invoice_gateway.bus._address import cause
from invoice_gateway.bus._link import Backoff, Link
from invoice_gateway.bus._pika import Express, Pika, join_writes
from invoice_gateway.bus._wire import Confirm, Encoder
from invoice_gateway.engine.ports import Outgoing, Settled

log = structlog.get_logger()

NOT_CONNECTED = "not connected"
CONNECTION_LOST = "connection lost"
BLOCKED = "blocked"
UNROUTABLE = "unroutable"
NACKED = "nacked"
TOO_MANY = "too many in flight"

# The broker answers a larger message by closing the channel under all others (RabbitMQ 4: 16 MiB),
# and larger headers by closing the connection (128 KiB).
CONTENT_TYPE = "application/xml"
APP_ID = "invoice-gateway"

BODY_MAX = 16 * 1024 * 1024
HEADERS_BYTES_MAX = 64 * 1024


class RabbitPublisher:
    """Publishes to one exchange with confirms and `mandatory`, on a connection of its own.

    It connects in the background and keeps trying. What cannot be sent now is settled at once with
    an error, never kept: the caller has it in its outbox. An event settled with an error other than
    `unroutable` may still have been stored; send it again under the same id.

    Args:
        url: The broker, `amqp://user:password@host:port/vhost` or `amqps://...`.
        exchange: Where to publish; the key of a message is its routing key.
        user_id: What to claim as sender; the broker refuses any but the connection's own user.
        max_in_flight: How many messages may be unconfirmed at a time; more settle with an error.

    Raises:
        BusUnavailable: `url` is not an AMQP address.
    """

    def __init__(
        self, url: str, exchange: str, *, user_id: str | None = None, max_in_flight: int = 10_000
    ) -> None:
        self._exchange = exchange
        self._user_id = user_id
        self._max_in_flight = max_in_flight
        self._changed = threading.Condition()
        self._waiting: deque[Outgoing] = deque()  # handed over, not on the wire yet
        self._unconfirmed: dict[int, str] = {}  # delivery tag -> id
        self._oldest = 1  # no delivery tag below is unconfirmed
        self._returned: Counter[str] = Counter()
        self._settled: deque[Settled] = deque()
        self._in_flight = 0
        self._blocked_since: float | None = None
        self._connection: Pika = None
        self._channel: Pika = None
        self._encoder: Encoder | None = None
        self._ready = False
        self._published = 0
        self._backoff = Backoff()
        self._said = ""
        self._link = Link(url, "publisher", self)
        self._link.start()

    @property
    def connected(self) -> bool:
        """Return whether messages can be handed over now."""
        return self._ready

    def wait_connected(self, timeout_s: float) -> bool:
        """Return `connected`, after waiting at most `timeout_s` for it to become true."""
        with self._changed:
            return self._changed.wait_for(lambda: self._ready, timeout_s)

    @property
    def in_flight(self) -> int:
        """Return how many messages are neither confirmed nor failed."""
        return self._in_flight

    @property
    def blocked_s(self) -> float:
        """Return for how many seconds the broker has been blocking us; 0.0 when it does not."""
        since = self._blocked_since
        return 0.0 if since is None else max(time.monotonic() - since, 0.001)

    def submit(self, events: Sequence[Outgoing]) -> None:
        """Hand messages over, in order; returns at once."""
        with self._changed:
            for event in events:
                if error := self._refusal(event):
                    self._settled.append(Settled(id=event.id, error=error))
                else:
                    self._waiting.append(event)
                    self._in_flight += 1
            if self._waiting:
                self._link.call(self._flush)
            self._changed.notify_all()

    def settled(self) -> list[Settled]:
        """Return what was settled since the last call, in that order; never blocks."""
        with self._changed:
            found = list(self._settled)
            self._settled.clear()
        return found

    def wait(self, timeout_s: float) -> bool:
        """Return whether nothing is in flight any more, waiting at most `timeout_s` for that."""
        with self._changed:
            return self._changed.wait_for(lambda: self._in_flight == 0, timeout_s)

    def close(self) -> None:
        """Send what was handed over and leave; what is unconfirmed then settles with an error."""
        self._link.close()

    def _refusal(self, event: Outgoing) -> str | None:
        """Return why `event` cannot be sent now, None when it can."""
        size = sum(map(len, event.headers)) + sum(map(len, event.headers.values()))
        if len(event.body) > BODY_MAX:
            return f"too large: {len(event.body)} bytes, at most {BODY_MAX}"
        if size > HEADERS_BYTES_MAX:
            return f"headers too large: {size} characters, at most {HEADERS_BYTES_MAX}"
        if not self._ready:
            return NOT_CONNECTED
        if self._blocked_since is not None:
            return BLOCKED
        return TOO_MANY if self._in_flight >= self._max_in_flight else None

    # -- in the link's thread ---------------------------------------------------------------------

    def opened(self, connection: Pika) -> None:
        """Open a channel with confirms."""
        self._connection = connection
        connection.add_on_connection_blocked_callback(self._on_blocked)
        connection.add_on_connection_unblocked_callback(self._on_unblocked)
        self._open()

    def lost(self, reason: str) -> None:  # noqa: ARG002 - the link has logged it
        """Settle everything in flight: nobody will confirm it any more."""
        self._connection = self._channel = self._encoder = None
        self._blocked_since = None
        self._fail_all(CONNECTION_LOST)

    def _open(self) -> None:
        if self._connection is not None and self._channel is None:
            self._channel = self._connection.channel(on_open_callback=self._on_open)
            self._channel.add_on_close_callback(self._on_close)

    def _on_open(self, channel: Pika) -> None:
        channel.add_on_return_callback(self._on_return)
        channel.confirm_delivery(self._on_confirm, callback=self._on_ready)

    def _on_ready(self, _frame: object) -> None:
        self._published, self._oldest = 0, 1
        if (express := self._link.express) is not None:
            express.confirm(self._channel, self._on_confirms)
            self._encoder = express.encoder(
                self._channel,
                self._exchange,
                content_type=CONTENT_TYPE,
                app_id=APP_ID,
                user_id=self._user_id,
            )
        with self._changed:
            self._ready = True
            self._changed.notify_all()

    def _flush(self) -> None:
        express, encoder = self._link.express, self._encoder
        if express is not None and encoder is not None:
            self._flush_express(express, encoder)
        while self._can_publish:
            self._publish(self._waiting.popleft())
        if self._connection is not None:
            join_writes(self._connection)

    def _flush_express(self, express: Express, encoder: Encoder) -> None:
        """Send all that is plain as one piece, and what is between as pika does."""
        frames: list[bytes] = []
        timestamp = int(time.time())
        while self._can_publish:
            event = self._waiting.popleft()
            encoded = encoder.encode(event, timestamp)
            if encoded is None:
                express.send(frames)
                frames.clear()
                self._publish(event)
            else:
                frames.append(encoded)
                self._sent(event)
        express.send(frames)

    @property
    def _can_publish(self) -> bool:
        return bool(self._waiting) and self._channel is not None and self._channel.is_open

    def _publish(self, event: Outgoing) -> None:
        try:
            self._publish_plainly(event)
        except Exception as error:  # noqa: BLE001 - e.g. a key over 255 bytes: its own fault only
            self._settle([event.id], f"cannot be encoded: {cause(error)}")
        else:
            self._sent(event)

    def _publish_plainly(self, event: Outgoing) -> None:
        self._channel.basic_publish(
            self._exchange,
            event.key,
            event.body,
            pika.BasicProperties(
                content_type=CONTENT_TYPE,
                delivery_mode=2,
                message_id=event.id,
                type=event.type,
                timestamp=int(time.time()),
                app_id=APP_ID,
                user_id=self._user_id,
                headers=dict(event.headers),
            ),
            mandatory=True,
        )

    def _sent(self, event: Outgoing) -> None:
        self._published += 1  # confirms count from one per channel
        self._unconfirmed[self._published] = event.id

    def _on_confirm(self, frame: Pika) -> None:
        method = frame.method
        ids = self._confirmed([(method.delivery_tag, method.multiple)])
        self._settle(ids, NACKED if isinstance(method, pika.spec.Basic.Nack) else None)

    def _on_confirms(self, confirms: list[Confirm]) -> None:
        self._settle(self._confirmed(confirms), None)

    def _confirmed(self, confirms: Sequence[Confirm]) -> list[str]:
        """Return the ids meant; every delivery tag is looked at once, however they are grouped."""
        ids: list[str] = []
        pop = self._unconfirmed.pop
        for last, multiple in confirms:
            if multiple:
                meant = (pop(tag, None) for tag in range(self._oldest, last + 1))
                ids += [each for each in meant if each is not None]
                self._oldest = max(self._oldest, last + 1)
            else:
                ids.append(pop(last))
        return ids

    def _on_return(self, _channel: object, _method: object, properties: Pika, _body: bytes) -> None:
        """Note a message nobody is bound for; its confirm follows and settles it."""
        self._returned[properties.message_id] += 1

    def _on_close(self, channel: Pika, error: Pika) -> None:
        if channel is not self._channel:
            return
        self._channel = self._encoder = None
        if self._link.express is not None:
            self._link.express.forget(channel)
        if isinstance(error, exceptions.ChannelClosedByBroker):
            reason = cause(error)
            if reason != self._said:
                self._said = reason
                log.warning("bus.refused", exchange=self._exchange, reason=reason)
            self._fail_all(f"channel closed: {reason}")
            self._link.later(self._backoff.delay_s(), self._open)
        else:
            self._fail_all(CONNECTION_LOST)

    def _on_blocked(self, _connection: object, frame: Pika) -> None:
        if self._blocked_since is None:
            self._blocked_since = time.monotonic()
            log.warning("bus.blocked", reason=str(frame.method.reason))

    def _on_unblocked(self, _connection: object, _frame: object) -> None:
        log.info("bus.unblocked", blocked_s=round(self.blocked_s, 3))
        self._blocked_since = None

    def _settle(self, ids: Sequence[str], error: str | None) -> None:
        with self._changed:
            for each in ids:
                if self._returned and each in self._returned:
                    self._returned[each] -= 1
                    if not self._returned[each]:
                        del self._returned[each]
                    self._settled.append(Settled(id=each, error=UNROUTABLE))
                else:
                    self._settled.append(Settled(id=each, error=error))
            self._in_flight -= len(ids)
            self._changed.notify_all()

    def _fail_all(self, error: str) -> None:
        with self._changed:
            self._ready = False
            ids = [*self._unconfirmed.values(), *(event.id for event in self._waiting)]
            self._unconfirmed.clear()
            self._waiting.clear()
            self._settle(ids, error)
            self._returned.clear()
