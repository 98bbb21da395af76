"""Orders in the store: what comes with them, what an account owes, and keys that are taken once."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest
import sqlalchemy as sa

from invoice_gateway.engine.ports import Conflict
from invoice_gateway.model.decision import Scope
from invoice_gateway.model.detail import Detail, Execution
from invoice_gateway.model.invoice import Invoice, InvoiceKind
from invoice_gateway.model.ledger import Source
from invoice_gateway.model.order import Method, Order, OrderStatus, Serial, Standing
from invoice_gateway.store import SqlStore

from .build import ACME, account, invoice, key, load, order, paid_by, payment, put, serial

TODAY = date(2026, 11, 20)


def named(reference: str = "O-1") -> Scope:
    """What a message about an order asks for."""
    return Scope(others=((Order, reference),))


def test_an_order_is_read_as_it_was_written(store: SqlStore):
    """Every field, and again after a change of the order and of its line."""
    first = order()
    put(store, account(), first)
    assert load(store, named()).get(Order, "O-1") == first

    lines = (first.lines[0]._replace(invoiced=4),)
    changed = replace(first, status=OrderStatus.COMPLETED, lines=lines, hold_reasons=())
    put(store, changed, scope=named())

    assert load(store, named()).get(Order, "O-1") == changed


@pytest.mark.parametrize("orders", [1, 0], ids=["there", "not there yet"])
def test_an_order_brings_its_money_and_its_open_invoices(store: SqlStore, orders: int):
    """Whether it is there or not (P-05, X-14); what is settled, or is another's, stays out."""
    settled = invoice("SETTLED", order_ref="O-1", settled=1000)
    put(
        store,
        account(),
        *([order()] * orders),
        payment("HELD", held_for="O-1"),
        payment("OTHER", held_for="O-2"),
        invoice("OPEN", order_ref="O-1"),
        invoice("ELSE", order_ref="O-2"),
        settled,
    )

    book = load(store, named(), lock=[ACME])

    assert [each.key for each in book.all(Source)] == [paid_by("HELD")]
    assert [each.key for each in book.all(Invoice)] == [key("OPEN")]


def test_what_an_account_owes_is_counted_by_the_store(store: SqlStore):
    """X-18, S0-23: what is pending in its currency, and what is past due in any."""
    waits = Detail(request="R-1", execution=Execution.PENDING)
    put(
        store,
        account(),
        invoice("LATE", due_date=date(2026, 11, 19)),
        invoice("LATE IN DOLLARS", currency="USD", due_date=date(2026, 11, 1)),
        invoice("DUE TODAY", due_date=TODAY),
        invoice("PART", 500, due_date=TODAY, settled=200),
        invoice("PAID", settled=1000, due_date=date(2026, 1, 1)),
        invoice("REQUEST", kind=InvoiceKind.REQUEST, detail=waits),
        order(),
        order("DONE", status=OrderStatus.COMPLETED),
        order("BY CARD", method=Method.CREDIT_CARD),
    )

    with store.work() as work:
        book = work.load([Scope(accounts=(ACME,), credit=True)], TODAY)

    found = book.get(Standing, ACME)
    assert found == Standing(account=ACME, exposure=2300, past_due=2, past_due_clear=2)
    assert [each.reference for each in book.all(Order)] == ["O-1"]


@pytest.mark.parametrize("settled", [0, 40])
def test_the_credit_check_costs_the_same_whatever_was_settled(store: SqlStore, settled: int):
    """One for what is owed, two for the open orders, two for what comes with these."""
    put(
        store,
        account(),
        order(),
        *(invoice(f"OLD-{at}", settled=1000) for at in range(settled)),
        invoice("OPEN"),
    )
    count = _counter(store)

    with store.work() as work:
        work.load([Scope(accounts=(ACME,), credit=True)], TODAY)

    # account, standing, orders, lines of orders, held money, linked invoices
    assert count() == 6


def _counter(store: SqlStore) -> Callable[[], int]:
    sent: list[str] = []

    @sa.event.listens_for(store.engine, "before_cursor_execute")
    def note(_connection, _cursor, statement, *_rest) -> None:
        if not statement.startswith("BEGIN"):
            sent.append(statement)

    return lambda: len(sent)


def test_a_serial_number_is_written_once(store: SqlStore):
    """S0-15: who comes second with it, not having seen the first, has to look again."""
    put(store, account(), serial())

    with pytest.raises(Conflict, match="serial"):
        put(store, serial(order_ref="O-2"))

    [found] = load(store, Scope(others=((Serial, "S-1"),))).all(Serial)
    assert found.order_ref == "O-1"


def test_an_order_number_is_written_once(store: SqlStore):
    """Nobody takes over the order of somebody else."""
    put(store, account(), order())

    with pytest.raises(Conflict, match="customer_order"):
        put(store, order(account="OTHER"))
