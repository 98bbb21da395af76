"""The life of a gateway as a state machine: random messages, and the invariants after each.

Batches of several messages, redelivery of what was accepted, ids used twice and deadlines are part of
it, as are disputes that are opened and taken back.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from itertools import count

from hypothesis import event
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from invoice_gateway.store.records import unpack
from tests import invariants
from tests import messages as say
from tests.canonical import Essence, differences, essence
from tests.engine_harness import Engine
from tests.facts import Facts, Reader
from tests.stateful import wishes
from tests.stateful.wishes import VOICES, Wish

Opening = Callable[[], AbstractContextManager[Engine]]
DATA = st.data()


class Life(RuleBasedStateMachine):
    """One gateway from empty books on."""

    def __init__(self, opening: Opening) -> None:
        super().__init__()
        self._stack = ExitStack()
        self.engine = self._stack.enter_context(opening())
        self._reader = Reader(self.engine.store)
        self.facts: Facts = self._reader.read()
        self._counted = count(1)
        self._queue: list[bytes] = []
        self._batch = 1

    def teardown(self) -> None:
        """Deliver what is gathered, and leave."""
        try:
            self._flush()
        finally:
            self._stack.close()

    def serial(self) -> int:
        """Return a number that never comes twice."""
        return next(self._counted)

    # -- telling ----------------------------------------------------------------------------------

    def tell(self, body: bytes) -> None:
        """Deliver a message, at once or with the next ones as a batch."""
        self._queue.append(body)
        if len(self._queue) >= self._batch:
            self._flush()

    def _flush(self) -> None:
        if self._queue:
            for outcome in self.engine.send(*self._queue):
                event(outcome)
        self._queue, self._batch = [], 1
        self.look()

    def look(self) -> None:
        """Read the books again and judge them."""
        now = self._reader.read()
        invariants.check(now, self.facts)
        self.facts = now

    def _wish(self, data: st.DataObject) -> Wish:
        return Wish(self.facts, data, self.serial)

    # -- the eleven messages -----------------------------------------------------------------------

    @initialize(data=DATA)
    def begin(self, data: st.DataObject) -> None:
        """Start with the accounts, most of the time."""
        for party in VOICES:
            if data.draw(st.sampled_from((True, True, True, False))):
                parent = "ACME" if party == "ACME-SHOP" else None
                early = "2026-11-18T10:00:00Z"
                self.tell(say.customer_account(party, parent=parent, sent_at=early))

    @rule(data=DATA)
    def account(self, data: st.DataObject) -> None:
        """An account comes, or comes again."""
        self.tell(wishes.account(self._wish(data)))

    @rule(data=DATA)
    def invoice(self, data: st.DataObject) -> None:
        """An invoice is posted."""
        self.tell(wishes.invoice(self._wish(data)))

    @rule(data=DATA)
    def another_invoice(self, data: st.DataObject) -> None:
        """Another one: there must be something to act upon."""
        self.tell(wishes.invoice(self._wish(data)))

    @rule(data=DATA)
    def payment(self, data: st.DataObject) -> None:
        """Money comes in."""
        self.tell(wishes.payment(self._wish(data)))

    @rule(data=DATA)
    def reversal(self, data: st.DataObject) -> None:
        """Money leaves again."""
        self.tell(wishes.reversal(self._wish(data)))

    @rule(data=DATA)
    def credit_note(self, data: st.DataObject) -> None:
        """A credit note is posted."""
        self.tell(wishes.credit_note(self._wish(data)))

    @rule(data=DATA)
    def memo(self, data: st.DataObject) -> None:
        """A memo is posted."""
        self.tell(wishes.memo(self._wish(data)))

    @rule(data=DATA)
    def payment_notice(self, data: st.DataObject) -> None:
        """A customer says it has paid."""
        self.tell(wishes.payment_notice(self._wish(data)))

    @rule(data=DATA)
    def line_status(self, data: st.DataObject) -> None:
        """One side says what it thinks of a line."""
        self.tell(wishes.line_status(self._wish(data)))

    @rule(data=DATA)
    def dispute_opened(self, data: st.DataObject) -> None:
        """Somebody disputes."""
        self.tell(wishes.dispute_opened(self._wish(data)))

    @rule(data=DATA)
    def dispute_followed(self, data: st.DataObject) -> None:
        """A dispute is amended, withdrawn, joined or resolved."""
        self.tell(wishes.dispute_followed(self._wish(data)))

    @rule(data=DATA)
    def allocation(self, data: st.DataObject) -> None:
        """Somebody decides what pays what."""
        self.tell(wishes.allocation(self._wish(data)))

    # -- ways of delivery --------------------------------------------------------------------------

    @precondition(lambda self: not self._queue)
    @rule(size=st.integers(2, 4))
    def gather(self, size: int) -> None:
        """The next messages arrive together."""
        self._batch = size

    @precondition(lambda self: not self._queue and self.facts.said)
    @rule(data=DATA)
    def tell_again(self, data: st.DataObject) -> None:
        """I-28: what was accepted from some point on comes once more, in order: nothing changes."""
        log = [unpack(each.body) for each in self.facts.messages if each.outcome == "accepted"]
        start = data.draw(st.integers(0, len(log) - 1))
        before, ids = essence(self.facts), _announced(self.facts)
        outcomes = self.engine.send(*log[start:])
        self.look()

        assert set(outcomes) == {"duplicate"}
        self._unchanged(before)
        assert _announced(self.facts) == ids

    @precondition(lambda self: not self._queue and self.facts.said)
    @rule(data=DATA)
    def tell_otherwise(self, data: st.DataObject) -> None:
        """I-28: an id that is taken comes with other content: refused, and nothing changes."""
        log = [each for each in self.facts.messages if each.outcome == "accepted"]
        taken = data.draw(st.sampled_from(log))
        before = essence(self.facts)
        body = unpack(taken.body).replace(b"<SentAt>2026-11-", b"<SentAt>2026-10-")
        [outcome] = self.engine.send(body)
        self.look()

        assert outcome == "rejected idempotency-conflict"
        self._unchanged(before)

    @precondition(lambda self: not self._queue and self.facts.parked)
    @rule()
    def tick(self) -> None:
        """What waits for something that is there by now is judged again."""
        self.engine.settle()
        self.look()

    @precondition(lambda self: not self._queue and len(self.facts.parked) > 3)
    @rule()
    def give_up(self) -> None:
        """The deadline of all that waits passes: it is refused."""
        before = essence(self.facts)
        outcomes = self.engine.give_up()
        self.look()

        assert all(each.startswith("rejected unknown-") for each in outcomes)
        assert not self.facts.parked
        self._unchanged(before)

    @precondition(lambda self: not self._queue and _disputable(self.facts))
    @rule(data=DATA, withdrawn=st.booleans())
    def dispute_and_back(self, data: st.DataObject, *, withdrawn: bool) -> None:
        """I-17: opened and taken back (or rejected) with nothing between, a dispute leaves no trace."""
        row, line = data.draw(st.sampled_from(_disputable(self.facts)))
        notice, sender = f"DN-{self.serial()}", VOICES[row.account]
        opened = say.dispute_opened(notice, invoice=row.number, lines=[line.line_no], sender=sender)
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


def _disputable(facts: Facts) -> list[tuple[object, object]]:
    """Return lines that their customer can dispute as a whole, with their invoices."""
    disputes = facts.open_disputes()
    return [
        (row, line)
        for row in facts.invoices.values()
        for line in facts.lines[row.id]
        if line.live
        and (row.id, line.line_no) not in disputes
        and line.amount > line.credited + line.excess + line.written_off
    ]
