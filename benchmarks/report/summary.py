"""What a program may want to read of a run: one JSON object, and what did not verify. Pure."""

from collections.abc import Iterator, Mapping

from benchmarks.harness.results import Section
from benchmarks.harness.rounds import Measured
from benchmarks.harness.stats import cpu, middle, ratio
from benchmarks.report.tables import keys

COMPARED = ("quick", "throughput")


def summary(done: Mapping[str, Section]) -> dict[str, object]:
    """Return ratios to FastStream (`ratio_1`, `ratio_2`: workers), rates, and `verified`."""
    found: dict[str, object] = {}
    for name in COMPARED:
        measured = done[name].measured if name in done else []
        for workers in (1, 2):
            found |= _beside(measured, workers)
    return {**found, "verified": not list(faults(done))}


def faults(done: Mapping[str, Section]) -> Iterator[str]:
    """Yield in words what was not as it should be."""
    for section in done.values():
        for each in section.measured:
            yield from (f"{each.key}: {fault}" for fault in each.run.faults)
        yield from section.figures.get("faults", [])
        for key, rounds in section.figures.items():
            for each in rounds if isinstance(rounds, list) else []:
                if isinstance(each, dict):
                    yield from (f"{key}: {fault}" for fault in each["faults"])
                    yield from [f"{key}: {each['lost']} events never came"] if each["lost"] else []


def _beside(measured: list[Measured], workers: int) -> dict[str, object]:
    ours, theirs = f"product:{workers}", f"faststream:{workers}"
    times = ratio(measured, ours, theirs)
    if times is None:
        return {}
    rates = {
        key: round(middle(measured, key) or 0)
        for key in keys(measured)
        if key.endswith(f":{workers}")
    }
    return {
        f"ratio_{workers}": round(times, 2),
        f"cpu_ratio_{workers}": round(ratio(measured, ours, theirs, cpu) or 0, 4),
        f"msg_s_{workers}": rates,
        f"ratios_{workers}": {
            key: round(ratio(measured, ours, key) or 0, 2) for key in rates if key != ours
        },
    }
