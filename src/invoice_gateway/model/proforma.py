"""Provisioning a proforma: in its entirety or not at all, over a bus that answers later (S1-25).

Asked, it stays Sent and its money is reserved. Executed, it is issued and paid. Failed, or without
an answer in time, the money is free again and the offer is as it was (I-22).
"""

from datetime import timedelta

from . import allocation as allocations
from . import offer_issue, reservation
from .blocks_offers import FaultBlock
from .detail import Execution
from .draft import Draft
from .errors import Code, Finding, Rejected
from .events_offers import ProvisionRejected
from .events_requests import RequestExecuteRequested
from .evolve import evolve
from .invoice import Invoice, InvoiceKind, Lifecycle
from .offer import Offer, faults, named
from .outcome import Outcome, announce_tasks


def provision(draft: Draft, invoice: Invoice) -> None:
    """Ask the provisioning system for all items of a Sent proforma, its money put aside.

    Raises:
        Rejected: `not-provisionable` with one finding per fault of an item, which are announced too
            (S1-26); `no-credit-for-provision` (S1-27). Nothing changes then.
    """
    offer = draft.get(Offer, named(invoice.key))
    assert offer is not None
    found = faults(offer.lines)
    if found:
        raise _not_provisionable(invoice, found)
    invoice = reservation.cover(draft, invoice)
    answer_by = draft.context.now + timedelta(minutes=draft.context.policy.reservation_minutes)
    detail = evolve(invoice.detail, execution=Execution.EXECUTING, reserved_until=answer_by)
    invoice = evolve(invoice, detail=detail)
    draft.put(invoice)
    event = RequestExecuteRequested(
        invoice=invoice.key,
        customer=invoice.account,
        request=None,
        order_reference=invoice.order_ref,
        item=tuple(line.item() for line in offer.lines),
    )
    draft.conclude(event, invoice)


def _not_provisionable(invoice: Invoice, found: tuple[FaultBlock, ...]) -> Rejected:
    lines = dict.fromkeys(each.line_no for each in found)
    return Rejected(
        Code.NOT_PROVISIONABLE,
        f"{invoice.key} cannot be provisioned: see line {', '.join(lines)}",
        tuple(
            Finding(
                None, f"line {each.line_no}", f"{each.code}: {each.message}", each.suggestion or ""
            )
            for each in found
        ),
        event=_rejected(invoice, "check", found, None),
    )


def outcome(draft: Draft, invoice: Invoice, said: Outcome) -> None:
    """Take in the answer of the provisioning system about a proforma.

    An answer that comes after the reservation has expired counts as well: what was executed is
    executed. Its money is put aside anew (docs/adr/0028).

    Raises:
        Rejected: `already-executed`; `bad-transition` where nothing was asked; `unknown-line`;
            `no-credit-for-provision`, when the money is gone: the answer can be replayed later.
    """
    _must_be_asked(invoice)
    known = {line.line_no for line in invoice.lines}
    for line_no in (*(each.line_no for each in said.results), *(each[0] for each in said.tasks)):
        if line_no is not None and line_no not in known:
            raise Rejected(Code.UNKNOWN_LINE, f"{invoice.key} has no line {line_no!r}")
    if said.executed:
        _executed(draft, invoice, said)
    else:
        _failed(draft, invoice, said)
    allocations.auto_run(draft, invoice.account)


def _must_be_asked(invoice: Invoice) -> None:
    if invoice.kind is not InvoiceKind.PROFORMA or invoice.lifecycle is Lifecycle.ISSUED:
        raise Rejected(
            Code.ALREADY_EXECUTED if invoice.kind is InvoiceKind.PROFORMA else Code.BAD_TRANSITION,
            f"{invoice.key} ({invoice.kind}) is {invoice.lifecycle}: nothing is asked about it",
        )
    asked = invoice.detail.execution is Execution.EXECUTING
    if invoice.lifecycle is not Lifecycle.SENT or not asked:
        raise Rejected(
            Code.BAD_TRANSITION,
            f"{invoice.key} is {invoice.lifecycle}, and nobody has asked for what it offers now",
        )


def _executed(draft: Draft, invoice: Invoice, said: Outcome) -> None:
    invoice = reservation.cover(draft, invoice)
    invoice = offer_issue.issue(draft, invoice)
    for reserved in reservation.reservations(draft, invoice):
        reservation.post(draft, reserved)
    issued = draft.get(Invoice, invoice.key)
    assert issued is not None
    assert issued.pending == 0
    allocations.welcome(draft, issued)
    announce_tasks(draft, issued, said.tasks)


def _failed(draft: Draft, invoice: Invoice, said: Outcome) -> None:
    _set_free(draft, invoice, "provision-failed", Execution.PENDING)
    found = tuple(
        FaultBlock(each.line_no, each.code or "failed", each.message, each.suggestion)
        for each in said.results
        if not each.executed
    )
    event = _rejected(invoice, "outcome", found, said.reason_text)
    draft.announce_once(event, f"{invoice.key}/{draft.context.cause}")


def expire(draft: Draft, invoice: Invoice) -> None:
    """Free the money of a proforma whose provisioning was not answered in time (§3.12).

    An answer may still come: what was asked stays asked until the offer changes.
    """
    _set_free(draft, invoice, "reservation-expired", Execution.EXECUTING)
    event = _rejected(invoice, "expiry", (), "no answer in time")
    draft.announce_once(event, f"{invoice.key}/{draft.context.cause}")
    allocations.auto_run(draft, invoice.account)


def _set_free(draft: Draft, invoice: Invoice, reason: str, execution: Execution) -> None:
    for reserved in reservation.reservations(draft, invoice):
        reservation.release(draft, reserved, reason)
    freed = draft.get(Invoice, invoice.key)
    assert freed is not None
    detail = evolve(freed.detail, execution=execution, reserved_until=None)
    draft.put(evolve(freed, detail=detail))


def _rejected(
    invoice: Invoice, stage: str, found: tuple[FaultBlock, ...], reason_text: str | None
) -> ProvisionRejected:
    return ProvisionRejected(
        invoice=invoice.key,
        customer=invoice.account,
        stage=stage,
        reason_text=reason_text,
        item=found,
    )
