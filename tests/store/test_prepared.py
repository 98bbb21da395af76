"""What comes again and again is prepared once per connection, and stays so."""

from datetime import UTC, datetime

from invoice_gateway.store import SqlStore

from .build import event, invoice, record, saving

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
