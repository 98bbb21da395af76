"""From publishing a message to its event, in an open loop: at 100/s and at 80 % of capacity."""

from statistics import median

from benchmarks.harness import results
from benchmarks.harness.bus import connected
from benchmarks.harness.loads import Load
from benchmarks.harness.meter import wait_quiet
from benchmarks.harness.openloop import Sender
from benchmarks.harness.places import say
from benchmarks.harness.rounds import TRIES
from benchmarks.harness.run import Watch, faults, stage
from benchmarks.harness.stats import middle, percentile
from benchmarks.harness.subjects import Product, Subject
from benchmarks.harness.workers import workers
from benchmarks.sections.context import Context, faststream

RATE = 100.0
SECONDS = 20.0
SKIP_S = 2.0
SHARE = 0.8
CAPACITY_SECONDS = 8.0
ABOVE = 1.3
GUESSES = {"product": 1_500.0, "faststream": 200.0}
"""Messages per second, where no throughput has been measured yet."""
ACCOUNTS = 100
SHARES = [*(at / 100 for at in range(1, 100)), 0.995, 0.999, 1.0]


def measure(context: Context) -> None:
    """Log the percentiles of both subjects at both rates, in interleaved rounds."""
    subjects: list[Subject] = [faststream(), Product()]
    loads: list[tuple[Subject, str, float]] = []
    for subject in subjects:
        found = capacity(context, subject)
        context.log.figure(f"{subject.name} capacity", round(found, 1))
        loads += [(subject, "100/s", RATE), (subject, "80 %", found * SHARE)]
    samples: dict[str, list[dict[str, object]]] = {}
    for number in range(context.most):
        for subject, name, rate in loads:
            key = f"{subject.name} {name}"
            samples.setdefault(key, []).append(_quietly(context, subject, rate, number))
    for key, rounds in samples.items():
        context.log.figure(key, rounds)


def capacity(context: Context, subject: Subject) -> float:
    """Return the events per second of `subject` while more is offered than it can do."""
    guess = _known_rate(subject.name)
    rate = guess * ABOVE
    load = context.load(int(rate * CAPACITY_SECONDS), accounts=ACCOUNTS)
    sender, _, _ = _once(context, subject, load, rate, drain_s=0.1)
    times = sorted(sender.received.values())
    fifth = len(times) // 5
    if fifth < 2:
        return guess
    span = times[-fifth - 1] - times[fifth]
    found = (len(times) - 2 * fifth - 1) / span if span > 0 else guess
    say(f"  {subject.name}: {found:,.0f} msg/s while {rate:,.0f} are offered")
    return found


def _known_rate(name: str) -> float:
    for section in ("throughput", "quick"):
        found = middle(results.read(section).measured, f"{name}:1")
        if found:
            return found
    return GUESSES[name]


def _quietly(context: Context, subject: Subject, rate: float, number: int) -> dict[str, object]:
    """Measure once more as long as others disturb, `TRIES` times at most."""
    load = context.load(int(rate * SECONDS), accounts=ACCOUNTS)
    for _ in range(TRIES):
        sender, foreign, wrong = _once(context, subject, load, rate)
        if foreign <= context.bench.foreign_max:
            break
        say(f"  {subject.name}: others used {foreign:.0%} of the machine; again")
    _, measured = load.messages()
    ids = [each.id for each in measured]
    skip_s = min(SKIP_S, load.count / rate / 4)
    found = sender.latencies_ms(ids, skip_s)
    levels = {str(share): round(percentile(found, share), 2) for share in SHARES}
    say(
        f"  round {number + 1}  {subject.name} at {rate:,.0f}/s: p50 {levels['0.5']:.1f}, "
        f"p99 {levels['0.99']:.1f}, p99.9 {levels['0.999']:.1f} ms"
    )
    return {
        "rate": round(rate, 1),
        "messages": len(found),
        "lost": len(ids) - len(sender.received),
        "late_ms": round(sender.late_s * 1e3, 1),
        "foreign": round(foreign, 3),
        "faults": wrong,
        "percentiles_ms": levels,
    }


def _once(
    context: Context, subject: Subject, load: Load, rate: float, drain_s: float = 20.0
) -> tuple[Sender, float, list[str]]:
    """Return the sender after its run, what others used of the machine, and what went wrong."""
    with stage(context.bench) as on, connected(on.amqp_url) as bus:
        first = subject.prepare(on, bus, load.accounts)
        base = subject.tally(on, bus)
        before, measured = load.messages()
        before = [*first, *before]
        watching = subject.outgoing[0]
        with workers(subject, on, bus) as working:
            watch = Watch(on=on, bus=bus, subject=subject, working=working, base=base)
            watch.work_off(before)
            bus.channel.queue_purge(watching)
            if context.bench.picky:
                wait_quiet()
            sender = Sender(
                url=on.amqp_url,
                wires=[subject.wire(each) for each in measured],
                rate=rate,
                queue=watching,
                drain_s=drain_s,
            )
            meter = watch.meter()
            sender.run()
            foreign = meter.stop()["foreign"]
        wrong = faults(on, bus, subject, [*before, *measured], base) if drain_s > 1 else []
        bus.remove([subject.incoming, *subject.outgoing])
    return sender, foreign, [each for each in wrong if not each.startswith("events")]


def typical(rounds: list[dict], share: float) -> float:
    """Return the median over `rounds` of the latency that `share` of messages keep to, in ms."""
    return median(each["percentiles_ms"][str(share)] for each in rounds)
