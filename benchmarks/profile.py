"""Where one worker spends its time under load: a flame graph, the top functions, the stages."""

import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families
from rich.table import Table

from benchmarks.harness.bus import connected
from benchmarks.harness.places import RESULTS, console, say
from benchmarks.harness.run import Watch, stage
from benchmarks.harness.subjects import Product
from benchmarks.harness.workers import workers
from benchmarks.sections.context import Context
from tests.services.power import free_port

MESSAGES = 40_000
SECONDS = 5
RATE_HZ = 400
TOP = 30


def measure(context: Context) -> None:
    """Profile one worker while it works off a queue, first for the graph, then for the table."""
    port = free_port()
    product = Product(settings={"METRICS_PORT": str(port)})
    load = context.load(MESSAGES)
    with stage(context.bench) as on, connected(on.amqp_url) as bus:
        first = product.prepare(on, bus, load.accounts)
        base = product.tally(on, bus)
        before, measured = load.messages()
        with workers(product, on, bus) as working:
            watch = Watch(on=on, bus=bus, subject=product, working=working, base=base)
            watch.work_off([*first, *before])
            begun = dict(stages(port))
            bus.load(product.wire(each) for each in measured)
            worker = working.processes[0].pid
            graph = _record(worker, "flamegraph", RESULTS / "profile.svg")
            stacks = _record(worker, "raw", RESULTS / "profile.txt")
            watch.until_arrived(len(before) + len(measured))
            ended = dict(stages(port))
        bus.remove([product.incoming, *product.outgoing])
    spent = {name: (ended[name] - begun.get(name, 0.0)) / len(measured) * 1e6 for name in ended}
    context.log.figure("stages_us", {name: round(value, 1) for name, value in spent.items()})
    _show_stages(spent)
    _show_top(stacks.read_text(encoding="utf-8"))
    say(f"flame graph: {graph}")


def stages(port: int) -> Iterator[tuple[str, float]]:
    """Yield the seconds spent per stage, from a worker's metrics."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as reply:
        text = reply.read().decode()
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == "invoice_gateway_stage_seconds_total":
                yield sample.labels["stage"], sample.value


def own_time(collapsed: str) -> Counter[str]:
    r"""Return samples by the function that was running, from collapsed stacks.

    Example:
        >>> own_time("main (a.py:1);work (b.py:2) 3\nmain (a.py:1) 1").most_common()
        [('work (b.py)', 3), ('main (a.py)', 1)]
    """
    found: Counter[str] = Counter()
    for line in collapsed.splitlines():
        stack, _, count = line.rpartition(" ")
        name, _, place = stack.rpartition(";")[2].partition(" (")
        found[f"{name} ({place.rpartition(':')[0] or place.rstrip(')')})"] += int(count)
    return found


def _record(worker: int, form: str, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    program = Path(sys.executable).with_name("py-spy")
    command = [str(program), "record", "--pid", str(worker), "--format", form, "--output"]
    options = [str(path), "--duration", str(SECONDS), "--rate", str(RATE_HZ), "--nonblocking"]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(
            f"profile: py-spy cannot look into the worker (root, or ptrace_scope 0?)\n{done.stderr}"
        )
    return path


def _show_stages(spent: dict[str, float]) -> None:
    table = Table(title="µs per message and stage")
    table.add_column("stage")
    table.add_column("µs", justify="right")
    table.add_column("share", justify="right")
    whole = sum(spent.values()) or 1.0
    for name, value in sorted(spent.items(), key=lambda each: -each[1]):
        table.add_row(name, f"{value:,.1f}", f"{value / whole:.0%}")
    console.print(table)


def _show_top(collapsed: str) -> None:
    found = own_time(collapsed)
    whole = sum(found.values()) or 1
    table = Table(title="functions by own time")
    table.add_column("function")
    table.add_column("share", justify="right")
    for name, count in found.most_common(TOP):
        table.add_row(name, f"{count / whole:.1%}")
    console.print(table)
