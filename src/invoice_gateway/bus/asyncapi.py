"""The AsyncAPI 3 description of what the gateway takes and says, made from what it is made of.

Messages come from the handlers, events from their classes, exchanges and queues from the topology.
`python -m invoice_gateway.bus.asyncapi` prints it as it stands in `docs/asyncapi.yaml`.
"""

import sys
from collections.abc import Iterator, Mapping
from typing import Any

from invoice_gateway.bus._yaml import dump
from invoice_gateway.bus.topology import Topology, describe, topology
from invoice_gateway.engine.discover import bundled, discover
from invoice_gateway.handler import Handler
from invoice_gateway.model.decision import Reach
from invoice_gateway.model.event import Event
from invoice_gateway.model.events import EVENTS
from invoice_gateway.xml.render import HEADER_BYTES_MAX, NAMESPACE, schema_path

Json = dict[str, Any]

_BINDING = "0.3.0"
_REACH = {
    Reach.ANY: "for any account",
    Reach.BENEATH: "for its own account and those beneath it",
    Reach.OWN: "for its own account",
}
_INTRODUCTION = (
    "Invoice Gateway takes invoices, memos, payments, allocations and disputes as XML messages, and"
    " says what followed from them as events. A message counts once: its sender and message id are"
    " its identity. Every message ends as accepted, duplicate, parked or rejected; rejected and"
    " parked messages are always answered by an event."
)
_SENDING = (
    "Publish with the type of the message (the name of its root element) as routing key and as the"
    " AMQP property `type`, its MessageId as `message_id`, and the connection's user as `user_id`:"
    " the broker vouches for it and it must be the Sender of the document. Use persistent delivery,"
    " publisher confirms and `mandatory`."
)
_RECEIVING = (
    "Events are published persistent, with confirms and `mandatory`, at least once: receivers"
    " deduplicate on the AMQP property `message_id` (the EventId). Events about one thing are"
    " numbered without gaps (AggregateVersion). Bind a queue of your own to the exchange with the"
    " routing keys you want."
)


