"""Verbs that prepare an installation: `topology`, `db`, `parties`."""

from typing import Annotated

import typer

from invoice_gateway.bus import rabbit
from invoice_gateway.bus.topology import describe
from invoice_gateway.cli import _out as out
from invoice_gateway.cli._invocation import (
    NEGATIVE,
    UsageFault,
    app_of,
    check_database,
    invocation,
    opened,
    readable_url,
)
from invoice_gateway.model.decision import Role
from invoice_gateway.settings import masked
from invoice_gateway.store import schema

topology = typer.Typer()
database = typer.Typer()
parties = typer.Typer()

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


@parties.callback()
def _parties() -> None:
    """Soon."""
