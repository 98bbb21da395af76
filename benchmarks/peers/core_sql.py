"""The durable step of the ordinary peers in SQLAlchemy Core, for a sync and an async connection."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from benchmarks.peers.codec import Invoice, Line, issued
from benchmarks.peers.common import ISSUED

if TYPE_CHECKING:  # it needs more than the synchronous peers do
    from sqlalchemy.ext.asyncio import AsyncConnection

metadata = sa.MetaData()
inbox = sa.Table(
    "inbox",
    metadata,
    sa.Column("sender", sa.Text, primary_key=True),
    sa.Column("message_id", sa.Text, primary_key=True),
)
invoice = sa.Table(
    "invoice",
    metadata,
    sa.Column("id", sa.BigInteger, primary_key=True),
    *(sa.Column(name, sa.Text) for name in ("number", "customer", "currency")),
    *(sa.Column(name, sa.Date) for name in ("issue_date", "due_date")),
    *(sa.Column(name, sa.Numeric(14, 2)) for name in ("net", "tax", "payable")),
    sa.Column("status", sa.Text),
)
invoice_line = sa.Table(
    "invoice_line",
    metadata,
    sa.Column("invoice_id", sa.BigInteger, primary_key=True),
    sa.Column("line_no", sa.Text, primary_key=True),
    *(sa.Column(name, sa.Text) for name in ("item_code", "description", "unit")),
    sa.Column("quantity", sa.Numeric(12, 3)),
    *(sa.Column(name, sa.Numeric(14, 2)) for name in ("unit_price", "net")),
    sa.Column("tax_category", sa.Text),
    sa.Column("tax_rate", sa.Numeric(5, 2)),
)
outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("event_id", sa.Uuid(as_uuid=False), primary_key=True),
    *(sa.Column(name, sa.Text) for name in ("routing_key", "payload")),
)

TO_INBOX = insert(inbox).on_conflict_do_nothing().returning(inbox.c.message_id)
TO_INVOICE = sa.insert(invoice).returning(invoice.c.id)
TO_LINES = sa.insert(invoice_line)
TO_OUTBOX = sa.insert(outbox)
LINE = ("line_no", "item_code", "description", "quantity", "unit", "unit_price", "net")
LINE_TAX = ("tax_category", "tax_rate")
INVOICE = ("number", "customer", "currency", "issue_date", "due_date", "net", "tax", "payable")


def drop_sent(event_ids: Collection[str]) -> sa.Delete:
    """Return the statement that removes confirmed events."""
    return sa.delete(outbox).where(outbox.c.event_id.in_(list(event_ids)))


def store(connection: sa.Connection, found: Invoice) -> tuple[str, bytes] | None:
    """Write all there is of an invoice; return its event, or None for a duplicate."""
    if connection.execute(TO_INBOX, _inbox(found)).first() is None:
        return None
    number = connection.execute(TO_INVOICE, _invoice(found)).scalar_one()
    connection.execute(TO_LINES, [_line(number, line) for line in found.lines])
    event_id, body = issued(found)
    connection.execute(TO_OUTBOX, _outbox(event_id, body))
    return event_id, body


async def store_async(connection: "AsyncConnection", found: Invoice) -> tuple[str, bytes] | None:
    """Do as `store`."""
    if (await connection.execute(TO_INBOX, _inbox(found))).first() is None:
        return None
    number = (await connection.execute(TO_INVOICE, _invoice(found))).scalar_one()
    await connection.execute(TO_LINES, [_line(number, line) for line in found.lines])
    event_id, body = issued(found)
    await connection.execute(TO_OUTBOX, _outbox(event_id, body))
    return event_id, body


def _inbox(found: Invoice) -> dict[str, Any]:
    return {"sender": found.sender, "message_id": found.message_id}


def _invoice(found: Invoice) -> dict[str, Any]:
    return {name: getattr(found, name) for name in (*INVOICE, "status")}


def _line(number: int, line: Line) -> dict[str, Any]:
    return {"invoice_id": number} | {name: getattr(line, name) for name in (*LINE, *LINE_TAX)}


def _outbox(event_id: str, body: bytes) -> dict[str, Any]:
    return {"event_id": event_id, "routing_key": ISSUED, "payload": body.decode()}
