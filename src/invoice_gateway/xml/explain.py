"""What is wrong with an invalid document, in words its sender can act on."""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from threading import Lock
from typing import Any, Protocol

import xmlschema
from lxml import etree

from invoice_gateway.model.errors import Finding
from invoice_gateway.xml.place import line_of, local_name, path_of
from invoice_gateway.xml.text import clip

MOST_FINDINGS = 20
_LONGEST = 300
_VALUE = 80
_NOTHING = "nothing more here"
_TYPES_KEPT = 1_000
_INDEX = re.compile(r"\[\d+\]")
_NAMED = ("simpleType", "complexType", "unique", "key", "keyref")
_XSD = "{http://www.w3.org/2001/XMLSchema}"
_NAMESPACE = re.compile(r"\{urn:[^}]{0,100}\}|\bg:")
_SUBJECT = re.compile(
    r"^Element '([^']*)'(?:, (attribute '[^']*'))?: (?:\[facet '[^']*'\] )?", re.DOTALL
)
_FORM = re.compile(
    r"^(.*?)(?:[Vv]alue doesn't match any pattern of|"
    r"The value .* is not accepted by the pattern).*",
    re.DOTALL,
)
_NO_VALUE = re.compile(r"^Invalid .* for <class '")
"""How xmlschema says, after the pattern, that a text is no value of its built-in type either."""
_ATTRIBUTE = re.compile(r"attribute '?(\w+)")
_TAG = re.compile(r"\. Tags? .{1,200} expected\.$")
_EXPECTED = re.compile(r" Expected is (?:one of )?\( (.*) \)\.$", re.DOTALL)
_SCOPED = re.compile(r"\bXsd(Unique|Key|Keyref)\(name=")
_MISPLACED = re.compile(r"Unexpected child|is not complete|is not expected|Missing child")
_CONSTRAINT = re.compile(r"(?:constraint|keyref) '(?:\{[^}]*\})?([\w-]+)'")


class Said(Protocol):
    """One entry of libxml2's error log."""

    path: str | None
    line: int
    message: str


class Explainer:
    """Explains documents of one schema file; slow to start, so made for the first bad one."""

    def __init__(self, file: Path) -> None:
        """Prepare for `file`; nothing is compiled yet."""
        self._file = file
        self._lock = Lock()
        self._schema: Any = None
        self._words: dict[str, str] = {}
        self._types: dict[str, str] = {}

    def explain(self, root: etree._Element, log: Iterable[Said]) -> tuple[Finding, ...]:
        """Return up to 20 findings in document order, at least one.

        Args:
            root: A document that libxml2 called invalid.
            log: What libxml2 said about it; it has the word where xmlschema finds no fault.
        """
        said = self.translate(log, {}, root)
        hints = {each.path: each.expected for each in said}
        with self._lock:
            found = _distinct(self._ask(root, hints))
        # Of numbers that are there twice or nowhere, libxml2 knows the place, xmlschema the scope.
        constraints = tuple(each for each in said if "key-sequence" in each.message)
        return (*found, *constraints)[:MOST_FINDINGS] or said

    def translate(
        self,
        log: Iterable[Said],
        origin: Mapping[etree._Element, etree._Element],
        root: etree._Element,
    ) -> tuple[Finding, ...]:
        """Return what libxml2 said in `log` about `root`, as up to 20 findings.

        Args:
            log: The error log of the validation.
            origin: Where `root` is a copy: the elements that its own stand for.
            root: What was validated.
        """
        with self._lock:
            self._load()
        return _distinct(
            self._entry(entry, origin, root) for entry in islice(log, 3 * MOST_FINDINGS)
        )

    def _load(self) -> None:
        if self._schema is None:
            self._schema = xmlschema.XMLSchema(str(self._file), allow="local", defuse="always")
            self._words = _documentation(self._file)

    def _ask(self, root: etree._Element, hints: Mapping[str, str]) -> Iterator[Finding]:
        """Yield what xmlschema finds, with `hints` where it does not say what it expected."""
        try:
            for error in self._schema.iter_errors(root):
                child = getattr(error, "invalid_child", None)
                element = error.elem if child is None else child
                if element is not None and not _SCOPED.search(str(error.reason)):
                    yield self._fault(error, element, hints)
        except Exception:  # noqa: BLE001 - an explanation that fails must not change the verdict
            return

    def _fault(
        self,
        error: xmlschema.XMLSchemaValidationError,
        element: etree._Element,
        hints: Mapping[str, str],
    ) -> Finding:
        path, said = path_of(element), str(error.reason)
        names = [local_name(each.name or "") for each in getattr(error, "expected", None) or ()]
        if _MISPLACED.search(said):
            expected = " or ".join(filter(None, names)) or hints.get(path) or _NOTHING
        else:
            expected = self._type_of(path)
        return Finding(
            line=line_of(element),
            path=path,
            message=_plain(said, element),
            expected=clip(expected, _LONGEST),
        )

    def _entry(
        self, entry: Said, origin: Mapping[etree._Element, etree._Element], root: etree._Element
    ) -> Finding:
        element = _element_of(entry, root)
        element = origin.get(element, element)
        path, said = path_of(element), entry.message[: 10 * _LONGEST]
        listed = _EXPECTED.search(said)
        if listed:
            said, expected = said[: listed.start()], _names(listed[1])
        elif _MISPLACED.search(said):
            expected = _NOTHING
        else:
            expected = self._constraint(said) or self._type_of(path)
        return Finding(
            line=line_of(element),
            path=path,
            message=_plain(said, element),
            expected=clip(expected, _LONGEST),
        )

    def _constraint(self, said: str) -> str:
        """Return the documentation of the identity constraint that `said` names, or nothing."""
        found = _CONSTRAINT.search(said)
        return self._words.get(found[1], "") if found else ""

    def _type_of(self, path: str) -> str:
        """Return name and documentation of the type at `path`, or nothing."""
        bare = _INDEX.sub("", path).strip("/")
        found = self._types.get(bare)
        if found is None:
            found = self._typed("/".join(f"g:{step}" for step in bare.split("/")))
            if len(self._types) >= _TYPES_KEPT:  # paths are taken from messages
                self._types.clear()
            self._types[bare] = found
        return found

    def _typed(self, steps: str) -> str:
        """Return what `_type_of` does; to find it takes as long as to validate a short message."""
        try:
            declared = self._schema.find(steps, {"g": self._schema.target_namespace})
        except (xmlschema.XMLSchemaException, SyntaxError, LookupError, ValueError):
            return ""
        name = getattr(getattr(declared, "type", None), "local_name", None) or ""
        words = self._words.get(name, "")
        return f"{name}: {words}" if words else name


