"""ShipmentTracked: Ready to Ship becomes Shipped, once and for good."""

import pytest

from invoice_gateway.model.decision import Policy
from invoice_gateway.model.order import OrderStatus
from tests import messages as m
from tests.orders import CARD, Piece, fulfilled, order_placed, tracked
from tests.world import World, names


def test_s0_38_tracking_makes_an_invoice_shipped(world):
    """S0-38, S0-39: the number is kept, and everybody is told."""
    world.all(order_placed(), fulfilled())
    assert world.invoice("INV:O-1:1").detail.fulfilment == "ready-to-ship"

    decision = world.send(tracked(carrier="Colissimo"))

    detail = world.invoice("INV:O-1:1").detail
    assert (detail.fulfilment, detail.tracking) == ("shipped", "1Z-7")
    assert names(decision) == ["invoice.fulfilment-changed"]
    event = decision.events[0].event
    assert (event.old, event.new, event.tracking) == ("ready-to-ship", "shipped", "1Z-7")
    assert event.carrier == "Colissimo"


def test_s0_39_what_is_shipped_stays_shipped(world):
    """S0-39: the same number again says nothing new, another one is refused."""
    world.all(order_placed(), fulfilled(), tracked())

    assert names(world.send(tracked(message_id="again"))) == []
    assert world.refusal(tracked(tracking="1Z-8")).code == "bad-transition"


def test_s0_40_what_has_no_goods_is_not_shipped(world):
    """S0-40: software has nothing to track."""
    world.send(order_placed(lines=[Piece(category="software")]))

    assert world.refusal(tracked()).code == "bad-transition"


def test_the_invoice_is_one_of_the_order(world):
    """A slip of the pen is not shipped."""
    world.all(order_placed(), order_placed("O-2", capture="C-2"), fulfilled())

    assert world.refusal(tracked(order="O-2")).code == "bad-transition"


def test_what_is_not_there_yet_is_waited_for(world):
    """P-05: the order, then its invoice."""
    assert world.refusal(tracked()).waits_for == ("order", "O-1")
    world.send(order_placed())
    assert world.refusal(tracked()).waits_for == ("invoice", "ENTERPRISE/INV:O-1:1")


def test_s0_36_by_default_an_order_is_complete_when_it_is_billed(world):
    """S0-36, X-16: tracking changes nothing about it."""
    world.all(order_placed(), fulfilled())

    assert world.order("O-1").status is OrderStatus.COMPLETED


@pytest.fixture
def patient() -> World:
    """A gateway for which an order is complete when all of it has been shipped."""
    return World(policy=Policy(completion_trigger="shipped")).all(m.customer_account())


def test_x_16_an_order_may_be_complete_only_when_all_is_shipped(patient):
    """X-16: both parcels, in whatever order; then what is left of the money is free."""
    patient.all(
        order_placed(method="check", lines=[Piece(quantity=2)]),
        m.payment_posted(amount="120.00", order="O-1"),
        fulfilled(),
        fulfilled(shipment="S-2"),
    )
    assert patient.order("O-1").status is OrderStatus.IN_PROCESS

    patient.send(tracked("INV:O-1:2"))
    assert patient.order("O-1").status is OrderStatus.IN_PROCESS
    assert patient.source().held == 2_000

    decision = patient.send(tracked("INV:O-1:1"))
    assert patient.order("O-1").status is OrderStatus.COMPLETED
    assert names(decision) == [
        "invoice.fulfilment-changed",
        "payment.unallocated",
        "order.status-changed",
    ]


def test_what_has_no_goods_is_complete_without_a_parcel(patient):
    """S0-13: also where an order is complete when it is shipped."""
    patient.send(order_placed(lines=[Piece(category="service")]))

    assert patient.order("O-1").status is OrderStatus.COMPLETED
    assert patient.source(CARD).remaining == 0
