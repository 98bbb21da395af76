"""How columns of values are written for PostgreSQL: as arrays, and as the lines of a COPY.

Arrays travel as text literals, which cost a tenth of what adapting Python lists does; those of
bytes, and of texts that would have to be escaped, travel in binary. To turn a number into digits is
what costs most, so a value that repeats is written once.
"""

import struct
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

import sqlalchemy as sa
from psycopg import postgres
from psycopg.adapt import Dumper
from psycopg.pq import Format

from .columns import Enclosed, Instant

NULL = "\\N"
COPY_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})

SAMPLE = 32
"""So many numbers tell whether a column repeats itself."""

CopyEncoder = Callable[[Sequence[Any]], Sequence[str]]
Encoder = Callable[[Sequence[Any]], str | bytes]


class Blobs(bytes):
    """An array of byte strings in the binary form of PostgreSQL: nothing is spelled out in hex."""

    __slots__ = ()


class Texts(bytes):
    """An array of texts in the binary form of PostgreSQL: nothing is escaped."""

    __slots__ = ()


class _AsItIs(Dumper):
    """How the driver sends what is in binary form already."""

    format = Format.BINARY

    def dump(self, obj: bytes) -> bytes:
        """Return the array."""
        return obj


class BlobsDumper(_AsItIs):
    """How the driver sends `Blobs`."""

    oid = postgres.types["bytea"].array_oid


class TextsDumper(_AsItIs):
    """How the driver sends `Texts`."""

    oid = postgres.types["text"].array_oid


_HEAD = struct.Struct(">iiIii")
"""Dimensions, whether there are NULLs, type of an element; length and lower bound."""
_SIZE = struct.Struct(">i").pack
_MISSING = _SIZE(-1)
_BYTEA = postgres.types["bytea"].oid
_TEXT = postgres.types["text"].oid


def same(values: Sequence[Any]) -> bool:
    """Return whether all `values`, of which there are some, are equal."""
    first = values[0]
    return bool(values[-1] == first) and values.count(first) == len(values)


# -- arrays -----------------------------------------------------------------------------------


def array(encode: Encoder, values: Sequence[Any]) -> str | bytes:
    """Return the array of `values`, of which there are some, as `encode` writes it."""
    if same(values):
        one = encode(values[:1])
        if isinstance(one, str):
            return "{" + ",".join([one[1:-1]] * len(values)) + "}"
    return encode(values)


def quoted(values: Sequence[str | None]) -> str:
    """Return a literal of texts."""
    found = _unescaped(values)
    return "{" + ",".join(map(_element, values)) + "}" if found is None else found


def _unescaped(values: Sequence[str | None]) -> str | None:
    """Return a literal of texts, or None when one is missing or would have to be escaped."""
    try:
        inner = '","'.join(values)  # type: ignore[arg-type]
    except TypeError:
        return None
    if "\\" in inner or inner.count('"') != 2 * len(values) - 2:
        return None
    return '{"' + inner + '"}'


def _element(value: str | None) -> str:
    if value is None:
        return "NULL"
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _texts(values: Sequence[str | None]) -> str | Texts:
    """Return an array of texts."""
    found = _unescaped(values)
    if found is not None:
        return found
    if same(values) and values[0] is None:
        return _plain(values)
    return Texts(_binary(_TEXT, [each if each is None else each.encode() for each in values]))


def _bytes(values: Sequence[bytes]) -> Blobs:
    """Return an array of byte strings."""
    return Blobs(_binary(_BYTEA, values))


def _binary(oid: int, values: Sequence[bytes | None]) -> bytes:
    """Return an array of this type in binary form."""
    pieces: list[bytes] = [b""] * (2 * len(values))
    try:
        pieces[0::2] = map(_SIZE, map(len, values))  # type: ignore[arg-type]
        pieces[1::2] = values  # type: ignore[assignment]
    except TypeError:  # some are missing
        pieces = [_MISSING if each is None else _SIZE(len(each)) + each for each in values]
    return _HEAD.pack(1, 1, oid, len(values), 1) + b"".join(pieces)


