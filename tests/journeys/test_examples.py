"""The worked examples D-1 to D-12 are journeys: told on both databases, and over RabbitMQ here."""

import threading

import pytest

from invoice_gateway import audit
from invoice_gateway.audit.facts import Reader
from invoice_gateway.engine.pipeline import TIMER_SENDER
from invoice_gateway.model.decision import Role
from tests.engine_harness import ENTERPRISE, Story, delivery, identity, stories
from tests.faults import site
from tests.journeys.expect import differences

EXAMPLES = {
    "D-1": "first-payment",
    "D-2": "oldest-invoice-first",
    "D-3": "dispute-upheld-in-part",
    "D-4": "paid-then-disputed",
    "D-5": "bad-debt",
    "D-6": "dollars-in-rupees",
    "D-7": "debit-memo-reopens",
    "D-8": "top-up",
    "D-9": "proforma-provisioned",
    "D-10": "card-order-two-shipments",
    "D-11": "credit-limit",
    "D-12": "request-not-paid-in-time",
}
"""Each example of DOMAIN appendix D, and the journey that tells it."""


def test_every_example_is_a_journey():
    """None is left out, and each journey exists."""
    assert list(EXAMPLES) == [f"D-{number}" for number in range(1, 13)]
    assert set(EXAMPLES.values()) <= {each.name for each in stories()}


@pytest.mark.parametrize("name", EXAMPLES.values(), ids=EXAMPLES.keys())
def test_an_example_ends_as_told_over_rabbitmq(
    name: str, rabbitmq_server, amqp_url: str, postgres_url: str
):
    """Sent by its senders, message by message, decided by a worker, published and confirmed."""
    story = Story(name)
    here = site.build(rabbitmq_server, amqp_url, postgres_url)
    for each in (*ENTERPRISE, *story.senders):
        here.add_user(each.name)
        here.register(each.name, each.party, Role(each.role))
    stop = threading.Event()
    with here.app.worker() as worker, here.app.store() as store:
        thread = threading.Thread(target=worker.run, args=(stop,))
        thread.start()
        try:
            for at, body in enumerate(story.bodies, start=1):
                sender, _ = identity(body)
                if sender == TIMER_SENDER:  # what time says comes by no bus
                    here.app.pipeline(store).process([delivery(body)])
                else:
                    here.send(sender, [body])
                here.wait_for(at)
        finally:
            stop.set()
            thread.join(20)
        facts = Reader(store).read()

    audit.check(facts)
    assert not differences(story, facts)
    assert sorted({*here.observed()}) == sorted(each.event_id for each in facts.events)
