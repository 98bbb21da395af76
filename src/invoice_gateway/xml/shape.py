"""The shape of a document: which elements it has, in which order, and where each text stands.

libxml2 writes a tree in one go; cut at the angle brackets, what it wrote is texts and tags in turn.
Documents of one kind have the same tags over and over, so where a value stands is found once per
shape, and is a position from then on.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
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


class Found(NamedTuple):
    """An element found below another: how many pieces, and how many elements, after that one."""

    node: "Node"
    at: int
    nth: int


class Node:
    """An element of a shape; equal siblings one after the other share one.

    `name` is the local name where the element is in the namespace of the message, `{urn:...}name`
    where it is in another. `width` says of how many tags it consists: one where it is empty;
    `size`, of how many elements; `leaves`, how many of these may have a text and have no children.
    """

    __slots__ = (
        "_columns",
        "_first",
        "_places",
        "_rows",
        "attributes",
        "children",
        "leaves",
        "mute",
        "name",
        "size",
        "width",
    )

    def __init__(
        self,
        name: str,
        attributes: dict[str, str],
        children: tuple[Child, ...],
        width: int,
        *,
        mute: bool = False,
    ) -> None:
        """Make an element of what its tags say; the text of a `mute` one is known to be blank."""
        self.name, self.width = name, width
        self.attributes, self.children = attributes, children
        self.mute = mute or width == 1
        self.size: int = 1 + sum([child.node.size for child in children])
        self.leaves: int = sum([child.node.leaves for child in children]) if children else width - 1
        self._first: dict[str, Found] | None = None
        self._places: dict[str, Place] = {}
        self._rows: dict[str, list[Found]] = {}
        self._columns: dict[str, Columns] = {}

    def first(self, name: str) -> Found | None:
        """Return the first child called `name`, or None."""
        if self._first is None:
            self._first = {}
            for child in self.below():
                self._first.setdefault(child.node.name, child)
        return self._first.get(name)

    def below(self) -> Iterator[Found]:
        """Yield the children, in order."""
        nth = 1
        for node, at in self.children:
            yield Found(node, at, nth)
            nth += node.size

    def place(self, path: str) -> Place:
        """Return where the value at `path` is: `Header/MessageId`, `Source/@type` or `.`."""
        try:
            return self._places[path]
        except KeyError:  # once per shape and path
            found = self._places[path] = self._found(path)
            return found

    def down(self, path: str) -> Found | None:
        """Return the element at `path`, or the one that bears the attribute there, or None."""
        at = Found(self, 0, 0)
        for step in path.partition("@")[0].split("/"):
            if step and step != ".":
                below = at.node.first(step)
                if below is None:
                    return None
                at = Found(below.node, at.at + below.at, at.nth + below.nth)
        return at

    def rows(self, path: str) -> list[Found]:
        """Return the elements at `path`, of which the last step may repeat or be `*`, in order."""
        found = self._rows.get(path)
        if found is None:
            found = self._rows[path] = self._repeated(path)
        return found

    def column(self, path: str, name: str) -> slice | list[Place]:
        """Return where the value `name` of each row at `path` is; a slice where evenly apart."""
        return self.columns(path)[name]

    def columns(self, path: str) -> "Columns":
        """Return where the values of the rows at `path` are, by name."""
        found = self._columns.get(path)
        if found is None:
            found = self._columns[path] = Columns(self.rows(path))
        return found

    def _repeated(self, path: str) -> list[Found]:
        above, _, last = path.rpartition("/")
        parent = self.down(above)
        if parent is None:
            return []
        return [
            Found(node, parent.at + at, parent.nth + nth)
            for node, at, nth in parent.node.below()
            if node.name == last or (last == "*" and "}" not in node.name)
        ]

    def _found(self, path: str) -> Place:
        at = self.down(path)
        if at is None:
            return None
        _, bears, attribute = path.partition("@")
        if bears:
            return at.node.attributes.get(attribute)
        return "" if at.node.mute else at.at


class Columns(dict[str, slice | list[Place]]):
    """Where a value of each of some rows is, by its name; found out when it is asked for."""

    __slots__ = ("_rows",)

    def __init__(self, rows: list[Found]) -> None:
        """Know nothing of these rows yet."""
        super().__init__()
        self._rows = rows

    def __missing__(self, name: str) -> slice | list[Place]:
        """Look at each row: once per shape and column."""
        places = [_moved(node.place(name), at) for node, at, _ in self._rows]
        found = self[name] = _even(places) or places
        return found


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


def leaves_of(pieces: list[str]) -> Node:
    """Return the root of the shape for a list of nothing but the texts of its leaves, in order.

    Whatever else stands between the tags is known to be blank.
    """
    return _Reading(pieces[1::2], leaves_only=True).element(0, _outermost())


def meant(piece: str) -> str:
    """Return the value that a text stands for, white space collapsed."""
    return lexical.collapsed(_unescaped(piece) if "&" in piece else piece)


@lru_cache(maxsize=128)  # shapes are taken from messages
def _remembered(said: str) -> Node:
    return _shape(said)


def _shape(said: str) -> Node:
    return _Reading(said.split(">")).element(0, _outermost())


def _outermost() -> "_Scope":
    return _Scope({"xml": "xml"}, {})


class _Scope(NamedTuple):
    """The namespaces by their prefixes, and the elements without children met where they hold."""

    spaces: dict[str, str]
    leaves: dict[str, Node]


class _Reading:
    """Makes nodes of the tags of a document.

    No node holds tags, and leaves are shared: so a shape stays smaller than the tree, however deep
    or varied the document of a stranger is.
    """

    def __init__(self, tags: list[str], *, leaves_only: bool = False) -> None:
        """Read `tags`; positions count all pieces, or `leaves_only` the texts of leaves."""
        self._tags = tags
        self._leaves_only = leaves_only
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
        return Node(name, attributes, children, end + 1 - start, mute=self._leaves_only)

    def _children(self, start: int, scope: _Scope) -> tuple[tuple[Child, ...], int]:
        """Return the children of the element at `start`, and where its end tag is."""
        tags = self._tags
        found: list[Child] = []
        at, before, leaves = start + 1, 0, 0
        while not tags[at].startswith("/"):
            node = found[-1].node if found else None
            if node is None or tags[at : at + node.width] != tags[before : before + node.width]:
                node = self.element(at, scope)
            found.append(Child(node, leaves if self._leaves_only else 2 * (at - start)))
            at, before, leaves = at + node.width, at, leaves + node.leaves
        return tuple(found), at

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


def element_at(root: etree._Element, nth: int) -> etree._Element:
    """Return the `nth` element at or below `root`, in document order; 0 is `root`."""
    return next(islice(root.iter(), nth, None))
