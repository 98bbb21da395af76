"""The shape of a document: which elements it has, in which order, and where each text stands.

libxml2 writes a tree in one go; cut at the angle brackets, what it wrote is texts and tags in turn.
Documents of one kind have the same tags over and over, so where a value stands is found once per
shape, and is a position from then on.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from lxml import etree

from invoice_gateway.xml import lexical

Place = int | str | None
"""Where a value is: how many pieces after the element's own text; or the value itself, which is
that of an attribute or empty; or nowhere."""

_ATTRIBUTE = re.compile(r'\s([^\s=]+)="([^"]*)"')
_REFERENCE = re.compile(r"&(?:#([0-9]+)|([a-z]+));")
_MEANT = {"amp": "&", "lt": "<", "gt": ">", "quot": '"'}
_REMEMBERED = 1 << 15  # characters; the shape of a larger document is found each time


class Child(NamedTuple):
    """An element below another, and how many pieces after that one's own text its own comes."""

    node: "Node"
    at: int


class Node:
    """An element of a shape; equal siblings one after the other share one.

    `name` is the local name where the element is in the namespace of the message, `{urn:...}name`
    where it is in another. `width` says of how many tags it consists: one where it is empty.
    """

    __slots__ = (
        "_columns",
        "_first",
        "_places",
        "_rows",
        "attributes",
        "children",
        "name",
        "width",
    )

    def __init__(
        self, name: str, attributes: dict[str, str], children: tuple[Child, ...], width: int
    ) -> None:
        """Make an element of what its tags say."""
        self.name, self.width = name, width
        self.attributes, self.children = attributes, children
        self._first: dict[str, Child] | None = None
        self._places: dict[str, Place] = {}
        self._rows: dict[str, list[Child]] = {}
        self._columns: dict[tuple[str, str], slice | list[Place]] = {}

    def first(self, name: str) -> Child | None:
        """Return the first child called `name`, or None."""
        if self._first is None:
            self._first = {child.node.name: child for child in reversed(self.children)}
        return self._first.get(name)

    def place(self, path: str) -> Place:
        """Return where the value at `path` is: `Header/MessageId`, `Source/@type` or `.`."""
        try:
            return self._places[path]
        except KeyError:  # once per shape and path
            found = self._places[path] = self._found(path)
            return found

    def down(self, path: str) -> Child | None:
        """Return the element at `path`, or the one that bears the attribute there, or None."""
        at = Child(self, 0)
        for step in path.partition("@")[0].split("/"):
            if step and step != ".":
                below = at.node.first(step)
                if below is None:
                    return None
                at = Child(below.node, at.at + below.at)
        return at

    def rows(self, path: str) -> list[Child]:
        """Return the elements at `path`, of which the last step may repeat or be `*`, in order."""
        found = self._rows.get(path)
        if found is None:
            found = self._rows[path] = self._repeated(path)
        return found

    def column(self, path: str, name: str) -> slice | list[Place]:
        """Return where the value `name` of each row at `path` is; a slice where evenly apart."""
        found = self._columns.get((path, name))
        if found is None:
            places = [_moved(node.place(name), at) for node, at in self.rows(path)]
            found = self._columns[path, name] = _even(places) or places
        return found

    def _repeated(self, path: str) -> list[Child]:
        above, _, last = path.rpartition("/")
        parent = self.down(above)
        if parent is None:
            return []
        return [
            Child(node, parent.at + at)
            for node, at in parent.node.children
            if node.name == last or (last == "*" and "}" not in node.name)
        ]

    def _found(self, path: str) -> Place:
        at = self.down(path)
        if at is None:
            return None
        _, bears, attribute = path.partition("@")
        if bears:
            return at.node.attributes.get(attribute)
        return "" if at.node.width == 1 else at.at


def pieces_of(written: bytes) -> list[str]:
    """Return what libxml2 wrote, without a declaration, cut at the angle brackets.

    Texts and tags come in turn, the first text is empty. libxml2 writes angle brackets elsewhere as
    references, and a document as the gateway parses it has neither comments nor CDATA.
    """
    return written.decode().replace("<", ">").split(">")


