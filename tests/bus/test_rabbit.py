"""What only RabbitMQ can do, and how its troubles are told."""

import socket
import struct
import time
from types import SimpleNamespace

import pika
import pytest

from invoice_gateway.bus import _subscription
from invoice_gateway.bus._pika import make_tolerant, version_of_broker
from invoice_gateway.bus._publisher import BODY_MAX
from invoice_gateway.bus.rabbit import RabbitPublisher, RabbitReceiver, check
from invoice_gateway.bus.topology import topology
from invoice_gateway.engine.ports import BusUnavailable
from tests.bus.harness import collect, eventually, ids, message, send


@pytest.fixture
def nowhere():
    """A port of this machine where nothing listens."""
    with socket.socket() as held:  # bound, never listening: refused, and nobody else's
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


def errors(settled):
    """The ids with their errors."""
    return {each.id: each.error for each in settled}


# -- routes -------------------------------------------------------------------------------------


def test_nobody_bound_at_all_is_unroutable(rabbit):
    """With even the bounded queue for unheard events gone, an event is returned, not lost."""
    with rabbit.channel() as channel:
        channel.queue_delete("invoice-gateway.events.unrouted")

    settled = send(rabbit.publisher(), message(1), message(1), message(2))

    assert [each.error for each in settled] == ["unroutable"] * 3


def test_recovers_when_somebody_is_bound(rabbit):
    """The same event settles well once there is a queue for it."""
    with rabbit.channel() as channel:
        channel.queue_delete("invoice-gateway.events.unrouted")
    publisher = rabbit.publisher()
    assert errors(send(publisher, message(1))) == {"m1": "unroutable"}
    rabbit.declare()

    assert errors(send(publisher, message(1))) == {"m1": None}


def test_a_message_without_a_binding_arrives_as_unrouted(rabbit):
    """The sender is told all is well, and the engine gets it to set aside."""
    with rabbit.channel() as channel:
        channel.queue_unbind("invoice-gateway.in", "invoice-gateway.in", "#")
    receiver = rabbit.receiver()

    assert errors(send(rabbit.sender(), message(1))) == {"m1": None}

    [found] = collect(receiver, 1)
    assert (found.message_id, found.origin, found.reason) == ("m1", "unrouted", "unroutable")


def test_what_the_broker_gives_up_on_arrives_as_dead(rabbit, rabbitmq_server):
    """After the delivery limit a message comes by the dead-letter route, sender and all."""
    rabbitmq_server.add_user("DOOMED", "a")
    vhost = rabbit.url.rsplit("/", 1)[1]
    rabbit.wanted = topology(delivery_limit=2)
    with rabbit.channel() as channel:
        channel.queue_delete("invoice-gateway.in")
    rabbit.declare()
    partner = RabbitPublisher(
        rabbitmq_server.amqp_url("DOOMED", vhost), "invoice-gateway.in", user_id="DOOMED"
    )
    rabbit.opened.append(partner)
    assert partner.wait_connected(10)
    send(partner, message(1))
    with rabbit.channel() as channel:
        for _ in range(3):
            [method, *_] = next(iter(channel.consume("invoice-gateway.in")))
            channel.basic_reject(method.delivery_tag)

    [found] = collect(rabbit.receiver(), 1)

    assert (found.message_id, found.origin, found.reason) == ("m1", "dead", "delivery_limit")
    assert (found.sender, found.redelivered, found.headers) == ("DOOMED", True, {"account": "A1"})


def test_a_death_notice_by_hand_proves_nothing(rabbit):
    """A reason is believed only on the dead-letter queue, and only in the broker's words."""
    forged = {"x-death": [{"reason": "<script>", "count": 1}]}
    with rabbit.channel() as channel:
        for exchange in ("invoice-gateway.in", "invoice-gateway.dead"):
            channel.basic_publish(exchange, "x", b"", pika.BasicProperties(headers=forged))

    found = collect(rabbit.receiver(), 2)

    assert {(each.origin, each.reason) for each in found} == {("in", None), ("dead", None)}


