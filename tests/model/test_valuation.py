"""Values in the accounting currency where no message leads yet: offers, reservations, gaps."""

from dataclasses import replace
from datetime import date

import pytest

from invoice_gateway.model import allocation as allocations
from invoice_gateway.model import valuation
from invoice_gateway.model.decision import Book
from invoice_gateway.model.draft import Draft
from invoice_gateway.model.errors import Parked
from invoice_gateway.model.forex import Carry
from invoice_gateway.model.invoice import Lifecycle
from invoice_gateway.model.ledger import Allocation, AllocationState, Mode
from invoice_gateway.model.rates import Rate
from tests.world import NOW

from .build import Scene, account, context, invoice, lines, payment

DOLLARS = {"selling_currency": "USD", "accounting_currency": "INR"}


def rate(day: int, text: str) -> Rate:
    """A rate of dollars in rupees of a day of November."""
    return Rate(day=date(2026, 11, day), base="USD", quote="INR", rate=text, as_of=NOW)


def offered(**fields):
    """An offer over 100.00 dollars that was sent, and is not issued."""
    found = invoice(of=lines(10_000), currency="USD", lifecycle=Lifecycle.SENT, day=20)
    return replace(found, **fields)


@pytest.fixture
def scene():
    """ACME buys in dollars, and is kept in rupees; it has 40.00 dollars at 83.10."""
    scene = Scene(
        replace(account(), **DOLLARS),
        offered(),
        rate(1, "82.50"),
        rate(10, "83.10"),
        rate(20, "80"),
    )
    draft = scene.draft()
    draft.fund(payment(amount=4_000, day=10, currency="USD"))
    scene.close(draft)
    return scene


def pay(scene, source, amount=4_000):
    """Put money on the first line of INV-1, by hand; return the allocation."""
    draft = scene.draft()
    found, given = draft.get(type(source), source.key), scene.invoice()
    parts = allocations.waterfall(given.lines, amount, disputed=True)
    allocations.post(draft, found, given, parts, Mode.MANUAL)
    scene.close(draft)
    return next(each for each in scene.book.all(Allocation) if each.state is AllocationState.POSTED)


def test_what_is_paid_before_issue_counts_at_the_rate_of_the_payment(scene):
    """No gain: the invoice is worth what was paid, and the rest at the rate of its issue date."""
    paid = pay(scene, payment())
    assert (paid.carry, paid.source_carry) == (332_400, 332_400)
    assert scene.invoice().carry == Carry("INR", "83.10", 332_400, 0, 332_400)

    draft = scene.draft()
    draft.issue(replace(scene.invoice(), lifecycle=Lifecycle.ISSUED))
    scene.close(draft)

    assert scene.invoice().carry == Carry("INR", "80", 332_400 + 480_000, 480_000, 332_400)


def test_what_is_taken_off_before_issue_leaves_an_offer_without_value(scene):
    """A-05: it was worth nothing but what was paid."""
    paid = pay(scene, payment())
    draft = scene.draft()
    allocations.remove(draft, paid, "removed")
    scene.close(draft)

    assert scene.invoice().carry[2:] == (0, 0, 0)
    assert scene.source(payment()).carry[2:] == (332_400, 332_400, 0)


def test_what_was_paid_before_and_is_taken_off_after_issue_is_owed_at_its_value(scene):
    """I-11: what is left is what was relieved, and what never was paid."""
    paid = pay(scene, payment())
    draft = scene.draft()
    draft.issue(replace(scene.invoice(), lifecycle=Lifecycle.ISSUED))
    scene.close(draft)
    draft = scene.draft()
    allocations.remove(draft, paid, "removed")
    scene.close(draft)

    assert scene.invoice().carry[2:] == (812_400, 812_400, 0)


def test_a_reservation_relieves_nothing_until_it_is_posted(scene):
    """A-08: what is reserved still belongs to what is left, on both sides."""
    draft = scene.draft()
    draft.issue(offered(lifecycle=Lifecycle.ISSUED))
    source = scene.source(payment())
    draft.put(replace(source, reserved=3_000))
    scene.close(draft)

    draft = scene.draft()
    source = scene.source(payment())
    allocations.post(
        draft,
        source,
        scene.invoice(),
        allocations.waterfall(lines(1_000), 1_000, disputed=True),
        Mode.AUTO,
    )
    scene.close(draft)

    assert scene.source(payment()).carry.settled == 83_100

    draft = scene.draft()
    held = Allocation(
        source=source.key,
        number=2,
        invoice=scene.invoice().key,
        currency="USD",
        amount=3_000,
        parts=allocations.waterfall(scene.invoice().lines, 3_000, disputed=True),
        mode=Mode.PROVISION,
        posted_on=NOW.date(),
    )
    free = replace(scene.source(payment()), reserved=0)
    allocations.book(draft, held, free, scene.invoice())
    names = scene.close(draft)

    assert names[:2] == ["allocation.posted", "forex.recorded"]
    assert scene.source(payment()).carry[2:] == (332_400, 0, 332_400)
    assert scene.source(payment()).allocations == 2


def test_money_in_the_accounting_currency_has_one_value(scene):
    """And so has an invoice in it."""
    draft = scene.draft()
    plain = draft.fund(payment("PAY-9", currency="INR"))

    assert plain.carry is None
    assert valuation.paid_out(plain, 1) == (plain, None)


def test_a_rate_that_nobody_looked_up_is_a_mistake_and_no_older_rate():
    """A scope that forgets a rate is found out, not answered from what happens to be there."""
    book = Book([rate(1, "82.50"), rate(10, "83.10")], {("USD", "INR", "2026-11-10")})
    draft = Draft(book, context())

    found = draft.rate("USD", "INR", date(2026, 11, 10))
    assert found is not None
    assert found.rate == "83.10"
    with pytest.raises(LookupError, match="no scope names the rate of USD in INR of 2026-11-09"):
        draft.rate("USD", "INR", date(2026, 11, 9))


def test_who_waits_for_a_rate_says_for_which():
    """Its currencies, and the day until which it must be there."""
    draft = Draft(Book([replace(account(), **DOLLARS)]), context())

    with pytest.raises(Parked, match="unknown-rate: no rate of USD in INR of 2026-11-20") as parked:
        draft.fund(payment(currency="USD"))

    assert parked.value.waits_for == ("rate", "USD/INR/2026-11-20")
