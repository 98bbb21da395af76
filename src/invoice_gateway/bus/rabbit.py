"""The RabbitMQ bus: receive, publish, declare the topology, and ask whether the broker is there."""

from collections.abc import Iterator
from contextlib import contextmanager

import pika  # type: ignore[import-untyped]
from pika import exceptions
from pika.adapters.utils.connection_workflow import AMQPConnectorException  # type: ignore[import-untyped]

from invoice_gateway.bus import topology as topologies
from invoice_gateway.bus._address import cause, parameters, place
from invoice_gateway.bus._pika import Pika
from invoice_gateway.bus._publisher import RabbitPublisher
from invoice_gateway.bus._receiver import RabbitReceiver
from invoice_gateway.engine.ports import BusUnavailable

__all__ = ["RabbitPublisher", "RabbitReceiver", "check", "declare"]


def check(url: str, timeout_s: float = 5.0) -> None:
    """Return when the broker can be reached and lets us in; waits at most about `timeout_s`.

    Raises:
        BusUnavailable: one line with host, port, cause and what to do; never the password.
    """
    with _channel(url, timeout_s):
        pass


def declare(url: str, wanted: topologies.Topology, timeout_s: float = 5.0) -> list[str]:
    """Declare `wanted` on the broker and return what was declared, in order; may be repeated.

    Raises:
        BusUnavailable: the broker cannot be reached.
        TopologyConflict: it refuses, e.g. because an object exists with other properties.
    """
    with _channel(url, timeout_s) as channel:
        return topologies.apply(channel, wanted)


@contextmanager
def _channel(url: str, timeout_s: float) -> Iterator[Pika]:
    found = parameters(url, "check")
    found.socket_timeout = found.stack_timeout = found.blocked_connection_timeout = timeout_s
    try:
        connection = pika.BlockingConnection(found)
    except (exceptions.AMQPError, AMQPConnectorException, OSError) as error:
        raise BusUnavailable(
            f"cannot use RabbitMQ at {place(found)}: {cause(error)};"
            " check that it runs and that address, user, password and vhost are right"
        ) from None
    try:
        yield connection.channel()
    finally:
        if connection.is_open:
            connection.close()
