"""A document as it is written, and its parts: what typed reads take their values from."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from lxml import etree

from invoice_gateway.xml import lexical
from invoice_gateway.xml.shape import Node, pieces_of, shape_of


class Whole(NamedTuple):
    """A document as libxml2 writes it, its texts, and how to get its tree.

    `pieces` are all of it cut at the angle brackets, or only the texts that a node asks for; those
    of a `clean` one are values as they are.
    """

    written: bytes
    pieces: Sequence[str]
    clean: bool
    tree: Callable[[], etree._Element]


class Part(NamedTuple):
    """An element of a document: what it consists of, which piece is its own text, which it is."""

    whole: Whole
    node: Node
    at: int
    nth: int


def all_of(root: etree._Element) -> Part:
    """Return the document with this root."""
    written: bytes = etree.tostring(root, encoding="UTF-8", xml_declaration=False, with_tail=False)
    pieces = pieces_of(written)
    clean = b"&" not in written and lexical.are_collapsed(pieces[::2])
    return Part(Whole(written, pieces, clean, lambda: root), shape_of(pieces), 2, 0)
