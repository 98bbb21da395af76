"""The tables of messages, and of the events that follow from them; see `tables`."""

import sqlalchemy as sa

from .columns import (
    ID,
    Clock,
    Enclosed,
    Instant,
    counts,
    key,
    maybe,
    partial,
    ref,
    surrogate,
    texts,
    when,
)
from .metadata import metadata

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
