"""The short way past pika: same results, less work, and a bound on what is in memory."""

import socket
import ssl
import time

import pytest
from structlog.testing import capture_logs

from invoice_gateway.bus import _pika
from invoice_gateway.bus._publisher import RabbitPublisher
from invoice_gateway.bus.rabbit import RabbitReceiver
from invoice_gateway.bus.topology import topology
from tests.bus.harness import RabbitBus, collect, eventually, ids, message, send

MEGABYTE = 1024 * 1024


def sizes(found):
    """How long the bodies are."""
    return [len(each.body) for each in found]


def test_bodies_of_all_sizes_keep_their_order(rabbit):
    """None, one frame, several frames, and what is written by turns past pika and by it."""
    wanted = [0, 10, 131_064, 131_065, 1, 400_000, 0, 5, 3_000, 131_064, 2]
    bodies = [bytes([number]) * size for number, size in enumerate(wanted)]
    receiver = rabbit.receiver()

    settled = send(rabbit.sender(), *(message(n, body=body) for n, body in enumerate(bodies)))
    found = collect(receiver, len(bodies))

    assert [each.error for each in settled] == [None] * len(bodies)
    assert [each.body for each in found] == bodies
    assert ids(found) == [f"m{number}" for number in range(len(bodies))]
    receiver.ack(found)
    receiver.close()
    assert rabbit.receiver().receive(1, 0.3) == []


def test_a_message_nobody_can_encode_is_its_own_fault_only(rabbit):
    """Its neighbours in the batch are sent, and it alone settles with an error."""
    batch = [message(1), message(2, key="x" * 256), message(3, headers={"a": "\ud800"}), message(4)]

    settled = {each.id: each.error for each in send(rabbit.publisher(), *batch)}

    assert (settled["m1"], settled["m4"]) == (None, None)
    assert settled["m2"].startswith("cannot be encoded")
    assert settled["m3"].startswith("cannot be encoded")


def test_many_confirms_settle_each_once_in_order_of_sending(rabbit):
    """However the broker groups them."""
    publisher = rabbit.publisher()
    for start in range(0, 5_000, 500):
        publisher.submit([message(number) for number in range(start, start + 500)])
    assert publisher.wait(20)

    settled = publisher.settled()

    assert {each.error for each in settled} == {None}
    assert sorted(each.id for each in settled) == sorted(f"m{number}" for number in range(5_000))
    assert not publisher._unconfirmed


def test_acks_out_of_order_leave_the_others_alone(rabbit):
    """What was received and not acked comes again, and nothing else."""
    send(rabbit.sender(), *(message(number) for number in range(10)))
    receiver = rabbit.receiver()
    found = collect(receiver, 10)
    receiver.ack([found[number] for number in (7, 0, 3, 1)])
    receiver.close()

    assert ids(collect(rabbit.receiver(), 6)) == ["m2", "m4", "m5", "m6", "m8", "m9"]


def test_a_pika_that_is_different_inside_is_used_as_it_is(rabbit, monkeypatch):
    """Everything works, and one line says why it takes longer."""
    monkeypatch.setattr(_pika, "_INSIDE_CONNECTION", ("_no_such_thing",))
    _pika._tell_once.cache_clear()

    with capture_logs() as lines:
        receiver, sender = rabbit.receiver(), rabbit.sender()
        send(sender, *(message(number) for number in range(50)))
        assert len(collect(receiver, 50)) == 50

    told = [line for line in lines if line["event"] == "bus.pika_unknown"]
    if _pika.EXPRESS:
        assert [line["missing"] for line in told] == ["_no_such_thing"]
    assert (receiver._link.express, sender._link.express) == (None, None)


@pytest.mark.parametrize("way", ["express"], indirect=True)
def test_the_short_way_is_taken(rabbit):
    """With the pika we pin, in both directions."""
    receiver, sender = rabbit.receiver(), rabbit.sender()

    assert receiver._link.express is not None
    assert sender._encoder is not None


