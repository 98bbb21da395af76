"""Plots as SVG: the same results give the same bytes; readable on light and dark ground."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.ticker import FuncFormatter, NullLocator

from benchmarks.harness.results import Section
from benchmarks.harness.stats import cpu, middle
from benchmarks.report.bar import Found
from benchmarks.sections.latency import SHARES

INK = "#7d8590"
"""Text and axes: a grey that stands out from white and from near-black."""
OURS, THEIRS = "#2f81f7", "#db6d28"
PLAIN = FuncFormatter(lambda value, _: f"{value:,.0f}")
TICKS_MAX = 6
STYLE = {
    "svg.hashsalt": "invoice-gateway",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 10,
    "figure.figsize": (7.2, 3.8),
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": INK,
    "grid.alpha": 0.25,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
}
LATENCIES = ("product 100/s", "faststream 100/s", "product 80 %", "faststream 80 %")
Series = Sequence[tuple[str, str, Sequence[tuple[float, float]]]]
"""Label, colour and points of each line."""


def draw(found: Found, folder: Path) -> list[Path]:
    """Draw every plot for which there are results; return their files."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted: dict[str, Callable[[Found], bool]] = {
        "latency": _latency,
        "lines": _lines,
        "database": _database,
        "history": _history,
        "batch": _batch,
        "workers": _workers,
        "backlog": _backlog,
    }
    drawn = []
    with mpl.rc_context(STYLE):
        for name, plot in wanted.items():
            plt.figure(layout="constrained")
            if plot(found):
                path = folder / f"{name}.svg"
                plt.savefig(path, format="svg", metadata={"Date": None, "Creator": None})
                drawn.append(path)
            plt.close()
    return drawn


def _latency(found: Found) -> bool:
    """Latency over percentiles, on a scale that opens up towards the last per mille."""
    figures = found["latency"].figures
    shown = [key for key in LATENCIES if figures.get(key)]
    levels = [share for share in SHARES if share < 1.0]
    for key in shown:
        rounds = figures[key]
        points = [
            sorted(each["percentiles_ms"][str(level)] for each in rounds)[len(rounds) // 2]
            for level in levels
        ]
        colour = OURS if key.startswith("product") else THEIRS
        line = "-" if key.endswith("100/s") else "--"
        label = f"{key.partition(' ')[0]} at {rounds[0]['rate']:,.0f} msg/s"
        plt.plot([1 / (1 - level) for level in levels], points, line, color=colour, label=label)
    if not shown:
        return False
    plt.xscale("log")
    plt.yscale("log")
    ticks = {2: "50 %", 10: "90 %", 100: "99 %", 1_000: "99.9 %"}
    plt.xticks(list(ticks), list(ticks.values()))
    plt.gca().yaxis.set_major_formatter(PLAIN)
    plt.minorticks_off()
    _label("From publishing to the event", "share of messages", "ms or less")
    return True


def _lines(found: Found) -> bool:
    growth = found["growth"]
    steps = (10, 100, 1_000)

    def per_line(name: str) -> list[tuple[float, float]]:
        costs = _points(growth, f"{name} lines", steps, cpu)
        return [(step, value / step) for step, value in costs]

    lines = (("product", OURS, per_line("product")), ("faststream", THEIRS, per_line("faststream")))
    return _curves(lines, ("Cost per line", "lines per invoice", "µs of CPU per line"), log="xy")


def _database(found: Found) -> bool:
    steps = (0, 100_000, 1_000_000)
    points = _points(found["growth"], "stored", steps)
    named = [(at, value) for at, (_, value) in enumerate(points)]
    names = [f"{step:,.0f}" for step, _ in points]
    return _bars(named, names, ("Rate with a full database", "invoices stored", "msg/s"))


def _history(found: Found) -> bool:
    points = _points(found["growth"], "history", (10, 1_000, 100_000), cpu)
    named = [(at, value) for at, (_, value) in enumerate(points)]
    names = [f"{step:,.0f}" for step, _ in points]
    title = "Cost over the history of one account"
    return _bars(named, names, (title, "settled invoices", "µs of CPU per message"))


def _batch(found: Found) -> bool:
    points = _points(found["growth"], "batch", (1, 10, 100, 500))
    lines = (("product", OURS, points),)
    return _curves(lines, ("Rate by batch size", "messages per batch, at most", "msg/s"), log="x")


def _workers(found: Found) -> bool:
    measured = found["throughput"]
    ours = _points(measured, "product", (1, 2, 4), separator=":")
    theirs = _points(measured, "faststream", (1, 2), separator=":")
    lines = (("product", OURS, ours), ("faststream", THEIRS, theirs))
    return _curves(lines, ("Rate by workers", "worker processes", "msg/s"))


def _backlog(found: Found) -> bool:
    curve = found["backlog"].figures.get("curve")
    if not curve:
        return False
    lines = (
        ("worker", OURS, [(at, worker) for at, _, worker, _ in curve]),
        ("broker", THEIRS, [(at, broker) for at, _, _, broker in curve]),
    )
    return _curves(lines, ("Memory over a backlog", "seconds", "MiB resident"), marker="")


def _points(
    section: Section,
    name: str,
    steps: Sequence[int],
    value: Any = None,  # noqa: ANN401 - a function of a run
    separator: str = " ",
) -> list[tuple[float, float]]:
    """Return (step, median) of the steps that were measured."""
    found = []
    for step in steps:
        key = f"{name}{separator}{step}"
        middling = middle(section.measured, key, *([value] if value else []))
        if middling is not None:
            found.append((float(step), middling))
    return found


def _curves(
    lines: Series, texts: tuple[str, str, str], *, log: str = "", marker: str = "o"
) -> bool:
    lines = [each for each in lines if each[2]]
    for label, colour, points in lines:
        plt.plot(*zip(*points, strict=True), marker=marker, color=colour, label=label)
    steps = sorted({x for _, _, points in lines for x, _ in points})
    if "x" in log:
        plt.xscale("log")
    if "y" in log:
        plt.yscale("log")
        plt.gca().yaxis.set_major_formatter(PLAIN)
        plt.gca().yaxis.set_minor_formatter(PLAIN)
    else:
        plt.ylim(bottom=0)
    if len(steps) <= TICKS_MAX:
        plt.xticks(steps, [f"{step:,.0f}" for step in steps])
        plt.gca().xaxis.set_minor_locator(NullLocator())
    _label(*texts)
    return bool(lines)


def _bars(
    points: Sequence[tuple[float, float]], names: Sequence[str], texts: tuple[str, str, str]
) -> bool:
    if not points:
        return False
    shown = plt.bar(*zip(*points, strict=True), color=OURS, width=0.5)
    plt.bar_label(shown, [f"{value:,.0f}" for _, value in points], color=INK)
    plt.xticks([at for at, _ in points], list(names))
    plt.grid(visible=False, axis="x")
    _label(*texts)
    return True


def _label(title: str, across: str, up: str) -> None:
    plt.title(title, loc="left", fontsize=11)
    plt.xlabel(across)
    plt.ylabel(up)
    if len(plt.gca().get_legend_handles_labels()[0]) > 1:
        plt.legend()
