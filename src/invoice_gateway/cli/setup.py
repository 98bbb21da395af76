"""Verbs that prepare an installation: `topology`, `db`, `parties`."""

from typing import Annotated

import typer

from invoice_gateway.bus import rabbit
from invoice_gateway.bus.topology import describe
from invoice_gateway.cli import _out as out
from invoice_gateway.cli._amounts import readable
from invoice_gateway.cli._invocation import (
    NEGATIVE,
    NothingFound,
    UsageFault,
    app_of,
    check_database,
    invocation,
    opened,
    readable_url,
)
from invoice_gateway.model.decision import Actor, Role
from invoice_gateway.settings import masked
from invoice_gateway.store import schema, views

topology = typer.Typer()
database = typer.Typer()
parties = typer.Typer()

SENDERS = ("name", "party", "role", "receipts", "active")
MANY = 10_000
ACCOUNTS = (
    "party",
    "party_class",
    "name",
    "parent",
    "selling_currency",
    "terms_days",
    "credit_limit",
)

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@topology.command("show")
def topology_show(context: typer.Context, *, json: Json = False) -> None:
    """Print the exchanges and queues that these settings ask for; needs no broker."""
    rows = describe(app_of(context).topology)
    if json:
        out.document(rows)
        return
    out.table(
        "",
        ["kind", "name", "type", "arguments", "bound to"],
        [
            (
                each.kind,
                each.name,
                each.type,
                " ".join(f"{name}={value}" for name, value in each.arguments.items()) or None,
                ", ".join(each.bound_to) or None,
            )
            for each in rows
        ],
    )


@topology.command("apply")
def topology_apply(context: typer.Context) -> None:
    """Declare them on the broker; what is there already stays as it is."""
    app = app_of(context)
    if app.spool is not None:
        raise UsageFault(
            "the folder bus has no topology: name a broker with "
            "INVOICE_GATEWAY_BUS_URL=amqp://... or --bus-url"
        )
    done = rabbit.declare(app.settings.bus_url, app.topology)
    for each in done:
        out.line(each)
    out.say(f"{len(done)} objects declared at {masked(app.settings.bus_url)}")


@database.command("upgrade")
def database_upgrade(context: typer.Context) -> None:
    """Make or migrate the tables; print the steps taken."""
    url = invocation(context).settings().database_url
    with readable_url(url):
        steps = schema.upgrade(url)
    for each in steps:
        out.line(each)
    out.say(f"{masked(url)}: {len(steps) or 'no'} step(s) taken, the tables are up to date")


@database.command("check")
def database_check(context: typer.Context) -> None:
    """Say whether the tables are those of this program; exit 1 when they are not."""
    settings = invocation(context).settings()
    try:
        check_database(settings)
    except schema.SchemaOutdated as outdated:
        out.line(str(outdated))
        raise typer.Exit(NEGATIVE) from None
    out.line(f"{masked(settings.database_url)}: up to date")


@parties.command("list")
def parties_list(context: typer.Context, *, json: Json = False) -> None:
    """List who may send messages, and the accounts."""
    with opened(app_of(context)) as store, store.session() as session:
        found = {
            "senders": views.sender_list(session),
            "accounts": views.account_list(session, limit=MANY),
        }
    if json:
        out.document(found)
        return
    out.listing(found["senders"], SENDERS, "senders")
    out.line()
    out.listing(readable(found["accounts"]), ACCOUNTS, "accounts")


@parties.command("add")
def parties_add(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="As the bus knows it.")],
    *,
    party: Annotated[str, typer.Option("--party", help="Party id it speaks for.")],
    role: Annotated[Role, typer.Option("--role", help="What it may do.")],
    receipts: Annotated[
        bool,
        typer.Option("--receipts/--no-receipts", help="Tell it of accepted messages, too."),
    ] = False,
) -> None:
    """Let somebody send messages, or change what is known of them."""
    actor = Actor(sender=name, party=party, role=role, receipts=receipts)
    with opened(app_of(context)) as store, store.session(read_only=False) as session:
        views.put_sender(session, actor)
        session.commit()
    out.line(f"{name} sends as {role} of {party}{' and gets receipts' if receipts else ''}")


@parties.command("remove")
def parties_remove(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="As the bus knows it.")],
) -> None:
    """Take somebody's right to send messages; what they sent stays."""
    with opened(app_of(context)) as store, store.session(read_only=False) as session:
        known = views.deactivate_sender(session, name)
        session.commit()
    if not known:
        raise NothingFound(f"there is no sender {name!r}; see: invoice-gateway parties list")
    out.line(f"{name} may send no more")
