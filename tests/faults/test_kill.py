"""kill -9 of a worker: no message lost, no effect twice, every event published."""

import random
import time
from collections.abc import Callable

import pytest

from tests.faults import site
from tests.faults.site import Site

BOUNDARIES = ("before-commit", "after-commit", "after-ack", "after-publish", "before-mark")
SEED = 20_261_123


@pytest.fixture
def make(rabbitmq_server, amqp_url, postgres_url) -> Callable[..., Site]:
    """Return what builds a site on a clean virtual host and database."""

    def build(**settings: object) -> Site:
        return site.build(rabbitmq_server, amqp_url, postgres_url, **settings)

    return build


def submit(place: Site, load: list[tuple[str, bytes]]) -> None:
    """Put the load on the bus, each message as its own sender."""
    for sender in dict.fromkeys(sender for sender, _ in load):
        place.send(sender, [body for name, body in load if name == sender])


@pytest.fixture(scope="module")
def calm_state(rabbitmq_server, postgresql_server) -> Callable[[int], str]:
    """Return the state hash that a load leaves when nobody is killed."""
    known: dict[int, str] = {}

    def state(count: int) -> str:
        if count not in known:
            vhost, database = rabbitmq_server.new_vhost(), postgresql_server.new_database()
            place = site.build(rabbitmq_server, vhost, database, batch_size=10)
            load = site.load_of(count)
            submit(place, load)
            with place.worker():
                place.wait_for(len(load))
            known[count] = place.state()
        return known[count]

    return state


def check(place: Site, load: list[tuple[str, bytes]], calm: str) -> None:
    """Compare with a calm run: same state, every message accepted once, every event heard."""
    assert len(place.outcomes()) == len(load)
    assert set(place.outcomes().values()) == {"accepted"}
    assert place.dead() == {}
    assert place.state() == calm
    heard = place.observed()
    assert set(heard) == place.recorded_events()


@pytest.mark.timeout(180)
@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_killed_at_each_boundary(make, calm_state, boundary):
    """Given a worker that dies at a boundary, when another takes over, then no trace is left."""
    place = make(batch_size=10, relay_patience_s=1.0, tick_s=0.3)
    load = site.load_of(60)
    submit(place, load)

    with place.worker(boundary, hit=2) as process:
        assert process.wait(60) == -9
    with place.worker():
        place.wait_for(len(load))

    check(place, load, calm_state(60))


@pytest.mark.timeout(400)
def test_killed_twenty_times_under_load(make, calm_state):
    """Given 20 rounds of kill -9 at random times, when the last one may live, then all is well."""
    place = make(batch_size=10, relay_patience_s=1.0, tick_s=0.3)
    load = site.load_of(1_500)
    submit(place, load)
    chance = random.Random(SEED)

    progress = []
    for _ in range(20):
        before = len(place.outcomes())
        with place.worker():
            until = time.monotonic() + 30
            while len(place.outcomes()) == before and time.monotonic() < until:
                time.sleep(0.02)
            time.sleep(chance.uniform(0.0, 0.4))
        progress.append(len(place.outcomes()) - before)
    with place.worker():
        place.wait_for(len(load))

    assert sum(progress) > 0, "the kills came before anything was done"
    check(place, load, calm_state(1_500))
