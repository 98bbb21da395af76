"""What comes again and again is prepared once per connection, and stays so."""

from datetime import UTC, datetime

import pytest

from invoice_gateway.model.decision import Scope
from invoice_gateway.store import SqlStore, connection

from .build import event, invoice, key, put, record, saving

NAMES = "SELECT name, statement FROM pg_prepared_statements"


def prepared(store: SqlStore) -> dict[str, str]:
    """The statements that the one connection of a store has prepared."""
    with store.session() as session:
        driver = session.connection.connection.driver_connection
        assert driver is not None
        return dict(driver.cursor().execute(NAMES, prepare=False).fetchall())


def batch(store: SqlStore, at: int) -> None:
    """Look up a few things, and write a message and an event."""
    with store.work() as work:
        work.senders(["erp"])
        work.lock(["ACME"])
        work.seen([("erp", f"m-{at}")])
        book = work.load([])
        book.apply([invoice(f"I-{at}")])
        work.save(saving(book, records=[record(f"m-{at}")], events=[event(f"e-{at}", f"I-{at}")]))
        work.commit()


def test_a_batch_prepares_at_once_and_a_tick_takes_nothing_away(postgres_store: SqlStore):
    """A rollback makes the driver forget, and the batches after it would be planned anew."""
    batch(postgres_store, 0)
    first = prepared(postgres_store)
    assert any("FROM sender" in each for each in first.values())
    assert any("INTO invoice " in each for each in first.values())

    postgres_store.releasable(9)
    postgres_store.due_parked(datetime.now(UTC), 9)
    postgres_store.unpublished(9, 60)
    postgres_store.counts()
    batch(postgres_store, 1)

    later = prepared(postgres_store)
    assert first.items() <= later.items()
    assert len({*later.values()}) == len(later)


READ = "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'invoice'"


def read_for_one(store: SqlStore) -> int:
    """How many rows of invoices are read to find one."""
    with store.work() as work:
        assert work.load([Scope(invoices=(key("I-7"),))])
        driver = work._session.connection.connection.driver_connection
        assert driver is not None
        found = driver.cursor().execute(READ, prepare=False).fetchone()
        assert found is not None
        work.commit()  # after a rollback everything would be planned anew
        return int(found[0])


def test_a_plan_made_for_an_empty_table_is_made_anew_when_it_has_grown(
    postgres_store: SqlStore, monkeypatch: pytest.MonkeyPatch
):
    """The planner was told that there is nothing in it: to read it all seemed best."""
    monkeypatch.setattr(connection, "PLANS_FIRST_S", 0.0)
    monkeypatch.setattr(connection, "PLANS_MOST_S", 0.0)
    with postgres_store.engine.connect() as plain:
        plain.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("VACUUM (ANALYZE)")
    assert read_for_one(postgres_store) == 0
    put(postgres_store, *(invoice(f"I-{at}") for at in range(2_000)))

    assert read_for_one(postgres_store) <= 10
