"""DisputeResolution: upheld, upheld in part, or rejected; credits and money follow at once."""

from datetime import date

import pytest

from invoice_gateway.model.ledger import DisputeState
from tests import messages as m
from tests.world import names

ID = "ACME/DN-1/1"


@pytest.fixture
def disputed(billed):
    """25.00 of line 1 of INV-1 are disputed by ACME."""
    return billed.all(m.dispute_opened(lines={"1": "25.00"}))


def test_an_upheld_dispute_credits_what_was_disputed(disputed):
    """The memo carries the dispute and closes it; the line lives on with the rest."""
    decision = disputed.send(m.dispute_resolution(ID, text="as agreed", resolved_on="2026-11-28"))

    assert names(decision) == [
        "memo.posted",
        "invoice.line-status-changed",
        "invoice.status-changed",
        "dispute.resolved",
    ]
    assert (disputed.line("1").credited, disputed.line("1").open) == (2_500, 3_500)
    memo = disputed.memo(f"CM:{ID}")
    assert (memo.amount, memo.dispute_id, memo.reason_code) == (2_500, ID, "PRI")
    assert (memo.issued_on, memo.reason_text) == (date(2026, 11, 28), "as agreed")
    found = disputed.dispute()
    assert (found.state, found.memo) == (DisputeState.UPHELD, f"CM:{ID}")
    event = decision.events[-1].event
    assert (event.outcome, event.amount.minor, event.memo) == ("upheld", 2_500, f"CM:{ID}")
    assert disputed.says() == "NN NN"


def test_upheld_in_part_credits_less_and_idle_money_pays_the_rest(disputed):
    """D-3: 15.00 of 25.00 upheld; 10.00 of the 25.00 kept back pay the line."""
    disputed.send(m.payment_posted(amount="100.00"))
    assert disputed.source().remaining == 2_500

    decision = disputed.send(m.dispute_resolution(ID, outcome="upheld-partial", amount="15.00"))

    assert names(decision)[:2] == ["memo.posted", "allocation.posted"]
    derived = disputed.invoice().derived
    assert (derived.status, derived.closure_reason) == ("Paid", "Mixed")
    assert disputed.source().remaining == 1_500
    assert disputed.dispute().state is DisputeState.UPHELD_PARTIAL


def test_a_rejected_dispute_credits_nothing(disputed):
    """D-06: the customer's axis returns to what it was; no memo."""
    decision = disputed.send(m.dispute_resolution(ID, outcome="rejected", text="as ordered"))

    assert names(decision) == [
        "invoice.line-status-changed",
        "invoice.status-changed",
        "dispute.resolved",
    ]
    event = decision.events[-1].event
    assert (event.outcome, event.amount.minor, event.memo) == ("rejected", 0, None)
    assert event.reason_text == "as ordered"
    assert disputed.says() == "NN NN"


def test_an_upheld_dispute_of_a_paid_line_becomes_open_credit(world):
    """D-4: the line keeps Paid / Payment Received, the customer gets open credit of 10.00."""
    world.all(
        m.invoice_posted(lines=["60.00"]),
        m.line_status_update(),
        m.payment_posted(amount="60.00"),
        m.dispute_opened(lines={"1": "10.00"}),
    )
    derived = world.invoice().derived
    assert (derived.status, derived.settlement_state) == ("Disputed", "Settled")

    decision = world.send(m.dispute_resolution(ID))

    assert names(decision) == [
        "memo.posted",
        "credit.created",
        "invoice.line-status-changed",
        "invoice.status-changed",
        "dispute.resolved",
    ]
    assert world.says() == "PR"
    assert world.source(f"CM:{ID}").remaining == 1_000
    derived = world.invoice().derived
    assert (derived.status, derived.closure_reason) == ("Paid", "Paid")


