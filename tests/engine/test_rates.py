"""Rates and what waits for them, in one batch or in several, and between workers."""

import pytest

from invoice_gateway.audit.facts import Facts, Reader
from tests import messages as m
from tests.engine_harness import Databases, Engine

ACCOUNT = m.customer_account(currency="USD", terms=m.Terms(accounting_currency="INR"))
OLD = m.exchange_rates({"USD/INR": "80"}, day="2026-10-01")
RATES = m.exchange_rates({"USD/INR": "82.5"})
INVOICE = m.invoice_posted(currency="USD")
PAYMENT = m.payment_posted(amount="100.00", currency="USD", value_date="2026-11-05")
DEBIT = m.memo_posted(credit=False, amount="10.00", currency="USD", issue_date="2026-11-09")


@pytest.fixture
def engine(tmp_path):
    """A gateway over an empty database."""
    databases = Databases(tmp_path)
    with databases.emptied() as engine:
        yield engine
    databases.close()


def facts(engine: Engine) -> Facts:
    """What the gateway knows."""
    return Reader(engine.store).read()


def test_rates_count_for_what_follows_in_their_batch(engine):
    """As does the account that says what they are for."""
    assert engine.send(ACCOUNT, RATES, INVOICE, PAYMENT) == ["accepted"] * 4

    [row] = facts(engine).invoices.values()
    assert (row.carrying, row.carry_open, row.rate) == (825_000, 0, "82.5")


def test_rates_release_what_waits_in_their_batch(engine):
    """Also what was parked a moment ago, and what waits for that in turn."""
    outcomes = engine.send(ACCOUNT, DEBIT, INVOICE, PAYMENT, RATES)

    assert outcomes == [
        "accepted",
        "parked unknown-invoice",
        "parked unknown-rate",
        "parked unknown-rate",
        "accepted",
    ]
    known = facts(engine)
    assert not known.parked
    [row] = known.invoices.values()
    assert (row.carrying, row.pending, row.carry_open) == (825_000, 1_000, 82_500)


def test_who_is_released_far_down_the_chain_finds_the_newest_rate(engine):
    """The memo waits for an invoice that waits for a rate: both days are looked up."""
    newer = m.exchange_rates({"USD/INR": "90"}, day="2026-11-09")
    for body in (ACCOUNT, DEBIT, INVOICE, newer):
        engine.send(body)
    assert len(facts(engine).parked) == 2

    assert engine.send(RATES) == ["accepted"]

    known = facts(engine)
    assert not known.parked
    assert [each.carrying for each in known.memos] == [90_000]


def test_a_newer_rate_does_not_release_who_needs_an_older_one(engine):
    """It waits on, and nothing goes round in circles."""
    later = m.exchange_rates({"USD/INR": "90"}, day="2026-11-02")
    engine.send(ACCOUNT)
    engine.send(INVOICE)
    engine.send(later)

    assert engine.settle() == 0
    assert len(facts(engine).parked) == 1
    assert engine.send(OLD) == ["accepted"]
    assert not facts(engine).parked


def test_who_waits_for_ever_is_told_what_was_missing(engine):
    """When its deadline has passed."""
    engine.send(ACCOUNT, INVOICE)

    assert engine.give_up() == ["rejected unknown-rate"]
