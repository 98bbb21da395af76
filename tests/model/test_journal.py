"""The journal: balanced transactions, taxes to the cent, names that stay different."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoice_gateway.model.history import Move, Paper, allocated, billed, received
from invoice_gateway.model.journal import COUNTER, Share, component, credited, transaction
from invoice_gateway.model.ledger import DocType, Origin, ReversalKind, SourceType
from tests.model.test_history import adjusted, bill, day, purse

COMPONENT = re.compile(r"[A-Z0-9][A-Za-z0-9-]*")


def postings(entry, *shares) -> dict[str, int]:
    """The amounts by account."""
    return {each.account: each.amount for each in transaction(entry, shares).postings}


def test_an_invoice_is_income_and_taxes():
    """By category and rate."""
    found = postings(billed(1, bill(), 175), Share("S", "20.0", 100, 20), Share("Z", "0", 55, 0))

    assert found == {
        "Assets:Receivable:ACME": 175,
        "Income:Sales": -155,
        "Liabilities:Tax:S-20": -20,
    }


def test_a_credit_takes_income_and_taxes_back():
    """What could not be taken off is open credit."""
    paper = Paper(DocType.CREDIT_MEMO, "D-1", 60, 40, day(20), "erp/D")

    assert postings(adjusted(2, bill(), paper), Share("S", "20", 50, 10)) == {
        "Assets:Receivable:ACME": -40,
        "Liabilities:OpenCredit:ACME": -20,
        "Income:SalesReturns": 50,
        "Liabilities:Tax:S-20": 10,
    }


def test_a_write_off_is_an_expense_and_gives_no_tax_back():
    """All of it."""
    paper = Paper(DocType.BAD_DEBT, "D-1", 60, 60, day(20), "erp/D")

    assert postings(adjusted(2, bill(), paper), Share("S", "20", 50, 10)) == {
        "Assets:Receivable:ACME": -60,
        "Expenses:BadDebt": 60,
    }


def test_money_waits_until_it_is_applied():
    """Bank to unapplied, unapplied to receivable."""
    move = Move(day(20), "bank/P")

    assert postings(received(3, purse(), 50)) == {
        "Liabilities:Unapplied:ACME": -50,
        "Assets:Bank": 50,
    }
    assert postings(allocated(4, bill(), purse(), 30, move)) == {
        "Assets:Receivable:ACME": -30,
        "Liabilities:Unapplied:ACME": 30,
    }


def test_every_kind_of_entry_has_another_side():
    """Documents, money in, money out; a withdrawal from a wallet is no entry."""
    kinds = {"invoice", SourceType.PAYMENT, *DocType, *ReversalKind} - {ReversalKind.WITHDRAWAL}

    assert set(COUNTER) == kinds


def test_a_credit_note_is_credit_for_nothing_in_particular():
    """Sales returns to open credit."""
    note = purse(SourceType.OPEN_CREDIT, Origin.CREDIT_NOTE)

    assert postings(received(3, note, 50)) == {
        "Liabilities:OpenCredit:ACME": -50,
        "Income:SalesReturns": 50,
    }


@given(st.integers(1, 10**9), st.integers(0, 30), st.lists(st.integers(1, 10**8), max_size=8))
def test_credits_of_a_whole_line_hold_all_its_tax(amount, percent, wanted):
    """However it is cut up, and never more than each part."""
    tax, before, held = amount * percent // 100, 0, 0
    for part in [*wanted, amount]:
        taken = min(part, amount - before)
        share = credited(taken, before, amount, tax)
        assert 0 <= share <= taken
        before, held = before + taken, held + share
    assert (before, held) == (amount, tax)


@pytest.mark.parametrize(
    ("party", "expected"),
    [
        ("ACME", "ACME"),
        ("7eleven", "7eleven"),
        ("acme", "X-Xacme"),
        ("ACME-SHOP", "ACME--SHOP"),
        ("X-Xacme", "X--Xacme"),
        ("DE:12.3_4", "DE-3A12-2E3-5F4"),
        ("Zoë", "Zo-C3-AB"),
    ],
)
def test_a_party_fits_into_the_name_of_an_account(party, expected):
    """Letters, digits and hyphens; a capital or a digit first."""
    assert component(party) == expected


@given(st.lists(st.text(min_size=1, max_size=8), unique=True, max_size=20))
def test_different_parties_have_different_accounts(parties):
    """Whatever they are called."""
    names = [component(each) for each in parties if each.isprintable()]

    assert len({*names}) == len(names)
    assert all(COMPONENT.fullmatch(each) for each in names)
