"""LineStatusUpdate: each side speaks for its own axis; financials for the customer in its name."""

import pytest

from invoice_gateway.model.errors import Rejected
from tests import messages as m
from tests.world import names, read

FOR_CUSTOMER = {"sender": "financials", "acting_for": "customer"}


@pytest.mark.parametrize("sender", ["acme", "acme-portal"])
def test_the_customer_declares_and_retracts(billed, sender):
    """Its own axis, line by line."""
    decision = billed.send(m.line_status_update(lines=["1", "2"], text="by cheque", sender=sender))
    assert billed.says() == "PN PN"
    event = decision.events[0].event
    assert (event.axis, event.reason, event.acting_for) == ("customer", "by cheque", None)

    billed.send(m.line_status_update("retract-paid", lines=["2"], sender=sender))
    assert billed.says() == "PN NN"


def test_financials_confirm_what_the_ledger_does_not_know(billed):
    """S3-16: cash at the counter; the ledger does not undo it."""
    billed.send(m.line_status_update("confirm-receipt"))
    assert billed.says() == "NR NN"
    assert billed.line("1").receipt_manual

    billed.all(m.payment_posted(amount="10.00"), m.remove())
    assert billed.says() == "NR NN"

    billed.send(m.line_status_update("reverse-receipt"))
    assert billed.says() == "NN NN"
    assert not billed.line("1").receipt_manual


def test_a_settled_line_needs_no_confirmation_by_hand(billed):
    """A no-op, and the ledger stays in charge."""
    billed.send(m.payment_posted(amount="60.00"))

    assert names(billed.send(m.line_status_update("confirm-receipt"))) == []
    assert not billed.line("1").receipt_manual
    billed.send(m.remove())
    assert billed.says() == "NN NN"


def test_a_settled_line_cannot_be_unreceived_by_hand(billed):
    """Money says otherwise: remove the allocation or reverse the payment."""
    billed.send(m.payment_posted(amount="60.00"))

    refused = billed.refusal(m.line_status_update("reverse-receipt"))

    assert refused.code == "bad-transition"
    assert "settled by money" in refused.message


def test_a_dead_line_may_be_unreceived(billed):
    """Nothing is due on it, nothing depends on it."""
    billed.all(
        m.line_status_update("confirm-receipt"),
        m.memo_posted(lines={"1": "60.00"}),
        m.line_status_update("reverse-receipt"),
    )

    assert billed.says() == "NN NN"


def test_in_a_dispute_the_shadow_moves(billed):
    """Nothing is announced until the dispute is closed."""
    billed.send(m.dispute_opened(lines=["1"]))

    assert names(billed.send(m.line_status_update())) == []
    billed.send(m.dispute_withdrawn("ACME/DN-1/1"))

    assert billed.says() == "PN NN"


@pytest.mark.parametrize("command", ["declare-paid", "retract-paid"])
def test_financials_speak_for_the_customer_in_its_name(billed, command):
    """X-21: with a reason, and on record."""
    billed.send(m.line_status_update(lines=["2"]))

    billed.send(
        m.line_status_update(command, lines=["1", "2"], text="by telephone", **FOR_CUSTOMER)
    )

    assert billed.says() == ("PN PN" if command == "declare-paid" else "NN NN")
    assert billed.events[-2].acting_for == "customer"
    assert billed.events[-2].role == "financials"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"command": "declare-paid", "sender": "financials"}, "forbidden"),
        ({"command": "declare-paid", **FOR_CUSTOMER}, "text-required"),
        ({"command": "confirm-receipt", "sender": "acme"}, "forbidden"),
        ({"command": "confirm-receipt", "sender": "acme-portal"}, "forbidden"),
        ({"command": "confirm-receipt", "text": "x", **FOR_CUSTOMER}, "forbidden"),
        ({"command": "declare-paid", "sender": "globex"}, "forbidden"),
        ({"lines": ["1", "9"]}, "unknown-line"),
        ({"invoice": "INV-9"}, "unknown-invoice"),
    ],
)
def test_who_may_not_and_what_is_not_there(billed, fields, code):
    """All lines or none."""
    assert billed.refusal(m.line_status_update(**fields)).code == code


def test_the_refusal_says_how_financials_may(billed):
    """With ActingFor=customer."""
    refused = billed.refusal(m.line_status_update(sender="financials"))

    assert refused.message.endswith("axis without ActingFor=customer")


@pytest.mark.parametrize(
    ("command", "axis"),
    [
        ("declare-paid", "enterprise"),
        ("retract-paid", "enterprise"),
        ("confirm-receipt", "customer"),
        ("reverse-receipt", "customer"),
    ],
)
def test_a_command_belongs_to_its_axis(command, axis):
    """Refused when read."""
    with pytest.raises(Rejected, match=f"bad-transition: {command} moves the .* not the {axis}"):
        read(m.line_status_update(command, axis=axis))
