"""History for a database: a few documents go through the gateway, then their rows are multiplied.

Every column is copied as the gateway wrote it; only keys differ. So the rows fit the tables of
whichever version made them.
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random

import psycopg

from benchmarks.generator import ERP, accounts, documents, party
from benchmarks.harness.subjects import introduce, plain_url
from invoice_gateway.app import assemble
from invoice_gateway.engine.ports import Delivery
from invoice_gateway.settings import load
from invoice_gateway.store import upgrade

CHUNK = 50_000
APART = {"account", "sender", "alembic_version", "outbox", "counter"}
"""Tables that history does not multiply."""
TEXT_KEYS = {"number", "reference", "message_id", "event_id", "aggregate_id", "cause", "hash"}
STARTS = "h"
"""History has ids of its own, so that it meets nothing that is sent later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """How much there is: invoices of one account, or of `accounts` in turn."""

    settled: int = 0
    open: int = 0
    accounts: int = 1

    def __call__(self, database_url: str) -> None:
        """Put it into the database, which has the gateway's tables and is otherwise empty."""
        introduce(database_url, self.accounts)
        _process(database_url, [_delivery(each.id, each.body) for each in accounts(self.accounts)])
        for copies, paid in ((self.settled, True), (self.open, False)):
            if copies:
                per_account = max(copies // self.accounts, 1)
                template = _template(database_url, self.accounts, paid=paid)
                _multiply(plain_url(database_url), template, per_account - 1)
        with psycopg.connect(plain_url(database_url), autocommit=True) as connection:
            connection.execute("VACUUM (ANALYZE)")


@dataclass(frozen=True, slots=True)
class Template:
    """Rows to copy: the ids above `low`, up to `high`."""

    low: int
    high: int


def _template(database_url: str, customers: int, *, paid: bool) -> Template:
    """Let an invoice per account through, with its payment if `paid`; return where the rows are."""
    random, stamp = Random(7), "p" if paid else "o"
    deliveries = []
    for at in range(customers):
        number = (1 if paid else 2) * 1_000_000_000 + at
        body, bill = documents.invoice(number, 10, party(at), ERP, random)
        deliveries.append(_delivery(f"invoice-{number}", body))
        if paid:
            payment = f"{STARTS}{stamp}{at}"
            money = documents.payment(payment, ERP, payment.upper(), [bill], bill.payable)
            deliveries.append(_delivery(payment, money))
    before = _ids(database_url, 0)[1]
    _process(database_url, deliveries)
    return Template(*_ids(database_url, before))


def _process(database_url: str, deliveries: Sequence[Delivery]) -> None:
    """Let the gateway take `deliveries` as one batch, and have all events confirmed."""
    with tempfile.TemporaryDirectory() as folder:
        app = assemble(load(database_url=database_url, bus_url=f"folder:{folder}"))
        with app.store() as store:
            done = app.pipeline(store).process(deliveries)
            store.mark([event.id for event in done.outgoing], {})


def _delivery(message_id: str, body: bytes) -> Delivery:
    return Delivery(body=body, sender=ERP, message_id=message_id, type=None, content_type=None)


def _ids(database_url: str, above: int) -> tuple[int, int]:
    """Return the id below the lowest, and the highest, of those in use that are `above`."""
    with psycopg.connect(plain_url(database_url)) as connection:
        found = [
            connection.execute(
                f"SELECT min({column}), max({column}) FROM {table} WHERE {column} > {above}"
            ).fetchone()
            for table, column in (("invoice", "id"), ("message", "id"), ("event", "seq"))
        ]
    there = [each for each in found if each[0] is not None]
    if not there:
        return above, above
    return min(low for low, _ in there) - 1, max(high for _, high in there)


def _multiply(url: str, template: Template, copies: int) -> None:
    """Copy the rows of `template` so many times, with other keys."""
    stride = template.high - template.low
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")  # the rows are consistent
        for table, key, columns in _tables(connection):
            where = f"old.{key} > {template.low} AND old.{key} <= {template.high}"
            [rows] = connection.execute(
                f"SELECT count(*) FROM {table} AS old WHERE {where}"
            ).fetchone()
            shown = ", ".join(f'"{name}"' for name, _ in columns)
            values = ", ".join(_value(name, kind, stride) for name, kind in columns)
            for first, last in _chunks(copies, max(CHUNK // max(rows, 1), 1)):
                connection.execute(
                    f"INSERT INTO {table} ({shown}) SELECT {values} FROM {table} AS old, "
                    f"generate_series({first}, {last}) AS copy WHERE {where}"
                )
        highest = template.high + stride * copies
        connection.execute(f"SELECT setval('batch_seq', {highest + 1})")


def _tables(
    connection: psycopg.Connection,
) -> Iterator[tuple[str, str, Sequence[tuple[str, str]]]]:
    """Yield each table with rows that belong to a document, its id column, and its columns."""
    tables = connection.execute(
        "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition "
        "AND relnamespace = 'public'::regnamespace ORDER BY relname"
    ).fetchall()
    for (table,) in tables:
        columns = connection.execute(
            "SELECT column_name, data_type FROM information_schema.columns "
            "WHERE table_schema = 'public' AND table_name = %s AND is_generated = 'NEVER' "
            "ORDER BY ordinal_position",
            (table,),
        ).fetchall()
        keys = [name for name, kind in columns if _is_id(name, kind)]
        if table not in APART and keys:
            yield table, keys[0], columns


def _is_id(name: str, kind: str) -> bool:
    return kind in {"bigint", "integer"} and (name in {"id", "seq"} or name.endswith("_id"))


def _value(name: str, kind: str, stride: int) -> str:
    if _is_id(name, kind):
        return f'old."{name}" + copy::bigint * {stride}'
    if name in TEXT_KEYS and kind == "text":
        return f"old.\"{name}\" || '-' || copy"
    return f'old."{name}"'


def _chunks(copies: int, size: int) -> Iterator[tuple[int, int]]:
    for first in range(1, copies + 1, size):
        yield first, min(first + size - 1, copies)


@contextmanager
def filled(bench, history: History) -> Iterator[str]:  # noqa: ANN001 - of harness.services
    """Give the URL of a migrated database with `history`, and drop it afterwards."""
    url = bench.database.new_database()
    try:
        upgrade(url)
        history(url)
        yield url
    finally:
        bench.database.release(url)
