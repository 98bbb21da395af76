"""The worker: what holds it up, what counts against a message, and when it is done."""

import threading
from contextlib import contextmanager
from dataclasses import replace

import pytest
import sqlalchemy as sa
import structlog

from invoice_gateway import log
from invoice_gateway.app import assemble
from invoice_gateway.bus.folder import FolderPublisher, FolderReceiver
from invoice_gateway.engine.ports import Delivery
from invoice_gateway.engine.relay import Relay
from invoice_gateway.engine.worker import PORTION_BYTES, Worker, _portions
from invoice_gateway.model.decision import Decision
from invoice_gateway.model.ledger import Account
from invoice_gateway.settings import Settings
from invoice_gateway.store import connect, tables, upgrade
from tests import messages
from tests.engine_harness import ENTERPRISE, Engine, Sender
from tests.faults import site

SENDERS = (*ENTERPRISE, Sender("acme", "ACME", "partner"))
TOO_LARGE = 2**70
NOBODY = {"sender": None, "message_id": None, "type": None, "content_type": None}
PATIENCE_S = 30.0


@pytest.fixture(autouse=True)
def terse():
    """Log errors only, one line each; afterwards as it was before."""
    before = structlog.get_config()
    log.configure("json", "error")
    yield
    structlog.configure(**before)


@pytest.fixture
def store(database_url):
    """A migrated database with everybody registered."""
    upgrade(database_url)
    made = connect(database_url)
    Engine(made).register(SENDERS)
    yield made
    made.close()


@contextmanager
def worker(store, spool, handlers=None, **chosen):
    """Give a worker over folders."""
    app = assemble(Settings(database_url="sqlite:///unused.db", bus_url=f"folder:{spool}"))
    app.handlers.update(handlers or {})
    receiver, publisher = FolderReceiver(spool), FolderPublisher(spool)
    yield Worker(
        pipeline=app.pipeline(store),
        receiver=receiver,
        publisher=publisher,
        relay=Relay(store=store, publisher=publisher),
        poll_s=0.05,
        tick_s=0.05,
        **chosen,
    )
    receiver.close()
    publisher.close()


def drop(spool, sender, *bodies):
    """Put messages where the worker looks for them."""
    folder = spool / "inbox" / sender
    folder.mkdir(parents=True, exist_ok=True)
    for at, body in enumerate(bodies):
        (folder / f"{len(list(folder.iterdir())):03}-{at}.xml").write_bytes(body)


def outcomes(store):
    """Return message id to outcome, and to code for dead letters."""
    message, dead = tables.message.c, tables.dead_letter.c
    with store.engine.connect() as connection:
        rows = connection.execute(sa.select(message.message_id, message.outcome))
        found = {row[0]: row[1] for row in rows}
        letters = connection.execute(sa.select(dead.message_id, dead.code))
        return found | {row[0]: row[1] for row in letters}


def run_until(working, what):
    """Let a worker run in a thread until `what()` is true."""
    stop, tried = threading.Event(), threading.Event()
    thread = threading.Thread(target=working.run, args=(stop,))
    thread.start()
    try:
        for _ in range(int(PATIENCE_S / 0.05)):
            if what():
                return
            assert thread.is_alive(), "the worker ended by itself"
            tried.wait(0.05)
        raise AssertionError("it never came")
    finally:
        stop.set()
        thread.join(10)


def broken(handler):
    """Return `handler`, but what it decides about notices named `broken` no database takes."""

    def decide(message, book, context):
        decision = handler.decide(message, book, context)
        if context.message_id != "broken":
            return decision
        account = replace(book.get(Account, "ACME"), terms_days=TOO_LARGE)
        return Decision((*decision.changes, account), decision.events)

    return replace(handler, decide=decide)


def test_a_parked_message_that_cannot_be_saved_harms_nobody(store, tmp_path):
    """Neither the message that releases it, nor those that wait beside it, nor the worker."""
    notice = {
        name: messages.dispute_opened(
            f"DN-{name}", invoice="INV-1", lines={line: "10.00"}, sender="acme", message_id=name
        )
        for name, line in (("broken", "1"), ("good", "2"))
    }
    known = assemble(Settings(bus_url="folder:unused")).handlers["DisputeNotice"]
    drop(tmp_path, "erp", messages.customer_account("ACME", message_id="account"))
    drop(tmp_path, "acme", notice["broken"], notice["good"])

    with worker(store, tmp_path, {"DisputeNotice": broken(known)}, attempts_max=2) as working:
        run_until(working, lambda: len(outcomes(store)) == 3)
        drop(tmp_path, "erp", messages.invoice_posted("INV-1", message_id="invoice"))
        run_until(working, lambda: "parked" not in outcomes(store).values())

    assert outcomes(store) == {
        "account": "accepted",
        "broken": "internal-error",
        "good": "accepted",
        "invoice": "accepted",
    }
    with store.engine.connect() as connection:
        assert connection.execute(sa.select(tables.attempt)).all() == []


