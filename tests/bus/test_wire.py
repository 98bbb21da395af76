"""What we read and write past pika is, byte for byte, what pika would have read and written."""

import datetime as dt
import struct

import pika
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pika import frame as pika_frame
from pika import spec

from invoice_gateway.bus._pika import _next_frame, make_tolerant
from invoice_gateway.bus._wire import (
    Decoder,
    Encoder,
    consumer,
    harmless,
    take_confirms,
    take_deliveries,
)
from tests.bus.harness import message

TAG = "ctag1.abc"
words = st.text(max_size=40).filter(lambda text: len(text.encode("utf-8", "replace")) <= 255)
texts = words.filter(lambda text: text.isprintable() or "\0" in text)
short = st.one_of(st.none(), texts, st.binary(max_size=20))
names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**63), 2**63 - 1),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(st.characters(codec="utf-8"), max_size=30),
        st.binary(max_size=30),
        st.datetimes(
            min_value=dt.datetime(1970, 1, 2),  # noqa: DTZ001 - pika wants it bare
            max_value=dt.datetime(2200, 1, 1),  # noqa: DTZ001 - as above
        ),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(names, inner, max_size=3)),
    max_leaves=5,
)
properties = st.builds(
    pika.BasicProperties,
    content_type=short,
    content_encoding=short,
    headers=st.one_of(st.none(), st.dictionaries(names, values, max_size=4)),
    delivery_mode=st.sampled_from([None, 1, 2]),
    priority=st.sampled_from([None, 0, 9]),
    correlation_id=short,
    reply_to=short,
    expiration=short,
    message_id=short,
    timestamp=st.sampled_from([None, 0, 2**40]),
    type=short,
    user_id=short,
    app_id=short,
    cluster_id=short,
)


def encoded(found):
    """The bytes of properties as a broker sends them; None when pika cannot write them."""
    try:
        return b"".join(found.encode())
    except (ValueError, struct.error, UnicodeError, pika.exceptions.AMQPError):
        return None


@given(properties)
@example(pika.BasicProperties())
@example(pika.BasicProperties(headers={"x-death": [{"reason": "rejected"}], "n": 7, "ok": True}))
@example(pika.BasicProperties(message_id=b"\xff\xfe\0", headers={"nul": "a\0b"}))
def test_properties_are_read_as_pika_reads_them(found):
    """Whatever a client can send, and a second time from memory."""
    make_tolerant()
    raw = encoded(found)
    if raw is None:
        return
    decoder, expected = Decoder(), harmless(pika.BasicProperties().decode(raw))

    assert decoder.decode(raw) == expected
    assert decoder.decode(raw) == expected


@given(st.binary(max_size=80))
@example(b"\x20\x00\x00\x00\x00\x09\x01a" + b"d" + struct.pack(">d", float("nan")))
@example(b"\x20\x00\xff\xff\xff\xff")
@example(b"\x00\x01\x00\x00")
def test_nonsense_is_read_as_pika_reads_it(raw):
    """The same properties, or the same kind of exception."""
    make_tolerant()
    try:
        expected = harmless(pika.BasicProperties().decode(raw))
    except Exception as error:  # noqa: BLE001 - whatever it is
        with pytest.raises(type(error)):
            Decoder().decode(raw)
    else:
        assert Decoder().decode(raw) == expected


def test_memory_of_the_decoder_is_bounded():
    """Headers that never repeat, or are very long, are not kept for ever."""
    decoder = Decoder()
    for number in range(5_000):
        raw = encoded(pika.BasicProperties(headers={"trace": str(number)}, type=str(number)))
        assert decoder.decode(raw).headers == {"trace": str(number)}
    decoder.decode(encoded(pika.BasicProperties(headers={"long": "x" * 1_000})))

    assert len(decoder._headers) <= 2_048
    assert len(decoder._words) <= 2_048
    assert max(map(len, decoder._headers)) <= 512


# -- deliveries -----------------------------------------------------------------------------------


def delivery(number, body, *, channel=1, tag=TAG, split=None, redelivered=False):
    """The frames of one delivery; `split` cuts the body into frames of that size."""
    method = spec.Basic.Deliver(tag, number, redelivered, "exchange", "key")
    frames = [
        pika_frame.Method(channel, method).marshal(),
        pika_frame.Header(channel, len(body), pika.BasicProperties(type="T")).marshal(),
    ]
    step = split or max(len(body), 1)
    frames += [
        pika_frame.Body(channel, body[at : at + step]).marshal() for at in range(0, len(body), step)
    ]
    return b"".join(frames)


def taken(buffer, consumers=None):
    """What is taken from `buffer` as (number, redelivered, body), and how many bytes that were."""
    found = []
    known = consumers or {1: consumer(TAG, print)}
    at = take_deliveries(buffer, 0, known, found)
    return [(each[0], each[1], each[3]) for _, each in found], at


def test_whole_deliveries_are_taken_in_one_go():
    """In order, with the flag of a redelivery, and the properties as they came."""
    buffer = delivery(1, b"one") + delivery(2, b"two", redelivered=True)

    assert taken(buffer) == ([(1, False, b"one"), (2, True, b"two")], len(buffer))


