"""The tables: what is kept of accounts, invoices, money, disputes, messages and events.

Money is a BIGINT of minor units beside its currency. Text compares by code point on both databases,
as in Python: the auto run loads invoices in the order in which it pays them. Surrogate ids are
handed out by the client (`Session.id`); `event.seq` is such an id and so the order of writing.
"""

import sqlalchemy as sa

from .columns import (
    ID,
    MONEY,
    counts,
    day,
    flags,
    key,
    maybe,
    partial,
    ref,
    sums,
    surrogate,
    texts,
    when,
)
from .metadata import metadata
from .tables_messages import (
    OWNS_ITS_ID,
    REFUSED,
    attempt,
    dead_letter,
    event,
    message,
    outbox,
    parked,
)
from .tables_orders import (
    OPEN_ORDER,
    customer_order,
    invoice_detail,
    offer,
    order_line,
    rate,
    request,
    serial,
    series,
)

__all__ = [
    "BATCHES",
    "IDLE",
    "OPEN_AUTO",
    "OPEN_ORDER",
    "OWNS_ITS_ID",
    "REFUSED",
    "account",
    "allocation",
    "allocation_part",
    "allocation_removal",
    "attempt",
    "counter",
    "customer_order",
    "dead_letter",
    "dispute",
    "event",
    "invoice",
    "invoice_detail",
    "invoice_line",
    "invoice_snapshot",
    "line_state",
    "memo",
    "memo_part",
    "message",
    "metadata",
    "notice",
    "offer",
    "order_line",
    "outbox",
    "pair",
    "parked",
    "rate",
    "request",
    "reversal",
    "sender",
    "serial",
    "series",
    "source",
    "source_intent",
]

counter = sa.Table("counter", metadata, key("name"), *sums("value"))
"""Where SQLite counts what a sequence counts on PostgreSQL."""

BATCHES = sa.Sequence("batch_seq", metadata=metadata)

# -- accounts and senders ---------------------------------------------------------------------

account = sa.Table(
    "account",
    metadata,
    key("party"),
    *texts("party_class", "name"),
    *maybe("parent"),
    *texts("address", "tax_ids", "selling_currency", "accounting_currency", "timezone"),
    *flags("terms_approved"),
    *counts("terms_days"),
    sa.Column("credit_limit", MONEY),
    *flags("auto_allocate"),
    sa.Column("request_cancellation_days", sa.Integer),
    sa.Column("reminder_days", sa.Integer),
    sa.Column("suspension_days", sa.Integer),
    sa.Column("deletion_days", sa.Integer),
    sa.Column("money_back_days", sa.Integer),
    when("as_of", null=True),
    *texts("cause"),
)

sender = sa.Table(
    "sender", metadata, key("name"), *texts("party", "role"), *flags("receipts", "active")
)

# -- invoices ---------------------------------------------------------------------------------

invoice = sa.Table(
    "invoice",
    metadata,
    surrogate(),
    *texts("issuer", "number", "account", "currency"),
    *sums("amount"),
    day("issue_date"),
    day("due_date"),
    *texts("kind"),
    *maybe("order_ref", "payment_reference", "description"),
    *texts("content_hash", "cause"),
    *maybe("rate", "accounting_currency"),
    sa.Column("carrying", MONEY),
    # what changes: caches over lines and entries
    *texts("lifecycle"),
    *flags("auto_allocate"),
    *sums("debit_memos", "credits", "written_off", "settled", "settled_by_credit"),
    *sums("pending", "payable"),
    *texts("status", "settlement_state"),
    *flags("contested"),
    *texts("confirmation"),
    *maybe("closure_reason"),
    *counts("version"),
    sa.Column("discounts", MONEY, nullable=False, server_default="0"),
    sa.Column("reserved", MONEY, nullable=False, server_default="0"),
    sa.Column("carry_open", MONEY),
    sa.Column("carry_settled", MONEY),
    when("wake_at", null=True),
    sa.UniqueConstraint("issuer", "number"),
    sa.Index("ix_invoice_account_issue_date", "account", "issue_date"),
)
OPEN_AUTO = "payable > 0 AND auto_allocate"
partial(
    "ix_invoice_open",
    OPEN_AUTO,
    invoice.c.account,
    invoice.c.currency,
    invoice.c.issue_date,
    invoice.c.issuer,
    invoice.c.number,
)

partial("ix_invoice_due", "pending > 0", invoice.c.account, invoice.c.due_date)
partial("ix_invoice_wake", "wake_at IS NOT NULL", invoice.c.wake_at)
partial("ix_invoice_order", "order_ref IS NOT NULL", invoice.c.order_ref)

# Lines and snapshots are written with their invoice and never deleted, so a foreign key guards
# nothing; checking it would be a third of what a line costs.
invoice_snapshot = sa.Table(
    "invoice_snapshot",
    metadata,
    key("invoice_id", ID),
    *texts("snapshot"),
)

invoice_line = sa.Table(
    "invoice_line",
    metadata,
    key("invoice_id", ID),
    key("position", sa.Integer()),
    *texts("line_no", "kind"),
    *sums("amount"),
    *texts("description"),
    *maybe("item_code"),
    *texts("quantity"),
    *maybe("unit"),
    *texts("unit_price"),
    *sums("net"),
    *texts("tax_category", "tax_rate"),
    *sums("tax"),
    *maybe("order_line"),
)

line_state = sa.Table(
    "line_state",
    metadata,
    ref("invoice_id", "invoice.id", key=True),
    key("position", sa.Integer()),
    *sums("credited", "excess", "written_off", "settled", "disputed"),
    *texts("customer", "customer_shadow", "enterprise", "enterprise_shadow"),
    *flags("receipt_manual"),
)
"""The changeable side of a line; a line that is as it was posted has no row."""

