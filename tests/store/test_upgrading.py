"""From one step of the schema to the next: what was stored before is there afterwards."""

import json
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
import zstandard
from alembic import command

from invoice_gateway.model.decision import WaitsFor
from invoice_gateway.store import SqlStore, connect, schema, upgrade, views
from invoice_gateway.store.columns import instant

from .build import NOW

XML = b"<InvoicePosted>\xe2\x82\xac</InvoicePosted>"
HEADERS = {"cloudEvents_id": "e-1", "account": "\u20ac"}


def up_to(url: str, step: str) -> None:
    """Bring an empty database to `step`."""
    engine = sa.create_engine(schema.parse(url))
    with engine.begin() as connection:
        config = schema._config()
        config.attributes["connection"] = connection
        command.upgrade(config, step)
    engine.dispose()


@pytest.fixture
def old(database_url: str) -> Iterator[SqlStore]:
    """A database at the first step, with a parked message, an event and a dead letter."""
    up_to(database_url, "0001_core")
    opened = connect(database_url)
    body = zstandard.ZstdCompressor(level=1).compress(XML)
    common = {"sender": "erp", "type": "InvoicePosted", "hash": "h", "origin": "in", "body": body}
    common |= {"headers": json.dumps(HEADERS), "events": 1, "message_id": "m-1"}
    now = instant(NOW)
    with opened.engine.begin() as connection:
        _insert(connection, "message", common, id=1, outcome="parked", received_at=now)
        _insert(connection, "parked", message=1, kind="invoice", key="E/I-1", deadline=now)
        _insert(connection, "dead_letter", common, id="d-1", first_seen=now, last_seen=now)
        _insert(
            connection,
            *("event", {"seq": 1, "event_id": "e-1", "name": "invoice.issued", "type": "X"}),
            aggregate="invoice",
            aggregate_id="E/I-1",
            version=1,
            cause="erp/m-1",
            body=XML,
            headers=json.dumps(HEADERS),
            recorded_at=now,
        )
        _insert(connection, "outbox", seq=1)
    yield opened
    opened.close()


DEFAULTS = {
    "message": {"duplicates": 0, "accounts": "[]"},
    "parked": {"code": "unknown-invoice", "text": ""},
    "dead_letter": {
        "code": "forbidden",
        "text": "no",
        "findings": "[]",
        "business_keys": "[]",
        "submissions": 1,
        "state": "open",
    },
}


def _insert(connection: sa.Connection, table: str, *parts: dict[str, object], **row: object):
    values = DEFAULTS.get(table, {}) | {key: each for part in parts for key, each in part.items()}
    values |= row
    marks = ", ".join(f":{name}" for name in values)
    connection.execute(
        sa.text(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})"), values
    )


def test_what_the_first_step_stored_is_read_after_the_second(old: SqlStore, database_url: str):
    """Messages, dead letters and events, wherever they are asked for."""
    assert upgrade(database_url) == ["0002_packed", "0003_domain"]

    [waiter] = old.due_parked(NOW, 9)
    [(event_id, outgoing)] = old.unpublished(9, 0)
    with old.session() as session:
        letter = views.dead_show(session, "d-1")
        [message, _] = views.message_show(session, "m-1")

    assert (waiter.body, waiter.headers, waiter.waits_for[0]) == (XML, HEADERS, WaitsFor.INVOICE)
    assert (event_id, outgoing.body, outgoing.headers) == ("e-1", XML, HEADERS)
    assert letter is not None
    assert letter["body"] == XML
    assert message["body"] == XML
    assert [(each["body"], each["headers"]) for each in message["events"]] == [(XML, HEADERS)]


def test_nobody_keeps_an_index_that_nobody_asks(old: SqlStore, database_url: str):
    """Every message paid for it."""
    upgrade(database_url)

    names = {each["name"] for each in sa.inspect(old.engine).get_indexes("message")}

    assert "ix_message_received_at" not in names
