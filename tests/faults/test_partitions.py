"""Several workers on several partitions: fair shares, in order, nobody waits for another."""

import re
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Self

import psycopg
import pytest
import sqlalchemy as sa

from invoice_gateway.bus.rabbit import RabbitPublisher
from invoice_gateway.engine.ports import Outgoing
from invoice_gateway.store import tables
from tests import messages
from tests.faults import site
from tests.faults.site import PASSWORD, Site
from tests.services import as_user

PARTITION = re.compile(r"\.in\.\d\d$")
PATIENCE_S = 60.0
SETTINGS = {"batch_size": 20, "relay_patience_s": 5.0, "tick_s": 0.3}

Load = dict[str, list[bytes]]


@pytest.fixture
def make(rabbitmq_server, amqp_url, postgres_url) -> Callable[..., Site]:
    """Return what builds a site on a clean virtual host and database."""

    def build(**settings: object) -> Site:
        return site.build(rabbitmq_server, amqp_url, postgres_url, **{**SETTINGS, **settings})

    return build


def load_of(accounts: Sequence[str], invoices: int) -> Load:
    """Return for each account what is sent, in order: itself, then invoices and their payments."""
    found: Load = {}
    for party in accounts:
        found[party] = [messages.customer_account(party)]
        for at in range(invoices):
            number = f"INV-{party}-{at}"
            found[party] += [
                messages.invoice_posted(number, customer=party, lines=("60.00", "40.00")),
                messages.payment_posted(
                    f"PAY-{party}-{at}", payer=party, amount="70.00", invoices=[number]
                ),
            ]
    return found


def publish(place: Site, load: Load) -> None:
    """Send the accounts by turns, each in its order, with the header that chooses the partition."""
    publisher = RabbitPublisher(
        as_user(place.amqp_url, "erp", PASSWORD), place.app.topology.incoming, user_id="erp"
    )
    try:
        assert publisher.wait_connected(10)
        for row in zip(*load.values(), strict=True):
            plain = [site._outgoing(body) for body in row]
            publisher.submit(
                [
                    Outgoing(id=m.id, key=m.key, type=m.type, body=m.body, headers={"account": a})
                    for m, a in zip(plain, load, strict=True)
                ]
            )
        assert publisher.wait(60)
        assert [each.error for each in publisher.settled() if each.error] == []
    finally:
        publisher.close()


@contextmanager
def publishing(place: Site, *loads: Load) -> Iterator[None]:
    """Publish all loads at the same time, each from a connection of its own."""
    threads = [threading.Thread(target=publish, args=(place, each)) for each in loads]
    for each in threads:
        each.start()
    yield
    for each in threads:
        each.join()


def readers(place: Site) -> dict[str, list[str]]:
    """Return for each partition the connections that are having its messages."""
    vhost = place.amqp_url.rsplit("/", 1)[1]
    fields = ("queue_name", "channel_pid", "active")
    lines = place.broker.ctl("list_consumers", "-p", vhost, *fields).splitlines()
    channels = place.broker.ctl("list_channels", "-p", vhost, "pid", "connection").splitlines()
    connections = dict(line.split("\t") for line in channels if "\t" in line)
    found: dict[str, list[str]] = defaultdict(list)
    for queue, channel, active in (line.split("\t") for line in lines if line.count("\t") == 2):
        if PARTITION.search(queue) and active == "true":
            found[queue].append(connections.get(channel, channel))
    return dict(found)


def shares(place: Site) -> list[int]:
    """Return how many partitions each worker that has any is reading, sorted."""
    found = readers(place)
    assert all(len(each) == 1 for each in found.values()), found
    return sorted(Counter(each[0] for each in found.values()).values())


def wait_for_shares(place: Site, wanted: list[int]) -> None:
    """Wait until the partitions are shared like this, and see that it stays so."""
    until, seen = time.monotonic() + PATIENCE_S, [[]]
    while time.monotonic() < until:
        seen.append(shares(place))
        if seen[-2:] == [wanted, wanted]:
            return
        time.sleep(0.5)
    raise AssertionError(f"shares {seen[-5:]}, wanted {wanted}")


