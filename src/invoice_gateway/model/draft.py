"""One message's posting in progress: an overlay on the book, and the events it will announce.

Rules read and write entities through the draft; the book itself stays as it is until the engine
applies the decision. When a draft closes it synchronises the enterprise axis with the ledger
(DOMAIN §3.3), derives the published status of every invoice touched, and stamps the events in the
order of §4.3: facts, line statuses, invoice statuses, consequences.
"""

from dataclasses import replace
from typing import TypeVar, cast

from .blocks import LineBlock, StatusBlock, TotalsBlock
from .decision import Book, Context, Decision, Entity, Reach, WaitsFor
from .errors import Code, IllegalMove, Parked, Rejected
from .events import (
    Event,
    InvoiceIssued,
    InvoiceLineStatusChanged,
    InvoiceStatusChanged,
    Stamped,
)
from .invoice import Derived, Invoice, Line, derive
from .keys import InvoiceKey, SourceKey
from .ledger import Account, Allocation, Dispute, Memo, Source
from .money import Money
from .status import Axis, Move, Side

E = TypeVar("E", bound=Entity)
Versioned = Invoice | Source | Allocation | Memo | Dispute

SYSTEM = "system"
"""The role of moves nobody ordered: they follow from the ledger."""


class Draft:
    """The posting of one message; `decision()` closes it."""

    def __init__(self, book: Book, context: Context) -> None:
        self.context = context
        self._book = book
        self._over: dict[tuple[type, object], Entity] = {}
        self._dirty: dict[InvoiceKey, None] = {}
        self._places: dict[InvoiceKey, dict[str, int]] = {}
        self._facts: list[tuple[Event, type, object]] = []
        self._moves: list[tuple[Event, type, object]] = []
        self._consequences: list[tuple[Event, type, object]] = []

    # -- entities --------------------------------------------------------------------------------

    def get(self, kind: type[E], key: object) -> E | None:
        """Return the newest version of an entity, or None when nobody knows it."""
        return cast("E | None", self._over.get((kind, key))) or self._book.get(kind, key)

    def of(self, kind: type[E], account: str) -> list[E]:
        """Return the newest versions of everything of this type that belongs to `account`."""
        found: dict[object, E] = {each.key: each for each in self._book.of(kind, account)}
        for (its_kind, key), entity in self._over.items():
            if its_kind is kind and entity.account == account:
                found[key] = cast("E", entity)
        return list(found.values())

    def put(self, entity: Entity) -> None:
        """Take over a new version; an invoice put here is derived again when the draft closes."""
        self._over[type(entity), entity.key] = entity
        if isinstance(entity, Invoice):
            self._dirty[entity.key] = None

    def line(self, key: InvoiceKey, line_no: str) -> Line | None:
        """Return the newest version of a line of a known invoice, or None when it has none such."""
        invoice = self.get(Invoice, key)
        assert invoice is not None
        at = self._numbered(invoice).get(line_no)
        return None if at is None else invoice.lines[at]

    def put_line(self, key: InvoiceKey, line: Line) -> None:
        """Take over a new version of a line that the invoice has."""
        invoice = self.get(Invoice, key)
        assert invoice is not None
        at = self._numbered(invoice)[line.line_no]
        self.put(replace(invoice, lines=(*invoice.lines[:at], line, *invoice.lines[at + 1 :])))

    def _numbered(self, invoice: Invoice) -> dict[str, int]:
        """Return where each line stands: lines never move, and new ones come last."""
        places = self._places.get(invoice.key)
        if places is None or len(places) != len(invoice.lines):
            places = {line.line_no: at for at, line in enumerate(invoice.lines)}
            self._places[invoice.key] = places
        return places

    def issue(self, invoice: Invoice) -> None:
        """Take over a new invoice and announce it with its status block as issued."""
        invoice = replace(invoice, derived=self._derive(invoice))
        self._over[Invoice, invoice.key] = invoice
        event = InvoiceIssued(
            invoice=invoice.key,
            customer=invoice.account,
            kind=invoice.kind,
            issue_date=invoice.issue_date,
            due_date=invoice.due_date,
            order_reference=invoice.order_ref,
            state=StatusBlock.of(invoice.derived),
            totals=totals_block(invoice),
            line=line_blocks(invoice),
        )
        self._facts.append((event, Invoice, invoice.key))

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
        self._facts.append((event, type(entity), entity.key))

    def conclude(self, event: Event, entity: Versioned) -> None:
        """Announce a consequence (disputes), after the statuses."""
        self._consequences.append((event, type(entity), entity.key))

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
        old = line.axis(side)
        try:
            new = old.after(side, move)
        except IllegalMove as error:
            raise Rejected(Code.BAD_TRANSITION, f"line {line_no} of {key}: {error}") from None
        if new != old:
            self.put_line(key, _turned(line, side, new))
        if new.status is not old.status:
            self._announce_move(key, line_no, side, old, new, role, reason)

    def _announce_move(
        self,
        key: InvoiceKey,
        line_no: str,
        side: Side,
        old: Axis,
        new: Axis,
        role: str,
        reason: str | None,
    ) -> None:
        event = InvoiceLineStatusChanged(
            invoice=key,
            line_no=line_no,
            axis=side,
            old=old.status,
            new=new.status,
            role=role,
            acting_for=self.context.acting_for if role != SYSTEM else None,
            reason=reason,
        )
        self._moves.append((event, Invoice, key))

    # -- closing ---------------------------------------------------------------------------------

    def decision(self) -> Decision:
        """Close the draft: synchronise, derive, stamp. Call it once, last."""
        statuses: list[tuple[Event, type, object]] = []
        for key in list(self._dirty):
            self._synchronise(key)
            invoice = cast("Invoice", self._over[Invoice, key])
            derived = self._derive(invoice)
            if derived == invoice.derived:
                continue
            fresh = replace(invoice, derived=derived)
            self._over[Invoice, key] = fresh
            statuses.append((_status_changed(invoice, fresh), Invoice, key))
        announced = self._facts + self._moves + statuses + self._consequences
        return Decision(events=self._stamped(announced), changes=tuple(self._over.values()))

    def _derive(self, invoice: Invoice) -> Derived:
        flag = self.context.policy.enterprise_dispute_overrides_paid
        return derive(invoice, dispute_wins=flag)

    def _synchronise(self, key: InvoiceKey) -> None:
        """Let the enterprise axis follow the ledger, line by line (DOMAIN §3.3)."""
        invoice = cast("Invoice", self._over[Invoice, key])
        for line in invoice.lines:
            if not line.live:
                continue
            if line.open == 0:
                self.move(
                    key,
                    line.line_no,
                    Side.ENTERPRISE,
                    Move.CONFIRM_RECEIPT,
                    role=SYSTEM,
                    reason="settled",
                )
            elif not line.receipt_manual:
                self.move(
                    key,
                    line.line_no,
                    Side.ENTERPRISE,
                    Move.REVERSE_RECEIPT,
                    role=SYSTEM,
                    reason="reopened",
                )

    def _stamped(self, announced: list[tuple[Event, type, object]]) -> tuple[Stamped, ...]:
        """Number the events of each aggregate on from its version, and store the new version."""
        versions: dict[tuple[type, object], int] = {}
        stamped = []
        for event, kind, key in announced:
            entity = cast("Versioned", self._over.get((kind, key)) or self._book.get(kind, key))
            version = versions.get((kind, key), entity.version) + 1
            versions[kind, key] = version
            stamped.append(Stamped(event, aggregate_id(entity), version))
        for (kind, key), version in versions.items():
            entity = cast("Versioned", self._over.get((kind, key)) or self._book.get(kind, key))
            self._over[kind, key] = replace(entity, version=version)
        return tuple(stamped)


