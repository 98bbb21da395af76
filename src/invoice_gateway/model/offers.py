"""What people do with offers: write, edit, send, copy, delete, void; and with issued invoices.

`TRANSITIONS` says which command is possible where; anything else is a `bad-transition`. An edition
is a version of an offer: its lines take the place of those before, which stay as history (S1-05).
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from . import allocation as allocations
from . import deriving, proforma, requests
from .blocks import StatusBlock, line_blocks, totals_block
from .blocks_offers import OfferedBlock
from .detail import Detail, Execution
from .draft import Draft
from .errors import Code, Rejected
from .events_offers import (
    InvoiceDeleted,
    InvoiceDrafted,
    InvoiceEdited,
    InvoiceSent,
    InvoiceVoided,
)
from .evolve import evolve
from .invoice import ISSUED_NEW, Invoice, InvoiceKind, Lifecycle, Line
from .keys import InvoiceKey
from .ledger import Account
from .money import Money, shown
from .offer import Content, Offer, OfferLine, named
from .quotes import quoted


class Command(StrEnum):
    """What can be commanded about one invoice."""

    EDIT = "edit"
    SEND = "send"
    MARK_SENT = "mark-sent"
    RESEND = "resend"
    COPY = "copy"
    DELETE = "delete"
    VOID = "void"
    PROVISION = "provision"
    SET_AUTO_ALLOCATE = "set-auto-allocate"
    CANCEL = "cancel"
    EXECUTE_WITHOUT_PAYMENT = "execute-without-payment"


class Asked(NamedTuple):
    """A command with what it needs: content to edit, the number of a copy, a reason, a choice.

    `choice` is whether to allocate automatically, or whether to keep the invoice that was not paid.
    """

    command: Command
    content: Content | None = None
    number: InvoiceKey | None = None
    reason: str | None = None
    choice: bool = False


class Where(NamedTuple):
    """Kinds and states of an invoice in which a command is possible."""

    kinds: frozenset[InvoiceKind]
    states: frozenset[Lifecycle]


OFFERS: Final = frozenset({InvoiceKind.PROFORMA, InvoiceKind.TOPUP})
_PROFORMA: Final = frozenset({InvoiceKind.PROFORMA})
_REQUEST: Final = frozenset({InvoiceKind.REQUEST})
_DRAFT: Final = frozenset({Lifecycle.DRAFT})
_SENT: Final = frozenset({Lifecycle.SENT})
_ISSUED: Final = frozenset({Lifecycle.ISSUED})

TRANSITIONS: Final[Mapping[Command, Where]] = {
    Command.EDIT: Where(OFFERS, _DRAFT | _SENT),
    Command.SEND: Where(OFFERS, _DRAFT),
    Command.MARK_SENT: Where(OFFERS, _DRAFT),
    Command.RESEND: Where(OFFERS, _SENT | _ISSUED),
    Command.COPY: Where(OFFERS, frozenset(Lifecycle)),
    Command.DELETE: Where(OFFERS, _DRAFT),
    Command.VOID: Where(OFFERS, _SENT),
    Command.PROVISION: Where(_PROFORMA, _SENT),
    Command.SET_AUTO_ALLOCATE: Where(frozenset(InvoiceKind), _DRAFT | _SENT | _ISSUED),
    Command.CANCEL: Where(_REQUEST, _ISSUED),
    Command.EXECUTE_WITHOUT_PAYMENT: Where(_REQUEST, _ISSUED),
}
"""Where each command is possible (DOMAIN §3.2)."""
BUSY: Final = frozenset({Command.EDIT, Command.VOID, Command.PROVISION})
"""What has to wait while the provisioning system is asked."""


def carry_out(draft: Draft, invoice: Invoice, asked: Asked) -> None:
    """Carry out a command about `invoice`.

    Raises:
        Rejected: `bad-transition`, `not-voidable-issued`, or what the command itself refuses.
    """
    command, where = asked.command, TRANSITIONS[asked.command]
    if command is Command.VOID and invoice.lifecycle is Lifecycle.ISSUED:
        raise Rejected(
            Code.NOT_VOIDABLE_ISSUED, f"{invoice.key} is issued: give credit instead (S1-29, S2-13)"
        )
    if invoice.kind not in where.kinds or invoice.lifecycle not in where.states:
        raise Rejected(
            Code.BAD_TRANSITION,
            f"{command} is not possible: {invoice.key} ({invoice.kind}) is {invoice.lifecycle}",
        )
    if invoice.provisioning and command in BUSY:
        raise Rejected(
            Code.BAD_TRANSITION,
            f"{command} has to wait: {invoice.key} is being provisioned",
        )
    _DO[command](draft, invoice, asked)


# -- writing --------------------------------------------------------------------------------------


def write(
    draft: Draft,
    key: InvoiceKey,
    account: Account,
    content: Content,
    copy_of: Invoice | None = None,
) -> None:
    """Write a new draft (S1-01 to S1-03).

    Raises:
        Parked: `unknown-order`.
        Rejected: `amount-not-positive`, or what `quoted` refuses.
    """
    if content.quote is not None:
        content = quoted(draft, account, content)
    _must_cost_something(content)
    today = draft.context.today
    detail = Detail(
        name=content.name,
        recipient=content.recipient,
        due_days=content.due_days,
        execution=Execution.PENDING,
        copy_of=copy_of.key if copy_of else None,
    )
    invoice = Invoice(
        key=key,
        account=account.party,
        currency=content.currency,
        amount=content.amount,
        issue_date=today,
        due_date=today + timedelta(days=content.due_days),
        lines=tuple(line.line() for line in content.lines),
        derived=ISSUED_NEW,
        kind=InvoiceKind.TOPUP if content.topup else InvoiceKind.PROFORMA,
        lifecycle=Lifecycle.DRAFT,
        order_ref=content.quote,
        description=content.name,
        content_hash=draft.context.content_hash,
        cause=draft.context.cause,
        detail=detail,
    )
    draft.put(invoice)
    _keep(draft, invoice, content)
    event = InvoiceDrafted(
        invoice=key,
        customer=invoice.account,
        kind=invoice.kind,
        title=content.name,
        recipient=content.recipient,
        due_days=content.due_days,
        order_reference=invoice.order_ref,
        copy_of=detail.copy_of,
        amount=Money(invoice.amount, invoice.currency),
        offered=_offered(content.lines, invoice.currency),
    )
    draft.announce(event, invoice)


def _must_cost_something(content: Content) -> None:
    if content.amount <= 0:
        raise Rejected(
            Code.AMOUNT_NOT_POSITIVE,
            f"an offer must cost something, this comes to "
            f"{shown(content.amount, content.currency)}",
        )


def _keep(draft: Draft, invoice: Invoice, content: Content) -> None:
    """Keep the content of the newest edition."""
    offer = Offer(
        id=named(invoice.key),
        account=invoice.account,
        blocks=content.blocks,
        lines=content.lines,
        cause=draft.context.cause,
    )
    draft.put(offer)


def _offered(lines: tuple[OfferLine, ...], currency: str) -> tuple[OfferedBlock, ...]:
    return tuple(
        OfferedBlock(line.line_no, line.description, line.group, Money(line.amount, currency))
        for line in lines
    )


# -- commands -------------------------------------------------------------------------------------


def _edit(draft: Draft, invoice: Invoice, asked: Asked) -> None:
    """Make a new edition (S1-32): no line may ask for less than is settled on it."""
    content = asked.content
    assert content is not None
    if content.topup != (invoice.kind is InvoiceKind.TOPUP):
        raise Rejected(Code.BAD_TRANSITION, f"{invoice.key} stays a {invoice.kind}")
    if content.currency != invoice.currency:
        raise Rejected(
            Code.CURRENCY_MISMATCH, f"{invoice.key} is in {invoice.currency}, and stays in it"
        )
    _must_cost_something(content)
    lines = _carried(invoice, content)
    detail = evolve(
        invoice.detail,
        name=content.name,
        recipient=content.recipient,
        due_days=content.due_days,
        edition=invoice.detail.edition + 1,
        first_line=invoice.detail.first_line + len(invoice.lines),
        execution=Execution.PENDING,
    )
    editions = invoice.editions
    if invoice.lines[0].terms is not None:
        editions += ((invoice.detail.first_line, invoice.lines),)
    edited = evolve(
        invoice,
        amount=content.amount,
        due_date=invoice.issue_date + timedelta(days=content.due_days),
        description=content.name,
        lines=lines,
        editions=editions,
        detail=detail,
    )
    draft.put(edited)
    _keep(draft, edited, content)
    event = InvoiceEdited(
        invoice=edited.key,
        customer=edited.account,
        edition=detail.edition,
        title=content.name,
        recipient=content.recipient,
        due_days=content.due_days,
        due_date=edited.due_date,
        amount=Money(edited.amount, edited.currency),
        offered=_offered(content.lines, edited.currency),
    )
    draft.announce(event, edited)


def _carried(invoice: Invoice, content: Content) -> tuple[Line, ...]:
    """Return the new lines with what is settled and said of the old ones of the same number.

    Raises:
        Rejected: `below-settled`: the whole, or a line, asks for less than is settled or disputed.
    """
    currency = invoice.currency
    if content.amount < invoice.settled:
        raise Rejected(
            Code.BELOW_SETTLED,
            f"{shown(invoice.settled, currency)} are settled on {invoice.key}, "
            f"the new edition asks for {shown(content.amount, currency)}",
        )
    new = {line.line_no: line.line() for line in content.lines}
    for old in invoice.lines:
        least = max(old.settled, old.disputed)
        line = new.get(old.line_no)
        asks = line.amount if line else 0
        if asks < least:
            raise Rejected(
                Code.BELOW_SETTLED,
                f"{shown(least, currency)} are settled or disputed on line {old.line_no}, "
                f"the new edition asks for {shown(asks, currency)}",
            )
        if line:
            new[old.line_no] = line._replace(
                settled=old.settled,
                disputed=old.disputed,
                customer=old.customer,
                enterprise=old.enterprise,
                receipt_manual=old.receipt_manual,
            )
    return tuple(new.values())


def _send(draft: Draft, invoice: Invoice, asked: Asked) -> None:
    """Give it to the customer: from here on it can be paid, and due days count (S1-04, S1-33)."""
    account = draft.get(Account, invoice.account)
    assert account is not None
    today = draft.context.today
    sent = evolve(
        invoice,
        lifecycle=Lifecycle.SENT,
        issue_date=today,
        due_date=today + timedelta(days=invoice.detail.due_days or 0),
        detail=evolve(invoice.detail, reminder_days=account.reminder_days),
    )
    sent = deriving.derived(draft, sent)
    draft.put(sent)
    _announce_sent(draft, sent, asked.command)
    allocations.welcome(draft, sent)


def _resend(draft: Draft, invoice: Invoice, asked: Asked) -> None:
    _announce_sent(draft, invoice, asked.command)


def _announce_sent(draft: Draft, invoice: Invoice, means: Command) -> None:
    event = InvoiceSent(
        invoice=invoice.key,
        customer=invoice.account,
        kind=invoice.kind,
        means=means,
        title=invoice.detail.name or "",
        recipient=invoice.detail.recipient or "",
        due_date=invoice.due_date,
        state=StatusBlock.of(invoice.derived),
        totals=totals_block(invoice),
        line=line_blocks(invoice),
    )
    draft.announce(event, invoice)


def _copy(draft: Draft, invoice: Invoice, asked: Asked) -> None:
    """Write a new draft that says the same; no money and no number goes with it (S1-07)."""
    offer = draft.get(Offer, named(invoice.key))
    account = draft.get(Account, invoice.account)
    assert offer is not None
    assert account is not None
    assert asked.number is not None
    content = Content(
        topup=invoice.kind is InvoiceKind.TOPUP,
        name=invoice.detail.name or "",
        recipient=invoice.detail.recipient or "",
        due_days=invoice.detail.due_days or 0,
        currency=invoice.currency,
        lines=offer.lines,
        blocks=offer.blocks,
    )
    write(draft, asked.number, account, content, invoice)


def _delete(draft: Draft, invoice: Invoice, asked: Asked) -> None:
    deleted = evolve(invoice, lifecycle=Lifecycle.DELETED)
    draft.put(deleted)
    event = InvoiceDeleted(invoice=invoice.key, customer=invoice.account, reason_text=asked.reason)
    draft.announce(event, deleted)
    allocations.welcome(draft, deleted)


def _void(draft: Draft, invoice: Invoice, asked: Asked) -> None:
    """Take back what was sent, without credit note, if nothing is on it (S1-30, S1-31)."""
    if invoice.settled:
        raise Rejected(
            Code.NOT_VOIDABLE_ALLOCATED,
            f"{shown(invoice.settled, invoice.currency)} are on {invoice.key}: take them off first",
        )
    voided = evolve(invoice, lifecycle=Lifecycle.VOIDED)
    draft.put(voided)
    event = InvoiceVoided(invoice=invoice.key, customer=invoice.account, reason_text=asked.reason)
    draft.announce(event, voided)
    allocations.welcome(draft, voided)


def _provision(draft: Draft, invoice: Invoice, _: Asked) -> None:
    proforma.provision(draft, invoice)


def _set_auto(draft: Draft, invoice: Invoice, asked: Asked) -> None:
    draft.put(evolve(invoice, auto_allocate=asked.choice))


def _cancel(draft: Draft, invoice: Invoice, asked: Asked) -> None:
    requests.cancel(draft, invoice, asked.reason or "cancelled")


def _execute_without_payment(draft: Draft, invoice: Invoice, asked: Asked) -> None:
    requests.execute_without_payment(draft, invoice, keep=asked.choice)


_DO: Final[Mapping[Command, Callable[[Draft, Invoice, Asked], None]]] = {
    Command.EDIT: _edit,
    Command.SEND: _send,
    Command.MARK_SENT: _send,
    Command.RESEND: _resend,
    Command.COPY: _copy,
    Command.DELETE: _delete,
    Command.VOID: _void,
    Command.PROVISION: _provision,
    Command.SET_AUTO_ALLOCATE: _set_auto,
    Command.CANCEL: _cancel,
    Command.EXECUTE_WITHOUT_PAYMENT: _execute_without_payment,
}
