"""One message's posting in progress: an overlay on the book, and the events it will announce.

Rules read and write entities through the draft; the book itself stays as it is until the engine
applies the decision. When a draft closes it synchronises the enterprise axis with the ledger
(DOMAIN §3.3), derives the published status of every invoice touched, and stamps the events in the
order of §4.3: facts, line statuses, invoice statuses, consequences.
"""

from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any, TypeVar

from .blocks import StatusBlock, line_blocks, totals_block
from .decision import OPEN, Book, Context, Decision, Entity, Reach, WaitsFor
from .errors import Code, IllegalMove, Parked, Rejected
from .events import (
    Event,
    InvoiceIssued,
    InvoiceLineStatusChanged,
    InvoiceStatusChanged,
    Stamped,
)
from .evolve import changer, evolve
from .invoice import Derived, Invoice, Line, derive
from .keys import InvoiceKey, SourceKey
from .ledger import Account, Allocation, Dispute, Memo, Source
from .status import NEW_AXIS, Move, Side

E = TypeVar("E", bound=Entity)
Versioned = Invoice | Source | Allocation | Memo | Dispute

Place = tuple[type, object]
"""Where an entity is found: its type and its key."""

SYSTEM = "system"
"""The role of moves nobody ordered: they follow from the ledger."""


