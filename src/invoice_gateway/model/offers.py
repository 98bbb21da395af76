"""What people do with offers: edit, send, copy, delete, void, provision; and with issued invoices.

`TRANSITIONS` says which command is possible where; anything else is a `bad-transition`.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from . import allocation as allocations
from . import deriving, proforma, requests, writing
from .blocks import StatusBlock, line_blocks, totals_block
from .draft import Draft
from .errors import Code, Rejected
from .events_offers import (
    InvoiceDeleted,
    InvoiceSent,
    InvoiceVoided,
)
from .evolve import evolve
from .invoice import Invoice, InvoiceKind, Lifecycle
from .keys import InvoiceKey
from .ledger import Account
from .money import shown
from .offer import Content


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


# -- commands -------------------------------------------------------------------------------------


def _edit(draft: Draft, invoice: Invoice, asked: Asked) -> None:
    assert asked.content is not None
    writing.edit(draft, invoice, asked.content)


def _copy(draft: Draft, invoice: Invoice, asked: Asked) -> None:
    assert asked.number is not None
    writing.copy(draft, invoice, asked.number)


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
