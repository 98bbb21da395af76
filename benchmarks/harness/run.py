"""One run: connected workers are frozen, the queue is filled, they are let go, the clock runs.

The same for every subject. The work has ended when the incoming queue is empty, every message is
settled and every event has arrived in the queue bound to the events.
"""

import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import psycopg

from benchmarks.generator import Message
from benchmarks.harness.bus import Bus, connected
from benchmarks.harness.loads import Load
from benchmarks.harness.meter import Meter, calibrate, resident_mib, wait_quiet
from benchmarks.harness.services import Bench
from benchmarks.harness.subjects import Stage, Subject, Tally, plain_url
from benchmarks.harness.workers import Workers, workers

POLL_S = 0.1
QUIET_S = 0.4
"""How long no event may arrive before the database is asked whether all is settled."""
STUCK_S = 90.0
FROZEN_MAX_S = 15.0
"""A broker gives a frozen worker up after two heartbeats."""


class Unfinished(Exception):
    """A run came to nothing: says how far it got."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one run measured; processor times in µs per message."""

    subject: str
    workers: int
    messages: int
    lines: int
    seconds: float
    cpu_us: dict[str, float]
    memory_mib: float
    foreign: float
    steal: float
    calibration_ms: float
    faults: list[str] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Return messages per second."""
        return self.messages / self.seconds

    @property
    def cpu_total_us(self) -> float:
        """Return the processor time of workers, broker and PostgreSQL together."""
        return sum(self.cpu_us.values())

    def record(self) -> dict[str, object]:
        """Return it as JSON knows it."""
        return {**asdict(self), "rate": round(self.rate, 1), "cpu_total_us": self.cpu_total_us}


@contextmanager
def stage(bench: Bench, database_url: str | None = None) -> Iterator[Stage]:
    """Give a virtual host and a database (a fresh one unless named), and clear up afterwards."""
    amqp_url = bench.new_vhost()
    url = database_url or bench.database.new_database()
    with tempfile.TemporaryDirectory(prefix="invoice-gateway-benchmark-") as folder:
        try:
            yield Stage(bench=bench, amqp_url=amqp_url, database_url=url, logs=Path(folder))
        finally:
            bench.broker.release(amqp_url)
            if database_url is None:
                bench.database.release(url)


def run(bench: Bench, subject: Subject, load: Load, *, database_url: str | None = None) -> Run:
    """Measure `subject` under `load` once.

    Raises:
        Unfinished: it got stuck.
        WorkerDied: a worker ended.
    """
    with stage(bench, database_url) as on, connected(on.amqp_url) as bus:
        first = subject.prepare(on, bus, load.accounts)
        base = subject.tally(on, bus)
        before, measured = load.messages()
        before = [*first, *before]
        with workers(subject, on, bus) as working:
            watch = Watch(on=on, bus=bus, subject=subject, working=working, base=base)
            watch.work_off(before)
            found = watch.measure(measured, load)
        found.faults.extend(faults(on, bus, subject, [*before, *measured], base))
        bus.remove([subject.incoming, *subject.outgoing])
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """A run in progress; `base` is what was recorded before it."""

    on: Stage
    bus: Bus
    subject: Subject
    working: Workers
    base: Tally

    def work_off(self, messages: Sequence[Message]) -> None:
        """Send messages that are not measured and wait until they are settled."""
        self.bus.load(self.subject.wire(each) for each in messages)
        self.until_settled(len(messages))

    def measure(self, messages: Sequence[Message], load: Load) -> Run:
        """Freeze the workers, fill the queue, let them go, and wait for the end."""
        wires = [self.subject.wire(each) for each in messages]
        arrived = self.bus.messages(self.subject.outgoing)
        settled = self.settled
        checkpoint(self.on)
        if self.on.bench.picky:
            wait_quiet()
        calibration = calibrate()
        self.working.freeze()
        frozen = time.monotonic()
        self.bus.load(wires)
        if time.monotonic() - frozen > FROZEN_MAX_S:
            raise Unfinished("loading the queue took too long: measure fewer messages at a time")
        meter = self.meter()
        self.working.release()
        if load.plain:
            ended = self.until_arrived(arrived + len(messages))
        else:
            ended = self.until_settled(settled + len(messages))
        return _run(self.subject, load, meter.stop(ended), self.working, calibration)

    def meter(self) -> Meter:
        """Return a meter of the three groups of processes, running."""
        return Meter(
            {
                "workers": self.working.processes,
                "postgresql": self.on.bench.database_processes(),
                "broker": self.on.bench.broker_processes(),
            }
        )

    @property
    def settled(self) -> int:
        """Return how many messages of this run are recorded."""
        tally = self.subject.tally(self.on, self.bus)
        return tally.settled - self.base.settled

    def until_arrived(self, events: int) -> float:
        """Return when the last of `events` arrived, once the incoming queue is empty, too."""
        for arrived, moved in self._moves():
            if arrived >= events and self.waiting == 0:
                return moved
        raise AssertionError("the moves never end")

    def until_settled(self, messages: int) -> float:
        """Return when the last event arrived, once so many messages and all events are there."""
        asked = time.monotonic()
        for arrived, moved in self._moves():
            now = time.monotonic()
            if min(now - moved, now - asked) > QUIET_S and self.waiting == 0:
                tally = self.subject.tally(self.on, self.bus)
                asked = time.monotonic()
                told = tally.events - self.base.events
                if tally.settled - self.base.settled >= messages and arrived >= told:
                    return moved
        raise AssertionError("the moves never end")

    @property
    def waiting(self) -> int:
        """Return how many messages have not been handed out yet."""
        return self.bus.messages([self.subject.incoming])

    def _moves(self) -> Iterator[tuple[int, float]]:
        """Yield (events arrived, when the last of them did) ten times a second.

        Raises:
            Unfinished: nothing moved for a long time.
            WorkerDied: a worker ended.
        """
        before, moved = -1, time.monotonic()
        while True:
            arrived = self.bus.messages(self.subject.outgoing)
            if arrived != before:
                before, moved = arrived, time.monotonic()
            if time.monotonic() - moved > STUCK_S:
                raise Unfinished(f"{self.subject.name}: {self.waiting} waiting, {arrived} events")
            yield arrived, moved
            self.working.check()
            time.sleep(POLL_S)


def faults(
    on: Stage, bus: Bus, subject: Subject, sent: Sequence[Message], base: Tally
) -> list[str]:
    """Return in words what is not as it should be after a run; nothing is as it should be."""
    tally = subject.tally(on, bus)
    posted = [each for each in sent if each.type == "InvoicePosted" and each.valid]
    lines = sum(each.body.count(b"<LineNo>") for each in posted)
    refused = sum(not each.valid for each in sent)
    wanted = {
        "messages accepted": (tally.accepted - base.accepted, len(sent) - refused),
        "messages rejected": (tally.rejected - base.rejected, refused),
        "invoices": (tally.invoices - base.invoices, len(posted)),
        "lines": (tally.lines - base.lines, lines),
        "events in the queue": (bus.messages(subject.outgoing), tally.events - base.events),
        "messages left": (bus.messages([subject.incoming]), 0),
        "rows in the outbox": (tally.outbox, 0),
    }
    return [f"{what}: {is_} instead of {due}" for what, (is_, due) in wanted.items() if is_ != due]


def checkpoint(on: Stage) -> None:
    """Let every run begin with a database that has nothing left to write."""
    with psycopg.connect(plain_url(on.database_url), autocommit=True) as connection:
        connection.execute("CHECKPOINT")


def _run(
    subject: Subject,
    load: Load,
    spent: dict[str, float],
    working: Workers,
    calibration: float,
) -> Run:
    return Run(
        subject=subject.name,
        workers=subject.workers,
        messages=load.count,
        lines=load.lines,
        seconds=round(spent["seconds"], 3),
        cpu_us={
            name: round(spent[name] / load.count * 1e6, 1)
            for name in ("workers", "postgresql", "broker")
        },
        memory_mib=round(resident_mib(working.processes), 1),
        foreign=round(spent["foreign"], 3),
        steal=round(spent["steal"], 3),
        calibration_ms=calibration,
    )
