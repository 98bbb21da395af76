"""ReversalPosted: discounts, bad debts, money-backs, and documents taken back (S4-32 to S4-34)."""

import pytest

from invoice_gateway.model.decision import AlreadyApplied
from invoice_gateway.model.ledger import DisputeState, Reversal
from invoice_gateway.model.order import ServiceState
from tests import messages as m
from tests.model.build import order
from tests.world import names

FEE = m.Item(net="10.00", number="9", kind="application-fee", description="Application fee")


@pytest.fixture
def paid(billed):
    """INV-1 (60.00 and 40.00) paid by 100.00 of PAY-1."""
    return billed.all(m.payment_posted(amount="100.00"))


# -- discount (S4-32, S4-34) ----------------------------------------------------------------------


def test_a_discount_takes_what_is_open_first(billed):
    """S4-34: line by line in document order; what is paid comes after what is not."""
    billed.send(m.payment_posted(amount="70.00"))

    decision = billed.send(m.discount(amount="35.00", text="Loyal customer"))

    assert names(decision)[:2] == ["discount.posted", "credit.created"]
    assert [(each.credited, each.excess) for each in billed.invoice().lines] == [
        (0, 500),
        (3_000, 0),
    ]
    assert (billed.invoice().discounts, billed.invoice().credits) == (3_000, 0)
    assert billed.invoice().pending == 0
    assert billed.source("DC-1").remaining == 500
    told = decision.events[0].event
    assert (told.amount.minor, told.applied.minor, told.open_credit.minor) == (3_500, 3_000, 500)
    assert (told.doc_type, told.reason_text) == ("discount", "Loyal customer")


def test_a_discount_after_payment_becomes_open_credit(paid):
    """X-05, I-07: nothing is owed, so all of it is the customer's to use; it pays what is next."""
    paid.send(m.invoice_posted("INV-2"))

    decision = paid.send(m.discount(amount="15.00"))

    assert "credit.consumed" in names(decision)
    assert paid.allocations() == [("PAY-1", 10_000, "auto")]
    assert paid.allocations("INV-2") == [("DC-1", 1_500, "auto")]
    assert paid.invoice().derived.closure_reason == "Paid"


def test_a_discount_may_be_paid_out(paid):
    """Booked as open credit first, refunded second."""
    paid.send(m.discount(amount="15.00", refund=True))

    [out] = paid.book.all(Reversal)
    assert (out.kind, out.amount) == ("refund", 1_500)
    assert paid.source("DC-1").remaining == 0


def test_a_discount_of_everything_cancels_an_executed_invoice(billed):
    """S4-32: what was executed is cancelled by a discount of all that is pending."""
    billed.send(m.payment_posted(amount="25.00"))

    billed.send(m.discount())

    assert billed.memo("DC-1").amount == 7_500
    assert billed.invoice().pending == 0
    assert billed.invoice().derived.closure_reason == "Mixed"


def test_a_discount_alone_closes_as_discounted(billed):
    """Closure Discounted: consumers must know that no money came."""
    billed.send(m.discount())

    derived = billed.invoice().derived
    assert (derived.status, derived.closure_reason) == ("Paid", "Discounted")


def test_a_discount_by_line(billed):
    """Just where it says."""
    billed.send(m.discount(lines={"2": "40.00", "1": "0.01"}))

    assert [each.due for each in billed.invoice().lines] == [5_999, 0]


def test_discounts_go_on_until_everything_is_reversed(billed):
    """S4-34: any mix of documents, never more than the invoice and its debit memos."""
    billed.all(
        m.memo_posted("DM-1", credit=False, amount="10.00"),
        m.memo_posted("CM-1", lines={"1": "20.00"}),
        m.payment_posted(amount="30.00"),
        m.discount("DC-1", amount="50.00"),
        m.bad_debt("BD-1"),
    )
    assert billed.invoice().pending == 0

    assert billed.refusal(m.discount("DC-2", amount="30.01")).code == "exceeds-creditable"
    billed.send(m.discount("DC-2", amount="30.00"))
    assert billed.refusal(m.discount("DC-3", amount="0.01")).code == "exceeds-creditable"
    assert billed.source("DC-2").remaining == 3_000


def test_a_dead_line_loses_its_dispute(billed):
    """D-07: as with a credit memo."""
    billed.send(m.dispute_opened(lines={"1": "25.00"}))

    billed.send(m.discount(lines={"1": "60.00"}))

    assert billed.dispute().state is DisputeState.AUTO_CLOSED


