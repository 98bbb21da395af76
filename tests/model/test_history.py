"""Entries: what each row adds, from which day, and from which moment."""

from datetime import UTC, date, datetime

import pytest

from invoice_gateway.model.history import (
    Bill,
    Counts,
    Move,
    Paper,
    Purse,
    adjusted,
    allocated,
    billed,
    counts_as,
    given_back,
    received,
    removed,
)
from invoice_gateway.model.invoice import InvoiceKind, Lifecycle
from invoice_gateway.model.keys import SourceKey
from invoice_gateway.model.ledger import DocType, Origin, ReversalKind, SourceType
from tests.world import key


def day(number: int) -> date:
    """A day of November."""
    return date(2026, 11, number)


def at(number: int) -> datetime:
    """A moment on that day."""
    return datetime(2026, 11, number, 12, tzinfo=UTC)


def bill(**fields) -> Bill:
    """An issued invoice of ACME from the 10th, recorded on the 12th."""
    base = Bill(
        key("INV-1"),
        "ACME",
        "EUR",
        InvoiceKind.COMMERCIAL,
        Lifecycle.ISSUED,
        day(10),
        day(30),
        "erp/I",
        at(12),
    )
    return base._replace(**fields)


def purse(kind=SourceType.PAYMENT, origin=Origin.PAYMENT, **fields) -> Purse:
    """Money of ACME with the value date 15th, recorded on the 16th."""
    base = Purse(SourceKey("ACME", kind, "P-1"), "EUR", origin, day(15), "bank/P", at(16))
    return base._replace(**fields)


def sums(entry) -> tuple[int, int, int, int]:
    """Receivable, unapplied, open credit, wallet."""
    return entry.receivable, entry.unapplied, entry.open_credit, entry.wallet


@pytest.mark.parametrize(
    ("kind", "lifecycle", "expected"),
    [
        *[(InvoiceKind.COMMERCIAL, each, Counts.NOT_AT_ALL) for each in ("Draft", "Sent")],
        *[(InvoiceKind.PROFORMA, each, Counts.NOT_AT_ALL) for each in ("Voided", "Deleted")],
        *[(InvoiceKind.REQUEST, each, Counts.OWED) for each in ("Issued", "Cancelled")],
        (InvoiceKind.PROFORMA, "Issued", Counts.OWED),
        (InvoiceKind.TOPUP, "Sent", Counts.NOT_AT_ALL),
        (InvoiceKind.TOPUP, "Issued", Counts.PREPAYMENT),
    ],
)
def test_only_what_was_issued_is_owed_and_a_topup_never_is(kind, lifecycle, expected):
    """A cancelled invoice was issued; a top-up is no revenue (X-09)."""
    assert counts_as(kind, lifecycle) is expected


def test_an_invoice_is_owed_from_its_date():
    """Known from the moment it was issued in."""
    entry = billed(1, bill(), 100)

    assert sums(entry) == (100, 0, 0, 0)
    assert (entry.effective, entry.recorded, entry.due_date) == (day(10), at(12), day(30))
    assert billed(1, bill(lifecycle=Lifecycle.SENT), 100) is None


@pytest.mark.parametrize(
    ("doc_type", "applied", "expected"),
    [
        (DocType.DEBIT_MEMO, 100, (100, 0, 0, 0)),
        (DocType.CREDIT_MEMO, 70, (-70, 0, 30, 0)),
        (DocType.DISCOUNT, 100, (-100, 0, 0, 0)),
        (DocType.WRITE_OFF, 100, (-100, 0, 0, 0)),
    ],
)
def test_a_document_changes_what_is_owed_and_the_rest_is_credit(doc_type, applied, expected):
    """X-05: a credit never takes off more than is open."""
    paper = Paper(doc_type, "D-1", 100, applied, day(20), "erp/D", at(21))

    entry = adjusted(2, bill(), paper)

    assert sums(entry) == expected
    assert entry.balance == (100 if doc_type is DocType.DEBIT_MEMO else -100)
    assert (entry.effective, entry.recorded) == (day(20), at(21))


