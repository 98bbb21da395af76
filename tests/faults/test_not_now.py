"""Outages: the database or the broker is away for a while; no message pays for it."""

import time

import pytest

from tests.faults import site

pytestmark = pytest.mark.timeout(180)
WATERMARK = "set_vm_memory_high_watermark"


def test_a_database_outage_condemns_nothing(rabbitmq_server, amqp_url, own_postgresql):
    """Given a database that dies under load, when it is back, then every message is accepted."""
    place = site.build(
        rabbitmq_server,
        amqp_url,
        own_postgresql.new_database(),
        batch_size=5,
        tick_s=0.3,
        relay_patience_s=1.0,
    )
    load = site.load_of(120)
    for sender in ("erp", "acme"):
        place.send(sender, [body for name, body in load if name == sender])

    with place.worker() as process:
        until = time.monotonic() + 30
        while not place.outcomes() and time.monotonic() < until:
            time.sleep(0.02)
        own_postgresql.stop("immediate")
        time.sleep(2.0)
        own_postgresql.start()
        place.wait_for(len(load))
        assert process.poll() is None

    assert place.dead() == {}
    assert set(place.outcomes().values()) == {"accepted"}
    assert set(place.observed()) == place.recorded_events()


def test_a_blocked_publisher_does_not_stop_consuming(own_rabbitmq, postgres_url):
    """Given a memory alarm, then messages are still taken and events wait; they go out after it."""
    place = site.build(
        own_rabbitmq, own_rabbitmq.new_vhost(), postgres_url, tick_s=0.3, relay_patience_s=1.0
    )
    load = [body for name, body in site.load_of(30) if name == "erp"]
    place.send("erp", load)
    own_rabbitmq.ctl(WATERMARK, "absolute", "1000000")
    try:
        with place.worker():
            until = time.monotonic() + 30
            while len(place.outcomes()) < len(load) and time.monotonic() < until:
                time.sleep(0.1)
            assert len(place.outcomes()) == len(load)
            assert place.outbox() > 0
            own_rabbitmq.ctl(WATERMARK, "0.6")
            place.wait_for(len(load))
    finally:
        own_rabbitmq.ctl(WATERMARK, "0.6")

    assert set(place.observed()) == place.recorded_events()


def test_a_broker_that_dies_is_come_back_to(own_rabbitmq, postgres_url):
    """Given a broker killed under load, when it is back, then nothing was lost or done twice."""
    place = site.build(
        own_rabbitmq,
        own_rabbitmq.new_vhost(),
        postgres_url,
        batch_size=5,
        tick_s=0.3,
        relay_patience_s=1.0,
    )
    load = site.load_of(60)
    for sender in ("erp", "acme"):
        place.send(sender, [body for name, body in load if name == sender])

    with place.worker() as process:
        own_rabbitmq.kill()
        own_rabbitmq.start()
        place.wait_for(len(load))
        assert process.poll() is None

    assert place.dead() == {}
    assert set(place.outcomes().values()) == {"accepted"}
    assert set(place.observed()) == place.recorded_events()
