"""Typed reads of a message that its schema has called valid."""

from collections.abc import Callable, Collection
from datetime import date, datetime
from decimal import Decimal
from typing import TypeVar

from lxml import etree

from invoice_gateway.model.errors import Code, Finding, Rejected
from invoice_gateway.model.keys import InvoiceKey
from invoice_gateway.model.money import MAX_MINOR, Money, UnknownCurrency, decimal_text, exponent
from invoice_gateway.xml import lexical
from invoice_gateway.xml.canonical import canonical
from invoice_gateway.xml.place import line_of, local_name, namespace, path_of
from invoice_gateway.xml.rows import Rows
from invoice_gateway.xml.shape import Found, element_at, meant
from invoice_gateway.xml.text import clip
from invoice_gateway.xml.whole import Part, all_of

__all__ = ["Document", "Peeked", "canonical", "peek"]

T = TypeVar("T")

_VALUE = 80
_KEYS_MAX = 8
_BUSINESS = frozenset(
    {
        "Number",
        "Customer",
        "Party",
        "Payer",
        "PaymentId",
        "ReversalId",
        "NoticeId",
        "DisputeId",
        "Invoice",
    }
)


class Document:
    """One element of a message, and typed reads of what lies below it.

    A path is a chain of *direct* children by local name in the namespace of the message,
    `Header/MessageId`; it may end in an attribute, `Source/@type`, and `.` is the element itself.
    Nothing is ever searched for at any depth, so a look-alike elsewhere is never read. Values come
    as XSD sees them, with white space collapsed.
    """

    __slots__ = ("_at", "_nth", "_rows", "_twin", "enterprise", "node", "whole")

    def __init__(self, said: "etree._Element | Part", enterprise: str) -> None:
        """Read the document with this root, or a part of one; without issuer, `enterprise`'s."""
        self.enterprise = enterprise
        part = said if isinstance(said, Part) else all_of(said)
        self.whole, self.node, self._at, self._nth = part
        self._rows: dict[str, Rows] = {}
        self._twin: Document | None = None  # what its rows read: a cycle would keep the tree

    @property
    def name(self) -> str:
        """The local name of the element; at the root, the message type."""
        return local_name(self.node.name)

    @property
    def line(self) -> int | None:
        """The line in the document that was sent, where known."""
        return line_of(self._element("."))

    @property
    def path(self) -> str:
        """The place in the document, for example `/InvoicePosted/Lines/Line[2]`."""
        return path_of(self._element("."))

    def has(self, path: str) -> bool:
        """Return whether there is an element or attribute at `path`; empty ones count."""
        return self.maybe(path) is not None

    def maybe(self, path: str = ".") -> str | None:
        """Return the value at `path`, or None where there is no such element or attribute."""
        place = self.node.place(path)
        if isinstance(place, int):
            whole = self.whole
            piece = whole.pieces[self._at + place]
            return piece if whole.clean else meant(piece)
        return place

    def text(self, path: str = ".") -> str:
        """Return the value at `path`.

        Raises:
            LookupError: there is none. The schema should have required it: a mistake of whoever
                asks, not of the sender.
        """
        value = self.maybe(path)
        if value is None:
            raise LookupError(f"{self.path} has no {path}; read it with a maybe_ method")
        return value

    def all(self, path: str) -> list["Document"]:
        """Return the elements at `path` in document order; only its last step may repeat."""
        return [self._below(each) for each in self.node.rows(path)]

    def rows(self, path: str) -> Rows:
        """Return the elements at `path`, of which there may be thousands, to be read by column.

        The same rows for the same path, so that no column is read twice.
        """
        found = self._rows.get(path)
        if found is None:
            if self._twin is None:
                self._twin = self._below(Found(self.node, 0, 0))
            part = Part(self.whole, self.node, self._at, self._nth)
            found = self._rows[path] = Rows(self._twin, path, part)
        return found

    def one(self, path: str) -> "Document | None":
        """Return the element at `path` as a document of its own, or None."""
        found = self.node.down(path)
        return None if found is None else self._below(found)

    def texts(self, path: str) -> tuple[str, ...]:
        """Return the values of the elements at `path`, in document order."""
        return tuple(each.text() for each in self.all(path))

    def money(self, path: str = ".") -> Money:
        """Return the amount at `path` in minor units of its `currency` attribute.

        Raises:
            Rejected: `unknown-currency`, `decimals` or `amount-too-large`, with path and line.
        """
        currency = self.text(f"{path}/@currency")
        return Money(self.amount(path, currency), currency)

    def amount(self, path: str, currency: str) -> int:
        """Return the amount at `path` in minor units of `currency`; zeros at its end do not count.

        Raises:
            Rejected: `unknown-currency`, `decimals` or `amount-too-large`, with path and line.
        """
        return self._amount(path, self.text(path), currency)

    def _amount(self, path: str, said: str, currency: str) -> int:
        """Return what `said`, the text at `path`, is in minor units of `currency`."""
        places = self.exponent(currency, path)
        plain = lexical.minor(said, places)
        if plain is not None:
            return plain
        negative, whole, fraction = self._read(lexical.digits, path, "a decimal number")
        if len(fraction) > places:
            raise self._refused_value(
                Code.DECIMALS, path, f"at most {places} decimals in {currency}"
            )
        minor = int(whole + fraction.ljust(places, "0") or "0")
        if minor > MAX_MINOR:
            most = f"at most {decimal_text(MAX_MINOR, currency)}"
            raise self._refused_value(Code.AMOUNT_TOO_LARGE, path, most)
        return -minor if negative else minor

    def currency(self, path: str) -> str:
        """Return the currency at `path`.

        Raises:
            Rejected: `unknown-currency`, with path and line.
        """
        said = self.text(path)
        self.exponent(said, path)
        return said

    def exponent(self, currency: str, path: str = ".") -> int:
        """Return how many decimals `currency` has; `path` is where it stands.

        Raises:
            Rejected: `unknown-currency`, with path and line.
        """
        try:
            return exponent(currency)
        except UnknownCurrency:
            raise self.refuse(
                Code.UNKNOWN_CURRENCY,
                path,
                f"'{clip(currency, _VALUE)}' is not a currency",
                "an ISO 4217 code with minor units, for example EUR",
            ) from None

    def decimal(self, path: str = ".") -> Decimal:
        """Return the number at `path`, exactly: a quantity, a price or a rate."""
        return self._read(lexical.decimal, path, "a decimal number")

    def integer(self, path: str = ".") -> int:
        """Return the whole number at `path`, for example of days."""
        value = self.decimal(path)
        if value % 1:
            raise self._refused_value(Code.XSD_INVALID, path, "a whole number")
        return int(value)

    def day(self, path: str = ".") -> date:
        """Return the day at `path`.

        Raises:
            Rejected: `date-range`: with a time zone, or beyond the calendar.
        """
        return self._read(lexical.day, path, "a day, YYYY-MM-DD", Code.DATE_RANGE)

    def moment(self, path: str = ".") -> datetime:
        """Return the moment at `path` in UTC, cut to microseconds.

        Raises:
            Rejected: `date-range`: in another time zone, or beyond the calendar.
        """
        form = "a moment in UTC, YYYY-MM-DDThh:mm:ssZ"
        return self._read(lexical.moment, path, form, Code.DATE_RANGE)

    def flag(self, path: str, *, default: bool) -> bool:
        """Return the xs:boolean at `path`, or `default` where there is no such element."""
        missing = self.maybe(path) is None
        return default if missing else self._read(lexical.truth, path, "true or false")

    def invoice(self, path: str = ".") -> InvoiceKey:
        """Return the invoice that is named at `path`; without issuer, one of the enterprise."""
        issuer = self.maybe(f"{path}/@issuer")
        return InvoiceKey(issuer or self.enterprise, self.text(path))

    def maybe_money(self, path: str) -> Money | None:
        """Return the money at `path` as `money` does, or None where there is none."""
        return self._maybe(self.money, path)

    def maybe_amount(self, path: str, currency: str) -> int | None:
        """Return the amount at `path` as `amount` does, or None where there is none."""
        said = self.maybe(path)
        return None if said is None else self._amount(path, said, currency)

    def amounts(self, paths: Collection[str], currency: str) -> list[int]:
        """Return the amounts at `paths` in minor units of `currency`, 0 where there is none.

        Raises:
            Rejected: as `amount`.
        """
        said = [*map(self.maybe, paths)]
        there = [each for each in said if each is not None]
        minors = lexical.minors(there, self.exponent(currency))
        if minors is None:  # one is in another form than nearly all: read them by the rules
            return [self.maybe_amount(path, currency) or 0 for path in paths]
        found = iter(minors)
        return [0 if each is None else next(found) for each in said]

    def maybe_decimal(self, path: str) -> Decimal | None:
        """Return the number at `path` as `decimal` does, or None where there is none."""
        return self._maybe(self.decimal, path)

    def maybe_integer(self, path: str) -> int | None:
        """Return the whole number at `path` as `integer` does, or None where there is none."""
        return self._maybe(self.integer, path)

    def maybe_day(self, path: str) -> date | None:
        """Return the day at `path` as `day` does, or None where there is none."""
        return self._maybe(self.day, path)

    def maybe_flag(self, path: str) -> bool | None:
        """Return the xs:boolean at `path`, or None where there is none."""
        return self.flag(path, default=False) if self.has(path) else None

    def maybe_invoice(self, path: str) -> InvoiceKey | None:
        """Return the invoice at `path` as `invoice` does, or None where there is none."""
        return self._maybe(self.invoice, path)

    def refuse(self, code: str, path: str, message: str, expected: str = "") -> Rejected:
        """Return a refusal that points at `path`; the caller raises it.

        `message` should name the value at fault; `expected` says what would have been right.
        """
        at = self._element(path)
        line, place = line_of(at), path_of(at)
        wanted = f"; expected: {expected}" if expected else ""
        return Rejected(
            code,
            f"line {line}, {place}: {message}{wanted}",
            (Finding(line=line, path=place, message=message, expected=expected),),
        )

    def _maybe(self, read: Callable[[str], T], path: str) -> T | None:
        return read(path) if self.has(path) else None

    def _below(self, child: Found) -> "Document":
        """Return an element of this document as one of its own."""
        node, at, nth = child
        return Document(Part(self.whole, node, self._at + at, self._nth + nth), self.enterprise)

    def _element(self, path: str) -> etree._Element:
        """Return the element at `path`, or the one that bears the attribute there, or itself."""
        found = self.node.down(path)
        return element_at(self.whole.tree(), self._nth + (found.nth if found else 0))

    def _read(
        self, read: Callable[[str], T], path: str, expected: str, code: str = Code.XSD_INVALID
    ) -> T:
        try:
            return read(self.text(path))
        except ValueError:
            raise self._refused_value(code, path, expected) from None

    def _refused_value(self, code: str, path: str, expected: str) -> Rejected:
        return self.refuse(
            code, path, f"'{clip(self.text(path), _VALUE)}' cannot be read", expected
        )


