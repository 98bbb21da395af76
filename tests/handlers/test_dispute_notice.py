"""DisputeNotice: lines are disputed, disputes changed, taken back, joined."""

import pytest

from invoice_gateway.model.decision import AlreadyApplied
from invoice_gateway.model.errors import Rejected
from invoice_gateway.model.ledger import Dispute, DisputeState
from tests import messages as m
from tests.world import names, read


@pytest.fixture
def disputed(billed):
    """25.00 of line 1 of INV-1 are disputed by ACME."""
    return billed.all(m.dispute_opened(lines={"1": "25.00"}))


def amounts(world):
    """What is disputed: line -> minor units, of open disputes."""
    return {
        each.line_no: each.amount
        for each in world.book.all(Dispute)
        if each.state is DisputeState.OPEN
    }


# -- open -----------------------------------------------------------------------------------------


def test_lines_are_disputed_each_on_its_own(billed):
    """One dispute per line, sharing the notice (D-01); no amount is all that is due."""
    claim = m.Claim(reason="QUA", text="It restarts", evidence="ticket 7")

    decision = billed.send(m.dispute_opened(lines={"1": "25.00", "2": None}, claim=claim))

    assert names(decision) == [
        "invoice.line-status-changed",
        "invoice.line-status-changed",
        "invoice.status-changed",
        "dispute.opened",
        "dispute.opened",
    ]
    assert amounts(billed) == {"1": 2_500, "2": 4_000}
    event = decision.events[3].event
    assert (event.dispute_id, event.raised_by, event.raiser) == ("ACME/DN-1/1", "customer", "ACME")
    assert (event.reason_code, event.reason_text) == ("QUA", "It restarts")
    found = billed.dispute()
    assert (found.notice_id, found.evidence) == ("DN-1", "ticket 7")
    assert billed.says() == "DN DN"


def test_a_whole_invoice_is_disputed_line_by_line(billed):
    """D-03: all that is due, or an amount pro rata."""
    billed.send(m.dispute_opened())
    assert amounts(billed) == {"1": 6_000, "2": 4_000}

    billed.all(m.invoice_posted("INV-2"), m.dispute_opened("DN-2", invoice="INV-2", amount="50.00"))
    shares = [each.amount for each in billed.book.all(Dispute) if each.notice_id == "DN-2"]
    assert shares == [3_000, 2_000]


def test_a_settled_line_is_disputed_for_its_money(billed):
    """D-4, D-10: Disputed and Settled at once."""
    billed.all(m.payment_posted(amount="100.00"), m.dispute_opened(lines={"1": "10.00"}))

    derived = billed.invoice().derived
    assert (derived.status, derived.settlement_state) == ("Disputed", "Settled")
    assert billed.says() == "DR NR"


def test_a_debit_memo_line_can_be_disputed(billed):
    """By the number the gateway gave it."""
    billed.all(m.memo_posted("DM-1", credit=False, amount="7.00"))

    billed.send(m.dispute_opened(lines=["DM:DM-1:1"]))

    assert amounts(billed) == {"DM:DM-1:1": 700}


def test_financials_dispute_on_either_axis(billed):
    """Their own, or the customer's in its name (X-21); the ids do not collide."""
    billed.all(
        m.dispute_opened(lines=["1"], sender="financials"),
        m.dispute_opened("DN-2", lines=["2"], sender="financials", acting_for="customer"),
    )

    assert billed.says() == "ND DN"
    assert billed.dispute("ENTERPRISE/DN-2/2").raiser == "ACME"
    billed.send(m.dispute_opened("DN-2", lines=["1"]))
    assert billed.says() == "DD DN"


def test_the_other_side_joins_by_opening(disputed):
    """D-04: one record, both axes; the amount stays that of the raiser."""
    decision = disputed.send(m.dispute_opened(lines=["1"], sender="financials"))

    assert names(decision) == ["invoice.line-status-changed", "dispute.joined"]
    assert disputed.says() == "DD NN"
    assert amounts(disputed) == {"1": 2_500}


def test_the_dispute_of_somebody_else_is_not_raised_again(disputed):
    """Nor does the refusal tell what it is about."""
    disputed.send(m.invoice_posted("G-1", customer="GLOBEX"))
    claim = m.Claim(reopens="ACME/DN-1/1")

    refused = disputed.refusal(
        m.dispute_opened("DN-9", invoice="G-1", lines=["1"], claim=claim, sender="globex")
    )

    assert refused.code == "forbidden"
    assert "INV-1" not in refused.message


