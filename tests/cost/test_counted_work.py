"""What a batch of 200 costs, counted: statements, round trips, Python calls, bytes to the broker.

Times differ from machine to machine, these numbers do not. A limit stands a little above what was
counted when it was set: going beyond it means that some loop has got more expensive. Find out what
it is (`make profile`); lower a limit when a change pays off.
"""

import sys
import threading
from typing import NamedTuple

import pytest
import sqlalchemy as sa

from invoice_gateway.app import assemble
from invoice_gateway.engine.ports import Delivery
from invoice_gateway.settings import load
from invoice_gateway.store import connection, upgrade
from tests import messages
from tests.cost.counting import calls, wire
from tests.engine_harness import Engine, Sender
from tests.faults import site

BATCH = 200
WARM = 6
"""Batches before the one that counts: statements are prepared and forms of messages learned."""

LIMITS = {
    "statements per batch of invoices": 13,
    "round trips per batch of invoices": 14,
    "statements per batch of payments": 17,
    "round trips per batch of payments": 19,
    "Python calls per ten-line invoice": 440,
    "Python calls per payment": 715,
    "bytes to the database per ten-line invoice": 2_150,
    "bytes to the broker per ten-line invoice": 3_500,
}

LINES = tuple(f"{at}0.00" for at in range(1, 11))
SUM = "550.00"


@pytest.fixture
def limited():
    """Compare what was counted with its limit."""

    def check(name, counted):
        sys.stdout.write(f"{name}: {counted:.0f}, limit {LIMITS[name]}\n")
        assert counted <= LIMITS[name], f"{name}: {counted:.0f}, at most {LIMITS[name]}"

    return check


@pytest.fixture
def database(postgres_url):
    """A migrated database behind a counting wire, with the ERP registered."""
    upgrade(postgres_url)
    with wire(postgres_url) as counted:
        yield counted


def accounts():
    """Return ten customers who may pay later."""
    return [messages.customer_account(f"C{at}") for at in range(10)]


def invoices(numbers):
    """Return ten-line invoices of ten customers."""
    return [
        messages.invoice_posted(f"INV-{at}", customer=f"C{at % 10}", lines=LINES) for at in numbers
    ]


def payments(numbers):
    """Return a payment in full for each of these invoices."""
    return [
        messages.payment_posted(
            f"PAY-{at}", payer=f"C{at % 10}", amount=SUM, invoices=[f"INV-{at}"]
        )
        for at in numbers
    ]


def delivered(bodies):
    """Return deliveries as a bus would."""
    return [
        Delivery(body=body, sender="erp", message_id=None, type=None, content_type=None)
        for body in bodies
    ]


class Cost(NamedTuple):
    """What one batch took; `size` in bytes sent to the database."""

    statements: int
    turns: int
    size: int
    calls: int


class Batches:
    """Runs batches through the pipeline and counts what the last one cost."""

    def __init__(self, database, app, store):
        self.database = database
        self.store = store
        self.pipeline = app.pipeline(store)
        self.statements = 0
        self.published = []
        Engine(store).register([Sender("erp", "ENTERPRISE", "erp")])
        sa.event.listen(store.engine, "before_cursor_execute", self._note)
        self._run(delivered(accounts()))

    def _note(self, _connection, _cursor, statement, *_rest):
        self.statements += not statement.startswith("BEGIN")

    def _run(self, deliveries):
        processed = self.pipeline.process(deliveries, published=self.published)
        assert {each.outcome for each in processed.verdicts} == {"accepted"}
        self.published = [each.id for each in processed.outgoing]

    def warm(self, bodies):
        """Run `bodies` in full batches, uncounted."""
        for at in range(0, len(bodies), BATCH):
            self._run(delivered(bodies[at : at + BATCH]))

    def count(self, bodies):
        """Run `bodies` as one batch; return what it cost."""
        self.statements = 0
        self.database.clear()
        batch = delivered(bodies)
        with calls() as called:
            self._run(batch)
        return Cost(self.statements, self.database.turns, self.database.up, called.count)


@pytest.fixture
def batches(database, monkeypatch):
    """A pipeline over that database, whose plans are not made anew in between."""
    monkeypatch.setattr(connection, "PLANS_FIRST_S", 1e9)
    app = assemble(load(database_url=database.url, bus_url="folder:unused"))
    with app.store() as store:
        yield Batches(database, app, store)


def test_a_batch_of_invoices_and_one_of_payments(batches, limited):
    """Each is a fixed number of statements and round trips, and a few hundred calls a message."""
    known = range(WARM * BATCH)
    batches.warm(invoices(known))
    cost = batches.count(invoices(range(len(known), len(known) + BATCH)))
    limited("statements per batch of invoices", cost.statements)
    limited("round trips per batch of invoices", cost.turns)
    limited("bytes to the database per ten-line invoice", cost.size / BATCH)
    limited("Python calls per ten-line invoice", cost.calls / BATCH)
    batches.warm(payments(known))
    cost = batches.count(payments(range(len(known), len(known) + BATCH)))
    limited("statements per batch of payments", cost.statements)
    limited("round trips per batch of payments", cost.turns)
    limited("Python calls per payment", cost.calls / BATCH)


def test_a_batch_is_as_many_statements_and_round_trips_whatever_its_size(batches):
    """No query in a loop over messages."""
    batches.warm(invoices(range(WARM * BATCH)))
    few = batches.count(invoices(range(5_000, 5_060)))
    many = batches.count(invoices(range(6_000, 6_200)))
    assert (few.statements, few.turns) == (many.statements, many.turns)


def test_what_the_broker_gets_per_invoice(rabbitmq_server, amqp_url, postgres_url, limited):
    """One event and a share of an ack: counted on the wire of a worker at work."""
    count = 2 * BATCH
    here = site.build(rabbitmq_server, amqp_url, postgres_url)
    here.send("erp", [*accounts(), *invoices(range(count))])
    with wire(amqp_url) as counted:
        app = assemble(load(database_url=postgres_url, bus_url=counted.url))
        stop = threading.Event()
        with app.worker() as worker:
            thread = threading.Thread(target=worker.run, args=(stop,))
            thread.start()
            here.wait_for(count + len(accounts()))
            stop.set()
            thread.join(20)
        limited("bytes to the broker per ten-line invoice", counted.up / count)
    assert here.outbox() == 0