def test_the_gateway_numbers_what_its_sender_does_not(billed):
    """Named after the message, so that a replay gives the same; two senders never collide."""
    billed.send(m.discount(None, amount="1.00", message_id="m-7"))

    assert billed.memo("DISCOUNT:financials:m-7").amount == 100


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"amount": "100.01"}, "exceeds-creditable"),
        ({"amount": "0.00"}, "amount-not-positive"),
        ({"amount": "-1.00"}, "amount-not-positive"),
        ({"lines": {"1": "60.01"}}, "exceeds-creditable"),
        ({"lines": {"9": "1.00"}}, "unknown-line"),
        ({"lines": {"1": "0.00"}}, "amount-not-positive"),
        ({"amount": "1.00", "currency": "USD"}, "currency-mismatch"),
        ({"lines": {"1": "1.00"}, "currency": "USD"}, "currency-mismatch"),
        ({"amount": "1.00", "invoice": "INV-9"}, "unknown-invoice"),
    ],
)
def test_a_discount_has_its_limits(billed, fields, code):
    """Positive, what can be credited, of lines there are, in the currency of the invoice."""
    assert billed.refusal(m.discount(**fields)).code == code


def test_nothing_pending_is_nothing_to_discount(paid):
    """`All` means what is pending."""
    assert paid.refusal(m.discount()).code == "amount-not-positive"


def test_the_same_reversal_again_is_a_duplicate(billed):
    """P-02, by number; with other content the number is taken, by whatever kind of document."""
    billed.send(m.discount(amount="1.00"))

    with pytest.raises(AlreadyApplied):
        billed.send(m.discount(amount="1.00", message_id="again"))
    assert billed.refusal(m.discount(amount="2.00")).code == "number-taken"
    assert billed.refusal(m.memo_posted("DC-1", amount="2.00")).code == "number-taken"


# -- bad debt (S4-33) -----------------------------------------------------------------------------


def test_d_5_a_bad_debt_takes_what_payment_and_discount_leave(billed):
    """D-5: 100, paid 30, discount 20, bad debt: 50 are written off, nothing pends, Mixed."""
    billed.all(m.payment_posted(amount="30.00"), m.discount(amount="20.00"))

    decision = billed.send(m.bad_debt())

    assert names(decision)[0] == "writeoff.posted"
    told = decision.events[0].event
    assert (told.amount.minor, told.reason_code) == (5_000, "BAD-DEBT")
    found = billed.invoice()
    assert (found.written_off, found.discounts, found.settled) == (5_000, 2_000, 3_000)
    assert (found.pending, found.derived.closure_reason) == (0, "Mixed")


def test_a_bad_debt_alone_closes_as_written_off(billed):
    """S4-33: a document over the pending amount."""
    billed.send(m.bad_debt(amount="100.00"))

    assert billed.memo("BD-1").doc_type == "bad-debt"
    assert billed.invoice().derived.closure_reason == "WrittenOff"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"amount": "70.01"}, "exceeds-pending"),
        ({"amount": "69.99"}, "bad-transition"),
        ({"amount": "0.00"}, "amount-not-positive"),
        ({"amount": "70.00", "currency": "USD"}, "currency-mismatch"),
    ],
)
def test_a_bad_debt_is_about_exactly_what_is_pending(billed, fields, code):
    """Not more, and not a part of it."""
    billed.send(m.payment_posted(amount="30.00"))

    assert billed.refusal(m.bad_debt(**fields)).code == code


def test_nothing_pending_is_no_bad_debt(paid):
    """There is nothing to give up."""
    assert paid.refusal(m.bad_debt()).code == "amount-not-positive"


def test_a_reopened_part_can_be_written_off(paid):
    """M-05: what was credited in excess and is owed again after a bounce."""
    paid.all(m.discount(amount="100.00", refund=True), m.payment_reversed())
    assert paid.refusal(m.discount("DC-2")).code == "exceeds-creditable"

    paid.send(m.bad_debt())

    assert paid.invoice().pending == 0


# -- money-back (S4-06, S4-07) --------------------------------------------------------------------


@pytest.fixture
def refundable(world):
    """INV-1 of 2026-11-01 on the deleted ORDER-1: 100.00 and a fee of 10.00; 30 money-back days."""
    world.book.apply([order(), order("ORDER-2", service_state=ServiceState.ACTIVE)])
    return world.all(
        m.customer_account(
            "ACME", terms=m.Terms(money_back_days=30), sent_at="2026-11-20T11:00:00Z"
        ),
        m.misc_invoice("INV-1", lines=["100.00", FEE], issue_date="2026-11-01"),
        m.misc_invoice("INV-2", order="ORDER-2", issue_date="2026-11-01"),
    )


def test_money_back_leaves_the_application_fee(refundable):
    """S4-06, S4-07: the subtotal goes back, the fee is forfeited."""
    refundable.send(m.payment_posted(amount="110.00", invoices=["INV-1"]))

    decision = refundable.send(m.money_back(message_id="back"))

    assert names(decision)[0] == "discount.posted"
    assert decision.events[0].event.doc_type == "money-back"
    assert [each.excess for each in refundable.invoice().lines] == [10_000, 0]
    assert refundable.refusal(m.money_back("MB-2")).code == "amount-not-positive"


def test_money_back_of_an_unpaid_invoice_leaves_the_fee_to_pay(refundable):
    """As a discount: what is open is not owed any more."""
    refundable.send(m.money_back())

    assert refundable.invoice().pending == 1_000
    assert refundable.invoice().discounts == 10_000


