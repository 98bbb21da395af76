"""What every peer shares: where things are, and the names on the broker."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = ROOT / "schemas" / "invoice_posted.xsd"
DDL = Path(__file__).with_name("ddl.sql")

AMQP = "BENCHMARK_AMQP_URL"
DATABASE = "BENCHMARK_DATABASE_URL"

IN_QUEUE = "peer.in"
EVENTS = "peer.events"
REJECTED = "peer.rejected"
ISSUED = "invoice.issued"
INVALID = "message.rejected"

PREFETCH = 50
SWEEP_EVERY = 100
"""How many confirmed events are removed from the outbox together."""


def amqp_url() -> str:
    """Return the address of the broker."""
    return os.environ[AMQP]


def database_url(driver: str) -> str:
    """Return the SQLAlchemy URL of the database through `driver`, or a plain one for ""."""
    plain = os.environ[DATABASE].partition("://")[2]
    return f"postgresql{'+' if driver else ''}{driver}://{plain}"
