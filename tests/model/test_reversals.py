"""What may be taken off an issued invoice, and how it is laid over its lines (S4-34, I-33)."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoice_gateway.model import memo as memos
from invoice_gateway.model import reversals
from invoice_gateway.model.errors import Rejected
from invoice_gateway.model.evolve import evolve
from invoice_gateway.model.invoice import Kind, Lifecycle
from invoice_gateway.model.ledger import Memo, Part, Source
from tests.world import key

from .build import Scene, invoice, line, lines


def document(number="CA-1"):
    """What a document says about itself."""
    return memos.Document(number=key(number), issued_on=date(2026, 11, 12))


@st.composite
def touched(draw):
    """A line of which parts have been credited, credited in excess, written off and paid."""
    open_, settled, credited, written_off = (draw(st.integers(0, 300)) for _ in range(4))
    excess = draw(st.integers(0, settled))
    return line(
        amount=open_ + settled + credited + written_off,
        settled=settled,
        credited=credited,
        written_off=written_off,
        excess=excess,
    )


@given(st.lists(touched(), min_size=1, max_size=6), st.data())
def test_what_is_open_goes_first_and_no_cent_is_lost(made, data):
    """S4-34, I-33: parts add up; nothing paid is touched while something is open; I-05 holds."""
    found = invoice(of=[each._replace(line_no=str(at)) for at, each in enumerate(made)])
    rest = sum(each.creditable for each in found.lines)
    amount = data.draw(st.integers(1, rest + 1))
    if amount > rest:
        with pytest.raises(Rejected, match="exceeds-creditable"):
            reversals.lay(found, found.lines, amount)
        return

    parts = {part.line_no: part.amount for part in reversals.lay(found, found.lines, amount)}

    assert sum(parts.values()) == amount
    assert all(part > 0 for part in parts.values())
    owed = sum(min(parts.get(each.line_no, 0), each.open) for each in found.lines)
    assert owed == min(amount, sum(min(each.open, each.creditable) for each in found.lines))
    memos.check_credit(found, [Part(*each) for each in parts.items()])


def test_it_goes_line_by_line_in_document_order():
    """Not pro rata: lines become free of debt one after the other."""
    found = invoice(of=[line(amount=60, settled=50), line(amount=40, number="2")])

    assert reversals.lay(found, found.lines, 15) == (Part("1", 10), Part("2", 5))
    assert reversals.lay(found, found.lines, 60) == (Part("1", 20), Part("2", 40))


# -- cancellation (S4-31, X-11) -------------------------------------------------------------------


def test_a_cancellation_credits_all_that_is_pending():
    """So that nothing is, by credit: the caller sets the lifecycle, and closure says Cancelled."""
    scene = Scene(invoice(of=lines(60, 40)))
    draft = scene.draft()

    made = reversals.cancellation(draft, scene.invoice(), document())
    left = draft.get(type(scene.invoice()), key("INV-1"))
    draft.put(evolve(left, lifecycle=Lifecycle.CANCELLED))
    names = scene.close(draft)

    assert (made.doc_type, made.amount, made.applied, made.open_credit) == (
        "cancellation",
        100,
        100,
        0,
    )
    assert names[0] == "memo.posted"
    found = scene.invoice()
    assert (found.pending, found.credits, found.discounts) == (0, 100, 0)
    assert not any(each.live for each in found.lines)
    assert list(scene.book.all(Source)) == []
    assert scene.book.get(Memo, key("CA-1")).invoice == key("INV-1")


def test_a_cancellation_after_a_credit_is_about_the_rest():
    """What was credited before is not credited twice (I-05)."""
    scene = Scene(invoice(of=[line(amount=60, credited=20), line(amount=40, number="2")]))
    draft = scene.draft()

    made = reversals.cancellation(draft, scene.invoice(), document())

    assert [(part.line_no, part.amount) for part in made.parts] == [("1", 40), ("2", 40)]


def test_what_was_given_back_before_is_written_off():
    """M-05: credited in excess, then bounced: it is owed again, and cannot be credited twice."""
    scene = Scene(invoice(of=[line(amount=60, excess=20), line(amount=40, number="2")]))
    draft = scene.draft()

    made = reversals.cancellation(draft, scene.invoice(), document())
    scene.close(draft)

    found = scene.invoice()
    assert (made.amount, found.credits, found.written_off, found.pending) == (80, 80, 20, 0)
    assert scene.book.get(Memo, key("WO:CA-1")).amount == 20


def test_a_request_executed_without_payment_is_discounted():
    """S4-27: a discount of the balance; what was paid stays paid."""
    scene = Scene(invoice(of=[line(amount=60, settled=50), line(amount=40, number="2")]))
    draft = scene.draft()

    made = reversals.discount_pending(draft, scene.invoice(), document())
    names = scene.close(draft)

    assert names[0] == "discount.posted"
    found = scene.invoice()
    assert (made.amount, found.discounts, found.settled, found.pending) == (50, 50, 50, 0)


def test_an_application_fee_is_a_line_like_others_for_a_discount():
    """Only money-backs leave it (S4-07)."""
    fee = line(amount=10, number="2")._replace(kind=Kind.APPLICATION_FEE)
    found = invoice(of=[line(amount=60), fee])

    assert reversals.lay(found, found.lines, 70) == (Part("1", 60), Part("2", 10))
