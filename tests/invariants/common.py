"""What several invariants need."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from invoice_gateway.model.money import exponent
from tests.facts import Facts, LineFact

DISPUTED = "Disputed"
RECEIVED = "Payment Received"
CREDITS = ("credit-memo", "cancellation")
DISCOUNTS = ("discount", "money-back")
WRITE_OFFS = ("write-off", "bad-debt")
"""Types of documents, by the sum of the invoice that counts them."""
GIVEN = ("DISCOUNT:", "BAD-DEBT:", "MONEY-BACK:", "REVERSAL:")


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


def named_after(memo: Any) -> str:
    """Return what the open credit of a document is called (docs/adr/0010)."""
    alone = memo.issuer == "ENTERPRISE" or memo.number.startswith(GIVEN)
    return memo.number if alone else f"{memo.issuer}/{memo.number}"


def payable(facts: Facts, row: Any) -> int:
    """Return the undisputed pending of an invoice, from its lines and disputes."""
    disputes = facts.open_disputes()
    return sum(
        max(0, line.open - (found.amount if (found := disputes.get((row.id, line.line_no))) else 0))
        for line in facts.lines[row.id]
    )


def free(facts: Facts, source: Any) -> int:
    """Return what of a source waits for no invoice or order of its own (A-04)."""
    if source.held_for is not None:
        return 0
    waiting = [each.amount for each in facts.intents.get(source.id, ()) if each.waiting]
    if None in waiting:
        return 0
    return int(source.remaining - sum(waiting))


def automatic(facts: Facts, source: Any) -> list[Any]:
    """Return the invoices that a source may pay by itself."""
    return [
        row
        for row in facts.invoices.values()
        if row.auto_allocate
        and (row.account, row.currency) == (source.account, source.currency)
        and row.lifecycle == "Issued"
        and row.kind != "topup"
    ]


def minor(text: str, currency: str) -> int:
    """Return an amount in minor units."""
    return int(Decimal(text).scaleb(exponent(currency)))
