"""Verbs about messages: `messages` for every one, `parked` for those that wait."""

from typing import Annotated, Any

import typer

from invoice_gateway.cli import _body as bodies
from invoice_gateway.cli import _out as out
from invoice_gateway.cli._invocation import NothingFound, app_of, opened
from invoice_gateway.engine.ports import Outcome
from invoice_gateway.store import views

messages = typer.Typer()
parked = typer.Typer()

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Raw = Annotated[bool, typer.Option("--raw", help="Print its bytes as they came, nothing else.")]
Limit = Annotated[int, typer.Option("--limit", min=1, help="How many at most.")]
Id = Annotated[str, typer.Argument(metavar="ID", help="Its message id.")]
Sender = Annotated[str | None, typer.Option("--sender", help="Only of this sender.")]

EVENTS = ("recorded_at", "name", "aggregate_id", "version", "event_id")
HIDDEN = ("body", "hash", "traceback")
MESSAGES = ("received_at", "sender", "message_id", "type", "outcome", "duplicates")
PARKED = ("received_at", "sender", "message_id", "type", "kind", "key", "deadline", "code")


@messages.command("list")
def messages_list(
    context: typer.Context,
    *,
    outcome: Annotated[Outcome | None, typer.Option("--outcome", help="Only this one.")] = None,
    type_: Annotated[str | None, typer.Option("--type", help="Only of this type.")] = None,
    sender: Sender = None,
    limit: Limit = 100,
    json: Json = False,
) -> None:
    """List messages, the newest first. Rejected ones are dead letters: see `dead list`."""
    with opened(app_of(context)) as store, store.session() as session:
        found = views.message_list(session, outcome=outcome, type=type_, sender=sender, limit=limit)
    if json:
        out.document(found)
    else:
        out.listing(found, MESSAGES)


@messages.command("show")
def messages_show(
    context: typer.Context,
    message: Id,
    *,
    sender: Sender = None,
    raw: Raw = False,
    json: Json = False,
) -> None:
    """Show the whole life of a message: what came, what became of it, which events followed."""
    with opened(app_of(context)) as store, store.session() as session:
        found = views.message_show(session, message, sender)
    if not found:
        raise NothingFound(f"there is no message {message!r}; see: invoice-gateway messages list")
    _show(found, raw=raw, json=json)


@parked.command("list")
def parked_list(context: typer.Context, *, limit: Limit = 100, json: Json = False) -> None:
    """List messages that wait, in order of arrival: for what, and until when."""
    with opened(app_of(context)) as store, store.session() as session:
        found = views.parked_list(session, limit=limit)
    if json:
        out.document(found)
    else:
        out.listing(found, PARKED)


@parked.command("show")
def parked_show(
    context: typer.Context,
    message: Id,
    *,
    sender: Sender = None,
    raw: Raw = False,
    json: Json = False,
) -> None:
    """Show a message that waits."""
    with opened(app_of(context)) as store, store.session() as session:
        waiting = views.parked_show(session, message, sender)
    if waiting is None:
        raise NothingFound(f"no message {message!r} waits; see: invoice-gateway parked list")
    _show([waiting], raw=raw, json=json)


def _show(found: list[dict[str, Any]], *, raw: bool, json: bool) -> None:
    if raw:
        bodies.raw(found[-1]["body"])
        return
    if json:
        out.document(found)
        return
    for at, each in enumerate(found):
        if at:
            out.line()
        out.sheet(each, leave_out=HIDDEN, columns={"events": EVENTS})
        out.line()
        bodies.show(each["body"], bodies.marks(each.get("findings", ())))
