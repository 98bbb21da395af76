"""The trouble a person can cause or repair, told in one line that says what to do."""

import typer

from invoice_gateway.cli._invocation import UsageFault, unhidden
from invoice_gateway.engine.ports import BusUnavailable, Conflict, StoreUnavailable
from invoice_gateway.model.errors import HandlerSetError
from invoice_gateway.settings import SettingsError
from invoice_gateway.store.schema import SchemaOutdated

# What the command line itself refuses; where the class lives depends on the version of typer.
MISUSE: type[Exception] = typer.BadParameter.__mro__[2]

REMEDIES: dict[type[Exception], str] = {
    UsageFault: "",
    SettingsError: "",
    SchemaOutdated: "",
    HandlerSetError: " (INVOICE_GATEWAY_HANDLERS, INVOICE_GATEWAY_SCHEMAS; --handlers, --schemas)",
    StoreUnavailable: "; see to it, or name another database: "
    "INVOICE_GATEWAY_DATABASE_URL, --database-url",
    BusUnavailable: " (INVOICE_GATEWAY_BUS_URL, --bus-url)",
    Conflict: "; somebody else was faster: run it again",
}
FAULTS = tuple(REMEDIES)


def help_of(error: Exception) -> str | None:
    """Return the help that answers a call without a verb, or None for any other trouble."""
    if type(error).__name__ != "NoArgsIsHelpError":
        return None
    return _said(error).rstrip()


def told(error: Exception) -> str | None:
    """Return the line for `error`, or None for a bug of ours, which deserves its traceback."""
    if isinstance(error, MISUSE):
        return _misuse(error)
    for kind, remedy in REMEDIES.items():
        if isinstance(error, kind):
            return unhidden(" ".join(str(error).split()) + remedy)
    return None


def _misuse(error: Exception) -> str:
    context = getattr(error, "ctx", None)
    said = " ".join(_said(error).split())
    path = context.command_path if context is not None else "invoice-gateway"
    return f"{said.rstrip('.')}; see: {path} --help"


def _said(error: Exception) -> str:
    text: str = getattr(error, "format_message", error.__str__)()
    return text
