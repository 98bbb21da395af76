"""Money in minor units: texts, exponents, and splitting without losing a cent."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from iso4217 import Currency

from invoice_gateway.model.money import (
    MAX_MINOR,
    UnknownCurrency,
    decimal_text,
    exponent,
    round_half_up,
    spread,
)

AMOUNTS = st.integers(-MAX_MINOR, MAX_MINOR)
WEIGHTS = st.lists(st.integers(0, 10**12), min_size=1, max_size=20).filter(any)


@pytest.mark.parametrize(
    ("currency", "places"),
    [("EUR", 2), ("USD", 2), ("JPY", 0), ("KRW", 0), ("BHD", 3), ("TND", 3), ("CLF", 4)],
)
def test_the_exponent_is_that_of_iso_4217(currency, places):
    """Two decimals for most, none, three or four for some."""
    assert exponent(currency) == places


@pytest.mark.parametrize("currency", [each.code for each in Currency])
def test_every_currency_has_its_decimals_or_is_refused(currency):
    """Over all of ISO 4217: 0 to 4 decimals, or no money at all (gold, testing codes)."""
    if Currency(currency).exponent is None:
        with pytest.raises(UnknownCurrency, match=currency):
            exponent(currency)
    else:
        assert 0 <= exponent(currency) <= 4


@pytest.mark.parametrize("word", ["EUX", "eur", "", "EURO", "XAU", "XTS", "€"])
def test_what_is_no_currency_is_refused(word):
    """Unknown, lower case, too long, gold and the code for tests."""
    with pytest.raises(UnknownCurrency):
        exponent(word)


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (1234, "EUR", "12.34"),
        (5, "EUR", "0.05"),
        (-5, "EUR", "-0.05"),
        (0, "EUR", "0.00"),
        (-100, "EUR", "-1.00"),
        (1234, "JPY", "1234"),
        (-7, "JPY", "-7"),
        (1, "BHD", "0.001"),
        (12345, "CLF", "1.2345"),
        (MAX_MINOR, "EUR", "90000000000000.00"),
    ],
)
def test_an_amount_is_written_with_all_its_decimals(minor, currency, text):
    """As XML carries it: sign, at least one digit, then exactly the decimals of the currency."""
    assert decimal_text(minor, currency) == text


@given(AMOUNTS, st.sampled_from(["EUR", "JPY", "BHD", "CLF"]))
def test_text_and_amount_are_the_same_number(minor, currency):
    """Nothing is lost on the way out, without a float in between."""
    assert Fraction(decimal_text(minor, currency)) * 10 ** exponent(currency) == minor


@given(AMOUNTS, WEIGHTS)
def test_a_split_adds_up(total, weights):
    """I-33: no cent is lost or made."""
    assert sum(spread(total, weights)) == total


@given(AMOUNTS, WEIGHTS)
def test_every_part_is_within_a_cent_of_its_share(total, weights):
    """Between the floor and the ceiling of the exact share, and on the side of the total."""
    whole = sum(weights)
    for part, weight in zip(spread(total, weights), weights, strict=True):
        exact = Fraction(abs(total) * weight, whole)
        assert exact - 1 < abs(part) < exact + 1
        assert part * total >= 0
        assert part == 0 or weight


@given(WEIGHTS, st.data())
def test_no_part_exceeds_its_weight(weights, data):
    """Spreading no more than there is never overdraws a line."""
    total = data.draw(st.integers(0, sum(weights)))

    parts = spread(total, weights)

    assert all(part <= weight for part, weight in zip(parts, weights, strict=True))


@given(WEIGHTS)
def test_the_whole_is_split_into_the_weights(weights):
    """Spreading everything gives everybody all of theirs."""
    assert spread(sum(weights), weights) == tuple(weights)


@pytest.mark.parametrize(
    ("total", "weights", "parts"),
    [
        (100, [1, 1, 1], (34, 33, 33)),
        (2, [1, 1, 1], (1, 1, 0)),
        (-2, [1, 1, 1], (-1, -1, 0)),
        (5, [1, 0, 1], (3, 0, 2)),
        (10, [3, 3, 1], (4, 4, 2)),
        (10, [1, 2, 4], (1, 3, 6)),
        (7, [7], (7,)),
        (0, [1, 2], (0, 0)),
        (0, [0, 0], (0, 0)),
        (0, [], ()),
    ],
)
def test_the_largest_remainder_wins_and_ties_go_first(total, weights, parts):
    """M-02: by largest remainder, ties by position."""
    assert spread(total, weights) == parts


@pytest.mark.parametrize(("total", "weights"), [(1, []), (1, [0, 0]), (1, [2, -1]), (0, [-1])])
def test_a_split_over_nothing_is_a_mistake(total, weights):
    """There must be something to spread over, and no weight below zero."""
    with pytest.raises(ValueError, match="cannot spread"):
        spread(total, weights)


@pytest.mark.parametrize(
    ("numerator", "denominator", "rounded"),
    [(5, 2, 3), (-5, 2, -3), (4, 3, 1), (5, 3, 2), (1, 2, 1), (-1, 2, -1), (0, 7, 0), (49, 100, 0)],
)
def test_halves_are_rounded_away_from_zero(numerator, denominator, rounded):
    """BR-CO-17: commercial rounding, the same for a debt and a credit."""
    assert round_half_up(numerator, denominator) == rounded


@given(st.integers(-(10**20), 10**20), st.integers(1, 10**9))
def test_rounding_is_the_nearest_integer(numerator, denominator):
    """Never more than half away, and a number and its opposite are rounded alike."""
    found = round_half_up(numerator, denominator)

    assert abs(Fraction(numerator, denominator) - found) <= Fraction(1, 2)
    assert round_half_up(-numerator, denominator) == -found


@pytest.mark.parametrize("denominator", [0, -1])
def test_a_fraction_has_a_positive_denominator(denominator):
    """Anything else is a mistake of the caller."""
    with pytest.raises(ValueError, match="not positive"):
        round_half_up(1, denominator)
