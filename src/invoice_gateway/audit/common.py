"""What several invariants need."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from invoice_gateway.audit.facts import Facts, LineFact
from invoice_gateway.store.extracts import Row

CREDITS = ("credit-memo", "cancellation")
DISCOUNTS = ("discount", "money-back")
WRITE_OFFS = ("write-off", "bad-debt")
"""Types of documents, by the sum of the invoice that counts them."""


def total(pairs: Iterable[tuple[Any, int]]) -> dict[Any, int]:
    """Return the sum of amounts by key."""
    found: dict[Any, int] = defaultdict(int)
    for key, amount in pairs:
        found[key] += amount
    return found


def all_lines(facts: Facts) -> Iterator[LineFact]:
    """Yield every line."""
    return (line for lines in facts.lines.values() for line in lines)


def where(facts: Facts, line: LineFact) -> str:
    """Return how people call a line."""
    return f"{facts.invoices[line.invoice].number}/{line.line_no}"


def payable(facts: Facts, row: Row) -> int:
    """Return the undisputed pending of an invoice, from its lines and disputes."""
    disputes = facts.open_disputes()
    return sum(
        max(0, line.open - (found.amount if (found := disputes.get((row.id, line.line_no))) else 0))
        for line in facts.lines[row.id]
    )


def free(facts: Facts, source: Row) -> int:
    """Return what of a source waits for no invoice or order of its own (A-04)."""
    if source.held_for is not None:
        return 0
    waiting = [each.amount for each in facts.intents.get(source.id, ()) if each.waiting]
    if None in waiting:
        return 0
    return int(source.remaining - sum(waiting))


def automatic(facts: Facts, source: Row) -> Sequence[Row]:
    """Return the invoices that a source may pay by itself."""
    return facts.automatic.get((source.account, source.currency), ())
