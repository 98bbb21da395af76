"""Messages per second end to end: `make bench`, or `python -m benchmarks --help`.

Invoices are preloaded into the incoming queue; then workers take them through the whole way (every
rule, event and check on) until each has its record and every event is confirmed.
"""

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psutil
from prometheus_client.parser import text_string_to_metric_families
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from benchmarks import generator
from invoice_gateway.app import App, assemble
from invoice_gateway.bus import rabbit
from invoice_gateway.engine.ports import Outgoing
from invoice_gateway.model.decision import Actor, Role
from invoice_gateway.settings import load
from invoice_gateway.store import upgrade, views
from tests.services import Services

CHUNK = 1_000
POLL_S = 0.2
PATIENCE_S = 120.0
"""Without any progress for so long, the run is given up."""
STAGES = ("understand", "load", "decide", "save")


@dataclass(slots=True)
class Run:
    """What one run measured; memory in MiB by seconds since its start."""

    messages: int
    seconds: float = 0.0
    stages: dict[str, float] = field(default_factory=dict)
    memory: list[tuple[float, float]] = field(default_factory=list)
    cpu: dict[str, float] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        """Return messages per second."""
        return self.messages / self.seconds


def main() -> int:
    """Run the benchmark; return 0."""
    chosen = _arguments()
    console = Console(stderr=True)
    services = Services()
    services.begin(["rabbitmq", "postgresql"])
    try:
        broker, database = services.rabbitmq(), services.postgresql()
        amqp_url = broker.new_vhost()
        app = assemble(load(database_url=database.new_database(), bus_url=amqp_url))
        sender = amqp_url.partition("//")[2].partition(":")[0]
        _prepare(app, sender)
        _preload(app, sender, chosen, console)
        run = _measure(app, chosen, console)
    finally:
        services.close()
    _report(run, chosen)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--lines", type=int, default=10, help="lines per invoice")
    parser.add_argument("--accounts", type=int, default=1_000, help="customers")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--batch-size", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def _prepare(app: App, sender: str) -> None:
    upgrade(app.settings.database_url)
    rabbit.declare(app.settings.bus_url, app.topology)
    with app.store() as store, store.session(read_only=False) as session:
        views.put_sender(session, Actor(sender=sender, party="ENTERPRISE", role=Role.ERP))
        session.commit()


def _preload(app: App, sender: str, chosen: argparse.Namespace, console: Console) -> None:
    bodies = [generator.account(f"C{at:05}", sender) for at in range(chosen.accounts)]
    invoices = generator.invoices(
        chosen.messages,
        lines=chosen.lines,
        accounts=chosen.accounts,
        sender=sender,
        seed=chosen.seed,
    )
    publisher = app.sender(sender)
    publisher.wait_connected(10.0)
    with Progress(console=console) as progress:
        task = progress.add_task("preloading", total=chosen.messages + chosen.accounts)
        for kind, source in (("CustomerAccount", iter(bodies)), ("InvoicePosted", invoices)):
            for chunk in _chunks(source):
                publisher.submit(
                    [
                        Outgoing(id=message_id, key=kind, type=kind, body=body, headers={})
                        for message_id, body in chunk
                    ]
                )
                if not publisher.wait(60.0):
                    raise SystemExit("benchmarks: the broker did not confirm the preload")
                refused = [each.error for each in publisher.settled() if each.error]
                if refused:
                    raise SystemExit(f"benchmarks: the broker refused the preload: {refused[0]}")
                progress.advance(task, len(chunk))
    publisher.close()


def _chunks(source: Iterator[tuple[str, bytes]]) -> Iterator[list[tuple[str, bytes]]]:
    chunk: list[tuple[str, bytes]] = []
    for each in source:
        chunk.append(each)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _measure(app: App, chosen: argparse.Namespace, console: Console) -> Run:
    total = chosen.messages + chosen.accounts
    run = Run(messages=0)
    with _workers(app, chosen) as workers, Progress(console=console) as progress:
        task = progress.add_task("working", total=total)
        begun = first = 0.0
        counted = before = 0
        moved = time.monotonic()
        while counted < total:
            time.sleep(POLL_S)
            counted = sum(_done(port) for _, port in workers)
            now = time.monotonic()
            if counted != before:
                moved = now
            elif now - moved > PATIENCE_S:
                raise SystemExit(f"benchmarks: stuck at {counted} of {total}")
            if counted and not begun:
                begun, first = now, counted
            before = counted
            resident = sum(worker.memory_info().rss for worker, _ in workers) / 2**20
            run.memory.append((now, resident / len(workers)))
            progress.update(task, completed=counted)
        run.seconds = time.monotonic() - begun
        run.messages = total - int(first)
        run.memory = [(at - begun, size) for at, size in run.memory]
        run.stages = _stages([port for _, port in workers])
        run.cpu = {"workers": sum(_cpu(worker) for worker, _ in workers)}
        _await_outbox(app)
    return run


