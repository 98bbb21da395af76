"""Two programs at one database: what they may do at once, and who has to wait or to try again."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from invoice_gateway.engine.ports import Conflict, StoreUnavailable
from invoice_gateway.model.invoice import Invoice
from invoice_gateway.store import SqlStore, connect

from .build import account, dispute, event, everything, invoice, key, load, put, saving


def lock(store: SqlStore, name: str) -> None:
    """Lock an account for a moment."""
    with store.work() as work:
        work.lock([name])


def test_an_invoice_number_is_taken_once(store: SqlStore, other: SqlStore):
    """Neither saw the other's invoice; the second is told to run again, and its rows are gone."""
    with store.work() as first:
        book = first.load([everything(invoice("I-1"))])
        book.apply([invoice("I-1")])
        first.save(saving(book))
        first.commit()

    with pytest.raises(Conflict, match=r"invoice.*issuer.*number"):
        put(other, account(), invoice("I-1", 7))

    assert load(store, everything(account())).get(type(account()), "ACME") is None
    found = load(other, everything(invoice("I-1"))).get(Invoice, key("I-1"))
    assert found is not None
    assert found.amount == 1000


def test_one_dispute_is_open_per_line(store: SqlStore, other: SqlStore):
    """A partial unique index says so."""
    put(store, invoice("I-1", 600, 400), dispute("N-1", "I-1", "1"), dispute("N-1", "I-1", "2"))

    with pytest.raises(Conflict, match="dispute"):
        put(other, dispute("N-2", "I-1", "1"))


def test_the_same_account_waits(store: SqlStore, other: SqlStore):
    """The second worker gets its turn when the first is done, not before."""
    order = []
    locked = threading.Event()

    def late() -> None:
        locked.wait(5)
        with other.work() as work:
            work.lock(["A"])
            order.append("second")

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(late)
        with store.work() as work:
            work.lock(["A"])
            locked.set()
            threading.Event().wait(0.2)
            order.append("first")
            work.commit()
        waiting.result(5)

    assert order == ["first", "second"]


def test_a_lock_that_is_not_given_is_not_now(store: SqlStore, url: str):
    """After the time-out; it says which database and what it waited for."""
    impatient = connect(url, lock_timeout_s=0.1)
    with store.work() as work:
        work.lock(["A"])
        with pytest.raises(StoreUnavailable, match="lock"):
            lock(impatient, "A")
    with impatient.work() as again:
        again.lock(["A"])
    impatient.close()


def test_higher_ids_go_to_whoever_locks_later(store: SqlStore, other: SqlStore):
    """So the order of events of one account is the order of their ids."""
    for version, each in enumerate([store, other, store, other], start=1):
        with each.work() as work:
            work.lock(["A"])
            work.save(saving(events=[event(f"e-{version}", version=version)]))
            work.commit()

    assert [event_id for event_id, _ in store.unpublished(9, 0)] == ["e-1", "e-2", "e-3", "e-4"]


def test_leaving_by_an_error_rolls_back_and_frees_the_locks(store: SqlStore, other: SqlStore):
    """Whatever the error; the store stays usable."""

    def fail() -> None:
        with store.work() as work:
            work.lock(["A"])
            work.save(saving(events=[event("e-1")]))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with other.work() as work:
        work.lock(["A"])
    assert store.unpublished(9, 0) == []


def test_different_accounts_do_not_wait(postgres_store: SqlStore, postgres_other: SqlStore):
    """Any number of workers, in any order of names (SQLite has one writer anyway)."""
    with postgres_store.work() as first, postgres_other.work() as second:
        first.lock(["A", "B"])
        second.lock(["D", "C"])
        second.commit()


def test_opposite_orders_do_not_deadlock(postgres_store: SqlStore, postgres_other: SqlStore):
    """Locks are taken in one order, whatever the order of the names."""
    names = [f"account-{at}" for at in range(50)]

    def take(store: SqlStore, wanted: list[str]) -> None:
        for _ in range(20):
            with store.work() as work:
                work.lock(wanted)
                work.commit()

    with ThreadPoolExecutor(2) as pool:
        jobs = [
            pool.submit(take, postgres_store, names),
            pool.submit(take, postgres_other, names[::-1]),
        ]
        for job in jobs:
            job.result(20)
