"""What a batch reads does not grow with what is stored: plans of PostgreSQL, and rows counted.

An account has many settled invoices and few open ones, the database many messages, events and
payments; every statement of the batches below is explained while it runs.
"""

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from invoice_gateway.model.decision import Scope
from invoice_gateway.model.ledger import Part
from invoice_gateway.model.order import Order, Serial
from invoice_gateway.model.rates import Rate, RateAt
from invoice_gateway.store import SqlStore
from invoice_gateway.store.tables import metadata

from .build import (
    ACME,
    NOW,
    account,
    allocation,
    dispute,
    event,
    invoice,
    key,
    memo,
    order,
    paid_by,
    payment,
    put,
    record,
    saving,
    serial,
)

STORED = 3_000
"""So many of everything; more than this would only take longer."""
OPEN = 20
DOLLARS = "DOLLARS"
READ_MOST = 10 * OPEN
"""No step of a plan passes more rows than that, whatever is stored."""
CHANGING = ("DELETE", "UPDATE", "INSERT")


def rate() -> Rate:
    """A rate of today."""
    return Rate(day=NOW.date(), base="USD", quote="INR", rate="82.5", as_of=NOW)


@pytest.fixture
def full(postgres_store: SqlStore) -> SqlStore:
    """A store that has seen a lot, and knows it: tables are analysed."""
    put(
        *(postgres_store, account(), account("OTHER"), payment("P-0"), order("O-0"), serial("S-0")),
        *(invoice(f"I-{at}", day=1 + at) for at in range(OPEN)),
    )
    put(postgres_store, allocation("P-0", 1, "I-0", Part("1", 1)), memo("M-0", "I-0"))
    put(postgres_store, account(DOLLARS, accounting_currency="INR"), rate())
    put(postgres_store, dispute("N-0", "I-1", amount=5))
    with postgres_store.work() as work:
        work.save(saving(records=[record("m-0")], events=[event("e-0", version=1)]))
        work.commit()
    with postgres_store.engine.begin() as connection:
        settled = {"payable": "0", "pending": "0", "settled": "amount"}
        _multiply(connection, "invoice", "number = 'I-0'", number="'OLD-' || g", **settled)
        _multiply(connection, "invoice_line", "true")
        _multiply(connection, "source", "true", reference="'OLD-' || g", remaining="0")
        done = {"reference": "'OLD-' || g", "status": "'Completed'"}
        _multiply(connection, "customer_order", "true", **done)
        _multiply(connection, "order_line", "true", reference="'OLD-' || g")
        _multiply(connection, "serial", "true", number="'OLD-' || g", order_ref="'OLD-' || g")
        _multiply(connection, "message", "true", message_id="'old-' || g")
        _multiply(connection, "rate", "true", base="'USD'", day="day - g")
        _multiply(connection, "event", "true", event_id="'old-' || g", aggregate_id="'OLD-' || g")
    with postgres_store.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("ANALYZE")
    return postgres_store


def _multiply(connection: sa.Connection, table: str, which: str, **changed: str) -> None:
    """Store `STORED` copies of one row, under other keys."""
    columns = [each.name for each in metadata.tables[table].columns]
    first = columns[0]  # a surrogate id
    if first not in changed:
        changed = {first: f"{first} + (1::bigint << 40) + g"} | changed
    values = ", ".join(changed.get(name, name) for name in columns)
    connection.exec_driver_sql(
        f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} "
        f"FROM (SELECT * FROM {table} WHERE {which} LIMIT 1) AS one, "
        f"generate_series(1, {STORED}) AS g"
    )


@pytest.fixture
def explained(full: SqlStore) -> list[tuple[str, dict[str, Any]]]:
    """Every statement as it is carried out, with its plan."""
    plans: list[tuple[str, dict[str, Any]]] = []

    @sa.event.listens_for(full.engine, "before_cursor_execute")
    def explain(connection, _cursor, statement, parameters, *_rest) -> None:
        if statement.startswith(("EXPLAIN", "INSERT", "SELECT nextval")):
            return
        driver = connection.connection.driver_connection
        analyse = "" if statement.startswith(CHANGING) else "ANALYZE, "
        [(found,)] = driver.execute(f"EXPLAIN ({analyse}FORMAT JSON) {statement}", parameters)
        plans.append((statement, found[0]["Plan"]))

    return plans


def steps(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield all steps of a plan."""
    yield plan
    for each in plan.get("Plans", ()):
        yield from steps(each)


SCOPES = {
    "invoice": Scope(accounts=(ACME,), invoices=(key("NEW"),), auto=True),
    "payment": Scope(sources=(paid_by("NEW"),), invoices=(key("I-3"),), auto=True, money=2500),
    "any money": Scope(sources=(paid_by("P-0"),), auto=True, money=None),
    "bank": Scope(
        bank_references=((ACME, "B"),), end_to_end_ids=((ACME, "E"),), reversals=((ACME, "R"),)
    ),
    "removal": Scope(invoices=(key("I-0"),), sources=(paid_by("P-0"),), allocations=True),
    "memo": Scope(memos=(key("M-0"),), allocations=True),
    "dispute": Scope(disputes=("N-0/1",), notices=(("dispute", ACME, "N-1"),)),
    "rate": Scope(accounts=(DOLLARS,), rates=(RateAt(NOW.date(), "USD"), RateAt(NOW.date()))),
    "pair": Scope(pairs=((paid_by("P-0"), key("I-0")),)),
    "order": Scope(
        accounts=(ACME,), others=((Order, "O-0"), (Serial, "S-0")), auto=True, credit=True
    ),
}


@pytest.mark.parametrize("name", SCOPES)
def test_a_batch_reads_what_it_is_about(
    full: SqlStore, explained: list[tuple[str, dict[str, Any]]], name: str
):
    """Through indexes, and no more rows than are open."""
    scope = SCOPES[name]
    with full.work() as work:
        work.senders(["erp"])
        work.waiters([("invoice", str(key("NEW"))), ("rate", "USD/INR/2026-11-01")], 9)
        work.lock(work.accounts_of([scope]))
        work.still_parked([1])
        work.seen([("erp", "m-0"), ("erp", "new")])
        work.load([scope])
        work.save(saving(published=["e-0"]))

    judge(explained)


def test_the_tick_reads_what_waits(full: SqlStore, explained: list[tuple[str, dict[str, Any]]]):
    """Nothing is parked or dead, one event is not confirmed: that is all there is to read."""
    full.releasable(200)
    full.due_parked(NOW, 200)
    assert full.counts().outbox == 1
    [(event_id, _)] = full.unpublished(200, 0)
    full.mark([], {event_id: "unroutable"})
    full.mark([event_id], {})

    judge(explained)


def judge(explained: list[tuple[str, dict[str, Any]]]) -> None:
    """No table is read as a whole, and no step meets many rows."""
    assert explained
    for statement, plan in explained:
        for step in steps(plan):
            assert step["Node Type"] != "Seq Scan", (statement, step)
            rows = step.get("Actual Rows", 0) + step.get("Rows Removed by Filter", 0)
            assert rows * max(step.get("Actual Loops", 1), 1) <= READ_MOST, (statement, step)
