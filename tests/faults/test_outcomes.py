"""On RabbitMQ: where a rejected, a parked, an unroutable and a crash-looping message end."""

import time
from pathlib import Path

import pika
import pytest
import sqlalchemy as sa

from invoice_gateway.model.decision import Role
from invoice_gateway.store import tables
from tests import messages
from tests.faults import site
from tests.faults.site import OBSERVER, Site

POISON = Path(__file__).parent / "poison"
NAMES = {"xmlns": "urn:invoice-gateway:1"}


@pytest.fixture
def place(rabbitmq_server, amqp_url, postgres_url) -> Site:
    """Return a site with quick ticks, and one account."""
    found = site.build(rabbitmq_server, amqp_url, postgres_url, tick_s=0.2, relay_patience_s=0.5)
    found.send("erp", [messages.customer_account("ACME", message_id="account")])
    return found


def names(place: Site) -> list[str]:
    """Return the names of the events that reached the observer, in order."""
    return [properties.headers["cloudEvents_type"] for properties, _ in place.heard()]


def depth(place: Site, queue: str) -> int:
    """Return how many messages are ready in a queue."""
    connection = pika.BlockingConnection(pika.URLParameters(place.amqp_url))
    try:
        return int(connection.channel().queue_declare(queue, passive=True).method.message_count)
    finally:
        connection.close()


def test_a_rejected_message_is_a_dead_letter_and_its_sender_is_told(place):
    """Given an invalid message, then it is kept with its code, told to its sender, and acked."""
    place.send("erp", [messages.invoice_posted("INV-1", totals={"Payable": "1.00"})])

    with place.worker():
        place.wait_for(2)

    assert list(place.dead().values()) == ["totals-mismatch"]
    assert names(place) == ["message.rejected"]
    assert depth(place, place.app.topology.incoming) == 0


def test_a_parked_message_waits_and_is_released(place):
    """Given a dispute before its invoice, when the invoice comes, then both take effect."""
    dispute = messages.dispute_opened("DN-1", invoice="INV-1", sender="acme", message_id="dispute")
    place.send("acme", [dispute])

    with place.worker():
        place.wait_for(2)
        assert place.outcomes()["acme", "dispute"] == "parked"
        place.send("erp", [messages.invoice_posted("INV-1")])
        place.wait_for(3)

    assert place.outcomes()["acme", "dispute"] == "accepted"
    found = names(place)
    assert found[:2] == ["message.parked", "invoice.issued"]
    assert "dispute.opened" in found


def test_a_parked_message_is_rejected_at_its_deadline(rabbitmq_server, amqp_url, postgres_url):
    """Given a dispute about nothing, when its time is up, then it is a dead letter."""
    place = site.build(rabbitmq_server, amqp_url, postgres_url, tick_s=0.2, park_ttl_hours=1 / 3600)
    place.send("acme", [messages.dispute_opened("DN-1", sender="acme", message_id="dispute")])

    with place.worker():
        until = time.monotonic() + 30
        while not place.dead() and time.monotonic() < until:
            time.sleep(0.1)
        place.wait_for(1)

    assert place.dead() == {"dispute": "unknown-invoice"}
    assert names(place) == ["message.parked", "message.rejected"]


def test_an_event_nobody_can_get_stays_in_the_outbox(place):
    """Given no queue for events, then they wait, marked, and go out when there is one again."""
    topology = place.app.topology
    connection = pika.BlockingConnection(pika.URLParameters(place.amqp_url))
    channel = connection.channel()
    channel.queue_unbind(OBSERVER, topology.events, "#")
    channel.queue_delete(f"{topology.events}.unrouted")
    place.send("erp", [messages.invoice_posted("INV-1")])

    with place.worker():
        until = time.monotonic() + 30
        while "unroutable" not in errors(place) and time.monotonic() < until:
            time.sleep(0.1)
        assert errors(place) == ["unroutable"]
        channel.queue_bind(OBSERVER, topology.events, "#")
        place.wait_for(2)

    assert names(place) == ["invoice.issued"]
    connection.close()


