"""What stands in elements that repeat, read in one pass: the lines of a document."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Protocol

from lxml import etree

from invoice_gateway.xml import lexical

Row = dict[str, str]
"""The values in one element by the names of its children; `Quantity/@unit` is an attribute."""


class Precise(Protocol):
    """A document that is read value by value, and says where one is that cannot be read."""

    def exponent(self, currency: str) -> int:
        """Return how many decimals `currency` has."""

    def amount(self, path: str, currency: str) -> int:
        """Return the amount at `path` in minor units of `currency`."""

    def all(self, path: str) -> Sequence["Precise"]:
        """Return the elements at `path`."""


class Rows:
    """The rows at one path; made by `Document.rows`.

    A row has the text of each child, white space collapsed, so `row["LineNo"]` is what the schema
    judged; what is optional is read with `row.get`. What is typed is read as a column.
    """

    __slots__ = ("_document", "_path", "_rows")

    def __init__(self, rows: list[Row], document: Precise, path: str) -> None:
        """Hold `rows`, which were found at `path` of `document`."""
        self._rows, self._document, self._path = rows, document, path

    def __iter__(self) -> Iterator[Row]:
        """Yield the rows in document order."""
        return iter(self._rows)

    def __len__(self) -> int:
        """Return how many rows there are."""
        return len(self._rows)

    def amounts(self, name: str, currency: str) -> list[int]:
        """Return the amount called `name` of each row in minor units of `currency`.

        Raises:
            LookupError: a row has none. The schema should have required it.
            Rejected: `unknown-currency`, `decimals` or `amount-too-large`, with path and line.
        """
        places = self._document.exponent(currency)
        found = lexical.minors([row[name] for row in self._rows], places)
        if found is None:  # one is in another form than nearly all: read them by the rules
            return [each.amount(name, currency) for each in self._document.all(self._path)]
        return found


def read_rows(
    elements: Iterable[etree._Element], space: str, attributes: Iterable[str]
) -> list[Row]:
    """Return a row for each of `elements`: its children, all in `space` (`{urn:...}`).

    Where a name repeats, the first counts. The document must be valid and without comments.
    `attributes` are those of children that are wanted too, `Quantity/@unit`, where present.
    """
    cut = len(space)
    wanted: dict[str, list[tuple[str, str]]] = {}
    for each in attributes:
        wanted.setdefault(each.partition("/@")[0], []).append((each, each.partition("/@")[2]))
    rows: list[Row] = []
    for element in elements:
        row: Row = {}
        for child in element:
            name = child.tag[cut:]
            if name in row:
                continue
            row[name] = child.text or ""
            for key, attribute in wanted.get(name, ()):
                if (value := child.get(attribute)) is not None:
                    row[key] = value
        rows.append(row)
    if lexical.are_collapsed(chain.from_iterable([row.values() for row in rows])):
        return rows
    return [{name: lexical.collapsed(row[name]) for name in row} for row in rows]
