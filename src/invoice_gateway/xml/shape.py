"""The shape of a document: which elements it has, in which order, and where each text stands.

libxml2 writes a tree in one go; cut at the angle brackets, what it wrote is texts and tags in turn.
Documents of one kind have the same tags over and over, so where a value stands is found once per
shape, and is a position from then on.
"""

import re
from functools import lru_cache
from typing import Any, NamedTuple

from lxml import etree

from invoice_gateway.xml import lexical

Place = int | str | None
"""Where a value is: how many pieces after the element's own text; or the value itself, which is
that of an attribute or empty; or nowhere."""

_ATTRIBUTE = re.compile(r'\s([^\s=]+)="([^"]*)"')
_REFERENCE = re.compile(r"&(?:#([0-9]+)|([a-z]+));")
_MEANT = {"amp": "&", "lt": "<", "gt": ">", "quot": '"'}
_REMEMBERED = 1 << 15  # characters; the shape of a larger document is found each time
_UNKNOWN: Any = object()


class Child(NamedTuple):
    """An element below another, and how many pieces after that one's own text its own comes."""

    node: "Node"
    at: int


class Node:
    """An element of a shape. Siblings with the same tags one after the other share one.

    `name` is the local name where the element is in the namespace of the message, `{urn:...}name`
    where it is in another. `tags` is what it consists of.
    """

    __slots__ = (
        "_attributes",
        "_children",
        "_columns",
        "_first",
        "_places",
        "_rows",
        "name",
        "tags",
    )

    def __init__(
        self,
        name: str,
        attributes: dict[str, str],
        children: tuple[Child, ...],
        tags: tuple[str, ...],
    ) -> None:
        """Make an element of what its `tags` say."""
        self.name, self.tags = name, tags
        self._attributes, self._children = attributes, children
        self._first: dict[str, Child] = {}
        for child in reversed(children):
            self._first[child.node.name] = child
        self._places: dict[str, Place] = {}
        self._rows: dict[str, list[Child]] = {}
        self._columns: dict[tuple[str, str], slice | list[Place]] = {}

    def place(self, path: str) -> Place:
        """Return where the value at `path` is: `Header/MessageId`, `Source/@type` or `.`."""
        found = self._places.get(path, _UNKNOWN)
        if found is _UNKNOWN:
            found = self._places[path] = self._found(path)
        return found  # type: ignore[no-any-return]

    def down(self, path: str) -> Child | None:
        """Return the element at `path`, or the one that bears the attribute there, or None."""
        at = Child(self, 0)
        for step in path.partition("@")[0].split("/"):
            if step and step != ".":
                below = at.node._first.get(step)  # noqa: SLF001 - another node
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
        children = parent.node._children  # noqa: SLF001 - another node
        return [
            Child(node, parent.at + at)
            for node, at in children
            if node.name == last or (last == "*" and "}" not in node.name)
        ]

    def _found(self, path: str) -> Place:
        at = self.down(path)
        if at is None:
            return None
        _, bears, attribute = path.partition("@")
        if bears:
            return at.node._attributes.get(attribute)  # noqa: SLF001 - another node
        return "" if at.node.tags[0].endswith("/") else at.at


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


def _shape(said: str) -> Node:
    tags = said.split(">")
    return _element(tags, 0, {"xml": "xml"}, None)


@lru_cache(maxsize=128)  # shapes are taken from messages
def _remembered(said: str) -> Node:
    return _shape(said)


def _element(tags: list[str], start: int, spaces: dict[str, str], message: str | None) -> Node:
    """Return the element that starts with the tag at `start`.

    Args:
        tags: Of the whole document.
        start: Where its start tag is.
        spaces: The namespaces by their prefixes.
        message: The namespace of the message; None at the root, which has it.
    """
    said = tags[start].removesuffix("/")
    attributes: dict[str, str] = {}
    if "=" in said:
        attributes, declared = _attributes(said)
        spaces = spaces | declared
    prefix, _, local = said.partition(" ")[0].rpartition(":")
    space = spaces.get(prefix, "")
    message = space if message is None else message
    name = local if space == message else f"{{{space}}}{local}"
    if tags[start].endswith("/"):
        return Node(name, attributes, (), (tags[start],))
    children: list[Child] = []
    at = start + 1
    while not tags[at].startswith("/"):
        before = children[-1].node if children else None
        if before is not None and tags[at : at + len(before.tags)] == [*before.tags]:
            node = before
        else:
            node = _element(tags, at, spaces, message)
        children.append(Child(node, 2 * (at - start)))
        at += len(node.tags)
    return Node(name, attributes, tuple(children), tuple(tags[start : at + 1]))


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
