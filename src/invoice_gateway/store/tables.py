"""The tables: what is kept of accounts, invoices, money, disputes, messages and events.

Money is a BIGINT of minor units beside its currency. Text compares by code point on both databases,
as in Python: the auto run loads invoices in the order in which it pays them. Surrogate ids are
handed out by the client (`Session.id`); `event.seq` is such an id and so the order of writing.
"""

import sqlalchemy as sa

from .columns import (
    ID,
    MONEY,
    Clock,
    Enclosed,
    Instant,
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

metadata = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

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
    sa.UniqueConstraint("account", "type", "reference"),
    sa.UniqueConstraint("account", "bank_reference"),
    sa.Index("ix_source_end_to_end", "account", "end_to_end_id"),
)
IDLE = "remaining > 0"
partial("ix_source_idle", IDLE, source.c.account)

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
    sa.Index("ix_dispute_invoice", "invoice_id"),
)
partial("uq_dispute_open", "state = 'open'", dispute.c.invoice_id, dispute.c.line_no, unique=True)

notice = sa.Table(
    "notice",
    metadata,
    key("kind"),
    key("party"),
    key("notice_id"),
    *texts("content_hash", "cause"),
)

# -- messages ---------------------------------------------------------------------------------

message = sa.Table(
    "message",
    metadata,
    surrogate(),
    *texts("sender", "message_id", "type", "hash", "outcome"),
    when("received_at"),
    sa.Column("body", sa.LargeBinary, nullable=False),
    *texts("headers"),
    *counts("duplicates", "events"),
    *maybe("duplicate_of"),
    *texts("accounts", "origin"),
)
OWNS_ITS_ID = "outcome IN ('accepted', 'parked', 'duplicate')"
partial(
    "uq_message_sender_message_id", OWNS_ITS_ID, message.c.sender, message.c.message_id, unique=True
)
REFUSED = "outcome = 'rejected'"
partial("ix_message_refused", REFUSED, message.c.sender, message.c.message_id)

parked = sa.Table(
    "parked",
    metadata,
    ref("message", "message.id", key=True),
    *texts("kind", "key"),
    when("deadline"),
    *texts("code", "text"),
    sa.Index("ix_parked_kind_key", "kind", "key"),
    sa.Index("ix_parked_deadline", "deadline"),
)

dead_letter = sa.Table(
    "dead_letter",
    metadata,
    key("id"),
    *texts("sender", "message_id", "type", "hash", "code", "text", "findings", "business_keys"),
    *maybe("fingerprint", "traceback"),
    sa.Column("body", sa.LargeBinary, nullable=False),
    *texts("headers", "origin"),
    when("first_seen"),
    when("last_seen"),
    *counts("submissions", "events"),
    *texts("state"),
    *maybe("reason", "acted_by"),
    when("acted_at", null=True),
    sa.Index("ix_dead_letter_code", "code"),
    sa.Index("ix_dead_letter_fingerprint", "fingerprint"),
    sa.Index("ix_dead_letter_state", "state", "last_seen"),
    sa.Index("ix_dead_letter_message", "sender", "message_id"),
)

attempt = sa.Table(
    "attempt",
    metadata,
    key("hash"),
    *counts("attempts"),
    *maybe("fingerprint"),
    when("last_at"),
)

# -- events -----------------------------------------------------------------------------------

event = sa.Table(
    "event",
    metadata,
    key("seq", ID),
    *texts("event_id", "name", "type", "aggregate", "aggregate_id"),
    *counts("version"),
    *texts("cause"),
    *maybe("account"),
    sa.Column("body", Enclosed, nullable=False),
    *texts("headers"),
    when("recorded_at"),
    sa.UniqueConstraint("event_id"),
    sa.UniqueConstraint("aggregate", "aggregate_id", "version"),
    sa.Index("ix_event_cause", "cause"),
)
"""`headers` are empty since they are packed with the body (`packing.enclosed`)."""

outbox = sa.Table(
    "outbox",
    metadata,
    key("seq", ID),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    *maybe("last_error"),
    # by the clock of the database, so that workers with wrong clocks agree
    sa.Column("since", Instant, nullable=False, server_default=Clock()),
    when("claimed_until", null=True),
    when("next_try", null=True),
)
"""Pointers to events that no broker has confirmed yet."""
