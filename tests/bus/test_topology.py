"""What is declared on the broker, and what is said when the broker disagrees."""

import pytest

from invoice_gateway.bus.rabbit import declare
from invoice_gateway.bus.topology import (
    NEVER,
    Source,
    TopologyConflict,
    describe,
    topology,
)
from invoice_gateway.engine.ports import BusUnavailable
from tests.bus.harness import collect, eventually, message, send


def test_one_incoming_queue_takes_everything():
    """By default the incoming exchange feeds one quorum queue, whatever the message type."""
    wanted = topology()

    rows = {(row.kind, row.name): row for row in describe(wanted)}
    queue = rows["queue", "invoice-gateway.in"]
    assert queue.bound_to == ("invoice-gateway.in (#)",)
    assert queue.arguments == {
        "x-queue-type": "quorum",
        "x-delivery-limit": 100,
        "x-dead-letter-exchange": "invoice-gateway.dead",
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }
    assert wanted.sources == (
        Source(queue="invoice-gateway.in", origin="in"),
        Source(queue="invoice-gateway.dead", origin="dead"),
        Source(queue="invoice-gateway.unrouted", origin="unrouted"),
    )


def test_no_queue_gives_up_on_a_message_without_somewhere_to_put_it():
    """RabbitMQ 4 drops a message after 20 deliveries when there is neither limit nor target."""
    for queue in topology(partitions=3).queues:
        limit = queue.arguments["x-delivery-limit"]
        assert "x-dead-letter-exchange" in queue.arguments or limit == NEVER


def test_what_takes_dead_letters_has_no_length_limit():
    """A full dead-letter queue would lose what it is there to keep."""
    for queue in topology(max_length=5).queues:
        if queue.name in {"invoice-gateway.dead", "invoice-gateway.unrouted"}:
            assert "x-max-length" not in queue.arguments


def test_unheard_events_are_bounded():
    """A queue nobody reads must not fill the disk: the oldest unheard events go."""
    [queue] = [each for each in topology().queues if each.name.endswith(".events.unrouted")]

    assert queue.arguments["x-max-length"] == 100_000
    assert queue.arguments["x-overflow"] == "drop-head"


def test_partitions_share_by_account_with_one_reader_each():
    """A hash exchange on the header `account` sits between; it has an alternate of its own."""
    wanted = topology("p", partitions=3, max_length=9)

    [hashing] = [each for each in wanted.exchanges if each.type == "x-consistent-hash"]
    assert hashing.arguments == {"hash-header": "account", "alternate-exchange": "p.unrouted"}
    parts = [each for each in wanted.queues if each.name.startswith("p.in.")]
    assert [each.name for each in parts] == ["p.in.00", "p.in.01", "p.in.02"]
    assert all(each.arguments["x-single-active-consumer"] for each in parts)
    assert {each.arguments["x-max-length"] for each in parts} == {9}
    rows = {(row.kind, row.name): row.bound_to for row in describe(wanted)}
    assert rows["exchange", "p.in.partitions"] == ("p.in (#)",)
    assert rows["queue", "p.in.01"] == ("p.in.partitions (1)",)


@pytest.mark.parametrize("partitions", [1, 3])
def test_declaring_again_changes_nothing(amqp_url, partitions):
    """The same list is declared each time, everything in it."""
    wanted = topology(partitions=partitions)

    first = declare(amqp_url, wanted)

    assert declare(amqp_url, wanted) == first
    assert len(first) == len(wanted.exchanges) + len(wanted.queues) + len(wanted.bindings)


def test_a_queue_that_is_different_is_named_with_the_difference(amqp_url):
    """The operator learns which object, what it has, what was wanted, and what to do."""
    declare(amqp_url, topology(delivery_limit=7))

    with pytest.raises(TopologyConflict) as caught:
        declare(amqp_url, topology(delivery_limit=8))

    text = str(caught.value)
    assert "queue invoice-gateway.in exists with other properties" in text
    assert "x-delivery-limit is '7', wanted '8'" in text
    assert "delete it on the broker" in text
    assert "\n" not in text


def test_an_exchange_of_another_type_is_named(amqp_url, rabbit):
    """A conflict of exchanges is explained like one of queues."""
    with rabbit.channel() as channel:
        channel.exchange_delete("invoice-gateway.in")
        channel.exchange_declare("invoice-gateway.in", "direct", durable=True)

    with pytest.raises(
        TopologyConflict, match=r"exchange invoice-gateway\.in .* type is 'direct'.*'topic'"
    ):
        declare(amqp_url, topology())


def test_a_user_without_rights_is_told_so(amqp_url, rabbitmq_server):
    """A missing permission is a matter for an administrator, and is put that way."""
    rabbitmq_server.add_user("partner", "secret-word")
    vhost = amqp_url.rsplit("/", 1)[1]
    rabbitmq_server.ctl("set_permissions", "-p", vhost, "partner", "^$", ".*", ".*")

    with pytest.raises(TopologyConflict, match="may not be declared by this user") as caught:
        declare(rabbitmq_server.amqp_url("partner", vhost), topology())

    assert "secret-word" not in str(caught.value)


def test_a_conflict_is_an_unavailable_bus():
    """Whoever catches the one catches the other: both are one line for a person."""
    assert issubclass(TopologyConflict, BusUnavailable)


def test_an_account_stays_in_its_partition(rabbit):
    """All messages of an account go to one queue, in order; a second reader waits in the wings."""
    rabbit.wanted = topology(partitions=4)
    with rabbit.channel() as channel:
        channel.queue_delete("invoice-gateway.in")
    rabbit.declare()
    active, waiting = rabbit.receiver(), rabbit.receiver()
    messages = [
        message(number, headers={"account": f"A{number % 7}"}, id=f"A{number % 7}-{number:02}")
        for number in range(70)
    ]

    send(rabbit.sender(), *messages)

    found = collect(active, 70)
    assert waiting.receive(1, 0.2) == []
    queues = {(each.headers["account"], each.tag[0]) for each in found}
    assert len(queues) == 7
    for account in range(7):
        own = [each.message_id for each in found if each.headers["account"] == f"A{account}"]
        assert own == sorted(own)
    active.close()
    assert eventually(lambda: waiting.receive(1, 0.5))
