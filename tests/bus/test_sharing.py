"""How workers share partitions: the rules by themselves, and with a broker."""

import random
import time
from collections import Counter, defaultdict

import pytest

from invoice_gateway.bus._sharing import GRACE_LOOKS, LONG_LOOKS, plan
from invoice_gateway.bus.topology import topology
from tests.bus.harness import RabbitBus, eventually, message, send


class Table:
    """Partitions with their subscribers in order of arrival; the first has the messages."""

    def __init__(self, partitions: int, seed: int) -> None:
        self.queues: dict[str, list[int]] = {f"q{number}": [] for number in range(partitions)}
        self.workers: dict[int, dict] = {}
        self.chance = random.Random(seed)

    def join(self, name: int) -> None:
        self.workers[name] = {"bare": {}, "unproved": {}, "doubted": set(), "sure": set(), "n": 0}

    def die(self, name: int) -> None:
        del self.workers[name]
        for readers in self.queues.values():
            if name in readers:
                readers.remove(name)

    def look(self, name: int, counted: int | None = None) -> None:
        """One look of one worker, as `Sharing` has it; the broker counts the active reader only."""
        mine = self.workers[name]
        for queue, readers in self.queues.items():
            if name not in readers and queue in mine["doubted"] and not readers:
                readers.append(name)
                mine["sure"].add(queue)
            if name not in readers:
                mine["unproved"].pop(queue, None)
                mine["sure"].discard(queue)
            elif readers[0] == name and self.busy(queue):
                mine["unproved"][queue] = 0
            else:
                before = mine["unproved"].get(queue, 0)
                mine["unproved"][queue] = 0 if queue in mine["sure"] else before + 1
            if readers:
                mine["bare"].pop(queue, None)
            else:
                mine["bare"][queue] = mine["bare"].get(queue, 0) + 1
        workers = counted or len(self.workers)
        found = plan(
            mine["unproved"],
            mine["bare"],
            partitions=len(self.queues),
            workers=workers,
            joined=workers > mine["n"],
            chance=self.chance,
        )
        mine["n"], mine["doubted"] = workers, set(found.doubt)
        for queue in (*found.leave, *found.doubt):
            self.queues[queue].remove(name)
        for queue in found.take:
            self.queues[queue].append(name)

    def busy(self, _queue: str) -> bool:
        return self.chance.random() < 0.8

    def looks(self, rounds: int, counted: int | None = None) -> None:
        for _ in range(rounds):
            for name in self.chance.sample(sorted(self.workers), len(self.workers)):
                self.look(name, counted)

    def loads(self) -> list[int]:
        """How many partitions each worker has messages of, sorted."""
        counts = Counter(readers[0] for readers in self.queues.values() if readers)
        return sorted(counts.get(name, 0) for name in self.workers)


def fair(partitions: int, workers: int) -> list[int]:
    """The shares, as equal as can be, sorted."""
    least, rest = divmod(partitions, workers)
    return [least] * (workers - rest) + [least + 1] * rest


@pytest.mark.parametrize(
    ("partitions", "workers"), [(4, 4), (4, 2), (4, 3), (4, 1), (4, 6), (16, 5)]
)
@pytest.mark.parametrize("seed", range(5))
def test_workers_that_start_together_share_fairly(partitions, workers, seed):
    """All partitions are read, nobody has more than the larger share, and then it stays so."""
    table = Table(partitions, seed)
    for name in range(workers):
        table.join(name)
    table.looks(60)

    settled = {queue: readers[:1] for queue, readers in table.queues.items()}
    assert sum(table.loads()) == partitions
    assert max(table.loads()) <= fair(partitions, workers)[-1]
    table.looks(20)
    assert {queue: readers[:1] for queue, readers in table.queues.items()} == settled
    assert all(len(readers) == 1 for readers in table.queues.values())


@pytest.mark.parametrize("seed", range(5))
def test_a_worker_that_joins_gets_its_share(seed):
    """One after the other; at each step the shares are as equal as can be."""
    table = Table(4, seed)
    for name in range(4):
        table.join(name)
        table.looks(40)
        assert table.loads() == fair(4, name + 1)


