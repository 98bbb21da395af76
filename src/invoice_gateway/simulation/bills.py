"""Invoices as the ERP writes them: lines, taxes and totals that add up."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from invoice_gateway.model.money import decimal_text
from invoice_gateway.simulation.letters import ERP, Letter
from invoice_gateway.simulation.people import Party
from invoice_gateway.xml.writing import Value


class Item(NamedTuple):
    """A line: its price without tax in minor units, and the rate of its VAT in percent."""

    net: int
    rate: int


def invoice(
    number: str,
    party: Party,
    items: Sequence[Item],
    on: date,
    *,
    order: str | None = None,
    off: int = 0,
) -> Letter:
    """Return an invoice over `items`; its totals are `off` by so many minor units."""

    def text(minor: int) -> str:
        return decimal_text(minor, party.currency)

    nets: dict[int, int] = defaultdict(int)
    for each in items:
        nets[each.rate] += each.net
    taxes = {rate: _tax(net, rate) for rate, net in nets.items()}
    net, tax = sum(nets.values()), sum(taxes.values())
    says: dict[str, Value] = {
        "Number": number,
        "Customer": party.id,
        "Currency": party.currency,
        "IssueDate": on.isoformat(),
        "OrderReference": order,
        "Lines": {"Line": [_line(at, each, text(each.net)) for at, each in enumerate(items, 1)]},
        "Taxes": {
            "Tax": [
                {
                    "Category": _category(rate),
                    "Rate": str(rate),
                    "TaxableAmount": text(nets[rate]),
                    "TaxAmount": text(amount),
                }
                for rate, amount in taxes.items()
            ]
        },
        "Totals": {
            "LineTotal": text(net),
            "TaxExclusive": text(net),
            "TaxTotal": text(tax),
            "TaxInclusive": text(net + tax + off),
            "Payable": text(net + tax + off),
        },
    }
    return Letter(ERP, "InvoicePosted", says)


def _line(at: int, item: Item, net: str) -> dict[str, Value]:
    return {
        "LineNo": str(at),
        "Description": f"Item {at}",
        "Quantity": "1",
        "UnitPrice": net,
        "NetAmount": net,
        "TaxCategory": _category(item.rate),
        "TaxRate": str(item.rate),
    }


def _category(rate: int) -> str:
    return "S" if rate else "Z"


def _tax(net: int, rate: int) -> int:
    return int((Decimal(net) * rate / 100).quantize(Decimal(1), ROUND_HALF_UP))
