"""Requests wait for money, and are executed when their invoice is paid in full (S4-21…29).

Execution is irreversible, and the one boundary (X-03): before it an invoice is cancelled together
with its request, after it there are credit documents only.
"""

from typing import Final

from . import allocation, collection, memo, reversals
from .blocks import AskedBlock
from .decision import WaitsFor
from .detail import Execution
from .draft import Draft
from .errors import Code, Parked, Rejected
from .events_requests import (
    InvoiceCancelled,
    InvoiceConverted,
    RequestCancelled,
    RequestExecuted,
    RequestExecuteRequested,
    RequestFailed,
)
from .evolve import evolve
from .invoice import Invoice, InvoiceKind, Lifecycle
from .keys import InvoiceKey
from .ledger import Account, Allocation, AllocationState
from .money import Money
from .order import Request, RequestState

CUSTOMER: Final = "customer"
"""The class of parties whose requests may be executed without payment (S4-25)."""
TIMED_OUT: Final = "not paid in time"


def follow(draft: Draft, before: Invoice | None, invoice: Invoice) -> None:
    """Have a request executed whose invoice has been paid in full by this message (S4-23).

    Nothing is asked for twice: a request that failed waits for somebody to act.
    """
    paid = invoice.pending <= 0 and (before is None or before.pending > 0)
    if paid and invoice.lifecycle is Lifecycle.ISSUED and collection.waits_for_request(invoice):
        _ask(draft, invoice, _request(draft, invoice))


def cancel(draft: Draft, invoice: Invoice, reason: str) -> None:
    """Cancel an invoice that nobody has paid anything on, and its request with it (S4-31).

    Raises:
        Rejected: `bad-transition`, `already-executed` or `not-cancellable-paid`.
        Parked: `request-executing`.
    """
    request = _pending(draft, invoice)
    if invoice.settled:
        raise Rejected(
            Code.NOT_CANCELLABLE_PAID,
            f"{invoice.key} is paid in part: take the money off first, or wait for its deadline",
        )
    _withdraw(draft, invoice, request, reason)


def cancel_in_time(draft: Draft, invoice: Invoice) -> None:
    """Cancel an invoice whose request nobody paid in time, after setting its money free (X-11)."""
    request = _pending(draft, invoice)
    released = [
        each
        for each in draft.of(Allocation, invoice.account)
        if each.invoice == invoice.key and each.state is AllocationState.POSTED
    ]
    for each in released:
        allocation.remove(draft, each, TIMED_OUT)
    newest = draft.get(Invoice, invoice.key)
    assert newest is not None
    assert not newest.settled
    _withdraw(draft, newest, request, TIMED_OUT)
    allocation.auto_run(draft, invoice.account)
    for source in dict.fromkeys(each.source for each in released):
        allocation.report_unallocated(draft, source)


def execute_without_payment(draft: Draft, invoice: Invoice, *, keep: bool) -> None:
    """Have a request executed although its invoice is not paid (S4-25).

    With `keep` the invoice stays as it is and is collected (S4-26); else what is pending is
    discounted as soon as the request has been executed (S4-27).

    Raises:
        Rejected: `bad-transition`, `already-executed` or `execute-not-customer`.
        Parked: `request-executing`.
    """
    request = _pending(draft, invoice)
    account = draft.get(Account, invoice.account)
    assert account is not None
    if account.party_class != CUSTOMER:
        raise Rejected(
            Code.EXECUTE_NOT_CUSTOMER,
            f"{invoice.account} is a {account.party_class}: only for customers is a request "
            "executed without payment",
        )
    _ask(draft, invoice, evolve(request, executed_without_payment=True, discounted=not keep))


def outcome(draft: Draft, request: Request, *, executed: bool, reason: str | None) -> None:
    """Take over what the provisioning system says: done for good, or waiting again (S4-28).

    Raises:
        Rejected: `already-executed`, or `bad-transition` when nobody asked.
    """
    invoice = draft.get(Invoice, request.invoice)
    assert invoice is not None
    if request.state is RequestState.EXECUTED:
        raise Rejected(Code.ALREADY_EXECUTED, f"request {request.id!r} has been executed")
    if request.state is not RequestState.EXECUTING:
        raise Rejected(
            Code.BAD_TRANSITION,
            f"request {request.id!r} is {request.state}: nobody has asked for it to be executed",
        )
    if executed:
        _executed(draft, invoice, request)
    else:
        _failed(draft, invoice, request, reason)
    allocation.auto_run(draft, invoice.account)


