"""CreditNotePosted: open credit of a customer, tied to no invoice."""

import pytest

from invoice_gateway.model.decision import AlreadyApplied
from invoice_gateway.model.errors import Rejected
from tests import messages as m
from tests.world import names, read


def test_it_is_open_credit_until_there_is_something_to_pay(world):
    """Then it pays, after money would (A-03), and is consumed in the end."""
    decision = world.send(m.credit_note_posted(amount="100.00", reason="DEL"))
    assert names(decision) == ["memo.posted", "credit.created"]
    event = decision.events[1].event
    assert (event.reference, event.origin, event.amount) == ("CN-1", "credit-note", (10_000, "EUR"))
    assert world.memo("CN-1").reason_code == "DEL"

    decision = world.send(m.invoice_posted())

    assert names(decision)[:3] == ["invoice.issued", "allocation.posted", "credit.consumed"]
    derived = world.invoice().derived
    assert (derived.status, derived.closure_reason) == ("Paid", "Credited")
    assert world.says() == "NR NR"


def test_it_pays_what_is_open_at_once(billed):
    """Oldest first."""
    decision = billed.send(m.credit_note_posted(amount="60.00"))

    assert names(decision) == [
        "memo.posted",
        "credit.created",
        "allocation.posted",
        "credit.consumed",
        "invoice.line-status-changed",
        "invoice.status-changed",
    ]
    assert billed.allocations() == [("CN-1", 6_000, "auto")]


def test_the_same_note_again_is_a_duplicate(world):
    """P-02, by number."""
    world.send(m.credit_note_posted())

    with pytest.raises(AlreadyApplied):
        world.send(m.credit_note_posted(message_id="again"))
    assert world.refusal(m.credit_note_posted(amount="61.00")).code == "number-taken"


def test_a_number_is_taken_by_any_memo(billed):
    """Credit notes and memos are numbered together (P-02)."""
    billed.send(m.memo_posted("N-1", amount="5.00"))

    assert billed.refusal(m.credit_note_posted("N-1")).code == "number-taken"


def test_an_unknown_customer_is_waited_for(world):
    """Parked until the account is there."""
    assert world.refusal(m.credit_note_posted(customer="NEW")).waits_for == ("party", "NEW")


@pytest.mark.parametrize("amount", ["0.00", "-5.00"])
def test_a_credit_note_is_positive(amount):
    """Refused when read."""
    with pytest.raises(Rejected, match="amount-not-positive"):
        read(m.credit_note_posted(amount=amount))