@given(st.integers(0, 400))
def test_what_is_not_whole_waits(cut):
    """Wherever the socket cuts, only whole deliveries are taken, up to the cut."""
    one, two = delivery(1, b"a" * 50), delivery(2, b"b" * 50)
    buffer = (one + two)[:cut]
    whole = (len(buffer) >= len(one)) + (len(buffer) >= len(one + two))

    found, at = taken(buffer)

    assert [number for number, *_ in found] == [1, 2][:whole]
    assert at == len((one, one + two)[whole - 1]) * (whole > 0)


@pytest.mark.parametrize(
    "odd",
    [
        delivery(2, b"in two frames", split=7),
        delivery(2, b""),
        delivery(2, b"x", channel=2),
        delivery(2, b"x", tag="ctag1.abcd"),
        delivery(2, b"x")[:-1] + b"\x00",
        pika_frame.Heartbeat().marshal(),
        pika_frame.Method(1, spec.Basic.Cancel(TAG)).marshal(),
    ],
)
def test_anything_else_is_left_to_pika_and_nothing_overtakes_it(odd):
    """Bodies in several frames or none, other channels and consumers, damage, other frames."""
    before = delivery(1, b"one")

    found, at = taken(before + odd + delivery(3, b"three"))

    assert (found, at) == ([(1, False, b"one")], len(before))


def test_each_consumer_has_its_own():
    """Several channels in one read, each known by its number and its consumer's tag."""
    known = {1: consumer(TAG, print), 7: consumer("other", repr)}
    found = []
    buffer = delivery(1, b"a") + delivery(1, b"b", channel=7, tag="other") + delivery(2, b"c")

    assert take_deliveries(buffer, 0, known, found) == len(buffer)
    assert [who.deliver for who, _ in found] == [print, repr, print]


@given(st.lists(st.tuples(st.integers(1, 2**40), st.booleans()), max_size=5), st.integers(0, 100))
def test_confirms_are_read_as_pika_reads_them(confirms, cut):
    """Whole ones only; a refusal, or another channel, ends it."""
    frames = [pika_frame.Method(3, spec.Basic.Ack(*each)).marshal() for each in confirms]
    buffer = b"".join(frames)[:cut]
    whole = len(buffer) // 21
    found = []

    assert take_confirms(buffer, 0, 3, found) == whole * 21
    assert found == confirms[:whole]
    nack = pika_frame.Method(3, spec.Basic.Nack(1, False)).marshal()  # noqa: FBT003 - pika's own
    assert take_confirms(nack, 0, 3, found) == 0
    assert take_confirms(b"".join(frames), 0, 4, found) == 0


@given(st.binary(max_size=30), st.integers(0, 30))
def test_a_frame_is_cut_out_whole_or_not_at_all(noise, cut):
    """Pika gets a frame, or nothing while some of it is under way."""
    whole = pika_frame.Body(1, noise).marshal()

    assert _next_frame(b"xx" + whole + b"rest", 2) == whole
    assert _next_frame(b"xx" + whole[: min(cut, len(whole) - 1)], 2) == b""
    assert _next_frame(b"xxAMQP\0\0\x09\x01", 2) == b"AMQP\0\0\x09\x01"


# -- publishing -----------------------------------------------------------------------------------


def encoder(user_id, body_max=100):
    """An encoder for channel 5 and the exchange `X`."""

    def method(key):
        publish = spec.Basic.Publish(exchange="X", routing_key=key, mandatory=True)
        return pika_frame.Method(5, publish).marshal()

    return Encoder(
        5, method, body_max=body_max, content_type="application/xml", app_id="gw", user_id=user_id
    )


def as_pika_writes(event, user_id, timestamp):
    """The frames pika would send."""
    found = pika.BasicProperties(
        content_type="application/xml",
        delivery_mode=2,
        message_id=event.id,
        type=event.type,
        timestamp=timestamp,
        app_id="gw",
        user_id=user_id,
        headers=dict(event.headers),
    )
    publish = spec.Basic.Publish(exchange="X", routing_key=event.key, mandatory=True)
    frames = (
        pika_frame.Method(5, publish),
        pika_frame.Header(5, len(event.body), found),
        pika_frame.Body(5, event.body),
    )
    return b"".join(each.marshal() for each in frames)


plain = st.text(st.characters(codec="utf-8"), max_size=60)


@given(
    st.builds(
        message,
        st.just(1),
        id=plain,
        key=plain,
        type=plain,
        body=st.binary(min_size=1, max_size=100),
        headers=st.dictionaries(plain, plain, max_size=5),
    ),
    st.sampled_from([None, "ACME"]),
    st.integers(0, 2**33),
)
def test_a_message_is_written_as_pika_writes_it(event, user_id, timestamp):
    """Byte for byte, the first time and the next."""
    ours, expected = encoder(user_id), as_pika_writes(event, user_id, timestamp)

    assert ours.encode(event, timestamp) == expected
    assert ours.encode(event, timestamp) == expected


@pytest.mark.parametrize(
    "odd",
    [
        message(1, body=b""),
        message(1, body=b"x" * 101),
        message(1, id="x" * 256),
        message(1, key="x" * 256),
        message(1, type="\ud800"),
        message(1, headers={"x" * 256: "a"}),
        message(1, headers={"n": 7}),
    ],
)
def test_what_is_not_plain_is_left_to_pika(odd):
    """It writes it, or says why not."""
    assert encoder(None).encode(odd, 0) is None
