"""What the gateway needs on the broker (exchanges, queues, bindings) as data, and its declaration.

    senders -> P.in -------- # --------> P.in          -> the engine
                 |  partitions > 1: P.in -> P.in.partitions (hash of `account`) -> P.in.00 ...
                 +- nothing bound -----> P.unrouted    -> the engine, as a dead letter
    P.in queues -- given up by broker -> P.dead        -> the engine, as a dead letter
    the engine -> P.events --- their # -> receivers' own queues
                 +- nothing bound -----> P.events.unrouted, bounded: nobody listens yet

An incoming message carries its type (the root element's name) as routing key, an event its name.
Queue type, dead-lettering and single active consumer are arguments. Lengths and a lower delivery
limit may be set by policy: where both exist the broker takes the smaller number.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from pika import exceptions  # type: ignore[import-untyped]

from invoice_gateway.bus._pika import Pika
from invoice_gateway.engine.ports import BusUnavailable

# A queue without a dead-letter target must never give up on a message: RabbitMQ 4 drops it after 20
# deliveries unless told otherwise, and -1 ("no limit" there) loses it at once on 3.10.
NEVER = 1_000_000
UNHEARD_EVENTS_MAX = 100_000

_HASH_EXCHANGE = "x-consistent-hash"
_DIFFERS = re.compile(
    r"inequivalent arg '(?P<argument>[^']+)'.*?: "
    r"received (?P<wanted>.+?) but current is (?P<found>.+)$"
)


class TopologyConflict(BusUnavailable):
    """The broker refused a declaration: one line with the object, what differs, what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A durable exchange."""

    name: str
    type: str
    arguments: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """A durable quorum queue."""

    name: str
    arguments: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """What `source` hands on to `target`, an exchange or a queue."""

    source: str
    target: str
    to_exchange: bool = False
    key: str = "#"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A queue the engine consumes; `origin` is what deliveries say: `in`, `dead`, `unrouted`."""

    queue: str
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One declared object, as `topology show` prints it; `bound_to` lists its sources, in order."""

    kind: str
    name: str
    type: str
    arguments: Mapping[str, object]
    bound_to: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Topology:
    """Everything to declare, each tuple in the order of declaration."""

    incoming: str
    events: str
    exchanges: tuple[Exchange, ...]
    queues: tuple[Queue, ...]
    bindings: tuple[Binding, ...]
    sources: tuple[Source, ...]


def topology(
    prefix: str = "invoice-gateway",
    *,
    partitions: int = 1,
    delivery_limit: int = 100,
    max_length: int | None = None,
) -> Topology:
    """Return what the broker must have for these settings; equal settings give equal topologies.

    Args:
        prefix: First part of every name.
        partitions: Queues that share the incoming messages by account; one worker at a time reads
            each when there are several. With several the broker needs the consistent-hash plugin.
        delivery_limit: After how many further deliveries the broker sets a message aside. A guard
            against messages that kill the process; the engine counts real attempts itself. Before
            RabbitMQ 4.3 each hand-back (`pause`) counts as one.
        max_length: How many messages an incoming queue holds before it refuses more, if any.
    """
    assert partitions >= 1, "there is at least one incoming queue"
    assert delivery_limit >= 1, "-1 loses messages on RabbitMQ 3.10"
    incoming, events = f"{prefix}.in", f"{prefix}.events"
    unrouted, dead, unheard = f"{prefix}.unrouted", f"{prefix}.dead", f"{events}.unrouted"
    hashing, split = f"{incoming}.partitions", partitions > 1
    names = [f"{incoming}.{number:02}" for number in range(partitions)] if split else [incoming]
    arguments = _incoming_arguments(dead, delivery_limit, max_length, alone=split)
    return Topology(
        incoming=incoming,
        events=events,
        exchanges=(
            *(Exchange(name=name, type="fanout") for name in (unrouted, dead, unheard)),
            Exchange(name=incoming, type="topic", arguments={"alternate-exchange": unrouted}),
            Exchange(name=events, type="topic", arguments={"alternate-exchange": unheard}),
            *_hash_exchange(hashing, unrouted, wanted=split),
        ),
        queues=(
            Queue(name=unrouted, arguments=_quorum({"x-delivery-limit": NEVER})),
            Queue(name=dead, arguments=_quorum({"x-delivery-limit": NEVER})),
            Queue(name=unheard, arguments=_unheard_arguments()),
            *(Queue(name=name, arguments=arguments) for name in names),
        ),
        bindings=(
            *(Binding(source=name, target=name) for name in (unrouted, dead, unheard)),
            *_incoming_bindings(incoming, hashing, names, split=split),
        ),
        sources=(
            *(Source(queue=name, origin="in") for name in names),
            Source(queue=dead, origin="dead"),
            Source(queue=unrouted, origin="unrouted"),
        ),
    )


def apply(channel: Pika, wanted: Topology) -> list[str]:
    """Declare everything on an open blocking channel and return what was declared, in order.

    Declaring what is already there changes nothing, so this may run at every start.

    Raises:
        TopologyConflict: an object exists with other properties, the user may not declare it, or
            the broker lacks a plugin. What came before it stays declared.
    """
    done: list[str] = []
    for exchange in wanted.exchanges:
        with _declaring(f"exchange {exchange.name}", done):
            channel.exchange_declare(
                exchange.name, exchange.type, durable=True, arguments=dict(exchange.arguments)
            )
    for queue in wanted.queues:
        with _declaring(f"queue {queue.name}", done):
            channel.queue_declare(queue.name, durable=True, arguments=dict(queue.arguments))
    for binding in wanted.bindings:
        with _declaring(f"binding {binding.source} -> {binding.target} ({binding.key})", done):
            if binding.to_exchange:
                channel.exchange_bind(binding.target, binding.source, routing_key=binding.key)
            else:
                channel.queue_bind(binding.target, binding.source, routing_key=binding.key)
    return done


def describe(wanted: Topology) -> list[Row]:
    """Return one row per exchange, then one per queue, in order of declaration."""
    sources: dict[tuple[bool, str], list[str]] = {}
    for each in wanted.bindings:
        bound = sources.setdefault((each.to_exchange, each.target), [])
        bound.append(f"{each.source} ({each.key})")
    exchanges = [
        ("exchange", each.name, each.type, each.arguments, sources.get((True, each.name), []))
        for each in wanted.exchanges
    ]
    queues = [
        ("queue", each.name, "quorum", each.arguments, sources.get((False, each.name), []))
        for each in wanted.queues
    ]
    return [
        Row(kind=kind, name=name, type=kind_of, arguments=arguments, bound_to=tuple(bound))
        for kind, name, kind_of, arguments, bound in (*exchanges, *queues)
    ]


def _quorum(arguments: Mapping[str, object]) -> dict[str, object]:
    return {"x-queue-type": "quorum", **arguments}


def _incoming_arguments(
    dead: str, delivery_limit: int, max_length: int | None, *, alone: bool
) -> dict[str, object]:
    arguments = _quorum(
        {
            "x-delivery-limit": delivery_limit,
            "x-dead-letter-exchange": dead,
            "x-dead-letter-strategy": "at-least-once",  # the default may lose what it moves
            "x-overflow": "reject-publish",  # at-least-once insists on it
        }
    )
    if max_length is not None:
        arguments["x-max-length"] = max_length
    if alone:
        arguments["x-single-active-consumer"] = True
    return arguments


def _unheard_arguments() -> dict[str, object]:
    limits = {"x-max-length": UNHEARD_EVENTS_MAX, "x-overflow": "drop-head"}
    return _quorum({**limits, "x-delivery-limit": NEVER})


def _hash_exchange(name: str, unrouted: str, *, wanted: bool) -> Iterator[Exchange]:
    if wanted:
        # Its own alternate: the one of the exchange before it saw the message routed, to here.
        arguments = {"hash-header": "account", "alternate-exchange": unrouted}
        yield Exchange(name=name, type=_HASH_EXCHANGE, arguments=arguments)


def _incoming_bindings(
    incoming: str, hashing: str, names: list[str], *, split: bool
) -> Iterator[Binding]:
    if not split:
        yield Binding(source=incoming, target=incoming)
        return
    yield Binding(source=incoming, target=hashing, to_exchange=True)
    for name in names:
        yield Binding(source=hashing, target=name, key="1")  # here the key is the queue's weight


@contextmanager
def _declaring(what: str, done: list[str]) -> Iterator[None]:
    """Note one declaration as done, or say in one line why the broker refused it."""
    try:
        yield
    except (exceptions.ChannelClosedByBroker, exceptions.ConnectionClosedByBroker) as error:
        raise TopologyConflict(_refusal(what, error)) from None
    done.append(what)


def _refusal(what: str, error: Pika) -> str:
    text = str(error.reply_text)
    if differs := _DIFFERS.search(text):
        return (
            f"{what} exists with other properties: {differs['argument']} is {differs['found']},"
            f" wanted {differs['wanted']}; adjust the settings to what is there, or delete it on"
            " the broker (drain a queue first, deleting it deletes its messages) and apply again"
        )
    if _HASH_EXCHANGE in text:
        return (
            f"{what} needs a plugin on the broker: run"
            " `rabbitmq-plugins enable rabbitmq_consistent_hash_exchange`, or use partitions = 1"
        )
    if error.reply_code == 403:  # noqa: PLR2004 - AMQP: ACCESS_REFUSED
        return (
            f"{what} may not be declared by this user ({text}); grant it the configure, write and"
            " read permissions on this prefix, or have an administrator apply the topology"
        )
    return f"{what} was refused by the broker: {error.reply_code} {text}"