# -- identity and hostile properties --------------------------------------------------------------


def test_the_broker_vouches_for_the_sender(rabbit, rabbitmq_server):
    """`user_id` passes through; claiming somebody else is refused; no claim is no sender."""
    rabbitmq_server.add_user("ACME", "a")
    url = rabbitmq_server.amqp_url("ACME", rabbit.url.rsplit("/", 1)[1])
    receiver = rabbit.receiver()
    for number, claim in enumerate(["ACME", None, "OTHER"]):
        partner = RabbitPublisher(url, "invoice-gateway.in", user_id=claim)
        rabbit.opened.append(partner)
        assert partner.wait_connected(10)
        [settled] = send(partner, message(number))
        assert (settled.error is None) == (claim != "OTHER")
    assert "406" in settled.error
    assert "user_id" in settled.error

    assert [each.sender for each in collect(receiver, 2)] == ["ACME", None]


def test_a_bare_message_has_no_properties(rabbit):
    """Nothing is made up where a sender set nothing."""
    with rabbit.channel() as channel:
        channel.basic_publish("invoice-gateway.in", "", b"<a/>")

    [found] = collect(rabbit.receiver(), 1)

    assert (found.sender, found.message_id, found.type, found.content_type) == (None,) * 4
    assert (found.body, found.headers) == (b"<a/>", {})


def test_a_hostile_header_stops_nobody(rabbit, monkeypatch):
    """Values pika cannot represent, bytes that are no text, NUL: dropped or shown as U+FFFD."""
    encode = pika.data.encode_value

    def as_others_do(pieces, value):
        """Other clients send times beyond the year 9999; pika cannot."""
        if value == "the end of time":
            pieces.append(b"T" + struct.pack(">Q", 2**63))
            return 9
        return encode(pieces, value)

    monkeypatch.setattr(pika.data, "encode_value", as_others_do)
    headers = {"when": "the end of time", "nul": "a\0b", "deep": [[[]]], "n": 7, "yes": True}
    hostile = pika.BasicProperties(message_id=b"\xff\xfe", headers=headers)
    with rabbit.channel() as channel:
        channel.basic_publish("invoice-gateway.in", "", b"1", hostile)
        channel.basic_publish("invoice-gateway.in", "", b"2")

    found = collect(rabbit.receiver(), 2)

    assert [each.body for each in found] == [b"1", b"2"]
    assert found[0].message_id == "\ufffd\ufffd"
    assert found[0].headers == {"nul": "a\ufffdb", "n": "7", "yes": "true"}
    assert not found[0].redelivered


@pytest.mark.parametrize(
    "raw",
    [
        b"T" + struct.pack(">Q", 2**64 - 1),
        b"d" + struct.pack(">d", float("-inf")),
        b"f" + struct.pack(">f", float("nan")),
    ],
)
def test_a_value_that_cannot_be_is_read_as_none(raw):
    """What follows it in the table is read as if nothing had been."""
    make_tolerant()
    table = b"\x01a" + raw + b"\x01bt\x01"

    found, end = pika.data.decode_table(struct.pack(">I", len(table)) + table, 0)

    assert found == {"a": None, "b": True}
    assert end == 4 + len(table)


def test_nesting_beyond_all_measure_is_read_as_none():
    """Twenty thousand lists in each other exhaust neither stack nor patience."""
    make_tolerant()
    raw = b"V"
    for _ in range(20_000):
        raw = b"A" + struct.pack(">I", len(raw)) + raw
    table = b"\x01a" + raw + b"\x01bt\x01"

    found, _ = pika.data.decode_table(struct.pack(">I", len(table)) + table, 0)

    assert found["b"] is True


# -- refusals -------------------------------------------------------------------------------------


