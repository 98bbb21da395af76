"""Money that names an order: held for it, in whatever order they arrive (S0-17 to S0-21)."""

import pytest

from invoice_gateway.model.decision import Policy
from invoice_gateway.model.order import OrderStatus
from tests import messages as m
from tests.orders import CARD, Piece, fulfilled, order_command, order_placed
from tests.world import World, names

SOFTWARE = (Piece(category="software"),)


def test_s0_18_a_payment_moves_the_order_on(world):
    """S0-18: posted against the order, it is held for it, and the order enters In Process."""
    world.send(order_placed(method="wire-transfer"))

    decision = world.send(m.payment_posted(amount="100.00", order="O-1"))

    assert names(decision) == ["payment.received", "payment.unallocated", "order.status-changed"]
    event = decision.events[1].event
    assert (event.held.minor, event.order_reference) == (10_000, "O-1")
    assert world.order("O-1").status is OrderStatus.IN_PROCESS


def test_s0_20_software_is_billed_and_paid_when_finance_posts_the_payment(world):
    """S0-20: invoice, completion and allocation in that message."""
    world.send(order_placed(method="check", lines=SOFTWARE))

    world.send(m.payment_posted(amount="100.00", order="O-1", method="check"))

    assert world.order("O-1").status is OrderStatus.COMPLETED
    assert world.allocations("INV:O-1:1") == [("PAY-1", 10_000, "order")]


def test_s0_19_parts_of_the_payment_are_collected(world):
    """S0-19: until all is there; each part is held."""
    world.all(
        m.invoice_posted(),
        order_placed(method="check"),
        m.payment_posted("P-1", amount="60.00", order="O-1"),
    )
    assert world.order("O-1").status is OrderStatus.WAITING_PAYMENT

    world.send(m.payment_posted("P-2", amount="40.00", order="O-1"))

    assert world.order("O-1").status is OrderStatus.IN_PROCESS
    assert world.allocations() == []


@pytest.mark.parametrize(
    ("amount", "status"),
    [
        ("99.95", OrderStatus.IN_PROCESS),
        ("99.94", OrderStatus.WAITING_PAYMENT),
    ],
)
def test_s0_19_a_few_cents_may_be_short(amount, status):
    """S0-19: within `settlement_tolerance`; what is missing stays owed on the invoice."""
    world = World(policy=Policy(settlement_tolerance_minor=5)).all(
        m.customer_account(),
        order_placed(method="check"),
        m.payment_posted(amount=amount, order="O-1"),
    )

    assert world.order("O-1").status is status
    if status is OrderStatus.IN_PROCESS:
        world.send(fulfilled())
        assert world.invoice("INV:O-1:1").pending == 5


def test_s0_19_money_beyond_the_total_is_held_until_the_order_is_done(world):
    """S0-19, S0-42: also what comes later; then all of it is free."""
    world.all(
        m.invoice_posted(lines=["30.00"]),
        order_placed(method="check"),
        m.payment_posted("P-1", amount="110.00", order="O-1"),
        m.payment_posted("P-2", amount="50.00", order="O-1"),
    )
    assert world.allocations() == []

    world.send(fulfilled())

    assert world.allocations() == [("P-1", 1_000, "auto"), ("P-2", 2_000, "auto")]
    assert world.source("P-2").free == 3_000


def test_s0_19_money_for_an_order_that_is_done_pays_it_first(world):
    """S0-19: late money pays what of the order is open, then the oldest, and is reported once."""
    world.all(
        m.invoice_posted(lines=["30.00"], issue_date="2026-11-01"),
        order_placed(method="terms", lines=SOFTWARE),
    )

    decision = world.send(m.payment_posted(amount="150.00", order="O-1"))

    assert world.allocations("INV:O-1:1") == [("PAY-1", 10_000, "order")]
    assert world.allocations() == [("PAY-1", 3_000, "auto")]
    reported = [each.event for each in decision.events if each.event.name == "payment.unallocated"]
    assert [(each.remaining.minor, each.held.minor) for each in reported] == [(2_000, 0)]


def test_money_for_a_cancelled_order_is_free(world):
    """Nothing of it will ever be billed."""
    world.all(order_placed(method="check"), order_command(), m.payment_posted(order="O-1"))

    assert world.source().free == 7_000


