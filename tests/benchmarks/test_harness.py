"""The whole way of the harness, with few messages: the gateway, a peer, history, faults."""

import pytest

from benchmarks.generator import Mix
from benchmarks.harness.bus import connected
from benchmarks.harness.loads import Load
from benchmarks.harness.rounds import Entry, rounds
from benchmarks.harness.run import faults, stage
from benchmarks.harness.services import Bench, let_in
from benchmarks.harness.subjects import Product, peers
from benchmarks.history import History, filled


@pytest.fixture
def bench(rabbitmq_server, postgresql_server):
    """The services of the tests; other tests may keep the machine busy."""
    let_in(rabbitmq_server)
    return Bench(broker=rabbitmq_server, database=postgresql_server, foreign_max=9.0)


def test_the_gateway_and_a_peer_do_all_of_the_job(bench):
    """Whatever was sent is recorded, told and gone, the invalid ones too."""
    load = Load(count=100, accounts=5, mix=Mix(invoices=95, invalid=5))
    entries = [
        Entry(key="product:1", subject=Product(), load=load),
        Entry(key="pika:1", subject=peers(["pika"])[0], load=load),
    ]

    found = rounds(bench, entries, most=1)

    assert [(each.key, each.run.faults) for each in found] == [("product:1", []), ("pika:1", [])]
    assert all(each.run.rate > 0 for each in found)
    assert all(each.run.cpu_us["workers"] > 0 for each in found)


def test_history_is_what_the_gateway_would_have_written(bench):
    """Work goes on over it: nothing collides, and it is as much as was asked for."""
    history = History(settled=40, open=20, accounts=2)
    load = Load(count=30, accounts=2)

    with filled(bench, history) as url:
        with stage(bench, url) as on, connected(on.amqp_url) as bus:
            product = Product(furnished=True)
            product.prepare(on, bus, 2)
            before = product.tally(on, bus)
        [found] = rounds(
            bench,
            [Entry(key="stored", subject=product, load=load, database_url=url)],
            most=1,
            least=1,
        )

    assert (before.invoices, before.lines, before.outbox) == (60, 600, 0)
    assert found.run.faults == []


def test_what_is_missing_is_named(bench):
    """A queue that was never worked off shows in every count."""
    load = Load(count=20, accounts=1)
    product = Product()

    with stage(bench) as on, connected(on.amqp_url) as bus:
        product.prepare(on, bus, 1)
        base = product.tally(on, bus)
        _, measured = load.messages()
        bus.load(product.wire(each) for each in measured)
        said = faults(on, bus, product, measured, base)

    assert "messages accepted: 0 instead of 20" in said
    assert "lines: 0 instead of 200" in said
    assert "messages left: 20 instead of 0" in said