def aggregate_id(entity: Versioned) -> str:
    """Return the id under which the events of `entity` are counted."""
    if isinstance(entity, Allocation):
        return entity.id
    return str(entity.key)


def _turned(line: Line, side: Side, axis: Axis) -> Line:
    if side is Side.CUSTOMER:
        return line._replace(customer=axis)
    return line._replace(enterprise=axis)


def totals_block(invoice: Invoice) -> TotalsBlock:
    """Return the sums of `invoice` as events carry them."""
    currency = invoice.currency
    return TotalsBlock(
        amount=Money(invoice.amount, currency),
        debit_memos=Money(invoice.debit_memos, currency),
        credits=Money(invoice.credits, currency),
        written_off=Money(invoice.written_off, currency),
        settled=Money(invoice.settled, currency),
        pending=Money(invoice.pending, currency),
        disputed=Money(invoice.disputed_amount, currency),
    )


def line_blocks(invoice: Invoice) -> tuple[LineBlock, ...]:
    """Return the lines of `invoice` as events carry them, in document order."""
    currency = invoice.currency
    return tuple(
        LineBlock(
            line.line_no,
            line.customer.status,
            line.enterprise.status,
            Money(line.due, currency),
            Money(line.open, currency),
        )
        for line in invoice.lines
    )


def _status_changed(old: Invoice, new: Invoice) -> InvoiceStatusChanged:
    return InvoiceStatusChanged(
        invoice=new.key,
        customer=new.account,
        old=StatusBlock.of(old.derived),
        new=StatusBlock.of(new.derived),
        totals=totals_block(new),
        line=line_blocks(new),
    )
