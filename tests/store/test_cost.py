"""How many statements a batch costs: the same for two messages as for nine."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa

from invoice_gateway.model.decision import Scope
from invoice_gateway.model.invoice import Invoice, Kind, Line
from invoice_gateway.store import SqlStore, connect, upgrade

from .build import ACME, account, event, invoice, key, put, record, saving


@pytest.fixture
def count(store: SqlStore) -> Callable[[], int]:
    """How many statements were sent since the last call."""
    sent: list[str] = []

    @sa.event.listens_for(store.engine, "before_cursor_execute")
    def note(_connection, _cursor, statement, *_rest) -> None:
        if not statement.startswith("BEGIN"):
            sent.append(statement)

    def counted() -> int:
        number = len(sent)
        sent.clear()
        return number

    return counted


def batch(store: SqlStore, start: int, size: int) -> None:
    """What the engine does for `size` plain invoices."""
    new = [invoice(f"I-{start + at}", 600, 400) for at in range(size)]
    scopes = [
        Scope(
            accounts=(ACME,),
            invoices=(each.key,),
            auto=True,
            provides=(("invoice", str(each.key)),),
        )
        for each in new
    ]
    with store.work() as work:
        work.senders(["erp"])
        work.waiters([provided for scope in scopes for provided in scope.provides], 100)
        work.lock(work.accounts_of(scopes))
        work.seen([("erp", each.key.number) for each in new])
        book = work.load(scopes)
        book.apply(new)
        work.save(
            saving(
                book,
                records=[record(each.key.number) for each in new],
                events=[event(f"e {each.key}", str(each.key)) for each in new],
                published=[f"e {key(f'I-{start - 1}')}"],
            )
        )
        work.commit()


def test_a_batch_of_invoices_costs_a_fixed_number_of_statements(
    store: SqlStore, count: Callable[[], int]
):
    """Eight look-ups and seven writes; PostgreSQL gets the writes in one round trip."""
    put(store, account())
    count()
    batch(store, 0, 2)
    two = count()
    batch(store, 2, 9)
    nine = count()

    assert two == nine
    assert two <= 16


def test_reading_costs_what_is_asked(store: SqlStore, count: Callable[[], int]):
    """Nothing asked, nothing sent."""
    with store.work() as work:
        assert work.senders([]) == {}
        assert work.seen([]) == {}
        assert work.accounts_of([Scope()]) == set()
        assert work.waiters([], 1) == []
        work.lock([])
        work.load([Scope()])
        work.save(saving())
        work.commit()

    assert count() == 0


def test_many_rows_go_another_way_and_arrive_the_same(store: SqlStore):
    """PostgreSQL takes many rows by COPY: nothing is lost, not even what looks like its syntax."""
    awkward = ["\\N", "None", "NULL", "a\tb", "a\nb", "a\rb", "\\", '"', "{}", "\u20ac", "\\.", ""]
    lines = tuple(Line(str(at), Kind.ITEM, at, None) for at in range(1, 1200))
    many = [
        invoice(f"I-{at}", order_ref=text or None, description=text, payment_reference=None)
        for at, text in enumerate(awkward * 4)
    ]
    long = invoice("LONG", lines=lines, amount=sum(each.amount for each in lines), snapshot=None)
    put(store, *many, long)

    with store.work() as work:
        book = work.load([Scope(invoices=(*(each.key for each in many), long.key))])

    for each in many:
        loaded = book.get(Invoice, each.key)
        assert loaded is not None
        assert (loaded.order_ref, loaded.description) == (each.order_ref, each.description)
    found = book.get(Invoice, long.key)
    assert found is not None
    assert found.lines == lines


def test_parked_messages_are_looked_up_through_indexes(tmp_path):
    """However many invoices there are: workers ask every other second."""
    url = f"sqlite:///{tmp_path / 'gateway.db'}"
    upgrade(url)
    store = connect(url)
    sent: list[tuple[str, tuple[object, ...]]] = []

    @sa.event.listens_for(store.engine, "before_cursor_execute")
    def note(_connection, _cursor, statement, parameters, *_rest) -> None:
        sent.append((f"EXPLAIN QUERY PLAN {statement}", parameters))

    assert store.releasable(9) == []
    with store.engine.connect() as connection:
        steps = connection.exec_driver_sql(*sent[-1]).fetchall()
    store.close()

    read_whole = {step[-1].split()[1] for step in steps if step[-1].startswith("SCAN")}
    assert not read_whole & {"invoice", "account", "dispute", "source", "memo"}
