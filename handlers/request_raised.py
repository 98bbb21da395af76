"""RequestRaised: a customer asks for something; it is invoiced at once and done when it is paid."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from invoice_gateway.handler import (
    ISSUED_NEW,
    Account,
    Book,
    Code,
    Context,
    Decision,
    Detail,
    Document,
    Draft,
    Execution,
    Handler,
    Invoice,
    InvoiceKey,
    InvoiceKind,
    Kind,
    Line,
    LineTerms,
    Method,
    Order,
    OrderStatus,
    Reach,
    Rejected,
    Request,
    Role,
    Scope,
    WaitsFor,
    allocations,
    known_before,
    own_number,
    rate_at,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRaised:
    """A request as raised, with the lines of its invoice."""

    request: str
    customer: str
    order_ref: str
    type: str
    description: str
    currency: str
    issue_date: date
    due_date: date | None
    lines: tuple[Line, ...]
    snapshot: str


OF_AN_ORDER = re.compile(r".*:\d+").fullmatch
"""How the numbers end under which orders are billed: `INV:<order>:<n>`."""
CHARGES = (("Subtotal", Kind.ITEM), ("ApplicationFee", Kind.APPLICATION_FEE))
"""Where the amounts of a request stand, and what they become on its invoice (S4-05)."""


def read(document: Document) -> RequestRaised:
    """Read a request.

    Raises:
        Rejected: `decimals`, `unknown-currency`, `number-taken`, or `amount-not-positive` when
            there is nothing to pay.
    """
    currency = document.currency("Currency")
    description = document.text("Description")
    lines = tuple(
        _line(str(at), kind, charge, currency, description)
        for at, (name, kind) in enumerate(CHARGES, start=1)
        if (charge := document.one(name)) is not None
    )
    if any(line.amount < 0 for line in lines) or sum(line.amount for line in lines) <= 0:
        raise document.refuse(Code.AMOUNT_NOT_POSITIVE, "Subtotal", "a request must cost something")
    request = own_number(document, "Request")
    if OF_AN_ORDER(request):
        raise document.refuse(
            Code.NUMBER_TAKEN,
            "Request",
            f"{request!r} would give its invoice a number that an order's may have",
            "an id that does not end in a colon and digits",
        )
    return RequestRaised(
        request=request,
        customer=document.text("Customer"),
        order_ref=document.text("OrderReference"),
        type=document.text("Type"),
        description=description,
        currency=currency,
        issue_date=document.day("IssueDate"),
        due_date=document.maybe_day("DueDate"),
        lines=lines,
        snapshot=_snapshot(document, lines),
    )


def _line(number: str, kind: Kind, charge: Document, currency: str, description: str) -> Line:
    net, tax = charge.amount("NetAmount", currency), charge.amount("TaxAmount", currency)
    terms = LineTerms(
        description if kind is Kind.ITEM else "Application fee",
        unit_price=charge.text("NetAmount"),
        net=net,
        tax_category=charge.text("TaxCategory"),
        tax_rate=charge.text("TaxRate"),
        tax=tax,
    )
    return Line(number, kind, net + tax, terms)


def _snapshot(document: Document, lines: Sequence[Line]) -> str:
    """Return what is said about the seller and the taxes, as JSON, kept as it is (S4-12)."""
    blocks: dict[str, object] = {}
    if (seller := document.one("Seller")) is not None:
        blocks["Seller"] = [[child.name, child.text()] for child in seller.all("*")]
    terms = [line.terms for line in lines if line.terms is not None]
    blocks["Taxes"] = [[each.tax_category, each.tax_rate, each.net, each.tax] for each in terms]
    return json.dumps(blocks, ensure_ascii=False, separators=(",", ":"))


def scope(message: RequestRaised, context: Context) -> Scope:
    """Ask for the account, its order, the request and what the auto run may touch."""
    return Scope(
        accounts=(message.customer,),
        invoices=(_key(message, context),),
        others=((Request, message.request), (Order, message.order_ref)),
        auto=True,
        rates=(rate_at(message.issue_date, message.currency),),
        provides=(
            (WaitsFor.INVOICE, str(_key(message, context))),
            (WaitsFor.REQUEST, message.request),
            (WaitsFor.ORDER, message.order_ref),
        ),
    )


def decide(message: RequestRaised, book: Book, context: Context) -> Decision:
    """Raise the invoice that the request waits for, and let idle money pay it."""
    draft = Draft(book, context)
    account = draft.account(message.customer)
    known = draft.get(Request, message.request)
    known_before(known, context, Code.NUMBER_TAKEN, f"request {message.request!r}")
    order = _order(draft, message)
    draft.put(order)
    draft.put(_request(message, context))
    invoice = _invoice(message, account, context)
    draft.issue(invoice)
    allocations.welcome(draft, invoice)
    allocations.auto_run(draft, message.customer)
    return draft.decision()


def _order(draft: Draft, message: RequestRaised) -> Order:
    """Return the order it is about; one that was never placed begins with its first request.

    Raises:
        Rejected: `forbidden`, or `bad-transition` when it was cancelled.
    """
    order = draft.get(Order, message.order_ref)
    if order is None:
        return Order(
            reference=message.order_ref,
            account=message.customer,
            method=Method.REQUEST,
            status=OrderStatus.COMPLETED,
            currency=message.currency,
            total=0,
            placed_at=draft.context.now,
            content_hash=draft.context.content_hash,
            cause=draft.context.cause,
        )
    if order.account != message.customer:
        raise Rejected(Code.FORBIDDEN, f"order {order.reference!r} is of another customer")
    if order.status is OrderStatus.CANCELLED:
        raise Rejected(Code.BAD_TRANSITION, f"order {order.reference!r} was cancelled")
    return order


def _request(message: RequestRaised, context: Context) -> Request:
    return Request(
        id=message.request,
        account=message.customer,
        order_ref=message.order_ref,
        type=message.type,
        invoice=_key(message, context),
        content_hash=context.content_hash,
        cause=context.cause,
    )


def _invoice(message: RequestRaised, account: Account, context: Context) -> Invoice:
    """Return the invoice, with the account's policy of collection as it is today (S4-17)."""
    due = message.due_date or message.issue_date + timedelta(days=account.terms_days)
    return Invoice(
        key=_key(message, context),
        account=message.customer,
        currency=message.currency,
        amount=sum(line.amount for line in message.lines),
        issue_date=message.issue_date,
        due_date=due,
        lines=message.lines,
        derived=ISSUED_NEW,
        kind=InvoiceKind.REQUEST,
        order_ref=message.order_ref,
        description=message.description,
        content_hash=context.content_hash,
        cause=context.cause,
        detail=Detail(
            execution=Execution.PENDING,
            request=message.request,
            series=account.party_class,
            request_cancellation_days=account.request_cancellation_days,
            reminder_days=account.reminder_days,
            suspension_days=account.suspension_days,
            deletion_days=account.deletion_days,
        ),
        snapshot=message.snapshot,
    )


def _key(message: RequestRaised, context: Context) -> InvoiceKey:
    return InvoiceKey(context.policy.enterprise, f"INV:{message.request}")


HANDLER = Handler(
    message="RequestRaised",
    rights={Role.PORTAL: Reach.ANY},
    read=read,
    scope=scope,
    decide=decide,
)
