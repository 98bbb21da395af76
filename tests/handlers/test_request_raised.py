"""RequestRaised: an invoice of type 1, which its request waits for (S4-21 to S4-24)."""

import pytest

from invoice_gateway.model.decision import AlreadyApplied
from invoice_gateway.model.order import OrderStatus, RequestState
from tests import messages as m
from tests.world import World, key, names

POLICY = {
    "RequestCancellationDays": 7,
    "ReminderDays": 10,
    "SuspensionDays": 20,
    "DeletionDays": 40,
}
INVOICE = "INV:REQ-1"


@pytest.fixture
def world() -> World:
    """ACME with a policy of collection, and SUB, a sub-reseller."""
    return World().all(
        m.customer_account(terms=m.Terms(policy=POLICY)),
        m.customer_account("SUB", party_class="sub-reseller", terms=m.Terms(policy=POLICY)),
    )


@pytest.fixture
def asked(world) -> World:
    """REQ-1 over 100.00 has been raised."""
    return world.all(m.request_raised())


def test_a_request_raises_its_invoice(world):
    """S4-22: at the selling price, with the request, its order and its own number."""
    decision = world.send(m.request_raised(amount="90.00", fee="10.00"))

    found = world.invoice(INVOICE)
    assert names(decision) == ["invoice.issued"]
    assert (found.kind, found.amount, found.order_ref) == ("request", 10_000, "ORDER-1")
    assert [line.kind.value for line in found.lines] == ["item", "application-fee"]
    assert (found.detail.request, found.detail.execution.value) == ("REQ-1", "pending")
    assert world.request().state is RequestState.PENDING


def test_the_amount_is_subtotal_and_application_fee(world):
    """S4-05: 90.00 and 10.00 make 100.00; all of it is pending (S4-08)."""
    world.send(m.request_raised(amount="90.00", fee="10.00"))

    found = world.invoice(INVOICE)
    assert [line.amount for line in found.lines] == [9_000, 1_000]
    assert found.pending == found.amount == 10_000


def test_customers_and_sub_resellers_are_numbered_apart(world):
    """S4-02: each series from 1 on, and on by one."""
    world.all(
        m.request_raised("A"),
        m.request_raised("B", customer="SUB", order="ORDER-2"),
        m.request_raised("C"),
    )

    numbers = {
        name: (found.detail.series, found.detail.transaction_no)
        for name in "ABC"
        if (found := world.invoice(f"INV:{name}"))
    }
    assert numbers == {"A": ("customer", 1), "B": ("sub-reseller", 1), "C": ("customer", 2)}


def test_the_policy_of_collection_is_that_of_the_day(asked):
    """S4-17: what the account says later changes nothing about the invoice."""
    before = asked.invoice(INVOICE).detail
    assert (before.request_cancellation_days, before.reminder_days) == (7, 10)
    assert (before.suspension_days, before.deletion_days) == (20, 40)

    changed = m.Terms(policy=dict.fromkeys(POLICY, 9))
    asked.send(m.customer_account(terms=changed, sent_at="2026-11-21T10:00:00Z"))

    assert asked.invoice(INVOICE).detail == before


def test_the_order_of_a_first_request_begins_with_it(asked):
    """S4-04: every invoice belongs to an order; the next request finds it."""
    order = asked.order()
    assert (order.method.value, order.status, order.account) == (
        "request",
        OrderStatus.COMPLETED,
        "ACME",
    )

    asked.send(m.request_raised("REQ-2"))

    assert asked.order().placed_at == order.placed_at


def test_the_order_of_another_customer_is_out_of_reach(asked):
    """An order has one customer."""
    refused = asked.refusal(m.request_raised("REQ-2", customer="SUB"))

    assert refused.code == "forbidden"


def test_full_payment_has_it_executed_at_once(asked):
    """S4-23: the provisioning system is asked in the same decision."""
    decision = asked.send(m.payment_posted(amount="100.00", invoices=[INVOICE]))

    assert names(decision)[-1] == "request.execute-requested"
    assert asked.request().state is RequestState.EXECUTING
    event = decision.events[-1].event
    assert (event.request, event.order_reference) == ("REQ-1", "ORDER-1")
    assert [each.type for each in event.item] == ["renewal"]


def test_part_payment_leaves_it_pending(asked):
    """S4-23, S4-30: 50.00 of 100.00 is not enough, the other 50.00 is."""
    asked.send(m.payment_posted(amount="50.00", invoices=[INVOICE]))
    assert asked.request().state is RequestState.PENDING
    assert asked.invoice(INVOICE).pending == 5_000

    asked.send(m.payment_posted("PAY-2", amount="50.00", invoices=[INVOICE]))
    assert asked.request().state is RequestState.EXECUTING


def test_idle_money_pays_and_executes_at_once(world):
    """S4-30: what lies on the account pays the invoice as it is raised."""
    world.send(m.payment_posted(amount="100.00"))

    decision = world.send(m.request_raised())

    assert names(decision)[-1] == "request.execute-requested"
    assert world.request().state is RequestState.EXECUTING


def test_the_same_request_again_is_a_duplicate(asked):
    """P-02: by content, not by message id."""
    with pytest.raises(AlreadyApplied):
        asked.send(m.request_raised(message_id="again"))
    assert asked.refusal(m.request_raised(amount="1.00")).code == "number-taken"


def test_a_number_of_the_gateways_own_is_refused(world):
    """ADR 10: prefixes that the gateway uses are not for others."""
    assert world.refusal(m.request_raised("INV:1")).code == "number-taken"


def test_an_id_that_an_orders_invoice_may_have_is_refused(world):
    """ADR 10: `INV:O-1:1` is the first invoice of order O-1."""
    assert world.refusal(m.request_raised("O-1:1")).code == "number-taken"
    world.send(m.request_raised("O-1:one"))


@pytest.mark.parametrize("amount", ["0.00", "-1.00"])
def test_a_request_must_cost_something(world, amount):
    """Nothing to pay would mean nothing to wait for."""
    assert world.refusal(m.request_raised(amount=amount)).code == "amount-not-positive"


def test_an_unknown_customer_is_waited_for(world):
    """P-05: until its account comes."""
    refused = world.refusal(m.request_raised(customer="NOBODY"))

    assert (refused.code, refused.waits_for) == ("unknown-party", ("party", "NOBODY"))


def test_the_invoice_is_of_the_enterprise(asked):
    """The gateway raises it in the name of the enterprise."""
    assert asked.invoice(INVOICE).key == key(INVOICE)
