"""Parked, refused, sent again: every life of a message id, and two workers at one of them."""

import inspect
import sys

import pytest
import sqlalchemy as sa

from invoice_gateway.model.events import MessageAccepted
from invoice_gateway.store import tables, upgrade
from invoice_gateway.store.work import SqlWork
from tests import messages
from tests.engine_harness import ENTERPRISE, Sender, opened, said

SENDERS = (*ENTERPRISE, Sender("acme", "ACME", "partner", receipts=True))
DISPUTE = messages.dispute_opened(
    "DN-1", invoice="INV-1", lines={"1": "10.00"}, sender="acme", message_id="dispute"
)


@pytest.fixture
def engine(database_url):
    """A gateway that knows the account ACME."""
    upgrade(database_url)
    with opened(database_url, SENDERS) as found:
        assert found.send(messages.customer_account("ACME")) == ["accepted"]
        yield found


def rows(engine, *columns, order=None):
    """Return columns of a table, in order."""
    with engine.store.engine.connect() as connection:
        chosen = sa.select(*columns).order_by(columns[0] if order is None else order)
        return [tuple(row) for row in connection.execute(chosen)]


def told(engine):
    """Return the events about the dispute message: version and name, in order."""
    event = tables.event.c
    found = rows(engine, event.version, event.name, event.aggregate_id)
    return [(version, name) for version, name, about in found if about == "acme/dispute"]


def slip_through(engine, monkeypatch, body):
    """Commit `body` without releasing who waits for it, as two workers may do between them."""
    with monkeypatch.context() as patched:
        patched.setattr(SqlWork, "waiters", lambda *_: [])
        assert engine.send(body) == ["accepted"]


def test_a_message_that_ran_out_of_time_may_be_sent_again(engine):
    """And wait again, run out of time again, be accepted in the end; its events count on."""
    assert engine.send(DISPUTE) == ["parked unknown-invoice"]
    assert engine.give_up() == ["rejected unknown-invoice"]
    assert engine.send(DISPUTE, DISPUTE) == ["parked unknown-invoice", "duplicate"]
    assert engine.give_up() == ["rejected unknown-invoice"]
    assert engine.send(messages.invoice_posted("INV-1"), DISPUTE) == ["accepted", "accepted"]
    assert engine.send(DISPUTE) == ["duplicate"]

    assert told(engine) == [
        (1, "message.parked"),
        (2, "message.rejected"),
        (3, "message.parked"),
        (4, "message.duplicate"),
        (5, "message.rejected"),
        (6, MessageAccepted.name),
        (7, "message.duplicate"),
    ]
    assert rows(engine, tables.dispute.c.id) == [("ACME/DN-1/1",)]


def test_two_ticks_settle_a_parked_message_once(engine, monkeypatch):
    """The second one read it before the first had settled it."""
    engine.send(DISPUTE)
    slip_through(engine, monkeypatch, messages.invoice_posted("INV-1"))
    waiters = engine.store.releasable(9)

    first = engine.pipeline.settle_parked(waiters, expired=False)
    second = engine.pipeline.settle_parked(waiters, expired=False)

    assert [said(each) for each in first.verdicts] == ["accepted"]
    assert (second.verdicts, second.outgoing) == ([], [])
    assert ("dispute", "accepted") in rows(
        engine, tables.message.c.message_id, tables.message.c.outcome
    )


def test_a_message_released_meanwhile_is_not_refused_for_being_late(engine):
    """A worker that read it as overdue finds that a neighbour has accepted it."""
    engine.send(DISPUTE)
    waiters = engine.store.due_parked(engine.clock().replace(year=2030), 9)
    assert engine.send(messages.invoice_posted("INV-1")) == ["accepted"]

    processed = engine.pipeline.settle_parked(waiters, expired=True)

    assert processed.verdicts == []
    assert engine.store.counts().dead == 0
    assert rows(engine, tables.dispute.c.id) == [("ACME/DN-1/1",)]


def test_a_batch_leaves_out_what_a_tick_settles_while_it_waits_for_the_lock(engine, monkeypatch):
    """It had found the parked message before, and would have judged it a second time."""
    engine.send(DISPUTE)
    lock = SqlWork.lock

    def late(work, accounts):
        monkeypatch.setattr(SqlWork, "lock", lock)
        other = work._session.connection  # the neighbour's work, in the one transaction we have
        other.execute(sa.delete(tables.parked))
        other.execute(
            sa.update(tables.message)
            .where(tables.message.c.message_id == "dispute")
            .values(outcome="rejected")
        )
        lock(work, accounts)

    monkeypatch.setattr(SqlWork, "lock", late)

    assert engine.send(messages.invoice_posted("INV-1")) == ["accepted"]
    assert rows(engine, tables.dispute.c.id) == []


def test_a_long_chain_is_released_at_once(engine):
    """Each account waits for its parent: that must not take a stack as deep as the chain."""
    length = 200
    children = [messages.customer_account(f"P-{at}", parent=f"P-{at + 1}") for at in range(length)]
    engine.send(*children)
    usual = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack(0)) + length)

    try:
        assert engine.send(messages.customer_account(f"P-{length}")) == ["accepted"]
    finally:
        sys.setrecursionlimit(usual)

    assert engine.store.counts().parked == 0
    assert engine.store.counts().dead == 0


def test_an_account_as_it_was_before_does_not_come_back(engine):
    """An update overtaken by a later one is accepted, and changes nothing."""
    newer = messages.customer_account(name="New", sent_at="2026-11-20T10:00:00Z", message_id="n")
    older = messages.customer_account(name="Old", sent_at="2026-11-19T10:00:00Z", message_id="o")

    assert engine.send(newer) == ["accepted"]
    assert engine.send(older) == ["accepted"]

    assert rows(engine, tables.account.c.name) == [("New",)]
