"""The lexical forms of XSD values, read by their own rules rather than by Python's."""

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import NamedTuple

# The white space of XML; str.split() would also take a no-break space.
_SPACES = re.compile(r"[ \t\r\n]+")
_EDGES = " \t\r\n"
_DECIMAL = re.compile(r"([+-]?)([0-9]*)(?:\.([0-9]*))?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,12}))?Z"
)
_TRUTH = {"true": True, "1": True, "false": False, "0": False}
_LONGEST = 40
_PLAIN = 11  # digits before the point: with 4 after it still below any limit


class Digits(NamedTuple):
    """An xs:decimal taken apart, without the zeros that do not count."""

    negative: bool
    whole: str
    fraction: str


def collapsed(value: str) -> str:
    """Return `value` as XSD's whiteSpace=collapse makes it."""
    if value.isascii():  # then XML lets no white space through but its own
        return " ".join(value.split())
    return _SPACES.sub(" ", value).strip(_EDGES)


def are_collapsed(values: Iterable[str]) -> bool:
    r"""Return whether `collapsed` leaves each of `values` as it is.

    Example:
        >>> are_collapsed(["EA", "", "a b"]), are_collapsed(["EA", " b"]), are_collapsed(["a\tb"])
        (True, False, False)
    """
    said = "\0".join(["", *values, ""])  # XML has no NUL
    return not any(map(said.__contains__, ("\n", "\t", "\r", "  ", "\0 ", " \0")))


def digits(said: str) -> Digits:
    """Return sign and digits of an xs:decimal; the zero has neither.

    Raises:
        ValueError: not an xs:decimal, or more than 40 digits count.

    Example:
        >>> digits("+007.50"), digits("-0")
        (Digits(negative=False, whole='7', fraction='5'),
         Digits(negative=False, whole='', fraction=''))
    """
    found = _DECIMAL.fullmatch(said)
    if found is None or not (found[2] or found[3]):
        raise ValueError("not a decimal number")
    whole, fraction = found[2].lstrip("0"), (found[3] or "").rstrip("0")
    if len(whole) + len(fraction) > _LONGEST:
        raise ValueError(f"more than {_LONGEST} digits")
    return Digits(found[1] == "-" and bool(whole or fraction), whole, fraction)


def minor(said: str, places: int) -> int | None:
    """Return an amount in the form nearly all come in, 12.34, as minor units; None for any other.

    Example:
        >>> minor("12.34", 2), minor("12", 2), minor("+12.34", 2)
        (1234, None, None)
    """
    whole, _, fraction = said.partition(".")
    if len(fraction) != places or not 0 < len(whole) <= _PLAIN or not said.isascii():
        return None
    both = whole + fraction
    return int(both) if both.isdigit() else None


def minors(said: Sequence[str], places: int) -> list[int] | None:
    """Return what `minor` does for each of `said`; None where one is in another form.

    Example:
        >>> minors(["12.34", "0.50"], 2), minors(["12.34", "-0.5"], 2), minors([], 2)
        ([1234, 50], None, [])
    """
    if said and _column(places).fullmatch("\n".join(said)) is None:
        return None
    return [int(each.replace(".", "")) for each in said]


@cache
def _column(places: int) -> re.Pattern[str]:
    """Return what matches a column of amounts with so many decimals, one per line."""
    amount = rf"[0-9]{{1,{_PLAIN}}}" + (rf"\.[0-9]{{{places}}}" if places else "")
    return re.compile(rf"{amount}(?:\n{amount})*+")


def decimal(said: str) -> Decimal:
    """Return an xs:decimal exactly, without trailing zeros.

    Raises:
        ValueError: as `digits`.

    Example:
        >>> decimal(" 19.600".strip()), decimal("-0"), decimal("1200.")
        (Decimal('19.6'), Decimal('0'), Decimal('1200'))
    """
    negative, whole, fraction = digits(said)
    value = Decimal(f"{whole or '0'}.{fraction}" if fraction else whole or "0")
    return value.copy_negate() if negative else value


def day(said: str) -> date:
    """Return an xs:date without time zone.

    Raises:
        ValueError: not such a date, or beyond the years 1 to 9999.
    """
    if _DAY.fullmatch(said) is None:
        raise ValueError("not a day")
    return date.fromisoformat(said)


def moment(said: str) -> datetime:
    """Return an xs:dateTime in UTC (it ends in Z), cut to microseconds.

    Raises:
        ValueError: not such a moment.
    """
    found = _MOMENT.fullmatch(said)
    if found is None:
        raise ValueError("not a moment in UTC")
    seconds, fraction = found.groups("0")
    return datetime.fromisoformat(f"{seconds}.{fraction[:6]:0<6}+00:00")


def truth(said: str) -> bool:
    """Return an xs:boolean.

    Raises:
        ValueError: not one of `true`, `false`, `1` and `0`.
    """
    if said not in _TRUTH:
        raise ValueError("not a boolean")
    return _TRUTH[said]