def test_a_document_does_not_count_before_its_invoice():
    """Neither by its day nor by what was known."""
    entry = adjusted(2, bill(), Paper(DocType.CREDIT_MEMO, "D-1", 5, 5, day(1), "erp/D", at(2)))

    assert (entry.effective, entry.recorded) == (day(10), at(12))


@pytest.mark.parametrize(
    ("kind", "origin", "expected"),
    [
        (SourceType.PAYMENT, Origin.PAYMENT, (0, 100, 0, 0)),
        (SourceType.OPEN_CREDIT, Origin.CREDIT_NOTE, (0, 0, 100, 0)),
        (SourceType.OPEN_CREDIT, Origin.EXCESS, None),
        (SourceType.WALLET, Origin.TOPUP, None),
    ],
)
def test_money_comes_in_once(kind, origin, expected):
    """The excess of a memo is in the memo, the money of a top-up in its allocation."""
    entry = received(3, purse(kind, origin), 100)

    assert (entry and sums(entry)) == expected


@pytest.mark.parametrize(
    ("move", "expected"),
    [
        (Move(day(20), "financials/C"), day(20)),  # a command: its effective date
        (Move(day(3), "financials/C"), day(15)),  # not before the money was there
        (Move(day(20), "bank/P"), day(15)),  # by the payment itself: its value date
        (Move(day(20), "erp/I"), day(15)),  # by the invoice that it waited for
        (Move(day(20), "bank/R", day(18)), day(18)),  # put back by a bounce: its date
    ],
)
def test_an_allocation_counts_from_the_document_that_made_it(move, expected):
    """A payment of the last day of a month pays its invoices in that month."""
    assert allocated(4, bill(), purse(), 40, move).effective == expected


def test_an_allocation_is_known_when_both_ends_are():
    """The latest of the three moments."""
    moments = [
        allocated(4, bill(recorded=one), purse(recorded=two), 1, Move(day(20), "x", None, three))
        for one, two, three in [(at(9), at(2), at(3)), (at(2), at(9), at(3)), (at(2), at(3), at(9))]
    ]

    assert {each.recorded for each in moments} == {at(9)}


@pytest.mark.parametrize(
    ("kind", "topup", "expected"),
    [
        (SourceType.PAYMENT, False, (-40, -40, 0, 0)),
        (SourceType.OPEN_CREDIT, False, (-40, 0, -40, 0)),
        (SourceType.WALLET, False, (-40, 0, 0, -40)),
        (SourceType.PAYMENT, True, (0, -40, 0, 40)),
    ],
)
def test_an_allocation_moves_money_between_the_sums(kind, topup, expected):
    """The balance stays as it is, also when a top-up makes prepaid money of it."""
    its = InvoiceKind.TOPUP if topup else InvoiceKind.COMMERCIAL
    entry = allocated(4, bill(kind=its), purse(kind), 40, Move(day(20), "x"))

    assert sums(entry) == expected
    assert entry.balance == 0
    taken = removed(entry, Move(day(25), "y"))
    assert tuple(map(sum, zip(sums(entry), sums(taken), strict=True))) == (0, 0, 0, 0)
    assert (taken.effective, taken.order) == (day(25), 4)


def test_money_on_an_offer_is_not_applied_yet():
    """It stays unapplied until the invoice is issued."""
    offer = bill(lifecycle=Lifecycle.SENT, kind=InvoiceKind.PROFORMA)

    assert allocated(4, offer, purse(), 40, Move(day(20), "x")) is None


def test_money_that_leaves_again_is_owed_again():
    """Bounce, chargeback, refund; use of prepaid money; a top-up taken back is in its removal."""
    move = Move(day(2), "bank/R", None, at(3))
    bounce = given_back(5, purse(), ReversalKind.BOUNCE, "R-1", 40, move)
    usage = given_back(6, purse(SourceType.WALLET), ReversalKind.USAGE, "U-1", 40, move)

    assert (sums(bounce), bounce.balance) == ((0, -40, 0, 0), 40)
    assert (bounce.effective, bounce.recorded) == (day(15), at(16))
    assert (sums(usage), usage.balance) == ((0, 0, 0, -40), 40)
    assert given_back(7, purse(), ReversalKind.WITHDRAWAL, "W-1", 40, move) is None