def test_a_rejected_dispute_may_be_raised_again(disputed):
    """D-06: a new id that names the old one."""
    disputed.send(m.dispute_resolution("ACME/DN-1/1", outcome="rejected"))

    disputed.send(
        m.dispute_opened("DN-9", lines=["1"], claim=m.Claim(reopens="ACME/DN-1/1")),
    )

    assert disputed.dispute("ACME/DN-9/1").reopens == "ACME/DN-1/1"
    assert disputed.dispute("ACME/DN-1/1").state is DisputeState.REJECTED


@pytest.mark.parametrize(
    ("invoice", "line", "reopens", "code"),
    [
        ("INV-1", "2", "ACME/DN-1/1", "dispute-already-open"),
        ("INV-2", "1", "ACME/DN-1/1", "bad-transition"),
        ("INV-1", "2", "ACME/DN-7/1", "unknown-dispute"),
    ],
)
def test_only_a_closed_dispute_of_the_invoice_is_raised_again(
    disputed, invoice, line, reopens, code
):
    """Not one that is open, about something else, or not there."""
    disputed.send(m.invoice_posted("INV-2"))
    claim = m.Claim(reopens=reopens)

    refused = disputed.refusal(m.dispute_opened("DN-9", invoice=invoice, lines=[line], claim=claim))

    assert refused.code == code


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"lines": ["9"]}, "unknown-line"),
        ({"lines": {"1": "60.01"}}, "dispute-amount"),
        ({"lines": {"1": "0.00"}}, "dispute-amount"),
        ({"amount": "100.01"}, "dispute-amount"),
        ({"lines": {"1": "5.00"}, "currency": "USD"}, "currency-mismatch"),
        ({"amount": "5.00", "currency": "USD"}, "currency-mismatch"),
        ({"invoice": "INV-9"}, "unknown-invoice"),
        ({"invoice": "DEAD"}, "bad-transition"),
        ({"invoice": "DEAD", "lines": ["1"]}, "bad-transition"),
        ({"sender": "globex"}, "forbidden"),
    ],
)
def test_what_cannot_be_disputed(billed, fields, code):
    """Lines there are, within their limit, in their currency, alive, and one's own."""
    billed.all(m.invoice_posted("DEAD", lines=["0.00"]))

    assert billed.refusal(m.dispute_opened(**fields)).code == code


def test_a_line_is_disputed_once(disputed):
    """By the same side; all lines of a notice or none."""
    refused = disputed.refusal(m.dispute_opened("DN-2", lines=["2", "1"]))

    assert refused.code == "dispute-already-open"
    assert amounts(disputed) == {"1": 2_500}


@pytest.mark.parametrize(
    "claim", [m.Claim(reason="OTH"), m.Claim(action="OTH"), m.Claim(reason="OTH", action="OTH")]
)
def test_other_needs_a_text(claim):
    """D-02, as reason and as action; refused when read."""
    with pytest.raises(Rejected, match="text-required"):
        read(m.dispute_opened(claim=claim))
    read(m.dispute_opened(claim=m.Claim(reason="OTH", action="OTH", text="see there")))


# -- amend ----------------------------------------------------------------------------------------


def test_the_raiser_amends(disputed):
    """What is named changes; the freed part is paid by idle money (A-03)."""
    disputed.send(m.payment_posted(amount="100.00"))
    assert disputed.source().remaining == 2_500

    decision = disputed.send(
        m.dispute_amended(
            "ACME/DN-1/1",
            amount="15.00",
            reason="OTH",
            text="half of it came",
            action="PIN",
            evidence="photo",
        )
    )

    assert names(decision) == ["allocation.posted", "dispute.amended"]
    event = decision.events[-1].event
    assert (event.amount.minor, event.reason_code, event.requested_action) == (1_500, "OTH", "PIN")
    assert event.reason_text == "half of it came"
    assert disputed.source().remaining == 1_500


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"amount": "60.01"}, "dispute-amount"),
        ({"amount": "5.00", "currency": "USD"}, "currency-mismatch"),
        ({"amount": "5.00", "sender": "financials"}, "forbidden"),
        ({"amount": "5.00", "sender": "globex"}, "forbidden"),
    ],
)
def test_an_amendment_has_its_limits(disputed, fields, code):
    """Within the line, in its currency, by the side that raised it."""
    assert disputed.refusal(m.dispute_amended("ACME/DN-1/1", **fields)).code == code