def document(handlers: Mapping[str, Handler[Any]], wanted: Topology) -> Json:
    """Return the description of a deployment with these handlers and this topology.

    Payload schemas are XSDs, which AsyncAPI wants inline: each includes its file in `schemas`, with
    a path relative to `docs`. Equal arguments give equal documents, in the same order.
    """
    return {
        "asyncapi": "3.0.0",
        "id": NAMESPACE,
        "info": {
            "title": "Invoice Gateway",
            "version": "1",
            "description": f"{_INTRODUCTION}\n\n{_RECEIVING}",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/xml",
        "servers": _servers(),
        "channels": {"in": _incoming(handlers, wanted)} | dict(_event_channels(wanted)),
        "operations": {"receive": _receive(handlers)} | dict(_sends()),
        "components": {
            "messages": dict(_messages(handlers)) | dict(_event_messages()),
            "schemas": {"messageHeaders": _message_headers(), "eventHeaders": _event_headers()},
            "securitySchemes": {"user": {"type": "userPassword"}},
        },
        "x-topology": [
            {
                "kind": row.kind,
                "name": row.name,
                "type": row.type,
                "arguments": dict(row.arguments),
                "boundTo": list(row.bound_to),
            }
            for row in describe(wanted)
        ],
    }


# -- the way in ------------------------------------------------------------------------------------


def _incoming(handlers: Mapping[str, Handler[Any]], wanted: Topology) -> Json:
    return {
        "address": "{type}",
        "title": "Messages to the gateway",
        "description": _SENDING,
        "parameters": {
            "type": {"description": "The root element of the message.", "enum": sorted(handlers)}
        },
        "messages": {name: _ref("components/messages", name) for name in sorted(handlers)},
        "bindings": _exchange(wanted.incoming),
    }


def _receive(handlers: Mapping[str, Handler[Any]]) -> Json:
    return {
        "action": "receive",
        "channel": _ref("channels", "in"),
        "title": "Take messages",
        "messages": [_ref("channels/in/messages", name) for name in sorted(handlers)],
        "bindings": {"amqp": {"ack": True, "bindingVersion": _BINDING}},
    }


def _messages(handlers: Mapping[str, Handler[Any]]) -> Iterator[tuple[str, Json]]:
    for name, handler in sorted(handlers.items()):
        rights = [f"{role} {_REACH[reach]}" for role, reach in handler.rights.items()]
        yield (
            name,
            _message(name, _summary(handler), handler.schema)
            | {
                "description": f"May be sent by: {', '.join(rights)}.",
                "headers": _ref("components/schemas", "messageHeaders"),
            },
        )


def _summary(handler: Handler[Any]) -> str:
    """Return the first sentence of the handler's module, without the name of the message."""
    words = " ".join((sys.modules[handler.read.__module__].__doc__ or "").split("\n\n")[0].split())
    said = words.removeprefix(f"{handler.message}: ")
    return said[:1].upper() + said[1:]


# -- the way out -----------------------------------------------------------------------------------


def _event_channels(wanted: Topology) -> Iterator[tuple[str, Json]]:
    for event in EVENTS:
        yield (
            event.name,
            {
                "address": event.name,
                "summary": _sentence(event),
                "messages": {event.__name__: _ref("components/messages", event.name)},
                "bindings": _exchange(wanted.events),
            },
        )


def _sends() -> Iterator[tuple[str, Json]]:
    amqp = {"deliveryMode": 2, "mandatory": True, "timestamp": True, "bindingVersion": _BINDING}
    for event in EVENTS:
        yield (
            f"send{event.__name__}",
            {
                "action": "send",
                "channel": _ref("channels", event.name),
                "messages": [_ref(f"channels/{event.name}/messages", event.__name__)],
                "bindings": {"amqp": amqp},
            },
        )


def _event_messages() -> Iterator[tuple[str, Json]]:
    for event in EVENTS:
        yield (
            event.name,
            _message(event.__name__, _sentence(event), schema_path(event))
            | {"headers": _ref("components/schemas", "eventHeaders")},
        )


def _sentence(event: type[Event]) -> str:
    return " ".join((event.__doc__ or "").split())


# -- what both ways share --------------------------------------------------------------------------


def _message(name: str, summary: str, schema: str) -> Json:
    include = f'<xs:include schemaLocation="../schemas/{schema}"/>'
    return {
        "name": name,
        "title": name,
        "summary": summary,
        "contentType": "application/xml",
        "payload": {
            "schemaFormat": "application/xml",
            "schema": (
                '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"'
                f' targetNamespace="{NAMESPACE}" elementFormDefault="qualified">'
                f"{include}</xs:schema>"
            ),
        },
        "bindings": {"amqp": {"messageType": name, "bindingVersion": _BINDING}},
    }


def _servers() -> Json:
    security = [_ref("components/securitySchemes", "user")]
    address = {"host": "{broker}", "protocolVersion": "0-9-1", "security": security}
    broker = {"description": "Host and port of RabbitMQ 3.10 or newer."}
    return {
        "development": {
            **address,
            "protocol": "amqp",
            "variables": {"broker": {**broker, "default": "localhost:5672"}},
        },
        "production": {
            **address,
            "protocol": "amqps",
            "variables": {"broker": {**broker, "default": "localhost:5671"}},
        },
    }


def _exchange(name: str) -> Json:
    exchange = {"name": name, "type": "topic", "durable": True, "autoDelete": False}
    return {"amqp": {"is": "routingKey", "exchange": exchange, "bindingVersion": _BINDING}}


def _message_headers() -> Json:
    return {
        "type": "object",
        "description": "Headers that begin with `x-` are ignored.",
        "properties": {
            "account": {
                "type": "string",
                "description": "The billed party; it chooses the partition, where there are any.",
            },
            **_trace(),
        },
    }


def _event_headers() -> Json:
    """Return the JSON schema of the CloudEvents attributes, as its AMQP binding names them."""
    texts: Json = {
        "specversion": {"const": "1.0"},
        "id": {"description": "The EventId."},
        "source": {"format": "uri-reference", "description": "The deployment that says so."},
        "type": {"enum": [event.name for event in EVENTS]},
        "subject": {
            "maxLength": HEADER_BYTES_MAX,
            "description": "The AggregateId, percent-encoded; a long one ends in its hash.",
        },
        "time": {"format": "date-time", "description": "OccurredAt."},
        "dataschema": {"format": "uri", "description": f"{NAMESPACE}: and the path of the XSD."},
    }
    attributes = {f"cloudEvents_{name}": {"type": "string", **of} for name, of in texts.items()}
    return {
        "type": "object",
        "description": "CloudEvents 1.0, binary content mode.",
        "required": list(attributes),
        "properties": attributes | _trace(),
    }


def _trace() -> Json:
    meaning = "W3C Trace Context; passed on from a message to its events."
    return {
        name: {"type": "string", "description": meaning} for name in ("traceparent", "tracestate")
    }


def _ref(place: str, name: str) -> Json:
    return {"$ref": f"#/{place}/{name}"}


if __name__ == "__main__":
    sys.stdout.write(dump(document(discover([bundled("handlers")]), topology())))