def _element_of(entry: Said, root: etree._Element) -> etree._Element:
    """Return the element that `entry` is about, or `root` where that cannot be told."""
    if entry.path is None:  # of a keyref, libxml2 only keeps name and line
        named = _SUBJECT.match(entry.message)
        tag = named[1] if named else str(root.tag)
        those = [each for each in root.iter(tag) if line_of(each) == entry.line]
        return those[0] if len(those) == 1 else root
    prefixes: Any = {prefix: uri for prefix, uri in root.nsmap.items() if prefix}
    try:
        found: Any = root.getroottree().xpath(entry.path, namespaces=prefixes)
    except etree.XPathError:
        return root
    return found[0] if found else root


def _plain(said: str, element: etree._Element) -> str:
    """Return the sentence of a validator without namespaces, patterns and long values."""
    subject = _SUBJECT.match(said)
    if subject:
        said = (f"{subject[2]}: " if subject[2] else "") + said[subject.end() :]
    form = _FORM.match(said)
    named = _ATTRIBUTE.search(form[1] if form else "")
    value = clip(((element.get(named[1]) if named else element.text) or "").strip(), _VALUE)
    if form or _NO_VALUE.match(said):
        about = f"attribute {named[1]}: " if named else ""
        said = f"{about}'{value}' does not have the right form"
    elif said.startswith("value "):
        said = f"'{value}': {said}"
    return clip(_NAMESPACE.sub("", _TAG.sub(".", said)).strip(), _LONGEST)


def _names(listed: str) -> str:
    return " or ".join(local_name(each.strip()) for each in listed.split(","))


def _distinct(findings: Iterator[Finding]) -> tuple[Finding, ...]:
    """Return the first findings, at most 20, without what is said twice of one place."""
    kept: dict[tuple[str, str], Finding] = {}
    for finding in findings:
        kept.setdefault((finding.path, finding.message), finding)
        if len(kept) == MOST_FINDINGS:
            break
    return tuple(kept.values())


def _documentation(file: Path) -> dict[str, str]:
    """Return what `file` and its includes say about every named type and constraint."""
    root = etree.parse(str(file)).getroot()
    words: dict[str, str] = {}
    for include in root.iterchildren(f"{_XSD}include"):
        words |= _documentation(file.parent / str(include.get("schemaLocation")))
    for named in root.iter(*(f"{_XSD}{kind}" for kind in _NAMED)):
        said = named.findtext(f"{_XSD}annotation/{_XSD}documentation")
        if named.get("name") and said:
            words[str(named.get("name"))] = " ".join(said.split())
    return words
