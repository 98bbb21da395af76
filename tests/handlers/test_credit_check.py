"""The credit check: which orders on terms are held, and what lets them go (S0-22 to S0-32)."""

import pytest

from invoice_gateway.model.decision import Policy
from invoice_gateway.model.order import OrderStatus
from tests import messages as m
from tests.messages import Terms
from tests.orders import Piece, fulfilled, order_command, order_placed
from tests.world import World, names

LIMITED = Terms(credit_limit="1000.00")
LATE, LATER = "2026-11-19", "2026-11-20"
"""Yesterday is past due, today is not."""


def on_terms(number, net, *, category="hardware", at=None, **said):
    """An order of `net` on terms, placed at that minute of the morning."""
    placed = None if at is None else f"2026-11-20T08:{at:02}:00Z"
    line = Piece(net=net, category=category)
    return order_placed(number, method="terms", lines=[line], placed_at=placed, **said)


def limited(**flags) -> World:
    """A gateway with these policies, and a customer that may owe 1000.00."""
    return World(policy=Policy(**flags)).all(m.customer_account(terms=LIMITED))


@pytest.fixture
def world() -> World:
    """A customer that may owe 1000.00."""
    return limited()


def holds(world, order="O-1"):
    """The reasons why an order is held; none when it is in process."""
    found = world.order(order)
    assert (found.status is OrderStatus.UNDER_REVIEW) == bool(found.hold_reasons)
    return " ".join(found.hold_reasons)


# -- at placement ---------------------------------------------------------------------------------


def test_d11_the_limit_counts_invoices_and_pending_orders(world):
    """D-11, S0-22 to S0-24: 500 + 300 + 200 passes, a cent more is held until a cent is paid."""
    world.all(
        m.invoice_posted(lines=["500.00"], due_date=LATER),
        on_terms("O-1", "300.00"),
        on_terms("O-2", "200.00"),
    )
    assert world.order("O-2").status is OrderStatus.IN_PROCESS
    world.send(order_command(order="O-2"))

    held = world.send(on_terms("O-3", "200.01"))
    assert holds(world, "O-3") == "over-limit"
    event = held.events[0].event
    assert (event.new, event.hold_reason) == ("UnderReview", ("over-limit",))
    assert (event.exposure, event.credit_limit) == ((100_001, "EUR"), (100_000, "EUR"))

    decision = world.send(m.payment_posted(amount="0.01", invoices=["INV-1"]))
    assert names(decision)[-1] == "order.status-changed"
    assert world.order("O-3").status is OrderStatus.IN_PROCESS


@pytest.mark.parametrize(("due", "reasons"), [(LATE, "past-due"), (LATER, "")])
def test_s0_23_an_invoice_past_due_holds_an_order(world, due, reasons):
    """S0-23: from the day after the due date, whatever the amount."""
    world.all(m.invoice_posted(lines=["0.01"], due_date=due), on_terms("O-1", "1.00"))

    assert holds(world) == reasons


@pytest.mark.parametrize(
    ("owed", "due", "reasons"),
    [
        ("10.00", LATER, ""),
        ("10.00", LATE, "past-due"),
        ("999.00", LATER, "over-limit"),
        ("999.00", LATE, "past-due over-limit"),
    ],
)
def test_x17_one_reason_is_enough(world, owed, due, reasons):
    """X-17: In Process needs both clear."""
    world.all(m.invoice_posted(lines=[owed], due_date=due), on_terms("O-1", "2.00"))

    assert holds(world) == reasons


def test_without_a_limit_nothing_is_limited():
    """The account says so by leaving it out."""
    world = World().all(m.customer_account(), on_terms("O-1", "9999999.00"))

    assert holds(world) == ""


def test_x18_an_order_and_its_invoices_are_not_both_counted(world):
    """X-18: of an order in process only what is not billed yet."""
    world.all(
        order_placed("O-1", method="terms", lines=[Piece(net="600.00", quantity=3)]),
        fulfilled({"1": 2}),
        on_terms("O-2", "400.00"),
    )

    assert holds(world, "O-2") == ""
    assert holds(world.all(on_terms("O-3", "0.01")), "O-3") == "over-limit"


def test_x18_prepaid_orders_and_quotes_do_not_count(world):
    """X-18: nobody owes for them."""
    world.all(
        order_placed("O-1", lines=[Piece(net="900.00")]),
        order_placed("O-2", method="check", lines=[Piece(net="900.00")]),
        order_placed("O-3", method="quote", lines=[Piece(net="900.00")]),
        on_terms("O-4", "1000.00"),
    )

    assert holds(world, "O-4") == ""


