"""What stands in elements that repeat, read column by column: the lines of a document."""

from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Any, NamedTuple, Protocol

from lxml import etree

from invoice_gateway.xml import lexical

_FEW = 3  # rows that are read one by one
_WIDEST = 40  # children of a row that are read as a table


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
    name, or of an attribute of it, `Quantity/@unit`; `.` is the row itself. Where all rows have
    the same children, each with a text, one XPath reads the whole table. Otherwise one reads a
    column, and wherever a value of it is missing or in an unusual form, the rows are read one by
    one as `Document` does. What was read is kept, and not to be changed.
    """

    __slots__ = ("_columns", "_document", "_length", "_path", "_root", "_space", "_whole")

    def __init__(
        self,
        root: etree._Element,
        space: str,
        document: Precise,
        path: str,
        elements: Sequence[etree._Element],
    ) -> None:
        """Read the rows at `path` below `root`: `elements`, in `space`: `{urn:...}`, or nothing."""
        self._root, self._space, self._document, self._path = root, space, document, path
        self._length = len(elements)
        read = self._few if len(elements) <= _FEW else self._many
        columns = read(elements)
        self._whole = columns is not None
        self._columns: dict[str, list[str | None]] = columns or {}

    def __len__(self) -> int:
        """Return how many rows there are."""
        return self._length

    def texts(self, name: str) -> list[str]:
        """Return a column of texts, white space collapsed: what the schema judged.

        Raises:
            LookupError: a row has none. The schema should have required it.
        """
        found = self.maybe(name)
        if None in found:
            return [each.text(name) for each in self._each()]
        return found  # type: ignore[return-value] # none of them is None

    def maybe(self, name: str) -> list[str | None]:
        """Return a column of texts, None where a row has none; not to be changed."""
        found = self._columns.get(name)
        if found is None:
            found = self._columns[name] = self._column(name)
        return found

    def amounts(self, name: str, currency: str) -> list[int]:
        """Return a column of amounts in minor units of `currency`.

        Raises:
            LookupError: a row has none. The schema should have required it.
            Rejected: `unknown-currency`, `decimals` or `amount-too-large`, with path and line.
        """
        places = self._document.exponent(currency)
        minors = lexical.minors(self.texts(name), places)
        if minors is None:  # one is in another form than nearly all: read them by the rules
            return [each.amount(name, currency) for each in self._each()]
        return minors

    def _each(self) -> Sequence[Precise]:
        return self._document.all(self._path)

    def _few(self, elements: Sequence[etree._Element]) -> dict[str, list[str | None]]:
        """Return the columns of few rows: so they take less time than an expression."""
        rows: list[dict[str, str]] = []
        for element in elements:
            row: dict[str, str] = {}
            for child in element.iterchildren(f"{self._space}*"):
                name = str(child.tag).removeprefix(self._space)
                row.setdefault(name, lexical.collapsed(child.text or ""))
            rows.append(row)
        return {name: [row.get(name) for row in rows] for row in rows for name in row}

    def _many(self, elements: Sequence[etree._Element]) -> dict[str, list[str | None]] | None:
        """Return the columns of rows that have the same children, each with a text, else None."""
        parent: Any = elements[0].getparent()
        shape = tuple([str(child.tag) for child in elements[0]])
        table = _table(self._space, elements[0].tag, shape)
        if table is None or not table.fits(parent, len(elements)):
            return None
        found = table.texts(parent)
        width = len(shape)
        if len(found) != len(elements) * width:
            return None
        if not lexical.are_collapsed(found):
            found = [*map(lexical.collapsed, found)]
        return {name: [*found[at::width]] for name, at in table.places.items()}

    def _column(self, name: str) -> list[str | None]:
        """Return one column as it stands; what needs a further look is read row by row."""
        if self._whole and name.isalnum():  # what is not in the table is nowhere
            return [None] * self._length
        found: Any = _column(self._space, self._path, name)(self._root)
        if len(found) == self._length and lexical.are_collapsed(found):
            return [*found]
        if not found and not _elements(self._space, self._path, name)(self._root):
            return [None] * self._length
        return [each.maybe(name) for each in self._each()]


class _Table(NamedTuple):
    """Expressions on the parent of rows, which all have the same children.

    `texts` reads the texts of all children, row by row; `places` says where a name is in a row.
    Each row leads to one `last` child at most. When all do, no row lacks a child or has them in
    another order; when there are no more elements `below` than that, nothing else is there. Then
    each child has one text, or none.
    """

    texts: Any
    last: Any
    below: Any
    places: dict[str, int]

    def fits(self, parent: etree._Element, rows: int) -> bool:
        """Return whether there are these `rows` below `parent` and nothing else."""
        elements = rows * (len(self.places) + 1)
        return bool(self.last(parent) == rows and self.below(parent) == elements)


@lru_cache(maxsize=512)  # shapes are taken from messages
def _table(space: str, row: str, shape: tuple[str, ...]) -> _Table | None:
    """Return what reads rows with the tag `row` and the children `shape`; None if that is odd."""
    names = [tag.removeprefix(space) for tag in shape]
    plain = 0 < len(names) <= _WIDEST and len({*names}) == len(names)
    if not plain or any("}" in name or not name.isascii() for name in names):
        return None
    rows = _named(row.removeprefix(space), space)
    chain = "[1]/following-sibling::".join(_named(name, space) for name in names) + "[1]"
    return _Table(
        _xpath(space, f"{rows}/*/text()"),
        _xpath(space, f"count({rows}/{chain})"),
        _xpath(space, "count(descendant::*)"),
        {name: at for at, name in enumerate(names)},
    )


# Paths and names of columns are written in handlers and schemas, never taken from a message.


@cache
def _column(space: str, path: str, name: str) -> etree.XPath:
    """Return what reads the column `name`: of an element, its text before any child."""
    text = "" if "@" in name else "/text()[not(preceding-sibling::*)]"
    return _xpath(space, (_to(space, path) if name == "." else _cells(space, path, name)) + text)


@cache
def _elements(space: str, path: str, name: str) -> etree.XPath:
    """Return the test whether any row has `name`, empty or not."""
    return _xpath(space, f"boolean({_cells(space, path, name)})")


def _cells(space: str, path: str, name: str) -> str:
    """Return the path to `name` of each row: of several children of a name the first counts."""
    found = _to(space, path)
    for step in name.split("/"):
        found += f"/{step}" if step[0] in "@." else f"/{_named(step, space)}[1]"
    return found


def _to(space: str, path: str) -> str:
    """Return the path to the rows: only its last step may repeat."""
    *above, row = (_named(step, space) for step in path.split("/"))
    return "/".join([*(f"{step}[1]" for step in above), row])


def _xpath(space: str, found: str) -> etree.XPath:
    known = {"message": space[1:-1]} if space else None
    return etree.XPath(found, namespaces=known, smart_strings=False, regexp=False)


def _named(step: str, space: str) -> str:
    return f"message:{step}" if space else step
