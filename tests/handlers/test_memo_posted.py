"""MemoPosted: credits reduce, debits add, opposites reverse each other (M-01 to M-05)."""

import pytest

from invoice_gateway.model.decision import AlreadyApplied
from invoice_gateway.model.invoice import Invoice, Lifecycle
from invoice_gateway.model.ledger import DisputeState, Reversal
from tests import messages as m
from tests.model.build import invoice as some_invoice
from tests.world import names

ID = "ACME/DN-1/1"


@pytest.fixture
def paid(billed):
    """INV-1 (60.00 and 40.00) paid by 100.00 of PAY-1."""
    return billed.all(m.payment_posted(amount="100.00"))


# -- credit ---------------------------------------------------------------------------------------


def test_a_credit_over_the_whole_is_spread(billed):
    """M-02: pro rata to what can be credited."""
    decision = billed.send(m.memo_posted(amount="12.00", text="old prices"))

    assert names(decision) == ["memo.posted", "invoice.status-changed"]
    assert [each.credited for each in billed.invoice().lines] == [720, 480]
    event = decision.events[0].event
    assert (event.doc_type, event.amount.minor, event.applied.minor) == (
        "credit-memo",
        1_200,
        1_200,
    )
    assert [(each.line_no, each.amount.minor) for each in event.line] == [("1", 720), ("2", 480)]
    assert billed.memo().reason_text == "old prices"


def test_a_credit_by_line(billed):
    """Just where it says."""
    billed.send(m.memo_posted(lines={"2": "40.00", "1": "1.00"}))

    assert [each.due for each in billed.invoice().lines] == [5_900, 0]
    assert billed.invoice().pending == 5_900


def test_what_was_paid_already_becomes_open_credit(paid):
    """X-05: and pays the next invoice at once."""
    paid.send(m.invoice_posted("INV-2"))

    decision = paid.send(m.memo_posted(amount="10.00"))

    assert names(decision)[:4] == [
        "memo.posted",
        "credit.created",
        "allocation.posted",
        "credit.consumed",
    ]
    assert paid.allocations("INV-2") == [("MEMO-1", 1_000, "auto")]
    assert paid.invoice().derived.closure_reason == "Paid"


def test_or_is_paid_out(paid):
    """ExcessTo=refund."""
    paid.send(m.invoice_posted("INV-2"))

    decision = paid.send(m.memo_posted(amount="10.00", refund=True))

    assert "credit.refunded" in names(decision)
    assert paid.allocations("INV-2") == []
    [out] = paid.book.all(Reversal)
    assert (out.amount, out.kind) == (1_000, "refund")


def test_a_fully_credited_invoice_is_paid_without_money(billed):
    """R0: closure Credited."""
    billed.send(m.memo_posted(amount="100.00"))

    derived = billed.invoice().derived
    assert (derived.status, derived.closure_reason) == ("Paid", "Credited")


def test_a_bounce_after_an_excess_leaves_the_credit(paid):
    """M-05: the line is owed again, the customer still has its open credit, which pays it."""
    paid.all(m.memo_posted(amount="10.00"), m.payment_reversed())

    assert paid.source("MEMO-1").remaining == 0
    assert paid.allocations() == [("MEMO-1", 1_000, "auto")]
    assert paid.invoice().pending == 9_000
    assert sum(each.excess for each in paid.invoice().lines) == 1_000


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"amount": "100.01"}, "exceeds-creditable"),
        ({"lines": {"1": "60.01"}}, "exceeds-creditable"),
        ({"lines": {"9": "1.00"}}, "unknown-line"),
        ({"amount": "0.00"}, "amount-not-positive"),
        ({"amount": "-1.00"}, "amount-not-positive"),
        ({"lines": {"1": "0.00"}}, "amount-not-positive"),
        ({"amount": "1.00", "currency": "USD"}, "currency-mismatch"),
        ({"lines": {"1": "1.00"}, "currency": "USD"}, "currency-mismatch"),
        ({"amount": "1.00", "invoice": "INV-9"}, "unknown-invoice"),
        ({"amount": "1.00", "dispute": "ACME/DN-7/1"}, "unknown-dispute"),
        ({"amount": "1.00", "reverses": "NONE"}, "unknown-memo"),
    ],
)
def test_a_credit_has_its_limits(billed, fields, code):
    """What its lines have left, in the invoice's currency, about things there are."""
    assert billed.refusal(m.memo_posted(**fields)).code == code


def test_memos_need_an_issued_invoice(world):
    """M-03: a draft is edited instead."""
    world.book.apply([some_invoice("DRAFT", lifecycle=Lifecycle.DRAFT)])

    assert world.refusal(m.memo_posted(invoice="DRAFT", amount="1.00")).code == "bad-transition"
    assert world.book.get(Invoice, world.invoice("DRAFT").key).credits == 0


def test_the_same_memo_again_is_a_duplicate(billed):
    """P-02, by number; with other content the number is taken."""
    billed.send(m.memo_posted(amount="1.00"))

    with pytest.raises(AlreadyApplied):
        billed.send(m.memo_posted(amount="1.00", message_id="again"))
    assert billed.refusal(m.memo_posted(amount="2.00")).code == "number-taken"
    assert billed.refusal(m.memo_posted(amount="1.00", credit=False)).code == "number-taken"


