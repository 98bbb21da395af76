"""Requests wait for money; executed, they are done for good (S4-21 to S4-32)."""

from collections.abc import Callable

import pytest

from invoice_gateway.model import collection, requests
from invoice_gateway.model.draft import Draft
from invoice_gateway.model.errors import Parked, Rejected
from invoice_gateway.model.invoice import Closure, Lifecycle, Settlement
from invoice_gateway.model.order import RequestState
from tests import messages as m
from tests.world import World, names

INVOICE = "INV:REQ-1"
DAYS = {"RequestCancellationDays": 7, "SuspensionDays": 20, "DeletionDays": 40}


@pytest.fixture
def world() -> World:
    """ACME, a customer, asks for REQ-1: an invoice over 100.00 waits for its money."""
    return World().all(m.customer_account(terms=m.Terms(policy=DAYS)), m.request_raised())


def does(world: World, command: Callable[[Draft], None]) -> list[str]:
    """Apply what `command` does to a draft; return the names of its events."""
    draft = Draft(world.book, world.context())
    command(draft)
    decision = draft.decision()
    world.book.apply(decision.changes)
    return names(decision)


def cancels(world: World) -> list[str]:
    """Cancel the invoice."""
    return does(world, lambda draft: requests.cancel(draft, world.invoice(INVOICE), "not wanted"))


def executes_unpaid(world: World, *, keep: bool) -> list[str]:
    """Have the request executed without payment."""
    invoice = world.invoice(INVOICE)
    return does(world, lambda draft: requests.execute_without_payment(draft, invoice, keep=keep))


def answers(world: World) -> list[str]:
    """Answer for the provisioning system: done."""
    request = world.request()
    return does(world, lambda draft: requests.outcome(draft, request, executed=True, reason=None))


def kept(world: World) -> World:
    """Execute the request without payment, and keep its invoice."""
    executes_unpaid(world, keep=True)
    answers(world)
    return world


def test_an_invoice_hangs_on_a_request_until_that_is_executed(world):
    """S4-21: first it waits for the request (type 1), then it is one on an order (type 2)."""
    assert collection.waits_for_request(world.invoice(INVOICE))

    kept(world)

    assert not collection.waits_for_request(world.invoice(INVOICE))
    assert world.invoice(INVOICE).order_ref == "ORDER-1"


def test_an_unpaid_invoice_is_cancelled_with_its_request(world):
    """S4-31: a document over the whole takes it back; nothing else is needed."""
    told = cancels(world)

    invoice = world.invoice(INVOICE)
    assert (invoice.lifecycle, invoice.pending) == (Lifecycle.CANCELLED, 0)
    assert world.request().state is RequestState.CANCELLED
    assert told[-2:] == ["invoice.cancelled", "request.cancelled"]


def test_a_part_paid_invoice_is_not_cancelled(world):
    """S4-31: only what is wholly unpaid; the money has to be taken off first."""
    world.send(m.payment_posted(amount="0.01", invoices=[INVOICE]))

    with pytest.raises(Rejected) as refused:
        cancels(world)

    assert refused.value.code == "not-cancellable-paid"


def test_what_is_executing_or_executed_is_not_cancelled(world):
    """S4-31, S4-32, X-03: it waits for the answer; after that a discount takes its place."""
    executes_unpaid(world, keep=True)
    with pytest.raises(Parked) as waits:
        cancels(world)
    answers(world)
    with pytest.raises(Rejected) as refused:
        cancels(world)

    assert (waits.value.code, refused.value.code) == ("request-executing", "already-executed")


@pytest.mark.parametrize("party_class", ["reseller", "sub-reseller"])
def test_only_for_customers_is_a_request_executed_without_payment(party_class):
    """S4-25: a reseller pays first."""
    world = World().all(m.customer_account(party_class=party_class), m.request_raised())

    with pytest.raises(Rejected) as refused:
        executes_unpaid(world, keep=True)

    assert refused.value.code == "execute-not-customer"
    assert world.request().state is RequestState.PENDING


def test_executed_and_kept_the_invoice_is_collected_like_any_other(world):
    """S4-26: still pending, of the second type, with days for suspension and deletion (X-12)."""
    assert executes_unpaid(world, keep=True)[-1] == "request.execute-requested"

    told = answers(world)

    invoice = world.invoice(INVOICE)
    assert (invoice.lifecycle, invoice.pending) == (Lifecycle.ISSUED, 10_000)
    assert told[-2:] == ["request.executed", "invoice.converted"]
    request = world.request()
    assert (request.state, request.executed_without_payment) == (RequestState.EXECUTED, True)
    due = dict(collection.days(invoice, world.policy))
    assert due[collection.Timer.SUSPEND].isoformat() == "2026-12-10"
    assert collection.Timer.REQUEST_CANCEL not in due


def test_executed_and_cancelled_the_balance_is_discounted(world):
    """S4-27: what was paid stays paid, the rest is a discount; nothing is left to collect."""
    world.send(m.payment_posted(amount="40.00", invoices=[INVOICE]))

    executes_unpaid(world, keep=False)
    answers(world)

    invoice = world.invoice(INVOICE)
    assert (invoice.pending, invoice.discounts, invoice.settled) == (0, 6_000, 4_000)
    assert invoice.derived.closure_reason is Closure.MIXED
    assert invoice.wake_at is None
    assert world.memo("DC:INV:REQ-1").amount == 6_000


def test_what_was_executed_stays_executed(world):
    """S4-28: neither another answer nor a payment that bounces takes it back."""
    world.send(m.payment_posted(amount="100.00", invoices=[INVOICE]))
    answers(world)

    with pytest.raises(Rejected) as refused:
        answers(world)
    world.send(m.payment_reversed())

    assert refused.value.code == "already-executed"
    assert world.invoice(INVOICE).derived.settlement_state is Settlement.UNSETTLED
    assert world.request().state is RequestState.EXECUTED


@pytest.mark.parametrize(
    "balanced",
    [
        m.payment_posted(amount="100.00", invoices=[INVOICE]),
        m.memo_posted(invoice=INVOICE, amount="100.00"),
    ],
    ids=["paid", "credited"],
)
def test_balancing_an_invoice_without_request_does_nothing_else(world, balanced):
    """S4-24: nothing is executed and nothing cancelled when it is paid or taken back."""
    before = kept(world).request()

    told = names(world.send(balanced))

    assert world.invoice(INVOICE).pending == 0
    assert world.request() == before
    assert not [name for name in told if name.startswith("request.")]
