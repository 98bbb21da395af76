"""Writing a book: new entities as rows, known ones as updates of what may change."""

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from invoice_gateway.model.decision import Book, Entity
from invoice_gateway.model.detail import PLAIN
from invoice_gateway.model.invoice import Invoice, Lifecycle
from invoice_gateway.model.keys import InvoiceKey, SourceKey
from invoice_gateway.model.ledger import (
    Account,
    Allocation,
    AllocationState,
    Dispute,
    Memo,
    Notice,
    Pair,
    Reversal,
    Source,
)

from . import (
    numbering,
    reads,
    reads_money,
    rows,
    rows_detail,
    rows_disputes,
    rows_money,
    sql,
    tables,
)
from .connection import Session
from .loading import Known
from .shelf import SHELVES

E = TypeVar("E", bound=Entity)

ACCOUNT: Final = sql.upserting(tables.account, ["party"], rows.ACCOUNT_ROW)
EDITABLE: Final = (Lifecycle.DRAFT, Lifecycle.SENT)
"""While an invoice is an offer, its terms may change; as of then the tables refuse that."""

NEW_INVOICE: Final = sql.inserting(tables.invoice, (*rows.INVOICE_ROW, *rows.INVOICE_STATE_ROW))
OFFER: Final = sql.updating(tables.invoice, "id", rows.OFFER_ROW)
DETAIL: Final = sql.upserting(tables.invoice_detail, ["invoice_id"], rows_detail.DETAIL_ROW)
INVOICE: Final = sql.updating(tables.invoice, "id", rows.INVOICE_STATE_ROW)
SNAPSHOT: Final = sql.inserting(tables.invoice_snapshot, ["invoice_id", "snapshot"])
LINE: Final = sql.inserting(tables.invoice_line, rows.LINE_ROW)
LINE_STATE: Final = sql.upserting(
    tables.line_state, ["invoice_id", "position"], rows.LINE_STATE_ROW
)
NEW_SOURCE: Final = sql.inserting(
    tables.source, (*rows_money.SOURCE_ROW, *rows_money.SOURCE_STATE_ROW)
)
SOURCE: Final = sql.updating(tables.source, "id", rows_money.SOURCE_STATE_ROW)
INTENT: Final = sql.upserting(
    tables.source_intent, ["source_id", "position"], ["issuer", "number", "amount", "waiting"]
)
NEW_ALLOCATION: Final = sql.inserting(tables.allocation, rows_money.ALLOCATION_ROW)
ALLOCATION: Final = sql.updating(tables.allocation, "id", ["state", "version"])
POSTED: Final = sql.updating(tables.allocation, "id", ["carry", "source_carry"])
PART: Final = sql.inserting(
    tables.allocation_part, ["allocation_id", "position", "line_no", "amount"]
)
REMOVAL: Final = sql.inserting(
    tables.allocation_removal, ["allocation_id", "reason", "removed_on", "removed_by"]
)
NEW_MEMO: Final = sql.inserting(tables.memo, (*rows_money.MEMO_ROW, *rows_money.MEMO_STATE_ROW))
MEMO: Final = sql.updating(tables.memo, "id", rows_money.MEMO_STATE_ROW)
MEMO_PART: Final = sql.inserting(
    tables.memo_part, ["memo_id", "position", "line_no", "amount", "applied", "excess"]
)
REVERSAL: Final = sql.inserting(tables.reversal, rows_money.REVERSAL_ROW)
NEW_DISPUTE: Final = sql.inserting(
    tables.dispute, (*rows_disputes.DISPUTE_ROW, *rows_disputes.DISPUTE_STATE_ROW)
)
DISPUTE: Final = sql.updating(tables.dispute, "id", rows_disputes.DISPUTE_STATE_ROW)
NOTICE: Final = sql.inserting(
    tables.notice, ["kind", "party", "notice_id", "content_hash", "cause"]
)
PAIR: Final = sql.upserting(tables.pair, ["source_id", "invoice_id"], ["blocked"])


def save(session: Session, book: Book, known: Known) -> None:
    """Write the last version of everything touched: parents before children, old before new.

    Updates go before inserts where a unique key may pass from one row to the other (open disputes).
    """
    saving = _Saving(session, book, known)
    saving.accounts()
    saving.invoices()
    saving.sources()
    saving.memos()
    saving.allocations()
    saving.reversals()
    saving.disputes()
    saving.notices()
    saving.pairs()
    saving.shelves()


def save_details(session: Session, book: Book, known: Known) -> dict[object, int]:
    """Write what only some invoices have; return the numbers that were given, by invoice key.

    Invoices that take a number take it here: what comes after holds up others that issue.
    """
    return _Saving(session, book, known).details()