def test_a_missing_exchange_is_named_and_waited_for(rabbit):
    """In flight settles with the broker's words; once the exchange exists, all is well."""
    publisher = RabbitPublisher(rabbit.url, "late")
    rabbit.opened.append(publisher)
    assert publisher.wait_connected(10)

    [settled] = send(publisher, message(1))

    assert settled.error.startswith("channel closed: 404 NOT_FOUND - no exchange 'late'")
    with rabbit.channel() as channel:
        channel.exchange_declare("late", "fanout")
        channel.queue_declare("later", durable=True)
        channel.queue_bind("later", "late")
    assert publisher.wait_connected(15)
    assert errors(send(publisher, message(1))) == {"m1": None}


def test_a_full_queue_nacks(rabbit):
    """A length limit refuses the newest; the publisher hears which."""
    rabbit.wanted = topology(max_length=1)
    with rabbit.channel() as channel:
        channel.queue_delete("invoice-gateway.in")
    rabbit.declare()
    sender = rabbit.sender()

    settled = [
        error for number in range(8) for error in errors(send(sender, message(number))).values()
    ]

    assert settled[0] is None
    assert settled[-1] == "nacked"


def test_a_message_too_large_for_the_broker_is_not_sent(rabbit):
    """It would close the channel under all the others."""
    publisher = rabbit.publisher()

    settled = send(
        publisher,
        message(1, body=bytes(BODY_MAX + 1)),
        message(2, headers={"a": "b" * 70_000}),
        message(3),
    )

    found = errors(settled)
    assert found["m1"].startswith("too large: 16777217 bytes")
    assert found["m2"].startswith("headers too large")
    assert found["m3"] is None


def test_a_flood_is_bounded(rabbit):
    """More than may be in flight is refused at once instead of kept in memory."""
    publisher = rabbit.publisher(max_in_flight=10)

    settled = send(publisher, *(message(number) for number in range(15)))

    assert [each.error for each in settled].count("too many in flight") == 5
    assert [each.error for each in settled].count(None) == 10


def test_without_a_broker_nothing_is_kept_and_nobody_waits(nowhere):
    """Events settle as not connected; receiving returns nothing; closing is quick."""
    url = f"amqp://gateway:secret@127.0.0.1:{nowhere}/"
    publisher, receiver = RabbitPublisher(url, "x"), RabbitReceiver(url, topology())
    began = time.monotonic()

    assert errors(send(publisher, message(1))) == {"m1": "not connected"}
    assert receiver.receive(1, 0.2) == []
    assert not receiver.connected
    receiver.pause()
    publisher.close()
    receiver.close()

    assert time.monotonic() - began < 5


def test_pausing_a_hundred_times_loses_nothing(rabbit):
    """Outages that come and go stay below the delivery limit; order is kept throughout."""
    send(rabbit.sender(), *(message(number) for number in range(5)))
    receiver = rabbit.receiver()

    for _ in range(100):
        collect(receiver, 5)
        receiver.pause()

    found = collect(receiver, 5)
    assert ids(found) == [f"m{number}" for number in range(5)]
    assert {each.origin for each in found} == {"in"}


def test_pausing_in_the_middle_of_a_flood_keeps_the_order(rabbit):
    """Messages still under way to a reader that pauses come back in their place."""
    send(rabbit.sender(), *(message(number, id=f"m{number:04}") for number in range(3000)))
    receiver = rabbit.receiver(batch_size=50)
    seen = []

    while len(seen) < 3000:
        batch = receiver.receive(50, 5.0)
        receiver.ack(batch)
        seen += ids(batch)
        if len(seen) % 400 < len(batch):
            receiver.pause()

    assert seen == sorted(seen)
    assert receiver.receive(1, 0.3) == []


