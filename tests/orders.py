"""Builders of valid messages about orders, as in `messages`: keywords in, XML bytes out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Unpack

from tests.messages import Header, Named, Xml, _group, _message, _reference, _tag, _truth

CARD = "CAP-1"
"""The reference of the capture where nobody says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A line of an order: `net` and `tax` are for the whole quantity."""

    net: str = "100.00"
    tax: str = "0.00"
    category: str = "hardware"
    quantity: int = 1
    serialised: bool = False
    number: str | None = None
    rate: str = "0"


def order_placed(
    order: str = "O-1",
    *,
    customer: str = "ACME",
    method: str = "credit-card",
    lines: Sequence[Piece] = (Piece(),),
    shipping: str | None = None,
    shipping_tax: str = "0.00",
    currency: str = "EUR",
    capture: str = CARD,
    captured: bool = True,
    placed_at: str | None = None,
    channel: str | None = None,
    total: str | None = None,
    **header: Unpack[Header],
) -> bytes:
    """Return an OrderPlaced that adds up, unless `total` says something else."""
    right = sum((Decimal(each.net) + Decimal(each.tax) for each in lines), Decimal())
    if shipping is not None:
        right += Decimal(shipping) + Decimal(shipping_tax)
    return _message(
        "OrderPlaced",
        _tag("OrderReference", order),
        _tag("Customer", customer),
        _tag("Channel", channel),
        _tag("PlacedAt", placed_at),
        _group("Payment", _payment(method, capture, captured=captured)),
        _tag("Currency", currency),
        _group("Lines", *(_line(at, each) for at, each in enumerate(lines, start=1))),
        _group("Shipping", *_amounts(shipping, shipping_tax, "0")) if shipping else Xml(),
        _tag("Total", total or str(right)),
        header=header,
    )


def order_command(
    command: str = "Cancel",
    *,
    order: str = "O-1",
    reason: str | None = "as agreed",
    **header: Unpack[Header],
) -> bytes:
    """Return an OrderCommand that releases, cancels or closes short (`CloseShort`)."""
    said = _group(command, _tag("ReasonText", reason)) or Xml(f"<{command}/>")
    return _message(
        "OrderCommand",
        _tag("OrderReference", order),
        said,
        header={"sender": "financials", **header},
    )


def resubmitted(
    order: str = "O-1",
    *,
    capture: str = "CAP-2",
    captured: bool = True,
    **header: Unpack[Header],
) -> bytes:
    """Return an OrderCommand that says what became of charging a card again."""
    return _message(
        "OrderCommand",
        _tag("OrderReference", order),
        _group("ResubmitPayment", *_capture(capture, captured=captured)),
        header={"sender": "financials", **header},
    )


def quote_accepted(
    order: str = "O-1",
    *,
    method: str = "wire-transfer",
    capture: str = CARD,
    captured: bool = True,
    **header: Unpack[Header],
) -> bytes:
    """Return an OrderCommand that makes an order of a quote."""
    return _message(
        "OrderCommand",
        _tag("OrderReference", order),
        _group("Place", _payment(method, capture, captured=captured)),
        header={"sender": "financials", **header},
    )


def fulfilled(
    lines: Mapping[str, int] | None = None,
    *,
    order: str = "O-1",
    shipment: str = "S-1",
    facility: str = "LAGER",
    serials: Mapping[str, Sequence[str]] | None = None,
    services: bool | None = None,
    shipping: bool | None = None,
    **header: Unpack[Header],
) -> bytes:
    """Return a FulfilmentReported of pieces by line, with serial numbers by line."""
    return _message(
        "FulfilmentReported",
        _tag("OrderReference", order),
        _tag("Facility", facility),
        _tag("ShipmentId", shipment),
        _group(
            "Lines",
            *(
                _group(
                    "Line",
                    _tag("LineNo", line),
                    _tag("Quantity", str(pieces)),
                    *(_tag("SerialNumber", each) for each in (serials or {}).get(line, ())),
                )
                for line, pieces in (lines or {"1": 1}).items()
            ),
        ),
        _tag("WithServices", _truth(services)),
        _tag("WithShipping", _truth(shipping)),
        header={"sender": "warehouse", **header},
    )


def tracked(
    invoice: Named = "INV:O-1:1",
    *,
    order: str = "O-1",
    tracking: str = "1Z-7",
    carrier: str | None = None,
    **header: Unpack[Header],
) -> bytes:
    """Return a ShipmentTracked."""
    return _message(
        "ShipmentTracked",
        _tag("OrderReference", order),
        _reference("Invoice", invoice),
        _tag("Carrier", carrier),
        _tag("TrackingNumber", tracking),
        header={"sender": "warehouse", **header},
    )


def _line(at: int, piece: Piece) -> Xml:
    return _group(
        "Line",
        _tag("LineNo", piece.number or str(at)),
        _tag("Category", piece.category),
        _tag("Description", piece.category.title()),
        _tag("Quantity", str(piece.quantity)),
        _tag("UnitPrice", str((Decimal(piece.net) / piece.quantity).quantize(Decimal("0.000001")))),
        *_amounts(piece.net, piece.tax, piece.rate),
        _tag("Serialised", "true" if piece.serialised else None),
    )


def _amounts(net: str, tax: str, rate: str) -> Sequence[Xml]:
    return (
        _tag("NetAmount", net),
        _tag("TaxCategory", "Z" if rate == "0" else "S"),
        _tag("TaxRate", rate),
        _tag("TaxAmount", tax),
    )


def _payment(method: str, capture: str, *, captured: bool) -> Xml:
    if method == "credit-card":
        return _group("CreditCard", *_capture(capture, captured=captured))
    return _tag("Method", method)


def _capture(reference: str, *, captured: bool) -> Sequence[Xml]:
    said = _truth(captured)
    return _tag("CaptureReference", reference), _tag("Captured", said)