class _Saving:
    """One save in progress; it knows the rows of what was loaded and of what it has written."""

    def __init__(self, session: Session, book: Book, known: Known) -> None:
        self.session = session
        self.book = book
        self.known = known

    def _touched(self, kind: type[E]) -> list[tuple[E, E | None]]:
        """Return (as it is now, as it was loaded or None) of every changed entity of `kind`."""
        before = self.known.entities[kind]
        found = []
        for key in self.book.touched[kind]:
            now, then = self.book.get(kind, key), before.get(key)
            assert now is not None
            if then is None or now != then:
                found.append((now, then))
        return found  # type: ignore[return-value]

    def _number(self, kind: type[Entity], key: object) -> int:
        """Return the row id of a known entity."""
        return self.known.ids[kind][key]

    def _new(self, entity: Entity) -> int:
        """Return the id of a new row for `entity`."""
        number = self.session.id()
        self.known.ids[type(entity)][entity.key] = number
        return number

    def accounts(self) -> None:
        """Write the accounts."""
        changed = [now for now, before in self._touched(Account)]
        self.session.write(ACCOUNT, [rows.account_row(account) for account in changed])

    def invoices(self) -> None:
        """Write invoices, lines that are new, snapshots, and the state of lines that changed."""
        new, changed, offers, lines, states, snapshots = [], [], [], [], [], []
        for invoice, before in self._touched(Invoice):
            if before is None:
                number = self._new(invoice)
                new.append((*rows.invoice_row(number, invoice), *rows.invoice_state_row(invoice)))
            else:
                number = self._number(Invoice, invoice.key)
                changed.append((number, *rows.invoice_state_row(invoice)))
                if before.lifecycle in EDITABLE:
                    offers.append((number, *rows.offer_row(invoice)))
            if invoice.snapshot is not None:  # it is there only until it is written
                snapshots.append((number, invoice.snapshot))
            lines += [(number, at, past) for at, past in invoice.editions]
            first = invoice.detail.first_line
            old = before.lines if before and before.detail.first_line == first else ()
            if len(invoice.lines) > len(old):
                lines.append((number, first + len(old), invoice.lines[len(old) :]))
            states += rows.line_state_rows(number, invoice.lines, old, first)
        columns, others = rows.new_lines(lines)
        self.session.write(NEW_INVOICE, new)
        self.session.write(OFFER, offers)
        self.session.write(INVOICE, changed)
        self.session.put(LINE, columns)
        self.session.write(SNAPSHOT, snapshots)
        self.session.write(LINE_STATE, states + others)

    def details(self) -> dict[object, int]:
        """Write the details that changed; return the numbers given."""
        changed = [
            now
            for now, before in self._touched(Invoice)
            if now.detail is not (before.detail if before else PLAIN)
        ]
        given = numbering.take(self.session, changed)
        written = [
            (
                self._number(Invoice, each.key),
                *rows_detail.detail_row(each.detail, given.get(each.key)),
            )
            for each in changed
        ]
        self.session.write(DETAIL, written)
        return given

    def shelves(self) -> None:
        """Write orders, requests and the rest of what is kept one row each."""
        for shelf in SHELVES.values():
            touched = self._touched(shelf.kind)
            new = [shelf.row(now) for now, before in touched if before is None]
            self.session.write(shelf.insert, new)
            changed = [shelf.row(now) for now, before in touched if before is not None]
            self.session.write(shelf.write, changed)
            if shelf.lines is not None:
                lines = [row for now, before in touched for row in shelf.line_rows(now, before)]
                self.session.write(shelf.write_lines, lines)

    def sources(self) -> None:
        """Write sources, and the intents that are new or no longer wait."""
        new, changed, intents = [], [], []
        for source, before in self._touched(Source):
            if before is None:
                number = self._new(source)
                new.append(
                    (*rows_money.source_row(number, source), *rows_money.source_state_row(source))
                )
            else:
                number = self._number(Source, source.key)
                changed.append((number, *rows_money.source_state_row(source)))
            old = before.intents if before else ()
            assert len(source.intents) >= len(old), "an intent is never taken back"
            for position, intent in enumerate(source.intents):
                if position >= len(old) or intent != old[position]:
                    intents.append((number, position, *intent.invoice, *intent[1:]))
        self.session.write(NEW_SOURCE, new)
        self.session.write(SOURCE, changed)
        self.session.write(INTENT, intents)

    def memos(self) -> None:
        """Write documents with their parts, or what changed about them."""
        new, changed, parts = [], [], []
        touched = self._touched(Memo)
        self._find_invoices([memo.invoice for memo, _ in touched if memo.invoice])
        for memo, before in touched:
            if before is not None:
                changed.append((self._number(Memo, memo.key), *rows_money.memo_state_row(memo)))
                continue
            number = self._new(memo)
            invoice = self._number(Invoice, memo.invoice) if memo.invoice else None
            new.append(
                (*rows_money.memo_row(number, invoice, memo), *rows_money.memo_state_row(memo))
            )
            parts += [(number, at, *part) for at, part in enumerate(memo.parts)]
        self.session.write(NEW_MEMO, new)
        self.session.write(MEMO, changed)
        self.session.write(MEMO_PART, parts)

    def allocations(self) -> None:
        """Write new allocations with their parts, and removals."""
        new, posted, changed, parts, removals = [], [], [], [], []
        touched = self._touched(Allocation)
        self._find_invoices([allocation.invoice for allocation, _ in touched])
        self._find_sources([allocation.source for allocation, _ in touched])
        for allocation, before in touched:
            if before is None:
                number = self._new(allocation)
                source = self._number(Source, allocation.source)
                invoice = self._number(Invoice, allocation.invoice)
                new.append(rows_money.allocation_row(number, source, invoice, allocation))
                parts += [(number, at, *part) for at, part in enumerate(allocation.parts)]
            else:
                number = self._number(Allocation, allocation.key)
                changed.append((number, allocation.state, allocation.version))
                if before.state is AllocationState.RESERVED:
                    posted.append((number, allocation.carry, allocation.source_carry))
            if allocation.state is AllocationState.REMOVED:
                removed_on = rows.day(allocation.removed_on)
                removals.append(
                    (number, allocation.removed_reason, removed_on, allocation.removed_by)
                )
        self.session.write(NEW_ALLOCATION, new)
        self.session.write(POSTED, posted)
        self.session.write(ALLOCATION, changed)
        self.session.write(PART, parts)
        self.session.write(REMOVAL, removals)

    def reversals(self) -> None:
        """Write reversals, which never change."""
        touched = [reversal for reversal, before in self._touched(Reversal) if before is None]
        self._find_sources([reversal.source for reversal in touched])
        written = [
            rows_money.reversal_row(self._new(each), self._number(Source, each.source), each)
            for each in touched
        ]
        self.session.write(REVERSAL, written)

    def disputes(self) -> None:
        """Write what changed about known disputes, then the new ones."""
        touched = self._touched(Dispute)
        self._find_invoices([dispute.invoice for dispute, _ in touched])
        new, changed = [], []
        for dispute, before in touched:
            state = rows_disputes.dispute_state_row(dispute)
            if before is None:
                invoice = self._number(Invoice, dispute.invoice)
                new.append((*rows_disputes.dispute_row(invoice, dispute), *state))
            else:
                changed.append((dispute.id, *state))
        self.session.write(DISPUTE, changed)
        self.session.write(NEW_DISPUTE, new)

    def notices(self) -> None:
        """Write new notices, which never change."""
        touched = [notice for notice, before in self._touched(Notice) if before is None]
        self.session.write(NOTICE, [(*each.key, each.content_hash, each.cause) for each in touched])

    def pairs(self) -> None:
        """Write which pairs are blocked."""
        touched = [pair for pair, _ in self._touched(Pair)]
        self._find_invoices([pair.invoice for pair in touched])
        self._find_sources([pair.source for pair in touched])
        written = [
            (self._number(Source, pair.source), self._number(Invoice, pair.invoice), pair.blocked)
            for pair in touched
        ]
        self.session.write(PAIR, written)

    def _find_invoices(self, keys: Sequence[InvoiceKey]) -> None:
        """Look up rows of invoices that were neither loaded nor written by this work."""
        missing = {key for key in keys if key not in self.known.ids[Invoice]}
        if missing:
            self._find("invoice", ("issuer", "number"), missing, reads.invoices, InvoiceKey)

    def _find_sources(self, keys: Sequence[SourceKey]) -> None:
        missing = {key for key in keys if key not in self.known.ids[Source]}
        if missing:
            columns = ("account", "type", "reference")
            self._find("source", columns, missing, reads_money.sources, SourceKey)

    def _find(
        self,
        name: str,
        columns: tuple[str, ...],
        missing: set[Any],
        statement: Callable[[tuple[str, ...], bool], Any],
        key: type[InvoiceKey | SourceKey],
    ) -> None:
        pg = self.session.postgresql
        parameters = sql.keys(name, *columns, rows=missing, postgresql=pg)
        kind = Invoice if key is InvoiceKey else Source
        for row in self.session.read(statement((name,), pg), parameters):
            found = key(*(getattr(row, column) for column in columns))
            self.known.ids[kind][found] = row.id
