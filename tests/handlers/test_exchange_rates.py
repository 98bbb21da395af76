"""ExchangeRates: rates by day and pair; the newest announcement counts."""

from datetime import date

import pytest

from invoice_gateway.model.errors import Rejected
from invoice_gateway.model.rates import Rate
from tests import messages as m
from tests.world import World, read

DAY = date(2026, 11, 1)


def rate(world, pair="USD/INR", day="2026-11-01"):
    """The rate of a pair as it is known for that very day."""
    found = world.book.get(Rate, (day, *pair.split("/")))
    return found and found.rate


def test_rates_are_kept_digit_by_digit():
    """As decimal text, whatever form of number the sender writes."""
    rates = {"USD/INR": "+082.50", "JPY/USD": ".006600000001", "EUR/USD": "2."}

    world = World().all(m.exchange_rates(rates))

    assert [each.rate for each in world.book.all(Rate)] == ["82.5", "0.006600000001", "2"]
    assert {each.day for each in world.book.all(Rate)} == {DAY}
    assert world.events == []


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_of_two_announcements_the_one_sent_later_counts(order):
    """In whatever order they arrive (docs/adr/0021): a correction, pair by pair."""
    said = (
        m.exchange_rates({"USD/INR": "8.25", "EUR/INR": "90.1"}, sent_at="2026-11-01T06:00:00Z"),
        m.exchange_rates({"USD/INR": "82.5"}, sent_at="2026-11-01T07:00:00Z"),
    )

    world = World().all(*(said[at] for at in order))

    assert (rate(world), rate(world, "EUR/INR")) == ("82.5", "90.1")


def test_days_and_directions_are_told_apart():
    """The other direction is a pair of its own: nothing is turned round."""
    world = World().all(
        m.exchange_rates({"USD/INR": "82.5", "INR/USD": "0.012"}),
        m.exchange_rates({"USD/INR": "83.1"}, day="2026-11-02"),
    )

    assert rate(world) == "82.5"
    assert rate(world, day="2026-11-02") == "83.1"
    assert rate(world, "INR/USD") == "0.012"


@pytest.mark.parametrize(
    ("rates", "code"),
    [
        ({"USD/USD": "1"}, "currency-mismatch"),
        ({"USD/XXX": "1"}, "unknown-currency"),
        ({"XAU/USD": "4000"}, "unknown-currency"),
        ({"USD/INR": "0"}, "xsd-invalid"),
        ({"USD/INR": "-1"}, "xsd-invalid"),
        ({"USD/INR": "10000000"}, "xsd-invalid"),
        ({"USD/INR": "0.0000000000001"}, "xsd-invalid"),
        ({}, "xsd-invalid"),
    ],
)
def test_what_is_no_rate_is_refused(rates, code):
    """With a code, and whatever else stands beside it."""
    with pytest.raises(Rejected, match=f"^{code}: "):
        read(m.exchange_rates(rates))