@pytest.mark.parametrize("seed", range(5))
def test_the_partitions_of_a_dead_worker_find_another_at_once(seed):
    """Whoever has less than its share takes them with the next look."""
    table = Table(4, seed)
    for name in range(2):
        table.join(name)
    table.looks(40)
    table.die(0)

    table.looks(1)

    assert table.loads() == [4]


def test_a_spare_worker_waits():
    """With more workers than partitions one has none, until somebody goes."""
    table = Table(2, 1)
    for name in range(3):
        table.join(name)
        table.looks(20)
    assert table.loads() == [0, 1, 1]
    busy = next(readers[0] for readers in table.queues.values())

    table.die(busy)
    table.looks(1)

    assert table.loads() == [1, 1]


def test_no_partition_stays_unread_when_the_count_is_wrong():
    """Somebody else may consume the roster; after long anybody takes what nobody has."""
    table = Table(4, 3)
    table.join(0)
    table.looks(LONG_LOOKS - 1, counted=9)
    assert table.loads() == [1]

    table.looks(5, counted=9)

    assert table.loads() == [4]


def test_the_rest_goes_round_after_a_while_only():
    """Three partitions, two workers: who has less than one may have it first."""
    chance = random.Random(1)
    asked = {"partitions": 3, "workers": 2, "joined": False, "chance": chance}

    assert plan({"a": 0}, {"b": 1}, **asked).take == []
    assert plan({"a": 0}, {"b": GRACE_LOOKS}, **asked).take == ["b"]
    assert plan({}, {"b": 1}, **asked).take == ["b"]


# -- with a broker --------------------------------------------------------------------------------


@pytest.fixture
def shared(amqp_url):
    """A bus with four partitions."""
    made = RabbitBus(amqp_url, topology(partitions=4))
    made.declare()
    yield made
    for end in made.opened:
        end.close()


def load(receiver):
    """How many partitions a receiver consumes."""
    return sum(each.consuming for each in receiver._sharing._partitions.values())


def spread(bus, count=200):
    """Publish messages of many accounts."""
    accounts = ({"account": f"A{number % 50}"} for number in range(count))
    send(bus.sender(), *(message(n, headers=headers) for n, headers in enumerate(accounts)))


def test_what_is_in_hand_when_a_worker_joins_is_finished_first(shared):
    """A partition changes hands in order: nothing twice, nothing marked as delivered before."""
    first = shared.receiver(batch_size=10)
    assert load(first) == 4
    spread(shared)
    held = first.receive(5, 5.0)
    second = shared.receiver(batch_size=10)
    time.sleep(3)
    found = {first: held, second: []}
    assert eventually(lambda: _round(found) or load(first) == load(second) == 2)
    assert eventually(lambda: _round(found) or sum(map(len, found.values())) == 200)

    assert not any(each.redelivered for batch in found.values() for each in batch)
    arrived = [int(each.message_id[1:]) for each in (*found[first], *found[second])]
    assert sorted(arrived) == list(range(200))
    by_account = defaultdict(list)
    for number in arrived:
        by_account[number % 50].append(number)
    assert all(each == sorted(each) for each in by_account.values())


def _round(found):
    for receiver, seen in found.items():
        batch = receiver.receive(10, 0.02)
        seen.extend(batch)
        receiver.ack(seen[-len(batch) - 5 :])


def test_a_pause_gives_the_partitions_away_and_coming_back_takes_a_share(shared):
    """Whoever pauses is not counted; nothing gets lost by pausing again and again."""
    first, second = shared.receiver(), shared.receiver()
    assert eventually(lambda: (load(first), load(second)) == (2, 2))

    for _ in range(5):
        first.pause()
        first.receive(1, 0.01)
    first.pause()
    assert eventually(lambda: load(second) == 4)

    first.receive(1, 0.01)
    assert eventually(lambda: (load(first), load(second)) == (2, 2))


def test_a_partition_that_is_gone_leaves_the_others_shared(shared):
    """The worker goes on with the rest, and takes the partition when it is there again."""
    with shared.channel() as channel:
        channel.queue_delete("invoice-gateway.in.02")
    receiver = shared.receiver()
    assert eventually(lambda: load(receiver) == 3)

    shared.declare()

    assert eventually(lambda: load(receiver) == 4)
