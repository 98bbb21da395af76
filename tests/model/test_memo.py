"""Adjustment documents: credit, debit, credit note, write-off (M-01 to M-05, I-05, I-07, I-33)."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoice_gateway.model import memo as memos
from invoice_gateway.model.errors import Rejected
from invoice_gateway.model.invoice import Kind, Lifecycle
from invoice_gateway.model.ledger import (
    Dispute,
    DisputeState,
    DocType,
    Memo,
    MemoPart,
    Origin,
    Part,
    Reversal,
    ReversalKind,
    Source,
)
from invoice_gateway.model.money import Money
from invoice_gateway.model.status import Side
from tests.world import NOW, key, letters

from .build import Scene, invoice, line, lines

DAY = date(2026, 11, 12)


def document(number="CM-1", **fields):
    """What a document says about itself."""
    return memos.Document(number=key(number), issued_on=DAY, **fields)


def credit(scene, *parts, refund=False, **fields):
    """Post a credit memo over (line, amount) parts of INV-1; return memo and names of events."""
    draft = scene.draft()
    made = memos.credit(
        draft, scene.invoice(), document(**fields), [Part(*each) for each in parts], refund=refund
    )
    return made, scene.close(draft)


def dispute(line_no="1", amount=10):
    """An open dispute of the customer."""
    return Dispute(
        id=f"ACME/DN/{line_no}",
        account="ACME",
        invoice=key("INV-1"),
        line_no=line_no,
        notice_id="DN",
        currency="EUR",
        amount=amount,
        reason_code="PRI",
        requested_action="CNP",
        raised_by=Side.CUSTOMER,
        raiser="ACME",
        opened_at=NOW,
    )


# -- spreading (M-02) -----------------------------------------------------------------------------

CREDITABLE = st.lists(
    st.tuples(*(st.integers(0, 300) for _ in range(4))).map(
        lambda drawn: line(
            amount=sum(drawn), credited=drawn[0], excess=drawn[1], written_off=drawn[2]
        )
    ),
    min_size=1,
    max_size=8,
).map(lambda made: [each._replace(line_no=str(at)) for at, each in enumerate(made)])


@given(CREDITABLE, st.data())
def test_a_credit_on_the_whole_is_spread_without_a_cent_lost(made, data):
    """I-33: parts add up to the amount, each positive and within what its line has left."""
    found = invoice(of=made)
    rest = {each.line_no: each.creditable for each in made}
    amount = data.draw(st.integers(1, max(1, sum(rest.values()))))
    if amount > sum(rest.values()):
        with pytest.raises(Rejected, match="exceeds-creditable"):
            memos.spread_credit(found, amount)
        return

    parts = memos.spread_credit(found, amount)

    assert sum(part.amount for part in parts) == amount
    assert all(0 < part.amount <= rest[part.line_no] for part in parts)


def test_a_credit_is_spread_pro_rata_to_what_can_still_be_credited():
    """60 less 30 credited and 40: 30 to 40; the odd cent goes to the larger remainder."""
    found = invoice(of=[line(amount=60, credited=30), line(amount=40, number="2")])

    assert memos.spread_credit(found, 7) == (Part("1", 3), Part("2", 4))
    assert memos.spread_credit(found, 70) == (Part("1", 30), Part("2", 40))


@pytest.mark.parametrize(
    ("amount", "code"),
    [(0, "amount-not-positive"), (-1, "amount-not-positive"), (101, "exceeds-creditable")],
)
def test_a_credit_has_its_limits(amount, code):
    """Positive, and no more than the lines together have left."""
    with pytest.raises(Rejected) as refused:
        memos.spread_credit(invoice(), amount)

    assert refused.value.code == code


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ([("3", 1)], "unknown-line"),
        ([("1", 0)], "amount-not-positive"),
        ([("1", 61)], "exceeds-creditable"),
        ([("1", 60), ("2", 41)], "exceeds-creditable"),
    ],
)
def test_a_credit_by_line_has_the_limits_of_each_line(parts, code):
    """On a line there is, positive, within what that line has left."""
    with pytest.raises(Rejected) as refused:
        memos.check_credit(invoice(), [Part(*each) for each in parts])

    assert refused.value.code == code


def test_a_settled_line_can_be_credited():
    """What counts is the amount, not what is still open; excess counts against it too (I-05)."""
    settled = invoice(of=[line("NR", 60, settled=60, excess=20)])

    memos.check_credit(settled, [Part("1", 40)])
    with pytest.raises(Rejected, match=r"0.40 EUR left to credit"):
        memos.check_credit(settled, [Part("1", 41)])


# -- credit memos ---------------------------------------------------------------------------------


def test_a_credit_first_reduces_what_is_owed():
    """No excess, no open credit: pending falls, the line keeps its statuses."""
    scene = Scene(invoice())

    made, names = credit(scene, ("1", 15))

    assert names == ["memo.posted", "invoice.status-changed"]
    assert (made.applied, made.open_credit, made.refunded) == (15, 0, 0)
    assert made.parts == (MemoPart("1", 15, 15, 0),)
    assert scene.invoice().credits == 15
    assert scene.invoice().pending == 85
    assert list(scene.book.all(Source)) == []


def test_the_excess_becomes_open_credit():
    """X-05, I-07: never below zero; what was paid already is the customer's to use."""
    scene = Scene(invoice(of=[line(amount=60, settled=50), line(amount=40, number="2")]))

    made, names = credit(scene, ("1", 25), ("2", 5))

    assert names == [
        "memo.posted",
        "credit.created",
        "invoice.line-status-changed",
        "invoice.status-changed",
    ]
    assert (made.amount, made.applied, made.open_credit) == (30, 15, 15)
    assert made.parts == (MemoPart("1", 25, 10, 15), MemoPart("2", 5, 5, 0))
    [source] = scene.book.all(Source)
    assert source.key == memos.source_of(scene.draft(), made)
    assert (source.amount, source.remaining, source.origin) == (15, 15, Origin.EXCESS)
    assert (source.origin_document, source.value_date) == ("CM-1", DAY)
    assert scene.invoice().line("1").excess == 15
    assert scene.invoice().pending == 35


