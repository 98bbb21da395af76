"""How much of an account is loaded for an automatic run: as far as the money reaches."""

from dataclasses import replace
from datetime import date

import pytest

from invoice_gateway.engine.ports import Conflict, StoreUnavailable
from invoice_gateway.model.decision import Scope
from invoice_gateway.model.invoice import Invoice
from invoice_gateway.model.ledger import Allocation, Dispute, Intent, Pair, Part, Source
from invoice_gateway.store import SqlStore

from .build import (
    ACME,
    account,
    allocation,
    dispute,
    everything,
    invoice,
    key,
    load,
    memo,
    paid_by,
    payment,
    put,
)

AUTO = Scope(accounts=(ACME,), auto=True)


def numbers(store: SqlStore, *scopes: Scope) -> list[str]:
    """The numbers of the invoices loaded, in the order in which they come."""
    return [each.key.number for each in load(store, *scopes).all(Invoice)]


@pytest.fixture
def open_invoices(store: SqlStore) -> SqlStore:
    """A store with five open invoices of 10.00 each, the oldest having the highest number."""
    put(store, account(), *(invoice(f"I-{9 - day}", day=day) for day in range(1, 6)))
    return store


def test_without_money_no_invoice_is_loaded(open_invoices: SqlStore):
    """Nothing can be paid, so nothing is looked at."""
    assert numbers(open_invoices, AUTO) == []


@pytest.mark.parametrize(
    ("idle", "freed", "expected"),
    [
        (1, 0, ["I-8"]),
        (999, 0, ["I-8"]),
        (1000, 0, ["I-8", "I-7"]),  # exactly enough: one beyond
        (1001, 0, ["I-8", "I-7"]),
        (1500, 1500, ["I-8", "I-7", "I-6", "I-5"]),
        (0, 2500, ["I-8", "I-7", "I-6"]),
        (99999, 0, ["I-8", "I-7", "I-6", "I-5", "I-4"]),
    ],
)
def test_the_oldest_are_loaded_until_they_exceed_the_money(
    open_invoices: SqlStore, idle: int, freed: int, expected: list[str]
):
    """Idle money and what the message may set free count together."""
    if idle:
        put(open_invoices, payment("P-1", idle))

    assert numbers(open_invoices, replace(AUTO, money=freed)) == expected


def test_money_of_several_messages_adds_up(open_invoices: SqlStore):
    """The second payment of a batch finds invoices left by the first."""
    two = [replace(AUTO, money=1500), Scope(sources=(paid_by("P-9"),), auto=True, money=600)]

    assert numbers(open_invoices, *two) == ["I-8", "I-7", "I-6"]


def test_without_a_bound_every_open_invoice_is_loaded(open_invoices: SqlStore):
    """`money` None, in whichever message of the batch."""
    assert len(numbers(open_invoices, replace(AUTO, money=1), replace(AUTO, money=None))) == 5


def test_a_blocked_pair_lifts_the_bound(open_invoices: SqlStore):
    """The run will pass over an invoice, so no sum tells how far it goes."""
    put(open_invoices, payment("P-1", 5), Pair(source=paid_by("P-1"), invoice=key("I-8")))

    book = load(open_invoices, AUTO)

    assert len(list(book.all(Invoice))) == 5
    assert [pair.blocked for pair in book.all(Pair)] == [True]


def test_a_freed_pair_does_not(open_invoices: SqlStore):
    """Only blocked pairs count."""
    freed = Pair(source=paid_by("P-1"), invoice=key("I-8"), blocked=False)
    put(open_invoices, payment("P-1", 5), freed)

    book = load(open_invoices, AUTO)

    assert [each.key.number for each in book.all(Invoice)] == ["I-8"]
    assert not list(book.all(Pair))


def test_currencies_are_counted_apart(open_invoices: SqlStore):
    """Dollars reach dollar invoices; money of unknown currency may be of any."""
    put(
        open_invoices,
        invoice("D-1", currency="USD", day=20),
        invoice("D-2", currency="USD", day=21),
        payment("P-1", 1500, currency="USD"),
    )

    assert numbers(open_invoices, AUTO) == ["D-1", "D-2"]
    assert numbers(open_invoices, replace(AUTO, money=1)) == ["I-8", "D-1", "D-2"]


def test_settled_closed_and_manual_invoices_are_passed_over(store: SqlStore):
    """What the run may not or need not pay does not use up the bound either."""
    paid = invoice("I-1", settled=1000)
    paid = replace(paid, lines=(paid.lines[0]._replace(settled=1000),))
    manual = invoice("I-2", auto_allocate=False)
    contested = invoice("I-3")
    contested = replace(contested, lines=(contested.lines[0]._replace(disputed=1000),))
    put(store, account(), paid, manual, contested, invoice("I-4"), payment("P-1", 10))

    assert numbers(store, AUTO) == ["I-4"]


def test_ties_on_the_date_go_by_issuer_and_number(store: SqlStore):
    """The order is that of the run, by code point: upper case before lower, Z before umlauts."""
    keys = [key("b", "Z"), key("B", "Z"), key("a", "Ä"), key("é", "A"), key("z", "A")]
    put(store, account(), *(invoice("", key=each) for each in keys))

    book = load(store, replace(AUTO, money=4001))

    assert [each.key for each in book.all(Invoice)] == sorted(keys)
    [first] = load(store, replace(AUTO, money=1)).all(Invoice)
    assert first.key == min(keys)


