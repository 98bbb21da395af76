"""Schemas without the identity constraints that can be checked on columns.

libxml2 spends two fifths of a validation on xs:unique, xs:key and xs:keyref, to gather what the
typed read gathers as well. What is taken out here must mean the same there, whatever a document
holds; so only plain constraints are, and every doubt leaves one where it is.
"""

import re
from pathlib import Path
from typing import Any

from lxml import etree

from invoice_gateway.xml.declared import KEYS, XSD, Declared, Node, attribute, child, must
from invoice_gateway.xml.identity import Columns, Key

_STEP = r"[\w.-]+:[\w.-]+"
_SELECTOR = re.compile(f"{_STEP}(?:/{_STEP})*")
_FIELD = re.compile(rf"\.|(?:{_STEP}/)*(?:{_STEP}|@[\w.-]+)")


def relaxed(file: Path) -> tuple[Any, tuple[Key, ...]]:
    """Return the schema in `file`, parsed, without its plain constraints; and these.

    `file` compiles. Plain is a constraint of the message itself that names rows and fields step by
    step, where no element on the way can repeat but the row, and every field is required and an
    xs:token or xs:decimal by restriction. A key and all that refer to it are taken out or none.
    """
    tree = etree.parse(str(file))
    try:
        schema = Declared(file, tree.getroot())
    except LookupError:
        return tree, ()
    keys = []
    for nodes in _constraints(schema):
        try:
            columns = [_columns(schema, node) for node in nodes]
        except LookupError:
            continue
        if len({each.decimals for each in columns}) == 1:
            keys.append(Key(columns[0], tuple(columns[1:])))
            for node in nodes:
                schema.message.remove(node)
    return tree, tuple(keys)


def _constraints(schema: Declared) -> list[list[Node]]:
    """Return each xs:unique and xs:key of the message, followed by all that refer to it."""
    return [
        [key, *(each for each in schema.keyrefs if _refers(each) == key.get("name"))]
        for key in schema.message.iterchildren(*KEYS)
    ]


def _columns(schema: Declared, constraint: Node) -> Columns:
    """Return what `constraint` is about.

    Raises:
        LookupError: it is not plain.
    """
    must(constraint.getparent() is schema.message)
    *above, last = path = _steps(schema, constraint.find(f"{XSD}selector"), _SELECTOR)
    at = schema.type(schema.message)
    for step in above:
        at = schema.type(child(at, step, required=False, once=True))
    row = schema.type(child(at, last, required=False, once=False))
    fields = [_steps(schema, each, _FIELD) for each in constraint.iterchildren(f"{XSD}field")]
    return Columns(
        "/".join(path),
        tuple("/".join(each) or "." for each in fields),
        tuple(_is_decimal(schema, row, each) for each in fields),
    )


def _steps(schema: Declared, node: Node, form: re.Pattern[str]) -> list[str]:
    """Return the path of a selector or field as `Rows` has it, step by step."""
    said = str(node.get("xpath"))
    must(form.fullmatch(said) is not None)
    names = [] if said == "." else said.split("/")
    for prefix, colon, _ in (name.partition(":") for name in names):
        must(not colon or node.nsmap.get(prefix) == schema.space)
    return [name.rpartition(":")[2] for name in names]


def _is_decimal(schema: Declared, row: Node, steps: list[str]) -> bool:
    """Return whether the values at `steps` from a `row` are decimals; if not, tokens."""
    at = row
    for step in steps:
        if step.startswith("@"):
            at = schema.type(attribute(at, step[1:]))
        else:
            at = schema.type(child(at, step, required=True, once=True))
    _, base = schema.restrictions(at)
    must(base in {"token", "decimal"})
    return base == "decimal"


def _refers(keyref: Node) -> str:
    """Return the local name of what an xs:keyref refers to."""
    return str(keyref.get("refer")).rpartition(":")[2]