def test_handing_back_by_nack_loses_nothing(rabbit, monkeypatch):
    """The way taken from RabbitMQ 4.3 on, where it does not count as failed, works on any."""
    monkeypatch.setattr(_subscription, "NACK_IS_NO_FAILURE", (0, 0))
    send(rabbit.sender(), *(message(number) for number in range(500)))
    receiver = rabbit.receiver(batch_size=50)
    seen = []

    while len(seen) < 500:
        batch = receiver.receive(20, 5.0)
        receiver.ack(batch)
        seen += ids(batch)
        if len(seen) % 100 < len(batch):
            receiver.pause()

    assert sorted(seen) == sorted(f"m{number}" for number in range(500))
    assert receiver.receive(1, 0.3) == []


@pytest.mark.parametrize(
    ("said", "version"), [("3.10.8", (3, 10)), ("4.3.0-rc.1", (4, 3)), ("4.3", (4, 3)), (None, ())]
)
def test_the_version_is_what_the_broker_says(said, version):
    """Major and minor; a broker that says nothing counts as old."""
    connection = SimpleNamespace(server_properties=said and {"version": said})

    assert version_of_broker(connection) == version


def test_a_deleted_queue_is_consumed_again_once_it_exists(rabbit):
    """The other queues are served meanwhile, and the reader says it is not well."""
    receiver = rabbit.receiver()
    with rabbit.channel() as channel:
        channel.queue_delete("invoice-gateway.in")
    assert eventually(lambda: not receiver.connected)

    send(rabbit.sender(), message(1))
    assert [each.origin for each in collect(receiver, 1)] == ["unrouted"]

    rabbit.declare()
    send(rabbit.sender(), message(2))
    assert ids(collect(receiver, 1)) == ["m2"]
    assert receiver.connected


# -- is it there? ---------------------------------------------------------------------------------


def test_a_broker_that_lets_us_in_checks_out(amqp_url):
    """No news is good news."""
    check(amqp_url)


def test_a_broker_that_is_away_is_named(nowhere):
    """Host, port and cause, and no password."""
    with pytest.raises(BusUnavailable, match=rf"127\.0\.0\.1:{nowhere}: connection refused") as no:
        check(f"amqp://gateway:secret-word@127.0.0.1:{nowhere}/")

    assert "secret-word" not in str(no.value)
    assert "\n" not in str(no.value)


def test_something_else_on_the_port_is_no_broker():
    """A peer that accepts and says nothing is reported in time."""
    with socket.create_server(("127.0.0.1", 0)) as mute:
        port = mute.getsockname()[1]
        with pytest.raises(BusUnavailable, match=f"127.0.0.1:{port}"):
            check(f"amqp://gateway:secret@127.0.0.1:{port}/", timeout_s=0.5)


def test_an_unknown_host_is_named():
    """A typing error in the host name reads as one."""
    with pytest.raises(BusUnavailable, match=r"no-such-host\.invalid:5672: .*name is not known"):
        check("amqp://a:b@no-such-host.invalid/")


def test_a_wrong_password_and_a_wrong_vhost_are_told_apart(amqp_url, rabbitmq_server):
    """Each says what to look at."""
    rabbitmq_server.add_user("KEYLESS", "a")
    vhost = amqp_url.rsplit("/", 1)[1]
    with pytest.raises(BusUnavailable, match="refused user name or password"):
        check(rabbitmq_server.amqp_url("KEYLESS", vhost).replace(":a@", ":wrong@"))
    with pytest.raises(BusUnavailable, match="vhost"):
        check(rabbitmq_server.amqp_url("KEYLESS", "no-such-vhost"))


@pytest.mark.parametrize(
    "url", ["", "localhost", "http://x/", "amqp://u:secret-word#1@h/", "amqp://h:port/"]
)
def test_an_address_that_is_none_is_refused_at_once(url):
    """Before anything runs, with the form it should have, and without repeating a secret."""
    for attempt in (check, lambda bad: RabbitReceiver(bad, topology())):
        with pytest.raises(BusUnavailable, match=r"amqp://user:password@host") as caught:
            attempt(url)
        assert "secret-word" not in str(caught.value)
