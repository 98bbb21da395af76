"""Dead letters: try a rejected message again, or say that nobody will. One API for every face.

A replay goes through the same pipeline under the same message id, so one that took effect meanwhile
is a duplicate and nothing counts twice. The letter is marked after the commit: a crash in between
leaves it open, and the next replay finds the duplicate.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Protocol, cast

from invoice_gateway.engine.judge import Verdict
from invoice_gateway.engine.pipeline import Pipeline
from invoice_gateway.engine.ports import (
    Conflict,
    Delivery,
    EventRow,
    Outcome,
    Outgoing,
    Publisher,
    Record,
    Saving,
    Store,
    StoreUnavailable,
    Work,
)

CONFLICTS_MAX = 3
TEXT_MAX = 200
MADE_UP = "sha256:"
"""How the ids begin that the gateway gives to messages without one."""


class LetterState(StrEnum):
    """What has been done about a dead letter."""

    OPEN = "open"
    REPLAYED = "replayed"
    DISCARDED = "discarded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One rejected submission, with what is needed to submit it again."""

    id: str
    sender: str
    message_id: str
    type: str
    body: bytes
    headers: Mapping[str, str]

    @property
    def cause(self) -> str:
        """Return `sender/message id`, as events name it."""
        return f"{self.sender}/{self.message_id}"

    @property
    def delivery(self) -> Delivery:
        """Return the message as the bus would hand it over again."""
        made_up = self.message_id.startswith(MADE_UP)
        return Delivery(
            body=self.body,
            sender=self.sender or None,
            message_id=None if made_up else self.message_id,
            type=self.type or None,
            content_type=None,
            headers=self.headers,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What a replay came to; `outcome` None means that it met a bug (`text`), nothing was decided.

    `again` is the dead letter of a message that was rejected again: the same one for the same code.
    `events` are the names of what goes out because of it, in order.
    """

    id: str
    message_id: str
    outcome: Outcome | None
    code: str | None = None
    text: str | None = None
    again: str | None = None
    events: tuple[str, ...] = ()


class Shelf(Protocol):
    """Where dead letters lie."""

    def mark(self, letter: str, state: LetterState, reason: str, by: str) -> bool:
        """Note what was done about a letter, by whom; return whether there is such a letter."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetters:
    """What can be done about dead letters; `by` is who does it."""

    pipeline: Pipeline
    shelf: Shelf
    by: str
    batch_size: int = 200

    def rehearse(self, letters: Sequence[Letter]) -> list[Replayed]:
        """Return what a replay would come to; nothing is kept, published or marked.

        Raises:
            StoreUnavailable: not now.
        """
        watched = _Watched(self.pipeline.store, keep=False)
        return [each for batch in self._batches(letters) for each in self._try(batch, watched)[0]]

    def replay(self, letters: Sequence[Letter], publisher: Publisher) -> Iterator[Replayed]:
        """Submit letters again, in order, and yield what each came to once its batch is committed.

        Events that are not confirmed at once are left to the relay.

        Raises:
            StoreUnavailable: not now; what was yielded stays done.
        """
        for batch in self._batches(letters):
            watched = _Watched(self.pipeline.store, keep=True)
            done, outgoing = self._try(batch, watched)
            publisher.submit(outgoing)
            for each in done:
                self._mark(each)
            yield from done

    def discard(self, letter: str, reason: str) -> bool:
        """Note that a letter needs nothing more, and why; return whether there is such a letter."""
        return self.shelf.mark(letter, LetterState.DISCARDED, reason, self.by)

    def _batches(self, letters: Sequence[Letter]) -> Iterator[Sequence[Letter]]:
        for start in range(0, len(letters), self.batch_size):
            yield letters[start : start + self.batch_size]

    def _try(
        self, letters: Sequence[Letter], watched: "_Watched"
    ) -> tuple[list[Replayed], list[Outgoing]]:
        """Submit letters together, or, when that fails, each alone: one holds up no other."""
        try:
            return self._submit(letters, watched)
        except StoreUnavailable:
            raise
        except Exception as error:
            if len(letters) == 1:
                if isinstance(error, Conflict):
                    raise
                [letter], text = letters, repr(error)[:TEXT_MAX]
                return [
                    Replayed(id=letter.id, message_id=letter.message_id, outcome=None, text=text)
                ], []
        alone = [self._try([each], watched) for each in letters]
        return [one for done, _ in alone for one in done], [
            event for _, events in alone for event in events
        ]

    def _submit(
        self, letters: Sequence[Letter], watched: "_Watched"
    ) -> tuple[list[Replayed], list[Outgoing]]:
        pipeline = replace(self.pipeline, store=cast(Store, watched))
        deliveries = [each.delivery for each in letters]
        for attempt in range(1, CONFLICTS_MAX + 1):
            watched.forget()
            try:
                processed = pipeline.process(deliveries)
                break
            except Conflict:
                if attempt == CONFLICTS_MAX:
                    raise
        done = [
            watched.replayed(letter, verdict)
            for letter, verdict in zip(letters, processed.verdicts, strict=True)
        ]
        return done, processed.outgoing

    def _mark(self, done: Replayed) -> None:
        if done.outcome is None or done.again == done.id:
            return  # it still needs somebody: the letter stays open
        said = f"rejected again: {done.code}" if done.outcome is Outcome.REJECTED else done.outcome
        self.shelf.mark(done.id, LetterState.REPLAYED, said, self.by)


@dataclass(slots=True)
class _Watched:
    """A store, as far as a pipeline needs one, that remembers what a batch saved.

    Unless `keep`, nothing is written: the transaction ends without a commit.
    """

    store: Store
    keep: bool
    records: list[Record] = field(default_factory=list)
    events: list[EventRow] = field(default_factory=list)

    @contextmanager
    def work(self) -> Iterator[Work]:
        """Begin a transaction that is watched."""
        with self.store.work() as work:
            yield cast(Work, _WatchedWork(work, self))

    def forget(self) -> None:
        """Begin anew."""
        self.records.clear()
        self.events.clear()

    def replayed(self, letter: Letter, verdict: Verdict) -> Replayed:
        """Return what the batch says about one letter."""
        again = [
            each.dead_letter
            for each in self.records
            if each.dead_letter is not None
            and (each.sender, each.message_id) == (letter.sender, letter.message_id)
        ]
        return Replayed(
            id=letter.id,
            message_id=letter.message_id,
            outcome=verdict.outcome,
            code=verdict.code,
            text=verdict.text or verdict.bug,
            again=again[-1] if again and verdict.outcome is Outcome.REJECTED else None,
            events=tuple(each.name for each in self.events if each.cause == letter.cause),
        )


@dataclass(frozen=True, slots=True)
class _WatchedWork:
    """The transaction of a watched store; all but the writing is the store's own."""

    work: Work
    watched: _Watched

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the store has
        return getattr(self.work, name)

    def save(self, saving: Saving) -> list[int]:
        """Remember what is to be written, and write it if it is to be kept."""
        self.watched.records += saving.records
        self.watched.events += saving.events
        return self.work.save(saving) if self.watched.keep else []

    def commit(self) -> None:
        """Make it durable if it is to be kept."""
        if self.watched.keep:
            self.work.commit()
