"""What stands in elements that repeat, read column by column: the lines of a document."""

from collections.abc import Sequence
from typing import Protocol

from invoice_gateway.xml import lexical
from invoice_gateway.xml.shape import Place, meant
from invoice_gateway.xml.whole import Part


class Precise(Protocol):
    """A document that is read value by value, and says where one is that cannot be read."""

    def exponent(self, currency: str) -> int:
        """Return how many decimals `currency` has."""

    def text(self, path: str) -> str:
        """Return the value at `path`."""

    def amount(self, path: str, currency: str) -> int:
        """Return the amount at `path` in minor units of `currency`."""

    def all(self, path: str) -> Sequence["Precise"]:
        """Return the elements at `path`."""


class Rows:
    """The rows at one path; made by `Document.rows`.

    A column is the value called `name` of each row, in document order: of the first child of that
    name, or of an attribute of it, `Quantity/@unit`; `.` is the row itself. What was read is kept,
    and not to be changed.
    """

    __slots__ = ("_at", "_columns", "_document", "_path", "_places", "_rows", "_whole")

    def __init__(self, document: Precise, path: str, part: Part) -> None:
        """Read the rows at `path` of `part`, which `document` reads value by value."""
        self._document, self._path = document, path
        self._whole, node, self._at, _ = part
        self._rows, self._places = node.rows(path), node.columns(path)
        self._columns: dict[str, Sequence[str | None]] = {}

    def __len__(self) -> int:
        """Return how many rows there are."""
        return len(self._rows)

    def texts(self, name: str) -> Sequence[str]:
        """Return a column of texts, white space collapsed: what the schema judged.

        Raises:
            LookupError: a row has none. The schema should have required it.
        """
        found = self.maybe(name)
        if None in found:
            return [each.text(name) for each in self._each()]
        return found  # type: ignore[return-value] # none of them is None

    def maybe(self, name: str) -> Sequence[str | None]:
        """Return a column of texts, None where a row has none; not to be changed."""
        found = self._columns.get(name)
        if found is None:
            found = self._columns[name] = self._read(self._places[name])
        return found

    def _read(self, places: slice | Sequence[Place]) -> Sequence[str | None]:
        """Return what stands at these places, which are counted from the element."""
        _, pieces, clean, _ = self._whole
        at = self._at
        if not isinstance(places, slice):
            return [
                meant(pieces[at + place]) if isinstance(place, int) else place for place in places
            ]
        if at:
            places = slice(at + places.start, at + places.stop, places.step)
        found = pieces[places]
        if clean or not ("&" in "".join(found) or not lexical.are_collapsed(found)):
            return found
        return [*map(meant, found)]

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
