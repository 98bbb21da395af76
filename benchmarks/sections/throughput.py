"""Everybody side by side: all peers, the gateway with more workers, bad messages, mixed load."""

from dataclasses import replace

from benchmarks.generator import MIXED, Mix
from benchmarks.harness.rounds import Entry
from benchmarks.harness.subjects import Product
from benchmarks.sections.context import Context, faststream, peer

PEER_MESSAGES = 2_500
MESSAGES = 15_000
MINUTES = 13.0


def entries(context: Context) -> list[Entry]:
    """Return what a round consists of."""
    few, many = context.load(PEER_MESSAGES), context.load(MESSAGES)
    bad = context.load(MESSAGES, mix=Mix(invoices=99, invalid=1))
    found = [
        Entry(key="faststream:1", subject=faststream(), load=few),
        *(Entry(key=f"product:{n}", subject=Product(workers=n), load=many) for n in (1, 2, 4)),
        Entry(key="product invalid", subject=Product(), load=bad),
        Entry(key="product mixed", subject=Product(), load=context.load(MESSAGES, mix=MIXED)),
        Entry(key="faststream:2", subject=faststream(2), load=few),
        Entry(key="faststream-tuned:1", subject=peer("faststream-tuned"), load=few),
        *(Entry(key=f"{n}:1", subject=peer(n), load=few) for n in ("kombu", "pika", "celery")),
    ]
    if context.older is not None:
        for workers in (1, 2):
            older = replace(context.older, workers=workers)
            found.append(Entry(key=f"{older.name}:{workers}", subject=older, load=many))
    return found


def measure(context: Context) -> None:
    """Run it."""
    context.rounds(entries(context), minutes=MINUTES)
