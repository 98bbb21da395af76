"""The state of a whole store by natural keys alone: equal states have equal hashes.

What depends on the way things came (ids, recorded times, causes, numbers and modes of allocations,
counters of duplicates, the outbox) is left out; every fact about money and statuses is in.
"""

import hashlib
import json
from collections import defaultdict
from typing import Any, Final

import sqlalchemy as sa

from .desk import View, plain
from .reads import invoice_ends, same, source_ends
from .sqlstore import SqlStore
from .tables import (
    account,
    allocation,
    allocation_part,
    customer_order,
    dispute,
    event,
    invoice,
    invoice_detail,
    invoice_line,
    invoice_snapshot,
    line_state,
    memo,
    memo_part,
    message,
    notice,
    offer,
    order_line,
    pair,
    parked,
    rate,
    request,
    reversal,
    serial,
    series,
    source,
    source_intent,
)
from .views import AS_POSTED

LEFT_OUT: Final = {"id", "invoice_id", "source_id", "memo_id", "allocation_id", "position"}
INCIDENTAL: Final = {
    *("cause", "opened_at", "closed_at", "placed_at", "executed_at", "respond_by"),
    *("reserved_until", "wake_at", "transaction_no"),
}


def state_hash(store: SqlStore, *, history: bool = True) -> str:
    """Return the SHA-256 of `canonical_state`, in hexadecimal."""
    text = json.dumps(canonical_state(store, history=history), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def canonical_state(store: SqlStore, *, history: bool = True) -> dict[str, list[Any]]:
    """Return every fact in the store, each table sorted, in a form that turns into JSON.

    Without `history` versions and events are left out too: two orders of the same messages lead to
    the same state in different numbers of steps.
    """
    steps = () if history else ("version",)
    with store.session() as session:

        def read(statement: sa.Executable, *without: str) -> list[View]:
            skipped = (*LEFT_OUT, *INCIDENTAL, *steps, *without)
            return [plain(row, *skipped) for row in session.read(statement)]

        state = {
            "accounts": read(sa.select(account)),
            "invoices": read(sa.select(invoice)),
            "snapshots": read(_of_invoice(invoice_snapshot)),
            "details": read(_of_invoice(invoice_detail)),
            "offers": read(sa.select(offer).add_columns(offer.c.id.label("offer"))),
            "orders": read(sa.select(customer_order)),
            "order_lines": read(sa.select(order_line)),
            "requests": read(sa.select(request).add_columns(request.c.id.label("request"))),
            "serials": read(sa.select(serial)),
            "rates": read(sa.select(rate)),
            "series": read(sa.select(series)),
            "lines": [_line(row) for row in read(_lines())],
            "sources": read(sa.select(source), "allocations"),
            "intents": read(_of_source(source_intent)),
            "allocations": _allocations(session.read(_posted())),
            "memos": read(
                sa.select(memo, *invoice_ends()).outerjoin(
                    invoice, memo.c.invoice_id == invoice.c.id
                )
            ),
            "memo_parts": read(_memo_parts()),
            "reversals": read(_of_source(reversal)),
            "disputes": read(_of_invoice(dispute)),
            "pairs": read(_pairs()),
            "notices": read(sa.select(notice)),
            "messages": read(_messages()),
            "parked": read(_parked()),
            "events": read(_events()) if history else [],
        }
    return {name: sorted(rows, key=_order) for name, rows in state.items()}


def _order(row: object) -> str:
    return json.dumps(row, sort_keys=True)


def _line(row: View) -> View:
    """Return a line with its state, whether that has a row or is as posted."""
    return row | AS_POSTED if row["credited"] is None else row


def _lines() -> sa.Select[Any]:
    state = [line_state.c[name] for name in AS_POSTED]
    return (
        sa.select(invoice_line, *state, *invoice_ends())
        .join(invoice, invoice_line.c.invoice_id == invoice.c.id)
        .outerjoin(line_state, same(line_state, invoice_line, "invoice_id", "position"))
    )


def _of_invoice(table: sa.Table) -> sa.Select[Any]:
    return sa.select(table, *invoice_ends()).join(invoice, table.c.invoice_id == invoice.c.id)


def _of_source(table: sa.Table) -> sa.Select[Any]:
    return sa.select(table, *source_ends()).join(source, table.c.source_id == source.c.id)


def _memo_parts() -> sa.Select[Any]:
    return sa.select(
        memo_part, memo.c.issuer.label("memo_issuer"), memo.c.number.label("memo_number")
    ).join(memo, memo_part.c.memo_id == memo.c.id)


def _pairs() -> sa.Select[Any]:
    return (
        sa.select(pair.c.blocked, *source_ends(), *invoice_ends())
        .join(source, pair.c.source_id == source.c.id)
        .join(invoice, pair.c.invoice_id == invoice.c.id)
    )


def _posted() -> sa.Select[Any]:
    """Return the parts of posted and reserved allocations with both ends."""
    return (
        sa.select(
            allocation.c.id,
            *source_ends(),
            *invoice_ends(),
            allocation.c.currency,
            allocation.c.state,
            allocation_part.c.line_no,
            allocation_part.c.amount,
        )
        .join(source, allocation.c.source_id == source.c.id)
        .join(invoice, allocation.c.invoice_id == invoice.c.id)
        .join(allocation_part, allocation_part.c.allocation_id == allocation.c.id)
        .where(allocation.c.state != "removed")
    )


def _allocations(rows: Any) -> list[Any]:  # noqa: ANN401
    """Return (ends, amount, parts by line) of each allocation."""
    parts: dict[tuple[Any, ...], list[tuple[str, int]]] = defaultdict(list)
    for row in rows:
        *ends, line_no, amount = row
        parts[tuple(ends)].append((line_no, amount))
    return [
        [*ends, sum(amount for _, amount in found), sorted(map(list, found))]
        for (_, *ends), found in parts.items()
    ]


def _messages() -> sa.Select[Any]:
    return sa.select(
        message.c.sender, message.c.message_id, message.c.type, message.c.hash, message.c.outcome
    )


def _parked() -> sa.Select[Any]:
    return sa.select(
        message.c.sender, message.c.message_id, parked.c.kind, parked.c.key, parked.c.code
    ).join(message, parked.c.message == message.c.id)


def _events() -> sa.Select[Any]:
    return sa.select(event.c.name, event.c.aggregate, event.c.aggregate_id, event.c.version)
