"""The processes of a subject: started, frozen, let go, ended."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

from benchmarks.harness.bus import Bus
from benchmarks.harness.subjects import Stage, Subject

START_S = 60.0
END_S = 30.0
GRACE_S = 0.5
"""How long workers have after the last event for what follows it: acks, the outbox."""


class WorkerDied(Exception):
    """A worker did not start or ended before its time; with the tail of its output."""


class Workers:
    """The worker processes of one run."""

    def __init__(self, subject: Subject, stage: Stage) -> None:
        """Start them."""
        self._subject = subject
        self._logs = [stage.logs / f"worker-{at}.log" for at in range(subject.workers)]
        command, environment, folder = subject.command(stage)
        self._started = []
        for log in self._logs:
            with log.open("wb") as out:
                self._started.append(
                    subprocess.Popen(
                        command, env=environment, cwd=folder, stdout=out, stderr=subprocess.STDOUT
                    )
                )
        self.processes = [psutil.Process(each.pid) for each in self._started]

    def wait_consuming(self, bus: Bus) -> None:
        """Return when each of them reads the incoming queue.

        Raises:
            WorkerDied: they do not within a minute.
        """
        deadline = time.monotonic() + START_S
        while bus.depth(self._subject.incoming).consumers < self._subject.workers:
            self.check()
            if time.monotonic() > deadline:
                raise WorkerDied(f"{self._subject.name} does not consume\n{self._tail()}")
            time.sleep(0.05)

    def check(self) -> None:
        """Make sure that all are alive.

        Raises:
            WorkerDied: one is not.
        """
        if any(each.poll() is not None for each in self._started):
            raise WorkerDied(f"{self._subject.name} ended\n{self._tail()}")

    def freeze(self) -> None:
        """Stop them where they are; connections stay open."""
        self._signal(signal.SIGSTOP)

    def release(self) -> None:
        """Let them go on."""
        self._signal(signal.SIGCONT)

    def end(self) -> None:
        """Ask them to end, and see to it."""
        self.release()
        self._signal(signal.SIGTERM)
        for each in self._started:
            try:
                each.wait(END_S)
            except subprocess.TimeoutExpired:
                each.kill()
                each.wait()

    def _signal(self, number: signal.Signals) -> None:
        for each in self._started:
            if each.poll() is None:
                os.kill(each.pid, number)

    def _tail(self) -> str:
        return "\n".join(log.read_text(errors="replace")[-2000:] for log in self._logs)


@contextmanager
def workers(subject: Subject, stage: Stage, bus: Bus) -> Iterator[Workers]:
    """Start the workers of `subject`, wait until they consume, and end them afterwards."""
    running = Workers(subject, stage)
    try:
        running.wait_consuming(bus)
        yield running
        time.sleep(GRACE_S)
    finally:
        running.end()