def test_p05_money_may_come_before_its_order(world):
    """P-05: held meanwhile, and linked on arrival."""
    world.all(m.invoice_posted(), m.payment_posted(amount="100.00", order="O-1"))
    assert world.allocations() == []

    world.send(order_placed(method="wire-transfer", lines=SOFTWARE))

    assert world.order("O-1").status is OrderStatus.COMPLETED
    assert world.allocations("INV:O-1:1") == [("PAY-1", 10_000, "order")]


def test_what_names_invoices_too_pays_them_first(world):
    """A-04: the rest is held for the order."""
    world.all(
        m.invoice_posted(lines=["30.00"]),
        m.payment_posted(amount="130.00", order="O-1", invoices=["INV-1"]),
    )

    assert world.allocations() == [("PAY-1", 3_000, "reference")]
    assert world.source().held == 10_000


@pytest.mark.parametrize(
    "order",
    [
        order_placed(method="check", customer="GLOBEX"),
        order_placed(method="check", currency="USD"),
    ],
    ids=["another customer", "another currency"],
)
def test_money_is_never_held_for_what_it_can_never_pay(world, order):
    """T-07: it has come in, and is the customer's."""
    world.all(order, m.payment_posted(order="O-1"))

    assert world.source().free == 7_000
    assert world.order("O-1").status is OrderStatus.WAITING_PAYMENT


def test_prepaid_orders_on_terms_use_what_is_held(world):
    """S0-12: any order is paid from its own money first."""
    world.all(
        order_placed(method="terms"), m.payment_posted(amount="40.00", order="O-1"), fulfilled()
    )

    assert world.allocations("INV:O-1:1") == [("PAY-1", 4_000, "order")]


def test_money_that_bounces_is_not_there(world):
    """A-10: what waits goes on waiting; what was in process is billed unpaid."""
    world.all(
        order_placed("O-1", method="check"),
        m.payment_posted("P-1", amount="60.00", order="O-1"),
        m.payment_reversed(payment="P-1"),
        m.payment_posted("P-2", amount="60.00", order="O-1"),
    )

    assert world.order("O-1").status is OrderStatus.WAITING_PAYMENT


# -- invoices of an ERP (X-14, T-04) --------------------------------------------------------------


def test_x14_an_invoice_that_names_an_order_is_paid_from_its_money(world):
    """X-14: it is linked by what it says, and the money held for the order is for it."""
    world.all(order_placed(), m.invoice_posted(order="O-1", lines=["40.00"]))

    assert world.allocations() == [(CARD, 4_000, "order")]


def test_x14_an_invoice_may_come_before_its_order(world):
    """X-14: kept, and linked when the order arrives."""
    world.all(m.invoice_posted(order="O-1", lines=["40.00"]), order_placed())

    assert world.allocations() == [(CARD, 4_000, "order")]


def test_an_order_that_waits_keeps_its_money_together(world):
    """S0-17: else it could never be paid in full; in process, the invoice gets it."""
    world.all(
        order_placed(method="check"),
        m.invoice_posted(order="O-1", lines=["40.00"]),
        m.payment_posted("P-1", amount="60.00", order="O-1"),
    )
    assert world.allocations() == []

    world.send(m.payment_posted("P-2", amount="40.00", order="O-1"))

    assert world.allocations() == [("P-1", 4_000, "order")]


def test_t04_what_was_prepaid_is_taken_from_the_order_first(world):
    """T-04: only what its money does not cover is a payment that the ERP asserts."""
    world.all(
        order_placed(lines=[Piece(net="30.00")]),
        m.invoice_posted(order="O-1", lines=["100.00"], prepaid="50.00"),
    )

    assert world.allocations() == [(CARD, 3_000, "order"), ("prepaid:INV-1", 2_000, "reference")]


def test_t04_money_of_the_order_that_covers_it_is_enough(world):
    """T-04: nothing is asserted besides."""
    decision = world.all(order_placed()).send(
        m.invoice_posted(order="O-1", lines=["100.00"], prepaid="50.00")
    )

    assert world.allocations() == [(CARD, 10_000, "order")]
    assert "payment.received" not in names(decision)


def test_an_invoice_of_another_customer_gets_nothing(world):
    """Naming an order gives no right to its money."""
    world.all(order_placed(), m.invoice_posted(customer="GLOBEX", order="O-1"))

    assert world.allocations() == []
