"""TimerDue: what time does to what is not paid, and what it leaves alone (DOMAIN §3.12)."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from invoice_gateway.model import requests
from invoice_gateway.model.decision import Policy
from invoice_gateway.model.detail import Execution
from invoice_gateway.model.draft import Draft
from invoice_gateway.model.order import RequestState
from tests import messages as m
from tests.world import World, names

POLICY = {
    "RequestCancellationDays": 7,
    "ReminderDays": 10,
    "SuspensionDays": 20,
    "DeletionDays": 40,
}
INVOICE = "INV:REQ-1"


@pytest.fixture
def asked() -> World:
    """ACME has a policy of collection and REQ-1 of 2026-11-20 over 100.00."""
    return World().all(m.customer_account(terms=m.Terms(policy=POLICY)), m.request_raised())


@pytest.fixture
def executed(asked) -> World:
    """REQ-1 was executed without payment, its invoice kept, and its service runs."""
    _execute(asked)
    return asked.all(m.service_state())


def _execute(world: World) -> None:
    """Answer for the provisioning system, as if it had been asked."""
    request = replace(world.request(), state=RequestState.EXECUTING)
    invoice = world.invoice(INVOICE)
    detail = replace(invoice.detail, execution=Execution.EXECUTING)
    world.book.apply([request, replace(invoice, detail=detail)])
    draft = Draft(world.book, world.context())
    requests.outcome(draft, request, executed=True, reason=None)
    world.book.apply(draft.decision().changes)


def due(world: World, day: str, **said: str) -> list[str]:
    """Let a day begin for the invoice of the request; return the names of the events."""
    return names(world.send(m.timer_due(INVOICE, kind="request", day=day, **said)))


# -- the request ------------------------------------------------------------------------------


def test_an_unpaid_request_is_cancelled_with_its_invoice(asked):
    """S4-13, S4-29, D-12: on day 7, with 40.00 paid on day 3, which is free again."""
    asked.send(m.payment_posted(amount="40.00", value_date="2026-11-23", invoices=[INVOICE]))

    told = due(asked, "2026-11-27")

    found = asked.invoice(INVOICE)
    assert (found.lifecycle, found.pending, found.settled) == ("Cancelled", 0, 0)
    assert asked.memo("CX:INV:REQ-1").amount == 10_000
    assert asked.request().state is RequestState.CANCELLED
    assert asked.source().remaining == 4_000
    assert told[0] == "allocation.removed"
    assert told[-2:] == ["invoice.cancelled", "request.cancelled"]


def test_a_request_is_not_cancelled_a_day_early(asked):
    """S4-13: seven days are seven days."""
    assert due(asked, "2026-11-26") == []
    assert asked.request().state is RequestState.PENDING
    assert asked.invoice(INVOICE).wake_at.isoformat() == "2026-11-27T00:00:00+00:00"


def test_the_money_of_a_cancelled_request_pays_what_is_older(asked):
    """D-12: the release comes first, the cancellation next, then the automatic run."""
    asked.send(m.payment_posted(amount="40.00", invoices=[INVOICE]))
    asked.send(m.invoice_posted(lines=["60.00"]))

    due(asked, "2026-11-27")

    assert asked.invoice("INV-1").pending == 2_000
    assert asked.source().remaining == 0


def test_policy_may_hold_what_was_paid_in_part():
    """X-11: `auto_cancel_partial=hold` leaves request and invoice as they are."""
    world = World(policy=Policy(auto_cancel_partial="hold"))
    world.all(m.customer_account(terms=m.Terms(policy=POLICY)), m.request_raised())
    world.send(m.payment_posted(amount="40.00", invoices=[INVOICE]))

    due(world, "2026-11-27")

    assert world.request().state is RequestState.PENDING
    assert world.invoice(INVOICE).lifecycle == "Issued"


def test_what_was_paid_is_never_cancelled(asked):
    """A timer whose condition is gone does nothing."""
    asked.send(m.payment_posted(amount="100.00", invoices=[INVOICE]))

    assert due(asked, "2026-11-27") == []
    assert asked.request().state is RequestState.EXECUTING
    assert asked.invoice(INVOICE).wake_at is None


# -- reminders and the due date ---------------------------------------------------------------


def test_an_invoice_is_reminded_of_again_and_again(executed):
    """S4-16, S4-36, X-19: every ten days from the day it was raised, until it is paid."""
    assert "invoice.reminder-due" in due(executed, "2026-11-30")
    assert due(executed, "2026-12-05") == []
    assert "invoice.reminder-due" in due(executed, "2026-12-10")
    assert executed.invoice(INVOICE).detail.reminders == 2

    executed.send(m.payment_posted(amount="100.00", invoices=[INVOICE]))
    assert due(executed, "2026-12-20") == []


def test_an_invoice_is_overdue_the_day_after_its_due_date(executed):
    """Once, and cleared when it is settled."""
    assert executed.invoice(INVOICE).due_date.isoformat() == "2026-12-20"
    assert "invoice.overdue" not in due(executed, "2026-12-20")
    assert "invoice.overdue" in due(executed, "2026-12-21")
    assert "invoice.overdue" not in due(executed, "2026-12-22")

    told = executed.send(m.payment_posted(amount="100.00", invoices=[INVOICE]))
    assert "invoice.overdue-cleared" in names(told)


def test_an_erp_invoice_is_overdue_too(billed):
    """Also what was posted by an ERP, for an account without any policy."""
    invoice = billed.invoice()
    assert invoice.wake_at.date() > invoice.due_date

    told = names(billed.send(m.timer_due(day=invoice.wake_at.date().isoformat())))

    assert told == ["invoice.overdue"]
    assert billed.invoice().wake_at is None


def test_what_is_disputed_is_left_alone(executed):
    """D-08: no reminder, no suspension while all of it is disputed; afterwards at once."""
    executed.send(m.dispute_opened(invoice=INVOICE, sender="acme"))
    assert due(executed, "2026-11-30") == []
    assert "order.suspend-requested" not in due(executed, "2026-12-15")

    executed.send(m.dispute_resolution("ACME/DN-1/1", outcome="rejected"))
    assert "order.suspend-requested" in due(executed, "2026-12-16")


def test_policy_may_collect_what_is_disputed():
    """D-08: `dispute_pauses_collection=false`."""
    world = World(policy=Policy(dispute_pauses_collection=False))
    world.all(m.customer_account(terms=m.Terms(policy=POLICY)), m.request_raised())
    world.send(m.dispute_opened(invoice=INVOICE, sender="acme"))

    _execute(world)

    assert "invoice.reminder-due" in due(world, "2026-11-30")


def test_after_a_notice_reminders_pause_for_the_grace_days():
    """`declared_paid_grace_days`: the customer has said that it paid."""
    world = World(policy=Policy(declared_paid_grace_days=15))
    world.all(m.customer_account(terms=m.Terms(policy=POLICY)), m.request_raised())
    _execute(world)
    world.send(m.payment_notice(invoices=[INVOICE], effective_date="2026-11-20"))

    assert "invoice.reminder-due" not in due(world, "2026-11-30")
    assert "invoice.reminder-due" in due(world, "2026-12-10")


# -- the service ------------------------------------------------------------------------------


def test_the_service_is_suspended_then_deleted(executed):
    """S4-14, S4-15, S4-20: 20 and 40 days from the conversion (X-12), suspension first."""
    assert "order.suspend-requested" not in due(executed, "2026-12-09")
    assert "order.suspend-requested" in due(executed, "2026-12-10")
    assert "order.delete-requested" not in due(executed, "2026-12-29")
    assert "order.delete-requested" in due(executed, "2026-12-30")
    assert executed.order().suspended_by == (f"ENTERPRISE/{INVOICE}",)


def test_late_payment_asks_for_the_service_again(executed):
    """S4-37: settling what caused the suspension gives the service back."""
    due(executed, "2026-12-10")
    executed.send(m.service_state(state="suspended"))

    told = executed.send(m.payment_posted(amount="100.00", invoices=[INVOICE]))

    assert names(told)[-1] == "order.unsuspend-requested"
    assert executed.order().suspended_by == ()


def test_payment_after_deletion_is_told(executed):
    """It settles the invoice, and somebody has to look at it."""
    for day in ("2026-12-10", "2026-12-30"):
        due(executed, day)
    executed.send(m.service_state(state="deleted"))

    told = executed.send(m.payment_posted(amount="100.00", invoices=[INVOICE]))

    assert names(told)[-1] == "order.settled-after-deletion"
    assert executed.invoice(INVOICE).pending == 0


def test_what_does_not_run_is_not_suspended(asked):
    """A service that was never active has nothing to lose."""
    _execute(asked)

    assert "order.suspend-requested" not in due(asked, "2026-12-10")


def test_an_invoice_of_a_pending_request_has_no_dates(asked):
    """S4-18: suspension and deletion exist only where no request is pending."""
    assert due(asked, "2026-11-26") == []
    asked.send(m.service_state())
    told = due(asked, "2026-12-30")

    assert "invoice.cancelled" in told
    assert "order.suspend-requested" not in told


# -- disputes and access ----------------------------------------------------------------------


def test_a_dispute_without_answer_is_announced_once():
    """D-09: there is no automatic outcome."""
    world = World(policy=Policy(dispute_response_days=5))
    world.all(m.customer_account(), m.invoice_posted(), m.dispute_opened(lines=["1"]))
    assert world.dispute().respond_by.isoformat() == "2026-11-25T00:00:00+00:00"
    timer = m.timer_due(dispute="ACME/DN-1/1", day="2026-11-25")

    assert names(world.send(timer)) == ["dispute.response-overdue"]
    assert world.dispute().respond_by is None
    assert world.dispute().state == "open"


def test_an_answered_dispute_is_not_announced():
    """Closing it takes the day away."""
    world = World(policy=Policy(dispute_response_days=5))
    world.all(m.customer_account(), m.invoice_posted(), m.dispute_opened(lines=["1"]))
    world.send(m.dispute_resolution("ACME/DN-1/1", outcome="rejected"))

    assert world.dispute().respond_by is None
    told = world.send(m.timer_due(dispute="ACME/DN-1/1", day="2026-11-25"))
    assert names(told) == []


def test_one_jump_is_day_by_day(executed):
    """I-30: what fires in one go is what would have fired on its days."""
    jumped = World().all(m.customer_account(terms=m.Terms(policy=POLICY)), m.request_raised())
    _execute(jumped)
    jumped.send(m.service_state())
    first = date(2026, 11, 21)
    days = [first + timedelta(days=at) for at in range(60)]

    daily = [name for day in days for name in due(executed, day.isoformat())]

    assert sorted(daily) == sorted(due(jumped, days[-1].isoformat()))
    assert executed.invoice(INVOICE).detail == jumped.invoice(INVOICE).detail
