"""OrderCommand: release, cancel, close short, charge again, and a quote that becomes an order."""

import pytest

from invoice_gateway.model.order import OrderStatus
from tests import messages as m
from tests.messages import Terms
from tests.orders import (
    CARD,
    Piece,
    fulfilled,
    order_command,
    order_placed,
    quote_accepted,
    resubmitted,
)
from tests.world import World, names

SOFTWARE = (Piece(category="software"),)


@pytest.fixture
def limited() -> World:
    """A customer on terms that may owe 50.00."""
    return World().all(m.customer_account(terms=Terms(credit_limit="50.00")))


def test_s0_25_finance_releases_what_the_credit_check_holds(limited):
    """S0-25, S0-26, I-26: with a reason, and it is kept who did so."""
    limited.send(order_placed(method="terms"))
    assert limited.order("O-1").status is OrderStatus.UNDER_REVIEW

    decision = limited.send(order_command("Release", reason="Announced by telephone"))

    order = limited.order("O-1")
    assert (order.status, order.hold_reasons) == (OrderStatus.IN_PROCESS, ())
    assert order.released_by.startswith("financials/")
    event = decision.events[0].event
    assert (event.old, event.new) == ("UnderReview", "InProcess")
    assert event.reason_text == "Announced by telephone"


def test_released_software_is_billed_at_once(limited):
    """S0-29: as soon as it is in process."""
    limited.all(order_placed(method="terms", lines=SOFTWARE), order_command("Release"))

    assert limited.order("O-1").status is OrderStatus.COMPLETED
    assert limited.invoice("INV:O-1:1").pending == 10_000


@pytest.mark.parametrize("method", ["credit-card", "wire-transfer", "quote"])
def test_only_what_is_under_review_is_released(world, method):
    """No payment is waived by it."""
    world.send(order_placed(method=method))

    assert world.refusal(order_command("Release")).code == "bad-transition"


@pytest.mark.parametrize("method", ["wire-transfer", "terms", "quote"])
def test_s0_42_an_order_is_cancelled_before_anything_is_billed(world, method):
    """S0-42: whatever it waits for."""
    world.all(order_placed(method=method), order_command("Cancel", reason=None))

    assert world.order("O-1").status is OrderStatus.CANCELLED


def test_s0_42_the_money_of_a_cancelled_order_is_free_again(world):
    """S0-42: it pays what is open, and the rest is reported as unallocated."""
    world.all(m.invoice_posted(lines=["30.00"]), order_placed())

    decision = world.send(order_command())

    assert world.allocations() == [(CARD, 3_000, "auto")]
    left = next(each.event for each in decision.events if each.event.name == "payment.unallocated")
    assert (left.remaining.minor, left.held.minor, left.order_reference) == (7_000, 0, None)
    assert world.source(CARD).held_for is None


def test_what_is_billed_in_part_is_not_cancelled_but_closed_short(world):
    """S0-42: the goods that left stay billed."""
    world.all(order_placed(lines=[Piece(quantity=2)]), fulfilled())

    assert world.refusal(order_command("Cancel")).code == "bad-transition"
    world.send(order_command("CloseShort"))

    order = world.order("O-1")
    assert (order.status, order.short_closed) == (OrderStatus.COMPLETED, True)
    assert world.source(CARD).free == 5_000


def test_what_is_not_billed_at_all_is_cancelled_not_closed_short(world):
    """Nothing of it is complete."""
    world.send(order_placed())

    assert world.refusal(order_command("CloseShort")).code == "bad-transition"


@pytest.mark.parametrize("command", ["Release", "Cancel", "CloseShort"])
def test_nothing_happens_to_an_order_that_is_done(world, command):
    """Completed and cancelled orders stay so."""
    world.all(order_placed(lines=SOFTWARE), order_placed("O-2", method="check"))
    world.send(order_command(order="O-2"))

    for each in ("O-1", "O-2"):
        assert world.refusal(order_command(command, order=each)).code == "bad-transition"


def test_s0_11_a_card_is_charged_again(world):
    """S0-11: refused once more, it waits on; captured, it is processed."""
    world.send(order_placed(captured=False))

    again = world.send(resubmitted(captured=False))
    assert names(again) == ["order.payment-failed"]

    decision = world.send(resubmitted(captured=True))
    assert names(decision) == ["payment.received", "order.status-changed"]
    assert world.order("O-1").status is OrderStatus.IN_PROCESS
    assert world.source("CAP-2").held_for == "O-1"


def test_only_an_order_by_card_is_charged(world):
    """And only while it waits for its payment."""
    world.all(order_placed(), order_placed("O-2", method="check"))

    assert world.refusal(resubmitted("O-1")).code == "bad-transition"
    assert world.refusal(resubmitted("O-2")).code == "bad-transition"


@pytest.mark.parametrize(
    ("method", "status"),
    [
        ("credit-card", OrderStatus.IN_PROCESS),
        ("wire-transfer", OrderStatus.WAITING_PAYMENT),
        ("check", OrderStatus.WAITING_PAYMENT),
        ("terms", OrderStatus.IN_PROCESS),
    ],
)
def test_s0_08_a_quote_becomes_an_order(world, method, status):
    """S0-08: from then on it is like one that was placed so."""
    world.send(order_placed(method="quote"))

    decision = world.send(quote_accepted(method=method))

    order = world.order("O-1")
    assert (order.status, order.method) == (status, method)
    changed = decision.events[-1].event
    assert (changed.old, changed.new, changed.method) == ("Quote", status, method)


def test_a_quote_on_terms_needs_approved_terms():
    """S0-06 holds whenever terms are chosen."""
    world = World().all(m.customer_account(terms=Terms(approved=False)))
    world.send(order_placed(method="quote"))

    assert world.refusal(quote_accepted(method="terms")).code == "terms-not-approved"


def test_only_a_quote_becomes_an_order(world):
    """And not a quote again."""
    world.all(order_placed(), order_placed("O-2", method="quote"))

    assert world.refusal(quote_accepted()).code == "bad-transition"
    assert world.refusal(quote_accepted("O-2", method="quote")).code == "bad-transition"


def test_an_unknown_order_is_waited_for(world):
    """P-05: parked until it is there."""
    assert world.refusal(order_command()).waits_for == ("order", "O-1")
