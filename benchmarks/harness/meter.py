"""Processor time by group of processes, and what else the machine did meanwhile."""

import os
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass

import psutil

CORES = os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class Reading:
    """What has been spent so far, in seconds; the machine as (busy, stolen)."""

    groups: dict[str, float]
    own: float
    busy: float
    stolen: float
    at: float


class Meter:
    """Reads the processor time of named groups, each with all descendants."""

    def __init__(self, groups: Mapping[str, Iterable[psutil.Process]]) -> None:
        """Begin now."""
        self._groups = {name: list(processes) for name, processes in groups.items()}
        self._begun = self._read()

    def stop(self, until: float | None = None) -> dict[str, float]:
        """Return seconds by group since the beginning, and the share that others used (`foreign`).

        Args:
            until: When the work ended (monotonic), if that was before now.
        """
        begun, ended = self._begun, self._read()
        spent = {name: ended.groups[name] - begun.groups[name] for name in self._groups}
        busy = ended.busy - begun.busy - sum(spent.values()) - (ended.own - begun.own)
        stolen = ended.stolen - begun.stolen
        elapsed = max(ended.at - begun.at, 1e-9)
        return {
            **spent,
            "seconds": (until or ended.at) - begun.at,
            "foreign": max(busy + stolen, 0.0) / elapsed / CORES,
            "steal": stolen / elapsed / CORES,
        }

    def _read(self) -> Reading:
        times = psutil.cpu_times()
        idle = times.idle + getattr(times, "iowait", 0.0)
        stolen = getattr(times, "steal", 0.0)
        guest = getattr(times, "guest", 0.0) + getattr(times, "guest_nice", 0.0)
        return Reading(
            groups={name: _spent(processes) for name, processes in self._groups.items()},
            own=time.process_time(),
            busy=sum(times) - idle - stolen - guest,
            stolen=stolen,
            at=time.monotonic(),
        )


def _spent(processes: Iterable[psutil.Process]) -> float:
    """Return the time of `processes`, their living descendants, and those they have reaped."""
    total = 0.0
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            total += sum(process.cpu_times()[:4])
            for child in process.children(recursive=True):
                with suppress(psutil.NoSuchProcess):
                    total += sum(child.cpu_times()[:4])
    return total


def calibrate() -> float:
    """Return the milliseconds that a fixed piece of work takes now: how fast the machine is."""
    begun = time.process_time()
    total = 0
    for number in range(1_000_000):
        total += number
    return round((time.process_time() - begun) * 1e3, 1)


def wait_quiet(limit_s: float = 5.0, busy_max: float = 0.08) -> None:
    """Wait for half a second in which the machine is nearly idle, at most `limit_s`."""
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        if psutil.cpu_percent(interval=0.5) / 100 < busy_max:
            return


def resident_mib(processes: Iterable[psutil.Process]) -> float:
    """Return the memory of the largest of `processes`."""
    sizes = [0.0]
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            sizes.append(process.memory_info().rss / 2**20)
    return max(sizes)
