"""The tables of orders, requests, goods, rates and numbers, and of what few invoices have."""

import sqlalchemy as sa

from .columns import counts, flags, key, maybe, partial, ref, sums, texts, when
from .metadata import metadata

invoice_detail = sa.Table(
    "invoice_detail",
    metadata,
    ref("invoice_id", "invoice.id", key=True),
    *maybe("name", "recipient"),
    sa.Column("due_days", sa.Integer),
    *counts("edition", "first_line"),
    *maybe("copy_of_issuer", "copy_of_number", "execution"),
    when("reserved_until", null=True),
    *maybe("request", "facility"),
    *texts("fulfilment"),
    *maybe("tracking", "series"),
    sa.Column("transaction_no", sa.BigInteger),
    sa.Column("request_cancellation_days", sa.Integer),
    sa.Column("reminder_days", sa.Integer),
    sa.Column("suspension_days", sa.Integer),
    sa.Column("deletion_days", sa.Integer),
    sa.Column("converted_on", sa.Date),
    sa.Column("reminded_on", sa.Date),
    *counts("reminders"),
    *flags("overdue", "suspension_fired", "deletion_fired"),
    sa.Column("declared_on", sa.Date),
    sa.Column("hold_until", sa.Date),
)
"""What only some invoices have; one that has nothing of it has no row."""

customer_order = sa.Table(
    "customer_order",
    metadata,
    key("reference"),
    *texts("account", "method", "currency"),
    *sums("total", "shipping", "shipping_tax"),
    *texts("shipping_tax_category", "shipping_tax_rate"),
    when("placed_at"),
    *maybe("channel", "capture"),
    *texts("content_hash", "cause"),
    # what changes
    *texts("status", "hold_reasons"),
    *counts("invoices", "unshipped"),
    *flags("shipping_invoiced", "short_closed"),
    *texts("service_state"),
    *maybe("service_ref"),
    *texts("suspended_by"),
    *maybe("released_by"),
    *counts("version"),
)
OPEN_ORDER = "status IN ('InProcess', 'UnderReview', 'WaitingPayment', 'Quote')"
partial("ix_customer_order_open", OPEN_ORDER, customer_order.c.account, customer_order.c.placed_at)

order_line = sa.Table(
    "order_line",
    metadata,
    key("reference"),
    key("position", sa.Integer()),
    *texts("line_no", "category", "description"),
    sa.Column("quantity", sa.BigInteger, nullable=False),
    *sums("amount", "net", "tax"),
    *maybe("item_code"),
    *texts("unit_price", "tax_category", "tax_rate"),
    *flags("serialised"),
    # what changes
    sa.Column("invoiced", sa.BigInteger, nullable=False),
)

request = sa.Table(
    "request",
    metadata,
    key("id"),
    *texts("account", "order_ref", "type", "invoice_issuer", "invoice_number"),
    *texts("content_hash", "cause"),
    # what changes
    *texts("state"),
    when("executed_at", null=True),
    *flags("executed_without_payment", "discounted"),
    *counts("version"),
)

offer = sa.Table(
    "offer",
    metadata,
    key("id"),
    *texts("account"),
    # what changes, with each edition
    *texts("blocks", "lines", "cause"),
)
"""What is offered, as JSON, under the id of the invoice; it is needed whole or not at all."""

serial = sa.Table(
    "serial",
    metadata,
    key("number"),
    *texts("account", "order_ref", "line_no", "invoice_issuer", "invoice_number", "cause"),
    sa.Index("ix_serial_order", "order_ref"),
)

rate = sa.Table(
    "rate",
    metadata,
    key("base"),
    key("quote"),
    key("day", sa.Date()),
    *texts("rate", "cause"),
    when("as_of"),
)

series = sa.Table(
    "series",
    metadata,
    key("issuer"),
    key("series"),
    sa.Column("last_no", sa.BigInteger, nullable=False),
)
"""The last number given, by issuer and class of parties; counted inside the issuing batch."""
