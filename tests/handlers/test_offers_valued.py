"""Offers, reservations and wallets of an account that is kept in another currency (§3.13)."""

import pytest

from invoice_gateway.model.ledger import Allocation, AllocationState, Reversal
from tests import messages as m
from tests import messages_offers as o
from tests.world import World, names

DOLLARS = {"lines": [o.Item(net="100.00")], "currency": "USD"}
LOT = "payment/PAY-1#1"


@pytest.fixture
def rupees():
    """ACME buys in dollars and is kept in rupees: 82.50 until the 19th, 83.00 since the 20th."""
    return World().all(
        m.customer_account(currency="USD", terms=m.Terms(accounting_currency="INR")),
        m.exchange_rates({"USD/INR": "82.50"}),
        m.exchange_rates({"USD/INR": "83.00"}, day="2026-11-20"),
    )


def paid(world, payment="PAY-1", amount="100.00", **said):
    """The world with a payment of ACME in dollars, at 82.50 unless told otherwise."""
    said = {"value_date": "2026-11-10"} | said
    return world.all(m.payment_posted(payment, amount=amount, currency="USD", **said))


def test_a_reservation_relieves_nothing_and_a_posted_one_makes_its_gain(rupees):
    """The offer is valued when it is issued, at 83.00; the payment was worth 82.50: a loss."""
    paid(rupees.all(o.invoice_draft(offered=DOLLARS), o.send()))

    rupees.send(o.provision())
    assert rupees.source().carry.open == 825_000

    decision = rupees.send(o.request_outcome())

    assert "forex.recorded" in names(decision)
    [allocation] = rupees.book.all(Allocation)
    assert (allocation.source_carry, allocation.carry) == (825_000, 830_000)
    assert rupees.invoice("PF-1").carry.open == rupees.source().carry.open == 0


def test_a_failed_attempt_leaves_all_values_as_they_were(rupees):
    """I-22, in both currencies."""
    paid(rupees.all(o.invoice_draft(offered=DOLLARS), o.send()))
    before = (rupees.source().carry, rupees.invoice("PF-1").carry)

    rupees.all(o.provision(), o.failed())

    assert (rupees.source().carry, rupees.invoice("PF-1").carry) == before


def test_what_was_paid_before_counts_at_the_rate_of_the_payment(rupees):
    """Half paid in advance at 82.50, half drawn: gain or loss arises on the second half only."""
    paid(rupees.all(o.invoice_draft(offered=DOLLARS), o.send()))
    rupees.all(
        m.allocate(invoice="PF-1", amount="50.00", currency="USD"),
        o.provision(),
        o.request_outcome(),
    )

    posted = [each for each in rupees.book.all(Allocation) if each.state is AllocationState.POSTED]
    assert [(each.source_carry, each.carry) for each in posted] == [
        (412_500, 412_500),
        (412_500, 415_000),
    ]
    assert rupees.invoice("PF-1").carry.open == 0


def test_a_lot_is_valued_on_the_day_it_is_made_and_relieved_in_proportion(rupees):
    """As all money; what is used leaves with its value, to the last minor unit."""
    offered = o.topup() | {"currency": "USD"}
    rupees.all(o.invoice_draft("TU-1", offered), o.send("TU-1"))
    paid(rupees, invoices=["TU-1"])
    assert rupees.source(LOT).carry.total == 830_000

    rupees.all(
        o.wallet_usage("A", amount="33.33", currency="USD"),
        o.wallet_usage("B", amount="66.67", currency="USD"),
    )

    assert [each.carry for each in rupees.book.all(Reversal)] == [276_639, 553_361]
    assert rupees.source(LOT).carry.open == 0


def test_a_withdrawal_takes_the_value_along(rupees):
    """And the payment is worth what it was."""
    offered = o.topup() | {"currency": "USD"}
    rupees.all(o.invoice_draft("TU-1", offered), o.send("TU-1"))
    paid(rupees, invoices=["TU-1"])

    rupees.send(m.remove(invoice="TU-1"))

    assert rupees.source().carry.open == 825_000
    assert rupees.source(LOT).carry.open == 0


def test_what_a_bounce_recovers_is_valued_on_the_day_it_is_asked_for(rupees):
    """A-10."""
    offered = o.topup() | {"currency": "USD"}
    rupees.all(o.invoice_draft("TU-1", offered), o.send("TU-1"))
    paid(rupees, invoices=["TU-1"])

    rupees.all(o.wallet_usage(amount="35.00", currency="USD"), m.payment_reversed())

    assert rupees.invoice("RC:ACME:REV-1:PAY-1#1").carry.open == 290_500


@pytest.mark.parametrize("waiting", ["provision", "topup"])
def test_without_a_rate_issuing_waits(waiting):
    """It is parked as `unknown-rate`, and nothing has changed."""
    world = World().all(
        m.customer_account(currency="USD", terms=m.Terms(accounting_currency="INR")),
        m.exchange_rates({"USD/INR": "82.50"}, day="2026-11-10"),
    )
    paid(world)
    if waiting == "provision":
        world.all(o.invoice_draft(offered=DOLLARS), o.send(), o.provision())
        late = o.request_outcome(effective_date="2026-11-09")
    else:
        world.all(o.invoice_draft("TU-1", o.topup() | {"currency": "USD"}), o.send("TU-1"))
        said = {"invoice": "TU-1", "currency": "USD", "effective_date": "2026-11-09"}
        late = m.allocate(**said)

    assert world.refusal(late).code == "unknown-rate"
