"""Some weeks of business: the books stay sound, and everything follows from the seed."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from invoice_gateway.simulation.runner import Broken, Simulation
from invoice_gateway.store import connect
from invoice_gateway.store.canonical import state_hash
from tests import books
from tests.engine_harness import Databases, app

DAYS, ACCOUNTS = 20, 20


@contextmanager
def simulated(
    url: str, *, days: int = DAYS, accounts: int = ACCOUNTS, seed: int = 1, check_every: int = 1
) -> Iterator[Simulation]:
    """Let so many days pass over the empty database at `url`."""
    store = connect(url)
    try:
        found = Simulation(
            app(database_url=url), store, accounts=accounts, seed=seed, check_every=check_every
        )
        found.run(days)
        yield found
    finally:
        store.close()


def hashed(url: str) -> str:
    """Return the hash of all business facts at `url`."""
    store = connect(url)
    try:
        return state_hash(store)
    finally:
        store.close()


def test_the_books_are_sound_every_day(url: str):
    """On both databases: each invariant after each day, and those about what a day may change."""
    with simulated(url) as simulation:
        tally, facts = simulation.tally, simulation.facts

    assert tally.checks == DAYS
    assert facts is not None
    assert len(facts.accounts) > ACCOUNTS / 2
    assert facts.invoices
    assert facts.sources
    assert facts.allocations
    assert tally.outcomes["InvoicePosted", "accepted"] > 10


def test_everything_follows_from_the_seed(url: str, databases: Databases):
    """The same seed ends in the same books, on whatever database; another one does not."""
    ends = {}
    for place, seed in ((url, 1), (databases.new(), 1), (databases.new(), 2)):
        with simulated(place, seed=seed, check_every=0) as simulation:
            ends[place] = (hashed(place), simulation.tally.outcomes)

    first, again, other = ends.values()
    assert first == again
    assert first != other


def test_time_alone_may_pass_in_one_jump(databases: Databases):
    """I-30: nobody does anything for a hundred days; it makes no difference who looks how often."""
    ends = []
    for step in (1, 100):
        url = databases.new()
        with simulated(url, check_every=0) as simulation:
            before = simulation.tally.fired
            simulation.rest(100, step=step)
            simulation.check()
            ends.append((hashed(url), simulation.tally.fired - before))

    daily, jumped = ends
    assert daily == jumped
    assert daily[1] > 0


def test_much_goes_wrong_and_nothing_breaks(databases: Databases):
    """Two months of more parties: all outcomes, disputes, orders, time; the journal agrees."""
    with simulated(databases.new(), days=60, accounts=40, seed=3, check_every=10) as simulation:
        tally, facts = simulation.tally, simulation.check()
        books.judge(simulation.store)

    outcomes = {outcome for _, outcome in tally.outcomes}
    assert outcomes == {"accepted", "duplicate", "parked", "rejected"}
    assert facts.disputes
    told = facts.heard.names
    for name in ("allocation.posted", "invoice.overdue", "invoice.overdue-cleared", "memo.posted"):
        assert told[name], name
    assert len({each.code for each in facts.dead}) >= 3
    assert "Completed" in {each.status for each in facts.orders.values()}


def test_a_breach_ends_it_and_says_the_day(databases: Databases):
    """Who changes a number in the database is found out on the same day."""
    with simulated(databases.new(), days=5) as simulation:
        with simulation.store.engine.begin() as connection:
            connection.execute(sa.text("UPDATE source SET remaining = remaining + 1"))
        with pytest.raises(Broken) as caught:
            simulation.run(1)

    assert str(caught.value.day) == "2027-01-06"
    assert any(each.startswith("I-01/02: ") for each in caught.value.breaches)
