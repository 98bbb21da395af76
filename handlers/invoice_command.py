"""InvoiceCommand: an offer is edited, sent, copied, withdrawn, provisioned; a request executed."""

from dataclasses import dataclass

from invoice_gateway.handler import (
    Asked,
    Book,
    Code,
    Command,
    Context,
    Decision,
    Document,
    Draft,
    Handler,
    Invoice,
    InvoiceKey,
    Offer,
    Reach,
    Rejected,
    Role,
    Scope,
    WaitsFor,
    allocations,
    known_before,
    offer_named,
    offers,
    own_number,
    rate_at,
    read_offer,
    reversals,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceCommand:
    """A command about one invoice."""

    invoice: InvoiceKey
    asked: Asked


ELEMENTS = {
    "Edit": Command.EDIT,
    "Send": Command.SEND,
    "MarkSent": Command.MARK_SENT,
    "Resend": Command.RESEND,
    "Copy": Command.COPY,
    "Delete": Command.DELETE,
    "Void": Command.VOID,
    "Provision": Command.PROVISION,
    "SetAutoAllocate": Command.SET_AUTO_ALLOCATE,
    "Cancel": Command.CANCEL,
    "ExecuteWithoutPayment": Command.EXECUTE_WITHOUT_PAYMENT,
}
"""What each command is called in a message."""
YES = ("on", "keep")
OF_SELLERS = frozenset({Command.CANCEL, Command.EXECUTE_WITHOUT_PAYMENT})
"""What who sells does about the invoice of a request: the enterprise, and a reseller (S4-25)."""
REFUSED = {
    Role.PARTNER: OF_SELLERS | {Command.PROVISION, Command.VOID},
    Role.RESELLER: frozenset(Command) - OF_SELLERS,
}
"""What a role may not do: to deliver and take back is the enterprise's and its portal's (§3.16)."""


def read(document: Document) -> InvoiceCommand:
    """Read a command.

    Raises:
        Rejected: `number-taken`, or what a new edition is refused for.
    """
    name, command = next(each for each in ELEMENTS.items() if document.one(each[0]))
    said = document.one(name)
    assert said is not None
    copied = command is Command.COPY
    if copied:
        own_number(said, "Number")
    return InvoiceCommand(
        invoice=document.invoice("Invoice"),
        asked=Asked(
            command,
            content=read_offer(said) if command is Command.EDIT else None,
            number=said.invoice("Number") if copied else None,
            reason=said.maybe("ReasonText"),
            choice=said.maybe() in YES,
        ),
    )


def scope(message: InvoiceCommand, context: Context) -> Scope:
    """Ask for the invoice and its offer, for a copy's number, and for money that may move."""
    key, copy = message.invoice, message.asked.number
    return Scope(
        invoices=(key, copy) if copy else (key,),
        others=tuple((Offer, offer_named(each)) for each in (key, copy) if each),
        auto=True,
        money=None if message.asked.command is Command.SET_AUTO_ALLOCATE else 0,
        rates=(rate_at(context.today),),
        provides=((WaitsFor.INVOICE, str(copy)),) if copy else (),
    )


def decide(message: InvoiceCommand, book: Book, context: Context) -> Decision:
    """Carry the command out, then let money that it has set free pay what is open."""
    draft = Draft(book, context)
    asked = message.asked
    invoice = draft.invoice(message.invoice)
    if asked.command in REFUSED.get(context.actor.role, ()):
        raise Rejected(Code.FORBIDDEN, f"role {context.actor.role} may not {asked.command}")
    reversals.must_be_seller(context, invoice)
    if asked.number is not None:
        known_before(draft.get(Invoice, asked.number), context, Code.NUMBER_TAKEN, asked.number)
    offers.carry_out(draft, invoice, asked)
    allocations.auto_run(draft, invoice.account)
    return draft.decision()


HANDLER = Handler(
    message="InvoiceCommand",
    rights={
        Role.PORTAL: Reach.ANY,
        Role.FINANCIALS: Reach.ANY,
        Role.PARTNER: Reach.BENEATH,
        Role.RESELLER: Reach.BENEATH,
    },
    read=read,
    scope=scope,
    decide=decide,
)
