"""Schemas without the identity constraints that can be checked on columns.

libxml2 spends two fifths of a validation on xs:unique, xs:key and xs:keyref, to gather what the
typed read gathers as well. What is taken out here must mean the same there, whatever a document
holds; so only plain constraints are, and every doubt leaves one where it is.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

from lxml import etree

from invoice_gateway.xml.identity import Columns, Key

_XSD = "{http://www.w3.org/2001/XMLSchema}"
_TOKEN, _DECIMAL = f"{_XSD}token", f"{_XSD}decimal"
_KEYS, _KEYREF = (f"{_XSD}unique", f"{_XSD}key"), f"{_XSD}keyref"
_TYPES = (f"{_XSD}complexType", f"{_XSD}simpleType")
_ELEMENT, _ATTRIBUTE, _SEQUENCE = (f"{_XSD}{each}" for each in ("element", "attribute", "sequence"))
_MODELS = (_SEQUENCE, f"{_XSD}choice")
_BESIDE = (f"{_XSD}annotation", _ATTRIBUTE)  # a content model
_DERIVED = (f"{_XSD}simpleContent", f"{_XSD}restriction", f"{_XSD}extension")
# They change what a type holds from elsewhere, the first one together with an xsi:type.
_REMOTE = tuple(f"{_XSD}{each}" for each in ("complexContent", "redefine", "override", "import"))
_ELEMENT_HAS = frozenset({"name", "type", "minOccurs", "maxOccurs", "id"})
_ATTRIBUTE_HAS = frozenset({"name", "type", "use", "id"})
_Node: TypeAlias = Any  # an element of a schema: what is not plain has already raised
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
        schema = _Schema(file, tree.getroot())
    except LookupError:
        return tree, ()
    keys = []
    for nodes in schema.constraints():
        try:
            columns = [schema.columns(node) for node in nodes]
        except LookupError:
            continue
        if len({each.decimals for each in columns}) == 1:
            keys.append(Key(columns[0], tuple(columns[1:])))
            for node in nodes:
                schema.message.remove(node)
    return tree, tuple(keys)


class _Schema:
    """What a schema file declares, its includes too. Every LookupError says: not plain."""

    def __init__(self, file: Path, root: _Node) -> None:
        """Read `root`, which is what stands in `file`.

        Raises:
            LookupError: names are not all in one namespace, or types change from elsewhere.
        """
        documents = {file.resolve(): root}
        _include(file, root, documents)
        self._space = root.get("targetNamespace")
        for each in documents.values():
            _must(each.get("targetNamespace") == self._space is not None)
            _must(each.get("elementFormDefault") == "qualified")
            _must(each.get("attributeFormDefault") is None)
            _must(next(each.iter(*_REMOTE), None) is None)
        self.message = root.find(_ELEMENT)
        self._keyrefs = [node for each in documents.values() for node in each.iter(_KEYREF)]
        self._types = {
            f"{{{self._space}}}{node.get('name')}": node
            for each in documents.values()
            for node in each.iterchildren(*_TYPES)
        }

    def constraints(self) -> list[list[_Node]]:
        """Return each xs:unique and xs:key of the message, followed by all that refer to it."""
        return [
            [key, *(each for each in self._keyrefs if _refers(each) == key.get("name"))]
            for key in self.message.iterchildren(*_KEYS)
        ]

    def columns(self, constraint: _Node) -> Columns:
        """Return what `constraint` is about.

        Raises:
            LookupError: it is not plain.
        """
        _must(constraint.getparent() is self.message)
        *above, last = path = self._steps(constraint.find(f"{_XSD}selector"), _SELECTOR)
        _must(_ELEMENT_HAS.issuperset(self.message.keys()))
        at = self._type(self.message)
        for step in above:
            at = self._type(_child(at, step, required=False, once=True))
        row = self._type(_child(at, last, required=False, once=False))
        fields = [self._steps(each, _FIELD) for each in constraint.iterchildren(f"{_XSD}field")]
        return Columns(
            "/".join(path),
            tuple("/".join(each) or "." for each in fields),
            tuple(self._is_decimal(row, each) for each in fields),
        )

    def _steps(self, node: _Node, form: re.Pattern[str]) -> list[str]:
        """Return the path of a selector or field as `Rows` has it, step by step."""
        said = str(node.get("xpath"))
        _must(form.fullmatch(said) is not None)
        names = [] if said == "." else said.split("/")
        for prefix, colon, _ in (name.partition(":") for name in names):
            _must(not colon or node.nsmap.get(prefix) == self._space)
        return [name.rpartition(":")[2] for name in names]

    def _type(self, declared: _Node) -> _Node:
        """Return the type of an element or attribute: its definition, or the name of a built-in."""
        name = declared.get("type")
        return self._named(declared, name) if name else _first(declared, _TYPES)

    def _named(self, node: _Node, name: str) -> _Node:
        prefix, _, local = name.rpartition(":")
        tag = f"{{{node.nsmap.get(prefix or None)}}}{local}"
        return tag if tag in {_TOKEN, _DECIMAL} else self._types[tag]

    def _is_decimal(self, row: _Node, steps: list[str]) -> bool:
        """Return whether the values at `steps` from a `row` are decimals; if not, tokens."""
        at = row
        for step in steps:
            if step.startswith("@"):
                at = self._type(_attribute(at, step[1:]))
            else:
                at = self._type(_child(at, step, required=True, once=True))
        while not isinstance(at, str):
            derived = _first(at, _DERIVED)
            base = derived.get("base")
            at = self._named(derived, base) if base else derived
        return at == _DECIMAL


def _child(type_: _Node, name: str, *, required: bool, once: bool) -> _Node:
    """Return the one declaration of the children `name`, which are `required`, or there `once`."""
    found = [each for each in _particles(type_) if each[0].get("name") == name]
    _must(len(found) == 1)
    declared, must, alone = found[0]
    _must(must >= required and alone >= once and _ELEMENT_HAS.issuperset(declared.keys()))
    return declared


def _particles(model: _Node) -> Iterator[tuple[_Node, bool, bool]]:
    """Yield what may stand in `model`: its declaration, whether it must, and whether only once."""
    _must(not isinstance(model, str))
    for each in model.iterchildren(etree.Element):
        must, alone = int(each.get("minOccurs", "1")) > 0, each.get("maxOccurs", "1") == "1"
        if each.tag in _MODELS:
            certain = must and each.tag == _SEQUENCE
            for declared, also_must, also_alone in _particles(each):
                yield declared, certain and also_must, alone and also_alone
        elif each.tag not in _BESIDE:
            _must(each.tag == _ELEMENT and each.get("name") is not None)
            yield each, must, alone


def _attribute(type_: _Node, name: str) -> _Node:
    """Return the declaration of the attribute `name`, which must be there."""
    _must(not isinstance(type_, str))
    holders = [type_, *type_.iterfind(f"{_XSD}simpleContent/*")]
    declared = [each for holder in holders for each in holder.iterchildren(_ATTRIBUTE)]
    found = [each for each in declared if each.get("name") == name]
    _must(len(found) == 1 and found[0].get("use") == "required")
    _must(_ATTRIBUTE_HAS.issuperset(found[0].keys()))
    return found[0]


def _include(file: Path, root: _Node, documents: dict[Path, _Node]) -> None:
    """Add to `documents` what `root`, of `file`, includes."""
    for node in root.iterchildren(f"{_XSD}include"):
        place = (file.parent / str(node.get("schemaLocation"))).resolve()
        _must(place.is_file())
        if place not in documents:
            documents[place] = etree.parse(str(place)).getroot()
            _include(place, documents[place], documents)


def _first(node: _Node, tags: tuple[str, ...]) -> _Node:
    found = next(node.iterchildren(*tags), None)
    _must(found is not None)
    return found


def _refers(keyref: _Node) -> str:
    """Return the local name of what an xs:keyref refers to."""
    return str(keyref.get("refer")).rpartition(":")[2]


def _must(fact: bool) -> None:  # noqa: FBT001 - it is what the caller says
    """Raise `LookupError` unless `fact`: then what is looked at is not plain."""
    if not fact:
        raise LookupError
