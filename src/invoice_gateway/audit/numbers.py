"""Invariants of numbers: what the gateway numbers itself has no gaps and no repeats."""

from collections import defaultdict
from collections.abc import Iterator

from invoice_gateway.audit.facts import Facts


def series_have_no_gaps(facts: Facts) -> Iterator[str]:
    """I-31: per issuer and class 1 to n, as many as the series says, as announced (S4-02)."""
    taken: dict[tuple[str, str], list[int]] = defaultdict(list)
    for invoice, row in facts.details.items():
        if row.series is None or row.transaction_no is None:
            continue
        issued = facts.invoices[invoice]
        if issued.lifecycle in ("Draft", "Sent", "Voided", "Deleted"):
            yield f"{issued.number} is {issued.lifecycle} and has number {row.transaction_no}"
        taken[issued.issuer, row.series].append(row.transaction_no)
        said = facts.heard.numbers.get(f"{issued.issuer}/{issued.number}")
        if said != str(row.transaction_no):
            yield f"{issued.number} has number {row.transaction_no}, was announced with {said}"
    for series in {*taken, *facts.series}:
        numbers = sorted(taken[series])
        if numbers != [*range(1, facts.series.get(series, 0) + 1)]:
            yield f"{series} counts {facts.series.get(series, 0)}, its numbers are {numbers}"
