"""kombu (py-amqp): a ConsumerMixin, one transaction and one confirmed publish per message."""

import signal
from typing import Any

from kombu import Connection, Exchange, Message, Producer, Queue
from kombu.mixins import ConsumerMixin

from benchmarks.peers import common
from benchmarks.peers.blocking import Job


class Peer(ConsumerMixin):
    """Consumes on one connection and publishes on another."""

    def __init__(self, connection: Connection) -> None:
        """Connect."""
        self.connection = connection
        self.job = Job()
        publishing = connection.clone(transport_options={"confirm_publish": True})
        self._producer = Producer(publishing.channel(), auto_declare=False)
        self._exchanges = {
            name: Exchange(name, "topic", durable=True) for name in (common.EVENTS, common.REJECTED)
        }
        self._queue = Queue(common.IN_QUEUE, no_declare=True)

    def get_consumers(self, consumer: Any, channel: Any) -> list[Any]:  # noqa: ANN401, ARG002
        """Return the consumer of the queue."""
        return [
            consumer(
                [self._queue],
                on_message=self._handle,
                prefetch_count=common.PREFETCH,
                accept=None,
            )
        ]

    def _handle(self, message: Message) -> None:
        body = message.body
        self.job.do(body.encode() if isinstance(body, str) else bytes(body), self._publish)
        message.ack()

    def _publish(self, exchange: str, key: str, body: bytes) -> None:
        self._producer.publish(
            body,
            exchange=self._exchanges[exchange],
            routing_key=key,
            delivery_mode=2,
            content_type="application/xml",
            content_encoding="binary",
            mandatory=True,
        )


def main() -> None:
    """Consume until told to stop."""
    peer = Peer(Connection(common.amqp_url()))
    signal.signal(signal.SIGTERM, lambda *_: setattr(peer, "should_stop", True))
    peer.run()
    peer.job.sweep()


if __name__ == "__main__":
    main()
