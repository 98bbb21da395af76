"""Numbers without gaps: what the gateway issues itself is numbered inside the batch that issues it.

One statement counts the series of a batch on, as late as can be, since it makes other batches wait
that issue from the same series. A batch that is rolled back gives its numbers back (S4-02, I-31).
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache

import sqlalchemy as sa

from invoice_gateway.engine.ports import EventRow
from invoice_gateway.model.blocks import NOT_YET
from invoice_gateway.model.invoice import Invoice

from .connection import Session

PLACE = f"<TransactionNo>{NOT_YET}</TransactionNo>".encode()
"""Where an event has the number of its invoice, before there is one."""


def take(session: Session, issued: Iterable[Invoice]) -> dict[object, int]:
    """Return a number for each of the invoices, in order, by their keys; locks their series."""
    new = [each for each in issued if each.detail.series and each.detail.transaction_no is None]
    wanted = Counter((each.key.issuer, each.detail.series or "") for each in new)
    if not wanted:
        return {}
    session.flush()
    rows = [(*series, count) for series, count in sorted(wanted.items())]
    last = {}
    for issuer, series, count in rows:
        [(number,)] = session.read(_counted(), {"issuer": issuer, "series": series, "count": count})
        last[issuer, series] = number - count
    given: dict[object, int] = {}
    for invoice in new:
        own = (invoice.key.issuer, invoice.detail.series or "")
        last[own] += 1
        given[invoice.key] = last[own]
    return given


@cache
def _counted() -> sa.TextClause:
    return sa.text(
        "INSERT INTO series (issuer, series, last_no) VALUES (:issuer, :series, :count) "
        "ON CONFLICT (issuer, series) DO UPDATE SET last_no = series.last_no + excluded.last_no "
        "RETURNING last_no"
    )


def put(events: Iterable[EventRow], given: Mapping[object, int]) -> None:
    """Write the numbers into the events that announce their invoices."""
    by_id = {str(key): number for key, number in given.items()}
    for event in events:
        number = by_id.get(event.aggregate_id) if event.aggregate == "invoice" else None
        if number is not None and PLACE in event.body:
            written = f"<TransactionNo>{number}</TransactionNo>".encode()
            event.body = event.body.replace(PLACE, written)
