"""Texts that are surely of a simple type, as patterns: without asking the schema.

What is found here says *surely* or nothing. It takes the forms nearly all values come in, and fewer
than the schema allows: a negative amount or the 29th of February is left to libxml2. A pattern
stands between two tags: it matches no markup, and takes no group of the one it becomes part of.
"""

import re
from collections.abc import Iterable
from decimal import Decimal

from invoice_gateway.xml.declared import XSD, Declared, Node, must

LONGEST = 1_000
"""In characters, of a text whose type has no length."""
_DIGITS = 11  # before the point
TEXT_ENDS = "(?=<)"
_MARKUP = frozenset("&<>\x7f").union(map(chr, range(32)))
_CHARACTER = r"[^\x00-\x1f\x7f&<>]"

_CLASS = r"\[(?!\^)(?:[^\[\]\\\n^&]|\\[-.+])+\]"
_PLAIN = re.compile(
    rf"(?:{_CLASS}|[A-Za-z0-9:/_,-]|\\[-.+]|\((?!\?)|[)|]|\{{[0-9]+(?:,[0-9]*)?\}}|[?*+](?![?*+]))+"
)
"""A pattern of XSD that Python reads in the same way."""
_PART = re.compile(rf"{_CLASS}|\(")

_MONTH_AND_DAY = (
    "(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])"
    "|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)"
)
_DATE = f"(?:19|2[0-9])[0-9]{{2}}-{_MONTH_AND_DAY}"
_TIME = "(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
_BUILT_IN = {
    "boolean": "(?:true|false|0|1)",
    "date": _DATE,
    "dateTime": rf"{_DATE}T{_TIME}(?:\.[0-9]{{1,6}})?Z",
}
_LENGTHS = ("minLength", "maxLength")
_NUMERIC = ("totalDigits", "fractionDigits", "minInclusive", "maxInclusive", "minExclusive")
_WHOLE = {"nonNegativeInteger": 0, "positiveInteger": 1}
"""Built-in whole numbers, and the least of each."""
_SOMETHING = "(?=[0-9.]*[1-9])"
"""Stands before digits of which one at least is not zero."""


def surely(schema: Declared, type_: Node) -> str:
    """Return the pattern of texts that are surely of `type_`: a definition, or a built-in's name.

    It is for collapsed texts, and `TEXT_ENDS` has to follow.

    Raises:
        LookupError: it is a type nothing is sure of here.
    """
    steps, base = schema.restrictions(type_)
    facets = _Facets(steps)
    if facets.enumerated:
        must(base == "token" and len(facets.enumerated) == 1 and not facets.others)
        plain = [each for each in facets.enumerated[0] if _MARKUP.isdisjoint(each)]
        must(bool(plain))
        return f"(?:{'|'.join(map(re.escape, plain))})"
    if base in _BUILT_IN:
        must(not facets.single)
        one = _BUILT_IN[base]
    elif base == "token":
        must(facets.single.keys() <= {*_LENGTHS})
        least, most = (facets.single.get(name) for name in _LENGTHS)
        one = f"{_CHARACTER}{{{int(least or 0)},{min(int(most or LONGEST), LONGEST)}}}"
        if not facets.single and len(facets.patterns) == 1:
            return facets.patterns[0]
    else:
        must(base in {"decimal", *_WHOLE} and facets.single.keys() <= {*_NUMERIC})
        one = _number(facets.single, _WHOLE.get(base))
    return "".join(f"(?={each}{TEXT_ENDS})" for each in facets.patterns) + one


def _between_tags(pattern: str) -> str:
    """Return what `pattern` matches without markup, with no groups that count.

    Raises:
        LookupError: it matches markup and so much else that nothing is sure.
    """
    return _PART.sub(lambda found: "(?:" if found[0] == "(" else _unmarked(found[0]), pattern)


def _unmarked(said: str) -> str:
    """Return a class of characters without those of markup."""
    one = re.compile(said).fullmatch
    if not any(map(one, _MARKUP)):
        return said
    must(said.isascii())
    kept = [each for each in map(chr, range(32, 127)) if one(each) and each not in _MARKUP]
    must(bool(kept))
    return f"[{''.join(map(re.escape, kept))}]"


class _Facets:
    """What the steps of a restriction say: patterns by step, enumerations by step, and the rest."""

    def __init__(self, steps: Iterable[Node]) -> None:
        """Gather them.

        Raises:
            LookupError: one that nothing is sure of here, or a pattern Python may read otherwise.
        """
        self.patterns: list[str] = []
        self.enumerated: list[list[str]] = []
        self.single: dict[str, str] = {}
        for step in steps:
            self._take(step)

    @property
    def others(self) -> bool:
        """Return whether there is anything beside enumerations."""
        return bool(self.patterns or self.single)

    def _take(self, step: Node) -> None:
        said: dict[str, list[str]] = {}
        for each in step.iterchildren(f"{XSD}*"):
            said.setdefault(each.tag.removeprefix(XSD), []).append(each.get("value"))
        said.pop("annotation", None)
        said.pop("attribute", None)
        must(said.keys() <= {"pattern", "enumeration", *_LENGTHS, *_NUMERIC})
        if patterns := said.pop("pattern", None):
            plain = [each for each in patterns if _PLAIN.fullmatch(each)]
            must(bool(plain))
            self.patterns.append(f"(?:{'|'.join(map(_between_tags, plain))})")
        if enumerated := said.pop("enumeration", None):
            self.enumerated.append(enumerated)
        for name, (value,) in said.items():
            must(name not in self.single)  # the first met, of the last step, is the narrowest
            self.single[name] = value


def _number(facets: dict[str, str], whole: int | None) -> str:
    """Return the pattern of numbers that no facet refuses, in as many digits as all may have.

    `whole` is the least of the built-in whole numbers it is one of; None: it may have a fraction.
    """
    fraction = 0 if whole is not None else int(facets.get("fractionDigits", 6))
    digits = min(_DIGITS, int(facets.get("totalDigits", 18)) - fraction)
    least = Decimal(facets.get("minInclusive", "-Infinity" if whole is None else whole))
    above = facets.get("minExclusive")
    positive = above is not None or (least == 1 and whole is not None)
    if positive:
        must(above is None or Decimal(above) == 0)
        least = Decimal(0)
    most = Decimal(facets.get("maxInclusive", "Infinity"))
    while digits and Decimal(10) ** digits > most:
        digits -= 1
    must(digits > 0 and least <= 0)
    sign = "-?" if least <= -(Decimal(10) ** digits) else ""
    point = rf"(?:\.[0-9]{{1,{fraction}}})?" if fraction else ""
    return f"{_SOMETHING if positive else sign}[0-9]{{1,{digits}}}{point}"
