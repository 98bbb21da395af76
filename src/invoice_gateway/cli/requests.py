"""Verbs about requests: raise one, see what waits for money and what has been done."""

from collections.abc import Mapping
from typing import Annotated, Literal

import typer

from invoice_gateway.cli import _out as out
from invoice_gateway.cli._acting import Value, act
from invoice_gateway.cli._amounts import readable
from invoice_gateway.cli._invocation import NothingFound, app_of, opened
from invoice_gateway.store import views_requests as views

request = typer.Typer()

Json = Annotated[bool, typer.Option("--json", help="Print JSON; amounts are minor units.")]
REQUESTS = (
    *("id", "account", "order_ref", "type", "state", "invoice_number", "pending", "currency"),
    *("executed_at", "executed_without_payment"),
)


@request.command("raise")
def request_raise(  # noqa: PLR0913 - one per field of the message
    context: typer.Context,
    request_id: Annotated[str, typer.Argument(metavar="REQUEST", help="Its id.")],
    *,
    customer: Annotated[str, typer.Option("--customer", help="Who asks.")],
    order: Annotated[str, typer.Option("--order", help="About which order.")],
    kind: Annotated[str, typer.Option("--type", help="purchase, renewal, extension, ...")],
    description: Annotated[str, typer.Option("--description", help="What the invoice is for.")],
    amount: Annotated[str, typer.Option("--amount", help="Its price without tax.")],
    currency: Annotated[str, typer.Option("--currency", help="Of all amounts.")],
    issue_date: Annotated[str, typer.Option("--issue-date", help="The day of the invoice.")],
    fee: Annotated[str | None, typer.Option("--fee", help="An application fee.")] = None,
    sender: Annotated[str, typer.Option("--sender", help="Who sends it.")] = "portal",
) -> None:
    """Raise a request: it is invoiced at once, and done when that is paid."""
    act(
        context,
        "RequestRaised",
        {
            "Request": request_id,
            "Customer": customer,
            "OrderReference": order,
            "Type": kind,
            "Description": description,
            "Currency": currency,
            "IssueDate": issue_date,
            "Subtotal": _charge(amount),
            "ApplicationFee": _charge(fee) if fee else None,
        },
        sender=sender,
    )


@request.command("cancel")
def request_cancel(
    context: typer.Context,
    request_id: Annotated[str, typer.Argument(metavar="REQUEST", help="Its id.")],
    *,
    reason: Annotated[str | None, typer.Option("--reason", help="Why.")] = None,
    sender: Annotated[str, typer.Option("--sender", help="Who sends it.")] = "portal",
) -> None:
    """Cancel a request that nobody has paid anything for, and its invoice with it."""
    _command(context, request_id, {"Cancel": {"ReasonText": reason} if reason else ""}, sender)


@request.command("execute")
def request_execute(
    context: typer.Context,
    request_id: Annotated[str, typer.Argument(metavar="REQUEST", help="Its id.")],
    *,
    invoice: Annotated[
        Literal["keep", "cancel"],
        typer.Option("--invoice", help="Keep its invoice, or give it as a discount."),
    ] = "keep",
    sender: Annotated[str, typer.Option("--sender", help="Who sends it.")] = "portal",
) -> None:
    """Have a request executed although it is not paid."""
    _command(context, request_id, {"ExecuteWithoutPayment": invoice}, sender)


@request.command("list")
def request_list(
    context: typer.Context,
    *,
    account: Annotated[str | None, typer.Option("--account", help="Only of this party.")] = None,
    state: Annotated[
        str | None, typer.Option("--state", help="pending, executing, executed or cancelled.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many at most.")] = 100,
    json: Json = False,
) -> None:
    """List requests, by id."""
    with opened(app_of(context)) as store, store.session() as session:
        found = views.request_list(session, account=account, state=state, limit=limit)
    if json:
        out.document(found)
    else:
        out.listing(readable(found), REQUESTS)


@request.command("show")
def request_show(
    context: typer.Context,
    request_id: Annotated[str, typer.Argument(metavar="REQUEST", help="Its id.")],
    *,
    json: Json = False,
) -> None:
    """Show a request: its invoice, its order, and what it waits for."""
    with opened(app_of(context)) as store, store.session() as session:
        found = views.request_show(session, request_id)
    if found is None:
        raise NothingFound(f"there is no request {request_id!r}; see: invoice-gateway request list")
    if json:
        out.document(found)
    else:
        out.sheet(readable(found), leave_out=("content_hash",))


def _command(
    context: typer.Context, request_id: str, said: Mapping[str, Value], sender: str
) -> None:
    """Send a command about the invoice that a request was raised with."""
    act(context, "InvoiceCommand", {"Invoice": f"INV:{request_id}", **said}, sender=sender)


def _charge(amount: str) -> dict[str, str | None]:
    return {"NetAmount": amount, "TaxCategory": "Z", "TaxRate": "0", "TaxAmount": "0"}
