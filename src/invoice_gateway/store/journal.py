"""Everybody's entries as a journal, read page by page: a large book needs no large memory."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date
from heapq import merge
from operator import itemgetter
from typing import Any, Final

from invoice_gateway.model.history import Entry
from invoice_gateway.model.journal import NO_TAX, Share, Transaction, credited, transaction

from . import reads_history as reads
from . import sql
from .connection import Session
from .history import TABLES, entries

PAGE: Final = 1_000
"""How many rows of each table are in memory at a time."""

Shares = dict[int, list[Share]]


def transactions(
    session: Session, *, begins: date | None = None, until: date | None = None, page: int = PAGE
) -> Iterator[Transaction]:
    """Yield the journal of everybody between two days, both included (None: without end).

    In the order of recording, the removal of an allocation right after it; what moves nothing is
    left out.
    """
    for _, entry, shares in merge(
        *(_pages(session, name, page) for name in TABLES), key=itemgetter(0)
    ):
        if (begins and entry.effective < begins) or (until and entry.effective > until):
            continue
        found = transaction(entry, shares)
        if found.postings:
            yield found


def _pages(session: Session, name: str, page: int) -> Iterator[tuple[int, Entry, list[Share]]]:
    """Yield (row, entry, shares) of a table, in the order of rows."""
    after = 0
    while rows := session.read(reads.page(name), {"after": after, "count": page}):
        shares = _SHARES[name](session, [row.id for row in rows]) if name in _SHARES else {}
        for row in rows:
            for entry in entries(name, row, {}):
                yield row.id, entry, shares.get(row.id, [])
        after = rows[-1].id


def _billed(session: Session, ids: Sequence[int]) -> Shares:
    """Return what invoices are over, by tax category and rate."""
    found: Shares = defaultdict(list)
    for invoice, *share in _read(session, reads.billed_shares(session.postgresql), ids):
        found[invoice].append(Share(*share))
    return found


def _credited(session: Session, ids: Sequence[int]) -> Shares:
    """Return what credits are over, by line."""
    found: Shares = defaultdict(list)
    for row in _read(session, reads.credited_shares(session.postgresql), ids):
        if row.doc_type in NO_TAX:
            continue
        tax = credited(row.amount, row.before, row.line_amount, row.tax)
        share = Share(row.tax_category, row.tax_rate, row.amount - tax, tax)
        found[row.memo_id].append(share)
    return found


def _read(session: Session, statement: Any, ids: Sequence[int]) -> Sequence[Any]:  # noqa: ANN401 - any that takes ids
    return session.read(statement, {"rows": sql.numbers(ids, postgresql=session.postgresql)})


_SHARES = {"invoice": _billed, "memo": _credited}