def test_x18_free_credit_does_not_net_off(world):
    """X-18: money that lies idle is not the enterprise's yet."""
    world.all(m.set_auto(on=False), m.payment_posted(amount="500.00"), on_terms("O-1", "1000.01"))

    assert holds(world) == "over-limit"


def test_invoices_in_another_currency_are_past_due_but_not_counted(world):
    """What cannot be compared with the limit is not; late is late."""
    world.send(m.exchange_rates({"USD/EUR": "0.90"}))
    world.send(m.invoice_posted("USD-1", currency="USD", lines=["5000.00"], due_date=LATER))
    assert holds(world.all(on_terms("O-1", "1.00")), "O-1") == ""

    world.send(m.invoice_posted("USD-2", currency="USD", lines=["1.00"], due_date=LATE))
    assert holds(world.all(on_terms("O-2", "1.00")), "O-2") == "past-due"


def test_what_others_owe_is_theirs(world):
    """The check is one account's."""
    world.all(
        m.customer_account("GLOBEX"),
        m.invoice_posted(customer="GLOBEX", lines=["5000.00"], due_date=LATE),
        on_terms("O-1", "1000.00"),
    )

    assert holds(world) == ""


# -- what lets an order go ------------------------------------------------------------------------


def past_due(world):
    """An order held by one invoice of 100.00 that is past due."""
    world.all(m.invoice_posted(due_date=LATE), on_terms("O-1", "10.00"))
    assert holds(world) == "past-due"
    return world


RELIEFS = {
    "a payment": [m.payment_posted(amount="100.00")],
    "a credit note": [m.credit_note_posted(amount="100.00")],
    "a credit memo": [m.memo_posted(amount="100.00")],
    "a dispute upheld": [
        m.dispute_opened(),
        m.dispute_resolution("ACME/DN-1/1"),
        m.dispute_resolution("ACME/DN-1/2"),
    ],
}


@pytest.mark.parametrize("messages", RELIEFS.values(), ids=RELIEFS)
def test_s0_26_what_settles_an_invoice_lets_go_what_it_held(world, messages):
    """S0-25, S0-26: the order is looked at again in that message, and released by nobody."""
    past_due(world).all(*messages)

    order = world.order("O-1")
    assert (order.status, order.released_by) == (OrderStatus.IN_PROCESS, None)


def test_a_write_off_lets_it_go():
    """A-11: what is written off is not owed."""
    world = past_due(limited(settlement_tolerance_minor=5))

    world.send(m.payment_posted(amount="99.95", invoices=["INV-1"], final=True))

    assert holds(world) == ""


def test_a_payment_that_settles_nothing_lets_nothing_go(world):
    """Part of it is still past due."""
    decision = past_due(world).send(m.payment_posted(amount="99.99"))

    assert "order.status-changed" not in names(decision)
    assert holds(world) == "past-due"


def test_a_higher_limit_lets_it_go(world):
    """DOMAIN §3.9: limit and terms are looked at whenever they change."""
    world.send(on_terms("O-1", "1000.01"))
    assert holds(world) == "over-limit"

    world.send(m.customer_account(terms=Terms(credit_limit="1000.01")))

    assert holds(world) == ""


def test_terms_that_are_withdrawn_hold_what_is_under_review(world):
    """It is told that the reasons are others now."""
    world.send(on_terms("O-1", "1000.01"))

    decision = world.send(m.customer_account(terms=Terms(approved=False, credit_limit="9999.00")))

    assert holds(world) == "terms-withdrawn"
    event = decision.events[0].event
    assert (event.old, event.new) == ("UnderReview", "UnderReview")
    assert event.hold_reason == ("terms-withdrawn",)


def test_an_account_that_changes_its_currency_compares_nothing(world):
    """Its orders wait for a person."""
    world.all(on_terms("O-1", "1000.01"))

    world.send(m.customer_account(currency="USD", terms=Terms(credit_limit="9999.00")))

    assert "other-currency" in holds(world)


@pytest.mark.parametrize("command", ["Cancel", "CloseShort"])
def test_an_order_that_is_given_up_lets_others_go(world, command):
    """Cancelled or closed short: what was not billed no longer counts."""
    world.all(
        order_placed("O-1", method="terms", lines=[Piece(net="800.00", quantity=8)]),
        *([fulfilled()] if command == "CloseShort" else []),
        on_terms("O-2", "900.00"),
    )
    assert holds(world, "O-2") == "over-limit"

    world.send(order_command(command))

    assert holds(world, "O-2") == ""


