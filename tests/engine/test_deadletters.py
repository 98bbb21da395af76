"""Replaying dead letters: one that meets a bug holds up no other."""

from dataclasses import replace

import pytest
import sqlalchemy as sa

from invoice_gateway.bus.folder import FolderPublisher
from invoice_gateway.cli.dead import SqlShelf, _chosen
from invoice_gateway.engine.deadletters import DeadLetters
from invoice_gateway.engine.ports import Outcome
from invoice_gateway.store import tables, upgrade
from tests import messages
from tests.engine_harness import ENTERPRISE, Sender, opened

ACME = Sender("acme", "ACME", "partner", receipts=True)
TOO_LARGE = 2**70


@pytest.fixture
def engine(database_url):
    """A gateway that does not know the sender acme yet."""
    upgrade(database_url)
    with opened(database_url, ENTERPRISE) as found:
        assert found.send(messages.customer_account("ACME")) == ["accepted"]
        yield found


def dispute(notice, line):
    """Return a notice of acme."""
    return messages.dispute_opened(
        f"DN-{notice}", invoice="INV-1", lines={line: "10.00"}, sender="acme", message_id=notice
    )


def desk(engine, pipeline=None):
    """Return what replays for an operator."""
    return DeadLetters(pipeline=pipeline or engine.pipeline, shelf=SqlShelf(engine.store), by="me")


def letters(engine, code):
    """Return the open letters with this code, oldest first."""
    return _chosen(engine.store, (), code, 9)


def test_a_letter_that_cannot_be_saved_holds_up_no_other(engine, tmp_path):
    """It is told as a bug and stays open; the one beside it takes effect."""
    engine.send(messages.invoice_posted("INV-1"))
    assert engine.send(dispute("broken", "1"), dispute("good", "2")) == ["rejected forbidden"] * 2
    engine.register([ACME])
    pipeline = engine.pipeline
    handlers = pipeline.intake.handlers
    known = handlers["DisputeNotice"]

    def decide(message, book, context):
        decision = known.decide(message, book, context)
        if context.message_id != "broken":
            return decision
        broken = [replace(each, version=TOO_LARGE) for each in decision.changes[:1]]
        return replace(decision, changes=(*decision.changes, *broken))

    replaced = {**handlers, "DisputeNotice": replace(known, decide=decide)}
    pipeline = replace(pipeline, intake=replace(pipeline.intake, handlers=replaced))

    done = list(
        desk(engine, pipeline).replay(letters(engine, "forbidden"), FolderPublisher(tmp_path))
    )

    assert {each.message_id: each.outcome for each in done} == {
        "broken": None,
        "good": Outcome.ACCEPTED,
    }
    assert [each.message_id for each in letters(engine, "forbidden")] == ["broken"]


def test_a_message_that_ran_out_of_time_is_replayed(engine, tmp_path):
    """After its reference came: it takes effect once, and its sender is told."""
    engine.register([ACME])
    assert engine.send(dispute("late", "1")) == ["parked unknown-invoice"]
    assert engine.give_up() == ["rejected unknown-invoice"]
    engine.send(messages.invoice_posted("INV-1"))
    late = letters(engine, "unknown-invoice")

    [rehearsed] = desk(engine).rehearse(late)
    [first] = desk(engine).replay(late, FolderPublisher(tmp_path))
    [second] = desk(engine).replay(late, FolderPublisher(tmp_path))

    assert rehearsed.outcome is first.outcome is Outcome.ACCEPTED
    assert second.outcome is Outcome.DUPLICATE
    with engine.store.engine.connect() as connection:
        assert connection.execute(sa.select(tables.dispute.c.id)).all() == [("ACME/DN-late/1",)]
