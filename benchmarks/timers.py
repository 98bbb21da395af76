"""What time does: so many invoices are overdue at once, and the scheduler fires them in batches."""

import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg

from benchmarks.harness.places import say
from benchmarks.harness.subjects import Product, Stage, plain_url
from benchmarks.history import History, filled
from benchmarks.sections.context import Context

DUE = 50_000
ACCOUNTS = 500
LATER = "2090-01-01"
"""A day on which everything is overdue."""
OVERDUE = "SELECT count(*) FROM event WHERE name = 'invoice.overdue'"


def measure(context: Context) -> None:
    """Let them all fire, and log how many a second."""
    due = context.count(DUE)
    history = History(open=due, accounts=min(ACCOUNTS, due))
    with filled(context.bench, history) as database_url, TemporaryDirectory() as folder:
        stage = Stage(
            bench=context.bench,
            logs=Path(folder),
            amqp_url=context.bench.new_vhost(),
            database_url=database_url,
        )
        gateway = Product(furnished=True)
        _run(gateway, stage, "topology", "apply")
        begun = time.monotonic()
        _run(gateway, stage, "scheduler", "--as-of", LATER)
        took = time.monotonic() - begun
        with psycopg.connect(plain_url(database_url)) as connection:
            [fired] = connection.execute(OVERDUE).fetchone()
    wanted = max(due // history.accounts, 1) * history.accounts
    if fired != wanted:
        raise RuntimeError(f"{fired} of {wanted} timers have fired")
    say(f"  {fired:,} timers in {took:.1f} s, {fired / took:,.0f} a second")
    context.log.figure("fired", fired)
    context.log.figure("seconds", round(took, 1))
    context.log.figure("rate", round(fired / took, 1))


def _run(gateway: Product, stage: Stage, *verb: str) -> None:
    command = [sys.executable, "-m", "invoice_gateway", *verb]
    subprocess.run(
        command,
        env=gateway.environment(stage),
        cwd=gateway.tree,
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
