"""CreditNotePosted: credit a customer has, tied to no invoice, that can pay any of its invoices."""

from dataclasses import dataclass
from datetime import date

from invoice_gateway.handler import (
    Book,
    Code,
    Context,
    Decision,
    Document,
    Draft,
    Handler,
    InvoiceKey,
    Memo,
    Money,
    Reach,
    Rejected,
    Role,
    Scope,
    SourceKey,
    SourceType,
    WaitsFor,
    allocations,
    known_before,
    memos,
    own_number,
    rate_at,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditNotePosted:
    """A credit note as posted."""

    number: InvoiceKey
    customer: str
    issued_on: date
    amount: Money
    reason_code: str | None
    reason_text: str | None


def read(document: Document) -> CreditNotePosted:
    """Read a credit note.

    Raises:
        Rejected: `amount-not-positive`.
    """
    amount = document.money("Amount")
    if amount.minor <= 0:
        raise Rejected(Code.AMOUNT_NOT_POSITIVE, "a credit note must be positive")
    return CreditNotePosted(
        number=document.invoice("Number")._replace(number=own_number(document, "Number")),
        customer=document.text("Customer"),
        issued_on=document.day("IssueDate"),
        amount=amount,
        reason_code=document.maybe("ReasonCode"),
        reason_text=document.maybe("ReasonText"),
    )


def scope(message: CreditNotePosted, _: Context) -> Scope:
    """Ask for the account, the number, and what the auto run may touch."""
    source = SourceKey(message.customer, SourceType.OPEN_CREDIT, message.number.number)
    return Scope(
        accounts=(message.customer,),
        memos=(message.number,),
        auto=True,
        money=message.amount.minor,
        rates=(rate_at(message.issued_on, message.amount.currency),),
        provides=((WaitsFor.SOURCE, str(source)), (WaitsFor.MEMO, str(message.number))),
    )


def decide(message: CreditNotePosted, book: Book, context: Context) -> Decision:
    """Create the open credit and let it pay what is open."""
    draft = Draft(book, context)
    draft.account(message.customer)
    known_before(draft.get(Memo, message.number), context, Code.NUMBER_TAKEN, f"{message.number}")
    document = memos.Document(
        number=message.number,
        issued_on=message.issued_on,
        reason_code=message.reason_code,
        reason_text=message.reason_text,
        content_hash=context.content_hash,
    )
    memos.credit_note(draft, message.customer, document, message.amount)
    allocations.auto_run(draft, message.customer)
    return draft.decision()


HANDLER = Handler(
    message="CreditNotePosted",
    rights={Role.ERP: Reach.ANY, Role.FINANCIALS: Reach.ANY},
    read=read,
    scope=scope,
    decide=decide,
)
