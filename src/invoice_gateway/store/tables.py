"""The tables: what is kept of accounts, invoices, money, disputes, messages and events.

Money is a BIGINT of minor units beside its currency. Text compares by code point on both databases,
as in Python: the auto run loads invoices in the order in which it pays them. Surrogate ids are
handed out by the client (`Session.id`); `event.seq` is such an id and so the order of writing.
"""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.ext.compiler import compiles

SQLITE_NOW = "strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now')"
"""The clock of SQLite in the form of `instant`."""


class Instant(sa.TypeDecorator[datetime]):
    """A moment in UTC: TIMESTAMPTZ on PostgreSQL, ISO text of fixed width on SQLite."""

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        """Return the type that `dialect` stores."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(TIMESTAMP(timezone=True))
        return dialect.type_descriptor(sa.Text())

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> Any:  # noqa: ANN401, ARG002
        """Return the text both databases read."""
        return None if value is None else instant(value)

    def process_result_value(self, value: Any | None, dialect: sa.Dialect) -> datetime | None:  # noqa: ANN401, ARG002
        """Return an aware datetime in UTC."""
        if value is None:
            return None
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        return moment.astimezone(UTC)


def instant(moment: datetime) -> str:
    """Return `moment` as both databases take it: ISO text in UTC with microseconds."""
    assert moment.tzinfo is not None, "a time without a zone"
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


class _Clock(sa.sql.expression.ColumnElement[datetime]):
    """The time by the clock of the database."""

    inherit_cache = True


@compiles(_Clock, "postgresql")
def _clock_postgresql(*_: object, **__: object) -> str:
    return "clock_timestamp()"


@compiles(_Clock, "sqlite")
def _clock_sqlite(*_: object, **__: object) -> str:
    return f"({SQLITE_NOW})"


TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MONEY = sa.BigInteger()

metadata = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


def _id() -> sa.Column[int]:
    return sa.Column("id", ID, primary_key=True, autoincrement=False)


def _key(name: str, kind: sa.types.TypeEngine[Any] = TEXT) -> sa.Column[Any]:
    return sa.Column(name, kind, primary_key=True, autoincrement=False)


def _ref(name: str, target: str, *, key: bool = False, null: bool = False) -> sa.Column[int]:
    return sa.Column(
        name,
        ID,
        sa.ForeignKey(target),
        primary_key=key,
        autoincrement=False,
        nullable=null,
    )


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, TEXT, nullable=False) for name in names]


def _maybe(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, TEXT) for name in names]


def _sums(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, MONEY, nullable=False) for name in names]


def _counts(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.Integer, nullable=False) for name in names]


def _flags(*names: str) -> list[sa.Column[bool]]:
    return [sa.Column(name, sa.Boolean, nullable=False) for name in names]


def _when(name: str, *, null: bool = False) -> sa.Column[datetime]:
    return sa.Column(name, Instant, nullable=null)


def _day(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Date, nullable=False)


counter = sa.Table("counter", metadata, _key("name"), *_sums("value"))
"""Where SQLite counts what a sequence counts on PostgreSQL."""

BATCHES = sa.Sequence("batch_seq", metadata=metadata)

# -- accounts and senders ---------------------------------------------------------------------

account = sa.Table(
    "account",
    metadata,
    _key("party"),
    *_texts("party_class", "name"),
    *_maybe("parent"),
    *_texts("address", "tax_ids", "selling_currency", "accounting_currency", "timezone"),
    *_flags("terms_approved"),
    *_counts("terms_days"),
    sa.Column("credit_limit", MONEY),
    *_flags("auto_allocate"),
    sa.Column("request_cancellation_days", sa.Integer),
    sa.Column("reminder_days", sa.Integer),
    sa.Column("suspension_days", sa.Integer),
    sa.Column("deletion_days", sa.Integer),
    sa.Column("money_back_days", sa.Integer),
    *_texts("cause"),
)

sender = sa.Table(
    "sender", metadata, _key("name"), *_texts("party", "role"), *_flags("receipts", "active")
)

# -- invoices ---------------------------------------------------------------------------------

invoice = sa.Table(
    "invoice",
    metadata,
    _id(),
    *_texts("issuer", "number", "account", "currency"),
    *_sums("amount"),
    _day("issue_date"),
    _day("due_date"),
    *_texts("kind"),
    *_maybe("order_ref", "payment_reference", "description"),
    *_texts("content_hash", "cause"),
    *_maybe("rate", "accounting_currency"),
    sa.Column("carrying", MONEY),
    # what changes: caches over lines and entries
    *_texts("lifecycle"),
    *_flags("auto_allocate"),
    *_sums("debit_memos", "credits", "written_off", "settled", "settled_by_credit"),
    *_sums("pending", "payable"),
    *_texts("status", "settlement_state"),
    *_flags("contested"),
    *_texts("confirmation"),
    *_maybe("closure_reason"),
    *_counts("version"),
    sa.UniqueConstraint("issuer", "number"),
    sa.Index("ix_invoice_account_issue_date", "account", "issue_date"),
)
OPEN_AUTO = "payable > 0 AND auto_allocate"
sa.Index(
    "ix_invoice_open",
    invoice.c.account,
    invoice.c.currency,
    invoice.c.issue_date,
    invoice.c.issuer,
    invoice.c.number,
    postgresql_where=sa.text(OPEN_AUTO),
    sqlite_where=sa.text(OPEN_AUTO),
)

# Lines and snapshots are written with their invoice and never deleted, so a foreign key guards
# nothing; checking it would be a third of what a line costs.
invoice_snapshot = sa.Table(
    "invoice_snapshot",
    metadata,
    _key("invoice_id", ID),
    *_texts("snapshot"),
)

invoice_line = sa.Table(
    "invoice_line",
    metadata,
    _key("invoice_id", ID),
    _key("position", sa.Integer()),
    *_texts("line_no", "kind"),
    *_sums("amount"),
    *_texts("description"),
    *_maybe("item_code"),
    *_texts("quantity"),
    *_maybe("unit"),
    *_texts("unit_price"),
    *_sums("net"),
    *_texts("tax_category", "tax_rate"),
    *_sums("tax"),
    *_maybe("order_line"),
)

line_state = sa.Table(
    "line_state",
    metadata,
    _ref("invoice_id", "invoice.id", key=True),
    _key("position", sa.Integer()),
    *_sums("credited", "excess", "written_off", "settled", "disputed"),
    *_texts("customer", "customer_shadow", "enterprise", "enterprise_shadow"),
    *_flags("receipt_manual"),
)
"""The changeable side of a line; a line that is as it was posted has no row."""

# -- money ------------------------------------------------------------------------------------

source = sa.Table(
    "source",
    metadata,
    _id(),
    *_texts("account", "type", "reference", "currency"),
    *_sums("amount"),
    _day("value_date"),
    *_texts("origin"),
    *_maybe("origin_document", "method", "bank_reference", "end_to_end_id"),
    *_flags("asserted_by_erp"),
    *_texts("content_hash", "cause"),
    sa.Column("carrying", MONEY),
    # what changes: caches over entries
    *_texts("funds_state"),
    *_sums("allocated", "reserved", "refunded", "charged_back", "remaining"),
    *_counts("allocations", "version"),
    sa.UniqueConstraint("account", "type", "reference"),
    sa.UniqueConstraint("account", "bank_reference"),
    sa.Index("ix_source_end_to_end", "account", "end_to_end_id"),
)
IDLE = "remaining > 0"
sa.Index(
    "ix_source_idle",
    source.c.account,
    postgresql_where=sa.text(IDLE),
    sqlite_where=sa.text(IDLE),
)

source_intent = sa.Table(
    "source_intent",
    metadata,
    _ref("source_id", "source.id", key=True),
    _key("position", sa.Integer()),
    *_texts("issuer", "number"),
    sa.Column("amount", MONEY),
    *_flags("waiting"),
)
sa.Index(
    "ix_source_intent_waiting",
    source_intent.c.issuer,
    source_intent.c.number,
    postgresql_where=sa.text("waiting"),
    sqlite_where=sa.text("waiting"),
)

allocation = sa.Table(
    "allocation",
    metadata,
    _id(),
    _ref("source_id", "source.id"),
    *_counts("number"),
    _ref("invoice_id", "invoice.id"),
    *_texts("currency"),
    *_sums("amount"),
    *_texts("mode"),
    _day("posted_on"),
    *_texts("cause"),
    # what changes
    *_texts("state"),
    *_counts("version"),
    sa.UniqueConstraint("source_id", "number"),
    sa.Index("ix_allocation_invoice", "invoice_id"),
)

allocation_part = sa.Table(
    "allocation_part",
    metadata,
    _ref("allocation_id", "allocation.id", key=True),
    _key("position", sa.Integer()),
    *_texts("line_no"),
    *_sums("amount"),
)

allocation_removal = sa.Table(
    "allocation_removal",
    metadata,
    _ref("allocation_id", "allocation.id", key=True),
    *_maybe("reason"),
    sa.Column("removed_on", sa.Date),
    *_maybe("removed_by"),
)

memo = sa.Table(
    "memo",
    metadata,
    _id(),
    *_texts("issuer", "number", "doc_type", "account", "currency"),
    *_sums("amount"),
    _day("issued_on"),
    _ref("invoice_id", "invoice.id", null=True),
    *_maybe("reason_code", "reason_text", "dispute_id", "reverses_issuer", "reverses_number"),
    *_texts("content_hash", "cause"),
    sa.Column("carrying", MONEY),
    # what changes
    *_maybe("reversed_by"),
    *_sums("applied", "open_credit", "refunded"),
    *_counts("version"),
    sa.UniqueConstraint("issuer", "number"),
    sa.Index("ix_memo_invoice", "invoice_id"),
)

memo_part = sa.Table(
    "memo_part",
    metadata,
    _ref("memo_id", "memo.id", key=True),
    _key("position", sa.Integer()),
    *_texts("line_no"),
    *_sums("amount", "applied", "excess"),
)

reversal = sa.Table(
    "reversal",
    metadata,
    _id(),
    *_texts("account", "reference"),
    _ref("source_id", "source.id"),
    *_texts("kind", "currency"),
    *_sums("amount"),
    _day("reversed_on"),
    *_maybe("reason_code", "reason_text"),
    *_texts("content_hash", "cause"),
    sa.UniqueConstraint("account", "reference"),
    sa.Index("ix_reversal_source", "source_id"),
)

pair = sa.Table(
    "pair",
    metadata,
    _ref("source_id", "source.id", key=True),
    _ref("invoice_id", "invoice.id", key=True),
    *_flags("blocked"),
)

# -- disputes and notices ---------------------------------------------------------------------

dispute = sa.Table(
    "dispute",
    metadata,
    _key("id"),
    *_texts("account"),
    _ref("invoice_id", "invoice.id"),
    *_texts("line_no", "notice_id", "currency", "reason_code", "requested_action"),
    *_texts("raised_by", "raiser"),
    _when("opened_at"),
    *_maybe("reopens"),
    *_texts("cause"),
    # what changes: an open dispute may be amended, joined and closed
    *_sums("amount"),
    *_maybe("reason_text", "evidence"),
    *_flags("joined"),
    *_texts("state"),
    _when("closed_at", null=True),
    *_maybe("memo"),
    *_counts("version"),
    sa.Index("ix_dispute_invoice", "invoice_id"),
)
sa.Index(
    "uq_dispute_open",
    dispute.c.invoice_id,
    dispute.c.line_no,
    unique=True,
    postgresql_where=sa.text("state = 'open'"),
    sqlite_where=sa.text("state = 'open'"),
)

notice = sa.Table(
    "notice",
    metadata,
    _key("kind"),
    _key("party"),
    _key("notice_id"),
    *_texts("content_hash", "cause"),
)

# -- messages ---------------------------------------------------------------------------------

message = sa.Table(
    "message",
    metadata,
    _id(),
    *_texts("sender", "message_id", "type", "hash", "outcome"),
    _when("received_at"),
    sa.Column("body", sa.LargeBinary, nullable=False),
    *_texts("headers"),
    *_counts("duplicates", "events"),
    *_maybe("duplicate_of"),
    *_texts("accounts", "origin"),
    sa.Index("ix_message_received_at", "received_at"),
)
OWNS_ITS_ID = "outcome IN ('accepted', 'parked', 'duplicate')"
sa.Index(
    "uq_message_sender_message_id",
    message.c.sender,
    message.c.message_id,
    unique=True,
    postgresql_where=sa.text(OWNS_ITS_ID),
    sqlite_where=sa.text(OWNS_ITS_ID),
)

parked = sa.Table(
    "parked",
    metadata,
    _ref("message", "message.id", key=True),
    *_texts("kind", "key"),
    _when("deadline"),
    *_texts("code", "text"),
    sa.Index("ix_parked_kind_key", "kind", "key"),
    sa.Index("ix_parked_deadline", "deadline"),
)

dead_letter = sa.Table(
    "dead_letter",
    metadata,
    _key("id"),
    *_texts("sender", "message_id", "type", "hash", "code", "text", "findings", "business_keys"),
    *_maybe("fingerprint", "traceback"),
    sa.Column("body", sa.LargeBinary, nullable=False),
    *_texts("headers", "origin"),
    _when("first_seen"),
    _when("last_seen"),
    *_counts("submissions", "events"),
    *_texts("state"),
    *_maybe("reason", "acted_by"),
    _when("acted_at", null=True),
    sa.Index("ix_dead_letter_code", "code"),
    sa.Index("ix_dead_letter_fingerprint", "fingerprint"),
    sa.Index("ix_dead_letter_state", "state", "last_seen"),
    sa.Index("ix_dead_letter_message", "sender", "message_id"),
)

attempt = sa.Table(
    "attempt",
    metadata,
    _key("hash"),
    *_counts("attempts"),
    *_maybe("fingerprint"),
    _when("last_at"),
)

# -- events -----------------------------------------------------------------------------------

event = sa.Table(
    "event",
    metadata,
    _key("seq", ID),
    *_texts("event_id", "name", "type", "aggregate", "aggregate_id"),
    *_counts("version"),
    *_texts("cause"),
    *_maybe("account"),
    sa.Column("body", sa.LargeBinary, nullable=False),
    *_texts("headers"),
    _when("recorded_at"),
    sa.UniqueConstraint("event_id"),
    sa.UniqueConstraint("aggregate", "aggregate_id", "version"),
    sa.Index("ix_event_cause", "cause"),
)

outbox = sa.Table(
    "outbox",
    metadata,
    _key("seq", ID),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    *_maybe("last_error"),
    # by the clock of the database, so that workers with wrong clocks agree
    sa.Column("since", Instant, nullable=False, server_default=_Clock()),
    _when("claimed_until", null=True),
    _when("next_try", null=True),
)
"""Pointers to events that no broker has confirmed yet."""