def test_a_line_credited_to_nothing_leaves_the_rest_to_decide(billed):
    """The whole line upheld, the other paid: Paid, closure Mixed."""
    billed.all(
        m.dispute_opened(lines=["1"]),
        m.payment_posted(amount="40.00"),
        m.dispute_resolution(ID),
    )

    assert not billed.line("1").live
    derived = billed.invoice().derived
    assert (derived.status, derived.closure_reason) == ("Paid", "Mixed")
    assert billed.dispute().state is DisputeState.UPHELD


def test_a_dispute_of_the_enterprise_is_resolved_too(billed):
    """Its own axis returns."""
    billed.all(
        m.dispute_opened(lines=["1"], sender="financials"),
        m.dispute_resolution("ENTERPRISE/DN-1/1", outcome="rejected"),
    )

    assert billed.says() == "NN NN"


def test_a_joined_dispute_closes_on_both_axes(disputed):
    """I-17, I-18."""
    disputed.all(
        m.dispute_joined(ID, sender="financials"), m.dispute_resolution(ID, outcome="rejected")
    )

    assert disputed.says() == "NN NN"


@pytest.fixture
def credited(disputed):
    """Line 1, disputed for 25.00, has only 5.00 left to credit: memos took 55.00 before."""
    return disputed.all(m.memo_posted(lines={"1": "55.00"}))


def test_upheld_credits_no_more_than_there_is_left(credited):
    """Of 25.00 disputed, 5.00."""
    credited.send(m.dispute_resolution(ID))

    assert credited.memo(f"CM:{ID}").amount == 500
    assert credited.dispute().state is DisputeState.UPHELD


def test_upheld_with_nothing_left_to_credit_needs_no_memo(billed):
    """A paid line whose every cent was credited meanwhile."""
    billed.all(
        m.payment_posted(amount="100.00"),
        m.dispute_opened(lines={"1": "25.00"}),
        m.memo_posted(lines={"1": "60.00"}),
    )

    decision = billed.send(m.dispute_resolution(ID))

    assert "memo.posted" not in names(decision)
    assert decision.events[-1].event.memo is None
    assert billed.dispute().state is DisputeState.UPHELD


def test_a_part_over_what_is_left_is_refused(credited):
    """Financials name the amount; it must be possible."""
    refused = credited.refusal(m.dispute_resolution(ID, outcome="upheld-partial", amount="5.01"))

    assert refused.code == "exceeds-creditable"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"outcome": "rejected", "amount": "5.00"}, "dispute-amount"),
        ({"outcome": "upheld", "amount": "24.99"}, "dispute-amount"),
        ({"outcome": "upheld-partial"}, "dispute-amount"),
        ({"outcome": "upheld-partial", "amount": "0.00"}, "dispute-amount"),
        ({"outcome": "upheld-partial", "amount": "25.00"}, "dispute-amount"),
        ({"outcome": "upheld", "amount": "25.00", "currency": "USD"}, "currency-mismatch"),
    ],
)
def test_the_amount_fits_the_outcome(disputed, fields, code):
    """Nothing when rejected, all when upheld, something between when in part."""
    assert disputed.refusal(m.dispute_resolution(ID, **fields)).code == code


@pytest.mark.parametrize(
    "fields", [{"outcome": "rejected", "amount": "0.00"}, {"outcome": "upheld", "amount": "25.00"}]
)
def test_the_amount_may_be_said_where_it_is_known(disputed, fields):
    """Zero for a rejection, the whole for an upheld dispute."""
    assert names(disputed.send(m.dispute_resolution(ID, **fields)))[-1] == "dispute.resolved"


def test_a_dispute_is_resolved_once(disputed):
    """And waited for before it is there."""
    disputed.send(m.dispute_resolution(ID, outcome="rejected"))

    assert disputed.refusal(m.dispute_resolution(ID)).code == "dispute-not-open"
    refused = disputed.refusal(m.dispute_resolution("ACME/DN-7/1"))
    assert refused.waits_for == ("dispute", "ACME/DN-7/1")
