"""The bar: what must be reached, what is aimed at, and what was measured. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

from benchmarks.harness.results import Section
from benchmarks.harness.stats import cpu, middle, ratio
from benchmarks.sections.latency import typical

SECTIONS = ("throughput", "quick", "growth", "latency", "xml", "folder", "backlog", "timers")
Found = Mapping[str, Section]
"""Sections by name; one that never ran is empty."""


@dataclass(frozen=True, slots=True)
class Demand:
    """One line of the bar.

    Attributes:
        bar: What must be reached, as a number, and `goal` what is aimed at.
        most: Whether they are upper limits.
    """

    what: str
    bar: float
    goal: float
    value: Callable[[Found], float | None]
    most: bool = False
    unit: str = "x"

    def met(self, value: float) -> str:
        """Return `goal`, `bar` or `no`."""
        for name, limit in (("goal", self.goal), ("bar", self.bar)):
            if value <= limit if self.most else value >= limit:
                return name
        return "no"


def against(found: Found, key: str, base: str, *, of_cpu: bool = False) -> float | None:
    """Return the ratio of two subjects, from the full comparison or else the quick one."""
    for section in ("throughput", "quick"):
        measured = found[section].measured
        value = ratio(measured, key, base, cpu) if of_cpu else ratio(measured, key, base)
        if value is not None:
            return value
    return None


def share(found: Found, section: str, key: str, base: str) -> float | None:
    """Return the ratio of the rates of two keys of one section."""
    return ratio(found[section].measured, key, base)


def inverse(value: float | None) -> float | None:
    """Return one divided by `value`."""
    return 1 / value if value else None


def latency(found: Found, level: float) -> float | None:
    """Return our latency at 100 msg/s divided by FastStream's, the median over the rounds."""
    figures = found["latency"].figures
    ours, theirs = figures.get("product 100/s"), figures.get("faststream 100/s")
    if not ours or not theirs:
        return None
    if level in {0.5, 0.99}:
        pairs = zip(ours, theirs, strict=False)
        name = "percentiles_ms"
        return median(a[name][str(level)] / b[name][str(level)] for a, b in pairs)
    return typical(ours, level) / typical(theirs, level)


def xml(found: Found) -> float | None:
    """Return our parsing and validating divided by the bare one, ten lines."""
    figure = found["xml"].figures.get("lines 10")
    return figure["ratio"] if figure else None


def cost_per_line(found: Found, few: int, many: int) -> float | None:
    """Return the processor time per line at `many` lines divided by that at `few`."""
    costs = [middle(found["growth"].measured, f"product lines {n}", cpu) for n in (few, many)]
    if None in costs:
        return None
    return (costs[1] / many) / (costs[0] / few)


def backlog(found: Found) -> float | None:
    """Return the most memory of the worker, in MiB."""
    curve = found["backlog"].figures.get("curve")
    return max(size for _, _, size, _ in curve) if curve else None


def backlog_growth(found: Found) -> float | None:
    """Return the worker's memory in the last tenth of the backlog divided by that in the second."""
    curve = found["backlog"].figures.get("curve") or []
    if len(curve) < 20:
        return None
    sizes, tenth = [size for _, _, size, _ in curve], len(curve) // 10
    return median(sizes[-tenth:]) / median(sizes[tenth : 2 * tenth])


BAR = (
    Demand(
        "1 worker against FastStream, same run",
        6,
        8,
        lambda f: against(f, "product:1", "faststream:1"),
    ),
    Demand(
        "2 workers against FastStream with 2",
        7.5,
        9,
        lambda f: against(f, "product:2", "faststream:2"),
    ),
    Demand(
        "1 worker against faststream-tuned",
        2.3,
        3.5,
        lambda f: share(f, "throughput", "product:1", "faststream-tuned:1"),
    ),
    Demand(
        "CPU per message, all processes, against FastStream",
        1 / 6,
        1 / 8,
        lambda f: against(f, "product:1", "faststream:1", of_cpu=True),
        most=True,
    ),
    Demand("parse + validate against bare libxml2", 1.25, 1.1, xml, most=True),
    Demand(
        "mixed load against invoices only",
        0.8,
        1.0,
        lambda f: share(f, "throughput", "product mixed", "product:1"),
    ),
    Demand(
        "latency p50 at 100 msg/s against FastStream",
        1.2,
        0.8,
        lambda f: latency(f, 0.5),
        most=True,
    ),
    Demand(
        "latency p99 at 100 msg/s against FastStream",
        1.2,
        0.8,
        lambda f: latency(f, 0.99),
        most=True,
    ),
    Demand(
        "1,000,000 invoices stored against none",
        0.85,
        0.95,
        lambda f: share(f, "growth", "stored 1000000", "stored 0"),
    ),
    Demand(
        "account with 100,000 settled and 1,000 open against one with 10, time",
        1.5,
        1.1,
        lambda f: inverse(share(f, "growth", "history 100000", "history 10")),
        most=True,
    ),
    Demand(
        "100 lines against FastStream",
        3,
        5,
        lambda f: share(f, "growth", "product lines 100", "faststream lines 100"),
    ),
    Demand(
        "1,000 lines against FastStream",
        1.5,
        3,
        lambda f: share(f, "growth", "product lines 1000", "faststream lines 1000"),
    ),
    Demand(
        "CPU per line at 1,000 lines against 10",
        1.05,
        0.95,
        lambda f: cost_per_line(f, 10, 1_000),
        most=True,
    ),
    Demand(
        "1 % invalid messages against none",
        0.9,
        0.95,
        lambda f: share(f, "throughput", "product invalid", "product:1"),
    ),
    Demand("worker memory over a backlog of 100,000", 150, 100, backlog, most=True, unit="MiB"),
    Demand("worker memory at its end against its beginning", 1.1, 1.02, backlog_growth, most=True),
    Demand(
        "SQLite + folder bus, 1 process",
        500,
        1_000,
        lambda f: f["folder"].figures.get("rate"),
        unit="msg/s",
    ),
)
