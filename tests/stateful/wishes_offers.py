"""Random messages about offers, provisioning and wallets, as those in `wishes`."""

from collections.abc import Callable
from typing import Any

from invoice_gateway.model.money import decimal_text
from tests import messages as say
from tests import messages_offers as offer
from tests.stateful import wishes
from tests.stateful.wishes import DAYS, PARTIES, Wish

OFFERS = tuple(f"PF-{at}" for at in range(1, 9))


def _offer(wish: Wish, *states: str) -> Any | None:
    """Return an offer, rather one in these states, if there is any."""
    rows = [each for each in wish.facts.invoices.values() if each.kind in ("proforma", "topup")]
    rows.sort(key=lambda row: row.number)
    fitting = [each for each in rows if each.lifecycle in states]
    return wish.one(*(fitting * 4), *rows) if rows else None


def _content(wish: Wish, currency: str, *, topup: bool) -> offer.Offered:
    if topup:
        return offer.topup(decimal_text(wish.cents(), currency))
    items = [
        offer.Item(
            net=decimal_text(wish.cents(), currency),
            number=str(at),
            rate=wish.one("0", "20"),
            category="S",
            type=wish.one("purchase", "purchase", "purchase", "extension"),
            subscription="SUB-1",
            period=wish.one("P1M", "P1M", "P1M", None),
        )
        for at in range(1, wish.one(2, 3, 4))
    ]
    return {"lines": items}


def draft(wish: Wish) -> bytes:
    """Draw an InvoiceDraft: a proforma or a top-up."""
    currency = wish.one(*wishes.CURRENCIES)
    content = _content(wish, currency, topup=wish.flag()) | {"currency": currency}
    number, customer = wish.one(*OFFERS), wish.one(*PARTIES)
    return offer.invoice_draft(number, content, customer=customer, **wish.ids())


def command(wish: Wish) -> bytes:
    """Draw an InvoiceCommand, mostly one that is possible where the offer stands."""
    row = _offer(wish, "Draft", "Sent")
    if row is None:
        return offer.send(wish.one(*OFFERS), **wish.ids())
    possible = {
        "Draft": ("Send", "Send", "MarkSent", "Delete", "Edit"),
        "Sent": ("Provision", "Provision", "Provision", "Void", "Edit", "Edit", "Resend"),
    }
    name = wish.one(*possible.get(row.lifecycle, ("Void",)), "Copy", "Auto", "Cancel")
    header: Any = wish.ids()
    if name == "Edit":
        content = _content(wish, row.currency, topup=row.kind == "topup")
        return offer.edit(row.number, content | {"currency": row.currency}, **header)
    if name == "Copy":
        return offer.copy(wish.one(*OFFERS), row.number, **header)
    if name == "Auto":
        return offer.auto(row.number, on=wish.flag(), **header)
    return offer.command(name, row.number, **header)


def outcome(wish: Wish) -> bytes:
    """Draw the answer of the provisioning system, or that its time is up."""
    asked = {at for at, each in wish.facts.details.items() if each.execution == "executing"}
    rows = [each for at, each in wish.facts.invoices.items() if at in asked]
    row = wish.one(*sorted(rows, key=lambda each: each.number)) if rows else _offer(wish, "Sent")
    number = row.number if row else wish.one(*OFFERS)
    if row and row.reserved and wish.rarely():
        return say.timer_due(
            number, kind="proforma", day="2026-11-21", **wish.ids(sender="scheduler")
        )
    return offer.request_outcome(number, executed=not wish.rarely(), **wish.ids())


def money_for_an_offer(wish: Wish) -> bytes:
    """Draw money put on an offer that was sent: by hand, or by a payment that names it."""
    row = _offer(wish, "Sent")
    mine = [
        each
        for each in wish.facts.sources.values()
        if row and each.remaining and (each.account, each.currency) == (row.account, row.currency)
    ]
    if row is None or not mine or wish.flag():
        number = row.number if row else wish.one(*OFFERS)
        currency = row.currency if row else "EUR"
        return say.payment_posted(
            wish.one(*wishes.PAYMENTS),
            payer=row.account if row else wish.one(*PARTIES),
            amount=decimal_text(wish.cents(row.pending if row else 0), currency),
            currency=currency,
            value_date=wish.one(*DAYS),
            invoices=[number],
            **wish.ids(),
        )
    source = wish.one(*sorted(mine, key=lambda each: (each.type, each.reference)))
    return say.allocate(
        source.reference,
        invoice=row.number,
        customer=row.account,
        source_type=source.type,
        currency=row.currency,
        amount=decimal_text(wish.cents(min(source.remaining, row.pending)), row.currency),
        **wish.ids(),
    )


def usage(wish: Wish) -> bytes:
    """Draw a WalletUsage."""
    lots = [each for each in wish.facts.sources.values() if each.type == "wallet"]
    lot = wish.one(*sorted(lots, key=lambda each: each.reference)) if lots else None
    currency = lot.currency if lot else "EUR"
    return offer.wallet_usage(
        f"CALL-{wish.serial()}",
        customer=lot.account if lot else wish.one(*PARTIES),
        amount=decimal_text(wish.cents(lot.remaining if lot else 0), currency),
        currency=currency,
        **wish.ids(),
    )


WEIGHTS: dict[Callable[[Wish], bytes], int] = wishes.WEIGHTS | {
    draft: 4,
    command: 7,
    outcome: 5,
    money_for_an_offer: 4,
    usage: 2,
}


def any_of_them(wish: Wish) -> bytes:
    """Draw a message of any type."""
    [kind] = wish.chance.choices(list(WEIGHTS), list(WEIGHTS.values()))
    return kind(wish)