# -- money ------------------------------------------------------------------------------------

source = sa.Table(
    "source",
    metadata,
    surrogate(),
    *texts("account", "type", "reference", "currency"),
    *sums("amount"),
    day("value_date"),
    *texts("origin"),
    *maybe("origin_document", "method", "bank_reference", "end_to_end_id"),
    *flags("asserted_by_erp"),
    *texts("content_hash", "cause"),
    sa.Column("carrying", MONEY),
    # what changes: caches over entries
    *texts("funds_state"),
    *sums("allocated", "reserved", "refunded", "charged_back", "remaining"),
    *counts("allocations", "version"),
    *maybe("held_for"),
    sa.Column("spent", MONEY, nullable=False, server_default="0"),
    *maybe("rate", "accounting_currency"),
    sa.Column("carry_open", MONEY),
    sa.Column("carry_settled", MONEY),
    sa.UniqueConstraint("account", "type", "reference"),
    sa.UniqueConstraint("account", "bank_reference"),
    sa.Index("ix_source_end_to_end", "account", "end_to_end_id"),
)
IDLE = "remaining > 0"
partial("ix_source_idle", IDLE, source.c.account)
partial("ix_source_held", "held_for IS NOT NULL", source.c.held_for)

source_intent = sa.Table(
    "source_intent",
    metadata,
    ref("source_id", "source.id", key=True),
    key("position", sa.Integer()),
    *texts("issuer", "number"),
    sa.Column("amount", MONEY),
    *flags("waiting"),
)
partial("ix_source_intent_waiting", "waiting", source_intent.c.issuer, source_intent.c.number)

allocation = sa.Table(
    "allocation",
    metadata,
    surrogate(),
    ref("source_id", "source.id"),
    *counts("number"),
    ref("invoice_id", "invoice.id"),
    *texts("currency"),
    *sums("amount"),
    *texts("mode"),
    day("posted_on"),
    *texts("cause"),
    # what changes
    *texts("state"),
    *counts("version"),
    # what it relieves of the invoice and of the source, in the accounting currency
    sa.Column("carry", MONEY),
    sa.Column("source_carry", MONEY),
    sa.UniqueConstraint("source_id", "number"),
    sa.Index("ix_allocation_invoice", "invoice_id"),
)

allocation_part = sa.Table(
    "allocation_part",
    metadata,
    ref("allocation_id", "allocation.id", key=True),
    key("position", sa.Integer()),
    *texts("line_no"),
    *sums("amount"),
)

allocation_removal = sa.Table(
    "allocation_removal",
    metadata,
    ref("allocation_id", "allocation.id", key=True),
    *maybe("reason"),
    sa.Column("removed_on", sa.Date),
    *maybe("removed_by"),
)

memo = sa.Table(
    "memo",
    metadata,
    surrogate(),
    *texts("issuer", "number", "doc_type", "account", "currency"),
    *sums("amount"),
    day("issued_on"),
    ref("invoice_id", "invoice.id", null=True),
    *maybe("reason_code", "reason_text", "dispute_id", "reverses_issuer", "reverses_number"),
    *texts("content_hash", "cause"),
    sa.Column("carrying", MONEY),
    # what changes
    *maybe("reversed_by"),
    *sums("applied", "open_credit", "refunded"),
    *counts("version"),
    sa.UniqueConstraint("issuer", "number"),
    sa.Index("ix_memo_invoice", "invoice_id"),
)

memo_part = sa.Table(
    "memo_part",
    metadata,
    ref("memo_id", "memo.id", key=True),
    key("position", sa.Integer()),
    *texts("line_no"),
    *sums("amount", "applied", "excess"),
)

reversal = sa.Table(
    "reversal",
    metadata,
    surrogate(),
    *texts("account", "reference"),
    ref("source_id", "source.id"),
    *texts("kind", "currency"),
    *sums("amount"),
    day("reversed_on"),
    *maybe("reason_code", "reason_text"),
    *texts("content_hash", "cause"),
    sa.Column("carry", MONEY),
    sa.UniqueConstraint("account", "reference"),
    sa.Index("ix_reversal_source", "source_id"),
)

pair = sa.Table(
    "pair",
    metadata,
    ref("source_id", "source.id", key=True),
    ref("invoice_id", "invoice.id", key=True),
    *flags("blocked"),
)

# -- disputes and notices ---------------------------------------------------------------------

dispute = sa.Table(
    "dispute",
    metadata,
    key("id"),
    *texts("account"),
    ref("invoice_id", "invoice.id"),
    *texts("line_no", "notice_id", "currency", "reason_code", "requested_action"),
    *texts("raised_by", "raiser"),
    when("opened_at"),
    *maybe("reopens"),
    *texts("cause"),
    # what changes: an open dispute may be amended, joined and closed
    *sums("amount"),
    *maybe("reason_text", "evidence"),
    *flags("joined"),
    *texts("state"),
    when("closed_at", null=True),
    *maybe("memo"),
    *counts("version"),
    when("respond_by", null=True),
    sa.Index("ix_dispute_invoice", "invoice_id"),
)
partial("ix_dispute_respond", "respond_by IS NOT NULL", dispute.c.respond_by)
partial("uq_dispute_open", "state = 'open'", dispute.c.invoice_id, dispute.c.line_no, unique=True)

notice = sa.Table(
    "notice",
    metadata,
    key("kind"),
    key("party"),
    key("notice_id"),
    *texts("content_hash", "cause"),
)
