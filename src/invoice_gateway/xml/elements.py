"""How the fields of a class become XML elements: from type hints to fast functions.

An event may have hundreds of values and is rendered on the hot path, so nothing is dispatched on
the type of a value at run time: the type hints of a class are read once and become the source of a
function with one f-string (`source`). Nested classes become functions of their own. For the fields
`line_no: str`, `reason: str | None` and `due: Money` the source reads:

    def children(value):
        _line_no = value.line_no
        if not _line_no.isalnum():
            _line_no = text(_line_no)
        if value.reason is None:
            _reason = ""
        else:
            _reason = f"<Reason>{text(value.reason)}</Reason>"
        minor, currency = value.due
        if currency in two and minor >= 0:
            _due = f"{two[currency]}{minor // 100}{cents[minor % 100]}"
        else:
            _due = money(value.due)
        return f"<LineNo>{_line_no!s}</LineNo>{_reason}<Due{_due}</Due>"

`!s` because formatting a StrEnum takes longer than making it a plain string first.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from datetime import UTC, date, datetime
from functools import lru_cache
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

from invoice_gateway.model.keys import InvoiceKey
from invoice_gateway.model.money import Money, decimal_text, exponent

Children = Callable[[Any], str]

# -- values ----------------------------------------------------------------------------------------

_SPECIAL = re.compile('[&<>"\x00-\x1f\ud800-\udfff\ufffe\uffff]')
# Parsers change white space other than blanks unless it is written as a reference.
_WRITTEN = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"} | {
    white: f"&#{ord(white)};" for white in "\t\n\r"
}
_CENTS = tuple(f".{cent:02}" for cent in range(100))
_TWO_DECIMALS: dict[str, str] = {}  # the currencies met that have them -> the rest of a start tag


def escaped(value: str) -> str:
    """Return text as it may stand between tags and in attributes.

    What XML 1.0 cannot carry (control characters, lone surrogates, U+FFFE, U+FFFF) becomes U+FFFD;
    everything else comes out of a parser as it went in.
    """
    if not value.isprintable() or "&" in value or "<" in value or ">" in value or '"' in value:
        return _SPECIAL.sub(lambda found: _WRITTEN.get(found[0], "\ufffd"), value)
    return str(value)


# Most values recur: statuses, line numbers, parties, the invoice in several events of a command.
text = lru_cache(maxsize=8192)(escaped)
"""The same as `escaped`, remembered."""


@lru_cache(maxsize=64)
def instant(moment: datetime) -> str:
    """Return an aware moment in UTC with a Z; microseconds only where there are any."""
    assert moment.tzinfo is not None, "a moment without a zone is no moment"
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat()}Z"


def element_name(field: str) -> str:
    """Return the element that a field becomes: `line_no` -> `LineNo`."""
    return "".join(word.capitalize() for word in field.split("_"))


def _money(value: Money) -> str:
    """Return the rest of a start tag and the content: ` currency="EUR">12.34`."""
    minor, currency = value
    rest = f' currency="{currency}">'
    if exponent(currency) == len("00"):
        _TWO_DECIMALS[currency] = rest  # from now on without this function
    return f"{rest}{decimal_text(minor, currency)}"


# -- from type hints to functions ------------------------------------------------------------------

_LEAVES: Mapping[type, str] = {
    str: "<{tag}>{{text({value})}}</{tag}>",
    int: "<{tag}>{{{value}}}</{tag}>",
    bool: "<{tag}>{{'true' if {value} else 'false'}}</{tag}>",
    date: "<{tag}>{{{value}.isoformat()}}</{tag}>",
    datetime: "<{tag}>{{instant({value})}}</{tag}>",
    Money: "<{tag}{{money({value})}}</{tag}>",
    InvoiceKey: '<{tag} issuer="{{text({value}.issuer)}}">{{text({value}.number)}}</{tag}>',
}
"""How an element reads in the f-string, by type; `{tag}` and `{value}` are filled in."""

_TEXT = """
    _{field} = value.{field}
    if not _{field}.isalnum():
        _{field} = text(_{field})
"""
_MONEY = """
    minor, currency = value.{field}
    if currency in two and minor >= 0:
        _{field} = f"{{two[currency]}}{{minor // 100}}{{cents[minor % 100]}}"
    else:
        _{field} = money(value.{field})
"""
_OPTIONAL = """
    if value.{field} is None:
        _{field} = ""
    else:
        _{field} = f\"\"\"{element}\"\"\"
"""
_REPEATED = """
    _{field} = "".join([f\"\"\"{element}\"\"\" for item in value.{field}])
"""


def children_of(block: type) -> Children:
    """Return the function that renders the fields of `block`, without an element around them.

    Fields that are None and empty tuples leave no element. The function raises UnknownCurrency for
    an amount in a currency that ISO 4217 does not have.
    """
    names: dict[str, Any] = {
        "text": text,
        "money": _money,
        "instant": instant,
        "two": _TWO_DECIMALS,
        "cents": _CENTS,
    }
    names |= {
        hint.__name__: children_of(hint) for _, hint, _ in _fields(block) if hint not in _LEAVES
    }
    exec(compile(source(block), f"<{block.__name__} to XML>", "exec"), names)  # noqa: S102 - ours
    children: Children = names["children"]
    return children


def source(block: type) -> str:
    """Return the source of `children_of(block)`; only names of classes and fields go into it."""
    statements, elements = [], []
    for field, hint, wrapper in _fields(block):
        tag, value = element_name(field), "item" if wrapper is tuple else f"value.{field}"
        nested = f"<{{tag}}>{{{{{hint.__name__}({{value}})}}}}</{{tag}}>"
        element = _LEAVES.get(hint, nested).format(tag=tag, value=value)
        if wrapper is None and hint is str:
            statements.append(_TEXT.format(field=field))
            elements.append(f"<{tag}>{{_{field}!s}}</{tag}>")
        elif wrapper is None and hint is Money:
            statements.append(_MONEY.format(field=field))
            elements.append(f"<{tag}{{_{field}}}</{tag}>")
        elif wrapper is None:
            elements.append(element)
        else:
            template = _OPTIONAL if wrapper is NoneType else _REPEATED
            statements.append(template.format(field=field, element=element))
            elements.append(f"{{_{field}}}")
    return f'def children(value):{"".join(statements)}\n    return f"""{"".join(elements)}"""\n'


def _fields(block: Any) -> Iterator[tuple[str, type, type | None]]:  # noqa: ANN401 - a dataclass
    """Yield each field, its type, and what that type is wrapped in: NoneType, tuple or nothing."""
    hints = get_type_hints(block)
    for each in fields(block):
        hint = hints[each.name]
        if get_origin(hint) is tuple:
            yield each.name, get_args(hint)[0], tuple
        elif NoneType in get_args(hint):
            yield each.name, get_args(hint)[0], NoneType
        else:
            yield each.name, hint, None
