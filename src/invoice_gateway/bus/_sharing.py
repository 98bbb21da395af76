"""Which worker reads which partitions: each its share, found by looking at the broker only.

A partition lets one consumer at a time have messages (single active consumer), but the first worker
to subscribe everywhere would have all of them. So each subscribes to its share. Nobody leads:
every worker looks, about once a second, how many workers there are (all of them consume the queue
of dead letters) and which partitions nobody consumes, and acts by the rules of `plan`. See
docs/adr/0012-sharing-partitions.md.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from invoice_gateway.bus._pika import Pika
from invoice_gateway.bus._subscription import Subscription

LOOK_S = 1.0
PARTITIONS_PER_S = 16
"""How many partitions to ask after in a second, at most."""
DOUBT_LOOKS = 4
GRACE_LOOKS = 3
LONG_LOOKS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Partitions to consume, to hand to somebody else, and to make sure of."""

    take: list[str]
    leave: list[str]
    doubt: list[str]


def plan(
    mine: Mapping[str, int],
    bare: Mapping[str, int],
    *,
    partitions: int,
    workers: int,
    joined: bool,
    chance: random.Random,
) -> Plan:
    """Return what one worker does after a look.

    The share of a worker is the partitions divided by the workers: rounded down for all, rounded
    up for some. When a worker joins, all others go down to the smaller share. What nobody consumes
    goes to whoever has less than the smaller share at once; after a while to whoever has less than
    the larger; after long to anybody, as then the count of workers must be wrong.

    Two workers may take the same partition, and one of them waits without knowing. Whoever got no
    message from a partition for some looks therefore leaves it, to see whether anybody has it.

    Args:
        mine: Partitions we consume, and for how many looks without a sign that they are ours.
        bare: Partitions that nobody consumes, and for how many looks.
        partitions: How many there are.
        workers: How many share them, this one included.
        joined: Whether that is more than at the last look.
        chance: Decides where the rules do not care.
    """
    least, most = max(1, partitions // workers), -(-partitions // workers)
    kept = sorted(mine, key=lambda queue: (mine[queue] == 0, chance.random()))
    excess = max(0, len(kept) - least) if joined else 0
    leave, kept = kept[:excess], kept[excess:]
    take: list[str] = []
    for queue in sorted(bare, key=lambda queue: (-bare[queue], chance.random())):
        looks = bare[queue]
        limit = least if looks < GRACE_LOOKS else most if looks < LONG_LOOKS else partitions
        if len(kept) + len(take) < limit:
            take.append(queue)
    doubt = [queue for queue in kept if mine[queue] >= DOUBT_LOOKS][:1]
    return Plan(take=take, leave=leave, doubt=doubt)


class Sharing:
    """Has `partitions` consumed as far as they are our share. Everything in the link's thread.

    Args:
        partitions: The subscriptions to share out.
        roster: A queue that every worker consumes.
        later: Has something done after so many seconds, unless the connection goes first.
        changed: Called after each look.
    """

    def __init__(
        self,
        partitions: Mapping[str, Subscription],
        roster: str,
        *,
        later: Callable[[float, Callable[[], None]], None],
        changed: Callable[[], None],
    ) -> None:
        self.settled = False
        self._partitions = partitions
        self._roster = roster
        self._later = later
        self._changed = changed
        self._chance = random.Random()  # noqa: S311 - to spread, not to guess
        self._connection: Pika = None
        self._channel: Pika = None
        self._active = False
        self._spell = 0
        self._asking: list[str] = []
        self._counts: dict[str, int] = {}
        self._workers = 0
        self._unproved: dict[str, int] = {}
        self._sure: set[str] = set()
        self._doubted: set[str] = set()
        self._bare: dict[str, int] = {}

    def opened(self, connection: Pika, *, active: bool) -> None:
        """Begin on a new connection."""
        self._connection = connection
        if active:
            self.resume()

    def lost(self) -> None:
        """Forget the connection."""
        self._connection = self._channel = None
        self.suspend()

    def resume(self) -> None:
        """Look for a share from now on; calling it again changes nothing."""
        if self._active or self._connection is None:
            return
        self._active = True
        self._look_after(self._chance.uniform(0.1, 0.4) * LOOK_S)

    def suspend(self) -> None:
        """Look no more; the subscriptions are left to the caller."""
        self._active = self.settled = False
        self._spell += 1
        channel, self._channel = self._channel, None
        if channel is not None and channel.is_open:
            channel.close()
        self._workers = 0
        for each in (self._unproved, self._sure, self._doubted, self._bare):
            each.clear()

    # -- looking: one spell at a time, whatever is still under way from an earlier one -------------

    def _look_after(self, delay_s: float) -> None:
        self._later(delay_s, partial(self._look, self._spell))

    def _look(self, spell: int) -> None:
        if spell == self._spell:
            self._counts = {}
            self._asking = [*self._partitions, self._roster]
            self._ask(spell)

    def _ask(self, spell: int) -> None:
        """Ask after the next queue; when all have answered, act."""
        if not self._asking:
            self._act()
            pause_s = max(LOOK_S, len(self._partitions) / PARTITIONS_PER_S)
            self._look_after(self._chance.uniform(0.7, 1.3) * pause_s)
            self._changed()
        elif self._channel is None:
            self._channel = self._connection.channel(on_open_callback=partial(self._on_open, spell))
            self._channel.add_on_close_callback(partial(self._on_close, spell))
        else:
            callback = partial(self._on_counted, spell)
            self._channel.queue_declare(self._asking[-1], passive=True, callback=callback)

    def _on_open(self, spell: int, channel: Pika) -> None:
        if spell == self._spell:
            self._ask(spell)
        else:
            channel.close()

    def _on_counted(self, spell: int, frame: Pika) -> None:
        if spell == self._spell:
            self._counts[frame.method.queue] = frame.method.consumer_count
            self._asking.pop()
            self._ask(spell)

    def _on_close(self, spell: int, channel: Pika, _error: object) -> None:
        """A queue that is gone costs the channel; go on with the next queue on another."""
        if channel is self._channel:
            self._channel = None
            if spell == self._spell and self._asking:
                self._asking.pop()
                self._ask(spell)

    # -- acting -----------------------------------------------------------------------------------

    def _act(self) -> None:
        workers = max(1, self._counts.get(self._roster, 1))
        self._notice()
        found = plan(
            self._unproved,
            self._bare,
            partitions=len(self._partitions),
            workers=workers,
            joined=workers > self._workers,
            chance=self._chance,
        )
        self._workers = workers
        for queue in (*found.leave, *found.doubt):
            self._partitions[queue].leave()
        self._doubted = set(found.doubt)
        for queue in found.take:
            self._partitions[queue].start()
        self.settled = True

    def _notice(self) -> None:
        """Note what the counts say of each partition."""
        for queue, each in self._partitions.items():
            held, count = each.wanted and not each.leaving, self._counts.get(queue)
            if not each.wanted and queue in self._doubted and count == 0:
                self._sure.add(queue)  # nobody has it: it was ours
                each.start()
                held = True
            if not held:
                self._unproved.pop(queue, None)
            elif each.proved or queue in self._sure:
                self._unproved[queue] = 0
            else:
                self._unproved[queue] = self._unproved.get(queue, 0) + 1
            if not each.wanted and count == 0:
                self._bare[queue] = self._bare.get(queue, 0) + 1
            else:
                self._bare.pop(queue, None)
            if not each.wanted:
                self._sure.discard(queue)
