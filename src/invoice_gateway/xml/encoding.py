"""Which encodings are read, and how a document tells its own before it is parsed."""

import re

from invoice_gateway.model.errors import Code, Rejected
from invoice_gateway.xml.text import clip

ENCODINGS = frozenset({"UTF-8", "UTF-16", "UTF-16LE", "UTF-16BE", "ISO-8859-1", "WINDOWS-1252"})
WIDE = frozenset({"UTF-16", "UTF-16LE", "UTF-16BE"})
_MARKS = (
    (b"\xef\xbb\xbf", "UTF-8"),
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)
_EBCDIC = b"\x4c\x6f\xa7\x94"
_HEAD = 400  # an XML declaration ends long before
_LABEL = re.compile(r"""^\s*<\?xml\b[^>]{0,200}?\bencoding\s*=\s*["']([^"'>]{1,60})""")


def marked(body: bytes) -> str:
    """Return what the byte order mark of `body` says, `UTF-8` or `UTF-16`; empty without one.

    Raises:
        Rejected: `xml-encoding-unsupported`: the first bytes are those of an encoding that is not
            read, or the declaration contradicts the mark.
    """
    if body[:1] == b"<" and body[1:2] != b"\x00":
        return ""
    mark = next((name for start, name in _MARKS if body.startswith(start)), "")
    if not mark:
        if body.startswith(_EBCDIC):
            raise unsupported("it is in EBCDIC")
        if body[:2] in {b"<\x00", b"\x00<"} or body[:3] == b"\x00\x00\x00":
            raise unsupported("it is in UTF-16 or UTF-32 without a byte order mark")
        return ""
    if mark == "UTF-32":
        raise unsupported("it is in UTF-32")
    label = declared(body, mark)
    if label and label not in (WIDE if mark == "UTF-16" else {"UTF-8"}):
        raise unsupported(f"its byte order mark says {mark}, its declaration {label}")
    return mark


def declared(body: bytes, mark: str) -> str:
    """Return the encoding that the XML declaration names, in capitals; empty without one."""
    head = body[:_HEAD].decode(mark or "latin-1", errors="replace").lstrip("\ufeff")
    found = _LABEL.match(head)
    return found.group(1).upper() if found else ""


def readable(label: str, mark: str) -> bool:
    """Return whether a document labelled `label` is read; 16 bits need a byte order mark."""
    return label in ENCODINGS and (label not in WIDE or mark == "UTF-16")


def narrowed(body: bytes, mark: str) -> bytes:
    """Return `body` in an encoding in which markup is ASCII, for counting."""
    return body.decode("utf-16", errors="replace").encode() if mark == "UTF-16" else body


def unsupported(why: str) -> Rejected:
    """Return the refusal of an encoding, with `why` in it."""
    return Rejected(
        Code.XML_ENCODING_UNSUPPORTED,
        f"the encoding of the document cannot be read: {clip(why)}. Send UTF-8 (or UTF-16 with a "
        "byte order mark, ISO-8859-1, windows-1252) and declare it",
    )
