"""Interleaved rounds: every subject once per round, so that ratios are of the same minute."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from benchmarks.harness.loads import Load
from benchmarks.harness.places import say
from benchmarks.harness.run import Run, Unfinished, run
from benchmarks.harness.services import Bench
from benchmarks.harness.subjects import Subject
from benchmarks.harness.workers import WorkerDied

TRIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of a table: a subject under a load, with a key of its own.

    `database_url` is for a database that is kept between runs; its load then starts at other
    numbers each time (`numbered`).
    """

    key: str
    subject: Subject
    load: Load
    database_url: str | None = None


@dataclass(frozen=True, slots=True)
class Measured:
    """A run that counts, with its place."""

    key: str
    round: int
    run: Run


def rounds(
    bench: Bench,
    entries: Sequence[Entry],
    *,
    most: int = 3,
    least: int = 2,
    until: float | None = None,
    done: Callable[[Measured], None] = lambda _: None,
) -> list[Measured]:
    """Run all `entries` up to `most` times, one after the other in every round.

    After `least` rounds, none begins that would probably last beyond `until` (monotonic), and no
    run is repeated when that leaves too little time for them; `done` is told of every run that
    counts.
    """
    found: list[Measured] = []
    longest, started = 0.0, time.monotonic()
    for number in range(most):
        begun = time.monotonic()
        if until is not None and number >= least and begun + longest > until:
            break
        for entry in entries:
            due = max(least * len(entries) - len(found), 0)
            each_s = (time.monotonic() - started) / max(len(found), 1)
            patience = until - due * each_s if until is not None else None
            measured = Measured(entry.key, number, quietly(bench, entry, number, patience))
            say(_line(measured))
            done(measured)
            found.append(measured)
        longest = max(longest, time.monotonic() - begun)
    return found


def quietly(bench: Bench, entry: Entry, number: int = 0, until: float | None = None) -> Run:
    """Measure once; a run disturbed by others is discarded and repeated while there is time.

    The last of `TRIES`, or the one that ends after `until`, counts whatever others did; its record
    says so.
    """
    load = entry.load
    if entry.database_url is not None:  # nothing is sent twice to the same database
        load = numbered(load, number * TRIES)
    for attempt in range(TRIES):
        try:
            found = run(bench, entry.subject, load, database_url=entry.database_url)
        except (Unfinished, WorkerDied) as trouble:
            if attempt == TRIES - 1:
                raise
            say(f"  {entry.key}: {trouble}; again")
        else:
            late = until is not None and time.monotonic() > until
            if found.foreign <= bench.foreign_max or late or attempt == TRIES - 1:
                return found
            say(f"  {entry.key}: others used {found.foreign:.0%} of the machine; again")
        if entry.database_url is not None:
            load = numbered(entry.load, number * TRIES + attempt + 1)
    raise AssertionError("the last try counts")


def numbered(load: Load, at: int) -> Load:
    """Return `load` with numbers that no other `at` has."""
    return replace(load, start=load.start + at * 1_000_000)


def _line(measured: Measured) -> str:
    found = measured.run
    cpu = ", ".join(f"{name} {value:,.0f}" for name, value in found.cpu_us.items())
    faults = "".join(f"\n    NOT VERIFIED: {each}" for each in found.faults)
    return (
        f"  round {measured.round + 1}  {measured.key:<24} {found.rate:>7,.0f} msg/s   µs: {cpu}   "
        f"{found.memory_mib:.0f} MiB, others {found.foreign:.0%}, "
        f"calibration {found.calibration_ms:.0f} ms{faults}"
    )
