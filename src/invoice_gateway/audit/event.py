"""One event as it was recorded, and how to read what it says."""

from typing import NamedTuple

from invoice_gateway.audit.amounts import minor
from invoice_gateway.xml.stored import Tree, local_name

NAMESPACE = "{urn:invoice-gateway:1}"


class EventFact(NamedTuple):
    """An event as it was recorded."""

    seq: int
    event_id: str
    name: str
    type: str
    aggregate: str
    aggregate_id: str
    version: int
    cause: str
    body: bytes
    tree: Tree

    def text(self, path: str) -> str | None:
        """Return the text at a path of local names, or None."""
        return self.tree.findtext(_path(path))

    def maybe_amount(self, path: str) -> int | None:
        """Return the amount at a path of local names, in minor units, or None."""
        found = self.tree.find(_path(path))
        return None if found is None else minor(found.text or "", found.get("currency") or "")

    def amount(self, path: str) -> int:
        """Return the amount at a path of local names, in minor units; zero where there is none."""
        return self.maybe_amount(path) or 0

    def invoice(self) -> str:
        """Return issuer and number of the invoice it is about, as aggregates are called."""
        found = self.tree.find(_path("Invoice"))
        return "" if found is None else f"{found.get('issuer', 'ENTERPRISE')}/{found.text}"

    def all(self, name: str) -> list[dict[str, str]]:
        """Return the repeated blocks `name` as local name -> text."""
        return [
            {local_name(str(child.tag)): child.text or "" for child in each}
            for each in self.tree.iterchildren(_path(name))
        ]

    def block(self, name: str) -> dict[str, str]:
        """Return the first block `name` as local name -> text; empty where there is none."""
        return next(iter(self.all(name)), {})


def _path(names: str) -> str:
    return "/".join(f"{NAMESPACE}{step}" for step in names.split("/"))