def test_an_amendment_to_other_needs_a_text():
    """D-02 again."""
    with pytest.raises(Rejected, match="text-required"):
        read(m.dispute_amended("ACME/DN-1/1", reason="OTH"))


# -- withdraw -------------------------------------------------------------------------------------


def test_a_withdrawn_dispute_leaves_no_trace_on_the_line(disputed):
    """And what idle money was kept off is paid."""
    disputed.send(m.payment_posted(amount="100.00"))

    decision = disputed.send(m.dispute_withdrawn("ACME/DN-1/1", text="settled"))

    assert names(decision) == [
        "allocation.posted",
        "invoice.line-status-changed",
        "invoice.line-status-changed",
        "invoice.status-changed",
        "dispute.withdrawn",
    ]
    assert disputed.says() == "NR NR"
    assert disputed.invoice().derived.closure_reason == "Paid"
    assert disputed.dispute().state is DisputeState.WITHDRAWN


def test_both_axes_return_when_a_joined_dispute_is_withdrawn(disputed):
    """I-18: two moves."""
    disputed.send(m.dispute_joined("ACME/DN-1/1", sender="financials"))
    assert disputed.says() == "DD NN"

    disputed.send(m.dispute_withdrawn("ACME/DN-1/1"))

    assert disputed.says() == "NN NN"


def test_financials_withdraw_what_they_raised_for_the_customer(billed):
    """In its name again; and the customer may, too."""
    opened = m.dispute_opened(lines=["1"], sender="financials", acting_for="customer")
    billed.send(opened)
    assert (
        billed.refusal(m.dispute_withdrawn("ENTERPRISE/DN-1/1", sender="financials")).code
        == "forbidden"
    )

    billed.send(
        m.dispute_withdrawn("ENTERPRISE/DN-1/1", sender="financials", acting_for="customer")
    )

    assert billed.says() == "NN NN"


# -- join -----------------------------------------------------------------------------------------


def test_a_side_does_not_join_its_own_dispute(disputed):
    """Neither the customer nor the enterprise."""
    assert disputed.refusal(m.dispute_joined("ACME/DN-1/1")).code == "dispute-already-open"
    disputed.send(m.dispute_opened("E", lines=["2"], sender="financials"))
    refused = disputed.refusal(m.dispute_joined("ENTERPRISE/E/2", sender="financials"))
    assert refused.code == "dispute-already-open"


def test_a_customer_joins_once(disputed):
    """It is in it then."""
    disputed.send(m.dispute_opened("E", lines=["2"], sender="financials"))
    disputed.send(m.dispute_joined("ENTERPRISE/E/2", notice="J-1"))

    refused = disputed.refusal(m.dispute_joined("ENTERPRISE/E/2", notice="J-2"))

    assert refused.code == "dispute-already-open"


def test_an_enterprise_joins_again_without_effect(disputed):
    """A no-op."""
    disputed.send(m.dispute_joined("ACME/DN-1/1", notice="J-1", sender="financials"))

    again = m.dispute_joined("ACME/DN-1/1", notice="J-2", sender="financials")

    assert names(disputed.send(again)) == []


# -- any of them ----------------------------------------------------------------------------------

COMMANDS = {
    "amend": lambda dispute, **said: m.dispute_amended(dispute, amount="5.00", **said),
    "withdraw": m.dispute_withdrawn,
    "join": lambda dispute, **said: m.dispute_joined(dispute, sender="financials", **said),
}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_a_dispute_must_be_there_and_open(disputed, command):
    """Waited for when it is not there; refused when it is closed."""
    refused = disputed.refusal(command("ACME/DN-7/1"))
    assert refused.waits_for == ("dispute", "ACME/DN-7/1")
    disputed.send(m.dispute_resolution("ACME/DN-1/1", outcome="rejected"))

    assert disputed.refusal(command("ACME/DN-1/1")).code == "dispute-not-open"


def test_a_notice_counts_once(disputed):
    """P-02: by party and notice id, whatever it commands."""
    with pytest.raises(AlreadyApplied):
        disputed.send(m.dispute_opened(lines={"1": "25.00"}, sender="acme-portal"))
    assert disputed.refusal(m.dispute_opened(lines=["2"])).code == "idempotency-conflict"
    refused = disputed.refusal(m.dispute_withdrawn("ACME/DN-1/1", notice="DN-1"))
    assert refused.code == "idempotency-conflict"
