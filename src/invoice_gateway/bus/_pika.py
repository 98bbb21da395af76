"""Every place where we reach inside pika, each with its reason; all else goes through its API.

A new pika is safe to use when tests/bus passes.
"""

import errno
import logging
import ssl
from collections.abc import Callable
from functools import cache
from itertools import groupby
from operator import itemgetter
from typing import Any, NoReturn, TypeAlias

import pika  # type: ignore[import-untyped]
import structlog
from pika import data as pika_data
from pika import frame as pika_frame

from invoice_gateway.bus._wire import (
    OVERHEAD,
    Confirm,
    Consumer,
    Encoder,
    Found,
    consumer,
    take_confirms,
    take_deliveries,
)

log = structlog.get_logger()

Pika: TypeAlias = Any  # pika carries no types

RECEIVE_BYTES = 32 * 1024
SEND_BYTES = 256 * 1024
EXPRESS_RECEIVE_BYTES = 64 * 1024
TRICKLE_S = 0.2
"""How often a connection that is not read is read a little all the same."""

EXPRESS = True
"""Whether to take the short way past pika; without it everything works, at twice the cost."""

# What the short way and the valve rely on; where one is missing we do without.
_INSIDE_CONNECTION = (
    "_body_max_length",
    "_frame_buffer",
    "_on_data_available",
    "_output_marshaled_frames",
    "_process_frame",
    "bytes_received",
)
_INSIDE_TRANSPORT = (
    "_MAX_RECV_BYTES",
    "_nbio",
    "_on_socket_readable",
    "_sigint_safe_recv",
    "_sock",
)

# Bytes that follow the one-byte kind of a fixed-size field (AMQP 0-9-1 with RabbitMQ's errata).
_FIXED = {b"f": 4, b"d": 8, b"D": 5, b"T": 8}
_LENGTH_PREFIXED = {b"A", b"F"}

_WHO = itemgetter(0)

_decode_value = pika_data.decode_value


def make_tolerant() -> None:
    """Have pika read a header value it cannot represent as None; calling it again changes nothing.

    Without this a header with a NaN, an infinity, a date beyond the year 9999 or deep nesting
    raises inside pika's loop before anyone sees the message: the connection dies, the broker
    delivers the message again, and one stranger's message stops the queue for all.
    """
    pika_data.decode_value = _tolerant


def hush() -> None:
    """Leave it to our own events to tell of connections, unless somebody asked pika to speak."""
    logger = logging.getLogger("pika")
    if logger.level == logging.NOTSET:
        logger.setLevel(logging.CRITICAL)


def read_wide(connection: Pika) -> None:
    """Read 32 KiB at a time instead of 4: each read gives up the interpreter lock and waits for it.

    Not more, as pika moves what is left of the buffer once per frame.
    """
    connection._transport._MAX_RECV_BYTES = RECEIVE_BYTES  # noqa: SLF001


def join_writes(connection: Pika) -> None:
    """Send what is buffered in pieces of 256 KiB, not frame by frame (three per message)."""
    transport = connection._transport  # noqa: SLF001
    buffers = transport._tx_buffers  # noqa: SLF001
    if len(buffers) > 1:
        whole = b"".join(buffers)
        buffers.clear()
        buffers.extend(whole[at : at + SEND_BYTES] for at in range(0, len(whole), SEND_BYTES))


def keep_delivering(channel: Pika, consumer: str) -> None:
    """Go on receiving what is still under way to a consumer being cancelled.

    Pika would reject it message by message: out of order, and as failed deliveries.
    """
    channel._cancelled.discard(consumer)  # noqa: SLF001


def close_at_once(channel: Pika) -> None:
    """Close without the cancel pika sends first, which mixes up what is still under way."""
    channel._cancelled.update(channel._consumers)  # noqa: SLF001
    channel.close()


