"""Statements and agings: folds over entries, of one day and one state of knowledge."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoice_gateway.model.history import Disputed, Entry, History
from invoice_gateway.model.keys import InvoiceKey
from invoice_gateway.model.statement import (
    BUCKETS,
    Period,
    agings,
    bucket_of,
    statements,
)

START = date(2026, 11, 1)
MOMENT = datetime(2026, 11, 1, tzinfo=UTC)
DAYS = 60

days = st.integers(0, DAYS).map(lambda number: START + timedelta(days=number))
moments = st.integers(0, DAYS).map(lambda number: MOMENT + timedelta(days=number))
invoices = st.integers(1, 4).map(lambda number: InvoiceKey("E", f"INV-{number}"))
amounts = st.integers(-10_000, 10_000)


@st.composite
def entry(draw, number: int = 0) -> Entry:
    """Any entry, about an invoice or not."""
    invoice = draw(st.none() | invoices)
    return Entry(
        kind=draw(st.sampled_from(["invoice", "payment", "allocation", "credit-memo"])),
        order=number,
        account="ACME",
        currency=draw(st.sampled_from(["EUR", "USD"])),
        effective=draw(days),
        recorded=draw(moments),
        document=f"D-{number}",
        invoice=invoice,
        due_date=draw(days) if invoice else None,
        receivable=draw(amounts) if invoice else 0,
        unapplied=draw(amounts),
        open_credit=draw(amounts),
    )


@st.composite
def histories(draw) -> History:
    """An account with some entries, and disputes about lines they are on."""
    count = draw(st.integers(0, 12))
    entries = tuple(draw(entry(number)) for number in range(count))
    return History(party="ACME", entries=entries, disputed=tuple(draw(disputes(count))))


@st.composite
def disputes(draw, count: int) -> list[Disputed]:
    """Disputes that are opened, amended and perhaps closed."""
    found = []
    for _ in range(draw(st.integers(0, 3))):
        changes = sorted(draw(st.lists(moments, min_size=1, max_size=3, unique=True)))
        found.append(
            Disputed(
                invoice=draw(invoices),
                line_amount=draw(st.integers(1, 10_000)),
                opened_at=changes[0],
                closed_at=draw(st.none() | moments),
                amounts=tuple((moment, draw(st.integers(1, 10_000))) for moment in changes),
                parts={number: draw(st.integers(1, 500)) for number in range(count)},
            )
        )
    return found


periods = st.builds(Period, as_of=days, begins=st.none() | days, known_at=st.none() | moments)


def without(history: History, *, later_than: date | None = None, unknown_at=None) -> History:
    """The history without entries that count later, or that were recorded later."""

    def stays(effective: date, recorded: datetime) -> bool:
        return (later_than is None or effective <= later_than) and (
            unknown_at is None or recorded <= unknown_at
        )

    return History(
        party=history.party,
        entries=tuple(each for each in history.entries if stays(each.effective, each.recorded)),
        disputed=tuple(
            each._replace(
                amounts=tuple(one for one in each.amounts if stays(one[0].date(), one[0])),
                closed_at=each.closed_at
                if each.closed_at and stays(each.closed_at.date(), each.closed_at)
                else None,
            )
            for each in history.disputed
        ),
    )


@given(histories(), periods)
def test_a_report_does_not_see_what_counts_later(history, period):
    """I-34: as of a day, entries that take effect later change nothing."""
    before = without(history, later_than=period.as_of)

    assert statements(history, period) == statements(before, period)
    assert agings(history, period) == agings(before, period)


@given(histories(), periods, moments)
def test_a_report_does_not_see_what_is_recorded_later(history, period, known_at):
    """I-34: by what was known at a moment, what is recorded later changes nothing."""
    period = period._replace(known_at=known_at)
    before = without(history, unknown_at=known_at)

    assert statements(history, period) == statements(before, period)
    assert agings(history, period) == agings(before, period)


@given(histories(), periods, days)
def test_a_statement_adds_up(history, period, middle):
    """Opening and entries give closing, which is receivable less unused money; periods join."""
    for each in statements(history, period):
        held = each.holdings
        assert each.opening + sum(line.amount for line in each.lines) == each.closing
        assert each.closing == held.receivable - held.unapplied - held.open_credit - held.wallet
        assert [line.day for line in each.lines] == sorted(line.day for line in each.lines)
    earlier = {
        each.currency: each.closing
        for each in statements(history, period._replace(as_of=middle, begins=None))
    }
    following = period._replace(begins=middle + timedelta(days=1))
    if following.begins <= period.as_of:
        for each in statements(history, following):
            assert each.opening == earlier.get(each.currency, 0)


@given(histories(), periods)
def test_the_ages_add_up_to_the_receivable(history, period):
    """And to the invoices; the disputed part of one is never more than that of its lines."""
    for each in agings(history, period):
        ages = {name: getattr(each, name) for name in BUCKETS}
        assert sum(ages.values()) == each.holdings.receivable
        for name, amount in ages.items():
            assert amount == sum(one.open for one in each.invoices if one.bucket == name)


@pytest.mark.parametrize(
    ("overdue", "bucket"),
    [
        *[(-400, "not_due"), (0, "not_due"), (1, "overdue_30"), (30, "overdue_30")],
        *[(31, "overdue_60"), (60, "overdue_60"), (61, "overdue_90"), (90, "overdue_90")],
        *[(91, "overdue_more"), (4_000, "overdue_more")],
    ],
)
def test_buckets_end_where_they_say(overdue, bucket):
    """Not due, 1-30, 31-60, 61-90, more; an invoice is not late on its due date."""
    assert bucket_of(overdue) == bucket


def line_disputed(**fields) -> Disputed:
    """A dispute over 60 of a line of 100, opened on the 5th."""
    opened = MOMENT + timedelta(days=4)
    base = Disputed(InvoiceKey("E", "INV-1"), 100, opened, None, ((opened, 60),), {2: 70})
    return base._replace(**fields)


def invoice_and_payment(paid_on: int) -> tuple[Entry, Entry]:
    """An invoice over 100 from the 1st, of which 70 are paid on that day."""
    key, paid = InvoiceKey("E", "INV-1"), START + timedelta(days=paid_on - 1)
    base = Entry("invoice", 1, "ACME", "EUR", START, MOMENT, "INV-1", key, START, 100)
    return base, base._replace(
        kind="allocation", order=2, effective=paid, due_date=None, receivable=-70, unapplied=-70
    )


@pytest.mark.parametrize(
    ("on", "changes", "expected"),
    [
        (4, {}, 0),  # not opened yet
        (5, {}, 60),
        (20, {}, 30),  # 70 of the line are paid by then
        (20, {"closed_at": MOMENT + timedelta(days=12)}, 0),
        (12, {"closed_at": MOMENT + timedelta(days=12)}, 60),
        (9, {"amounts": ((MOMENT + timedelta(days=4), 60), (MOMENT + timedelta(days=7), 80))}, 80),
        (7, {"amounts": ((MOMENT + timedelta(days=4), 60), (MOMENT + timedelta(days=7), 80))}, 60),
    ],
)
def test_the_disputed_part_is_that_of_the_day(on, changes, expected):
    """As opened, amended and closed by then, and never more than is open on the line (D-08)."""
    history = History(
        party="ACME", entries=invoice_and_payment(15), disputed=(line_disputed(**changes),)
    )

    [found] = agings(history, Period(START + timedelta(days=on - 1)))

    assert found.disputed == expected
