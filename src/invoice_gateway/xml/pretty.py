"""A message as a person reads it."""

from lxml import etree

from invoice_gateway.model.errors import Rejected
from invoice_gateway.xml.safe import DEFAULTS, Limits, parse


def pretty(body: bytes, limits: Limits = DEFAULTS) -> str:
    """Return the document in `body` as text: as it was sent, or indented if it is all on one line.

    What cannot be read as UTF-8 shows as U+FFFD. Line numbers of findings fit the first case only.

    Example:
        >>> print(pretty(b"<a><b>1</b></a>"))
        <a>
          <b>1</b>
        </a>
    """
    text = body.decode("utf-8-sig", errors="replace").rstrip()
    if "\n" in text:
        return text
    try:
        root = parse(body, limits)
    except Rejected:
        return text
    etree.indent(root)
    return etree.tostring(root, encoding="unicode")
