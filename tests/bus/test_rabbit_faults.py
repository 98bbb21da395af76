"""A broker in trouble: alarms, cut connections, a freeze, a power cut."""

import time

import pika
import pytest
from structlog.testing import capture_logs

from tests.bus.harness import RabbitBus, collect, eventually, ids, message, send


@pytest.fixture
def own(own_rabbitmq):
    """A bus on a broker of our own, which may be mistreated; fast heartbeats."""
    made = RabbitBus(own_rabbitmq.new_vhost() + "?heartbeat=1")
    made.declare()
    with capture_logs() as lines:
        yield made
        for end in made.opened:
            end.close()
    assert "bus.failed" not in {line["event"] for line in lines}


def cut(server, url):
    """Have the broker close every connection to the virtual host of `url`."""
    vhost = url.rsplit("/", 1)[1].partition("?")[0]
    assert eventually(lambda: vhost in server.ctl("list_connections", "vhost"))
    server.ctl("close_all_connections", "--vhost", vhost, "a test cuts the line")


def test_a_cut_connection_comes_back_and_delivers_again(rabbit, rabbitmq_server):
    """What was not acked comes again, marked; acks from before the cut are ignored."""
    sender, receiver = rabbit.sender(), rabbit.receiver()
    send(sender, *(message(number) for number in range(4)))
    before = collect(receiver, 4)
    receiver.ack(before[:1])
    assert receiver.wait_connected(1)

    with capture_logs() as lines:
        cut(rabbitmq_server, rabbit.url)
        assert eventually(lambda: any(line["event"] == "bus.disconnected" for line in lines))
        again = collect(receiver, 3)
        receiver.ack(before)

    assert ids(again) == ["m1", "m2", "m3"]
    assert all(each.redelivered for each in again)
    receiver.ack(again)
    assert sender.wait_connected(15)
    send(sender, message(9))
    assert ids(collect(receiver, 1)) == ["m9"]
    events = [line["event"] for line in lines]
    assert "bus.connected" in events
    assert "gateway:gateway" not in str(lines)


def test_a_message_that_breaks_pika_costs_one_connection(rabbit, monkeypatch):
    """Whatever a message may set off while it is read, the reader comes back for it."""
    receiver, sender = rabbit.receiver(), rabbit.sender()
    decode, failures = pika.data.decode_value, iter([KeyError("odd")])

    def break_once(encoded, offset):
        if failure := next(failures, None):
            raise failure
        return decode(encoded, offset)

    with capture_logs() as lines:
        monkeypatch.setattr(pika.data, "decode_value", break_once)
        send(sender, message(1))
        [found] = collect(receiver, 1)

    assert (found.message_id, found.redelivered) == ("m1", True)
    assert "bus.disconnected" in {line["event"] for line in lines}


def test_a_fault_of_our_own_costs_one_connection(rabbit):
    """The thread survives, says what and where, and connects again."""
    receiver = rabbit.receiver()

    with capture_logs() as lines:
        receiver._link.call(lambda: 1 // 0)
        assert eventually(lambda: any(line["event"] == "bus.connected" for line in lines))
        send(rabbit.sender(), message(1))
        assert ids(collect(receiver, 1)) == ["m1"]

    [failed] = [line for line in lines if line["event"] == "bus.failed"]
    assert failed["reason"] == "integer division or modulo by zero"
    assert "test_rabbit_faults.py:" in failed["line"]


def test_being_blocked_stops_publishing_and_nothing_else(own, own_rabbitmq):
    """In a memory alarm consuming goes on, what is in flight waits, the rest is refused at once."""
    receiver, publisher = own.receiver(), own.publisher()
    send(own.sender(), message(1), message(2))
    own_rabbitmq.ctl("set_vm_memory_high_watermark", "absolute", "1000000")
    try:
        publisher.submit([message(3)])
        assert eventually(lambda: publisher.blocked_s > 0)
        assert publisher.in_flight == 1
        publisher.submit([message(4)])
        assert [(each.id, each.error) for each in publisher.settled()] == [("m4", "blocked")]

        found = collect(receiver, 2)
        receiver.ack(found)
        assert publisher.blocked_s > 0
        assert not publisher.wait(0.1)
    finally:
        own_rabbitmq.ctl("set_vm_memory_high_watermark", "0.9")

    assert publisher.wait(15)
    assert [(each.id, each.error) for each in publisher.settled()] == [("m3", None)]
    assert eventually(lambda: publisher.blocked_s == 0.0)
    receiver.close()
    assert own.receiver().receive(1, 0.3) == []


def test_leaving_while_blocked_does_not_hang(own, own_rabbitmq):
    """A broker that does not read our goodbye is left without one; in flight settles as lost."""
    publisher = own.publisher()
    own_rabbitmq.ctl("set_vm_memory_high_watermark", "absolute", "1000000")
    try:
        publisher.submit([message(1)])
        assert eventually(lambda: publisher.blocked_s > 0)
        began = time.monotonic()

        publisher.close()

        assert time.monotonic() - began < 6
        assert [(each.id, each.error) for each in publisher.settled()] == [
            ("m1", "connection lost")
        ]
    finally:
        own_rabbitmq.ctl("set_vm_memory_high_watermark", "0.9")


def test_a_frozen_broker_is_noticed_and_nothing_is_lost(own, own_rabbitmq):
    """What was in flight settles as lost; sent again under its id, everything is there."""
    publisher, receiver = own.publisher(), own.receiver()
    events = [message(number) for number in range(20)]
    own_rabbitmq.pause()
    try:
        publisher.submit(events)
        assert publisher.wait(30)
        assert {each.error for each in publisher.settled()} == {"connection lost"}
        assert eventually(lambda: not receiver.connected)
        publisher.submit([message(99)])
        assert [each.error for each in publisher.settled()] == ["not connected"]
    finally:
        own_rabbitmq.resume()

    assert publisher.wait_connected(30)
    assert {each.error for each in send(publisher, *events)} == {None}
    assert {each.id for each in own.heard()} == {each.id for each in events}
    assert receiver.wait_connected(30)


def test_a_power_cut_of_the_broker_loses_nothing_confirmed(own, own_rabbitmq):
    """After kill -9 and a restart, all that was confirmed or delivered is there."""
    sender, publisher, receiver = own.sender(), own.publisher(), own.receiver()
    assert {each.error for each in send(sender, *map(message, range(50)))} == {None}
    assert {each.error for each in send(publisher, *map(message, range(50)))} == {None}
    assert len(collect(receiver, 50)) == 50

    own_rabbitmq.kill()
    assert eventually(lambda: not receiver.connected)
    assert receiver.receive(1, 0.1) == []
    own_rabbitmq.start()

    assert receiver.wait_connected(40)
    again = collect(receiver, 50)
    assert sorted(ids(again)) == sorted(f"m{number}" for number in range(50))
    assert all(each.redelivered for each in again)
    assert publisher.wait_connected(40)
    assert {each.error for each in send(publisher, message(50))} == {None}
    assert {each.id for each in own.heard()} == {f"m{number}" for number in range(51)}
