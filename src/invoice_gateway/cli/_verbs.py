"""The program: its global flags, and every verb by name."""

from importlib.metadata import version as version_of
from pathlib import Path
from typing import Annotated

import typer
from typer.models import OptionInfo

from invoice_gateway.cli import (
    accounts,
    audit,
    checks,
    dead,
    demo,
    export,
    messages,
    offers,
    orders,
    reports,
    requests,
    reversals,
    running,
    setup,
    simulate,
    submit,
)
from invoice_gateway.cli._invocation import Invocation
from invoice_gateway.cli._out import line
from invoice_gateway.settings import FILE_VARIABLE, PREFIX

program = typer.Typer(
    help="Takes invoices, payments and disputes as XML and says what became of them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

GROUPS = {
    "topology": (setup.topology, "Exchanges and queues on the broker."),
    "db": (setup.database, "The tables of the database."),
    "parties": (setup.parties, "Who may send messages, and the accounts."),
    "invoice": (offers.invoice, "Invoices, their lines, and offers."),
    "account": (accounts.account, "What an account owes and has paid."),
    "order": (orders.order, "Orders: place, release, cancel, close, look."),
    "request": (requests.request, "What customers asked for, and what waits for money."),
    "export": (export.export, "The journal, for accounting tools."),
    "messages": (messages.messages, "Messages and what became of them."),
    "parked": (messages.parked, "Messages that wait for a reference."),
    "dead": (dead.dead, "Rejected messages: look, replay, discard."),
}
VERBS = (
    demo.demo,
    running.run,
    running.worker,
    running.relay,
    running.scheduler,
    submit.validate,
    submit.send,
    checks.health,
    checks.doctor,
    audit.audit,
    simulate.simulate,
)

accounts.account.command("statement")(reports.account_statement)
accounts.account.command("aging")(reports.account_aging)
for _verb in VERBS:
    program.command()(_verb)
for _name, _act in reversals.VERBS.items():
    accounts.invoice.command(_name)(_act)
for _name, (_group, _help) in GROUPS.items():
    program.add_typer(_group, name=_name, help=_help, no_args_is_help=True)


def _setting(flag: str, text: str, variable: str | None = None) -> OptionInfo:
    name = variable or PREFIX + flag.strip("-").upper().replace("-", "_")
    found: OptionInfo = typer.Option(flag, help=f"{text} [{name}]", show_default=False)
    return found


def _version(wanted: bool | None) -> None:  # noqa: FBT001 - as typer calls it
    if wanted:
        line(f"invoice-gateway {version_of('invoice-gateway')}")
        raise typer.Exit


Text = str | None


@program.callback()
def options(  # noqa: PLR0913 - one per global flag
    context: typer.Context,
    *,
    database_url: Annotated[Text, _setting("--database-url", "Where state is kept.")] = None,
    bus_url: Annotated[Text, _setting("--bus-url", "Where messages come from.")] = None,
    enterprise: Annotated[Text, _setting("--enterprise", "Party id of the enterprise.")] = None,
    prefix: Annotated[Text, _setting("--prefix", "Prefix of exchange and queue names.")] = None,
    handlers: Annotated[Text, _setting("--handlers", "Folder with handlers of your own.")] = None,
    schemas: Annotated[Text, _setting("--schemas", "Folder with the schemas they need.")] = None,
    log_format: Annotated[Text, _setting("--log-format", "auto, json or console.")] = None,
    log_level: Annotated[
        Text, _setting("--log-level", "debug, info, warning or error; logs go to stderr.")
    ] = None,
    config: Annotated[
        Path | None, _setting("--config", "TOML file with settings.", FILE_VARIABLE)
    ] = None,
    version: Annotated[
        bool | None,
        typer.Option("--version", help="Print the version.", callback=_version, is_eager=True),
    ] = None,
) -> None:
    """Take the global flags; each wins over its [VARIABLE]."""
    del version
    context.obj = Invocation(
        config=config,
        flags={
            "database_url": database_url,
            "bus_url": bus_url,
            "enterprise": enterprise,
            "prefix": prefix,
            "handlers": handlers,
            "schemas": schemas,
            "log_format": log_format,
            "log_level": log_level,
        },
    )
