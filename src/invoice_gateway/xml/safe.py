"""The one XML parser: bytes of a stranger become a tree, or a refusal with a code."""

import re
import threading
from dataclasses import dataclass
from functools import cache
from typing import Any

from lxml import etree

from invoice_gateway.model.errors import Code, Finding, Rejected
from invoice_gateway.xml.encoding import declared, marked, narrowed, readable, unsupported
from invoice_gateway.xml.text import clip

_PLACE = re.compile(r",? line \d+, column \d+$")
_USUAL = re.compile(rb"(?:<\?xml\s[^?>]*\?>\s*)?<[A-Za-z]")
"""How a document begins that has no byte order mark, and before its root at most a declaration."""
_USUAL_DEPTH = 12
_SHORTEST_ELEMENT = len("<a/>")
_CODES = {
    etree.ErrorTypes.ERR_UNKNOWN_ENCODING: Code.XML_ENCODING_UNSUPPORTED,
    etree.ErrorTypes.ERR_UNSUPPORTED_ENCODING: Code.XML_ENCODING_UNSUPPORTED,
    etree.ErrorTypes.ERR_UNKNOWN_VERSION: Code.XML_VERSION_UNSUPPORTED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much of a document the gateway is willing to look at.

    `max_nodes` counts start tags, comments and processing instructions; `max_names` counts the
    attributes, or the namespace declarations, of one element.
    """

    max_bytes: int = 10 * 1024 * 1024
    max_depth: int = 64
    max_nodes: int = 500_000
    max_names: int = 64


DEFAULTS = Limits()
_local = threading.local()


def parse(body: bytes, limits: Limits = DEFAULTS) -> etree._Element:
    """Return the root of the document in `body`, without comments or processing instructions.

    Nothing outside `body` is ever read: no DTD, no entity, no schema hint. Adjacent text is one
    text, so what is read is what the schema judged.

    Raises:
        Rejected: `xml-too-large`, `xml-encoding-unsupported`, `xml-dtd-forbidden`,
            `xml-too-many-nodes`, `xml-malformed`, `xml-version-unsupported`, `xml-too-deep` or
            `xml-too-many-names`; the message says where, as far as that is known.
    """
    if len(body) > limits.max_bytes:
        raise Rejected(
            Code.XML_TOO_LARGE,
            f"the document has {len(body)} bytes; at most {limits.max_bytes} are read. Send less "
            "in one message",
        )
    mark, text = ("", body) if _USUAL.match(body) else _unusual(body)
    if len(text) > limits.max_nodes * _SHORTEST_ELEMENT:
        _refuse_many_nodes(text, limits.max_nodes)
    try:
        root: Any = etree.fromstring(body, _parser())
    except etree.XMLSyntaxError as error:
        raise _translated(error, declared(body, mark), mark) from None
    _judge(root, mark)
    if _is_too_deep(root, limits.max_depth):
        raise _too_deep(root, limits.max_depth)
    if len(text) - len(text.replace(b"=", b"")) > limits.max_names:  # quicker than to count
        _refuse_many_names(root, text, limits.max_names)
    return root  # type: ignore[no-any-return]


def _parser() -> etree.XMLParser:
    """Return this thread's parser; lxml parsers can be used again but not shared."""
    parser: etree.XMLParser | None = getattr(_local, "parser", None)
    if parser is None:
        parser = _local.parser = etree.XMLParser(
            resolve_entities=False,
            load_dtd=False,
            dtd_validation=False,
            attribute_defaults=False,
            no_network=True,
            huge_tree=False,
            recover=False,
            remove_comments=True,  # a comment would split the text that .text reads
            remove_pis=True,
        )
    return parser


def _is_too_deep(root: etree._Element, most: int) -> bool:
    """Return whether elements are nested more than `most` deep, asking what costs little first."""
    return bool(_deeper_than(min(_USUAL_DEPTH, most))(root)) and bool(_deeper_than(most)(root))


@cache
def _deeper_than(depth: int) -> etree.XPath:
    """Return the test whether any element lies more than `depth` levels deep."""
    return etree.XPath(f"boolean({'/*' * (depth + 1)})", regexp=False, smart_strings=False)


@cache
def _crowding(most: int) -> etree.XPath:
    """Return the search for the first attribute that is one too many on its element."""
    return etree.XPath(f"(/descendant::*/@*[{most + 1}])[1]", regexp=False)


def _too_deep(root: etree._Element, depth: int) -> Rejected:
    found: Any = root.xpath(f"({'/*' * (depth + 1)})[1]")
    line: int = found[0].sourceline
    message = f"elements are nested more than {depth} deep"
    return Rejected(
        Code.XML_TOO_DEEP,
        f"line {line}: {message}",
        (Finding(line=line, path="", message=message),),
    )


def _unusual(body: bytes) -> tuple[str, bytes]:
    """Return what the byte order mark says, and the text in which markup is ASCII.

    Raises:
        Rejected: `xml-encoding-unsupported` or `xml-dtd-forbidden`.
    """
    mark = marked(body)
    text = narrowed(body, mark)
    if _has_doctype(text):
        raise _doctype()
    return mark, text


def _has_doctype(text: bytes) -> bool:
    """Return whether the prolog holds a DOCTYPE; comments and instructions are stepped over.

    This spares the parser the work that entities can make; `_judge` has the last word.
    """
    at = text.find(b"<")
    while at >= 0:
        if text.startswith(b"<?", at):
            end = text.find(b"?>", at)
        elif text.startswith(b"<!--", at):
            end = text.find(b"-->", at)
        else:
            return text.startswith(b"<!DOCTYPE", at)
        at = text.find(b"<", end) if end >= 0 else -1
    return False


def _doctype() -> Rejected:
    return Rejected(
        Code.XML_DTD_FORBIDDEN, "the document has a DOCTYPE; remove it, nothing of it is needed"
    )


def _refuse_many_nodes(text: bytes, most: int) -> None:
    """Refuse before parsing what would take much memory as a tree."""
    nodes = text.count(b"<") - text.count(b"</")
    if nodes > most:
        raise Rejected(
            Code.XML_TOO_MANY_NODES,
            f"the document has {nodes} elements, comments and instructions; at most {most} are "
            "read. Send less in one message",
        )


def _judge(root: etree._Element, mark: str) -> None:
    """Refuse what libxml2 lets pass: foreign encodings, any DOCTYPE, other XML versions."""
    info: Any = root.getroottree().docinfo
    encoding = info.encoding
    if encoding is not None and encoding != "UTF-8" and not readable(encoding.upper(), mark):
        raise unsupported(f"it says {encoding}")
    if info.internalDTD is not None or info.doctype:
        raise _doctype()
    if info.xml_version != "1.0":
        raise Rejected(
            Code.XML_VERSION_UNSUPPORTED,
            f"the document is XML {clip(info.xml_version)}; declare and send XML 1.0",
        )


def _refuse_many_names(root: etree._Element, text: bytes, most: int) -> None:
    """Refuse an element with more than `most` attributes, or namespaces declared on it."""
    found: Any = _crowding(most)(root)
    where = found[0].getparent() if found else None
    if where is None and text.count(b"xmlns") > most:
        where = _crowded(root, most)
    if where is not None:
        message = f"<{clip(str(where.tag), 80)}> has more than {most} attributes or namespaces"
        raise Rejected(
            Code.XML_TOO_MANY_NAMES,
            f"line {where.sourceline}: {message}",
            (Finding(line=where.sourceline, path="", message=message),),
        )


def _crowded(root: etree._Element, most: int) -> etree._Element | None:
    """Return the first element that declares more than `most` namespaces, or none."""
    declarations = 0
    item: Any
    for event, item in etree.iterwalk(root, events=("start-ns", "start")):
        if event == "start-ns":
            declarations += 1
        elif declarations > most:
            return item  # type: ignore[no-any-return]
        else:
            declarations = 0
    return None


def _translated(error: etree.XMLSyntaxError, label: str, mark: str) -> Rejected:
    """Return the refusal for what libxml2 could not parse, in its words."""
    if label and not readable(label, mark):
        return unsupported(f"it says {label}")
    said = _PLACE.sub("", (error.msg or "").strip())
    code = _CODES.get(getattr(error, "code", None), Code.XML_MALFORMED)
    if "Excessive depth" in said:
        code = Code.XML_TOO_DEEP
    elif any(words in said for words in ("too long", "too big", "size limit")):
        code = Code.XML_TOO_LARGE
    line, column = error.position
    message = clip(re.sub(r",? (use|try) XML_PARSE_HUGE.*", "", said))
    return Rejected(
        code,
        f"line {line}, column {column}: {message}",
        (Finding(line=line, path="", message=message, expected="a well-formed XML document"),),
    )
