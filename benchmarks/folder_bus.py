"""The embedded defaults under load: SQLite and the folder bus, one process."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks.generator import ERP, Message, accounts
from benchmarks.harness.loads import Load
from benchmarks.harness.places import say
from benchmarks.harness.subjects import PREFIX, introduce
from benchmarks.sections.context import Context
from invoice_gateway.store import upgrade

MESSAGES = 4_000
POLL_S = 0.1
STUCK_S = 120.0


def measure(context: Context) -> None:
    """Run it in rounds and log messages per second."""
    rates = []
    for _ in range(context.most):
        rates.append(_once(context.load(MESSAGES)))
        say(f"  SQLite and folder bus {rates[-1]:,.0f} msg/s")
    context.log.figure("rates", rates)
    context.log.figure("rate", round(median(rates), 1))


def _once(load: Load) -> float:
    """Return the messages per second of one run; the worker is frozen while files are laid out."""
    before, measured = load.messages()
    with tempfile.TemporaryDirectory(prefix="invoice-gateway-benchmark-") as name:
        folder = Path(name)
        url = f"sqlite:///{folder / 'gateway.db'}"
        upgrade(url)
        introduce(url, 0)
        worker = _start(folder, url)
        try:
            first = [*accounts(load.accounts), *before]
            _lay(folder, 0, first)
            _until_written(folder, len(before), worker)
            worker.send_signal(signal.SIGSTOP)
            _lay(folder, len(first), measured)
            begun = time.monotonic()
            worker.send_signal(signal.SIGCONT)
            ended = _until_written(folder, len(before) + len(measured), worker)
        finally:
            worker.send_signal(signal.SIGCONT)
            worker.send_signal(signal.SIGTERM)
            worker.wait(60)
        if left := list((folder / "spool" / "inbox").rglob("*.xml")):
            raise RuntimeError(f"{len(left)} messages were left in the inbox")
        return round(len(measured) / (ended - begun), 1)


def _start(folder: Path, url: str) -> subprocess.Popen[bytes]:
    plain = {key: value for key, value in os.environ.items() if not key.startswith(PREFIX)}
    chosen = {
        f"{PREFIX}DATABASE_URL": url,
        f"{PREFIX}BUS_URL": f"folder:{folder / 'spool'}",
        f"{PREFIX}LOG_LEVEL": "warning",
    }
    command = [sys.executable, "-m", "invoice_gateway", "run"]
    return subprocess.Popen(command, env={**plain, **chosen}, cwd=folder, stderr=subprocess.DEVNULL)


def _lay(folder: Path, at: int, messages: list[Message]) -> None:
    """Write messages into the inbox of the ERP, named in the order they are to be read."""
    inbox = folder / "spool" / "inbox" / ERP
    inbox.mkdir(parents=True, exist_ok=True)
    for number, message in enumerate(messages, start=at):
        part = inbox / f"{number:08}.part"
        part.write_bytes(message.body)
        part.rename(inbox / f"{number:08}.xml")


def _until_written(folder: Path, events: int, worker: subprocess.Popen[bytes]) -> float:
    """Return when so many events lay in the outbox."""
    outbox, moved, before = folder / "spool" / "outbox", time.monotonic(), -1
    while True:
        written = 0
        if outbox.is_dir():
            written = sum(entry.name.endswith(".xml") for entry in os.scandir(outbox))
        now = time.monotonic()
        if written >= events:
            return now
        if written != before:
            before, moved = written, now
        if worker.poll() is not None or now - moved > STUCK_S:
            raise RuntimeError(f"the worker stopped at {written} of {events} events")
        time.sleep(POLL_S)
