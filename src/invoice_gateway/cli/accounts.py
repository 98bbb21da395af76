"""Verbs about money owed: `invoice` and `account`."""

from typing import Annotated

import typer

from invoice_gateway.app import App
from invoice_gateway.cli import _out as out
from invoice_gateway.cli._invocation import app_of, found, opened
from invoice_gateway.model.keys import InvoiceKey
from invoice_gateway.store import SqlStore, views

invoice = typer.Typer()
account = typer.Typer()

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Limit = Annotated[int, typer.Option("--limit", min=1, help="How many at most.")]
Number = Annotated[
    str, typer.Argument(metavar="NUMBER", help="Its number, or ISSUER/NUMBER of another issuer.")
]

INVOICES = {
    "number": "number",
    "account": "account",
    "issued": "issue_date",
    "due": "due_date",
    "status": "status",
    "settlement": "settlement_state",
    ">amount": "amount",
    ">pending": "pending",
    "": "currency",
}
LINES = {
    "line": "line_no",
    "description": "description",
    "customer": "customer",
    "enterprise": "enterprise",
    ">amount": "amount",
    ">open": "open",
    ">disputed": "disputed",
}
