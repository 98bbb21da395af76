"""The gateway measured beside its peers: `make bench`, or `python -m benchmarks SECTION ...`.

Results go to benchmarks/results/ (JSON lines), and all sections together make RESULTS.md.
"""

import argparse
import json
import logging
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import structlog
from rich.table import Table as Shown

from benchmarks import credit, folder_bus, profile, timers, xml_cost
from benchmarks.harness.places import console, say
from benchmarks.harness.results import Section, logged
from benchmarks.harness.services import Bench, services
from benchmarks.harness.subjects import Product, archived
from benchmarks.report import markdown, summary, tables
from benchmarks.sections import backlog, growth, latency, quick, throughput
from benchmarks.sections.context import Context

SECTIONS: dict[str, Callable[[Context], None]] = {
    "throughput": throughput.measure,
    "growth": growth.measure,
    "latency": latency.measure,
    "xml": xml_cost.measure,
    "folder": folder_bus.measure,
    "backlog": backlog.measure,
    "quick": quick.measure,
    "timers": timers.measure,
    "credit": credit.measure,
    "profile": profile.measure,
}
ALL = ("throughput", "latency", "xml", "folder", "backlog", "growth", "timers", "credit")
NOT_VERIFIED = 1
TERMINATED = 128 + signal.SIGTERM


def main() -> int:
    """Run the chosen sections; return 0, or 1 when a run did not verify."""
    chosen = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))  # workers and services end, too
    logging.disable(logging.WARNING)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    names = list(ALL) if "all" in chosen.sections else chosen.sections
    measuring = [name for name in names if name != "report"]
    done: dict[str, Section] = {}
    if measuring:
        with services(9.0 if chosen.any_load else 0.10) as bench:
            done = _measure(bench, measuring, chosen)
    if names != ["profile"] and not chosen.dry:
        markdown.write()
        say(f"written: {markdown.PAGE}")
    print(json.dumps(summary.summary(done)))
    wrong = list(summary.faults(done))
    for fault in wrong:
        say(f"NOT VERIFIED: {fault}")
    return NOT_VERIFIED if wrong else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("sections", nargs="+", choices=[*SECTIONS, "all", "report"])
    parser.add_argument("--compare", metavar="REF", help="measure the gateway of a commit, too")
    parser.add_argument("--rounds", type=int, default=3, help="rounds at most")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the usual messages")
    parser.add_argument(
        "--any-load", action="store_true", help="keep runs disturbed by other work on the machine"
    )
    parser.add_argument("--dry", action="store_true", help="leave results and RESULTS.md alone")
    return parser.parse_args()


def _measure(bench: Bench, names: Sequence[str], chosen: argparse.Namespace) -> dict[str, Section]:
    done = {}
    with tempfile.TemporaryDirectory(prefix="invoice-gateway-benchmark-") as folder:
        older = None
        if chosen.compare:
            tree = archived(chosen.compare, Path(folder))
            older = Product(name=chosen.compare, tree=tree)
        for name in names:
            begun = time.monotonic()
            say(f"== {name}")
            place = {"folder": Path(folder)} if chosen.dry else {}
            with logged(name, bench.settings(), **place) as log:
                SECTIONS[name](
                    Context(
                        bench=bench,
                        log=log,
                        scale=chosen.scale,
                        most=chosen.rounds,
                        older=older,
                    )
                )
            done[name] = log.section
            _show(name, log.section)
            say(f"  {name} took {(time.monotonic() - begun) / 60:.1f} minutes")
    return done


def _show(name: str, section: Section) -> None:
    found = None
    if name == "growth":
        found = tables.growth(section)
    elif name == "latency":
        found = tables.latency(section)
    elif section.measured:
        found = tables.side_by_side(section, name)
    if found is not None:
        shown = Shown(title=found.title)
        for column in found.columns:
            shown.add_column(column, justify="left" if column == found.columns[0] else "right")
        for row in found.rows:
            shown.add_row(*row)
        console.print(shown)


if __name__ == "__main__":
    sys.exit(main())
