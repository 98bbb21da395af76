"""Identity constraints checked on columns: what xs:unique, xs:key and xs:keyref ask of rows.

The check only ever says *surely valid*. In any doubt the schema itself is asked, so that libxml2
alone refuses, and in its own words.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from invoice_gateway.xml import lexical
from invoice_gateway.xml.rows import Rows

Table = Sequence[Sequence[Any]]
"""Columns of texts, None where a row has none."""


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

    Args:
        keys: What should hold.
        rows: Returns the rows at a path of the document.
    """

    def read(columns: Columns) -> Table:
        return [*map(rows(columns.path).maybe, columns.names)]

    return all(
        surely_holds(read(key.rows), key.rows.decimals, map(read, key.references)) for key in keys
    )


def surely_holds(columns: Table, decimals: tuple[bool, ...], references: Iterable[Table]) -> bool:
    """Return whether no two rows of `columns` are alike, and each of `references` is like one.

    Two rows surely differ when they do with their numbers normalised. One row surely refers to
    another when it says the same letter by letter. False in any doubt: a value that is missing
    (None) or empty is found nowhere.
    """
    try:
        if not (all(map(all, columns)) and _differ(columns, decimals)):
            return False
    except ValueError:  # a number is too long to tell
        return False
    known = None
    for each in references:
        known = known or {*zip(*columns, strict=True)}
        if not known.issuperset(zip(*each, strict=True)):
            return False
    return True


def _differ(columns: Table, decimals: tuple[bool, ...]) -> bool:
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


@lru_cache(maxsize=1024)
def _normalised(said: str) -> str:
    """Return what all ways to write a decimal have in common.

    Raises:
        ValueError: it is no decimal, or has too many digits.
    """
    return str(lexical.decimal(said))