# -- credit that settles a dispute (D-07) ---------------------------------------------------------


@pytest.fixture
def disputed(billed):
    """25.00 of line 1 of INV-1 are disputed by ACME."""
    return billed.all(m.dispute_opened(lines={"1": "25.00"}))


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({"amount": "25.00"}, DisputeState.UPHELD),
        ({"amount": "30.00"}, DisputeState.UPHELD),
        ({"amount": "60.00"}, DisputeState.UPHELD),
        ({"amount": "24.99"}, DisputeState.UPHELD_PARTIAL),
        ({"lines": {"1": "10.00", "2": "5.00"}}, DisputeState.UPHELD_PARTIAL),
    ],
)
def test_a_memo_with_a_dispute_closes_it(disputed, fields, state):
    """Upheld when the line gets all that was disputed, else in part; the memo is on record."""
    decision = disputed.send(m.memo_posted(dispute=ID, **fields))

    assert names(decision)[-1] == "dispute.resolved"
    found = disputed.dispute()
    assert (found.state, found.memo) == (state, "MEMO-1")
    assert disputed.line("1").customer.status == "New"
    assert decision.events[-1].event.amount.minor == disputed.line("1").credited


def test_its_amount_goes_to_the_disputed_line(disputed):
    """Not spread over the invoice."""
    disputed.send(m.memo_posted(amount="25.00", dispute=ID))

    assert [each.credited for each in disputed.invoice().lines] == [2_500, 0]


def test_a_memo_with_a_dispute_credits_its_line(disputed):
    """Crediting others settles nothing."""
    refused = disputed.refusal(m.memo_posted(lines={"2": "5.00"}, dispute=ID))

    assert refused.code == "dispute-amount"


def test_a_credit_to_nothing_closes_the_dispute_by_itself(disputed):
    """D-07: the line leaves the derivation, its dispute is auto-closed."""
    disputed.send(m.memo_posted(lines={"1": "60.00"}))

    assert disputed.dispute().state is DisputeState.AUTO_CLOSED


def test_a_credit_without_the_dispute_leaves_it_open(disputed):
    """As long as the line lives."""
    disputed.send(m.memo_posted(lines={"1": "59.99"}))

    assert disputed.dispute().state is DisputeState.OPEN
    assert disputed.invoice().disputed_amount == 1


def test_the_dispute_is_open_and_of_the_invoice(disputed):
    """Else the memo is refused."""
    disputed.send(m.invoice_posted("INV-2"))
    other = m.memo_posted(invoice="INV-2", amount="1.00", dispute=ID)
    assert disputed.refusal(other).code == "dispute-not-open"
    disputed.send(m.dispute_withdrawn(ID))

    assert disputed.refusal(m.memo_posted(amount="1.00", dispute=ID)).code == "dispute-not-open"


# -- debit ----------------------------------------------------------------------------------------


def test_a_debit_reopens_a_paid_invoice(paid):
    """D-7: 7.00 more on a paid invoice: a new line, Partially Paid."""
    decision = paid.send(m.memo_posted("DM-1", credit=False, amount="7.00", text="Return shipment"))

    assert names(decision) == ["memo.posted", "invoice.status-changed"]
    assert paid.says() == "NR NR NN"
    found = paid.invoice()
    assert (found.amount, found.debit_memos, found.pending) == (10_000, 700, 700)
    assert found.derived.status == "Partially Paid"
    assert paid.line("DM:DM-1:1").terms.description == "Return shipment"


def test_idle_money_pays_a_debit(billed):
    """A-03: a memo is a trigger."""
    billed.send(m.payment_posted(amount="110.00"))

    billed.send(m.memo_posted("DM-1", credit=False, amount="7.00"))

    assert billed.invoice().pending == 0
    assert billed.source().remaining == 300
    assert billed.line("DM:DM-1:1").terms.description == "Debit memo DM-1"


def test_a_debit_by_line_names_the_lines_it_is_about(billed):
    """One new line for each."""
    billed.send(m.memo_posted("DM-1", credit=False, lines={"2": "1.00", "1": "2.00"}, text="More"))

    added = billed.invoice().lines[2:]
    assert [(each.line_no, each.amount) for each in added] == [
        ("DM:DM-1:1", 100),
        ("DM:DM-1:2", 200),
    ]
    assert [each.terms.description for each in added] == ["More (line 2)", "More (line 1)"]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"amount": "0.00"}, "amount-not-positive"),
        ({"lines": {"1": "-1.00"}}, "amount-not-positive"),
        ({"lines": {"9": "1.00"}}, "unknown-line"),
        ({"amount": "1.00", "dispute": ID}, "bad-transition"),
        ({"amount": "1.00", "currency": "USD"}, "currency-mismatch"),
        ({"amount": "89999999999900.01"}, "amount-too-large"),
        ({"lines": {"1": "89999999999900.00", "2": "0.01"}}, "amount-too-large"),
    ],
)
def test_a_debit_has_its_limits(disputed, fields, code):
    """Positive, about lines there are, within what can be counted, never answering a dispute."""
    assert disputed.refusal(m.memo_posted("DM-1", credit=False, **fields)).code == code