def version_of_broker(connection: Pika) -> tuple[int, ...]:
    """Return e.g. (3, 10) or (4, 3); nothing when the broker does not say."""
    said = str((connection.server_properties or {}).get("version", ""))
    return tuple(int(part) for part in said.split(".")[:2] if part.isdigit())


def drop(connection: Pika, error: Exception | None) -> None:
    """Let go of a connection that answers no more; there is no public way to do it."""
    if not connection.is_closed:
        connection._terminate_stream(error)  # noqa: SLF001


class Express:
    """A way past pika for what happens once per message: deliveries, confirms, publishing.

    Pika makes three frames, a method and its properties of every message, each an object, and cuts
    its buffer at each frame. What is not plain (see `_wire`), or belongs to nobody registered here,
    goes to pika's own code in the order it came.
    """

    def __init__(self, connection: Pika) -> None:
        self._connection = connection
        self._consumers: dict[int, Consumer] = {}
        self._confirms: dict[int, Callable[[list[Confirm]], None]] = {}
        connection._transport._MAX_RECV_BYTES = EXPRESS_RECEIVE_BYTES  # noqa: SLF001
        connection._on_data_available = self._on_data  # noqa: SLF001

    def deliver(self, channel: Pika, tag: str, to: Callable[[list[Found]], None]) -> None:
        """Hand what comes for consumer `tag` to `to`, as many at a time as were read at once."""
        self._consumers[channel.channel_number] = consumer(tag, to)

    def confirm(self, channel: Pika, to: Callable[[list[Confirm]], None]) -> None:
        """Hand confirms (not refusals) to `to`, as many at a time as were read at once."""
        self._confirms[channel.channel_number] = to

    def forget(self, channel: Pika) -> None:
        """Leave what comes on `channel` to pika from now on."""
        self._consumers.pop(channel.channel_number, None)
        self._confirms.pop(channel.channel_number, None)

    def encoder(
        self,
        channel: Pika,
        exchange: str,
        *,
        content_type: str,
        app_id: str,
        user_id: str | None,
    ) -> Encoder:
        """Return what writes messages to `exchange`, persistent and mandatory."""

        def method(key: str) -> bytes:
            publish = pika.spec.Basic.Publish(exchange=exchange, routing_key=key, mandatory=True)
            found: bytes = pika_frame.Method(channel.channel_number, publish).marshal()
            return found

        return Encoder(
            channel.channel_number,
            method,
            body_max=self._connection._body_max_length,  # noqa: SLF001
            content_type=content_type,
            app_id=app_id,
            user_id=user_id,
        )

    def send(self, frames: list[bytes]) -> None:
        """Send whole frames, in order, in pieces: what the socket does not take is copied."""
        whole = b"".join(frames)
        pieces = [whole[at : at + SEND_BYTES] for at in range(0, len(whole), SEND_BYTES)]
        self._connection._output_marshaled_frames(pieces)  # noqa: SLF001

    def _on_data(self, new: bytes) -> None:
        """Read what came; stands in for pika's own `_on_data_available`."""
        connection = self._connection
        kept = connection._frame_buffer  # noqa: SLF001
        buffer, at = (kept + new if kept else new), 0
        try:
            while True:
                start, at = at, self._take(buffer, at)
                used, frame = pika_frame.decode_frame(_next_frame(buffer, at))
                at += used
                connection.bytes_received += at - start
                if frame is None:
                    break
                connection._process_frame(frame)  # noqa: SLF001
        finally:
            connection._frame_buffer = buffer[at:]  # noqa: SLF001

    def _take(self, buffer: bytes, at: int) -> int:
        """Hand over deliveries and confirms; return where something else begins."""
        found: list[tuple[Consumer, Found]] = []
        at = take_deliveries(buffer, at, self._consumers, found)
        for known, several in groupby(found, _WHO):
            known.deliver([each for _, each in several])
        for channel, to in self._confirms.items():
            confirms: list[Confirm] = []
            at = take_confirms(buffer, at, channel, confirms)
            if confirms:
                to(confirms)
        return at


