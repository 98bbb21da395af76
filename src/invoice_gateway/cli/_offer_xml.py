"""Messages about offers, written from what was typed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import uuid4

from invoice_gateway.cli._invocation import UsageFault
from invoice_gateway.xml.elements import escaped, instant

NAMESPACE: Final = "urn:invoice-gateway:1"
KEYS: Final = {
    "no": "LineNo",
    "group": "Group",
    "type": "Type",
    "product": "ProductCode",
    "subscription": "Subscription",
    "period": "Period",
    "description": "Description",
    "quantity": "Quantity",
    "price": "UnitPrice",
    "net": "NetAmount",
    "category": "TaxCategory",
    "rate": "TaxRate",
}
"""What a line may say, in the order of the message, and how it is called there."""
UNTAXED: Final = {"category": "Z", "rate": "0"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What was typed about an offer; exactly one of `lines`, `order` and `topup` is there."""

    currency: str
    name: str
    recipient: str
    due_days: int
    lines: Sequence[str]
    topup: str | None = None
    order: str | None = None

    def xml(self) -> str:
        """Return the elements that drafts and editions share.

        Raises:
            UsageFault: a line cannot be read, or it is not said what is offered.
        """
        if [bool(self.lines), self.topup is not None, self.order is not None].count(True) != 1:
            raise UsageFault(
                "say what is offered: one of --line (as often as needed), --topup or --from-order"
            )
        head = (
            element("Currency", self.currency),
            element("Name", self.name),
            element("RecipientEmail", self.recipient),
            element("DueDays", str(self.due_days)),
        )
        if self.topup is not None:
            return "".join((*head, group("TopUp", element("Amount", self.topup))))
        if self.order is not None:
            return "".join((*head, group("Proforma", element("FromOrder", self.order))))
        lines = [_line(at, each) for at, each in enumerate(self.lines, start=1)]
        return "".join((*head, group("Proforma", group("Lines", *lines))))


def message(kind: str, sender: str, *children: str) -> bytes:
    """Return a whole message of this kind, with an id of its own, sent now."""
    header = group(
        "Header",
        element("MessageId", f"cli-{uuid4()}"),
        element("Sender", sender),
        element("SentAt", instant(datetime.now(UTC))),
        element("SchemaVersion", "1"),
    )
    body = "".join(children)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<{kind} xmlns="{NAMESPACE}">'
        f"{header}{body}</{kind}>\n"
    ).encode()


def element(name: str, value: str | None) -> str:
    """Return the element, or nothing where there is no value."""
    return "" if value is None else f"<{name}>{escaped(value)}</{name}>"


def group(name: str, *children: str) -> str:
    """Return the element around `children`, which are elements already."""
    return f"<{name}>{''.join(children)}</{name}>"


def reference(number: str, issuer: str | None = None) -> str:
    """Return the element that names an invoice; without issuer, one of the enterprise."""
    if issuer is None:
        return element("Invoice", number)
    return f'<Invoice issuer="{escaped(issuer)}">{escaped(number)}</Invoice>'


def _line(at: int, text: str) -> str:
    """Return the line that `text` describes, as `net=60.00,product=PBX-10,period=P1M`."""
    said: dict[str, str] = {"no": str(at), "description": "Item", **UNTAXED}
    for pair in text.split(","):
        key, equals, value = pair.partition("=")
        key = key.strip()
        if not equals or key not in KEYS:
            known = " ".join(KEYS)
            raise UsageFault(
                f"--line {text!r}: {pair!r} is not KEY=VALUE with one of the keys {known}"
            )
        said[key] = value.strip()
    if "net" not in said:
        raise UsageFault(f"--line {text!r}: says no net=AMOUNT")
    return group("Line", *_elements(said))


def _elements(said: Mapping[str, str]) -> Iterable[str]:
    return (element(name, said.get(key)) for key, name in KEYS.items())
