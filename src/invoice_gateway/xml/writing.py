"""Messages as a partner would write them: names and values become a document."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from invoice_gateway.xml.elements import escaped, instant

NAMESPACE = "urn:invoice-gateway:1"


class Attributed(NamedTuple):
    """Text with one attribute, as in an amount with its currency."""

    text: str
    attribute: str
    value: str


Value = str | None | Attributed | Mapping[str, "Value"] | list["Value"]
"""Text, nothing (the element is left out), children by name, or several of the same name."""


def document(
    message: str, message_id: str, sender: str, sent_at: datetime, children: Mapping[str, Value]
) -> bytes:
    """Return the message of this type and content as a UTF-8 document."""
    head: dict[str, Value] = {
        "MessageId": message_id,
        "Sender": sender,
        "SentAt": instant(sent_at),
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
