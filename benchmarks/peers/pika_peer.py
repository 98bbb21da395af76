"""Plain pika: a BlockingConnection, one transaction, one confirm and one ack per message."""

import signal

import pika

from benchmarks.peers import common
from benchmarks.peers.blocking import Job

PROPERTIES = pika.BasicProperties(delivery_mode=2, content_type="application/xml")


def main() -> None:
    """Consume until told to stop."""
    job = Job()
    connection = pika.BlockingConnection(pika.URLParameters(common.amqp_url()))
    channel = connection.channel()
    channel.basic_qos(prefetch_count=common.PREFETCH)
    channel.confirm_delivery()

    def publish(exchange: str, key: str, body: bytes) -> None:
        channel.basic_publish(exchange, key, body, PROPERTIES, mandatory=True)

    def handle(_: object, method: pika.spec.Basic.Deliver, __: object, body: bytes) -> None:
        job.do(body, publish)
        channel.basic_ack(method.delivery_tag)

    def stop(*_: object) -> None:
        connection.add_callback_threadsafe(channel.stop_consuming)

    signal.signal(signal.SIGTERM, stop)
    channel.basic_consume(common.IN_QUEUE, handle)
    channel.start_consuming()
    job.sweep()
    connection.close()


if __name__ == "__main__":
    main()
