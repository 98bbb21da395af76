"""FulfilmentReported: one invoice per shipment, no piece twice, no cent lost."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invoice_gateway.model.decision import AlreadyApplied
from invoice_gateway.model.ledger import Allocation
from invoice_gateway.model.order import OrderStatus, Serial
from tests import messages as m
from tests.orders import CARD, Piece, fulfilled, order_command, order_placed
from tests.world import World, names

MIXED = (
    Piece(net="300.00", tax="60.00", rate="20", quantity=3, serialised=True),
    Piece(net="50.00", category="software"),
    Piece(net="70.00", category="support"),
    Piece(net="20.00", category="service"),
)


def test_d10_a_card_order_in_two_shipments(world):
    """D-10, S0-12, S0-34: shipping on the first, both paid from the hold, which ends at zero."""
    world.send(order_placed(lines=[Piece(net="1000.00", quantity=10)], shipping="50.00"))

    world.send(fulfilled({"1": 6}))
    assert world.invoice("INV:O-1:1").amount == 65_000
    assert world.order("O-1").status is OrderStatus.IN_PROCESS
    assert world.source(CARD).held == 40_000

    world.send(fulfilled({"1": 4}, shipment="S-2"))
    assert world.invoice("INV:O-1:2").amount == 40_000
    assert [world.invoice(f"INV:O-1:{at}").derived.status for at in (1, 2)] == ["Paid", "Paid"]
    assert world.order("O-1").status is OrderStatus.COMPLETED
    assert world.source(CARD).remaining == 0


def test_s0_14_hardware_with_serials_is_billed_and_the_order_completed(world):
    """S0-14, S0-33: one order, one invoice, paid with what was captured."""
    world.send(order_placed(lines=[Piece(serialised=True)]))

    decision = world.send(fulfilled(serials={"1": ["A-1"]}))

    assert [name for name in names(decision) if "line" not in name] == [
        "invoice.issued",
        "invoice.fulfilment-changed",
        "allocation.posted",
        "invoice.status-changed",
        "order.status-changed",
    ]
    assert world.order("O-1").status is OrderStatus.COMPLETED
    serial = world.book.get(Serial, "A-1")
    assert (serial.order_ref, serial.line_no, serial.invoice.number) == ("O-1", "1", "INV:O-1:1")


@pytest.mark.parametrize("serials", [[], ["A-1"], ["A-1", "A-2", "A-3"]])
def test_s0_15_every_piece_of_serialised_hardware_needs_its_number(world, serials):
    """S0-15: as many as pieces."""
    world.send(order_placed(lines=[Piece(quantity=2, serialised=True)]))

    refused = world.refusal(fulfilled({"1": 2}, serials={"1": serials}))

    assert refused.code == "serials-missing"


def test_a_serial_number_ships_once_in_the_deployment(world):
    """S0-15: whoever ordered."""
    world.all(
        order_placed(lines=[Piece(serialised=True)]),
        order_placed("O-2", customer="GLOBEX", lines=[Piece(serialised=True)]),
        fulfilled(serials={"1": ["A-1"]}),
    )

    refused = world.refusal(fulfilled(order="O-2", serials={"1": ["A-1"]}))

    assert refused.code == "serial-taken"
    assert "'O-1'" in refused.message


def test_no_piece_is_billed_twice(world):
    """I-25: what is left is the limit, also over several shipments."""
    world.all(order_placed(lines=[Piece(quantity=3)]), fulfilled({"1": 2}))

    assert world.refusal(fulfilled({"1": 2}, shipment="S-2")).code == "over-fulfilment"
    assert world.refusal(fulfilled({"9": 1}, shipment="S-2")).code == "unknown-line"


def test_s0_21_goods_by_wire_leave_when_they_are_paid(world):
    """S0-17, S0-21: before that nothing is billed."""
    world.send(order_placed(method="wire-transfer"))
    assert world.refusal(fulfilled()).code == "bad-transition"

    world.all(m.payment_posted(amount="100.00", order="O-1"), fulfilled())

    assert world.order("O-1").status is OrderStatus.COMPLETED
    assert world.allocations("INV:O-1:1") == [("PAY-1", 10_000, "order")]


def test_s0_28_goods_on_terms_are_due_on_the_terms(world):
    """S0-28, S0-30: after the days of the account; prepaid ones on the day of issue."""
    world.all(
        order_placed(method="terms"),
        fulfilled(effective_date="2026-11-18"),
        order_placed("O-2"),
        fulfilled(order="O-2", effective_date="2026-11-18"),
    )

    assert str(world.invoice("INV:O-1:1").due_date) == "2026-12-18"
    assert str(world.invoice("INV:O-2:1").due_date) == "2026-11-18"


def test_s0_35_each_facility_bills_what_it_ships(world):
    """S0-35: the same shipment number at two facilities is two shipments."""
    world.send(order_placed(lines=[Piece(net="60.00"), Piece(net="40.00")], shipping="5.00"))

    world.all(fulfilled({"1": 1}, facility="LYON"), fulfilled({"2": 1}, facility="LILLE"))

    first, second = world.invoice("INV:O-1:1"), world.invoice("INV:O-1:2")
    assert (first.amount, first.detail.facility) == (6_500, "LYON")
    assert (second.amount, second.detail.facility) == (4_000, "LILLE")
    assert world.order("O-1").status is OrderStatus.COMPLETED


def test_s0_41_what_is_not_shipped_goes_on_the_first_invoice(world):
    """S0-41: software, support, services, and shipping."""
    world.send(order_placed(lines=MIXED, shipping="10.00"))

    world.send(fulfilled({"1": 1}, serials={"1": ["A"]}))

    lines = [(line.line_no, line.amount) for line in world.invoice("INV:O-1:1").lines]
    assert lines == [
        ("1", 12_000),
        ("2", 5_000),
        ("3", 7_000),
        ("4", 2_000),
        ("shipping:1", 1_000),
    ]


def test_s0_41_unless_the_message_says_otherwise(world):
    """S0-41: a line that is named goes as named, the rest of its kind and shipping later."""
    world.send(order_placed(lines=MIXED, shipping="10.00"))

    world.send(
        fulfilled({"1": 2, "3": 1}, serials={"1": ["A", "B"]}, services=False, shipping=False)
    )
    assert [line.line_no for line in world.invoice("INV:O-1:1").lines] == ["1", "3"]

    world.send(fulfilled({"1": 1}, shipment="S-2", serials={"1": ["C"]}))
    assert [line.line_no for line in world.invoice("INV:O-1:2").lines] == [
        "1",
        "2",
        "4",
        "shipping:1",
    ]


def test_the_last_invoice_is_charged_for_shipping_in_any_case(world):
    """S0-41: it is part of what was ordered and paid."""
    world.send(order_placed(shipping="10.00"))

    world.send(fulfilled(shipping=False))

    assert world.invoice("INV:O-1:1").amount == 11_000
    assert world.order("O-1").status is OrderStatus.COMPLETED


def test_s0_42_money_left_over_after_the_last_invoice_is_free(world):
    """S0-42: what was paid too much pays what else is open."""
    world.all(
        m.invoice_posted(lines=["30.00"]),
        order_placed(method="check"),
        m.payment_posted(amount="150.00", order="O-1"),
    )
    assert world.allocations() == []

    decision = world.send(fulfilled())

    assert world.allocations() == [("PAY-1", 3_000, "auto")]
    left = next(each.event for each in decision.events if each.event.name == "payment.unallocated")
    assert left.remaining.minor == 2_000


def test_an_allocation_taken_off_an_order_that_is_done_is_idle_money(world):
    """What was held is not held for ever."""
    world.all(order_placed(), fulfilled(), m.remove(CARD, invoice="INV:O-1:1"))

    assert world.source(CARD).free == 10_000


def test_s0_37_the_goods_are_announced_with_their_invoice(world):
    """S0-37, S0-38: Ready to Ship, with facility and shipment."""
    world.send(order_placed())

    decision = world.send(fulfilled(shipment="L-7", facility="LYON"))

    event = decision.events[1].event
    assert (event.invoice.number, event.old, event.new) == ("INV:O-1:1", None, "ready-to-ship")
    assert (event.order_reference, event.facility, event.shipment) == ("O-1", "LYON", "L-7")


def test_a_shipment_of_services_only_is_not_shipped(world):
    """S0-40: no goods, nothing to track."""
    world.all(order_placed(lines=MIXED), fulfilled({"4": 1}, services=False))

    assert world.invoice("INV:O-1:1").detail.fulfilment == "not-applicable"
    assert world.order("O-1").unshipped == 0


def test_the_same_shipment_again_is_a_duplicate(world):
    """P-02: order, facility and shipment; other content under them is refused."""
    world.all(order_placed(lines=[Piece(quantity=3)]), fulfilled())

    with pytest.raises(AlreadyApplied):
        world.send(fulfilled(message_id="again"))
    assert world.refusal(fulfilled({"1": 2})).code == "number-taken"


def test_an_order_that_is_not_there_yet_is_waited_for(world):
    """P-05: parked until it is there."""
    assert world.refusal(fulfilled()).waits_for == ("order", "O-1")


@pytest.mark.parametrize("command", ["Cancel", "CloseShort"])
def test_nothing_more_leaves_of_an_order_that_is_done(world, command):
    """Cancelled or closed short."""
    before = [fulfilled()] if command == "CloseShort" else []
    world.all(order_placed(lines=[Piece(quantity=2)]), *before, order_command(command))

    assert world.refusal(fulfilled(shipment="S-2")).code == "bad-transition"


@settings(deadline=None, max_examples=60)
@given(
    net=st.integers(0, 2_000),
    tax=st.integers(0, 400),
    shipments=st.lists(st.integers(1, 7), min_size=1, max_size=6),
)
def test_no_cent_is_lost_over_any_shipments(net, tax, shipments):
    """I-25, I-33: the invoices of an order add up to it, each of its parts is not below zero."""
    piece = Piece(
        net=f"{net / 100:.2f}", tax=f"{tax / 100:.2f}", rate="20", quantity=sum(shipments)
    )
    world = World().all(m.customer_account(), order_placed(lines=[piece]))

    for at, pieces in enumerate(shipments, start=1):
        rest = world.order("O-1").uninvoiced
        world.send(fulfilled({"1": pieces}, shipment=f"S-{at}"))
        billed = world.invoice(f"INV:O-1:{at}")
        assert world.order("O-1").uninvoiced == rest - billed.amount
        assert all(line.terms.net >= 0 and line.terms.tax >= 0 for line in billed.lines)

    invoices = [world.invoice(f"INV:O-1:{at}") for at in range(1, len(shipments) + 1)]
    assert sum(each.amount for each in invoices) == net + tax
    assert sum(each.lines[0].terms.tax for each in invoices) == tax
    assert sum(each.amount for each in world.book.all(Allocation)) == net + tax
    assert world.order("O-1").status is OrderStatus.COMPLETED