def test_the_excess_may_be_refunded_at_once():
    """Booked as open credit first, paid out second (I-07)."""
    scene = Scene(invoice(of=[line("NR", 60, settled=60)]))

    made, names = credit(scene, ("1", 20), refund=True)

    assert names[:3] == ["memo.posted", "credit.created", "credit.refunded"]
    assert (made.applied, made.open_credit, made.refunded) == (0, 0, 20)
    [source] = scene.book.all(Source)
    assert (source.amount, source.refunded, source.remaining) == (20, 20, 0)
    [out] = scene.book.all(Reversal)
    assert (out.kind, out.amount, out.source) == (ReversalKind.REFUND, 20, source.key)
    assert out.reference == "memo/CM-1"


def test_a_refund_without_excess_pays_nothing_out():
    """Nothing was paid, nothing is refunded."""
    scene = Scene(invoice())

    made, names = credit(scene, ("1", 20), refund=True)

    assert names == ["memo.posted", "invoice.status-changed"]
    assert (made.applied, made.refunded) == (20, 0)


def test_a_credit_of_the_whole_closes_the_invoice():
    """Paid by R0, closure Credited: no cash came."""
    scene = Scene(invoice())

    credit(scene, ("1", 60), ("2", 40))

    found = scene.invoice()
    assert (found.derived.status, found.derived.closure_reason) == ("Paid", "Credited")
    assert [letters(each) for each in found.lines] == ["NN", "NN"]


