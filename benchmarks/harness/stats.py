"""Medians, ratios within a round, percentiles: pure."""

from collections.abc import Callable, Iterable, Sequence
from statistics import median

from benchmarks.harness.rounds import Measured
from benchmarks.harness.run import Run

Value = Callable[[Run], float]


def rate(found: Run) -> float:
    """Return messages per second."""
    return found.rate


def cpu(found: Run) -> float:
    """Return the processor time per message of all three groups."""
    return found.cpu_total_us


def middle(measured: Iterable[Measured], key: str, value: Value = rate) -> float | None:
    """Return the median of `value` over the runs of `key`, None without any."""
    values = [value(each.run) for each in measured if each.key == key]
    return median(values) if values else None


def ratio(measured: Sequence[Measured], key: str, base: str, value: Value = rate) -> float | None:
    """Return the median over the rounds of `key` divided by `base` of the same round."""
    of_key = {each.round: value(each.run) for each in measured if each.key == key}
    of_base = {each.round: value(each.run) for each in measured if each.key == base}
    pairs = [of_key[at] / of_base[at] for at in sorted(of_key.keys() & of_base.keys())]
    return median(pairs) if pairs else None


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that `share` of `values`, sorted, do not exceed (nearest rank)."""
    assert values, "of nothing"
    at = max(-(-len(values) * share // 1), 1)
    return values[min(int(at), len(values)) - 1]