# -- reversal (M-01) ------------------------------------------------------------------------------


def test_a_debit_takes_a_credit_back(billed):
    """The opposite document over the same sum; the line it adds stands for what was credited."""
    billed.send(m.memo_posted("CM-1", amount="12.00"))

    billed.send(m.memo_posted("DM-1", credit=False, amount="12.00", reverses="CM-1"))

    assert billed.invoice().pending == 10_000
    assert billed.memo("CM-1").reversed_by == "DM-1"
    assert billed.memo("DM-1").reverses == billed.memo("CM-1").key


def test_its_open_credit_pays_the_line_that_takes_it_back(paid):
    """Unspent credit is consumed; nothing is owed more or less than before."""
    paid.send(m.memo_posted("CM-1", amount="12.00"))
    assert paid.source("CM-1").remaining == 1_200

    decision = paid.send(m.memo_posted("DM-1", credit=False, amount="12.00", reverses="CM-1"))

    assert names(decision)[:3] == ["memo.posted", "allocation.posted", "credit.consumed"]
    assert paid.source("CM-1").remaining == 0
    assert paid.line("DM:DM-1:1").open == 0
    assert paid.invoice().derived.status == "Paid"


def test_a_credit_takes_a_debit_back(billed):
    """On the lines the debit added."""
    billed.send(m.memo_posted("DM-1", credit=False, amount="7.00"))

    billed.send(m.memo_posted("CM-1", amount="7.00", reverses="DM-1"))

    assert not billed.line("DM:DM-1:1").live
    assert billed.invoice().pending == 10_000
    assert billed.memo("DM-1").reversed_by == "CM-1"


def test_a_credit_takes_a_debit_back_on_its_own_lines(billed):
    """M-01: the opposite document is about the same lines."""
    billed.send(m.memo_posted("DM-1", credit=False, lines={"1": "3.00", "2": "4.00"}))

    refused = billed.refusal(m.memo_posted("CM-1", lines={"1": "7.00"}, reverses="DM-1"))
    billed.send(
        m.memo_posted("CM-2", lines={"DM:DM-1:1": "3.00", "DM:DM-1:2": "4.00"}, reverses="DM-1")
    )

    assert refused.code == "bad-transition"
    assert "is not the opposite of ENTERPRISE/DM-1" in refused.message
    assert billed.invoice().pending == 10_000


def test_a_memo_is_reversed_once(billed):
    """There is nothing left to reverse."""
    billed.all(
        m.memo_posted("CM-1", amount="12.00"),
        m.memo_posted("DM-1", credit=False, amount="12.00", reverses="CM-1"),
    )

    refused = billed.refusal(m.memo_posted("DM-2", credit=False, amount="12.00", reverses="CM-1"))

    assert refused.code == "already-reversed"


@pytest.mark.parametrize(
    "fields",
    [
        {"credit": False, "amount": "11.00"},
        {"credit": True, "amount": "12.00"},
        {"credit": False, "amount": "12.00", "invoice": "INV-2"},
        {"credit": False, "lines": {"1": "11.00"}},
    ],
    ids=["other sum", "same direction", "other invoice", "other lines"],
)
def test_a_reversal_is_the_exact_opposite(billed, fields):
    """Type, invoice and sum."""
    billed.all(m.invoice_posted("INV-2"), m.memo_posted("CM-1", amount="12.00"))

    refused = billed.refusal(m.memo_posted("X-1", reverses="CM-1", **fields))

    assert refused.code == "bad-transition"
    assert "is not the opposite of ENTERPRISE/CM-1" in refused.message


def test_spent_credit_is_not_taken_back(paid):
    """M-01: free it first."""
    paid.all(m.memo_posted("CM-1", amount="12.00"), m.invoice_posted("INV-2"))

    refused = paid.refusal(m.memo_posted("DM-1", credit=False, amount="12.00", reverses="CM-1"))

    assert refused.code == "funds-spent"
    paid.send(m.remove("CM-1", source_type="open-credit", invoice="INV-2"))
    paid.send(m.memo_posted("DM-1", credit=False, amount="12.00", reverses="CM-1"))


def test_refunded_credit_is_not_taken_back(paid):
    """It is gone."""
    paid.send(m.memo_posted("CM-1", amount="12.00", refund=True))

    refused = paid.refusal(m.memo_posted("DM-1", credit=False, amount="12.00", reverses="CM-1"))

    assert refused.code == "funds-spent"


def test_a_credit_note_cannot_be_reversed_by_a_memo(billed):
    """It is about no invoice."""
    billed.send(m.credit_note_posted(amount="12.00"))

    refused = billed.refusal(m.memo_posted("DM-1", credit=False, amount="12.00", reverses="CN-1"))

    assert refused.code == "bad-transition"
