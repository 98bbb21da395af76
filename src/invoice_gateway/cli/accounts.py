"""Verbs about money owed: `invoice` and `account`."""

from collections.abc import Iterable
from typing import Annotated, TypeVar

import typer

from invoice_gateway.cli import _out as out
from invoice_gateway.cli._amounts import readable
from invoice_gateway.cli._invocation import NothingFound, app_of, opened
from invoice_gateway.model.keys import InvoiceKey
from invoice_gateway.store import views

T = TypeVar("T")

invoice = typer.Typer()
account = typer.Typer()

Json = Annotated[bool, typer.Option("--json", help="Print JSON; amounts are minor units.")]
Number = Annotated[
    str, typer.Argument(metavar="NUMBER", help="Its number, or ISSUER/NUMBER of another issuer.")
]

INVOICES = (
    *("issuer", "number", "account", "issue_date", "due_date", "status", "settlement_state"),
    *("amount", "pending", "currency", "accounting"),
)
SHOWN = {
    "lines": (
        *("line_no", "description", "customer", "enterprise", "amount", "credited", "written_off"),
        *("settled", "disputed", "open"),
    ),
    "allocations": (
        *("source_type", "source_reference", "number", "mode", "posted_on", "amount", "state"),
        *("reason", "removed_on", "accounting"),
    ),
    "memos": (
        *("issuer", "number", "doc_type", "issued_on", "amount", "applied", "open_credit"),
        *("reason_code", "reason_text", "reversed_by", "accounting"),
    ),
    "disputes": (
        *(
            "id",
            "invoice_number",
            "line_no",
            "raised_by",
            "amount",
            "reason_code",
            "reason_text",
            "opened_at",
        ),
        *("state", "closed_at", "memo"),
    ),
}
EVENTS = ("recorded_at", "name", "aggregate", "aggregate_id", "version", "cause", "event_id")


@invoice.command("list")
def invoice_list(
    context: typer.Context,
    *,
    account: Annotated[str | None, typer.Option("--account", help="Only of this party.")] = None,
    status: Annotated[
        str | None, typer.Option("--status", help="New, Partially Paid, Paid or Disputed.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many at most.")] = 100,
    json: Json = False,
) -> None:
    """List invoices."""
    with opened(app_of(context)) as store, store.session() as session:
        found = views.invoice_list(session, account=account, status=status, limit=limit)
    if json:
        out.document(found)
    else:
        out.listing(readable(found), INVOICES)


@invoice.command("show")
def invoice_show(context: typer.Context, number: Number, *, json: Json = False) -> None:
    """Show an invoice: lines with both statuses, what was paid, credited and disputed.

    `display` says what each of the four systems whose rules apply would call its state.
    """
    app = app_of(context)
    with opened(app) as store, store.session() as session:
        keys = named(number, app.settings.enterprise)
        found = _first(number, [views.invoice_show(session, key) for key in keys])
    if json:
        out.document(found)
    else:
        found["display"] = [
            {"system": system, "status": word} for system, word in found["display"].items()
        ]
        out.sheet(readable(found), leave_out=("content_hash", "snapshot"), columns=SHOWN)


@invoice.command("history")
def invoice_history(context: typer.Context, number: Number, *, json: Json = False) -> None:
    """List the events about an invoice and its disputes, memos and allocations, in order."""
    app = app_of(context)
    with opened(app) as store, store.session() as session:
        keys = named(number, app.settings.enterprise)
        found = _first(number, [views.invoice_history(session, key) for key in keys])
    if json:
        out.document(found)
    else:
        out.listing(found, EVENTS)


@account.command("show")
def account_show(
    context: typer.Context,
    party: Annotated[str, typer.Argument(metavar="PARTY", help="Party id.")],
    *,
    json: Json = False,
) -> None:
    """Show an account: its terms, unused money, open invoices and totals."""
    with opened(app_of(context)) as store, store.session() as session:
        found = views.account_show(session, party)
    if found is None:
        raise NothingFound(f"there is no account {party!r}; see: invoice-gateway parties list")
    if json:
        out.document(found)
    else:
        out.sheet(readable(found), columns={"invoices": INVOICES, "disputes": SHOWN["disputes"]})


def named(text: str, enterprise: str) -> list[InvoiceKey]:
    """Return what `text` may name: an invoice of the enterprise, else ISSUER/NUMBER.

    Example:
        >>> [str(key) for key in named("INV/7", "ENTERPRISE")]
        ['ENTERPRISE/INV/7', 'INV/7']
    """
    issuer, slash, number = text.partition("/")
    return [InvoiceKey(enterprise, text)] + ([InvoiceKey(issuer, number)] if slash else [])


def _first(text: str, answers: Iterable[T | None]) -> T:
    """Return the first answer.

    Raises:
        NothingFound: there is none.
    """
    for each in answers:
        if each is not None:
            return each
    raise NothingFound(f"there is no invoice {text!r}; see: invoice-gateway invoice list")