def test_other_accounts_stay_out(open_invoices: SqlStore):
    """Neither their money nor their invoices are loaded."""
    put(
        open_invoices,
        account("OTHER"),
        invoice("X-1", account="OTHER"),
        payment("P-1", key=paid_by("P-1", "OTHER")),
    )

    book = load(open_invoices, replace(AUTO, money=1))

    assert [each.key.number for each in book.all(Invoice)] == ["I-8"]
    assert not list(book.all(Source))


def test_spent_money_is_not_loaded(open_invoices: SqlStore):
    """Only sources with something remaining matter."""
    put(
        open_invoices,
        payment("P-1", 10, allocated=10),
        payment("P-2", 10, value_date=date(2026, 1, 2)),
        payment("P-3", 10, value_date=date(2026, 1, 1)),
    )

    assert [each.key.reference for each in load(open_invoices, AUTO).all(Source)] == ["P-3", "P-2"]


def test_money_that_waits_for_a_new_invoice_is_found(store: SqlStore):
    """An invoice that is not there yet brings the payments that name it, of locked accounts."""
    wish = Intent(key("I-1"), None, waiting=True)
    put(
        store,
        account(),
        payment("P-1", intents=(wish,)),
        payment("P-2", intents=(wish._replace(waiting=False),)),
        payment("P-3", intents=(Intent(key("I-2"), 1, waiting=True),)),
        payment("P-4", key=paid_by("P-4", "OTHER"), intents=(wish,)),
    )
    named = Scope(accounts=(ACME,), invoices=(key("I-1"),))

    found = load(store, named, lock=[ACME]).all(Source)

    assert [each.key.reference for each in found] == ["P-1"]


def test_the_auto_run_covers_owners_of_what_is_named(open_invoices: SqlStore):
    """A dispute or memo says nothing about its account: its row does."""
    put(
        open_invoices,
        dispute("N-1", "I-8"),
        memo("CM-1", "I-8"),
        payment("P-1", 1500),
    )
    for scope in (
        Scope(disputes=(f"{ACME}/N-1/1",), auto=True),
        Scope(memos=(key("CM-1"),), auto=True),
        Scope(invoices=(key("I-8"),), auto=True),
    ):
        with open_invoices.work() as work:
            assert work.accounts_of([scope]) == {ACME}
            work.lock([ACME])
            book = work.load([scope])
        assert [each.key.number for each in book.all(Invoice)] == ["I-8", "I-7"]
        assert [each.key.reference for each in book.all(Source)] == ["P-1"]
        assert book.get(Dispute, f"{ACME}/N-1/1") is not None or not scope.disputes


def test_accounts_are_found_in_every_kind_of_key(store: SqlStore):
    """Named accounts are locked even when nobody knows them."""
    scopes = [
        Scope(accounts=("A",)),
        Scope(sources=(paid_by("P", "B"),)),
        Scope(bank_references=(("C", "x"),)),
        Scope(end_to_end_ids=(("D", "x"),)),
        Scope(notices=(("payment", "E", "N"),)),
        Scope(reversals=(("F", "R"),)),
        Scope(pairs=((paid_by("P", "G"), key("I")),)),
        Scope(invoices=(key("none"),), disputes=("none",), memos=(key("none"),)),
    ]
    with store.work() as work:
        assert work.accounts_of(scopes) == set("ABCDEFG")
        assert work.accounts_of([]) == set()


def test_locked_accounts_are_loaded(store: SqlStore):
    """A decision about an invoice may read the account it belongs to."""
    put(store, account(), invoice("I-1"))

    book = load(store, Scope(invoices=(key("I-1"),)), lock=[ACME])

    assert [each.party for each in book.all(type(account()))] == [ACME]


def test_what_appears_in_an_account_that_is_not_locked_is_a_conflict(store: SqlStore):
    """Its owner may be changing it: the batch runs again and locks that account too."""
    put(store, account(), invoice("I-1"))

    with pytest.raises(Conflict, match="I-1"):
        load(store, Scope(invoices=(key("I-1"),)), lock=["OTHER"])


def test_what_a_message_brings_is_looked_up_with_the_rest_and_locked_where_it_is(
    store: SqlStore, other: SqlStore
):
    """Hardly ever is it there already; if it is in another account, nobody may change that now."""
    put(store, account(), invoice("I-1"))
    taken = ("invoice", str(key("I-1")))
    scope = Scope(accounts=("OTHER",), invoices=(key("I-1"),), auto=True, provides=(taken,))

    with store.work() as work:
        assert work.accounts_of([scope]) == {"OTHER"}
        work.lock({"OTHER"})
        book = work.load([scope])
        with pytest.raises(StoreUnavailable, match="lock"), other.work() as waiting:
            waiting.lock([ACME])

    assert book.get(Invoice, key("I-1")) is not None
    assert [each.party for each in book.all(type(account()))] == [ACME]


def test_the_other_end_of_an_allocation_may_belong_to_anybody(store: SqlStore):
    """Only what a message names must be locked."""
    put(
        store,
        invoice("I-1", account="BUYER"),
        payment("P-1", allocations=1),
        allocation("P-1", 1, "I-1", Part("1", 10)),
    )
    scope = Scope(sources=(paid_by("P-1"),), allocations=True)

    assert len(list(load(store, scope, lock=[ACME]).all(Allocation))) == 1


def test_nothing_asked_nothing_read(store: SqlStore):
    """An empty scope gives an empty book."""
    book = load(store, Scope(), everything())

    assert not [each for kind in (Invoice, Source, Pair) for each in book.all(kind)]