class Draft:
    """The posting of one message; `decision()` closes it."""

    def __init__(self, book: Book, context: Context) -> None:
        self.context = context
        self._book = book
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
        return found or self._book.get(kind, key)

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
        """Take over a new invoice and announce it with its status block as issued."""
        derived = self._derive(invoice)
        if derived != invoice.derived:
            invoice = evolve(invoice, derived=derived)
        self._over[Invoice, invoice.key] = invoice
        event = InvoiceIssued(
            invoice=invoice.key,
            customer=invoice.account,
            kind=invoice.kind,
            issue_date=invoice.issue_date,
            due_date=invoice.due_date,
            order_reference=invoice.order_ref,
            state=StatusBlock.of(derived),
            totals=totals_block(invoice),
            line=line_blocks(invoice),
        )
        self._facts.append((event, (Invoice, invoice.key)))

    # -- references that may not be there yet ----------------------------------------------------

    def account(self, party: str) -> Account:
        """Return an account the actor may act on.

        Raises:
            Parked: `unknown-party`.
            Rejected: `forbidden` (DOMAIN §3.16).
        """
        account = self.get(Account, party)
        if account is None:
            raise Parked(
                Code.UNKNOWN_PARTY, f"no account for party {party!r}", (WaitsFor.PARTY, party)
            )
        self.may_touch(account)
        return account

    def invoice(self, key: InvoiceKey) -> Invoice:
        """Return an invoice the actor may act on.

        Raises:
            Parked: `unknown-invoice`.
            Rejected: `forbidden`.
        """
        invoice = self.get(Invoice, key)
        if invoice is None:
            raise Parked(Code.UNKNOWN_INVOICE, f"no invoice {key}", (WaitsFor.INVOICE, str(key)))
        self.account(invoice.account)
        return invoice

    def dispute(self, dispute_id: str) -> Dispute:
        """Return a dispute the actor may act on.

        Raises:
            Parked: `unknown-dispute`.
            Rejected: `forbidden`.
        """
        dispute = self.get(Dispute, dispute_id)
        if dispute is None:
            raise Parked(
                Code.UNKNOWN_DISPUTE,
                f"no dispute {dispute_id!r}",
                (WaitsFor.DISPUTE, dispute_id),
            )
        self.account(dispute.account)
        return dispute

    def source(self, key: SourceKey, code: Code = Code.UNKNOWN_SOURCE) -> Source:
        """Return a source the actor may act on.

        Raises:
            Parked: `code`.
            Rejected: `forbidden`.
        """
        self.account(key.account)
        source = self.get(Source, key)
        if source is None:
            raise Parked(
                code,
                f"no {key.type} {key.reference!r} of {key.account}",
                (WaitsFor.SOURCE, str(key)),
            )
        return source

    def above(self, account: Account) -> tuple[str, ...]:
        """Return the resellers above `account`, nearest first; those that moved count as moved."""
        found: list[str] = []
        names = account.ancestors
        while names and names[0] not in found:
            found.append(names[0])
            higher = self.get(Account, names[0])
            names = names[1:] if higher is None else higher.ancestors
        return tuple(found)

    def may_touch(self, account: Account) -> None:
        """Refuse when the actor's right does not reach this account.

        Raises:
            Rejected: `forbidden`.
        """
        reach, party = self.context.reach, self.context.actor.party
        if reach is Reach.ANY or party == account.party:
            return
        if reach is Reach.BENEATH and party in self.above(account):
            return
        raise Rejected(
            Code.FORBIDDEN,
            f"{self.context.actor.role} {party} may not do this for another party's account",
        )

    # -- what happens ----------------------------------------------------------------------------

    def announce(self, event: Event, entity: Versioned) -> None:
        """Announce a fact (payment, allocation, memo) about `entity`."""
        self._facts.append((event, (type(entity), entity.key)))

    def conclude(self, event: Event, entity: Versioned) -> None:
        """Announce a consequence (disputes), after the statuses."""
        self._consequences.append((event, (type(entity), entity.key)))

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
        moved = self._moved(key, line, side, move, role, reason)
        if moved is not line:
            self.put_line(key, moved)

    def _moved(
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
                acting_for=self.context.acting_for if role != SYSTEM else None,
                reason=reason,
            )
            self._moves.append((event, (Invoice, key)))
        return _TURN[side](line, new)

    # -- closing ---------------------------------------------------------------------------------

    def decision(self) -> Decision:
        """Close the draft: synchronise, derive, stamp. Call it once, last."""
        statuses: list[tuple[Event, Place]] = []
        for key in self._dirty:
            self._synchronise(key)
            invoice = self.get(Invoice, key)
            assert invoice is not None
            derived = self._derive(invoice)
            if derived != invoice.derived:
                fresh = self._over[Invoice, key] = evolve(invoice, derived=derived)
                statuses.append((_status_changed(invoice, fresh), (Invoice, key)))
        announced = self._facts + self._moves + statuses + self._consequences
        return Decision(events=self._stamped(announced), changes=tuple(self._over.values()))

    def _derive(self, invoice: Invoice) -> Derived:
        flag = self.context.policy.enterprise_dispute_overrides_paid
        return derive(invoice, dispute_wins=flag)

    def _synchronise(self, key: InvoiceKey) -> None:
        """Let the enterprise axis follow the ledger, line by line (DOMAIN §3.3)."""
        invoice = self.get(Invoice, key)
        assert invoice is not None
        lines = [*invoice.lines]
        for at, line in enumerate(lines):
            due = line.amount - line.credited - line.written_off
            if due <= 0:
                continue
            if line.settled == due:
                move, reason = Move.CONFIRM_RECEIPT, "settled"
            elif line.receipt_manual or line.enterprise == NEW_AXIS:  # what reversing would give
                continue
            else:
                move, reason = Move.REVERSE_RECEIPT, "reopened"
            lines[at] = self._moved(key, line, Side.ENTERPRISE, move, SYSTEM, reason)
        if (*lines,) != invoice.lines:
            self._over[Invoice, key] = evolve(invoice, lines=(*lines,))

    def _stamped(self, announced: list[tuple[Event, Place]]) -> tuple[Stamped, ...]:
        """Number the events of each aggregate on from its version, and store the new version."""
        counted: dict[Place, tuple[str, Iterator[int]]] = {}
        stamped = []
        for event, place in announced:
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


def _status_changed(old: Invoice, new: Invoice) -> InvoiceStatusChanged:
    return InvoiceStatusChanged(
        invoice=new.key,
        customer=new.account,
        old=StatusBlock.of(old.derived),
        new=StatusBlock.of(new.derived),
        totals=totals_block(new),
        line=line_blocks(new),
    )