# -- what is in memory ----------------------------------------------------------------------------


def test_large_messages_wait_at_the_broker(rabbit):
    """A receiver takes about as many bytes as it may hold; when they are acked it takes more."""
    body = b"x" * MEGABYTE
    send(rabbit.sender(), *(message(number, body=body) for number in range(40)))
    receiver = rabbit.receiver(held_bytes_max=4 * MEGABYTE)
    seen: list[str | None] = []

    assert eventually(lambda: receiver._holding)
    time.sleep(0.3)
    assert sum(sizes(receiver._arrived)) <= 6 * MEGABYTE
    while len(seen) < 40:
        batch = collect(receiver, 1)
        assert sum(sizes(receiver._arrived)) <= 8 * MEGABYTE
        assert not any(each.redelivered for each in batch)
        receiver.ack(batch)
        seen += ids(batch)

    assert seen == [f"m{number}" for number in range(40)]
    receiver.close()
    assert rabbit.receiver().receive(1, 0.3) == []


def test_who_waits_gets_a_message_whatever_is_held(rabbit):
    """Messages that are never acked stop nobody, and one larger than the bound gets through."""
    body = b"x" * MEGABYTE
    send(rabbit.sender(), *(message(number, body=body) for number in range(12)))
    receiver = rabbit.receiver(held_bytes_max=1_000)

    found = [each for _ in range(12) for each in collect(receiver, 1)]

    assert ids(found) == [f"m{number}" for number in range(12)]


def test_pausing_while_the_broker_waits_hands_everything_back(rabbit):
    """And closing does not hang."""
    body = b"x" * MEGABYTE
    send(rabbit.sender(), *(message(number, body=body) for number in range(12)))
    receiver = rabbit.receiver(held_bytes_max=MEGABYTE)
    assert eventually(lambda: receiver._holding)

    began = time.monotonic()
    receiver.pause()
    assert time.monotonic() - began < 2
    assert ids(collect(receiver, 12)) == [f"m{number}" for number in range(12)]
    assert eventually(lambda: receiver._holding)
    receiver.close()

    assert time.monotonic() - began < 8
    assert ids(collect(rabbit.receiver(), 12)) == [f"m{number}" for number in range(12)]


def test_a_connection_that_is_not_read_stays_alive(amqp_url):
    """Far beyond the heartbeat; nothing is delivered again."""
    bus = RabbitBus(amqp_url + "?heartbeat=1")
    bus.declare()
    body = b"x" * MEGABYTE
    sender = RabbitPublisher(amqp_url, "invoice-gateway.in")
    bus.opened.append(sender)
    assert sender.wait_connected(10)
    send(sender, *(message(number, body=body) for number in range(100)))
    receiver = RabbitReceiver(bus.url, topology(), held_bytes_max=2 * MEGABYTE)
    bus.opened.append(receiver)
    try:
        with capture_logs() as lines:
            assert eventually(lambda: receiver._holding)
            time.sleep(12)  # pika gives up after six seconds of silence, the broker after two
            found = []
            while len(found) < 100:
                batch = collect(receiver, 1)
                receiver.ack(batch)
                found += batch
        assert ids(found) == [f"m{number}" for number in range(100)]
        assert not any(each.redelivered for each in found)
        assert [line for line in lines if line["event"] == "bus.disconnected"] == []
    finally:
        for end in bus.opened:
            end.close()


def test_tls_is_told_that_there_is_nothing_to_read():
    """In its own words: it keeps what it has read ahead, and comes back for it."""
    context = ssl.create_default_context()
    with socket.socket() as plain, context.wrap_socket(socket.socket(), server_hostname="x") as tls:
        with pytest.raises(BlockingIOError):
            _pika._nothing_there(plain, 1)
        with pytest.raises(ssl.SSLWantReadError):
            _pika._nothing_there(tls, 1)
