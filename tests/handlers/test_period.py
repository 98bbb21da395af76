"""P-06: backdating is allowed into an open period, and never into a closed one."""

from datetime import date

import pytest

from invoice_gateway.model.decision import Policy
from tests import messages as m
from tests.world import World

LOCK = date(2026, 10, 31)


@pytest.fixture
def world() -> World:
    """ACME; October is closed."""
    world = World(policy=Policy(period_lock_date=LOCK))
    return world.all(m.customer_account(), m.invoice_posted(issue_date="2026-11-01"))


@pytest.mark.parametrize(
    "message",
    [
        m.invoice_posted("OLD", issue_date="2026-10-31"),
        m.payment_posted(value_date="2026-10-31"),
        m.memo_posted(lines={"1": "1.00"}, issue_date="2026-10-31"),
        m.credit_note_posted(issue_date="2026-10-01"),
        m.line_status_update("declare-paid", effective_date="2026-10-31"),
    ],
    ids=["invoice", "payment", "memo", "credit-note", "status"],
)
def test_a_closed_period_takes_nothing_more(world, message):
    """Whatever it is that would count from a day with closed books; nothing changes."""
    refused = world.refusal(message)

    assert refused.code == "period-locked"
    assert "2026-10-31" in refused.message


@pytest.mark.parametrize(
    "message",
    [
        m.invoice_posted("NEW", issue_date="2026-11-01"),
        m.payment_posted(value_date="2026-11-01"),
        m.line_status_update("declare-paid", effective_date="2026-11-01"),
    ],
)
def test_an_open_period_may_be_backdated_into(world, message):
    """The day after the lock is open."""
    world.send(message)
