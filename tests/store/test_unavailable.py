"""When the database is away, locked or full, the answer is *not now*: one line, no secrets."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import psutil
import psycopg
import pytest
import sqlalchemy as sa

from invoice_gateway.engine.ports import Conflict, StoreUnavailable
from invoice_gateway.store import SqlStore, check, connect, upgrade
from invoice_gateway.store.errors import translated
from tests.services import PostgreSQL

from .build import event, saving


def write(store: SqlStore, event_id: str) -> None:
    """Commit something small."""
    with store.work() as work:
        work.lock(["A"])
        work.save(saving(events=[event(event_id, aggregate_id=event_id)]))
        work.commit()


def test_nobody_listens():
    """The address is named, the password is not."""
    store = connect("postgresql://user:secret@127.0.0.1:1/gateway")

    with pytest.raises(StoreUnavailable) as caught:
        write(store, "e-1")

    assert str(caught.value).startswith("PostgreSQL at 127.0.0.1:1/gateway: ")
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)
    with pytest.raises(StoreUnavailable):
        check("postgresql://user:secret@127.0.0.1:1/gateway")


def test_a_file_that_cannot_be_opened(tmp_path: Path):
    """The path is named."""
    store = connect(f"sqlite:///{tmp_path / 'missing' / 'x.db'}")

    with pytest.raises(StoreUnavailable, match=r"missing/x\.db: unable to open"):
        write(store, "e-1")


def test_a_file_that_is_no_database(tmp_path: Path):
    """Somebody pointed at the wrong file."""
    (tmp_path / "x.db").write_text(
        "This is not a database, but it is long enough to be one.\n" * 99
    )
    store = connect(f"sqlite:///{tmp_path / 'x.db'}")

    with pytest.raises(StoreUnavailable, match="not a database"):
        write(store, "e-1")


def test_a_locked_file(tmp_path: Path):
    """Another program holds the write lock: not now, and later all is well."""
    url = f"sqlite:///{tmp_path / 'x.db'}"
    upgrade(url)
    store = connect(url, lock_timeout_s=0.1)
    holder = sqlite3.connect(tmp_path / "x.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")

    with pytest.raises(StoreUnavailable, match="locked"):
        write(store, "e-1")

    holder.execute("ROLLBACK")
    holder.close()
    write(store, "e-1")
    store.close()


def test_a_full_disk(tmp_path: Path):
    """As SQLite tells it; afterwards nothing of the batch is there."""
    url = f"sqlite:///{tmp_path / 'x.db'}"
    upgrade(url)
    store = connect(url)
    with store.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1")  # on this pooled connection
    with pytest.raises(StoreUnavailable, match="full"), store.work() as work:  # noqa: PT012
        many = [event(f"e-{at}", version=at) for at in range(2000)]
        work.save(saving(events=many))

    write(store, "e-1")
    assert [event_id for event_id, _ in store.unpublished(9, 0)] == ["e-1"]
    store.close()


@pytest.fixture
def served(own_postgresql: PostgreSQL) -> SqlStore:
    """A store on a server of our own."""
    url = own_postgresql.new_database()
    upgrade(url)
    return connect(url)


def test_a_server_that_is_killed_and_comes_back(served: SqlStore, own_postgresql: PostgreSQL):
    """In the middle of a batch; then while it is away; then everything goes on by itself."""
    with pytest.raises(StoreUnavailable), served.work() as work:  # noqa: PT012 - the kill is the test
        work.lock(["A"])
        own_postgresql.stop("immediate")
        work.save(saving(events=[event("e-1")]))
        work.commit()
    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            write(served, "e-2")
    own_postgresql.start()

    write(served, "e-3")

    assert [event_id for event_id, _ in served.unpublished(9, 0)] == ["e-3"]
    served.close()


def test_a_connection_that_is_cut(postgres_store: SqlStore, postgres_other: SqlStore):
    """By an operator: the one at work is told, idle ones are replaced unnoticed or told once."""
    write(postgres_store, "e-1")
    cut = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    with pytest.raises(StoreUnavailable), postgres_store.work() as work:  # noqa: PT012
        work.lock(["A"])
        with postgres_other.engine.connect() as connection:
            connection.exec_driver_sql(cut)
        work.lock(["B"])

    write(postgres_store, "e-2")

    assert len(postgres_store.unpublished(9, 0)) == 2


def test_a_standby(postgres_store: SqlStore):
    """It reads but does not write: not now, for it may be promoted any moment."""
    with postgres_store.engine.connect() as connection:
        connection.exec_driver_sql("SET default_transaction_read_only = on")
        connection.commit()

    with pytest.raises(StoreUnavailable, match="read-only"):
        write(postgres_store, "e-1")


@pytest.mark.parametrize("state", ["40001", "40P01", "53100", "57014", "57P01", "08006", "28P01"])
def test_states_of_the_server_are_not_now(state: str):
    """Whatever asks to try again later."""
    error = psycopg.errors.lookup(state)
    with pytest.raises(StoreUnavailable, match=r"^here: something$"), translated("here"):
        raise error("something\nDETAIL: more")


@pytest.mark.parametrize("state", ["40001", "40P01"])
def test_who_gave_way_may_try_again_at_once(state: str):
    """The database is there: a batch runs again without a pause, as after any conflict."""
    with pytest.raises(Conflict), translated("here"):
        raise psycopg.errors.lookup(state)("something")


def test_a_deadlock_costs_one_of_two_its_transaction_only(
    postgres_store: SqlStore, postgres_other: SqlStore
):
    """The victim is told, keeps its connection, and gets through when it tries again."""
    for event_id in ("e-1", "e-2"):
        write(postgres_store, event_id)
    tell = "UPDATE outbox SET last_error = 'x' WHERE seq = (SELECT {}(seq) FROM outbox)"
    first, second = (sa.text(tell.format(which)) for which in ("min", "max"))
    backends = {backend(postgres_store), backend(postgres_other)}
    met = Barrier(2, timeout=9)

    def crossing(store: SqlStore, *statements: sa.Executable) -> bool:
        try:
            with store.session(read_only=False) as session:
                session.run(statements[0])
                met.wait()
                session.run(statements[1])
                session.commit()
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(crossing, postgres_store, first, second)
        other = pool.submit(crossing, postgres_other, second, first)
        assert {one.result(30), other.result(30)} == {True, False}
    assert {backend(postgres_store), backend(postgres_other)} == backends


def backend(store: SqlStore) -> int:
    """The number of the process that serves this store."""
    with store.session() as session:
        [(number,)] = session.read(sa.text("SELECT pg_backend_pid()"))
    return int(number)


def test_what_is_wrong_with_a_statement_is_a_bug():
    """It passes, to be counted against the message that leads to it."""
    with pytest.raises(psycopg.errors.DivisionByZero), translated("here"):
        raise psycopg.errors.DivisionByZero("x")
    with pytest.raises(sqlite3.IntegrityError), translated("here"):
        raise sqlite3.IntegrityError("NOT NULL constraint failed: x.y")


def test_a_unique_key_is_a_conflict():
    """It names the columns."""
    with pytest.raises(Conflict, match=r"here: a\.b was taken"), translated("here"):
        raise sqlite3.IntegrityError("UNIQUE constraint failed: a.b")


def test_no_connection_is_left_behind(postgres_store: SqlStore):
    """A hundred failures cost no file descriptors."""
    process = psutil.Process()
    before = process.num_fds()
    for at in range(100):
        with pytest.raises(Conflict):
            write_twice(postgres_store, at)

    assert process.num_fds() - before < 10


def write_twice(store: SqlStore, at: int) -> None:
    """Fail with a conflict."""
    with store.work() as work:
        work.save(saving(events=[event(f"{at} a"), event(f"{at} b")]))
