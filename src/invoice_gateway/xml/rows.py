"""What stands in elements that repeat, read column by column: the lines of a document."""

from collections.abc import Sequence
from functools import cache
from typing import Any, Protocol

from lxml import etree

from invoice_gateway.xml import lexical


class Precise(Protocol):
    """A document that is read value by value, and says where one is that cannot be read."""

    def exponent(self, currency: str) -> int:
        """Return how many decimals `currency` has."""

    def text(self, path: str) -> str:
        """Return the value at `path`."""

    def maybe(self, path: str) -> str | None:
        """Return the value at `path`, or None where there is none."""

    def amount(self, path: str, currency: str) -> int:
        """Return the amount at `path` in minor units of `currency`."""

    def all(self, path: str) -> Sequence["Precise"]:
        """Return the elements at `path`."""


class Rows:
    """The rows at one path; made by `Document.rows`.

    A column is the value called `name` of each row, in document order: of the first child of that
    name, or of an attribute of it, `Quantity/@unit`. One XPath reads all of it, several times
    faster than row by row; wherever a value is missing, empty or in an unusual form, the rows are
    read one by one as `Document` does.
    """

    __slots__ = ("_document", "_length", "_path", "_root", "_space")

    def __init__(self, root: etree._Element, space: str, document: Precise, path: str) -> None:
        """Find the rows at `path` below `root`, all of it in `space`: `{urn:...}`, or nothing."""
        self._root, self._space, self._document, self._path = root, space, document, path
        self._length = len(_xpath(space, path, "")(root))

    def __len__(self) -> int:
        """Return how many rows there are."""
        return self._length

    def texts(self, name: str) -> list[str]:
        """Return a column of texts, white space collapsed: what the schema judged.

        Raises:
            LookupError: a row has none. The schema should have required it.
        """
        found = self._column(name)
        return [each.text(name) for each in self._each()] if found is None else found

    def maybe(self, name: str) -> list[str | None]:
        """Return a column of texts, None where a row has none."""
        found = self._column(name)
        if found is not None:
            return [*found]
        if not _xpath(self._space, self._path, name)(self._root):
            return [None] * self._length
        return [each.maybe(name) for each in self._each()]

    def amounts(self, name: str, currency: str) -> list[int]:
        """Return a column of amounts in minor units of `currency`.

        Raises:
            LookupError: a row has none. The schema should have required it.
            Rejected: `unknown-currency`, `decimals` or `amount-too-large`, with path and line.
        """
        places = self._document.exponent(currency)
        found = self._column(name)
        minors = None if found is None else lexical.minors(found, places)
        if minors is None:  # one is in another form than nearly all: read them by the rules
            return [each.amount(name, currency) for each in self._each()]
        return minors

    def _each(self) -> Sequence[Precise]:
        return self._document.all(self._path)

    def _column(self, name: str) -> list[str] | None:
        """Return the column where every row has a value that needs no further look."""
        value = name if "@" in name else f"{name}/text()"
        found: list[str] = _xpath(self._space, self._path, value)(self._root)
        plain = len(found) == self._length and lexical.are_collapsed(found)
        return found if plain else None


@cache  # paths are written in handlers, never taken from a message
def _xpath(space: str, path: str, value: str) -> Any:  # noqa: ANN401 - a list of what it selects
    """Return what selects `value` of each row: of several children of a name the first counts.

    An element of a document that was parsed without comments has its text in one piece.
    """
    *above, rows = (_named(step, space) for step in path.split("/"))
    found = "/".join([*(f"{step}[1]" for step in above), rows])
    for step in filter(None, value.split("/")):
        found += f"/{step}" if step[0] == "@" or step == "text()" else f"/{_named(step, space)}[1]"
    known = {"message": space[1:-1]} if space else None
    return etree.XPath(found, namespaces=known, smart_strings=False, regexp=False)


def _named(step: str, space: str) -> str:
    return f"message:{step}" if space else step