def test_money_back_may_be_paid_out_in_part(refundable):
    """Up to what is refundable."""
    refundable.send(m.payment_posted(amount="110.00", invoices=["INV-1"]))
    assert refundable.refusal(m.money_back(amount="100.01")).code == "exceeds-creditable"

    refundable.send(m.money_back(amount="40.00", refund=True))

    [out] = refundable.book.all(Reversal)
    assert out.amount == 4_000


@pytest.mark.parametrize(("day", "code"), [("2026-12-01", None), ("2026-12-02", "bad-transition")])
def test_the_last_money_back_day_counts(refundable, day, code):
    """S4-06: 30 days from the issue on 1 November are over after 1 December."""
    message = m.money_back(effective_date=day)

    if code is None:
        refundable.send(message)
    else:
        assert refundable.refusal(message).code == code


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"order": "ORDER-9"}, "unknown-order"),
        ({"order": "ORDER-2"}, "bad-transition"),
        ({"invoice": "INV-2", "order": "ORDER-2"}, "bad-transition"),
        ({"invoice": "INV-3", "order": "ORDER-3"}, "bad-transition"),
    ],
    ids=["unknown", "of another order", "not deleted", "no money-back days"],
)
def test_money_back_needs_a_deleted_order_and_days(refundable, fields, code):
    """The order of the invoice, deleted, of an account that has money-back days."""
    refundable.book.apply([order("ORDER-3", account="GLOBEX")])
    refundable.send(m.misc_invoice("INV-3", customer="GLOBEX", order="ORDER-3"))

    assert refundable.refusal(m.money_back(**fields)).code == code


# -- documents taken back (M-01) ------------------------------------------------------------------


def test_a_discount_is_taken_back(billed):
    """M-01: by a debit memo, line by line; what was discounted is owed again."""
    billed.send(m.discount(amount="70.00"))

    decision = billed.send(m.take_back("DC-1"))

    assert names(decision)[0] == "memo.posted"
    assert billed.invoice().pending == 10_000
    assert billed.memo("DC-1").reversed_by == "TB-1"
    assert billed.memo("TB-1").reverses == billed.memo("DC-1").key
    added = [(each.line_no, each.amount) for each in billed.invoice().lines[2:]]
    assert added == [("DM:TB-1:1", 6_000), ("DM:TB-1:2", 1_000)]


def test_its_open_credit_pays_for_it(paid):
    """Unspent credit is consumed; nothing is owed more or less than before."""
    paid.send(m.discount(amount="15.00"))

    paid.send(m.take_back("DC-1"))

    assert paid.source("DC-1").remaining == 0
    assert paid.invoice().pending == 0


def test_a_discount_whose_credit_is_spent_stays(paid):
    """M-01: free it first."""
    paid.all(m.discount(amount="15.00"), m.invoice_posted("INV-2"))

    assert paid.refusal(m.take_back("DC-1")).code == "funds-spent"
    paid.send(m.remove("DC-1", source_type="open-credit", invoice="INV-2"))
    paid.send(m.take_back("DC-1"))


def test_a_discount_that_was_paid_out_stays(paid):
    """The money is gone."""
    paid.send(m.discount(amount="15.00", refund=True))

    assert paid.refusal(m.take_back("DC-1")).code == "funds-spent"


def test_a_bad_debt_is_taken_back(billed):
    """The customer pays after all: it is owed again, and the money finds it."""
    billed.send(m.bad_debt())

    billed.all(m.take_back("BD-1"), m.payment_posted(amount="100.00"))

    assert billed.invoice().pending == 0
    assert billed.source().remaining == 0
    assert billed.invoice().derived.closure_reason == "Mixed"


@pytest.mark.parametrize("credit", [True, False])
def test_memos_are_taken_back_too(billed, credit):
    """S3-19: either way, and the opposite of the opposite."""
    billed.send(m.memo_posted("MEMO-1", credit=credit, amount="12.00"))
    before = billed.invoice().pending

    billed.send(m.take_back("MEMO-1", "TB-1"))
    assert billed.invoice().pending == 10_000

    billed.send(m.take_back("TB-1", "TB-2"))
    assert billed.invoice().pending == before


def test_a_document_is_taken_back_once(billed):
    """There is nothing left to take back."""
    billed.all(m.discount(amount="15.00"), m.take_back("DC-1", "TB-1"))

    assert billed.refusal(m.take_back("DC-1", "TB-2")).code == "already-reversed"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"document": "NONE"}, "unknown-memo"),
        ({"document": ("ACME", "DC-1")}, "unknown-memo"),
        ({"document": "DC-1", "invoice": "INV-2"}, "bad-transition"),
        ({"document": "CN-1"}, "bad-transition"),
    ],
    ids=["unknown", "of another issuer", "on another invoice", "a credit note"],
)
def test_what_is_taken_back_is_a_document_of_the_invoice(billed, fields, code):
    """One that is there, on that invoice."""
    billed.all(m.invoice_posted("INV-2"), m.discount(amount="15.00"), m.credit_note_posted("CN-1"))

    assert billed.refusal(m.take_back(**fields)).code == code
