"""Values in the accounting currency, and the rates they come from, as the store keeps them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from invoice_gateway.engine.ports import Conflict, Outcome
from invoice_gateway.model.decision import Scope, WaitsFor
from invoice_gateway.model.forex import Carry
from invoice_gateway.model.invoice import Invoice
from invoice_gateway.model.ledger import (
    Allocation,
    AllocationState,
    Memo,
    Part,
    Reversal,
    ReversalKind,
    Source,
)
from invoice_gateway.model.rates import Rate, RateAt
from invoice_gateway.store import SqlStore

from .build import (
    ACME,
    NOW,
    account,
    allocation,
    everything,
    invoice,
    key,
    load,
    memo,
    paid_by,
    payment,
    put,
    record,
    saving,
)

RUPEES = Carry("INR", "82.5", 825_000, 700_000, 125_000)
DOLLARS = {"selling_currency": "USD", "accounting_currency": "INR"}


def rate(day: int, text: str = "82.5", pair: str = "USD/INR", *, hour: int = 0) -> Rate:
    """A rate of a day of November, announced at that hour."""
    base, quote = pair.split("/")
    sent = NOW + timedelta(hours=hour)
    return Rate(
        day=date(2026, 11, day), base=base, quote=quote, rate=text, as_of=sent, cause="erp/m"
    )


def wish(day: int, base: str = "", quote: str = "", **fields: object) -> Scope:
    """A scope about ACME that wants a rate."""
    return Scope(accounts=(ACME,), rates=(RateAt(date(2026, 11, day), base, quote),), **fields)  # type: ignore[arg-type]


def known(store: SqlStore, *scopes: Scope) -> list[tuple[int, str]]:
    """Day and rate of what is loaded for scopes."""
    return [(each.day.day, each.rate) for each in load(store, *scopes).all(Rate)]


def test_values_come_back_and_change(store: SqlStore):
    """Those of invoices, of money, of documents and of money that left again."""
    billed = invoice("I-1", currency="USD", carry=RUPEES)
    paid = payment("P-1", currency="USD", carry=RUPEES)
    credit = memo("CM-1", "I-1", carry=4_125)
    left = Reversal(
        account=ACME,
        reference="R",
        source=paid.key,
        kind=ReversalKind.REFUND,
        currency="USD",
        amount=1,
        reversed_on=NOW.date(),
        carry=82,
    )
    put(store, account(**DOLLARS), billed, paid, credit, left)
    scope = everything(billed, paid, credit, left)
    book = load(store, scope)
    assert [each.carry for each in book.all(Invoice)] == [RUPEES]
    assert [each.carry for each in book.all(Source)] == [RUPEES]
    assert [each.carry for each in book.all(Memo)] == [4_125]
    assert [each.carry for each in book.all(Reversal)] == [82]

    changed = RUPEES._replace(open=0, settled=825_000)
    found = [*book.all(Invoice), *book.all(Source)]
    put(store, *(replace(each, carry=changed) for each in found), scope=scope)

    book = load(store, scope)
    assert [each.carry for each in book.all(Invoice)] == [changed]
    assert [each.carry for each in book.all(Source)] == [changed]


def test_a_reservation_gets_its_values_when_it_is_posted(store: SqlStore):
    """A-08: until then it relieves nothing; afterwards they stay (see `guarded`)."""
    reserved = allocation("P-1", 1, "I-1", Part("1", 100), state=AllocationState.RESERVED)
    put(store, invoice("I-1"), payment("P-1", allocations=1), reserved)
    scope = Scope(invoices=(key("I-1"),), sources=(paid_by("P-1"),), allocations=True)
    assert [*load(store, scope).all(Allocation)] == [reserved]

    posted = replace(reserved, state=AllocationState.POSTED, carry=7, source_carry=8)
    put(store, posted, scope=scope)

    assert [*load(store, scope).all(Allocation)] == [posted]


def test_the_newest_rate_of_the_day_or_before_is_loaded(store: SqlStore):
    """For the accounting currency of the account concerned."""
    put(
        *(store, account(**DOLLARS), rate(1), rate(5, "83.1"), rate(9, "81.9")),
        *(rate(5, "100", "GBP/INR"), rate(5, "0.9", "USD/EUR")),
    )

    assert known(store, wish(4, "USD")) == [(1, "82.5")]
    assert known(store, wish(5, "USD"), wish(8, "USD")) == [(5, "83.1")]
    assert sorted(known(store, wish(5, "USD"), wish(30, "USD"))) == [(5, "83.1"), (9, "81.9")]
    assert known(store, wish(5, "GBP")) == [(5, "100")]
    assert known(store, wish(5, "INR")) == []
    assert load(store, Scope(rates=wish(5, "USD", "EUR").rates)).get(
        Rate, ("2026-11-05", "USD", "EUR")
    )


def test_without_a_currency_those_of_what_is_loaded_count(store: SqlStore):
    """Of the account itself, and of its invoices that are named."""
    put(
        *(store, account(**DOLLARS), invoice("I-1", currency="GBP")),
        *(rate(1), rate(2, "100", "GBP/INR"), rate(3, "90", "EUR/INR")),
    )

    assert known(store, wish(9)) == [(1, "82.5")]
    assert sorted(known(store, wish(9, invoices=(key("I-1"),)))) == [(1, "82.5"), (2, "100")]
    assert sorted(known(store, wish(9), wish(1, "EUR"))) == [(1, "82.5"), (3, "90")]


def test_what_was_looked_up_is_known_to_the_book(store: SqlStore):
    """Whether there is such a rate or not: what nobody asked for is never taken for it."""
    put(store, account(**DOLLARS), rate(1))

    found = load(store, wish(4, "USD"), wish(5, "GBP"))

    assert found.rated == {("USD", "INR", "2026-11-04"), ("GBP", "INR", "2026-11-05")}


def test_the_currency_of_an_account_that_comes_with_the_batch_counts(store: SqlStore):
    """The account need not be there yet."""
    put(store, rate(1))

    assert known(store, Scope(books=("INR",)), wish(9, "USD")) == [(1, "82.5")]


def test_rates_lock_nothing(store: SqlStore):
    """They belong to no account, and a neighbour may bring them meanwhile."""
    put(store, account(**DOLLARS), rate(1))
    with store.work() as work:
        scopes = [Scope(rates=wish(1, "USD", "INR").rates)]
        assert work.accounts_of(scopes) == set()
        work.lock(set())
        assert work.load(scopes).get(Rate, rate(1).key) == rate(1)


def test_an_older_announcement_overwrites_nothing(store: SqlStore):
    """Whoever writes last: the row itself knows when it was sent."""
    scope = Scope(rates=wish(1, "USD", "INR").rates)
    put(store, rate(1, "82.5", hour=2))

    put(store, rate(1, "8.25", hour=1), scope=scope)

    assert known(store, scope) == [(1, "82.5")]
    put(store, rate(1, "82.6", hour=3), scope=scope)
    assert known(store, scope) == [(1, "82.6")]


def test_who_did_not_know_of_a_neighbours_rate_judges_again(store: SqlStore):
    """Both bring the first rate of a day: the second has to see that of the first."""
    put(store, rate(1, "82.5", hour=2))

    with pytest.raises(Conflict):
        put(store, rate(1, "8.25", hour=1))


@pytest.fixture
def asked(store: SqlStore) -> Callable[[Scope], int]:
    """How many statements mention rates while a scope is loaded."""
    sent: list[str] = []

    @sa.event.listens_for(store.engine, "before_cursor_execute")
    def note(_connection, _cursor, statement, *_rest) -> None:
        sent.append(statement)

    def counted(scope: Scope) -> int:
        sent.clear()
        load(store, *[scope] * 50)
        return sum("FROM rate" in each or "JOIN rate" in each for each in sent)

    return counted


def test_who_has_one_currency_asks_for_no_rates(store: SqlStore, asked: Callable[[Scope], int]):
    """The path of plain accounts has no statement more; all others share one."""
    put(store, account(), account("GLOBEX", **DOLLARS))
    at = (RateAt(date(2026, 11, 1), "EUR"),)

    assert asked(Scope(accounts=(ACME,), rates=at)) == 0
    assert asked(Scope(accounts=("GLOBEX",), rates=at)) == 1


def waiting(number: str, name: str):
    """A message that waits for a rate."""
    return record(
        number,
        outcome=Outcome.PARKED,
        code="unknown-rate",
        text="no rate",
        waits_for=(WaitsFor.RATE, name),
        deadline=NOW + timedelta(hours=24),
    )


def test_a_rate_releases_who_waits_for_it_on_its_day_or_later(store: SqlStore):
    """By the batch that brings it, and by the tick when nobody noticed."""
    with store.work() as work:
        work.save(
            saving(
                records=[
                    waiting("early", "USD/INR/2026-11-04"),
                    waiting("late", "USD/INR/2026-11-30"),
                    waiting("same", "USD/INR/2026-11-05"),
                    waiting("pounds", "GBP/INR/2026-11-30"),
                    waiting("euros", "USD/EUR/2026-11-30"),
                ]
            )
        )
        work.commit()
    brought = [("rate", "USD/INR/2026-11-05"), ("party", ACME)]
    with store.work() as work:
        assert [each.message_id for each in work.waiters(brought, 9)] == ["late", "same"]
        assert [each.message_id for each in work.waiters(brought, 1)] == ["late"]

    assert store.releasable(9) == []
    put(store, rate(5))
    assert [each.message_id for each in store.releasable(9)] == ["late", "same"]