@contextmanager
def _workers(app: App, chosen: argparse.Namespace) -> Iterator[list[tuple[psutil.Process, int]]]:
    started = []
    for _ in range(chosen.workers):
        port = _free_port()
        environment = {
            **os.environ,
            "INVOICE_GATEWAY_DATABASE_URL": app.settings.database_url,
            "INVOICE_GATEWAY_BUS_URL": app.settings.bus_url,
            "INVOICE_GATEWAY_BATCH_SIZE": str(chosen.batch_size),
            "INVOICE_GATEWAY_METRICS_PORT": str(port),
            "INVOICE_GATEWAY_LOG_LEVEL": "warning",
        }
        command = [sys.executable, "-m", "invoice_gateway", "worker"]
        started.append((subprocess.Popen(command, env=environment), port))
    try:
        yield [(psutil.Process(process.pid), port) for process, port in started]
    finally:
        for process, _ in started:
            process.send_signal(signal.SIGTERM)
        for process, _ in started:
            process.wait(30)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _samples(port: int) -> Iterator[tuple[str, dict[str, str], float]]:
    """Yield (name, labels, value) of a worker's metrics; nothing while it is starting."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as reply:
            text = reply.read().decode()
    except OSError:
        return
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            yield sample.name, sample.labels, sample.value


def _done(port: int) -> int:
    name = "invoice_gateway_messages_total"
    return int(sum(value for found, _, value in _samples(port) if found == name))


def _stages(ports: list[int]) -> dict[str, float]:
    found: dict[str, float] = {}
    for port in ports:
        for name, labels, value in _samples(port):
            if name == "invoice_gateway_stage_seconds_total":
                found[labels["stage"]] = found.get(labels["stage"], 0.0) + value
    return found


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _await_outbox(app: App) -> None:
    """Wait until every event is confirmed; a run that leaves events behind does not count."""
    with app.store() as store:
        for _ in range(300):
            if store.counts().outbox == 0:
                return
            time.sleep(POLL_S)
        raise SystemExit(f"benchmarks: {store.counts().outbox} events were never confirmed")


def _report(run: Run, chosen: argparse.Namespace) -> None:
    spent = sum(run.stages.values()) or 1.0
    table = Table(title=f"{chosen.lines}-line invoices, {chosen.workers} worker(s)")
    for column in ("what", "value"):
        table.add_column(column, justify="right" if column == "value" else "left")
    table.add_row("messages/s end to end", f"{run.rate:,.0f}")
    table.add_row(
        "CPU of the workers per message", f"{run.cpu['workers'] / run.messages * 1e6:,.0f} µs"
    )
    for stage in sorted(run.stages, key=lambda name: -run.stages[name]):
        seconds = run.stages[stage]
        share = f"{seconds / run.messages * 1e6:,.0f} µs, {seconds / spent:.0%}"
        table.add_row(f"stage {stage}, per message", share)
    sizes = [size for at, size in run.memory if at >= 0]
    table.add_row("worker memory, first / most", f"{sizes[0]:.0f} / {max(sizes):.0f} MiB")
    Console().print(table)
    print(
        json.dumps(
            {
                "messages_per_s": round(run.rate, 1),
                "workers": chosen.workers,
                "lines": chosen.lines,
                "stages_us": {
                    name: round(seconds / run.messages * 1e6, 1)
                    for name, seconds in run.stages.items()
                },
                "memory_mib": [round(sizes[0], 1), round(max(sizes), 1)],
            }
        )
    )


if __name__ == "__main__":
    sys.exit(main())
