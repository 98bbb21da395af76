"""Reading what an offer says: drafts and new editions say it in the same elements."""

import json
from decimal import Decimal

from invoice_gateway.model.errors import Code
from invoice_gateway.model.money import decimal_text
from invoice_gateway.model.offer import Content, OfferLine
from invoice_gateway.model.totals import Tax, TaxKey, gross_columns, reckoned
from invoice_gateway.xml.document import Document

_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def read_offer(document: Document) -> Content:
    """Return what an offer says; taxes are reckoned per category and rate, lines bear their share.

    Raises:
        Rejected: `amount-not-positive`: the lines come to less than nothing, or the top-up to
            nothing; `totals-mismatch`: they do not come to the total that is said; `decimals`,
            `unknown-currency`, `amount-too-large`.
    """
    currency = document.currency("Currency")
    topup = document.one("TopUp")
    quote = document.one("FromQuote")
    proforma = quote or document.one("Proforma")
    lines: tuple[OfferLine, ...] = ()
    taxes: list[Tax] = []
    if topup is not None:
        lines = (_topup(topup, currency),)
    elif proforma is not None and (rows := proforma.all("Lines/Line")):
        lines, taxes = _lines(proforma, rows, currency)
        _check_total(proforma, lines, currency)
    return Content(
        topup=topup is not None,
        name=document.text("Name"),
        recipient=document.text("RecipientEmail"),
        due_days=document.integer("DueDays"),
        currency=currency,
        lines=lines,
        blocks=_blocks(document, taxes),
        quote=quote.text("OrderReference") if quote is not None else None,
    )


def _topup(topup: Document, currency: str) -> OfferLine:
    amount = topup.amount("Amount", currency)
    if amount <= 0:
        raise topup.refuse(
            Code.AMOUNT_NOT_POSITIVE, "Amount", "a top-up must be positive", "an amount above 0"
        )
    return OfferLine("1", amount, "Top-up", net=amount)


def _lines(
    proforma: Document, rows: list[Document], currency: str
) -> tuple[tuple[OfferLine, ...], list[Tax]]:
    nets = [each.amount("NetAmount", currency) for each in rows]
    keys = [TaxKey(each.text("TaxCategory"), _rate(each.text("TaxRate"))) for each in rows]
    taxes = reckoned(nets, keys)
    try:
        shares, amounts = gross_columns(nets, keys, taxes, 0)
    except ValueError:
        raise proforma.refuse(
            Code.AMOUNT_NOT_POSITIVE, "Lines", "the lines come to less than nothing"
        ) from None
    lines = [
        OfferLine(
            line_no=row.text("LineNo"),
            amount=amount,
            description=row.text("Description"),
            item_code=row.maybe("ProductCode"),
            quantity=row.maybe("Quantity"),
            unit=row.maybe("Quantity/@unit"),
            unit_price=row.maybe("UnitPrice") or "0",
            net=net,
            tax_category=key.category,
            tax_rate=key.rate,
            tax=tax,
            group=row.maybe("Group"),
            type=row.maybe("Type"),
            subscription=row.maybe("Subscription"),
            period=row.maybe("Period"),
        )
        for row, net, key, tax, amount in zip(rows, nets, keys, shares, amounts, strict=True)
    ]
    return tuple(lines), taxes


def _rate(text: str) -> str:
    return f"{Decimal(text).normalize():f}"


def _check_total(proforma: Document, lines: tuple[OfferLine, ...], currency: str) -> None:
    said = proforma.maybe_amount("Total", currency)
    total = sum(line.amount for line in lines)
    if said is not None and said != total:
        raise proforma.refuse(
            Code.TOTALS_MISMATCH,
            "Total",
            f"the lines come to {decimal_text(total, currency)} with tax",
            decimal_text(total, currency),
        )


def _blocks(document: Document, taxes: list[Tax]) -> str:
    """Return what was said about seller and buyer, and the taxes, as JSON."""
    blocks: dict[str, object] = {
        name: [[child.name, child.text()] for child in block.all("*")]
        for name in ("Seller", "Buyer")
        if (block := document.one(name))
    }
    blocks["Taxes"] = [[*tax.key, tax.taxable, tax.amount] for tax in taxes]
    return _JSON.encode(blocks)
