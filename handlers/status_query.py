"""StatusQuery: somebody asks how invoices stand; each is answered by an event, nothing changes."""

from dataclasses import dataclass

from invoice_gateway.handler import (
    Book,
    Context,
    Decision,
    Document,
    Draft,
    Handler,
    InvoiceKey,
    Reach,
    Role,
    Scope,
    answers,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusQuery:
    """The invoices asked about, in order."""

    invoices: tuple[InvoiceKey, ...]


def read(document: Document) -> StatusQuery:
    """Read a question."""
    return StatusQuery(invoices=tuple(each.invoice() for each in document.all("Invoices/Invoice")))


def scope(message: StatusQuery, _: Context) -> Scope:
    """Ask for the invoices."""
    return Scope(invoices=message.invoices)


def decide(message: StatusQuery, book: Book, context: Context) -> Decision:
    """Report each invoice as it stands, in the order asked; wait until all of them are there."""
    draft = Draft(book, context)
    found = [draft.invoice(each) for each in message.invoices]
    return answers.answered(context, map(answers.status, found))


HANDLER = Handler(
    message="StatusQuery",
    rights={
        Role.PARTNER: Reach.BENEATH,
        Role.OWNER: Reach.OWN,
        Role.ERP: Reach.ANY,
        Role.FINANCIALS: Reach.ANY,
    },
    read=read,
    scope=scope,
    decide=decide,
)
