"""The hashes that identify a message: SHA-256 of its canonical XML (C14N 1.0)."""

import re
from functools import lru_cache
from hashlib import sha256

from lxml import etree

from invoice_gateway.model.errors import Code, Rejected
from invoice_gateway.xml.place import namespace

_ABSOLUTE = re.compile(r"urn:[A-Za-z0-9:.-]+")
_BEGIN, _END = b"<Header>", b"</Header>"


def canonical(root: etree._Element, written: bytes | None = None) -> tuple[str, str]:
    """Return (message hash, content hash) of a message: SHA-256 in hex of its canonical XML.

    The message hash covers everything, the Header first; the content hash leaves it out, so it is
    that of the same document sent again under another message id. How the XML was encoded, quoted
    or its attributes ordered does not count. `root` is the same afterwards, but not during the
    call. `written` is what libxml2 writes of it, where that is at hand.

    Raises:
        Rejected: `xml-malformed`: a namespace is a relative URI, which has no canonical form.
    """
    space, start, declared = _begin(str(root.tag))
    try:
        whole = _plain(root, space, start, written) or etree.tostring(root, method="c14n")
        first, rest = _cut(whole, start, declared) or _apart(root, whole)
    except etree.C14NError:
        raise Rejected(
            Code.XML_MALFORMED,
            "the document has no canonical form: a namespace it declares is not an absolute URI",
        ) from None
    return _hashes(first, rest)


def is_plain(root: etree._Element, written: bytes) -> bool:
    """Return whether `written` is the canonical form, and a Header can be cut out of it.

    It is so, too, of every document with the same tags whose texts need no escape.
    """
    space, start, declared = _begin(str(root.tag))
    plain = _plain(root, space, start, written)
    return plain is not None and _cut(plain, start, declared) is not None


def of_plain(written: bytes, tag: str) -> tuple[str, str]:
    """Return what `canonical` does of a message `tag` that `is_plain`."""
    _, start, declared = _begin(tag)
    found = _cut(written, start, declared)
    assert found is not None
    return _hashes(*found)


def _hashes(first: bytes, rest: bytes) -> tuple[str, str]:
    return sha256(first + rest).hexdigest(), sha256(rest).hexdigest()


@lru_cache(maxsize=256)  # tags are taken from messages
def _begin(tag: str) -> tuple[str, bytes, bytes]:
    """Return the namespace of a root, its usual start tag, and the declaration in that."""
    space, _, name = tag.rpartition("}")
    declared = f' xmlns="{space[1:]}"'
    return space[1:], f"<{name}{declared}>".encode(), declared.encode()


def _plain(
    root: etree._Element, space: str, start: bytes, written: bytes | None = None
) -> bytes | None:
    """Return the canonical form where libxml2's plain one is the same; None where it may differ.

    Writing it takes half the time. They differ in what they do with an empty element, a character
    that is escaped, the order of attributes and namespaces, and a namespace declared again.
    """
    if _ABSOLUTE.fullmatch(space) is None:  # a relative one is an error
        return None
    plain: bytes = written or etree.tostring(
        root, encoding="UTF-8", xml_declaration=False, with_tail=False
    )
    if not plain.startswith(start) or plain.find(b"&") >= 0 or plain.find(b"/>") >= 0:
        return None
    if plain.find(b'" ') >= 0 or plain.find(b"xmlns", len(start)) >= 0:  # two on one element
        return None
    return plain


def _cut(whole: bytes, start: bytes, declared: bytes) -> tuple[bytes, bytes] | None:
    """Return (Header, the rest) cut out of the canonical form; None for any but the usual one.

    In the usual one the root declares one namespace and nothing else, and the Header comes first,
    so that all it lacks to stand by itself is the declaration it inherits.
    """
    at = whole.find(b"<", len(start))
    if not whole.startswith(start) or not whole.startswith(_BEGIN, at):
        return None
    end = whole.find(_END, at) + len(_END)
    if whole.find(b"<Header", at + 1, end) != -1:
        return None
    after = whole.find(b"<", end)  # the text between belongs to the Header
    return b"<Header" + declared + whole[at + 7 : end], whole[:at] + whole[after:]


def _apart(root: etree._Element, whole: bytes) -> tuple[bytes, bytes]:
    """Return (Header, the rest) by taking the document apart."""
    header = next(root.iterchildren(f"{namespace(root)}Header"), None)
    if header is None:
        return b"", whole
    first = etree.tostring(header, method="c14n", with_tail=False)
    place = root.index(header)
    root.remove(header)
    try:
        return first, etree.tostring(root, method="c14n", with_tail=False)
    finally:
        root.insert(place, header)
