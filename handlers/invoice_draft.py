"""InvoiceDraft: somebody writes an offer down, a proforma or a top-up; nobody gets it yet."""

from dataclasses import dataclass

from invoice_gateway.handler import (
    Book,
    Code,
    Content,
    Context,
    Decision,
    Document,
    Draft,
    Handler,
    Invoice,
    InvoiceKey,
    Offer,
    Order,
    Reach,
    Role,
    Scope,
    WaitsFor,
    known_before,
    offer_named,
    own_number,
    read_offer,
    writing,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceDraft:
    """A draft as written; the enterprise is its issuer."""

    key: InvoiceKey
    customer: str
    content: Content


def read(document: Document) -> InvoiceDraft:
    """Read a draft.

    Raises:
        Rejected: `number-taken`, `amount-not-positive`, `totals-mismatch`, `decimals`,
            `unknown-currency` or `amount-too-large`.
    """
    own_number(document, "Number")
    return InvoiceDraft(
        key=document.invoice("Number"),
        customer=document.text("Customer"),
        content=read_offer(document),
    )


def scope(message: InvoiceDraft, _: Context) -> Scope:
    """Ask for the account, the number, and the quote it is made from."""
    quote = message.content.quote
    return Scope(
        accounts=(message.customer,),
        invoices=(message.key,),
        others=(
            (Offer, offer_named(message.key)),
            *(((Order, quote),) if quote is not None else ()),
        ),
        provides=((WaitsFor.INVOICE, str(message.key)),),
    )


def decide(message: InvoiceDraft, book: Book, context: Context) -> Decision:
    """Keep the draft."""
    draft = Draft(book, context)
    account = draft.account(message.customer)
    known_before(draft.get(Invoice, message.key), context, Code.NUMBER_TAKEN, message.key)
    writing.write(draft, message.key, account, message.content)
    return draft.decision()


HANDLER = Handler(
    message="InvoiceDraft",
    rights={Role.PORTAL: Reach.ANY, Role.FINANCIALS: Reach.ANY, Role.PARTNER: Reach.BENEATH},
    read=read,
    scope=scope,
    decide=decide,
)
