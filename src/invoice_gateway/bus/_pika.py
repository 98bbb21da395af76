"""Every place where we reach inside pika, each with its reason; all else goes through its API.

A new pika is safe to use when tests/bus passes.
"""

import logging
from typing import Any, TypeAlias

from pika import data as pika_data  # type: ignore[import-untyped]

Pika: TypeAlias = Any  # pika carries no types

RECEIVE_BYTES = 32 * 1024
SEND_BYTES = 256 * 1024

# Bytes that follow the one-byte kind of a fixed-size field (AMQP 0-9-1 with RabbitMQ's errata).
_FIXED = {b"f": 4, b"d": 8, b"D": 5, b"T": 8}
_LENGTH_PREFIXED = {b"A", b"F"}

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
