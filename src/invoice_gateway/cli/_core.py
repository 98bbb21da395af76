"""Keep a worker on one core: its threads share one interpreter, so they never compute at once.

Spread over cores they would hand objects, and the interpreter, from one core's caches to another's,
which costs a quarter of all that a worker does. A worker moves when its core is taken by others and
another one would give it more. Only where the system tells (Linux); elsewhere nothing happens.
"""

import os
import random
import sys
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread
from typing import NamedTuple

import structlog

log = structlog.get_logger()

REVIEW_S = 2.0
"""How often to look whether another core would be better."""
FULL = 0.9
"""So busy a core may hold somebody up."""
GAIN = 0.1
"""So much more of a core is worth moving for."""
_STAT, _THREADS = Path("/proc/stat"), Path("/proc/self/task")


class Spent(NamedTuple):
    """Seconds since the system or the process started: each core busy, and this process on any."""

    at: float
    busy: Mapping[int, float]
    own: float


@contextmanager
def on_one_core(*, wanted: bool = True) -> Iterator[None]:
    """Stay on one core at a time; afterwards the process may run where it could before.

    Enter it after `stopping`: a thread started earlier would take a SIGTERM and end the process.
    """
    allowed = os.sched_getaffinity(0) if sys.platform == "linux" and _STAT.exists() else set()
    if not wanted or len(allowed) < 2:  # noqa: PLR2004 - there is no choice
        yield
        return
    over = Event()
    # Processes started together have neighbouring numbers, and so different cores.
    _move({sorted(allowed)[os.getpid() % len(allowed)]})
    watch = Thread(target=_watch, args=(allowed, over), name="core", daemon=True)
    watch.start()
    try:
        yield
    finally:
        over.set()
        watch.join()
        _move(allowed)


def better(core: int, allowed: Collection[int], before: Spent, now: Spent) -> int | None:
    """Return a core that would give this process more than `core`, or None; ties by number.

    A core that is not full holds nobody up. On another one it would get what is left there.
    """
    passed = now.at - before.at
    busy = {each: (now.busy[each] - before.busy[each]) / passed for each in allowed}
    own = (now.own - before.own) / passed
    best = min(sorted(allowed), key=lambda each: busy[each])
    return best if busy[core] > FULL and 1 - busy[best] > own + GAIN else None


def _watch(allowed: Collection[int], over: Event) -> None:
    """Move the process when that pays; not always, for others may look at the same moment."""
    before = _spent()
    while not over.wait(REVIEW_S):
        now = _spent()
        [core] = os.sched_getaffinity(0)
        found = better(core, allowed, before, now)
        if found is not None and random.random() < 1 / 2:  # noqa: S311 - not a secret
            log.info("worker.moved", core=found)
            _move({found})
        before = now


def _move(cores: Collection[int]) -> None:
    """Let every thread of this process run on `cores`, and those they start."""
    for thread in _THREADS.iterdir():
        with suppress(ProcessLookupError):  # it has ended
            os.sched_setaffinity(int(thread.name), cores)


def _spent() -> Spent:
    """Return what the system says; idle is also who waits for a disk."""
    tick = os.sysconf("SC_CLK_TCK")
    rows = [row.split() for row in _STAT.read_text(encoding="ascii").splitlines()]
    busy = {}
    for name, *numbers in rows:
        if name.startswith("cpu") and name != "cpu":
            user, nice, system, _, _, irq, soft, stolen, *_ = map(int, numbers)
            busy[int(name[3:])] = (user + nice + system + irq + soft + stolen) / tick
    times = os.times()
    return Spent(times.elapsed, busy, times.user + times.system)
