"""Where an element stands in the document that was sent, as a person would say it."""

from typing import Any

from lxml import etree

from invoice_gateway.xml.text import clip

_NAME = 80


def path_of(element: etree._Element) -> str:
    """Return the place of `element` as a path without prefixes: `/InvoicePosted/Lines/Line[2]`.

    A step is numbered from 1 where the element has siblings of its name.
    """
    steps: list[str] = []
    at: etree._Element | None = element
    while at is not None:
        before = _before(at)
        alone = before == 0 and next(at.itersiblings(at.tag), None) is None
        steps.append(clip(local_name(str(at.tag)), _NAME) + ("" if alone else f"[{before + 1}]"))
        at = at.getparent()
    return "/" + "/".join(reversed(steps))


def _before(element: etree._Element) -> int:
    """Return how many siblings of its name stand before `element`; there may be half a million."""
    space, _, name = str(element.tag).rpartition("}")
    test = f"p:{name}" if space else name
    count: Any = element.xpath(
        f"count(preceding-sibling::{test})", namespaces={"p": space[1:] or "none:"}
    )
    return int(count)


def line_of(element: etree._Element) -> int | None:
    """Return the line on which `element` starts, from 1; None for one that was not parsed."""
    line: Any = element.sourceline
    return line  # type: ignore[no-any-return]


def local_name(name: str) -> str:
    """Return `name` without its namespace."""
    return name.rpartition("}")[2]


def namespace(root: etree._Element) -> str:
    """Return what comes before the local names of `root` and its kind: `{urn:...}`, or nothing."""
    tag = str(root.tag)
    return tag[: tag.rfind("}") + 1]