def test_a_line_reduced_to_its_payment_is_received():
    """Line 1: 30 of 60 settled, 30 credited: nothing is open, the enterprise has its money."""
    scene = Scene(invoice(of=[line(amount=60, settled=30)]))

    credit(scene, ("1", 30))

    assert letters(scene.invoice().line("1")) == "NR"
    assert scene.invoice().derived.closure_reason == "Mixed"


def test_a_credit_to_zero_closes_the_dispute_of_the_line():
    """D-07: auto-closed by the system; axes return to their shadows."""
    disputed = line("DN", 60, disputed=10)
    scene = Scene(invoice(of=[disputed, line(amount=40, number="2")]), dispute())

    _, names = credit(scene, ("1", 60))

    assert names == [
        "memo.posted",
        "invoice.line-status-changed",
        "invoice.status-changed",
        "dispute.resolved",
    ]
    assert scene.book.get(Dispute, "ACME/DN/1").state is DisputeState.AUTO_CLOSED
    assert letters(scene.invoice().line("1")) == "NN"
    assert scene.invoice().line("1").disputed == 0
    assert scene.last.events[1].event.role == "system"


def test_a_credit_that_leaves_something_leaves_the_dispute():
    """Of the line, and of its neighbours; its own dispute is closed by whoever posted the memo."""
    disputed = [line("DN", 60, disputed=10), line("DN", 40, "2", disputed=40)]
    scene = Scene(invoice(of=disputed), dispute(), dispute("2", 40))

    credit(scene, ("1", 59), ("2", 40), dispute_id="ACME/DN/2")

    states = {each.line_no: each.state for each in scene.book.all(Dispute)}
    assert states == {"1": DisputeState.OPEN, "2": DisputeState.OPEN}


# -- debit memos ----------------------------------------------------------------------------------


def test_a_debit_memo_is_a_new_line():
    """D-7: a paid invoice of 50.00 and 7.00 more: New/New, pending 7.00, Partially Paid."""
    scene = Scene(invoice(of=[line("NR", 5_000, settled=5_000)]))
    before = scene.invoice()
    draft = scene.draft()

    made = memos.debit(draft, before, document("DM-1"), [("Return shipment", 700)])
    names = scene.close(draft)

    assert names == ["memo.posted", "invoice.status-changed"]
    after = scene.invoice()
    assert after.lines[0] == before.lines[0]
    added = after.lines[1]
    assert (added.line_no, added.kind, added.amount) == ("DM:DM-1:1", Kind.DEBIT_MEMO, 700)
    assert letters(added) == "NN"
    assert added.terms.description == "Return shipment"
    assert (after.amount, after.debit_memos, after.pending) == (5_000, 700, 700)
    assert (after.derived.status, after.derived.settlement_state) == (
        "Partially Paid",
        "PartiallySettled",
    )
    assert (made.doc_type, made.amount, made.applied) == (DocType.DEBIT_MEMO, 700, 700)


def test_a_debit_memo_may_add_several_lines():
    """One for each addition, numbered."""
    scene = Scene(invoice())
    draft = scene.draft()

    memos.debit(draft, invoice(), document("DM-1"), [("a", 1), ("b", 2)])
    scene.close(draft)

    assert [each.line_no for each in scene.invoice().lines[2:]] == ["DM:DM-1:1", "DM:DM-1:2"]


@pytest.mark.parametrize("amount", [0, -1])
def test_a_debit_memo_asks_for_something(amount):
    """Nothing, or less, is refused."""
    with pytest.raises(Rejected, match="amount-not-positive"):
        memos.debit(Scene().draft(), invoice(), document(), [("a", 5), ("b", amount)])


# -- credit notes and write-offs ------------------------------------------------------------------