def test_orders_are_let_go_in_the_order_they_were_placed(world):
    """FIFO by placed_at, not by arrival: the first that fits, then the next, as far as it goes."""
    world.all(
        m.invoice_posted(lines=["1000.00"], due_date=LATER),
        on_terms("THIRD", "100.00", at=30),
        on_terms("FIRST", "600.00", at=10),
        on_terms("SECOND", "400.00", at=20),
        m.payment_posted(amount="1000.00"),
    )

    assert [holds(world, each) for each in ("FIRST", "SECOND", "THIRD")] == ["", "", "over-limit"]


def test_one_that_waits_counts_for_those_placed_after_it(world):
    """X-18: a small order does not overtake a big one that was there before."""
    world.all(
        m.invoice_posted(lines=["1000.00"], due_date=LATER),
        on_terms("BIG", "900.00", at=10),
        on_terms("SMALL", "200.00", at=20),
        m.payment_posted(amount="500.00"),
    )

    assert (holds(world, "BIG"), holds(world, "SMALL")) == ("over-limit", "over-limit")


def test_software_that_is_let_go_is_billed_and_counts_once(world):
    """S0-29: its invoice takes the place of the order, and the next is judged by that."""
    world.all(
        m.invoice_posted(lines=["1000.00"], due_date=LATER),
        on_terms("O-1", "600.00", category="software", at=10),
        on_terms("O-2", "400.00", category="software", at=20),
        on_terms("O-3", "0.01", category="software", at=30),
    )

    decision = world.send(m.payment_posted(amount="1000.00"))

    assert [holds(world, f"O-{at}") for at in (1, 2, 3)] == ["", "", "over-limit"]
    assert names(decision).count("invoice.issued") == 2
    assert world.invoice("INV:O-2:1").pending == 40_000


def test_money_held_for_an_order_pays_it_when_it_is_let_go(world):
    """A-04: the message that lets it go need not name it."""
    world.all(
        m.invoice_posted(due_date=LATE),
        on_terms("O-1", "50.00", category="service"),
        m.payment_posted("HELD", amount="50.00", order="O-1"),
        m.payment_posted(amount="100.00", invoices=["INV-1"]),
    )

    assert world.allocations("INV:O-1:1") == [("HELD", 5_000, "order")]


# -- policies -------------------------------------------------------------------------------------


def test_pending_orders_may_be_left_out():
    """`exposure_includes_pending_orders=false`: invoices and this order only."""
    world = limited(exposure_includes_pending_orders=False)
    world.all(on_terms("O-1", "900.00"), on_terms("O-2", "900.00"))
    assert holds(world, "O-2") == ""

    world.send(m.invoice_posted(lines=["200.00"], due_date=LATER))
    assert holds(world.all(on_terms("O-3", "900.00")), "O-3") == "over-limit"


@pytest.mark.parametrize(
    ("ignored", "disputed", "reasons"),
    [
        (False, {"1": "60.00", "2": "40.00"}, "past-due"),
        (True, {"1": "60.00", "2": "40.00"}, ""),
        (True, {"1": "60.00"}, "past-due"),
    ],
)
def test_what_is_disputed_may_be_late(ignored, disputed, reasons):
    """D-08: by default a disputed invoice is past due; by policy only what is not disputed is."""
    world = limited(past_due_ignores_disputed=ignored).all(
        m.invoice_posted(due_date=LATE), m.dispute_opened(lines=disputed), on_terms("O-1", "1.00")
    )

    assert holds(world) == reasons


def test_a_dispute_may_let_an_order_go():
    """`past_due_ignores_disputed`: nothing that is clear is late any more."""
    world = past_due(limited(past_due_ignores_disputed=True))

    world.send(m.dispute_opened())

    assert holds(world) == ""


def test_s0_32_an_order_in_process_stays_there(world):
    """S0-32: whatever the customer owes later."""
    world.all(on_terms("O-1", "10.00"), m.invoice_posted(lines=["5000.00"], due_date=LATE))

    assert holds(world) == ""


def test_s0_32_by_policy_it_is_pulled_back():
    """`recheck_in_process`: the last one placed first, until the rest may go; and let go again."""
    world = limited(recheck_in_process=True)
    world.all(on_terms("O-1", "400.00", at=10), on_terms("O-2", "400.00", at=20))

    world.send(m.invoice_posted(lines=["300.00"], due_date=LATER))
    assert (holds(world, "O-1"), holds(world, "O-2")) == ("", "over-limit")
    assert world.refusal(fulfilled(order="O-2")).code == "bad-transition"

    world.send(m.payment_posted(amount="300.00"))
    assert holds(world, "O-2") == ""


def test_what_a_person_has_released_is_not_pulled_back():
    """I-26: the override is recorded, and stands."""
    world = limited(recheck_in_process=True)
    world.all(on_terms("O-1", "1000.01"), order_command("Release"))

    world.send(m.invoice_posted(lines=["300.00"], due_date=LATE))

    assert holds(world) == ""