def _executed(draft: Draft, invoice: Invoice, request: Request) -> None:
    request = evolve(request, state=RequestState.EXECUTED, executed_at=draft.context.now)
    draft.put(request)
    today = draft.context.today
    detail = evolve(invoice.detail, execution=Execution.EXECUTED, converted_on=today)
    invoice = evolve(invoice, detail=detail)
    draft.put(invoice)
    done = RequestExecuted(
        request=request.id,
        customer=request.account,
        order_reference=request.order_ref,
        request_type=request.type,
        invoice=request.invoice,
        without_payment=request.executed_without_payment,
    )
    draft.conclude(done, request)
    days = dict(collection.days(invoice, draft.context.policy))
    converted = InvoiceConverted(
        invoice=invoice.key,
        customer=invoice.account,
        request=request.id,
        converted_on=today,
        suspend_on=days.get(collection.Timer.SUSPEND),
        delete_on=days.get(collection.Timer.DELETE),
    )
    draft.conclude(converted, invoice)
    if request.discounted and invoice.pending > 0:
        reason = f"request {request.id} executed without payment"
        reversals.discount_pending(draft, invoice, _document(draft, invoice, "DC", reason))


def _failed(draft: Draft, invoice: Invoice, request: Request, reason: str | None) -> None:
    request = evolve(
        request, state=RequestState.PENDING, executed_without_payment=False, discounted=False
    )
    draft.put(request)
    draft.put(evolve(invoice, detail=evolve(invoice.detail, execution=Execution.PENDING)))
    failed = RequestFailed(
        request=request.id,
        customer=request.account,
        order_reference=request.order_ref,
        request_type=request.type,
        invoice=request.invoice,
        reason_text=reason,
    )
    draft.conclude(failed, request)


def _ask(draft: Draft, invoice: Invoice, request: Request) -> None:
    """Ask the provisioning system to execute a request."""
    request = evolve(request, state=RequestState.EXECUTING)
    draft.put(request)
    draft.replace(evolve(invoice, detail=evolve(invoice.detail, execution=Execution.EXECUTING)))
    asked = RequestExecuteRequested(
        invoice=invoice.key,
        customer=invoice.account,
        request=request.id,
        order_reference=request.order_ref,
        item=(AskedBlock("1", request.type),),
    )
    draft.conclude(asked, invoice)


def _withdraw(draft: Draft, invoice: Invoice, request: Request, reason: str) -> None:
    amount = Money(invoice.pending, invoice.currency)
    reversals.cancellation(draft, invoice, _document(draft, invoice, "CX", reason))
    invoice = draft.get(Invoice, invoice.key) or invoice
    draft.put(evolve(invoice, lifecycle=Lifecycle.CANCELLED))
    request = evolve(request, state=RequestState.CANCELLED)
    draft.put(request)
    cancelled = InvoiceCancelled(
        invoice=invoice.key,
        customer=invoice.account,
        request=request.id,
        amount=amount,
        reason=reason,
    )
    draft.conclude(cancelled, invoice)
    dropped = RequestCancelled(
        request=request.id,
        customer=request.account,
        order_reference=request.order_ref,
        request_type=request.type,
        invoice=request.invoice,
        reason=reason,
    )
    draft.conclude(dropped, request)


def _pending(draft: Draft, invoice: Invoice) -> Request:
    """Return the request of an invoice, which waits for its money.

    Raises:
        Rejected: `bad-transition` when there is none, or it is gone; `already-executed`.
        Parked: `request-executing`.
    """
    if invoice.kind is not InvoiceKind.REQUEST or invoice.lifecycle is not Lifecycle.ISSUED:
        raise Rejected(
            Code.BAD_TRANSITION,
            f"{invoice.key} is a {invoice.kind} invoice, {invoice.lifecycle}: no request waits "
            "for it; after execution, give a discount instead",
        )
    request = _request(draft, invoice)
    if request.state is RequestState.EXECUTED:
        raise Rejected(
            Code.ALREADY_EXECUTED,
            f"request {request.id!r} has been executed: give a discount instead",
        )
    if request.state is RequestState.EXECUTING:
        raise Parked(
            Code.REQUEST_EXECUTING,
            f"request {request.id!r} is being executed",
            (WaitsFor.ANSWER, request.id),
        )
    return request


def _document(draft: Draft, invoice: Invoice, kind: str, reason: str) -> memo.Document:
    number = InvoiceKey(invoice.key.issuer, f"{kind}:{invoice.key.number}")
    return memo.Document(number=number, issued_on=draft.context.today, reason_text=reason)


def _request(draft: Draft, invoice: Invoice) -> Request:
    request = draft.get(Request, invoice.detail.request)
    assert request is not None
    return request
