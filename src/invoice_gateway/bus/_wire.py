"""AMQP 0-9-1 as bytes: the three things that happen once per message, read and written in one go.

Only the plain form is known here. For anything else these functions say so, and pika does it.
"""

import struct
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import NamedTuple, TypeVar

from pika import BasicProperties, data  # type: ignore[import-untyped]
from pika.exceptions import AMQPError  # type: ignore[import-untyped]

from invoice_gateway.bus._headers import own_headers, text
from invoice_gateway.engine.ports import Outgoing

Value = TypeVar("Value")

_END = 0xCE
_MARK = bytes((_END,))
_FRAME = struct.Struct(">BHL")  # kind, channel, size of the payload
_CONTENT = struct.Struct(">BHLHHQ")  # the same, then class, weight and size of the body
_DELIVERED = struct.Struct(">QB")  # delivery tag, redelivered
_BASIC = 60
_METHOD, _HEADER, _BODY = 1, 2, 3
_DELIVER = b"\x00\x3c\x00\x3c"
_ACK = b"\x00\x00\x00\x0d\x00\x3c\x00\x50"
_ACK_BYTES = 21
OVERHEAD = 8
"""Bytes of a frame beside its payload."""

Found = tuple[int, bool, bytes, bytes]
"""Delivery tag, redelivered, encoded properties, body."""

Confirm = tuple[int, bool]
"""Delivery tag, and whether all before it are meant as well."""


class Consumer(NamedTuple):
    """Who gets the deliveries of a channel; the payload of their first frame begins with `sign`."""

    sign: bytes
    deliver: Callable[[list[Found]], None]


def consumer(tag: str, deliver: Callable[[list[Found]], None]) -> Consumer:
    """Return the consumer that the broker knows as `tag`."""
    return Consumer(_DELIVER + short(tag), deliver)


def take_deliveries(
    buffer: bytes, at: int, consumers: Mapping[int, Consumer], found: list[tuple[Consumer, Found]]
) -> int:
    """Move whole deliveries from `buffer` to `found`; return where something else begins.

    A whole delivery is three frames: method, properties, and a body that fits one frame.
    """
    frame, content, delivered, size = (
        _FRAME.unpack_from,
        _CONTENT.unpack_from,
        _DELIVERED,
        len(buffer),
    )
    try:
        while at < size:
            kind, channel, length = frame(buffer, at)
            if kind != _METHOD or (known := consumers.get(channel)) is None:
                break
            header = at + length + OVERHEAD
            if not buffer.startswith(known.sign, at + 7) or buffer[header - 1] != _END:
                break
            kind, also, length, of, _, whole = content(buffer, header)
            body = header + length + OVERHEAD
            if kind != _HEADER or also != channel or of != _BASIC or buffer[body - 1] != _END:
                break
            kind, also, length = frame(buffer, body)
            stop = body + length + OVERHEAD
            if kind != _BODY or also != channel or length != whole or buffer[stop - 1] != _END:
                break
            tag, flags = delivered.unpack_from(buffer, at + 7 + len(known.sign))
            properties, content_bytes = buffer[header + 19 : body - 1], buffer[body + 7 : stop - 1]
            found.append((known, (tag, flags & 1 == 1, properties, content_bytes)))
            at = stop
    except (struct.error, IndexError):  # the rest is still under way
        pass
    return at


def take_confirms(buffer: bytes, at: int, channel: int, found: list[Confirm]) -> int:
    """Move confirms (delivery tag, multiple) to `found`; return where something else begins."""
    sign = struct.pack(">BH", _METHOD, channel) + _ACK
    while buffer.startswith(sign, at):
        stop = at + _ACK_BYTES
        if stop > len(buffer) or buffer[stop - 1] != _END:
            break
        tag, multiple = _DELIVERED.unpack_from(buffer, at + len(sign))
        found.append((tag, multiple & 1 == 1))
        at = stop
    return at


# -- properties -----------------------------------------------------------------------------------


class Properties(NamedTuple):
    """What we want to know of a message, made harmless."""

    user_id: str | None
    message_id: str | None
    type: str | None
    content_type: str | None
    headers: dict[str, str]


def harmless(found: BasicProperties) -> Properties:
    """Return the properties as pika read them, made harmless."""
    return Properties(
        text(found.user_id),
        text(found.message_id),
        text(found.type),
        text(found.content_type),
        own_headers(found.headers),
    )


# Every property, from the highest flag down: bytes it takes, or what kind of value it is.
_SKIP, _TABLE = "short string", "headers"
_LAYOUT: tuple[int | str, ...] = (
    "content_type", _SKIP, _TABLE, 1, 1, _SKIP, _SKIP, _SKIP, "message_id", 8, "type", "user_id",
    _SKIP, _SKIP,
)  # fmt: skip
_UNUSUAL_FLAGS = 0x0003  # another word of flags, and a flag that means nothing

_CACHED_MAX = 2_048
_CACHED_BYTES_MAX = 512