class Waits:
    """Counts how often a worker was found waiting for a lock that another holds, and where."""

    def __init__(self, url: str) -> None:
        self.samples = 0
        self.found: Counter[tuple[str, str]] = Counter()
        self._url = url.replace("postgresql+psycopg://", "postgresql://")
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        blocked = (
            "SELECT wait_event, left(query, 100) FROM pg_stat_activity"
            " WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0"
        )
        with psycopg.connect(self._url, autocommit=True) as connection:
            while not self._stop.wait(0.01):
                self.samples += 1
                self.found.update(connection.execute(blocked).fetchall())


def check(place: Site, load: Mapping[str, list[bytes]]) -> None:
    """Everything counted once, in order, and every event heard with versions that go up."""
    total = sum(map(len, load.values()))
    assert len(place.outcomes()) == total
    assert set(place.outcomes().values()) == {"accepted"}
    assert place.dead() == {}
    sent = {
        (account, site._outgoing(body).id): at
        for account, bodies in load.items()
        for at, body in enumerate(bodies)
    }
    with place.app.store() as store, store.engine.connect() as connection:
        message, event = tables.message, tables.event
        rows = connection.execute(
            sa.select(message.c.message_id, message.c.headers).order_by(message.c.id)
        ).all()
        versions = connection.execute(
            sa.select(event.c.aggregate, event.c.aggregate_id, event.c.version).order_by(
                event.c.seq
            )
        ).all()
    where = {message_id: (account, at) for (account, message_id), at in sent.items()}
    order: dict[str, list[int]] = defaultdict(list)
    for message_id, _ in rows:
        account, at = where[message_id]
        order[account].append(at)
    assert order == {account: list(range(len(bodies))) for account, bodies in load.items()}
    seen: dict[tuple[str, str], list[int]] = defaultdict(list)
    for aggregate, name, version in versions:
        seen[aggregate, name].append(version)
    assert all(each == list(range(1, len(each) + 1)) for each in seen.values())
    assert set(place.observed()) == place.recorded_events()


@pytest.mark.timeout(300)
def test_four_workers_share_four_partitions_and_one_dies(make, postgres_url):
    """One partition each, nobody waits for a lock, and the others take over for the dead one."""
    place = make(partitions=4)
    loads = [load_of([f"{name}{at:02}" for at in range(30)], 15) for name in "AB"]
    load = loads[0] | loads[1]
    total = sum(map(len, load.values()))

    with ExitStack() as stack:
        workers = [stack.enter_context(place.worker()) for _ in range(4)]
        wait_for_shares(place, [1, 1, 1, 1])
        with publishing(place, *loads):
            with Waits(postgres_url) as waits:
                until = time.monotonic() + PATIENCE_S
                while len(place.outcomes()) < total // 3 and time.monotonic() < until:
                    time.sleep(0.05)
            workers[0].kill()
        place.wait_for(total)
        wait_for_shares(place, [1, 1, 2])

    assert waits.samples > 20
    assert waits.found == {}
    check(place, load)


@pytest.mark.timeout(300)
def test_workers_that_join_take_their_share_and_a_spare_one_idles(make):
    """One worker reads all; a second takes half, while messages flow; a third waits its turn."""
    place = make(partitions=2)
    loads = [load_of([f"{name}{at:02}" for at in range(30)], 12) for name in "AB"]
    load = loads[0] | loads[1]

    with ExitStack() as stack:
        first = stack.enter_context(place.worker())
        wait_for_shares(place, [2])
        with publishing(place, *loads):
            stack.enter_context(place.worker())
            wait_for_shares(place, [1, 1])
            stack.enter_context(place.worker())
            wait_for_shares(place, [1, 1])
        place.wait_for(sum(map(len, load.values())))
        first.kill()
        wait_for_shares(place, [1, 1])

    check(place, load)
