"""Medians, ratios within a round, percentiles, the bar, and the summary."""

import pytest

from benchmarks.harness.results import Section, logged, read
from benchmarks.harness.rounds import Measured
from benchmarks.harness.run import Run
from benchmarks.harness.stats import cpu, middle, percentile, ratio
from benchmarks.report import tables
from benchmarks.report.bar import BAR, SECTIONS, Demand
from benchmarks.report.summary import faults, summary


def measured(key, at, rate, *, cpu_us=900.0, faults=()):
    """One run of a hundred messages."""
    run = Run(
        subject=key.partition(":")[0],
        workers=1,
        messages=100,
        lines=10,
        seconds=100 / rate,
        cpu_us={"workers": cpu_us, "postgresql": 50.0, "broker": 50.0},
        memory_mib=80.0,
        foreign=0.01,
        steal=0.0,
        calibration_ms=30.0,
        faults=list(faults),
    )
    return Measured(key, at, run)


ROUNDS = [
    measured("faststream:1", 0, 100, cpu_us=5_900.0),
    measured("product:1", 0, 800),
    measured("faststream:1", 1, 200, cpu_us=5_900.0),
    measured("product:1", 1, 1_000),
    measured("faststream:1", 2, 100, cpu_us=5_900.0),
    measured("product:1", 2, 700),
    measured("product:1", 3, 9_999),
]


def test_a_ratio_is_the_median_of_ratios_within_a_round():
    """A round without its partner does not count."""
    assert ratio(ROUNDS, "product:1", "faststream:1") == pytest.approx(7.0)
    assert ratio(ROUNDS, "product:1", "faststream:1", cpu) == pytest.approx(1 / 6)
    assert ratio(ROUNDS, "product:1", "kombu:1") is None
    assert middle(ROUNDS, "faststream:1") == pytest.approx(100)


@pytest.mark.parametrize(("share", "value"), [(0.5, 50), (0.99, 99), (0.999, 100), (1.0, 100)])
def test_a_percentile_is_what_that_share_does_not_exceed(share, value):
    """By nearest rank."""
    assert percentile(list(range(1, 101)), share) == value


def test_a_demand_is_met_at_its_limit():
    """Upwards and downwards."""
    more = Demand("more", 6, 8, lambda _: None)
    less = Demand("less", 1.5, 1.1, lambda _: None, most=True)

    assert [more.met(value) for value in (5.9, 6, 8)] == ["no", "bar", "goal"]
    assert [less.met(value) for value in (1.6, 1.5, 1.1)] == ["no", "bar", "goal"]


def test_the_bar_is_told_from_whatever_has_run():
    """A section that never ran leaves its lines open."""
    found = {name: Section() for name in SECTIONS}
    found["quick"].measured = ROUNDS

    rows = tables.bar(found).rows

    assert len(rows) == len(BAR)
    assert rows[0][3:] == ("7.00 x", "yes")
    assert {row[3] for row in rows[4:]} == {"not measured"}


def test_results_survive_a_round_trip(tmp_path):
    """What was logged is read again, and a section that is run again replaces its own."""
    for at in range(2):
        with logged("quick", {"fsync": "on"}, tmp_path) as log:
            log.run(measured("product:1", at, 500))
            log.figure("rate", 12.5)

    found = read("quick", tmp_path)

    assert found.about["settings"] == {"fsync": "on"}
    assert [(each.key, each.round) for each in found.measured] == [("product:1", 1)]
    assert found.measured == log.section.measured
    assert found.figures == {"rate": 12.5}


def test_the_summary_names_the_ratios_and_whether_all_verified():
    """One fault is enough."""
    done = {"quick": Section(measured=ROUNDS)}

    assert summary(done)["ratio_1"] == 7.0
    assert summary(done)["verified"]
    done["quick"].measured = [*ROUNDS, measured("product:1", 4, 10, faults=["lines: 1"])]
    assert not summary(done)["verified"]
    assert list(faults(done)) == ["product:1: lines: 1"]