class Decoder:
    """Reads encoded properties; the headers and words that many messages share are read once."""

    def __init__(self) -> None:
        self._headers: dict[bytes, dict[str, str]] = {}
        self._words: dict[bytes, str] = {}

    def decode(self, raw: bytes) -> Properties:
        """Return what pika would read in `raw`, made harmless. Raises what pika would raise."""
        try:
            return self._decode(raw)
        except (struct.error, IndexError, _Unusual):
            return harmless(BasicProperties().decode(raw))

    def _decode(self, raw: bytes) -> Properties:
        flags = raw[0] << 8 | raw[1]
        if flags & _UNUSUAL_FLAGS:
            raise _Unusual
        at = 2
        words: dict[str, str | None] = {}
        headers: dict[str, str] = {}
        for kind in _present(flags):
            if kind.__class__ is int:
                at += kind
            elif kind == _TABLE:
                stop = at + 4 + int.from_bytes(raw[at : at + 4])
                headers = self._table(raw[at:stop])
                at = stop
            else:
                stop = at + 1 + raw[at]
                if kind == "message_id":  # the one that no two messages share
                    words[kind] = _clean(raw[at + 1 : stop])
                elif kind != _SKIP:
                    words[kind] = self._word(raw[at + 1 : stop])  # type: ignore[index] # a name
                at = stop
        if at > len(raw):
            raise _Unusual
        known = words.get
        return Properties(
            known("user_id"), known("message_id"), known("type"), known("content_type"), headers
        )

    def _word(self, raw: bytes) -> str:
        found = self._words.get(raw)
        if found is None:
            found = _clean(raw)
            _remember(self._words, raw, found)
        return found

    def _table(self, raw: bytes) -> dict[str, str]:
        found = self._headers.get(raw)
        if found is None:
            table, stop = data.decode_table(raw, 0)
            if stop != len(raw):
                raise _Unusual
            found = own_headers(table)
            _remember(self._headers, raw, found)
        return found


class _Unusual(Exception):
    """Something that pika had better read."""


def _remember(known: dict[bytes, Value], raw: bytes, found: Value) -> None:
    if len(raw) <= _CACHED_BYTES_MAX:
        if len(known) >= _CACHED_MAX:
            known.clear()
        known[raw] = found


def _clean(raw: bytes) -> str:
    return raw.decode("utf-8", "replace").replace("\0", "\ufffd")


@lru_cache(maxsize=256)
def _present(flags: int) -> tuple[int | str, ...]:
    return tuple(kind for at, kind in enumerate(_LAYOUT) if flags & 1 << (15 - at))


# -- what we send ---------------------------------------------------------------------------------

_OURS = struct.pack(">H", 1 << 15 | 1 << 13 | 1 << 12 | 1 << 7 | 1 << 6 | 1 << 5 | 1 << 3)
_OURS_WITH_USER = struct.pack(">H", int.from_bytes(_OURS) | 1 << 4)
_LENGTH = struct.Struct(">I")
_PERSISTENT = b"\x02"


def short(value: str) -> bytes:
    """Return a short string. Raises ValueError above 255 bytes."""
    raw = value.encode()
    return bytes((len(raw),)) + raw


class Encoder:
    """Writes the frames of messages that differ in little.

    Args:
        channel: Number of the channel.
        method: Returns the first frame of a message with this routing key.
        body_max: The largest body that fits one frame, in bytes.
        content_type: The same for all, as is `app_id`, and `user_id` where there is one.
    """

    def __init__(
        self,
        channel: int,
        method: Callable[[str], bytes],
        *,
        body_max: int,
        content_type: str,
        app_id: str,
        user_id: str | None = None,
    ) -> None:
        self._channel = channel
        self._method = method
        self._head = (_OURS if user_id is None else _OURS_WITH_USER) + short(content_type)
        self._tail = (b"" if user_id is None else short(user_id)) + short(app_id)
        self._body_max = body_max
        self._methods: dict[str, bytes] = {}
        self._names: dict[str, bytes] = {}

    def encode(self, event: Outgoing, timestamp: int) -> bytes | None:
        """Return the frames of `event`; None: pika had better write them."""
        body = event.body
        if not 0 < len(body) <= self._body_max:
            return None
        try:
            table = self._table(event.headers)
            properties = b"".join(
                (
                    self._head,
                    _LENGTH.pack(len(table)),
                    table,
                    _PERSISTENT,
                    short(event.id),
                    timestamp.to_bytes(8),
                    short(event.type),
                    self._tail,
                )
            )
            method = self._methods.get(event.key) or self._first(event.key)
        except (ValueError, AttributeError, AssertionError, AMQPError):
            return None  # too long, or no text: pika knows how to say it
        channel, size = self._channel, len(body)
        header = _CONTENT.pack(_HEADER, channel, 12 + len(properties), _BASIC, 0, size)
        frames = (method, header, properties, _MARK, _FRAME.pack(_BODY, channel, size), body, _MARK)
        return b"".join(frames)

    def _table(self, headers: Mapping[str, str]) -> bytes:
        parts: list[bytes] = []
        known, length = self._names.get, _LENGTH.pack
        for name, value in headers.items():
            raw = value.encode()
            parts += (known(name) or self._name(name), length(len(raw)), raw)
        return b"".join(parts)

    def _name(self, name: str) -> bytes:
        found = short(name) + b"S"
        if len(self._names) < _CACHED_MAX:
            self._names[name] = found
        return found

    def _first(self, key: str) -> bytes:
        found = self._method(key)
        if len(self._methods) < _CACHED_MAX:
            self._methods[key] = found
        return found
