"""What follows when the posting of a message closes: statuses follow the ledger, and what hangs on.

First orders under review are looked at again, for what lets one go may be billed (§3.9). Then, per
invoice that was put: the enterprise axis follows the money (DOMAIN §3.3), the published tuple is
derived (§3.4), consequences of being settled or reopened are drawn, and the time at which it wakes
next is set (§3.12).
"""

from . import credit, deriving, period, requests, service
from .blocks import StatusBlock, accounting_block, line_blocks, totals_block
from .decision import Role
from .detail import PLAIN
from .draft import Draft, Place
from .event import Event
from .events import InvoiceStatusChanged
from .evolve import evolve
from .invoice import Invoice
from .keys import InvoiceKey
from .status import NEW_AXIS, Move, Side, Status


def close(draft: Draft) -> list[tuple[Event, Place]]:
    """Bring everything the draft has touched up to date; return the changes of status, in order.

    Raises:
        Rejected: `period-locked`.
    """
    if draft.context.policy.declared_paid_grace_days:
        _note_declarations(draft)
    credit.review(draft)
    period.refuse_closed(draft)
    statuses: list[tuple[Event, Place]] = []
    for key in draft.dirty:
        _synchronise(draft, key)
        invoice = draft.get(Invoice, key)
        assert invoice is not None
        fresh = deriving.derived(draft, invoice)
        if fresh.derived != invoice.derived:
            statuses.append((_status_changed(invoice, fresh), (Invoice, key)))
        if fresh is not invoice:
            draft.replace(fresh)
        if fresh.detail is not PLAIN:
            before = draft.known(Invoice, key)
            requests.follow(draft, before, fresh)
            service.follow(draft, before, fresh)
    return statuses


def _note_declarations(draft: Draft) -> None:
    """Note on invoices whose customer declares lines paid when that was (§3.12)."""
    declared = {
        each.invoice: None
        for each in draft.moves()
        if each.axis == Side.CUSTOMER and each.new == Status.PAID
    }
    for key in declared:
        invoice = draft.get(Invoice, key)
        assert invoice is not None
        detail = evolve(invoice.detail, declared_on=draft.context.today)
        draft.put(evolve(invoice, detail=detail))


def _synchronise(draft: Draft, key: InvoiceKey) -> None:
    """Let the enterprise axis follow the ledger, line by line (DOMAIN §3.3)."""
    invoice = draft.get(Invoice, key)
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
        lines[at] = draft.moved(key, line, Side.ENTERPRISE, move, Role.SYSTEM, reason)
    if (*lines,) != invoice.lines:
        draft.replace(evolve(invoice, lines=(*lines,)))


def _status_changed(old: Invoice, new: Invoice) -> InvoiceStatusChanged:
    return InvoiceStatusChanged(
        invoice=new.key,
        customer=new.account,
        old=StatusBlock.of(old.derived),
        new=StatusBlock.of(new.derived),
        totals=totals_block(new),
        accounting=accounting_block(new.carry) if new.carry else None,
        line=line_blocks(new),
    )