def _plain(values: Sequence[Any]) -> str:
    """Return an array of values of which none needs quotes, as `str` writes them."""
    return "{" + ",".join(map(str, values)).replace("None", "NULL") + "}"


def _numbers(values: Sequence[int | None]) -> str:
    """Return an array of numbers."""
    try:
        return "{" + ("%d," * len(values) % tuple(values))[:-1] + "}"  # half of what str() costs
    except TypeError:  # some are missing
        return _plain(values)


def _moments(values: Sequence[str | None]) -> str:
    """Return an array of dates or instants, given as texts."""
    try:
        return "{" + ",".join(values) + "}"  # type: ignore[arg-type]
    except TypeError:  # some are missing
        return _plain(values)


# -- COPY -------------------------------------------------------------------------------------


def lines(encoders: Sequence[CopyEncoder], columns: Sequence[Sequence[Any]]) -> str:
    """Return the rows of `columns`, of which there are some, as the lines of a COPY.

    What a column says the same in all rows is written once, into what stands between the others.
    """
    count = len(columns[0])
    varying: list[Sequence[str]] = []
    between = [""]
    for encode, values in zip(encoders, columns, strict=True):
        if same(values):
            between[-1] += encode(values[:1])[0]
        else:
            varying.append(encode(values))
            between.append("")
        between[-1] += "\t"
    end = between[-1][:-1] + "\n"
    if not varying:
        return end * count
    width = 2 * len(varying)
    pieces = [""] * (width * count)
    for at, (texts, after) in enumerate(
        zip(varying, [*between[1:-1], end + between[0]], strict=True)
    ):
        pieces[2 * at :: width] = texts
        pieces[2 * at + 1 :: width] = [after] * count
    pieces[-1] = end
    return between[0] + "".join(pieces)


def _copy_text(values: Sequence[str | None]) -> Sequence[str]:
    """Return texts as COPY takes them; nothing is done to ordinary ones."""
    try:
        joined = "".join(values)  # type: ignore[arg-type]
    except TypeError:
        return _copy_or_null(_copy_text, values)
    if "\\" in joined or "\t" in joined or "\n" in joined or "\r" in joined:
        return [value.translate(COPY_ESCAPES) for value in values]  # type: ignore[union-attr]
    return values  # type: ignore[return-value]


def _copy_number(values: Sequence[int]) -> Sequence[str]:
    """Return numbers, of which none is missing, as COPY takes them."""
    if 2 * len({*values[:SAMPLE]}) > min(len(values), SAMPLE):
        return [*map(repr, values)]
    return _copy_plain(values)


def _copy_plain(values: Sequence[Any]) -> Sequence[str]:
    """Return numbers, truth values, dates or instants as COPY takes them."""
    texts = {value: NULL if value is None else str(value) for value in {*values}}
    if len(texts) == 1:
        return [*texts.values()] * len(values)
    return itemgetter(*values)(texts)  # type: ignore[no-any-return]


def _copy_bytes(values: Sequence[bytes]) -> Sequence[str]:
    """Return byte strings as COPY takes them."""
    return [f"\\\\x{value.hex()}" for value in values]


def _copy_or_null(encode: CopyEncoder, values: Sequence[Any]) -> Sequence[str]:
    """Return values of which some are missing, the others as `encode` writes them."""
    there = [value for value in values if value is not None]
    found = iter(encode(there))
    return [NULL if value is None else next(found) for value in values]


def encoders_of(column: sa.Column[Any]) -> tuple[Encoder, CopyEncoder]:
    """Return how the values of `column` are written in an array, and in a COPY."""
    if isinstance(column.type, sa.LargeBinary | Enclosed):
        assert not column.nullable, "an array of byte strings has no gaps"
        return _bytes, _copy_bytes
    if isinstance(column.type, sa.Text):
        return _texts, _copy_text
    if isinstance(column.type, sa.Integer):
        return _numbers, _copy_plain if column.nullable else _copy_number
    return (_moments if isinstance(column.type, sa.Date | Instant) else _plain), _copy_plain
