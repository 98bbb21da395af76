"""How the fields of a class become XML elements: from type hints to fast functions.

An event may have hundreds of values and is rendered on the hot path, so nothing is dispatched on
the type of a value at run time: the type hints of a class, and of the classes nested in it, are
read once and become the source of one function (`source`). For the fields `line_no: str`,
`reason: str | None`, `due: Money` and `tag: tuple[str, ...]` it reads:

    def children(value):
        _line_no = value.line_no
        if not _line_no.isalnum():
            _line_no = text(_line_no)
        _reason = ""
        if value.reason is not None:
            _reason = value.reason
            if not _reason.isalnum():
                _reason = text(_reason)
            _reason = f"<Reason>{_reason!s}</Reason>"
        minor, currency = value.due
        if currency in two and minor >= 0:
            _due = f"{two[currency]}{minor // 100}{cents[minor % 100]}"
        else:
            _due = money(value.due)
        all_tag = []
        for each_tag in value.tag:
            _tag = each_tag
            if not _tag.isalnum():
                _tag = text(_tag)
            all_tag.append(f"<Tag>{_tag!s}</Tag>")
        _tag = "".join(all_tag)
        return f"<LineNo>{_line_no!s}</LineNo>{_reason}<Due{_due}</Due>{_tag}"

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

_LEAVES: Mapping[type, tuple[str, str]] = {
    str: (
        """
    {name} = {value}
    if not {name}.isalnum():
        {name} = text({name})""",
        "<{tag}>{{{name}!s}}</{tag}>",
    ),
    int: ("", "<{tag}>{{{value}}}</{tag}>"),
    bool: ("", "<{tag}>{{'true' if {value} else 'false'}}</{tag}>"),
    date: ("", "<{tag}>{{{value}.isoformat()}}</{tag}>"),
    datetime: ("", "<{tag}>{{instant({value})}}</{tag}>"),
    Money: (
        """
    minor, currency = {value}
    if currency in two and minor >= 0:
        {name} = f"{{two[currency]}}{{minor // 100}}{{cents[minor % 100]}}"
    else:
        {name} = money({value})""",
        "<{tag}{{{name}}}</{tag}>",
    ),
    InvoiceKey: (
        "",
        '<{tag} issuer="{{text({value}.issuer)}}">{{text({value}.number)}}</{tag}>',
    ),
}
"""What comes before, and how the element reads in the f-string, by type.

`{tag}`, `{value}` (an expression) and `{name}` (a variable to use) are filled in.
"""

_OPTIONAL = """
    {name} = ""
    if {value} is not None:{before}
        {name} = f\"\"\"{element}\"\"\""""
_REPEATED = """
    all{name} = []
    for each{name} in {value}:{before}
        all{name}.append(f\"\"\"{element}\"\"\")
    {name} = "".join(all{name})"""


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
    exec(compile(source(block), f"<{block.__name__} to XML>", "exec"), names)  # noqa: S102 - ours
    children: Children = names["children"]
    return children


def source(block: type) -> str:
    """Return the source of `children_of(block)`; only names of classes and fields go into it."""
    before, content = _content(block, "value", "_")
    return f'def children(value):{before}\n    return f"""{content}"""\n'


def _content(block: type, value: str, prefix: str) -> tuple[str, str]:
    """Return what comes before, and the f-string of the fields of `value`, which is a `block`."""
    statements, elements = [], []
    for field, hint, wrapper in _fields(block):
        tag, name, content = element_name(field), f"{prefix}{field}", f"{value}.{field}"
        if wrapper is None:
            before, element = _element(hint, tag, content, name)
        else:
            inner = f"each{name}" if wrapper is tuple else content
            before, element = _element(hint, tag, inner, name)
            before = (_REPEATED if wrapper is tuple else _OPTIONAL).format(
                name=name, value=content, element=element, before=before.replace("\n", "\n    ")
            )
            element = f"{{{name}}}"
        statements.append(before)
        elements.append(element)
    return "".join(statements), "".join(elements)


def _element(hint: type, tag: str, value: str, name: str) -> tuple[str, str]:
    """Return what comes before, and the f-string of one element."""
    if hint in _LEAVES:
        before, element = _LEAVES[hint]
        filled = {"tag": tag, "value": value, "name": name}
        return before.format(**filled), element.format(**filled)
    before, content = _content(hint, value, f"{name}__")
    return before, f"<{tag}>{content}</{tag}>"


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
