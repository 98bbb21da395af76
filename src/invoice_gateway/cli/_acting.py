"""How verbs act: they write the message a partner would write, and send it the way of all others.

There is no second way in: what is validated, refused, recorded and announced is the same.
"""

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple

import typer

from invoice_gateway.cli import _out as out
from invoice_gateway.cli._invocation import NEGATIVE, UsageFault, app_of, check_bus
from invoice_gateway.cli.submit import judged, offline, outgoing, transmitted
from invoice_gateway.xml.elements import escaped, instant

NAMESPACE = "urn:invoice-gateway:1"


class Attributed(NamedTuple):
    """Text with one attribute, as in an amount with its currency."""

    text: str
    attribute: str
    value: str


Value = str | None | Attributed | Mapping[str, "Value"] | list["Value"]
"""Text, nothing (the element is left out), children by name, or several of the same name."""


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
    body = document(message, message_id, sender, children)
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


def document(message: str, message_id: str, sender: str, children: Mapping[str, Value]) -> bytes:
    """Return the message as a UTF-8 document."""
    head: dict[str, Value] = {
        "MessageId": message_id,
        "Sender": sender,
        "SentAt": instant(datetime.now(UTC).replace(microsecond=0)),
        "SchemaVersion": "1",
    }
    whole: dict[str, Value] = {"Header": head, **children}
    inside = "".join(_element(name, value) for name, value in whole.items())
    return f'<{message} xmlns="{NAMESPACE}">{inside}</{message}>'.encode()


def _element(name: str, value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return "".join(_element(name, each) for each in value)
    if isinstance(value, Attributed):
        return f'<{name} {value.attribute}="{escaped(value.value)}">{escaped(value.text)}</{name}>'
    if isinstance(value, str):
        return f"<{name}>{escaped(value)}</{name}>"
    inside = "".join(_element(child, each) for child, each in value.items())
    return f"<{name}>{inside}</{name}>" if inside else ""
