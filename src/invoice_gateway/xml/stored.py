"""Documents that the gateway keeps, as trees again: read and judged afresh by whoever audits."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from lxml import etree

from invoice_gateway.xml.place import local_name
from invoice_gateway.xml.safe import Limits, parse

__all__ = ["Tree", "local_name", "read", "validator"]

Tree = etree._Element  # noqa: SLF001 - lxml has no other name for it
"""One element with what is below it."""

WIDE = Limits(max_bytes=1 << 40, max_depth=1_000, max_nodes=1 << 30, max_names=1 << 20)
"""What is kept was let in, whatever the limits were then."""


def read(body: bytes) -> Tree:
    """Return the root of a document that the gateway has let in, or has written."""
    return parse(body, WIDE)


def validator(schema: Path) -> Callable[[Tree], str | None]:
    """Return what says why a document is not valid by this schema file, or None when it is."""
    compiled = etree.XMLSchema(file=str(schema))

    def wrong(root: Tree) -> str | None:
        if compiled.validate(root):
            return None
        errors: Any = compiled.error_log
        return str(errors.last_error)

    return wrong
