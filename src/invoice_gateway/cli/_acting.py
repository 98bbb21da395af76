"""How verbs act: they write the message a partner would write, and send it the way of all others.

There is no second way in: what is validated, refused, recorded and announced is the same.
"""

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime

import typer

from invoice_gateway.cli import _out as out
from invoice_gateway.cli._invocation import NEGATIVE, UsageFault, app_of, check_bus
from invoice_gateway.cli.submit import judged, offline, outgoing, transmitted
from invoice_gateway.xml.writing import Attributed, Value, document

__all__ = ["Attributed", "Value", "act", "invoice_ref", "money"]


def money(amount: str | None, currency: str) -> Attributed | None:
    """Return an amount as a message carries it, or None."""
    return None if amount is None else Attributed(amount, "currency", currency)


def invoice_ref(number: str) -> Attributed | str:
    """Return an invoice as a message names it; NUMBER, or ISSUER/NUMBER of another issuer."""
    issuer, slash, rest = number.partition("/")
    return Attributed(rest, "issuer", issuer) if slash else number


def act(
    context: typer.Context, message: str, children: Mapping[str, Value], *, sender: str
) -> None:
    """Send a message of this type and content, and print its id; exit 1 if the bus refused it.

    Raises:
        UsageFault: the content does not make a valid message; nothing is sent.
    """
    app = app_of(context)
    message_id = f"cli-{secrets.token_hex(12)}"
    now = datetime.now(UTC).replace(microsecond=0)
    body = document(message, message_id, sender, now, children)
    report = judged(message, body, offline(app))
    if not report.valid:
        [first, *_] = report.errors
        raise UsageFault(f"{report.code}: {first.path} {first.message}".replace(":  ", ": "))
    check_bus(app)
    letter, _ = outgoing(body, app.settings.enterprise, app.limits)
    [error] = transmitted(app, sender, [letter])
    if error is not None:
        out.line(f"{message_id}: failed: {error}")
        raise typer.Exit(NEGATIVE)
    out.line(f"{message_id}: confirmed; see: invoice-gateway messages show {message_id}")
