"""A Celery task per message: late acks, quorum queue, solo pool (one process is one worker).

Celery reads its own kind of message only, so the harness wraps each document as the argument of a
task message (`task_message`).
"""

import json
import logging
from uuid import uuid4

from celery import Celery, signals
from kombu import Exchange, Queue
from kombu.pools import producers

from benchmarks.peers import common
from benchmarks.peers.blocking import Job

TASK = "invoice"
EXCHANGES = {
    name: Exchange(name, "topic", durable=True, no_declare=True)
    for name in (common.EVENTS, common.REJECTED)
}


def task_message(body: bytes) -> tuple[dict[str, object], str, bytes]:
    """Return headers, correlation id and body of the task message (protocol 2) for a document."""
    number = str(uuid4())
    unused = ("parent_id", "group")
    headers = {"lang": "py", "task": TASK, "id": number, "root_id": number, "origin": "benchmark"}
    embedded = dict.fromkeys(("callbacks", "errbacks", "chain", "chord"))
    text = body.decode(errors="replace")
    shown = {"argsrepr": "()", "kwargsrepr": "{}"}
    return (
        {**headers, **dict.fromkeys(unused), **shown},
        number,
        json.dumps([[text], {}, embedded]).encode(),
    )


def application(job: Job) -> Celery:
    """Return the application whose task does the job."""
    app = Celery("benchmark", broker=common.amqp_url())
    app.conf.update(
        task_queues=[Queue(common.IN_QUEUE, queue_arguments={"x-queue-type": "quorum"})],
        task_default_queue=common.IN_QUEUE,
        task_default_queue_type="quorum",
        worker_detect_quorum_queues=True,
        task_ignore_result=True,
        task_acks_late=True,
        worker_prefetch_multiplier=common.PREFETCH,
        worker_concurrency=1,
        broker_transport_options={"confirm_publish": True},
        broker_connection_retry_on_startup=True,
        worker_send_task_events=False,
        worker_enable_remote_control=False,
        worker_hijack_root_logger=False,
        accept_content=["json"],
    )

    def publish(exchange: str, key: str, body: bytes) -> None:
        with producers[app.connection_for_write()].acquire(block=True) as producer:
            producer.publish(
                body,
                exchange=EXCHANGES[exchange],
                routing_key=key,
                delivery_mode=2,
                content_type="application/xml",
                content_encoding="binary",
                mandatory=True,
            )

    @app.task(name=TASK, acks_late=True)
    def handle(text: str) -> None:
        job.do(text.encode(), publish)

    return app


def main() -> None:
    """Consume until told to stop."""
    logging.disable(logging.WARNING)
    job = Job()
    signals.worker_shutdown.connect(lambda **_: job.sweep(), weak=False)
    flags = ["--without-gossip", "--without-mingle", "--without-heartbeat", "-l", "ERROR"]
    application(job).worker_main(["worker", "-P", "solo", *flags, "-Q", common.IN_QUEUE])


if __name__ == "__main__":
    main()
