"""Carrying values and their relief: exact, without residue, and the examples of Appendix D-6."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoice_gateway.model.forex import Carry, carrying_value, relief

carries = st.integers(0, 10**18)
amounts = st.integers(1, 10**16)
rates = st.decimals("0.000000000001", "9999999.999999999999", places=12).filter(bool)


@pytest.mark.parametrize(
    ("minor", "currency", "rate", "into", "value"),
    [
        (10_000, "USD", "82.50", "INR", 825_000),  # D-6
        (100, "USD", "0.33", "INR", 33),  # D-6
        (10_000, "USD", "151.5", "JPY", 15_150),  # 100.00 dollars, no decimals in yen
        (1_000, "JPY", "0.0065", "USD", 650),  # 1000 yen
        (1_000, "JPY", "0.0025", "BHD", 2_500),  # no decimals against three
        (1_001, "BHD", "402.5", "JPY", 403),  # three against none: 402.9025
        (1, "EUR", "0.5", "USD", 0),  # halves to even
        (3, "EUR", "0.5", "USD", 2),
        (5, "EUR", "0.5", "USD", 2),
        (0, "EUR", "1.0825", "USD", 0),
    ],
)
def test_a_carrying_value_is_rounded_once_halves_to_even(minor, currency, rate, into, value):
    """Whatever decimals the two currencies have."""
    assert carrying_value(minor, currency, rate, into) == value


@given(minor=amounts, rate=rates)
def test_a_carrying_value_is_exact_on_the_text_of_the_rate(minor, rate):
    """Never off by more than half a minor unit: no binary fraction comes near it."""
    value = carrying_value(minor, "EUR", format(rate, "f"), "USD")

    assert abs(Fraction(value) - Fraction(Decimal(rate)) * minor) <= Fraction(1, 2)


@given(carry=carries, parts=st.lists(amounts, min_size=1, max_size=12))
def test_relief_leaves_no_residue(carry, parts):
    """However an amount is paid, in the end all of its value is relieved, and never more."""
    left, open_ = sum(parts), carry
    for part in parts:
        gone = relief(open_, part, left)
        assert 0 <= gone <= open_
        left, open_ = left - part, open_ - gone

    assert (left, open_) == (0, 0)


@given(carry=carries, left=st.integers(2, 10**16), data=st.data())
def test_relief_is_monotone_and_near_its_share(carry, left, data):
    """Who pays more relieves no less; each share is right to half a minor unit."""
    less = data.draw(st.integers(0, left))
    more = data.draw(st.integers(less, left))

    assert relief(carry, less, left) <= relief(carry, more, left)
    assert abs(relief(carry, less, left) - Fraction(carry * less, left)) <= Fraction(1, 2)


@given(carry=carries, left=amounts, data=st.data())
def test_what_is_relieved_can_be_given_back(carry, left, data):
    """Relieved and given back, a value is what it was: nothing is computed twice."""
    amount = data.draw(st.integers(0, left))
    before = Carry("INR", "82.5", carry, carry)

    after, gone = before.relieved(amount, left)

    assert after._replace(open=after.open + gone) == before


def test_d6_three_payments_of_a_third_leave_nothing():
    """D-6: 1.00 at 0.33, paid 0.33, 0.33 and 0.34: 11 are relieved each time."""
    carry, left, gone = Carry("INR", "0.33", 33, 33), 100, []
    for amount in (33, 33, 34):
        carry, each = carry.relieved(amount, left)
        left -= amount
        gone.append(each)

    assert (gone, carry.open) == ([11, 11, 11], 0)


def test_a_relief_without_the_last_step_would_leave_a_residue():
    """The share of what is left is all of it only when it is taken as a whole."""
    assert relief(1, 1, 3) == 0
    assert relief(1, 3, 3) == 1
