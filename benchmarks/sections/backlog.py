"""Memory over a backlog of 100,000 messages: the worker starts when all are there."""

import time

from benchmarks.harness.bus import connected
from benchmarks.harness.meter import resident_mib
from benchmarks.harness.places import say
from benchmarks.harness.run import POLL_S, faults, stage
from benchmarks.harness.subjects import Product
from benchmarks.harness.workers import workers
from benchmarks.sections.context import Context

MESSAGES = 100_000
EVERY_S = 0.5


def measure(context: Context) -> None:
    """Run it once and log the curve as (seconds, waiting, MiB of the worker, MiB of the broker)."""
    product, load = Product(), context.load(MESSAGES)
    with stage(context.bench) as on, connected(on.amqp_url) as bus:
        first = product.prepare(on, bus, load.accounts)
        base = product.tally(on, bus)
        before, measured = load.messages()
        sent = [*first, *before, *measured]
        say(f"  loading {len(sent):,} messages")
        bus.load(product.wire(each) for each in sent)
        curve = []
        with workers(product, on, bus) as working:
            begun = time.monotonic()
            while bus.messages(product.outgoing) < len(before) + len(measured):
                working.check()
                curve.append(
                    (
                        round(time.monotonic() - begun, 2),
                        bus.messages([product.incoming]),
                        round(resident_mib(working.processes), 1),
                        round(resident_mib(on.bench.broker_processes()), 1),
                    )
                )
                time.sleep(EVERY_S if context.scale == 1 else POLL_S)
        context.log.figure("curve", curve)
        context.log.figure("faults", faults(on, bus, product, sent, base))
        bus.remove([product.incoming, *product.outgoing])
    most = max(size for _, _, size, _ in curve)
    say(f"  worker memory at most {most:.0f} MiB, rate {len(sent) / curve[-1][0]:,.0f} msg/s")
