"""Tables of what was measured: rows of text, for the terminal and for Markdown. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.harness.results import Section
from benchmarks.harness.rounds import Measured
from benchmarks.harness.stats import cpu, middle, ratio
from benchmarks.report.bar import BAR, Demand, Found
from benchmarks.sections.latency import typical

GROUPS = ("workers", "postgresql", "broker")


@dataclass(frozen=True, slots=True)
class Table:
    """A heading, columns, and rows of as many cells."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def markdown(self) -> str:
        """Return it as GitHub shows it."""
        lines = [self.columns, tuple("---" for _ in self.columns), *self.rows]
        body = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
        return f"### {self.title}\n\n{body}\n"


def side_by_side(section: Section, title: str = "Side by side") -> Table:
    """Return one row per subject with its rate, its cost, and its ratio to FastStream."""
    rows = []
    for key in keys(section.measured):
        base = f"faststream:{key.rpartition(':')[2]}" if ":" in key else "faststream:1"
        if middle(section.measured, base) is None:
            base = "faststream:1"
        runs = [each.run for each in section.measured if each.key == key]
        rates = sorted(run.rate for run in runs)
        times = ratio(section.measured, key, base)
        spent = [median(run.cpu_us[group] for run in runs) for group in GROUPS]
        saved = ratio(section.measured, key, base, cpu)
        rows.append(
            (
                key,
                f"{median(rates):,.0f}",
                f"{rates[0]:,.0f}..{rates[-1]:,.0f}",
                f"{times:.2f}" if times else "",
                *(f"{value:,.0f}" for value in spent),
                f"1/{1 / saved:.1f}" if saved else "",
                f"{max(run.memory_mib for run in runs):.0f}",
                verified(runs),
            )
        )
    columns = ("subject", "msg/s", "range", "x FastStream")
    cost = ("workers µs", "PostgreSQL µs", "broker µs", "CPU of FastStream's")
    return Table(title, (*columns, *cost, "MiB", "verified"), tuple(rows))


def growth(section: Section) -> Table:
    """Return how cost grows: one row per step."""
    rows = []
    for key in keys(section.measured):
        runs = [each.run for each in section.measured if each.key == key]
        rate = median(run.rate for run in runs)
        whole = median(run.cpu_total_us for run in runs)
        first, _, step = key.rpartition(" ")
        rows.append(
            (
                first,
                f"{int(step):,}",
                f"{rate:,.0f}",
                f"{whole:,.0f}",
                f"{whole / runs[0].lines:,.1f}",
                *(f"{median(run.cpu_us[group] for run in runs):,.0f}" for group in GROUPS),
                f"{max(run.memory_mib for run in runs):.0f}",
                verified(runs),
            )
        )
    columns = ("what", "step", "msg/s", "CPU µs", "CPU µs per line")
    cost = ("workers µs", "PostgreSQL µs", "broker µs", "MiB", "verified")
    return Table("How cost grows", (*columns, *cost), tuple(rows))


def latency(section: Section) -> Table:
    """Return the latency of both subjects at both rates, medians over the rounds."""
    rows = []
    for key, rounds in section.figures.items():
        if key.endswith(" capacity"):
            continue
        levels = [f"{typical(rounds, level):,.1f}" for level in (0.5, 0.9, 0.99, 0.999)]
        lost = sum(each["lost"] for each in rounds)
        clean = "no" if lost or any(each["faults"] for each in rounds) else "yes"
        rows.append((key, f"{rounds[0]['rate']:,.0f}", *levels, clean))
    columns = ("subject", "msg/s offered", "p50 ms", "p90 ms", "p99 ms", "p99.9 ms", "verified")
    return Table("From publishing to the event, open loop", columns, tuple(rows))


def bar(found: Found) -> Table:
    """Return every line of the bar with what was measured."""
    rows = []
    for demand in BAR:
        value = demand.value(found)
        shown = "not measured" if value is None else number(demand, value)
        met = (
            ""
            if value is None
            else {"goal": "goal", "bar": "yes", "no": "**no**"}[demand.met(value)]
        )
        rows.append(
            (demand.what, number(demand, demand.bar), number(demand, demand.goal), shown, met)
        )
    return Table("The bar", ("what", "bar", "goal", "measured", "met"), tuple(rows))


def number(demand: Demand, value: float) -> str:
    """Return a value of a demand in its unit."""
    if demand.unit != "x":
        return f"{value:,.0f} {demand.unit}"
    return f"1/{1 / value:.1f}" if value <= 0.34 else f"{value:.2f} x"


def keys(measured: Iterable[Measured]) -> Sequence[str]:
    """Return the keys in order of their first run."""
    return list(dict.fromkeys(each.key for each in measured))


def verified(runs: Sequence) -> str:
    """Return whether everything was as it should be after every run."""
    return "**no**" if any(run.faults for run in runs) else "yes"