def test_a_lock_held_by_an_operator_counts_against_no_message(postgres_url, tmp_path):
    """However often the message was tried meanwhile: each time it was not now."""
    upgrade(postgres_url)
    store = connect(postgres_url, lock_timeout_s=0.05)
    Engine(store).register(SENDERS)
    notice = messages.dispute_opened("DN-1", invoice="INV-1", sender="acme", message_id="notice")
    drop(tmp_path, "acme", notice)

    other = connect(postgres_url)
    with worker(store, tmp_path, attempts_max=1) as working:
        with other.engine.connect() as operator:
            operator.execute(sa.text("LOCK TABLE notice IN ACCESS EXCLUSIVE MODE"))
            run_until(working, lambda: working._outages >= 4)
        assert outcomes(other) == {}
        run_until(working, lambda: outcomes(other))

    assert outcomes(other) == {"notice": "parked"}
    other.close()
    store.close()


def test_what_comes_again_takes_effect_before_what_comes_after_it(store, tmp_path):
    """Though it is processed by itself, and what is fresh together: in order of arrival."""
    numbers = [f"INV-{at}" for at in range(5)]
    invoices = [messages.invoice_posted(each, message_id=each) for each in numbers]
    drop(tmp_path, "erp", messages.customer_account("ACME", message_id="account"), *invoices)

    with worker(store, tmp_path) as working:
        assert len(working.receiver.receive(3, 0.0)) == 3
        working.receiver.pause()
        assert working.step()

    with store.engine.connect() as connection:
        written = connection.execute(
            sa.select(tables.message.c.message_id).order_by(tables.message.c.id)
        )
        assert written.scalars().all() == ["account", *numbers]


def test_a_neighbour_in_the_way_counts_against_no_message(postgres_url, tmp_path):
    """Who took the same invoice number meanwhile is seen the second time, in the same attempt."""
    upgrade(postgres_url)
    store, other = connect(postgres_url), connect(postgres_url)
    Engine(store).register(SENDERS)
    known = assemble(Settings(bus_url="folder:unused")).handlers["InvoicePosted"]
    taken = [messages.invoice_posted("INV-1", customer="OTHER", message_id="theirs")]

    def decide(message, book, context):
        if taken:
            assert Engine(other).send(taken.pop()) == ["accepted"]
        return known.decide(message, book, context)

    Engine(store).send(messages.customer_account("ACME"), messages.customer_account("OTHER"))
    drop(tmp_path, "erp", messages.invoice_posted("INV-1", message_id="ours"))
    chosen = {"InvoicePosted": replace(known, decide=decide)}
    with worker(store, tmp_path, chosen, attempts_max=1) as working:
        working.receiver.receive(1, 0.0)
        working.receiver.pause()
        assert working.step()

    assert outcomes(store)["ours"] == "invoice-immutable"
    other.close()
    store.close()


def test_a_worker_that_is_to_end_takes_everything_along(rabbitmq_server, amqp_url, postgres_url):
    """Also what the broker holds back until there are acknowledgements."""
    place = site.build(rabbitmq_server, amqp_url, postgres_url, batch_size=5)
    bodies = [messages.customer_account("ACME")]
    bodies += [messages.invoice_posted(f"INV-{at}") for at in range(60)]
    place.send("erp", bodies)

    with place.app.worker() as working:
        working.run(threading.Event(), once=True)

    assert len(place.outcomes()) == len(bodies)


def test_a_busy_worker_resends_nothing_that_is_confirmed(store, tmp_path):
    """However long its batches take: what is confirmed is marked before the relay looks."""
    drop(tmp_path, "erp", messages.customer_account("ACME"), messages.invoice_posted("INV-1"))

    log.configure("json", "info")
    with structlog.testing.capture_logs() as logged, worker(store, tmp_path) as working:
        working.tick_s = working.relay.patience_s = 0.0
        assert working.step()
        drop(tmp_path, "erp", messages.invoice_posted("INV-2"))
        assert working.step()

    assert "batch.committed" in {each["event"] for each in logged}
    assert "outbox.resent" not in {each["event"] for each in logged}


def test_large_messages_are_parsed_a_few_at_a_time():
    """In order, all of them; one that is too large by itself goes alone."""
    large = PORTION_BYTES // 2
    sizes = [1, large, large, 2 * PORTION_BYTES, 5, 6]
    deliveries = [Delivery(body=bytes(size), tag=size, **NOBODY) for size in sizes]

    portions = [[each.tag for each in portion] for portion in _portions(deliveries)]

    assert portions == [[1, large], [large], [2 * PORTION_BYTES], [5, 6]]
    assert list(_portions([])) == []
