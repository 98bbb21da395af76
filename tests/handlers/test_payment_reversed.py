"""PaymentReversed: bounce and chargeback take money back, a refund gives unapplied money out."""

import pytest

from invoice_gateway.model.decision import AlreadyApplied
from invoice_gateway.model.errors import Rejected
from invoice_gateway.model.ledger import Allocation, AllocationState, FundsState, Pair, Reversal
from tests import messages as m
from tests.world import key, names, read


@pytest.fixture
def paid(billed):
    """INV-1 (60.00 and 40.00) paid by 100.00 of PAY-1."""
    return billed.all(m.payment_posted(amount="100.00"))


def test_a_bounce_takes_everything_back(paid):
    """A-10: allocations removed, lines reopened, the payment marked bounced."""
    decision = paid.send(m.payment_reversed(reason="AM04"))

    assert names(decision) == [
        "payment.bounced",
        "allocation.removed",
        "invoice.line-status-changed",
        "invoice.line-status-changed",
        "invoice.status-changed",
    ]
    source = paid.source()
    assert (source.charged_back, source.remaining, source.allocated) == (10_000, 0, 0)
    assert source.funds_state is FundsState.BOUNCED
    assert paid.invoice().pending == 10_000
    assert paid.says() == "NN NN"
    event = decision.events[0].event
    assert (event.amount.minor, event.reason_code) == (10_000, "AM04")
    [reversal] = paid.book.all(Reversal)
    assert (reversal.amount, reversal.kind, reversal.reference) == (10_000, "bounce", "REV-1")


def test_unapplied_money_goes_first(paid):
    """What was not spent is taken before any allocation is touched."""
    paid.send(m.payment_posted("PAY-2", amount="50.00"))

    decision = paid.send(m.payment_reversed(payment="PAY-2", kind="chargeback", amount="20.00"))

    assert names(decision) == ["payment.charged-back"]
    source = paid.source("PAY-2")
    assert (source.remaining, source.charged_back) == (3_000, 2_000)
    assert source.funds_state is FundsState.RECEIVED


def test_the_newest_allocation_goes_first(world):
    """A-10: and what is not needed of it is posted again."""
    world.all(
        m.invoice_posted("A", lines=["50.00"], issue_date="2026-11-01"),
        m.invoice_posted("B", lines=["30.00", "20.00"], issue_date="2026-11-02"),
        m.payment_posted(amount="100.00"),
    )

    decision = world.send(m.payment_reversed(amount="15.00"))

    assert names(decision)[:3] == ["payment.bounced", "allocation.removed", "allocation.posted"]
    assert world.allocations("A") == [("PAY-1", 5_000, "auto")]
    assert world.allocations("B") == [("PAY-1", 3_500, "auto")]
    assert [each.settled for each in world.invoice("B").lines] == [3_000, 500]
    assert world.says("B") == "NR NN"
    states = [each.state for each in world.book.all(Allocation)]
    assert states == [AllocationState.POSTED, AllocationState.REMOVED, AllocationState.POSTED]


def test_it_goes_as_far_back_as_it_must(world):
    """One allocation after the other until the amount is there."""
    world.all(
        m.invoice_posted("A", lines=["50.00"], issue_date="2026-11-01"),
        m.invoice_posted("B", lines=["50.00"], issue_date="2026-11-02"),
        m.payment_posted(amount="110.00"),
    )

    world.send(m.payment_reversed(amount="80.00"))

    assert world.invoice("B").pending == 5_000
    assert world.allocations("A") == [("PAY-1", 3_000, "auto")]
    assert world.source().remaining == 0


def test_the_customer_is_no_longer_taken_at_its_word(paid):
    """A-10: Paid is retracted on the lines that lost money, and on those alone."""
    paid.send(m.line_status_update(lines=["1", "2"]))

    paid.send(m.payment_reversed(amount="10.00"))

    assert paid.says() == "PR NN"
    moves = [each for each in paid.events if each.name == "invoice.line-status-changed"]
    assert [(each.axis, each.role, each.reason) for each in moves[-2:]] == [
        ("customer", "system", "bounce"),
        ("enterprise", "system", "reopened"),
    ]


def test_a_declaration_made_in_a_dispute_is_retracted_behind_it(paid):
    """The shadow moves; the dispute stays."""
    paid.all(
        m.line_status_update(lines=["2"]),
        m.dispute_opened(lines={"2": "5.00"}),
        m.payment_reversed(amount="10.00"),
    )
    assert paid.says() == "NR DN"

    paid.send(m.dispute_withdrawn("ACME/DN-1/2"))

    assert paid.says() == "NR NN"