def test_a_credit_note_is_open_credit():
    """Tied to no invoice; all of it remains."""
    scene = Scene()
    draft = scene.draft()

    made = memos.credit_note(draft, "ACME", document("CN-1", reason_code="DEL"), Money(60, "EUR"))
    names = scene.close(draft)

    assert names == ["memo.posted", "credit.created"]
    assert (made.doc_type, made.invoice, made.open_credit) == (DocType.CREDIT_NOTE, None, 60)
    [source] = scene.book.all(Source)
    assert (source.remaining, source.origin) == (60, Origin.CREDIT_NOTE)
    assert made.reason_code == "DEL"


def test_a_write_off_takes_all_that_is_open():
    """D-5 without its discount: 100, paid 30: 70 written off, closure Mixed."""
    scene = Scene(invoice(of=[line(amount=60, settled=30), line(amount=40, number="2")]))
    draft = scene.draft()

    made = memos.write_off(draft, scene.invoice(), document("WO-1"))
    names = scene.close(draft)

    assert names == [
        "writeoff.posted",
        "invoice.line-status-changed",
        "invoice.status-changed",
    ]
    assert (made.doc_type, made.amount) == (DocType.WRITE_OFF, 70)
    assert made.parts == (MemoPart("1", 30, 30, 0), MemoPart("2", 40, 40, 0))
    found = scene.invoice()
    assert (found.written_off, found.pending) == (70, 0)
    assert found.derived.closure_reason == "Mixed"
    assert scene.last.events[0].event.reason_code == "ROUNDING"


def test_a_write_off_closes_the_disputes_it_makes_pointless():
    """An open dispute means a live line (I-17)."""
    scene = Scene(invoice(of=[line("DD", 60, disputed=10)]), dispute())
    draft = scene.draft()

    memos.write_off(draft, scene.invoice(), document("WO-1"))
    scene.close(draft)

    assert scene.book.get(Dispute, "ACME/DN/1").state is DisputeState.AUTO_CLOSED
    assert letters(scene.invoice().lines[0]) == "NN"


@pytest.mark.parametrize("lifecycle", [each for each in Lifecycle if each != "Issued"])
def test_memos_need_an_issued_invoice(lifecycle):
    """M-03: drafts are edited, dead invoices left alone."""
    with pytest.raises(Rejected, match=f"bad-transition: .* is {lifecycle}"):
        memos.must_be_issued(invoice(lifecycle=lifecycle))


def test_an_issued_invoice_takes_memos():
    """M-03, the other way round."""
    memos.must_be_issued(invoice())


@given(
    st.lists(st.tuples(st.integers(1, 100), st.integers(0, 100)), min_size=1, max_size=4),
    st.lists(st.integers(1, 150), max_size=4),
)
def test_credits_conserve_money(made, amounts):
    """I-05, I-06, I-07 after every memo: counters, sums and open credit agree."""
    scene = Scene(
        invoice(
            of=[
                line(amount=amount, number=str(at), settled=min(settled, amount))
                for at, (amount, settled) in enumerate(made)
            ]
        )
    )
    for at, amount in enumerate(amounts):
        found = scene.invoice()
        if amount > sum(each.creditable for each in found.lines):
            continue
        draft = scene.draft()
        parts = memos.spread_credit(found, amount)
        memos.credit(draft, found, document(f"CM-{at}"), parts, refund=False)
        scene.close(draft)

    found = scene.invoice()
    assert all(each.credited + each.excess <= each.amount for each in found.lines)
    assert all(0 <= each.settled <= each.due for each in found.lines)
    assert found.pending == sum(each.open for each in found.lines) >= 0
    assert found.credits == sum(each.credited for each in found.lines)
    excess = sum(each.excess for each in found.lines)
    assert excess == sum(each.amount for each in scene.book.all(Source))
    posted = sum(each.amount for each in scene.book.all(Memo))
    assert posted == found.credits + excess


def test_lines_without_terms_stay_out_of_it():
    """A credit leaves the lines it does not name as they are, object for object."""
    scene = Scene(invoice(of=lines(60, 40)))
    second = scene.invoice().line("2")

    credit(scene, ("1", 1))

    assert scene.invoice().line("2") is second
