"""Looking ahead: the next batch is understood beside the present one, in order, and let go of."""

import threading
import time

import pytest

from invoice_gateway.bus.folder import FolderReceiver
from invoice_gateway.engine.ahead import Ahead, Turns
from tests import messages
from tests.engine_harness import app

MANY = 1_000_000


@pytest.fixture
def spool(tmp_path):
    """An inbox with five accounts from the ERP, in order."""
    folder = tmp_path / "inbox" / "erp"
    folder.mkdir(parents=True)
    for at in range(5):
        (folder / f"{at}.xml").write_bytes(
            messages.customer_account(f"P{at}", message_id=f"a-{at}")
        )
    return tmp_path


@pytest.fixture
def receiver(spool):
    """A receiver of that inbox."""
    made = FolderReceiver(spool)
    yield made
    made.close()


def ahead(receiver, threads, most_bytes=MANY, turns=None):
    """Return one that looks ahead two messages at a time, and notes which threads understood."""
    intake = app().intake

    def understand(deliveries, between):
        threads.append(threading.current_thread().name.partition("_")[0])
        return intake.understand_all(deliveries, between)

    return Ahead(receiver, understand, batch_size=2, most_bytes=most_bytes, turns=turns or Turns())


def names(batch):
    """Return the file names of a batch, without suffix."""
    return [each.tag.path.stem for each in batch.deliveries]


def test_batches_come_in_order_and_are_understood_in_another_thread(receiver):
    """The first is received when asked for; each next one is understood before it is asked for."""
    threads = []
    looking = ahead(receiver, threads)
    first = looking.next(0.0)
    assert (names(first), first.understood) == (["0", "1"], None)
    looking.look()
    looking.look()  # a conflict runs the batch again: nothing is received twice
    second = looking.next(0.0)
    assert names(second) == ["2", "3"]
    assert [each.message_id for each in second.understood.result(10)] == ["a-2", "a-3"]
    assert threads == ["understand"]
    looking.look()
    assert names(looking.next(0.0)) == ["4"]
    looking.look()
    assert not looking.next(0.0).deliveries


def test_after_a_batch_that_was_not_full_nothing_is_received_ahead(receiver, spool):
    """What arrives while it is committed comes together, and waits for nothing else."""
    looking = ahead(receiver, [])
    looking.next(0.0)
    looking.next(0.0)
    assert names(looking.next(0.0)) == ["4"]
    (spool / "inbox" / "erp" / "5.xml").write_bytes(messages.customer_account("P5"))
    looking.look()
    (spool / "inbox" / "erp" / "6.xml").write_bytes(messages.customer_account("P6"))
    batch = looking.next(0.0)
    assert (names(batch), batch.understood) == (["5", "6"], None)


def test_it_is_understood_while_the_worker_waits(receiver, monkeypatch):
    """Until then the other thread does nothing, but it does not wait for ever."""
    monkeypatch.setattr("invoice_gateway.engine.ahead.PATIENCE_S", 30.0)
    turns = Turns()
    looking = ahead(receiver, [], turns=turns)
    looking.next(0.0)
    looking.look()
    understood = looking._batch.understood
    time.sleep(0.1)
    assert not understood.done()
    with turns.lend():
        understood.result(10)
    assert not turns._lent.is_set()
    assert looking.next(0.0).understood is understood
    assert turns._lent.is_set()


def test_what_was_received_ahead_is_handed_back_with_the_rest(receiver):
    """After an outage everything comes again, in order, and is taken singly."""
    looking = ahead(receiver, [])
    looking.next(0.0)
    looking.look()
    receiver.pause()
    looking.forget()
    again = looking.next(0.0)
    assert (names(again), [fresh for fresh, _ in again.runs()]) == (["0", "1"], [False])


def test_a_batch_that_is_too_large_waits_for_its_turn(receiver):
    """Its trees would be in memory beside those of the batch that is being committed."""
    threads = []
    looking = ahead(receiver, threads, most_bytes=10)
    looking.next(0.0)
    looking.look()
    large = looking.next(0.0)
    assert (names(large), large.understood, threads) == (["2", "3"], None, [])
