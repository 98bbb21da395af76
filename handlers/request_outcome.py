"""RequestOutcome: the provisioning system says whether all was executed, or nothing."""

from dataclasses import dataclass

from invoice_gateway.handler import (
    Book,
    Code,
    Context,
    Decision,
    Document,
    Draft,
    Handler,
    InvoiceKey,
    Outcome,
    Reach,
    Request,
    Result,
    Role,
    Scope,
    Task,
    WaitsFor,
    announce_tasks,
    proforma,
    rate_at,
    requests,
)

EXECUTED = "executed"


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestOutcome:
    """An answer about a proforma (`invoice`), or about a request."""

    invoice: InvoiceKey | None
    request: str | None
    outcome: Outcome


def read(document: Document) -> RequestOutcome:
    """Read an answer.

    Raises:
        Rejected: `bad-transition`: all was executed, and yet an item has failed (S1-25).
    """
    executed = document.text("Outcome") == EXECUTED
    items = document.all("Items/Item")
    for item in items:
        if executed and item.text("Result") != EXECUTED:
            raise item.refuse(
                Code.BAD_TRANSITION,
                "Result",
                "an item has failed, and the whole is said to be executed",
                "all items executed, or the outcome failed",
            )
    return RequestOutcome(
        invoice=document.maybe_invoice("Invoice"),
        request=document.maybe("Request"),
        outcome=Outcome(
            executed,
            tuple(map(_result, items)),
            tuple(
                Task(each.maybe("LineNo"), each.text("Text"))
                for each in document.all("ManualTasks/Task")
            ),
            document.maybe("ReasonText"),
        ),
    )


def _result(item: Document) -> Result:
    return Result(
        item.text("LineNo"),
        item.text("Result") == EXECUTED,
        item.maybe("Code"),
        item.maybe("Message"),
        item.maybe("Suggestion"),
    )


def scope(message: RequestOutcome, context: Context) -> Scope:
    """Ask for what it is about, money reserved for that, and what money set free may pay."""
    return Scope(
        invoices=(message.invoice,) if message.invoice else (),
        others=((Request, message.request),) if message.request else (),
        allocations=True,
        auto=True,
        money=None,
        rates=(rate_at(context.today),),
        provides=((WaitsFor.ANSWER, message.request),) if message.request else (),
    )


def decide(message: RequestOutcome, book: Book, context: Context) -> Decision:
    """Take in the answer."""
    draft = Draft(book, context)
    if message.invoice is not None:
        proforma.outcome(draft, draft.invoice(message.invoice), message.outcome)
    else:
        assert message.request is not None
        said, request = message.outcome, draft.request(message.request)
        requests.outcome(draft, request, executed=said.executed, reason=said.reason_text)
        invoice = draft.invoice(request.invoice)
        announce_tasks(draft, invoice, said.tasks if said.executed else (), request.id)
    return draft.decision()


HANDLER = Handler(
    message="RequestOutcome",
    rights={Role.PROVISIONING: Reach.ANY},
    read=read,
    scope=scope,
    decide=decide,
)
