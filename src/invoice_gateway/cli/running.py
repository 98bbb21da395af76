"""Verbs that stay: `run`, `worker`, `relay`, `scheduler`; the first SIGTERM or SIGINT ends them."""

import gc
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from threading import Event, Thread
from typing import Annotated

import structlog
import typer

from invoice_gateway.app import App, now
from invoice_gateway.bus import rabbit
from invoice_gateway.cli import _out as out
from invoice_gateway.cli._core import on_one_core
from invoice_gateway.cli._invocation import (
    UsageFault,
    check_bus,
    check_database,
    invocation,
    opened,
)
from invoice_gateway.engine.life import resend
from invoice_gateway.engine.relay import Relay
from invoice_gateway.engine.scheduler import Scheduler
from invoice_gateway.model.collection import midnight
from invoice_gateway.store import SqlStore

log = structlog.get_logger()

SIGNALS = frozenset({signal.SIGTERM, signal.SIGINT})

FIRST_DELIVERY_S = 1.0
"""How long a broker has for a first message before `--once` takes the queue for empty."""

COLLECT_AFTER = 100_000
"""How many new objects the cycle collector waits for: more than the batches at hand hold."""
SWITCH_S = 0.001
"""How long the worker waits for the interpreter when the database has answered."""

Once = Annotated[bool, typer.Option("--once", help="Stop when nothing more comes.")]
Port = Annotated[
    int | None,
    typer.Option(
        "--metrics-port",
        help="Port for Prometheus metrics. [INVOICE_GATEWAY_METRICS_PORT]",
        show_default=False,
    ),
]


def run(context: typer.Context, *, once: Once = False, metrics_port: Port = None) -> None:
    """Do all in one process: declare the topology, receive, decide, publish, mind the time."""
    app = _ready(context, metrics_port)
    if app.spool is None:
        rabbit.declare(app.settings.bus_url, app.topology)
    _work(app, once=once, minding_time=True)


def worker(context: typer.Context, *, once: Once = False, metrics_port: Port = None) -> None:
    """Receive, decide, publish; the topology is there already."""
    _work(_ready(context, metrics_port), once=once)


def relay(context: typer.Context, *, once: Once = False) -> None:
    """Publish what is left in the outbox, and nothing else."""
    app = _ready(context, None)
    with opened(app) as store, stopping() as stop:
        publisher = app.publisher()
        try:
            publisher.wait_connected(app.settings.relay_patience_s)
            patience_s = 0.0 if once else app.settings.relay_patience_s
            sender = Relay(store=store, publisher=publisher, patience_s=patience_s)
            sent = resend(sender, stop, pause_s=app.settings.tick_s, once=once)
        finally:
            publisher.close()
    out.say(f"{sent} event(s) published")


def scheduler(
    context: typer.Context,
    *,
    once: Once = False,
    as_of: Annotated[
        datetime | None,
        typer.Option(
            "--as-of",
            help="Fire what is due at the beginning of this day and before, then stop.",
            formats=["%Y-%m-%d"],
            show_default=False,
        ),
    ] = None,
) -> None:
    """Fire what time brings about: reminders, due dates, cancellations, suspensions."""
    app = _ready(context, None)
    until = None if as_of is None else midnight(as_of.date(), app.settings.timezone)
    if once and until is None:
        until = now()
    with opened(app) as store, stopping() as stop, timed(app, store) as timer:
        fired = timer.run(stop, pause_s=app.settings.tick_s, until=until)
    out.say(f"{fired} timer(s) fired")


@contextmanager
def timed(app: App, store: SqlStore) -> Iterator[Scheduler]:
    """Give a scheduler with a publisher of its own."""
    publisher = app.publisher()
    try:
        publisher.wait_connected(app.settings.relay_patience_s)
        yield app.scheduler(store, publisher)
    finally:
        publisher.close()


@contextmanager
def stopping() -> Iterator[Event]:
    """Give an event that the first SIGTERM or SIGINT sets; the second ends the process at once.

    A thread of its own waits for the signals: a handler would run in the middle of anything.
    """
    stop, over = Event(), Event()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    listener = Thread(target=_listen, args=(stop, over), name="signals", daemon=True)
    listener.start()
    try:
        yield stop
    finally:
        over.set()
        assert listener.ident is not None
        with suppress(ProcessLookupError):  # a late signal may have ended it already
            signal.pthread_kill(listener.ident, signal.SIGTERM)
        listener.join()
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _listen(stop: Event, over: Event) -> None:
    while True:
        number = signal.sigwait(SIGNALS)
        if over.is_set():
            return
        if stop.is_set():
            os._exit(128 + number)
        log.info("process.stopping", signal=signal.Signals(number).name)
        stop.set()


def _ready(context: typer.Context, metrics_port: int | None) -> App:
    """Return the application after making sure that it can start."""
    called = invocation(context)
    called.quiet = False
    app = called.app(metrics_port=metrics_port)
    app.schemas.compile_all()
    check_database(app.settings)
    check_bus(app)
    return app


def _work(app: App, *, once: bool, minding_time: bool = False) -> None:
    spare_batches()
    with stopping() as stop, on_one_core(wanted=app.settings.one_core), switching(SWITCH_S):
        _serve_metrics(app)
        with app.worker() as working:
            if once and app.spool is None:
                working.poll_s = max(working.poll_s, FIRST_DELIVERY_S)
            log.info("worker.started", once=once, messages=len(app.handlers))
            if minding_time:
                working.chores = (app.scheduler(working.pipeline.store, working.publisher).chore,)
            working.run(stop, once=once)
    log.info("worker.stopped")
    for name, count in sorted(app.metrics.outcomes().items()):
        out.say(f"{name}: {count}")


@contextmanager
def switching(interval_s: float) -> Iterator[None]:
    """Let a thread that waits for the interpreter have it after this time, meanwhile."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(interval_s)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def spare_batches() -> None:
    """Keep the cycle collector from going through every batch: nearly nothing there is a cycle.

    What was loaded by now stays; what does lie in a cycle is collected when enough has come.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER, *gc.get_threshold()[1:])


def _serve_metrics(app: App) -> None:
    port = app.settings.metrics_port
    if port is None:
        return
    try:
        log.info("metrics.served", port=app.metrics.serve(port))
    except OSError as error:
        raise UsageFault(
            f"INVOICE_GATEWAY_METRICS_PORT={port} (--metrics-port): {error.strerror}; "
            "name another port, or 0 for any free one"
        ) from None
