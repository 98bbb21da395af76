"""The short form: the gateway beside FastStream, one and two workers, in under four minutes."""

from dataclasses import replace

from benchmarks.harness.rounds import Entry
from benchmarks.harness.subjects import Product
from benchmarks.sections.context import Context, faststream

PEER_MESSAGES = 1_600
MESSAGES = 8_000
MINUTES = 3.0


def entries(context: Context) -> list[Entry]:
    """Return what a round consists of."""
    few, many = context.load(PEER_MESSAGES), context.load(MESSAGES)
    found = []
    for workers in (1, 2):
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
