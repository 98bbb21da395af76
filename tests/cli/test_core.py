"""One core at a time: where a worker stays, when it moves, and what is left behind."""

import os
from threading import Event, Thread

import pytest

from invoice_gateway.cli import _core
from invoice_gateway.cli._core import Spent, better, on_one_core

START = Spent(0.0, {0: 0.0, 1: 0.0, 2: 0.0}, 0.0)


@pytest.mark.parametrize(
    ("busy", "own", "found"),
    [
        ((2.0, 0.2, 0.1), 1.0, 2),  # another worker has half of it
        ((2.0, 0.1, 0.1), 1.0, 1),
        ((2.0, 2.0, 0.7), 1.0, 2),
        ((2.0, 2.0, 0.9), 1.0, None),  # not enough to move for
        ((2.0, 0.0, 0.0), 1.9, None),  # it is itself what keeps the core busy
        ((2.0, 2.0, 2.0), 0.5, None),  # all are full
        ((1.5, 0.0, 0.0), 0.2, None),  # there is room where it is
    ],
)
def test_a_worker_moves_to_where_it_gets_more(busy, own, found):
    """In two seconds of which so many were spent, on core 0."""
    now = Spent(2.0, dict(enumerate(busy)), own)

    assert better(0, [0, 1, 2], START, now) == found


def test_threads_started_meanwhile_stay_on_one_core_too():
    """And afterwards everybody may run where it could before."""
    allowed = os.sched_getaffinity(0)
    seen, go = [], Event()

    def look():
        go.wait(10)
        seen.append(os.sched_getaffinity(0))

    with on_one_core():
        inside = os.sched_getaffinity(0)
        thread = Thread(target=look)
        thread.start()
        go.set()
        thread.join(10)

    assert len(inside) == 1
    assert inside < allowed or inside == allowed
    assert seen == [inside]
    assert os.sched_getaffinity(0) == allowed


def test_nothing_happens_where_it_is_not_wanted():
    """By the setting `one_core`."""
    allowed = os.sched_getaffinity(0)

    with on_one_core(wanted=False):
        assert os.sched_getaffinity(0) == allowed


def test_what_the_system_says_grows():
    """Seconds by core, for every core this process may use."""
    before = _core._spent()
    sum(range(3_000_000))
    now = _core._spent()

    assert now.own > before.own
    assert now.at > before.at
    assert now.busy.keys() >= os.sched_getaffinity(0)
    assert sum(now.busy.values()) >= sum(before.busy.values())


def test_a_worker_on_a_core_that_others_need_moves(monkeypatch):
    """All its threads, in time."""
    allowed = os.sched_getaffinity(0)
    [here] = [sorted(allowed)[os.getpid() % len(allowed)]]
    there = next((each for each in sorted(allowed) if each != here), here)
    times = iter(range(1, 1000))

    def taken():
        """Everything is busy but one core."""
        at = float(next(times))
        return Spent(at, {each: 0.0 if each == there else at for each in allowed}, at / 10)

    monkeypatch.setattr(_core, "REVIEW_S", 0.01)
    monkeypatch.setattr(_core, "_spent", taken)
    waited = Event()
    with on_one_core():
        for _ in range(500):
            if os.sched_getaffinity(0) == {there}:
                break
            waited.wait(0.02)
        assert os.sched_getaffinity(0) == {there}
