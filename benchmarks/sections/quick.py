"""The short form: the gateway beside FastStream, one and two workers, in under four minutes."""

from dataclasses import replace

from benchmarks.harness.rounds import Entry
from benchmarks.harness.subjects import Product
from benchmarks.sections.context import Context, faststream

PEER_MESSAGES = {1: 1_600, 2: 2_000}
MESSAGES = {1: 8_000, 2: 14_000}
"""By the number of workers, so that all runs last about as long: how a run begins and ends counts
the same in each."""
MINUTES = 3.0


def entries(context: Context) -> list[Entry]:
    """Return what a round consists of."""
    found = []
    for workers in (1, 2):
        few, many = context.load(PEER_MESSAGES[workers]), context.load(MESSAGES[workers])
        found += [
            Entry(key=f"faststream:{workers}", subject=faststream(workers), load=few),
            Entry(key=f"product:{workers}", subject=Product(workers=workers), load=many),
        ]
        if context.older is not None:
            older = replace(context.older, workers=workers)
            found.append(Entry(key=f"{older.name}:{workers}", subject=older, load=many))
    return found


def measure(context: Context) -> None:
    """Run it."""
    context.rounds(entries(context), minutes=MINUTES)
