"""Time in the database: what is due fires once, in order, whoever looks and however late."""

import threading
from datetime import UTC, datetime, timedelta

import pytest

from invoice_gateway import audit
from invoice_gateway.audit.facts import Reader
from invoice_gateway.bus.folder import FolderPublisher
from invoice_gateway.store import upgrade
from tests import messages as say
from tests.canonical import differences, essence
from tests.engine_harness import ENTERPRISE, Databases, Engine, Sender, app, opened

POLICY = {
    "RequestCancellationDays": 60,
    "ReminderDays": 10,
    "SuspensionDays": 20,
    "DeletionDays": 40,
}
OVERDUE = datetime(2026, 12, 21, tzinfo=UTC)
"""When what was issued on 2026-11-20 at thirty days is overdue."""


def at(day: int, month: int = 12) -> datetime:
    """The beginning of a day of 2026."""
    return datetime(2026, month, day, tzinfo=UTC)


def told(engine: Engine) -> list[str]:
    """The names of all events that time has caused, in order."""
    facts = Reader(engine.store).read()
    return [each.name for each in facts.events if each.cause.startswith("scheduler/")]


def begin(engine: Engine, *parties: str) -> None:
    """Let customers have an invoice each, and a request."""
    for party in parties:
        terms = say.Terms(policy=POLICY)
        outcomes = engine.send(
            say.customer_account(party, terms=terms),
            say.invoice_posted(f"{party}-1", customer=party, issue_date="2026-11-20"),
            say.request_raised(f"{party}-R", customer=party, order=f"{party}-O"),
        )
        assert outcomes == ["accepted"] * 3


def test_what_is_due_fires_once(url: str):
    """An overdue invoice is announced, and then nothing is due any more."""
    with opened(url) as engine:
        engine.send(say.customer_account(), say.invoice_posted(issue_date="2026-11-20"))

        assert engine.pass_time(OVERDUE - timedelta(seconds=1)) == []
        assert engine.pass_time(OVERDUE) == ["accepted"]
        assert told(engine) == ["invoice.overdue"]
        assert engine.pass_time(OVERDUE + timedelta(days=300)) == []


def test_what_was_settled_does_not_fire(url: str):
    """I-30: no reminder, nothing overdue, once the money is there."""
    with opened(url) as engine:
        engine.send(say.customer_account(), say.invoice_posted(issue_date="2026-11-20"))
        engine.send(say.payment_posted(amount="100.00"))

        assert engine.pass_time(OVERDUE + timedelta(days=300)) == []


def test_what_is_open_again_fires_again(url: str):
    """A-10: a payment that bounces late makes the invoice overdue once more, at once."""
    with opened(url) as engine:
        engine.send(say.customer_account(), say.invoice_posted(issue_date="2026-11-20"))
        engine.pass_time(OVERDUE)
        engine.send(say.payment_posted(amount="100.00"))
        engine.send(say.payment_reversed(kind="bounce", amount="100.00"))

        assert engine.pass_time(OVERDUE) == ["accepted"]
        assert told(engine) == ["invoice.overdue"] * 2


def test_one_jump_is_day_by_day(databases: Databases):
    """I-30: the same events in the same order, and the same books in the end."""
    ends = []
    for days in (range(100), (99,)):
        with databases.emptied() as engine:
            begin(engine, "A", "B")
            for day in days:
                engine.pass_time(at(20, 11) + timedelta(days=day))
            facts = Reader(engine.store).read()
            audit.check(facts)
            ends.append((told(engine), essence(facts)))

    (daily, books), (jumped, others) = ends
    assert daily == jumped
    assert not differences(books, others)
    # every ten days: the request until it is cancelled on day 60, the invoice until today
    assert daily.count("invoice.reminder-due") == 2 * (5 + 9)
    assert daily.count("invoice.cancelled") == 2


@pytest.mark.parametrize(
    "body",
    [
        say.line_status_update("declare-paid", invoice="INV:A-R"),
        say.line_status_update("confirm-receipt", invoice="INV:A-R"),
        say.payment_notice(invoices=["INV:A-R"]),
        say.dispute_opened(invoice="INV:A-R"),
    ],
    ids=["declared", "confirmed", "noticed", "disputed"],
)
def test_nothing_is_said_about_what_was_cancelled(url: str, body: bytes):
    """I-18: what was not paid in time is over; the neighbours of such a message take effect."""
    with opened(url, (*ENTERPRISE, Sender("acme", "A", "partner"))) as engine:
        begin(engine, "A")
        engine.pass_time(at(19, 1) + timedelta(days=365))
        outcomes = engine.send(body, say.payment_posted(payer="A", amount="5.00"))

        assert outcomes == ["rejected bad-transition", "accepted"]
        audit.check(Reader(engine.store).read())


def test_a_day_begins_where_the_enterprise_is(url: str):
    """Due dates pass at 00:00 in its time zone: New York is five hours late."""
    with opened(url, timezone="America/New_York") as engine:
        engine.send(say.customer_account(), say.invoice_posted(issue_date="2026-11-20"))

        assert engine.pass_time(OVERDUE + timedelta(hours=4)) == []
        assert engine.pass_time(OVERDUE + timedelta(hours=5)) == ["accepted"]


def test_several_schedulers_fire_each_timer_once(postgres_url: str, tmp_path):
    """Two of them look at the same time, again and again: every event is there once."""
    parties = [f"P{number}" for number in range(20)]
    upgrade(postgres_url)
    with opened(postgres_url) as engine:
        begin(engine, *parties)
        engine.clock.now = OVERDUE
        gateway = app(database_url=postgres_url, batch_size=7)
        both = [
            gateway.scheduler(engine.store, FolderPublisher(tmp_path / name), engine.clock)
            for name in ("one", "two")
        ]
        threads = [
            threading.Thread(
                target=each.run, args=(threading.Event(),), kwargs={"pause_s": 0, "until": OVERDUE}
            )
            for each in both
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        facts = Reader(engine.store).read()

    audit.check(facts)
    fired = [each for each in facts.events if each.cause.startswith("scheduler/")]
    overdue = [each.aggregate_id for each in fired if each.name == "invoice.overdue"]
    assert len(overdue) == len(set(overdue)) == 2 * len(parties)
    reminded = [(each.aggregate_id, each.text("Number")) for each in fired if each.text("Number")]
    assert len(reminded) == len(set(reminded)) == 3 * 2 * len(parties)


def test_nobody_else_sends_what_time_sends(url: str):
    """A TimerDue from the bus is refused, whoever it says it is."""
    with opened(url) as engine:
        begin(engine, "A")
        outcomes = engine.send(say.timer_due("A-1", sender="portal"))

    assert outcomes == ["rejected forbidden"]


@pytest.mark.parametrize("kind", ["invoice", "dispute"])
def test_what_is_not_there_is_refused(url: str, kind: str):
    """Time waits for nothing: no such invoice, no such dispute."""
    named = {"dispute": "ACME/DN-1/1"} if kind == "dispute" else {}
    with opened(url) as engine:
        assert engine.send(say.timer_due(**named)) == [f"rejected unknown-{kind}"]