def shape_of(pieces: list[str]) -> Node:
    """Return the root of the shape; the same one for the same tags, where it is not large."""
    tags = ">".join(pieces[1::2])
    return _remembered(tags) if len(tags) <= _REMEMBERED else _shape(tags)


def meant(piece: str) -> str:
    """Return the value that a text stands for, white space collapsed."""
    return lexical.collapsed(_unescaped(piece) if "&" in piece else piece)


@lru_cache(maxsize=128)  # shapes are taken from messages
def _remembered(said: str) -> Node:
    return _shape(said)


def _shape(said: str) -> Node:
    return _Reading(said.split(">")).element(0, _Scope({"xml": "xml"}, {}))


class _Scope(NamedTuple):
    """The namespaces by their prefixes, and the elements without children met where they hold."""

    spaces: dict[str, str]
    leaves: dict[str, Node]


class _Reading:
    """Makes nodes of the tags of a document.

    No node holds tags, and leaves are shared: so a shape stays smaller than the tree, however deep
    or varied the document of a stranger is.
    """

    def __init__(self, tags: list[str]) -> None:
        """Read `tags`."""
        self._tags = tags
        self._message: str | None = None

    def element(self, start: int, scope: _Scope) -> Node:
        """Return the element that starts with the tag at `start`; the root first."""
        tags = self._tags
        tag = tags[start]
        width = 1 if tag.endswith("/") else 2
        leaf = width == 1 or tags[start + 1].startswith("/")
        if leaf and tag in scope.leaves:
            return scope.leaves[tag]
        said = tag.removesuffix("/")
        attributes, declared = _attributes(said) if "=" in said else ({}, {})
        inner = _Scope(scope.spaces | declared, {}) if declared else scope
        name = self._name(said, inner.spaces)
        if leaf:
            found = scope.leaves[tag] = Node(name, attributes, (), width)
            return found
        children, end = self._children(start, inner)
        return Node(name, attributes, tuple(children), end + 1 - start)

    def _children(self, start: int, scope: _Scope) -> tuple[list[Child], int]:
        """Return the children of the element at `start`, and where its end tag is."""
        tags = self._tags
        found: list[Child] = []
        at, before = start + 1, 0
        while not tags[at].startswith("/"):
            node = found[-1].node if found else None
            if node is None or tags[at : at + node.width] != tags[before : before + node.width]:
                node = self.element(at, scope)
            found.append(Child(node, 2 * (at - start)))
            at, before = at + node.width, at
        return found, at

    def _name(self, said: str, spaces: dict[str, str]) -> str:
        prefix, _, local = said.partition(" ")[0].rpartition(":")
        space = spaces.get(prefix, "")
        if self._message is None:  # the root is in the namespace of the message
            self._message = space
        return local if space == self._message else f"{{{space}}}{local}"


def _attributes(tag: str) -> tuple[dict[str, str], dict[str, str]]:
    """Return the attributes without a prefix, collapsed, and the namespaces that are declared."""
    attributes, spaces = {}, {}
    for name, value in _ATTRIBUTE.findall(tag):
        if name == "xmlns" or name.startswith("xmlns:"):
            spaces[name[6:]] = _unescaped(value)
        elif ":" not in name:
            attributes[name] = meant(value)
    return attributes, spaces


def _unescaped(text: str) -> str:
    return _REFERENCE.sub(lambda each: chr(int(each[1])) if each[1] else _MEANT[each[2]], text)


def _moved(place: Place, by: int) -> Place:
    return place + by if isinstance(place, int) else place


def _even(places: list[Place]) -> slice | None:
    """Return `places` as a slice, where they are positions evenly apart."""
    first, *more = places[:2] or [None]
    if not isinstance(first, int):
        return None
    step = more[0] - first if more and isinstance(more[0], int) else 1
    last = first + step * (len(places) - 1)
    return slice(first, last + 1, step) if places == [*range(first, last + 1, step)] else None


def element_at(root: etree._Element, pieces: list[str], position: int) -> etree._Element:
    """Return the element below `root` whose own text is the piece at `position`."""
    before = sum(not tag.startswith("/") for tag in pieces[1:position:2])
    return next(element for number, element in enumerate(root.iter(), 1) if number == before)
