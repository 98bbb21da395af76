"""What a message asks to be booked, read from the document itself."""

from invoice_gateway.audit.amounts import minor
from invoice_gateway.xml.stored import Tree, local_name


def booked(root: Tree) -> int | None:
    """Return the amount of a document that is booked as a whole, in minor units, or None."""
    kind = local_name(str(root.tag))
    if kind == "InvoicePosted":
        currency = root.findtext("{*}Currency") or ""
        texts = [root.findtext(f"{{*}}Totals/{{*}}{each}") for each in ("TaxInclusive", "Rounding")]
        return abs(sum(minor(each, currency) for each in texts if each))
    if kind == "ReversalPosted":
        discount = root.find("{*}Discount")
        if discount is None or discount.find("{*}All") is not None:
            return None
        root, kind = discount, "Discount"
    if kind in ("Discount", "CreditNotePosted", "PaymentPosted", "MemoPosted"):
        amounts = root.findall("{*}Amount") or root.findall("{*}Lines/{*}Line/{*}Amount")
        return sum(minor(each.text or "", each.get("currency") or "") for each in amounts)
    return None
