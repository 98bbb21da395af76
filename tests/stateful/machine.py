"""The life of a gateway as a state machine: random messages, and the invariants after each.

Batches of several messages, redelivery of what was accepted, ids used twice and deadlines are part
of it, as are disputes that are opened and taken back.
"""

from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from datetime import timedelta
from itertools import count
from random import Random
from typing import Any

from hypothesis import event, note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from invoice_gateway import audit
from invoice_gateway.audit.facts import Facts, LineFact, Reader
from invoice_gateway.store.records import unpack
from tests import books
from tests import messages as say
from tests.canonical import Essence, differences, essence
from tests.engine_harness import Engine
from tests.stateful import wishes, wishes_orders
from tests.stateful.wishes import VOICES, Wish

Opening = Callable[[], AbstractContextManager[Engine]]
CHANCE = st.randoms(use_true_random=True)
MOST_OF_THE_TIME = 0.8


class Life(RuleBasedStateMachine):
    """One gateway from empty books on."""

    def __init__(self, opening: Opening) -> None:
        super().__init__()
        self._stack = ExitStack()
        self.engine = self._stack.enter_context(opening())
        self._reader = Reader(self.engine.store)
        self.facts: Facts = self._reader.read()
        self._counted = count(1)

    def teardown(self) -> None:
        """Leave."""
        self._stack.close()

    def serial(self) -> int:
        """Return a number that never comes twice."""
        return next(self._counted)

    # -- telling ----------------------------------------------------------------------------------

    def tell(self, *bodies: bytes) -> None:
        """Deliver messages as one batch, and judge the books."""
        for body in bodies:
            note(body.decode())
        for outcome in self.engine.send(*bodies):
            event(outcome)
        self.look()

    def look(self) -> None:
        """Read the books again and judge them."""
        now = self._reader.read()
        audit.check(now, self.facts)
        books.judge(self.engine.store)
        self.facts = now

    def wish(self, chance: Random) -> Wish:
        """Return a draw about the books as they are."""
        return Wish(self.facts, chance, self.serial)

    # -- the messages ------------------------------------------------------------------------------

    @initialize(chance=CHANCE)
    def begin(self, chance: Random) -> None:
        """Start with some accounts (most of the time), some invoices and some money."""
        for party in VOICES:
            if chance.random() < MOST_OF_THE_TIME:
                early = "2026-11-18T10:00:00Z"
                books = wishes.BOOKS.get(party)
                terms = say.Terms(accounting_currency=books)
                said = wishes.standing(party)
                self.tell(say.customer_account(party, terms=terms, sent_at=early, **said))
        if chance.random() < MOST_OF_THE_TIME:
            known = dict.fromkeys(wishes.PAIRS, "0.7")
            self.tell(say.exchange_rates(known, day="2026-10-30"))
        for kind in (wishes.invoice, wishes.invoice, wishes.payment, wishes.invoice):
            self.tell(kind(self.wish(chance)))

    @rule(chance=CHANCE, times=st.integers(1, 4))
    def one_by_one(self, chance: Random, times: int) -> None:
        """Messages of any type come, each by itself."""
        for _ in range(times):
            self.tell(wishes_orders.any_of_them(self.wish(chance)))

    @rule(chance=CHANCE, size=st.integers(2, 5))
    def together(self, chance: Random, size: int) -> None:
        """Messages of any type come as one batch."""
        wish = self.wish(chance)
        self.tell(*(wishes_orders.any_of_them(wish) for _ in range(size)))

    @rule(days=st.integers(1, 40))
    def time_passes(self, days: int) -> None:
        """I-30: what is due fires, each thing once; afterwards nothing is due any more."""
        until = self.engine.clock.now + timedelta(days=days)
        for outcome in self.engine.pass_time(until):
            event(f"fired: {outcome}")
        self.look()

        assert self.engine.store.due(until, 1) == []

    # -- ways of delivery --------------------------------------------------------------------------

    @precondition(lambda self: self.facts.said)
    @rule(chance=CHANCE)
    def tell_again(self, chance: Random) -> None:
        """I-28: what was accepted last comes once more, in order: nothing changes."""
        log = [unpack(each.body) for each in self.facts.messages if each.outcome == "accepted"]
        start = -chance.randint(1, 10)
        before, ids = essence(self.facts), _announced(self.facts)
        outcomes = self.engine.send(*log[start:])
        self.look()

        assert set(outcomes) == {"duplicate"}
        self._unchanged(before)
        assert _announced(self.facts) == ids

    @precondition(lambda self: self.facts.said)
    @rule(chance=CHANCE)
    def tell_otherwise(self, chance: Random) -> None:
        """I-28: an id that is taken comes with other content: refused, and nothing changes."""
        log = [
            each
            for each in self.facts.messages
            if each.outcome == "accepted" and b"<SentAt>2026-11-" in unpack(each.body)
        ]
        taken = chance.choice(log)
        before = essence(self.facts)
        body = unpack(taken.body).replace(b"<SentAt>2026-11-", b"<SentAt>2026-10-")
        [outcome] = self.engine.send(body)
        self.look()

        assert outcome == "rejected idempotency-conflict"
        self._unchanged(before)

    @precondition(lambda self: self.facts.parked)
    @rule()
    def tick(self) -> None:
        """What waits for something that is there by now is judged again."""
        self.engine.settle()
        self.look()

    @precondition(lambda self: len(self.facts.parked) > 3)
    @rule()
    def give_up(self) -> None:
        """The deadline of all that waits passes: it is refused."""
        before = essence(self.facts)
        kinds = Counter(row.kind for row in self.facts.parked.values())
        outcomes = self.engine.give_up()
        self.look()

        answers = outcomes.count("rejected request-executing")
        assert answers == kinds["answer"], (outcomes, kinds)
        unknown = [each for each in outcomes if each.startswith("rejected unknown-")]
        assert len(unknown) == kinds.total() - answers, (outcomes, kinds)
        assert not self.facts.parked
        self._unchanged(before)

    @precondition(lambda self: _disputable(self.facts))
    @rule(chance=CHANCE, withdrawn=st.booleans())
    def dispute_and_back(self, chance: Random, *, withdrawn: bool) -> None:
        """I-17: opened and closed again with nothing between, a dispute leaves no trace."""
        row, line = chance.choice(_disputable(self.facts))
        notice, sender = f"DN-{self.serial()}", VOICES[row.account]
        opened = say.dispute_opened(
            notice, invoice=wishes.called(row), lines=[line.line_no], sender=sender
        )
        dispute = f"{row.account}/{notice}/{line.line_no}"
        back = say.dispute_resolution(dispute, outcome="rejected")
        if withdrawn:
            back = say.dispute_withdrawn(dispute, notice=f"DN-{self.serial()}", sender=sender)
        for body in (opened, back):
            assert self.engine.send(body) == ["accepted"]
            self.look()

        assert self.facts.line(row.number, line.line_no) == line
        assert self.facts.by_number[row.number].status == row.status

    @invariant()
    def nothing_is_left_behind(self) -> None:
        """Every event is in the outbox until somebody publishes it."""
        assert self.facts.outbox == {each.seq for each in self.facts.events}

    def _unchanged(self, before: Essence) -> None:
        now = essence(self.facts)
        books = {name: now[name] for name in now if name not in ("messages", "dead")}
        assert not differences(books, before)


def _announced(facts: Facts) -> set[str]:
    return {each.event_id for each in facts.events if each.name != "message.duplicate"}


def _disputable(facts: Facts) -> list[tuple[Any, LineFact]]:
    """Return lines that their customer can dispute as a whole, with their invoices."""
    disputes = facts.open_disputes()
    return [
        (row, line)
        for row in facts.invoices.values()
        if row.lifecycle in ("Sent", "Issued")
        for line in facts.lines[row.id]
        if line.live
        and (row.id, line.line_no) not in disputes
        and line.amount > line.credited + line.excess + line.written_off
    ]
