"""What holds on every bus."""

import time

from tests.bus.harness import collect, crash_after_receiving, ids, message, send


def test_messages_arrive_in_order_with_what_was_sent(bus):
    """Body, id and type come as they went, the oldest first."""
    receiver = bus.receiver()

    send(bus.sender(), *(message(number) for number in range(50)))

    found = collect(receiver, 50)
    assert ids(found) == [f"m{number}" for number in range(50)]
    assert [each.body for each in found] == [b"<Invoice>%d</Invoice>" % n for n in range(50)]
    assert {each.type for each in found} == {"Invoice"}
    assert {each.content_type for each in found} == {"application/xml"}
    assert {(each.origin, each.reason, each.redelivered) for each in found} == {("in", None, False)}


def test_receives_no_more_than_the_limit(bus):
    """What exceeds the limit stays for the next call."""
    send(bus.sender(), *(message(number) for number in range(5)))
    receiver = bus.receiver()

    batches = [receiver.receive(2, 0.5) for _ in range(6)]

    assert sum(map(len, batches)) == 5
    assert max(map(len, batches)) <= 2


def test_does_not_wait_to_fill_a_batch(bus):
    """One message is a batch when no other is there."""
    receiver = bus.receiver()
    send(bus.sender(), message(1))
    began = time.monotonic()

    found = receiver.receive(100, 10.0)

    assert ids(found) == ["m1"]
    assert time.monotonic() - began < 5


def test_returns_nothing_when_nothing_comes(bus):
    """The wait for the first message ends."""
    receiver = bus.receiver()
    began = time.monotonic()

    assert receiver.receive(10, 0.2) == []
    assert 0.15 < time.monotonic() - began < 5


def test_an_acked_message_is_gone(bus):
    """Neither this reader nor the next sees it again; a refused one is as gone as any."""
    receiver = bus.receiver()
    send(bus.sender(), *(message(number) for number in range(4)))
    found = collect(receiver, 4)

    receiver.ack(found, rejected=frozenset({found[2].tag}))
    receiver.close()

    assert bus.receiver().receive(10, 0.5) == []


def test_what_was_not_acked_comes_again_in_order(bus):
    """Acks may leave gaps; the gaps come again, marked, when the reader has left."""
    receiver = bus.receiver()
    send(bus.sender(), *(message(number) for number in range(8)))
    found = collect(receiver, 8)

    receiver.ack([found[0], found[1], found[3], found[6]])
    receiver.close()

    again = collect(bus.receiver(), 4)
    assert ids(again) == ["m2", "m4", "m5", "m7"]
    assert all(each.redelivered for each in again)


def test_acking_twice_does_no_harm(bus):
    """A second ack of the same delivery is ignored, and the reader goes on."""
    receiver, sender = bus.receiver(), bus.sender()
    send(sender, message(1))
    found = collect(receiver, 1)

    receiver.ack(found)
    receiver.ack(found)

    send(sender, message(2))
    assert ids(collect(receiver, 1)) == ["m2"]


def test_a_crash_before_the_ack_delivers_again_and_says_so(bus):
    """What the dead process had comes first, marked; what it never saw is not marked."""
    sender = bus.sender()
    send(sender, *(message(number) for number in range(4)))
    assert crash_after_receiving(bus, 4) == ["m0", "m1", "m2", "m3"]
    send(sender, message(4))

    found = collect(bus.receiver(), 5)

    assert ids(found) == ["m0", "m1", "m2", "m3", "m4"]
    assert [each.redelivered for each in found] == [True, True, True, True, False]


def test_a_pause_hands_back_and_receiving_resumes(bus):
    """Nothing is lost or reordered by "not now", said twice; late acks from before are ignored."""
    receiver = bus.receiver()
    send(bus.sender(), *(message(number) for number in range(6)))
    before = collect(receiver, 4)

    receiver.pause()
    receiver.pause()
    receiver.ack(before)

    found = collect(receiver, 6)
    assert ids(found) == [f"m{number}" for number in range(6)]
    assert all(each.redelivered for each in found[:4])


def test_a_paused_reader_counts_as_connected(bus):
    """Health says "paused", not "away"."""
    receiver = bus.receiver()

    receiver.pause()

    assert receiver.connected


def test_closing_twice_is_fine(bus):
    """A second close changes nothing, and nothing can be received any more."""
    receiver, publisher = bus.receiver(), bus.publisher()
    for _ in range(2):
        receiver.close()
        publisher.close()

    assert receiver.receive(1, 0.1) == []
    assert not receiver.connected


def test_every_event_settles_once_and_is_heard_in_order(bus):
    """Each submitted event is reported exactly once, without error, and then nothing is left."""
    publisher = bus.publisher()
    events = [
        message(number, key="invoice.status-changed", type="InvoiceStatusChanged")
        for number in range(30)
    ]

    settled = send(publisher, *events)

    assert [(each.id, each.error) for each in settled] == [(each.id, None) for each in events]
    assert publisher.settled() == []
    assert (publisher.in_flight, publisher.blocked_s) == (0, 0.0)
    heard = bus.heard()
    assert [each.id for each in heard] == [each.id for each in events]
    assert {(each.key, each.type) for each in heard} == {
        ("invoice.status-changed", "InvoiceStatusChanged")
    }


def test_an_event_sent_again_keeps_its_id(bus):
    """A resend settles like the first, and a receiver that looks at ids counts it once."""
    publisher = bus.publisher()

    settled = send(publisher, message(1), message(1), message(2))

    assert [(each.id, each.error) for each in settled] == [("m1", None), ("m1", None), ("m2", None)]
    assert {each.id: each.body for each in bus.heard()} == {
        "m1": b"<Invoice>1</Invoice>",
        "m2": b"<Invoice>2</Invoice>",
    }


def test_headers_make_the_round_trip(bus):
    """Own headers arrive as sent, whatever is in them."""
    headers = {
        "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "cloudEvents_source": "/invoice-gateway",
        "account": "Käse & Söhne",
    }
    receiver = bus.receiver()

    send(bus.sender(), message(1, headers=headers))
    send(bus.publisher(), message(2, headers=headers))

    [found] = collect(receiver, 1)
    assert found.headers == headers
    [heard] = bus.heard()
    assert heard.headers == headers


def test_headers_of_the_broker_cannot_be_forged(bus):
    """Whatever a sender calls `x-...` is dropped, and so is what is too long to be honest."""
    headers = {"X-Death": "forged", "x-delivery-count": "7", "account": "A1", "big": "b" * 5000}
    receiver = bus.receiver()

    send(bus.sender(), message(1, headers=headers))

    [found] = collect(receiver, 1)
    assert found.headers == {"account": "A1"}
    assert (found.origin, found.reason, found.redelivered) == ("in", None, False)


def test_an_event_that_cannot_be_sent_does_not_hold_up_the_others(bus):
    """A key longer than any bus takes is that event's own misfortune."""
    settled = send(bus.publisher(), message(1), message(2, key="k" * 300), message(3))

    errors = {each.id: each.error for each in settled}
    assert errors["m1"] is None
    assert errors["m2"] is not None
    assert errors["m3"] is None
    assert [each.id for each in bus.heard()] == ["m1", "m3"]
