"""StatementQuery: what an account owed, how it came about, and how old it is (§5.3)."""

from datetime import date

import pytest

from invoice_gateway.model import answers
from invoice_gateway.model.errors import Rejected
from tests import messages as m
from tests.world import NOW, read


def test_a_statement_shows_what_was_asked_and_what_was_paid(billed):
    """Opening, entries with running balance, closing; unused money apart."""
    billed.all(
        m.memo_posted("CM-1", amount="10.00"),
        m.payment_posted("PAY-1", amount="120.00", value_date="2026-11-02"),
    )

    [stamped] = billed.send(m.statement_query(as_of="2026-12-31")).events

    [found] = stamped.event.statement
    assert (found.opening.minor, found.closing.minor, found.currency) == (0, -3_000, "EUR")
    assert [(each.entry_type, each.document, each.amount.minor) for each in found.entry] == [
        ("invoice", "INV-1", 10_000),
        ("payment", "PAY-1", -12_000),
        ("credit-memo", "CM-1", -1_000),
    ]
    assert [each.balance.minor for each in found.entry] == [10_000, -2_000, -3_000]
    assert (found.holdings.receivable.minor, found.holdings.unapplied.minor) == (0, 3_000)


def test_what_came_before_the_period_is_in_the_opening_balance(billed):
    """From the first day on, entry by entry."""
    billed.send(m.payment_posted(amount="70.00", value_date="2026-12-05"))

    [stamped] = billed.send(m.statement_query(begins="2026-12-01", as_of="2026-12-31")).events

    [found] = stamped.event.statement
    assert (found.opening.minor, found.closing.minor) == (10_000, 3_000)
    assert [each.entry_type for each in found.entry] == ["payment"]
    assert stamped.event.begins == date(2026, 12, 1)


def test_without_days_it_is_about_today_and_all_that_is_known(billed):
    """The answer says which day and which moment."""
    [stamped] = billed.send(m.statement_query()).events

    assert (stamped.event.as_of, stamped.event.known_at) == (NOW.date(), NOW)
    assert stamped.event.begins is None


def test_an_aging_sorts_what_is_open_by_days_past_due(billed):
    """By due date; the ages add up to the receivable."""
    billed.send(m.invoice_posted("INV-2", due_date="2027-03-01"))

    query = m.statement_query(kind="aging", as_of="2027-01-31", sender="financials")
    [stamped] = billed.send(query).events

    [found] = stamped.event.aging
    ages = (found.not_due, found.overdue_30, found.overdue_60, found.overdue_90)
    assert sum(each.minor for each in (*ages, found.overdue_more)) == 20_000
    assert found.not_due.minor == 10_000
    assert found.holdings.receivable.minor == 20_000
    assert [each.invoice.number for each in found.aged] == ["INV-1", "INV-2"]
    assert [each.days > 0 for each in found.aged] == [True, False]


def test_an_unknown_account_is_waited_for(world):
    """Parked until it is there."""
    assert world.refusal(m.statement_query("NEW", sender="erp")).waits_for == ("party", "NEW")


def test_a_period_that_ends_before_it_begins_is_refused():
    """When it is read."""
    with pytest.raises(Rejected, match="date-range"):
        read(m.statement_query(begins="2026-12-02", as_of="2026-12-01"))


def test_nothing_was_entered_nothing_is_shown(world):
    """An answer without statements."""
    [stamped] = world.send(m.statement_query()).events

    assert stamped.event.statement == ()


@pytest.mark.parametrize("kind", ["statement", "aging"])
def test_an_answer_that_no_broker_would_take_is_refused(billed, kind, monkeypatch):
    """It says what to do; nothing that cannot be published gets into the outbox."""
    billed.send(m.invoice_posted("INV-2"))
    monkeypatch.setattr(answers, "ENTRIES_MAX", 1)

    refused = billed.refusal(m.statement_query(kind=kind))

    assert refused.code == "report-too-large"
    assert "2 entries, at most 1 are sent" in refused.message
