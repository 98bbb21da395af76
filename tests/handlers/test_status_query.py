"""StatusQuery: how invoices stand; an answer each, and nothing changes."""

import pytest

from tests import messages as m
from tests.world import names


def test_the_answer_has_status_sums_and_lines(billed):
    """The full status block, as `invoice.issued` and `invoice.status-changed` carry it."""
    billed.send(m.payment_posted(amount="70.00"))

    [stamped] = billed.send(m.status_query(message_id="Q-1")).events

    event = stamped.event
    assert (event.invoice.number, event.customer, event.lifecycle) == ("INV-1", "ACME", "Issued")
    assert (event.state.status, event.state.settlement_state) == (
        "Partially Paid",
        "PartiallySettled",
    )
    assert (event.totals.settled, event.totals.pending) == ((7_000, "EUR"), (3_000, "EUR"))
    assert [(each.line_no, each.enterprise_status, each.open.minor) for each in event.line] == [
        ("1", "Payment Received", 0),
        ("2", "New", 3_000),
    ]
    assert (stamped.aggregate_id, stamped.version) == ("acme/Q-1", 1)


def test_many_are_answered_in_the_order_asked(billed):
    """Counted under the question: an invoice's own events keep their numbers."""
    billed.send(m.invoice_posted("INV-2"))
    before = billed.invoice()

    decision = billed.send(m.status_query(["INV-2", "INV-1"]))

    assert names(decision) == ["status.reported"] * 2
    assert [each.event.invoice.number for each in decision.events] == ["INV-2", "INV-1"]
    assert [each.version for each in decision.events] == [1, 2]
    assert decision.changes == ()
    assert billed.invoice() == before


def test_an_unknown_invoice_is_waited_for(billed):
    """All of the question waits."""
    refused = billed.refusal(m.status_query(["INV-1", "INV-9"]))

    assert refused.code == "unknown-invoice"
    assert refused.waits_for == ("invoice", "ENTERPRISE/INV-9")


@pytest.mark.parametrize("sender", ["acme", "erp", "financials"])
def test_a_reseller_asks_about_its_customers(world, sender):
    """A partner sees what is beneath it, the enterprise everything (DOMAIN §3.16)."""
    world.send(m.invoice_posted("SHOP-1", customer="ACME-SHOP"))

    assert names(world.send(m.status_query(["SHOP-1"], sender=sender))) == ["status.reported"]