def errors(place: Site) -> list[str]:
    """Return why events in the outbox could not be published."""
    with place.app.store() as store, store.engine.connect() as connection:
        chosen = sa.select(tables.outbox.c.last_error).where(
            tables.outbox.c.last_error.is_not(None)
        )
        return [row[0] for row in connection.execute(chosen)]


def test_a_message_no_queue_takes_is_a_dead_letter(place):
    """Given a missing binding, then what is sent meanwhile is filed as unroutable, not lost."""
    topology = place.app.topology
    connection = pika.BlockingConnection(pika.URLParameters(place.amqp_url))
    channel = connection.channel()
    channel.queue_unbind(topology.incoming, topology.incoming, "#")
    place.send("erp", [messages.invoice_posted("INV-1", message_id="lost")])
    channel.queue_bind(topology.incoming, topology.incoming, "#")
    connection.close()

    with place.worker():
        place.wait_for(2)

    assert place.dead() == {"lost": "unroutable"}
    assert names(place) == ["message.rejected"]


@pytest.mark.timeout(120)
def test_a_crash_looping_message_condemns_nobody_else(rabbitmq_server, amqp_url, postgres_url):
    """Given a message that kills every worker, then it alone is set aside, after a few attempts."""
    place = site.build(
        rabbitmq_server, amqp_url, postgres_url, tick_s=0.2, attempts_max=2, handlers=POISON
    )
    good = [messages.customer_account("ACME")]
    good += [messages.invoice_posted(f"INV-{at}") for at in range(5)]
    deadly = messages.credit_note_posted("CN-1", message_id="deadly")
    place.send("erp", [*good[:3], deadly, *good[3:]])

    deaths = 0
    for _ in range(8):
        with place.worker() as process:
            until = time.monotonic() + 20
            while process.poll() is None and time.monotonic() < until:
                if place.dead() and len(place.outcomes()) == len(good):
                    break
                time.sleep(0.05)
            if process.poll() is None:
                place.wait_for(len(good) + 1)
                break
            deaths += 1

    assert place.dead() == {"deadly": "internal-error"}
    assert set(place.outcomes().values()) == {"accepted"}
    assert len(place.outcomes()) == len(good)
    assert deaths == 1 + 2, "one in the batch, then the attempts alone"


def test_a_bug_in_a_handler_condemns_nobody_else(rabbitmq_server, amqp_url, postgres_url):
    """Given a handler that raises, then its message is set aside and its batch goes on."""
    place = site.build(
        rabbitmq_server, amqp_url, postgres_url, tick_s=0.2, attempts_max=2, handlers=POISON
    )
    buggy = messages.credit_note_posted("BUG-1", message_id="buggy")
    place.send("erp", [messages.customer_account("ACME"), buggy, messages.invoice_posted()])

    with place.worker():
        place.wait_for(3)

    assert place.dead() == {"buggy": "internal-error"}
    assert set(place.outcomes().values()) == {"accepted"}


def test_a_replayed_dead_letter_counts_once(place):
    """Given a sender nobody knew, when it is registered and its message replayed, then once."""
    newcomer = messages.payment_notice(
        "PN-1", invoices=["INV-1"], sender="newcomer", message_id="notice"
    )
    place.add_user("newcomer")
    place.send("erp", [messages.invoice_posted("INV-1")])
    place.send("newcomer", [newcomer])
    with place.worker():
        place.wait_for(3)
    assert place.dead() == {"notice": "forbidden"}
    before = place.state()

    place.register("newcomer", "ACME", Role.PARTNER)
    first = place.cli("dead", "replay", "--code", "forbidden")
    after = place.state()
    again = place.cli("dead", "replay", *place.dead_ids())

    assert "accepted" in first
    assert "duplicate" in again
    assert place.outcomes()["newcomer", "notice"] == "accepted"
    assert after != before
    assert place.state() == after
    assert "invoice.line-status-changed" in names(place)
    assert place.outbox() == 0
