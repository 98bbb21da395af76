"""Forms of messages: a document like many that libxml2 found valid is not parsed again.

Whoever writes messages by program writes them alike: the same tags in the same order around other
texts. Once enough valid ones of a *form* have come, one regular expression tells that a document is
of that form, and gives its texts. That it is well-formed and valid then follows (ADR 16):

- its tags are, byte for byte, those of a document that was valid, so its structure is;
- every text is without markup and surely of its type: the expression says so (`surely`);
- what must be unique or refer to something does (`identity`).

In any doubt there is no form, and libxml2 is asked. It alone refuses.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from operator import itemgetter
from typing import Any, NamedTuple

from lxml import etree

from invoice_gateway.xml import lexical
from invoice_gateway.xml.canonical import is_plain, of_plain
from invoice_gateway.xml.declared import KEYREF, KEYS, XSD, Declared, must
from invoice_gateway.xml.declared import Node as Declaration
from invoice_gateway.xml.document import Document
from invoice_gateway.xml.identity import Columns, Key, surely_holds
from invoice_gateway.xml.safe import Limits, parse
from invoice_gateway.xml.schemas import Schemas
from invoice_gateway.xml.shape import Node, Place, leaves_of
from invoice_gateway.xml.surely import TEXT_ENDS, surely
from invoice_gateway.xml.whole import Part, Whole

LEARN_AFTER = 32
"""So many valid documents of a form make it worth compiling, which takes as long as reading 100."""
FORMS_MAX = 128
ALIKE_MAX = 4
"""So many forms with as many tags are tried."""
LEAVES_MAX = 400
"""A larger form would take long to compile, and saves little per line."""

_DECLARATION = re.compile(rb'<\?xml version="1\.0"(?: encoding="(?:UTF-8|utf-8)")?\?>')
_BLANKS = b" \t\n"
_BETWEEN = r"[ \t\n]*+"
_ODD = re.compile("[^\t\n -~\u00a1-\u00ac\u00ae-\u034e\u0370-\u052f\u20a0-\u20bf\u4e00-\u9fff]")
"""What no text of a form holds: characters that some type may not take."""
_FOREIGN = re.compile(r'\s(?!xmlns[:=])[^\s=":]+:[^\s=]+="')
"""An attribute with a prefix: it may change what an element is."""
_VERSION = "Header/SchemaVersion"

_PATHS = (f"{XSD}selector", f"{XSD}field")
_STEP = re.compile(r"(?:[\w.-]+:)?[\w.-]+")

Pick = Callable[[Sequence[str]], Sequence[Any]]


class Known(NamedTuple):
    """A valid document, its message hash and its content hash."""

    document: Document
    hash: str
    content_hash: str


class Form(NamedTuple):
    """What documents that are alike have in common.

    `match` takes the text of one, without a declaration, and gives those of its leaves, which are
    surely of their types when collapsed; `spaced` are those that may not be. `unique` says which
    of them must differ, `keys` what must besides.
    """

    tag: str
    match: Callable[[str], re.Match[str] | None]
    node: Node
    spaced: Pick
    unique: tuple[Pick, ...]
    keys: tuple["Held", ...]


class Held(NamedTuple):
    """A `Key` in a form: what picks its columns, and those of the rows that refer to them."""

    columns: tuple[Pick, ...]
    decimals: tuple[bool, ...]
    references: tuple[tuple[Pick, ...], ...]

    def surely(self, values: Sequence[str]) -> bool:
        """Return whether it holds among these texts; False in any doubt."""
        references = [[pick(values) for pick in each] for each in self.references]
        return surely_holds([pick(values) for pick in self.columns], self.decimals, references)


class Forms:
    """The forms met so far, by how many tags they have. May be shared by threads."""

    def __init__(self, schemas: Schemas, limits: Limits, enterprise: str) -> None:
        """Know no form yet. The others are as for `parse`, `Schemas.check` and `Document`."""
        self._schemas, self._limits, self._enterprise = schemas, limits, enterprise
        self._seen: dict[Node, int] = {}
        self._forms: dict[int, list[Form]] = {}

    def read(self, body: bytes) -> Known | None:
        """Return the document in `body` if it is of a known form, and so valid; else None."""
        alike = self._forms.get(_size(body))
        if not alike or len(body) > self._limits.max_bytes:
            return None
        written = _written(body)
        try:
            text = written.decode()
        except UnicodeDecodeError:
            return None
        if not text.isascii() and _ODD.search(text):
            return None
        for form in alike:
            found = form.match(text)
            if found is not None:
                return self._known(form, body, written, found)
        return None

    def _known(self, form: Form, body: bytes, written: bytes, found: re.Match[str]) -> Known | None:
        """Return the document of a form with these texts, if they are surely valid in it."""
        values = found.groups()
        if not lexical.are_collapsed(form.spaced(values)):
            return None
        for pick in form.unique:
            if len({*(rows := pick(values))}) != len(rows):
                return None
        if not all(key.surely(values) for key in form.keys):
            return None
        whole = Whole(written, values, clean=True, tree=partial(parse, body, self._limits))
        document = Document(Part(whole, form.node, 0, 0), self._enterprise)
        return Known(document, *of_plain(written, form.tag))

    def learn(self, root: etree._Element, document: Document, body: bytes) -> None:
        """Take note of a valid document that is of no known form."""
        node = document.node
        seen = self._seen.get(node, 0) + 1
        if len(self._seen) >= FORMS_MAX:
            self._seen.clear()
        self._seen[node] = seen
        if seen != LEARN_AFTER or node.leaves > LEAVES_MAX:
            return
        written = document.whole.written
        if written != _written(body) or not is_plain(root, written):
            return
        try:
            form = _form(self._schemas, str(root.tag), document)
        except LookupError:  # nothing is sure about it
            return
        if sum(map(len, self._forms.values())) >= FORMS_MAX:
            self._forms.clear()
        alike = self._forms.setdefault(_size(body), [])
        self._forms[_size(body)] = [form, *alike][:ALIKE_MAX]


def _size(body: bytes) -> int:
    """Return how many tags there are, without a declaration."""
    return body.count(b"<") - body.startswith(b"<?")


def _written(body: bytes) -> bytes:
    """Return `body` as libxml2 writes it, if it is written so, without a declaration."""
    declared = _DECLARATION.match(body)
    return (body[declared.end() :] if declared else body).strip(_BLANKS)


def _form(schemas: Schemas, tag: str, document: Document) -> Form:
    """Return the form of a valid document.

    Raises:
        LookupError: its schema says more than forms can tell.
    """
    schema, keys = schemas.plain(tag)
    pieces = [*document.whole.pieces]
    must(_FOREIGN.search(">".join(pieces[1::2])) is None)
    node = leaves_of(pieces)
    facts = _Facts(schema)
    facts.gather(node, schema.message, 0)
    version = node.place(_VERSION)
    if isinstance(version, int):
        facts.types[version] = re.escape(document.text(_VERSION))
    pattern = "".join(_patterns(pieces, facts.types))
    return Form(
        tag,
        re.compile(pattern).fullmatch,
        node,
        _picking(sorted(facts.tokens)),
        tuple(map(_picking, facts.unique)),
        tuple(_held(node, key) for key in keys),
    )


def _held(node: Node, key: Key) -> Held:
    """Return `key` as it is in documents that are alike."""

    def picks(columns: Columns) -> tuple[Pick, ...]:
        return tuple(_column(node.column(columns.path, name)) for name in columns.names)

    return Held(picks(key.rows), key.rows.decimals, tuple(map(picks, key.references)))


def _column(places: slice | Sequence[Place]) -> Pick:
    """Return what picks the values at these places: leaves, or what all such documents say."""
    if isinstance(places, slice):
        return itemgetter(places)
    said = [*places]
    return lambda values: [values[each] if isinstance(each, int) else each for each in said]


def _patterns(pieces: Sequence[str], types: Mapping[int, str]) -> list[str]:
    """Return what matches documents with these tags; `types` has the pattern of each leaf.

    Raises:
        LookupError: there is a text beside an element.
    """
    found, leaves = [], 0
    for at in range(1, len(pieces) - 1, 2):
        tag, text, after = pieces[at], pieces[at + 1], pieces[at + 2 : at + 3]
        found.append(re.escape(f"<{tag}>"))
        if after and after[0].startswith("/") and not tag.startswith("/"):
            found.append(f"((?>{types[leaves]}{TEXT_ENDS}))")
            leaves += 1
        elif text:
            must(not text.strip(" \t\n"))
            found.append(_BETWEEN)
    return found


def _picking(places: Sequence[int]) -> Pick:
    """Return what picks the values at these places, as a tuple also where it is one or none."""
    first, *more = places or [0]
    return itemgetter(first, *more) if more else itemgetter(slice(first, first + len(places)))


class _Facts:
    """What a schema says about the leaves of a form: their patterns, and places that differ."""

    def __init__(self, schema: Declared) -> None:
        """Know nothing yet."""
        self._schema = schema
        self.types: dict[int, str] = {}
        self.unique: list[list[int]] = []
        self.tokens: set[int] = set()

    def gather(self, node: Node, declared: Declaration, at: int) -> None:
        """Gather what is said about the element `node`, whose first leaf is at `at`.

        Raises:
            LookupError: something that forms cannot tell.
        """
        type_ = self._schema.type(declared)
        if node.children:
            for each in node.children:
                self.gather(each.node, self._schema.below(type_, each.node.name), at + each.at)
        else:
            must(node.width > 1)
            self.types[at] = surely(self._schema, type_)
            if self._schema.restrictions(type_)[1] == "token":
                self.tokens.add(at)
        for constraint in declared.iterchildren(*KEYS, KEYREF):
            self._constrain(node, constraint, at)

    def _constrain(self, node: Node, constraint: Declaration, at: int) -> None:
        """Gather what must be unique among the rows below an element: one token of each row."""
        must(constraint.tag == f"{XSD}unique")
        paths = [str(each.get("xpath")) for each in constraint.iterchildren(*_PATHS)]
        must(all(map(_STEP.fullmatch, paths)))
        row, *fields = (path.rpartition(":")[2] for path in paths)
        must(len(fields) == 1)
        found = [(each.at, each.node.place(fields[0])) for each in node.rows(row)]
        places = [at + row_at + place for row_at, place in found if isinstance(place, int)]
        if len(places) > 1:
            must(self.tokens.issuperset(places))
            self.unique.append(places)
