"""One message's posting in progress: an overlay on the book, and the events it will announce.

Rules read and write entities through the draft; the book itself stays as it is until the engine
applies the decision. When a draft closes it synchronises the enterprise axis with the ledger
(DOMAIN §3.3), derives the published status of every invoice touched, and stamps the events in the
order of §4.3: facts, line statuses, invoice statuses, consequences.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import count
from operator import attrgetter
from typing import Any, TypeVar

from . import deriving, valuation
from .blocks import NOT_YET, StatusBlock, accounting_block, line_blocks, totals_block
from .decision import OPEN, Book, Context, Decision, Entity, Role
from .errors import Code, IllegalMove, Rejected
from .event import Event, Stamped
from .events import InvoiceIssued, InvoiceLineStatusChanged
from .evolve import changer, evolve
from .invoice import Invoice, Line
from .keys import InvoiceKey
from .ledger import Allocation, Dispute, Memo, Source
from .order import Order, Request
from .rates import Rate
from .references import References
from .status import Move, Side

E = TypeVar("E", bound=Entity)
Versioned = Invoice | Source | Allocation | Memo | Dispute | Order | Request

Place = tuple[type, object]
"""Where an entity is found: its type and its key; text stands for what is no entity."""


class Draft(References):
    """The posting of one message; `decision()` closes it."""

    def __init__(self, book: Book, context: Context) -> None:
        self.context = context
        self._book = book
        self._tables = book.tables  # asked all the time, so without a function in between
        self.standings = book.standings
        self._over: dict[Place, Entity] = {}
        self._dirty: dict[InvoiceKey, None] = {}
        self._lines: dict[InvoiceKey, list[Line]] = {}  # changed, and not yet in their invoice
        self._numbers: dict[InvoiceKey, dict[str, int]] = {}
        self._disputes: dict[InvoiceKey, dict[str, str]] = {}
        self._facts: list[tuple[Event, Place]] = []
        self._moves: list[tuple[Event, Place]] = []
        self._consequences: list[tuple[Event, Place]] = []

    # -- entities --------------------------------------------------------------------------------

    def get(self, kind: type[E], key: object) -> E | None:
        """Return the newest version of an entity, or None when nobody knows it."""
        if self._lines and key in self._lines and kind is Invoice:
            self._gather(key)
        found: Any = self._over.get((kind, key))
        return found or self._tables[kind].get(key)  # type: ignore[return-value] # as in Book.get

    def of(self, kind: type[E], account: str) -> list[E]:
        """Return the newest versions of everything of this type that belongs to `account`."""
        known, own = self._book.of(kind, account), self._own(kind, account)
        if not own:
            return [*known]
        found = {each.key: each for each in known}
        found |= {each.key: each for each in own}
        return list(found.values())

    def open(self, kind: type[E], account: str) -> list[E]:
        """Return the newest versions of what is `OPEN` of this type and belongs to `account`."""
        known, own = self._book.open(kind, account), self._own(kind, account)
        if not own:
            return [*known]
        found = {each.key: each for each in known}
        for each in own:
            if OPEN[kind](each):
                found[each.key] = each
            else:
                found.pop(each.key, None)
        return list(found.values())

    def _own(self, kind: type[E], account: str) -> list[E]:
        """Return the versions that this draft has made."""
        for key in tuple(self._lines):
            self._gather(key)
        made: dict[Place, Any] = self._over
        return [
            each
            for (its_kind, _), each in made.items()
            if its_kind is kind and each.account == account
        ]

    def put(self, entity: Entity) -> None:
        """Take over a new version; an invoice put here is derived again when the draft closes."""
        self._over[type(entity), entity.key] = entity
        if isinstance(entity, Invoice):
            self._dirty[entity.key] = None
            self._lines.pop(entity.key, None)
        elif isinstance(entity, Dispute) and entity.invoice in self._disputes:
            self._disputes[entity.invoice][entity.line_no] = entity.key

    def line(self, key: InvoiceKey, line_no: str) -> Line | None:
        """Return the newest version of a line of a known invoice, or None when it has none such."""
        lines: Sequence[Line] | None = self._lines.get(key)
        if lines is None:
            invoice = self.get(Invoice, key)
            assert invoice is not None
            lines = invoice.lines
        at = self._numbered(key, lines).get(line_no)
        return None if at is None else lines[at]

    def put_line(self, key: InvoiceKey, line: Line) -> None:
        """Take over a new version of a line that the invoice has."""
        lines = self._lines.get(key)
        if lines is None:
            invoice = self.get(Invoice, key)
            assert invoice is not None
            self.put(invoice)
            lines = self._lines[key] = list(invoice.lines)
        lines[self._numbered(key, lines)[line.line_no]] = line

    def _numbered(self, key: InvoiceKey, lines: Sequence[Line]) -> dict[str, int]:
        """Return where each line stands: lines never move, and new ones come last."""
        numbers = self._numbers.get(key)
        if numbers is None or len(numbers) != len(lines):
            numbers = {line.line_no: at for at, line in enumerate(lines)}
            self._numbers[key] = numbers
        return numbers

    def _gather(self, key: InvoiceKey) -> None:
        """Give an invoice the lines that were put one by one, all at once."""
        invoice: Any = self._over[Invoice, key]
        self._over[Invoice, key] = evolve(invoice, lines=tuple(self._lines.pop(key)))

    def open_dispute(self, invoice: Invoice, line_no: str) -> Dispute | None:
        """Return the open dispute of a line, or None; there is at most one (D-01)."""
        by_line = self._disputes.get(invoice.key)
        if by_line is None:
            known = self.open(Dispute, invoice.account)
            by_line = {each.line_no: each.key for each in known if each.invoice == invoice.key}
            self._disputes[invoice.key] = by_line
        found = self.get(Dispute, by_line.get(line_no))
        return found if found is not None and OPEN[Dispute](found) else None

    def issue(self, invoice: Invoice) -> None:
        """Take over an invoice and announce it as issued, with its status block and its value.

        Raises:
            Parked: `unknown-rate`.
            Rejected: `amount-too-large`.
        """
        invoice = deriving.derived(self, valuation.invoice_as_issued(self, invoice))
        self._over[Invoice, invoice.key] = invoice
        event = InvoiceIssued(
            invoice=invoice.key,
            customer=invoice.account,
            kind=invoice.kind,
            issue_date=invoice.issue_date,
            due_date=invoice.due_date,
            order_reference=invoice.order_ref,
            transaction_no=NOT_YET if invoice.detail.series else None,
            state=StatusBlock.of(invoice.derived),
            totals=totals_block(invoice),
            accounting=accounting_block(invoice.carry) if invoice.carry else None,
            line=line_blocks(invoice),
        )
        self._facts.append((event, (Invoice, invoice.key)))

    def fund(self, source: Source) -> Source:
        """Take over new money with its value in the accounting currency; return it so (§3.13).

        Raises:
            Parked: `unknown-rate`.
            Rejected: `amount-too-large`.
        """
        source = valuation.source_as_received(self, source)
        self.put(source)
        return source

    def rate(self, base: str, quote: str, day: date) -> Rate | None:
        """Return the newest rate of `day` or before, or None when there is none.

        Raises:
            LookupError: nobody looked it up: a scope forgot to name it. An older one that happens
                to be here must not be taken for it.
        """
        rated = self._book.rated
        if rated is not None and (base, quote, day.isoformat()) not in rated:
            raise LookupError(f"no scope names the rate of {base} in {quote} of {day}")
        known = [
            each
            for each in self.of(Rate, "")
            if each.base == base and each.quote == quote and each.day <= day
        ]
        return max(known, key=attrgetter("day"), default=None)

    # -- what happens ----------------------------------------------------------------------------

    def announce(self, event: Event, entity: Versioned) -> None:
        """Announce a fact (payment, allocation, memo) about `entity`."""
        self._facts.append((event, (type(entity), entity.key)))

    def conclude(self, event: Event, entity: Versioned) -> None:
        """Announce a consequence (disputes), after the statuses."""
        self._consequences.append((event, (type(entity), entity.key)))

    def announce_once(self, event: Event, aggregate_id: str) -> None:
        """Announce a fact that is a thing of its own: nothing else ever bears its id."""
        self._facts.append((event, (str, aggregate_id)))

    def move(
        self,
        key: InvoiceKey,
        line_no: str,
        side: Side,
        move: Move,
        *,
        role: str,
        reason: str | None,
    ) -> None:
        """Move one axis of one line by the table; a no-op changes and announces nothing.

        Raises:
            Rejected: `bad-transition` when the table has no row.
        """
        line = self.line(key, line_no)
        assert line is not None
        moved = self.moved(key, line, side, move, role, reason)
        if moved is not line:
            self.put_line(key, moved)

    def moved(
        self,
        key: InvoiceKey,
        line: Line,
        side: Side,
        move: Move,
        role: str,
        reason: str | None,
    ) -> Line:
        """Return the line after one move, which is announced; after a no-op, the same line."""
        old = line.axis(side)
        try:
            new = old.after(side, move)
        except IllegalMove as error:
            raise Rejected(Code.BAD_TRANSITION, f"line {line.line_no} of {key}: {error}") from None
        if new == old:
            return line
        if new.status is not old.status:
            event = InvoiceLineStatusChanged(
                invoice=key,
                line_no=line.line_no,
                axis=side,
                old=old.status,
                new=new.status,
                role=role,
                acting_for=self.context.acting_for if role != Role.SYSTEM else None,
                reason=reason,
            )
            self._moves.append((event, (Invoice, key)))
        return _TURN[side](line, new)

    # -- closing ---------------------------------------------------------------------------------

    @property
    def dirty(self) -> tuple[InvoiceKey, ...]:
        """Return the invoices that were put, in order: they are derived again at the end."""
        return tuple(self._dirty)

    def known(self, kind: type[E], key: object) -> E | None:
        """Return an entity as it was before this message, or None."""
        return self._book.get(kind, key)

    def changed(self, kind: type[E]) -> list[E]:
        """Return the newest versions of all of this type that this draft has put."""
        for key in tuple(self._lines):
            self._gather(key)
        made: Any = self._over.items()
        return [each for (its_kind, _), each in made if its_kind is kind]

    def moves(self) -> list[InvoiceLineStatusChanged]:
        """Return the moves of lines announced so far, in order."""
        found: list[Any] = [event for event, _ in self._moves]
        return found

    def replace(self, entity: Entity) -> None:
        """Take over a version as it is; an invoice is not derived again for it."""
        self._over[type(entity), entity.key] = entity

    def decision(self) -> Decision:
        """Close the draft: synchronise, derive, draw consequences, stamp. Call it once, last."""
        from . import closing  # noqa: PLC0415 - the rules it calls are made of drafts

        statuses = closing.close(self)
        announced = self._facts + self._moves + statuses + self._consequences
        return Decision(events=self._stamped(announced), changes=tuple(self._over.values()))

    def _stamped(self, announced: Sequence[tuple[Event, Place]]) -> tuple[Stamped, ...]:
        """Number the events of each aggregate on from its version, and store the new version."""
        counted: dict[Place, tuple[str, Iterator[int]]] = {}
        stamped = []
        for event, place in announced:
            if place[0] is str:
                stamped.append(Stamped(event, str(place[1]), 1))
                continue
            found = counted.get(place)
            if found is None:
                entity = self._newest(place)
                found = counted[place] = (aggregate_id(entity), count(entity.version + 1))
            name, versions = found
            stamped.append(Stamped(event, name, next(versions)))
        for place, (_, versions) in counted.items():
            self._over[place] = evolve(self._newest(place), version=next(versions) - 1)
        return tuple(stamped)

    def _newest(self, place: Place) -> Versioned:
        newest: Any = self._over.get(place) or self._book.get(*place)
        return newest  # type: ignore[no-any-return]


def aggregate_id(entity: Versioned) -> str:
    """Return the id under which the events of `entity` are counted."""
    if isinstance(entity, Allocation):
        return entity.id
    return str(entity.key)


_TURN = {side: changer(Line, side.value) for side in Side}  # axes are named after their sides
