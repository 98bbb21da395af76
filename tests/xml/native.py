"""The gateway's own documents for these tests: fixtures, and fixtures with one thing changed."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

from lxml import etree

from invoice_gateway.model.errors import Rejected
from invoice_gateway.xml.document import Document
from invoice_gateway.xml.safe import parse
from invoice_gateway.xml.schemas import Schemas

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "fixtures"
HOSTILE = Path(__file__).parent / "hostile"
VALID = sorted(path for path in FIXTURES.glob("*_*/*.xml") if not path.stem.startswith("invalid-"))
INVALID = sorted(FIXTURES.glob("*_*/invalid-*.xml"))
NAMESPACE = "urn:invoice-gateway:1"


@cache
def schemas() -> Schemas:
    """The project's own schemas, compiled once."""
    return Schemas(ROOT / "schemas")


def fixture(name: str, *edits: tuple[str, str]) -> bytes:
    """`fixtures/<name>.xml`, with the first `old` of each (old, new) replaced; it must be there."""
    text = (FIXTURES / f"{name}.xml").read_text(encoding="utf-8")
    for old, new in edits:
        assert old in text, f"{name}.xml has no {old!r}"
        text = text.replace(old, new, 1)
    return text.encode()


def read(body: bytes) -> etree._Element:
    """The root of `body`, parsed and valid."""
    root = parse(body)
    schemas().check(root)
    return root


def document(name: str, *edits: tuple[str, str]) -> Document:
    """A valid, edited fixture as handlers see it."""
    return Document(read(fixture(name, *edits)), "ENTERPRISE")


def refusal(act: Callable[[], object]) -> Rejected:
    """What `act` is refused with; fails when it is not."""
    try:
        act()
    except Rejected as rejected:
        return rejected
    raise AssertionError("nothing was refused")


def verdict(body: bytes) -> str:
    """The code that `body` is refused with, or `ok`."""
    try:
        read(body)
    except Rejected as rejected:
        return rejected.code
    return "ok"
