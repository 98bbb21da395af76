"""The two dialects in one place: sets of keys to look up, and statements that write many rows.

PostgreSQL takes one array per column and one statement per table and batch (see `encoders`). Many
new rows go by COPY, which costs the server half of that. SQLite takes the rows one by one from
`executemany`, and sets of keys as JSON. Identifiers in statements come from the tables, never from
input.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from .encoders import CopyEncoder, Encoder, array, encoders_of, lines, quoted

COPY_CHUNK = 500
"""So many rows are made ready while the server takes in those before."""

Columns = Sequence[Sequence[Any]]
Row = Sequence[Any]


def cleaned(texts: Sequence[str]) -> Sequence[str]:
    """Return `texts` as any database takes them; see `clean`."""
    joined = "".join(texts)
    if joined.isascii() and "\0" not in joined:
        return texts
    return [*map(clean, texts)]


def clean(text: str) -> str:
    """Return `text` as any database takes it: no NUL and no lone surrogate, which become U+FFFD."""
    if text.isascii():
        return text.replace("\0", "\ufffd")
    return text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")


def _type(kind: sa.types.TypeEngine[Any]) -> str:
    name = kind.compile(dialect=pg.dialect())  # type: ignore[no-untyped-call]
    return name.partition(" COLLATE")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bulk:
    """A statement that takes many values of each of `columns`, in both dialects.

    `copy` is the same as a COPY, for statements that only add rows.
    """

    postgresql: str
    sqlite: str
    columns: tuple[sa.Column[Any], ...]
    copy: str | None = None
    encoders: tuple[Encoder, ...] = field(init=False)
    copy_encoders: tuple[CopyEncoder, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Choose once how each column is written."""
        arrays, copies = zip(*map(encoders_of, self.columns), strict=True)
        object.__setattr__(self, "encoders", arrays)
        object.__setattr__(self, "copy_encoders", copies)

    def arrays(self, values: Columns) -> tuple[str | bytes, ...]:
        """Return one array per column of `values`, of which none is empty."""
        return tuple(map(array, self.encoders, values))

    def chunks(self, values: Columns) -> Iterator[str]:
        """Yield the rows of the columns `values` as the lines of a COPY, some hundred at a time."""
        for start in range(0, len(values[0]), COPY_CHUNK):
            part = [column[start : start + COPY_CHUNK] for column in values]
            yield lines(self.copy_encoders, part)


def arrays(columns: Iterable[sa.Column[Any]]) -> str:
    """Return placeholders for one array per column, with its type."""
    return ", ".join(f"%s::{_type(column.type)}[]" for column in columns)


def inserting(table: sa.Table, names: Sequence[str], clash: str = "") -> Bulk:
    """Return the insert of rows of `names` into `table`; `clash` is an ON CONFLICT clause."""
    columns = tuple(table.c[name] for name in names)
    into = f"INTO {table.name} ({', '.join(names)})"
    marks = ", ".join("?" * len(names))
    return Bulk(
        postgresql=f"INSERT {into} SELECT * FROM unnest({arrays(columns)}) {clash}",  # noqa: S608
        sqlite=f"INSERT {into} VALUES ({marks}) {clash}",  # noqa: S608
        columns=columns,
        copy=None if clash else f"COPY {into.removeprefix('INTO ')} FROM STDIN",
    )


def upserting(
    table: sa.Table, keys: Sequence[str], names: Sequence[str], newest: str | None = None
) -> Bulk:
    """Return the insert of rows that overwrites `names` where the `keys` exist.

    Where `newest` is given, rows with a later value there stay as they are.
    """
    sets = ", ".join(f"{name} = excluded.{name}" for name in names)
    clash = f"ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {sets}"
    if newest is not None:
        clash += f" WHERE {table.name}.{newest} <= excluded.{newest}"
    return inserting(table, (*keys, *names), clash)


def updating(table: sa.Table, key: str, names: Sequence[str]) -> Bulk:
    """Return the update of `names` in the rows of `table` found by `key`, which comes first."""
    columns = tuple(table.c[name] for name in (key, *names))
    new = ", ".join(f"{name} = new.{name}" for name in names)
    marks = ", ".join(f"{name} = ?{at}" for at, name in enumerate(names, start=2))
    listed = ", ".join((key, *names))
    return Bulk(
        postgresql=f"UPDATE {table.name} SET {new} "  # noqa: S608
        f"FROM unnest({arrays(columns)}) AS new ({listed}) WHERE {table.name}.{key} = new.{key}",
        sqlite=f"UPDATE {table.name} SET {marks} WHERE {key} = ?1",  # noqa: S608
        columns=columns,
    )


def deleting(table: sa.Table, key: str) -> Bulk:
    """Return the deletion of the rows of `table` found by `key`."""
    columns = (table.c[key],)
    return Bulk(
        postgresql=f"DELETE FROM {table.name} WHERE {key} = ANY({arrays(columns)})",  # noqa: S608
        sqlite=f"DELETE FROM {table.name} WHERE {key} = ?",  # noqa: S608
        columns=columns,
    )


def numbers(values: Iterable[int], *, postgresql: bool) -> str:
    """Return the parameter for `among`."""
    listed = ",".join(map(str, values))
    return "{" + listed + "}" if postgresql else f"[{listed}]"


def among(column: sa.Column[int], name: str, *, postgresql: bool) -> sa.ColumnElement[bool]:
    """Return the condition that `column` is one of the `numbers` in the parameter `name`."""
    if postgresql:
        return column == sa.text(f"ANY (CAST(:{name} AS bigint[]))")
    return column.in_(sa.text(f"SELECT value FROM json_each(:{name})"))  # noqa: S608


def keyset(name: str, *columns: str, postgresql: bool) -> sa.Subquery:
    """Return the keys given as parameter `name` (see `keys`) as a table of texts to join with."""
    shape = [sa.column(column, sa.Text()) for column in columns]
    return (
        sa.text(keyset_query(name, *columns, postgresql=postgresql))
        .columns(*shape)
        .subquery(f"{name}_keys")
    )


def keyset_query(name: str, *columns: str, postgresql: bool) -> str:
    """Return the query behind `keyset`."""
    if postgresql:
        arrays = ", ".join(f"CAST(:{name}_{column} AS text[])" for column in columns)
        return f"SELECT * FROM unnest({arrays}) AS {name}_rows ({', '.join(columns)})"  # noqa: S608
    fields = ", ".join(
        f"json_extract(value, '$[{at}]') AS {column}" for at, column in enumerate(columns)
    )
    return f"SELECT {fields} FROM json_each(:{name})"  # noqa: S608


def keys(
    name: str, *columns: str, rows: Iterable[Sequence[str]], postgresql: bool
) -> dict[str, str]:
    """Return the parameters that fill the `keyset` of this name with `rows`."""
    if not postgresql:
        return {name: json.dumps([*rows])}
    arrays = [quoted(each) for each in zip(*rows, strict=True)] or ["{}"] * len(columns)
    return {f"{name}_{column}": each for column, each in zip(columns, arrays, strict=True)}