class Peeked:
    """What a document says about itself, valid or not: enough for a report to its sender.

    It is read when asked for; long values are clipped.
    """

    __slots__ = ("_root", "_space")

    def __init__(self, root: etree._Element) -> None:
        """Look at `root`."""
        self._root = root
        self._space = namespace(root)

    @property
    def name(self) -> str:
        """The local name of the root."""
        return local_name(str(self._root.tag))

    @property
    def message_id(self) -> str | None:
        """The `Header/MessageId`, or None where there is none or an empty one."""
        return self._header("MessageId")

    @property
    def sender(self) -> str | None:
        """The `Header/Sender`, or None where there is none or an empty one."""
        return self._header("Sender")

    @property
    def business_keys(self) -> tuple[str, ...]:
        """What names the business in it, up to eight: `Number=INV-7`."""
        keys: list[str] = []
        for child in self._root.iterchildren(f"{self._space}*"):
            name = local_name(str(child.tag))
            if name in _BUSINESS and (value := lexical.collapsed(child.text or "")):
                keys.append(f"{name}={clip(value, _VALUE)}")
                if len(keys) == _KEYS_MAX:
                    break
        return tuple(keys)

    def _header(self, name: str) -> str | None:
        for header in self._root.iterchildren(f"{self._space}Header"):
            for child in header.iterchildren(f"{self._space}*"):
                if local_name(str(child.tag)) == name:
                    said = lexical.collapsed(child.text or "")
                    return clip(said, _VALUE) if said else None
            return None
        return None


def peek(root: etree._Element) -> Peeked:
    """Return what can be told of a document that may be invalid; long values are clipped."""
    return Peeked(root)