def test_other_money_steps_in(paid):
    """A-03: what was reopened is paid by what is idle."""
    paid.send(m.payment_posted("PAY-2", amount="30.00"))

    paid.send(m.payment_reversed())

    assert paid.allocations() == [("PAY-2", 3_000, "auto")]


def test_a_second_reversal_takes_what_is_left(paid):
    """Without an amount: all that was not taken before."""
    paid.all(m.payment_reversed(amount="30.00"), m.payment_reversed("REV-2", kind="chargeback"))

    assert paid.source().charged_back == 10_000
    refused = paid.refusal(m.payment_reversed("REV-3"))
    assert refused.code == "exceeds-source"


# -- refunds (A-09) -------------------------------------------------------------------------------


def test_a_refund_pays_out_what_is_unapplied(paid):
    """Not what has paid an invoice."""
    paid.send(m.payment_posted("PAY-2", amount="50.00"))

    decision = paid.send(m.payment_reversed(payment="PAY-2", kind="refund", amount="20.00"))

    assert names(decision) == ["payment.refunded"]
    event = decision.events[0].event
    assert (event.amount.minor, event.remaining.minor) == (2_000, 3_000)
    assert paid.source("PAY-2").refunded == 2_000
    assert paid.refusal(m.payment_reversed("REV-9", kind="refund", amount="1.00")).code == (
        "exceeds-source"
    )


def test_a_refund_without_amount_pays_out_all_that_is_unapplied(paid):
    """And nothing is no refund."""
    paid.send(m.payment_posted("PAY-2", amount="50.00"))

    paid.send(m.payment_reversed(payment="PAY-2", kind="refund"))

    assert paid.source("PAY-2").remaining == 0
    assert paid.refusal(m.payment_reversed("REV-2", payment="PAY-2", kind="refund")).code == (
        "exceeds-source"
    )


@pytest.mark.parametrize(("amount", "left"), [(None, 0), ("20.00", 8_000)])
def test_a_refund_of_an_invoice_takes_the_money_off_it_first(paid, amount, left):
    """Remove and refund in one; the rest stays free and is not put back (A-06)."""
    decision = paid.send(m.payment_reversed(kind="refund", invoice="INV-1", amount=amount))

    assert names(decision)[:2] == ["allocation.removed", "payment.refunded"]
    assert paid.invoice().pending == 10_000
    assert paid.source().remaining == left
    [pair] = paid.book.all(Pair)
    assert (pair.invoice, pair.blocked) == (key("INV-1"), True)


def test_a_refund_of_an_invoice_may_take_unapplied_money_too(billed):
    """120.00 over an invoice of 100.00: taking it off leaves 120.00 to refund."""
    billed.send(m.payment_posted(amount="120.00"))

    billed.send(m.payment_reversed(kind="refund", invoice="INV-1", amount="110.00"))

    assert billed.source().refunded == 11_000
    assert billed.source().remaining == 1_000


def test_a_refund_of_an_invoice_that_got_nothing_is_refused(paid):
    """There is nothing to take off."""
    paid.send(m.invoice_posted("INV-2"))

    refused = paid.refusal(m.payment_reversed(kind="refund", invoice="INV-2"))

    assert refused.code == "nothing-allocated"


# -- refusals -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["bounce", "chargeback", "refund"])
def test_no_more_goes_out_than_came_in(paid, kind):
    """Whatever it is called."""
    refused = paid.refusal(m.payment_reversed(kind=kind, amount="100.01"))

    assert refused.code == "exceeds-source"


def test_an_unknown_payment_is_waited_for(world):
    """Parked under its own code."""
    refused = world.refusal(m.payment_reversed())

    assert refused.code == "unknown-payment"
    assert refused.waits_for == ("source", "ACME/payment/PAY-1")


def test_a_refund_of_an_unknown_invoice_is_waited_for(paid):
    """As every reference to an invoice."""
    refused = paid.refusal(m.payment_reversed(kind="refund", invoice="INV-9"))

    assert refused.code == "unknown-invoice"


def test_the_same_reversal_again_is_a_duplicate(paid):
    """P-02, by payer and reversal id."""
    paid.send(m.payment_reversed(amount="1.00"))

    with pytest.raises(AlreadyApplied):
        paid.send(m.payment_reversed(amount="1.00", message_id="again"))
    assert paid.refusal(m.payment_reversed(amount="2.00")).code == "number-taken"


def test_a_reversal_is_in_the_currency_of_the_payment(paid):
    """Euros came in, euros go out."""
    refused = paid.refusal(m.payment_reversed(amount="1.00", currency="USD"))

    assert refused.code == "currency-mismatch"


@pytest.mark.parametrize("amount", ["0.00", "-1.00"])
def test_a_reversal_is_positive(amount):
    """Refused when read."""
    with pytest.raises(Rejected, match="amount-not-positive"):
        read(m.payment_reversed(amount=amount))
