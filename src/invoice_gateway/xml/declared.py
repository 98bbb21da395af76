"""What a schema file declares, its includes too: elements, their children and their types.

Only what is plain can be asked: elements declared in place, in one namespace, in sequences and
choices. Every LookupError says: not plain.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

from lxml import etree

XSD = "{http://www.w3.org/2001/XMLSchema}"
KEYS, KEYREF = (f"{XSD}unique", f"{XSD}key"), f"{XSD}keyref"
_TYPES = (f"{XSD}complexType", f"{XSD}simpleType")
_ELEMENT, _ATTRIBUTE, _SEQUENCE = (f"{XSD}{each}" for each in ("element", "attribute", "sequence"))
_GROUP = f"{XSD}group"
_MODELS = (_SEQUENCE, f"{XSD}choice")
_BESIDE = (f"{XSD}annotation", _ATTRIBUTE)  # a content model
_DERIVED = (f"{XSD}simpleContent", f"{XSD}restriction", f"{XSD}extension")
# They change what a type holds from elsewhere, the first one together with an xsi:type.
_REMOTE = tuple(f"{XSD}{each}" for each in ("complexContent", "redefine", "override", "import"))
_ELEMENT_HAS = frozenset({"name", "type", "minOccurs", "maxOccurs", "id"})
_ATTRIBUTE_HAS = frozenset({"name", "type", "use", "id"})
Node: TypeAlias = Any  # an element of a schema: what is not plain has already raised


class Declared:
    """What the schema of one message declares; `message` is the declaration of its root."""

    def __init__(self, file: Path, root: Node) -> None:
        """Read `root`, which is what stands in `file`.

        Raises:
            LookupError: names are not all in one namespace, or types change from elsewhere.
        """
        documents = {file.resolve(): root}
        _include(file, root, documents)
        self.space = root.get("targetNamespace")
        for each in documents.values():
            must(each.get("targetNamespace") == self.space is not None)
            must(each.get("elementFormDefault") == "qualified")
            must(each.get("attributeFormDefault") is None)
            must(next(each.iter(*_REMOTE), None) is None)
        self.message = root.find(_ELEMENT)
        self.keyrefs = [node for each in documents.values() for node in each.iter(KEYREF)]
        self._types = {
            f"{{{self.space}}}{node.get('name')}": node
            for each in documents.values()
            for node in each.iterchildren(*_TYPES, _GROUP)
        }

    def type(self, declared: Node) -> Node:
        """Return the type of an element or attribute: its definition, or the name of a built-in."""
        must(_ELEMENT_HAS.union(_ATTRIBUTE_HAS).issuperset(declared.keys()))
        name = declared.get("type")
        return self._named(declared, name) if name else _first(declared, _TYPES)

    def below(self, type_: Node, name: str) -> Node:
        """Return the declaration of the children `name` of a type; in a choice all are alike."""
        found = [each for each in self._elements(type_) if each.get("name") == name]
        names = {each.get("type") for each in found}
        must(len(found) == 1 or (len(names) == 1 and None not in names))
        must(len(found) == 1 or not any(True for each in found for _ in each.iter(*KEYS, KEYREF)))
        return found[0]

    def _elements(self, model: Node) -> Iterator[Node]:
        """Yield the declarations of all elements that may stand in `model`."""
        must(not isinstance(model, str))
        for each in model.iterchildren(etree.Element):
            if each.tag in _MODELS:
                yield from self._elements(each)
            elif each.tag == _GROUP:
                yield from self._elements(self._named(each, each.get("ref")))
            elif each.tag not in _BESIDE:
                must(each.tag == _ELEMENT and each.get("name") is not None)
                yield each

    def restrictions(self, at: Node) -> tuple[list[Node], str]:
        """Return the steps of restriction that lead to type `at`, last first, and the built-in."""
        steps = []
        while not isinstance(at, str):
            derived = _first(at, _DERIVED)
            base = derived.get("base")
            if base:
                steps.append(derived)
            at = self._named(derived, base) if base else derived
        return steps, at.removeprefix(XSD)

    def _named(self, node: Node, name: str) -> Node:
        prefix, _, local = name.rpartition(":")
        tag = f"{{{node.nsmap.get(prefix or None)}}}{local}"
        return tag if tag.startswith(XSD) else self._types[tag]


def child(type_: Node, name: str, *, required: bool, once: bool) -> Node:
    """Return the one declaration of the children `name`, which are `required`, or there `once`."""
    found = [each for each in _particles(type_) if each[0].get("name") == name]
    must(len(found) == 1)
    declared, needed, alone = found[0]
    must(needed >= required and alone >= once and _ELEMENT_HAS.issuperset(declared.keys()))
    return declared


def _particles(model: Node) -> Iterator[tuple[Node, bool, bool]]:
    """Yield what may stand in `model`: its declaration, whether it must, and whether only once."""
    must(not isinstance(model, str))
    for each in model.iterchildren(etree.Element):
        needed, alone = int(each.get("minOccurs", "1")) > 0, each.get("maxOccurs", "1") == "1"
        if each.tag in _MODELS:
            certain = needed and each.tag == _SEQUENCE
            for declared, also_needed, also_alone in _particles(each):
                yield declared, certain and also_needed, alone and also_alone
        elif each.tag not in _BESIDE:
            must(each.tag == _ELEMENT and each.get("name") is not None)
            yield each, needed, alone


def attribute(type_: Node, name: str) -> Node:
    """Return the declaration of the attribute `name`, which must be there."""
    must(not isinstance(type_, str))
    holders = [type_, *type_.iterfind(f"{XSD}simpleContent/*")]
    declared = [each for holder in holders for each in holder.iterchildren(_ATTRIBUTE)]
    found = [each for each in declared if each.get("name") == name]
    must(len(found) == 1 and found[0].get("use") == "required")
    must(_ATTRIBUTE_HAS.issuperset(found[0].keys()))
    return found[0]


def _include(file: Path, root: Node, documents: dict[Path, Node]) -> None:
    """Add to `documents` what `root`, of `file`, includes."""
    for node in root.iterchildren(f"{XSD}include"):
        place = (file.parent / str(node.get("schemaLocation"))).resolve()
        must(place.is_file())
        if place not in documents:
            documents[place] = etree.parse(str(place)).getroot()
            _include(place, documents[place], documents)


def _first(node: Node, tags: tuple[str, ...]) -> Node:
    found = next(node.iterchildren(*tags), None)
    must(found is not None)
    return found


def must(fact: bool) -> None:  # noqa: FBT001 - it is what the caller says
    """Raise `LookupError` unless `fact`: then what is looked at is not plain."""
    if not fact:
        raise LookupError
