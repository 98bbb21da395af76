"""Identity constraints checked on columns: what xs:unique, xs:key and xs:keyref ask of rows.

The check only ever says *surely valid*. In any doubt the schema itself is asked, so that libxml2
alone refuses, and in its own words.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, NamedTuple

from invoice_gateway.xml import lexical
from invoice_gateway.xml.rows import Rows


class Columns(NamedTuple):
    """The columns `names` of the rows at `path`; `decimals` says which of them are numbers.

    Each row has one value of each column, which is a token where it is no number.
    """

    path: str
    names: tuple[str, ...]
    decimals: tuple[bool, ...]


class Key(NamedTuple):
    """Rows of which no two are alike, and others that are each like one of them."""

    rows: Columns
    references: tuple[Columns, ...]


def surely_hold(keys: Iterable[Key], rows: Callable[[str], Rows]) -> bool:
    """Return whether `keys` hold in a document that is valid apart from them; False in any doubt.

    Two rows surely differ when they do with their numbers normalised. One row surely refers to
    another when it says the same letter by letter.

    Args:
        keys: What should hold.
        rows: Returns the rows at a path of the document.
    """
    try:
        for key in keys:
            columns = _read(key.rows, rows)
            if not (all(map(all, columns)) and _differ(columns, key.rows.decimals)):
                return False
            if key.references and not _found(columns, key.references, rows):
                return False
    except ValueError:  # a number is too long to tell
        return False
    return True


def _read(columns: Columns, rows: Callable[[str], Rows]) -> list[Any]:
    """Return what stands in `columns`, None where a value is missing."""
    return [*map(rows(columns.path).maybe, columns.names)]


def _differ(columns: list[list[str]], decimals: tuple[bool, ...]) -> bool:
    """Return whether no two rows are alike, as far as that is sure.

    Raises:
        ValueError: a number is too long to tell.
    """
    if True in decimals:
        columns = [
            [*map(_normalised, column)] if decimal else column
            for column, decimal in zip(columns, decimals, strict=True)
        ]
    rows = columns[0] if len(columns) == 1 else zip(*columns, strict=True)
    return len({*rows}) == len(columns[0])


def _found(
    columns: list[list[str]], references: Iterable[Columns], rows: Callable[[str], Rows]
) -> bool:
    """Return whether each of `references` says what a row of `columns` says, where none is empty.

    So one that lacks a value is not found, like one that says a number in another way.
    """
    known = {*zip(*columns, strict=True)}
    return all(known.issuperset(zip(*_read(each, rows), strict=True)) for each in references)


@lru_cache(maxsize=1024)
def _normalised(said: str) -> str:
    """Return what all ways to write a decimal have in common.

    Raises:
        ValueError: it is no decimal, or has too many digits.
    """
    return str(lexical.decimal(said))