def express(connection: Pika) -> Express | None:
    """Return the short way past pika on an open connection; None where pika has changed inside."""
    if EXPRESS and _is_known(connection):
        return Express(connection)
    return None


class Valve:
    """Lets an open connection go unread for a while, so that TCP makes the broker wait.

    Now and then a little is read all the same: heartbeats, and a sign of life for a broker that
    gives up on peers which take nothing. Where pika has changed inside it does nothing.
    """

    def __init__(self, connection: Pika) -> None:
        self._connection = connection
        self._shut = False

    def shut(self) -> None:
        """Read nothing more for now; calling it again changes nothing."""
        transport = self._connection._transport  # noqa: SLF001
        if self._shut or transport is None or not _is_known(self._connection):
            return
        self._shut = True
        self._block()
        transport._nbio.remove_reader(transport._sock.fileno())  # noqa: SLF001
        self._connection.ioloop.call_later(TRICKLE_S, self._trickle)

    def open(self) -> None:
        """Read on; calling it again changes nothing."""
        if self._shut:
            self._shut = False
            if (transport := self._unblock()) is not None:
                readable = transport._on_socket_readable  # noqa: SLF001
                transport._nbio.set_reader(transport._sock.fileno(), readable)  # noqa: SLF001
                self._connection.ioloop.add_callback_threadsafe(readable)  # TLS may hold something

    def _trickle(self) -> None:
        if self._shut and (transport := self._unblock()) is not None:
            transport._on_socket_readable()  # noqa: SLF001
            if self._shut:
                self._block()
                self._connection.ioloop.call_later(TRICKLE_S, self._trickle)

    def _block(self) -> None:
        """Have reading find nothing: TLS reads again of its own accord, whatever there is to it."""
        transport = self._connection._transport  # noqa: SLF001
        if transport is not None:
            transport._sigint_safe_recv = _nothing_there  # noqa: SLF001

    def _unblock(self) -> Pika:
        transport = self._connection._transport  # noqa: SLF001
        if transport is not None:
            vars(transport).pop("_sigint_safe_recv", None)
        return transport


def _nothing_there(sock: Pika, _most: int) -> NoReturn:
    if isinstance(sock, ssl.SSLSocket):
        raise ssl.SSLWantReadError(ssl.SSL_ERROR_WANT_READ, "not reading")
    raise BlockingIOError(errno.EAGAIN, "not reading")


def _is_known(connection: Pika) -> bool:
    """Return whether pika looks inside as it did when this was written; say so if it does not."""
    transport = connection._transport  # noqa: SLF001
    missing = [
        *(name for name in _INSIDE_CONNECTION if not hasattr(connection, name)),
        *(name for name in _INSIDE_TRANSPORT if not hasattr(transport, name)),
    ]
    if missing:
        _tell_once(pika.__version__, missing[0])
    return not missing


@cache
def _tell_once(version: str, missing: str) -> None:
    log.warning("bus.pika_unknown", version=version, missing=missing)


def _next_frame(buffer: bytes, at: int) -> bytes:
    """Return the frame that begins at `at`; nothing when it is not complete yet."""
    if buffer.startswith(b"AMQP"[: len(buffer) - at], at):
        return buffer[at:]  # no frame, but what a broker says to a version it does not speak
    stop = at + OVERHEAD + int.from_bytes(buffer[at + 3 : at + 7])
    return buffer[at:stop] if stop <= len(buffer) else b""


def _tolerant(encoded: bytes, offset: int) -> tuple[Any, int]:
    try:
        value, end = _decode_value(encoded, offset)
    except (ValueError, ArithmeticError, OSError, RecursionError):
        kind, start = encoded[offset : offset + 1], offset + 1
        if kind in _FIXED:
            return None, start + _FIXED[kind]
        if kind in _LENGTH_PREFIXED:
            return None, start + 4 + int.from_bytes(encoded[start : start + 4])
        raise
    return value, end
