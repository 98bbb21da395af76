"""Day by day: time passes, letters are delivered, events are answered, the books are judged."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from random import Random
from typing import Final

from invoice_gateway.app import App
from invoice_gateway.audit import Facts, Reader, judged
from invoice_gateway.engine.pipeline import Pipeline, Processed
from invoice_gateway.engine.ports import Delivery, Outgoing, Waiter
from invoice_gateway.engine.scheduler import Scheduler
from invoice_gateway.model.collection import midnight
from invoice_gateway.model.decision import Actor, Role
from invoice_gateway.simulation.behaviours import BEHAVIOURS, REACTIONS
from invoice_gateway.simulation.letters import Letter
from invoice_gateway.simulation.people import Party, population
from invoice_gateway.simulation.post import Events, Post
from invoice_gateway.simulation.world import Told, World
from invoice_gateway.store import SqlStore, views

BEGIN: Final = date(2027, 1, 1)
ROUNDS_MAX: Final = 20
"""How often a day's answers may be answered."""
PARKED_MAX: Final = 1_000
STAFF: Final = {
    "erp": Role.ERP,
    "financials": Role.FINANCIALS,
    "bank": Role.BANK,
    "portal": Role.PORTAL,
    "warehouse": Role.FULFILMENT,
    "provisioning": Role.PROVISIONING,
    "usage": Role.USAGE,
}
ROLES: Final = {"customer": Role.OWNER, "reseller": Role.PARTNER, "sub-reseller": Role.PARTNER}


class Broken(Exception):
    """An invariant does not hold: on which day, and what is wrong."""

    def __init__(self, day: date, breaches: Sequence[str]) -> None:
        super().__init__(f"{day}: {breaches[0]}")
        self.day, self.breaches = day, breaches


@dataclass(slots=True)
class Clock:
    """A clock that stands where the day has come to, and moves a millisecond with every look."""

    now: datetime

    def __call__(self) -> datetime:
        """Return the next moment."""
        self.now += timedelta(milliseconds=1)
        return self.now


@dataclass(slots=True)
class Tally:
    """What has been done so far."""

    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Messages by type and outcome."""
    released: int = 0
    fired: int = 0
    checks: int = 0
    gateway_s: float = 0.0
    checking_s: float = 0.0


class Simulation:
    """A world with this seed and a gateway over `store`; the same seed gives the same books."""

    def __init__(
        self, app: App, store: SqlStore, *, accounts: int, seed: int, check_every: int = 1
    ) -> None:
        zone, chance = app.settings.timezone, Random(seed)  # noqa: S311 - meant to be repeatable
        self.world = World(chance, BEGIN, zone)
        self.world.parties = {each.id: each for each in population(chance, accounts)}
        self.tally = Tally()
        self.facts: Facts | None = None
        self.day = 0
        self.store, self._check_every = store, check_every
        self._zone, self._batch_size = zone, app.settings.batch_size
        self._clock = Clock(midnight(BEGIN, zone))
        self._pipeline: Pipeline = app.pipeline(store, self._clock)
        self._events, self._post = Events(), Post(chance)
        self._scheduler: Scheduler = app.scheduler(store, self._events, self._clock)
        self._reader = Reader(store, keep=False)
        _register(store, app.settings.enterprise, self.world.parties.values())

    def run(self, days: int, progress: Callable[[str], None] = lambda _: None) -> None:
        """Let so many days pass.

        Raises:
            Broken: an invariant does not hold at the end of a day.
        """
        for _ in range(days):
            progress(f"{self.world.today}")
            self._pass_time(self.world.today)
            self._work()
            self.day += 1
            if self._check_every and self.day % self._check_every == 0:
                self.check()
            self.world.today += timedelta(days=1)

    def rest(self, days: int, *, step: int = 1) -> None:
        """Let time pass, `step` days at once, in which nobody does anything but the gateway."""
        for _ in range(0, days, step):
            self.world.today += timedelta(days=step)
            self._pass_time(self.world.today)
            self._events.take()
            self._give_up()

    def check(self) -> Facts:
        """Judge the books, and how they changed since the last time.

        Raises:
            Broken: with all that is wrong.
        """
        started = time.perf_counter()
        facts = self._reader.read()
        breaches = [
            f"{found.name}: {what}"
            for found in judged(facts, self.facts)
            for what in found.breaches
        ]
        self.facts = facts
        self.tally.checks += 1
        self.tally.checking_s += time.perf_counter() - started
        if breaches:
            raise Broken(self.world.today, breaches)
        return facts

    # -- a day -------------------------------------------------------------------------------------

    def _pass_time(self, day: date) -> None:
        """Let the gateway do what the beginning of this day brings, and what follows from that."""
        self._clock.now = max(self._clock.now, midnight(day, self._zone))
        started = time.perf_counter()
        while fired := self._scheduler.step(self._clock.now):
            self.tally.fired += fired
        self.tally.gateway_s += time.perf_counter() - started

    def _work(self) -> None:
        """Deliver what is written today, and what is answered to what comes of that."""
        self._clock.now = max(self._clock.now, self.world.now.astimezone(UTC))
        answers = [*self._answers(self._events.take())]
        today = [letter for behave in BEHAVIOURS for letter in behave(self.world)]
        mail = [*self._post.leftovers(), *self._written([*answers, *today])]
        for _ in range(ROUNDS_MAX):
            if not mail:
                break
            self._deliver(mail)
            mail = self._written([*self._answers(self._events.take())])
        self._give_up()

    def _written(self, letters: Sequence[Letter]) -> list[tuple[str, Delivery]]:
        return [*self._post.collect(letters, self.world.now)]

    def _answers(self, events: Sequence[Outgoing]) -> Iterator[Letter]:
        for each in events:
            react = REACTIONS.get(each.key)
            if react is not None:
                yield from react(self.world, Told.of(each.key, each.body))

    def _deliver(self, mail: Sequence[tuple[str, Delivery]]) -> None:
        """Have the gateway process messages, a batch at a time."""
        started = time.perf_counter()
        letters = iter(mail)
        while batch := [*islice(letters, self._batch_size)]:
            processed = self._pipeline.process([message for _, message in batch])
            for (kind, _), verdict in zip(batch, processed.verdicts, strict=True):
                assert verdict.outcome is not None, f"a handler met a bug: {verdict.bug}"
                self.tally.outcomes[kind, str(verdict.outcome)] += 1
            self._publish(processed)
        while waiters := self.store.releasable(PARKED_MAX):
            self._settle(waiters, expired=False)
        self.tally.gateway_s += time.perf_counter() - started

    def _give_up(self) -> None:
        """Refuse what has waited for too long."""
        while waiters := self.store.due_parked(self._clock(), PARKED_MAX):
            self._settle(waiters, expired=True)

    def _settle(self, waiters: Sequence[Waiter], *, expired: bool) -> None:
        processed = self._pipeline.settle_parked(waiters, expired=expired)
        self.tally.released += len(processed.verdicts)
        self._publish(processed)

    def _publish(self, processed: Processed) -> None:
        self._events.submit(processed.outgoing)
        self.store.mark([each.id for each in self._events.settled()], {})


def _register(store: SqlStore, enterprise: str, parties: Iterable[Party]) -> None:
    """Make everybody known who may send something."""
    staff = [Actor(sender=name, party=enterprise, role=role) for name, role in STAFF.items()]
    others = [Actor(sender=each.voice, party=each.id, role=ROLES[each.kind]) for each in parties]
    with store.session(read_only=False) as session:
        for actor in (*staff, *others):
            views.put_sender(session, actor)
        session.commit()
