"""The invoices of an order: what goes on them, and the money held for the order that pays them.

An invoice is made from what was ordered, piece by piece: amounts are the share of the pieces billed
so far, rounded down, less what was billed before; so all invoices of an order add up to it exactly.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from . import allocation
from .detail import Detail, Fulfilment
from .draft import Draft
from .events_orders import InvoiceFulfilmentChanged
from .evolve import evolve
from .invoice import ISSUED_NEW, Invoice, InvoiceKind, Kind, Lifecycle, Line, LineTerms
from .keys import InvoiceKey
from .ledger import Account, Mode, Source
from .order import Category, Method, Order

_JSON: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
SHIPPING: Final = "shipping:1"
"""The number of the line for shipping."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipment:
    """What left which facility; `shipping` tells whether this one is charged for the order's."""

    facility: str | None = None
    number: str | None = None
    shipping: bool = True


def number(order: Order) -> str:
    """Return the number of the next invoice of an order."""
    return f"INV:{order.reference}:{order.invoices + 1}"


def bill(draft: Draft, order: Order, pieces: Mapping[str, int], shipment: Shipment) -> Order:
    """Issue an invoice over `pieces` (by line, positive) and pay it from what is held (S0-12).

    Shipping goes on the first invoice that is charged for it, at the latest on the last (S0-41).
    Returns the order as it is afterwards, which may be complete.
    """
    lines = tuple(
        line._replace(invoiced=line.invoiced + pieces.get(line.line_no, 0)) for line in order.lines
    )
    after = evolve(order, lines=lines, invoices=order.invoices + 1)
    with_shipping = not order.shipping_invoiced and (shipment.shipping or after.billed)
    invoice = _invoice(draft, order, pieces, shipment, with_shipping=with_shipping)
    ships = invoice.detail.fulfilment is Fulfilment.READY_TO_SHIP
    after = evolve(
        after,
        shipping_invoiced=order.shipping_invoiced or with_shipping,
        unshipped=order.unshipped + ships,
    )
    draft.put(after)
    draft.issue(invoice)
    if ships:
        ready = InvoiceFulfilmentChanged(
            invoice=invoice.key,
            customer=invoice.account,
            order_reference=order.reference,
            facility=shipment.facility,
            shipment=shipment.number,
            old=None,
            new=Fulfilment.READY_TO_SHIP,
            carrier=None,
            tracking=None,
        )
        draft.announce(ready, invoice)
    pay(draft, after)
    return after


def sources(draft: Draft, order: Order) -> list[Source]:
    """Return what is held for an order, oldest value date first: in any currency, spent or not."""
    found = [each for each in draft.of(Source, order.account) if each.held_for == order.reference]
    return sorted(found, key=allocation.source_order)


def held(draft: Draft, order: Order) -> int:
    """Return how much is held for an order in its currency."""
    return sum(each.remaining for each in sources(draft, order) if each.currency == order.currency)


def pay(draft: Draft, order: Order) -> None:
    """Let what is held for an order pay its open invoices, oldest first, up to their pending.

    As long as the order is not done, only those for the order itself, none for its requests.
    """
    waiting = sources(draft, order)
    if not waiting:
        return
    open_ = [
        each
        for each in draft.open(Invoice, order.account)
        if each.order_ref == order.reference
        and each.lifecycle is Lifecycle.ISSUED
        and (each.kind is InvoiceKind.COMMERCIAL or not order.open)
    ]
    for invoice in sorted(open_, key=lambda each: (each.issue_date, each.key)):
        pay_one(draft, invoice, waiting)


def pay_one(draft: Draft, invoice: Invoice, waiting: list[Source]) -> int:
    """Let `waiting` pay `invoice`, and keep it up to date in place; return how much it paid."""
    paid = 0
    for at, source in enumerate(waiting):
        amount = min(source.remaining, invoice.pending)
        if amount <= 0 or source.currency != invoice.currency:
            continue
        parts = allocation.waterfall(invoice.lines, amount, disputed=True)
        waiting[at], invoice = allocation.post(draft, source, invoice, parts, Mode.ORDER)
        paid += amount
    return paid


def _invoice(
    draft: Draft,
    order: Order,
    pieces: Mapping[str, int],
    shipment: Shipment,
    *,
    with_shipping: bool,
) -> Invoice:
    context = draft.context
    account = draft.get(Account, order.account)
    assert account is not None
    lines = _lines(order, pieces, with_shipping=with_shipping)
    days = account.terms_days if order.method is Method.TERMS else 0  # S0-28
    ships = any(
        line.category is Category.HARDWARE and line.line_no in pieces for line in order.lines
    )
    return Invoice(
        key=InvoiceKey(context.policy.enterprise, number(order)),
        account=order.account,
        currency=order.currency,
        amount=sum(line.amount for line in lines),
        issue_date=context.today,
        due_date=context.today + timedelta(days=days),
        lines=lines,
        derived=ISSUED_NEW,
        order_ref=order.reference,
        content_hash=order.content_hash,
        cause=context.cause,
        detail=Detail(
            facility=shipment.facility,
            fulfilment=Fulfilment.READY_TO_SHIP if ships else Fulfilment.NOT_APPLICABLE,
            series=account.party_class,
            reminder_days=account.reminder_days,
            suspension_days=account.suspension_days,
            deletion_days=account.deletion_days,
        ),
        snapshot=_snapshot(context.policy.enterprise, account, lines),
    )


def _lines(order: Order, pieces: Mapping[str, int], *, with_shipping: bool) -> tuple[Line, ...]:
    found = []
    for line in order.lines:
        quantity = pieces.get(line.line_no, 0)
        if not quantity:
            continue
        net, tax = line.next(quantity)
        terms = LineTerms(
            line.description,
            item_code=line.item_code,
            quantity=str(quantity),
            unit_price=line.unit_price,
            net=net,
            tax_category=line.tax_category,
            tax_rate=line.tax_rate,
            tax=tax,
            order_line=line.line_no,
        )
        found.append(Line(line.line_no, Kind.ITEM, net + tax, terms))
    if with_shipping and order.shipping:
        terms = LineTerms(
            "Shipping",
            net=order.shipping - order.shipping_tax,
            tax_category=order.shipping_tax_category,
            tax_rate=order.shipping_tax_rate,
            tax=order.shipping_tax,
        )
        found.append(Line(SHIPPING, Kind.SHIPPING, order.shipping, terms))
    return tuple(found)


def _snapshot(enterprise: str, account: Account, lines: tuple[Line, ...]) -> str:
    """Return seller, buyer and taxes as they are today, as JSON, kept as it is (S4-12, §3.15)."""
    buyer = [["Name", account.name]]
    buyer += [["AddressLine", each] for each in account.address.splitlines()]
    buyer += [["TaxId", each] for each in account.tax_ids.split()]
    taxes: dict[tuple[str, str], list[int]] = {}
    for line in lines:
        assert line.terms is not None
        sums = taxes.setdefault((line.terms.tax_category, line.terms.tax_rate), [0, 0])
        sums[0] += line.terms.net
        sums[1] += line.terms.tax
    blocks = {
        "Seller": [["Name", enterprise]],
        "Buyer": buyer,
        "Taxes": [[*key, *sums] for key, sums in taxes.items()],
    }
    return _JSON.encode(blocks)
