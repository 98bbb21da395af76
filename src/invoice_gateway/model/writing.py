"""Writing offers: drafts, their editions, and copies (S1-01 to S1-07).

An edition is a version of an offer: its lines take the place of those before, which stay as
history.
"""

from datetime import timedelta

from .blocks_offers import OfferedBlock
from .detail import Detail, Execution
from .draft import Draft
from .errors import Code, Rejected
from .events_offers import InvoiceDrafted, InvoiceEdited
from .evolve import evolve
from .invoice import ISSUED_NEW, Invoice, InvoiceKind, Lifecycle, Line
from .keys import InvoiceKey
from .ledger import Account
from .money import Money, shown
from .offer import Content, Offer, OfferLine, named
from .quotes import quoted


def write(
    draft: Draft,
    key: InvoiceKey,
    account: Account,
    content: Content,
    copy_of: Invoice | None = None,
) -> None:
    """Write a new draft (S1-01 to S1-03).

    Raises:
        Parked: `unknown-order`.
        Rejected: `amount-not-positive`, or what `quoted` refuses.
    """
    if content.quote is not None:
        content = quoted(draft, account, content)
    _must_cost_something(content)
    today = draft.context.today
    detail = Detail(
        name=content.name,
        recipient=content.recipient,
        due_days=content.due_days,
        execution=Execution.PENDING,
        copy_of=copy_of.key if copy_of else None,
    )
    invoice = Invoice(
        key=key,
        account=account.party,
        currency=content.currency,
        amount=content.amount,
        issue_date=today,
        due_date=today + timedelta(days=content.due_days),
        lines=tuple(line.line() for line in content.lines),
        derived=ISSUED_NEW,
        kind=InvoiceKind.TOPUP if content.topup else InvoiceKind.PROFORMA,
        lifecycle=Lifecycle.DRAFT,
        order_ref=content.quote,
        description=content.name,
        content_hash=draft.context.content_hash,
        cause=draft.context.cause,
        detail=detail,
    )
    draft.put(invoice)
    _keep(draft, invoice, content)
    event = InvoiceDrafted(
        invoice=key,
        customer=invoice.account,
        kind=invoice.kind,
        title=content.name,
        recipient=content.recipient,
        due_days=content.due_days,
        order_reference=invoice.order_ref,
        copy_of=detail.copy_of,
        amount=Money(invoice.amount, invoice.currency),
        offered=_offered(content.lines, invoice.currency),
    )
    draft.announce(event, invoice)


def _must_cost_something(content: Content) -> None:
    if content.amount <= 0:
        raise Rejected(
            Code.AMOUNT_NOT_POSITIVE,
            f"an offer must cost something, this comes to "
            f"{shown(content.amount, content.currency)}",
        )


def _keep(draft: Draft, invoice: Invoice, content: Content) -> None:
    """Keep the content of the newest edition."""
    offer = Offer(
        id=named(invoice.key),
        account=invoice.account,
        blocks=content.blocks,
        lines=content.lines,
        cause=draft.context.cause,
    )
    draft.put(offer)


def _offered(lines: tuple[OfferLine, ...], currency: str) -> tuple[OfferedBlock, ...]:
    return tuple(
        OfferedBlock(line.line_no, line.description, line.group, Money(line.amount, currency))
        for line in lines
    )


def edit(draft: Draft, invoice: Invoice, content: Content) -> None:
    """Make a new edition (S1-32): no line may ask for less than is settled on it.

    Raises:
        Rejected: `bad-transition` for another kind, `currency-mismatch`, `amount-not-positive`,
            `below-settled`.
    """
    if content.topup != (invoice.kind is InvoiceKind.TOPUP):
        raise Rejected(Code.BAD_TRANSITION, f"{invoice.key} stays a {invoice.kind}")
    if content.currency != invoice.currency:
        raise Rejected(
            Code.CURRENCY_MISMATCH, f"{invoice.key} is in {invoice.currency}, and stays in it"
        )
    _must_cost_something(content)
    lines = _carried(invoice, content)
    detail = evolve(
        invoice.detail,
        name=content.name,
        recipient=content.recipient,
        due_days=content.due_days,
        edition=invoice.detail.edition + 1,
        first_line=invoice.detail.first_line + len(invoice.lines),
        execution=Execution.PENDING,
    )
    editions = invoice.editions
    if invoice.lines[0].terms is not None:
        editions += ((invoice.detail.first_line, invoice.lines),)
    edited = evolve(
        invoice,
        amount=content.amount,
        due_date=invoice.issue_date + timedelta(days=content.due_days),
        description=content.name,
        lines=lines,
        editions=editions,
        detail=detail,
    )
    draft.put(edited)
    _keep(draft, edited, content)
    event = InvoiceEdited(
        invoice=edited.key,
        customer=edited.account,
        edition=detail.edition,
        title=content.name,
        recipient=content.recipient,
        due_days=content.due_days,
        due_date=edited.due_date,
        amount=Money(edited.amount, edited.currency),
        offered=_offered(content.lines, edited.currency),
    )
    draft.announce(event, edited)


def _carried(invoice: Invoice, content: Content) -> tuple[Line, ...]:
    """Return the new lines with what is settled and said of the old ones of the same number.

    Raises:
        Rejected: `below-settled`: the whole, or a line, asks for less than is settled or disputed.
    """
    currency = invoice.currency
    if content.amount < invoice.settled:
        raise Rejected(
            Code.BELOW_SETTLED,
            f"{shown(invoice.settled, currency)} are settled on {invoice.key}, "
            f"the new edition asks for {shown(content.amount, currency)}",
        )
    new = {line.line_no: line.line() for line in content.lines}
    for old in invoice.lines:
        least = max(old.settled, old.disputed)
        line = new.get(old.line_no)
        asks = line.amount if line else 0
        if asks < least:
            raise Rejected(
                Code.BELOW_SETTLED,
                f"{shown(least, currency)} are settled or disputed on line {old.line_no}, "
                f"the new edition asks for {shown(asks, currency)}",
            )
        if line:
            new[old.line_no] = line._replace(
                settled=old.settled,
                disputed=old.disputed,
                customer=old.customer,
                enterprise=old.enterprise,
                receipt_manual=old.receipt_manual,
            )
    return tuple(new.values())


def copy(draft: Draft, invoice: Invoice, number: InvoiceKey) -> None:
    """Write a new draft that says the same; no money and no number goes with it (S1-07)."""
    offer = draft.get(Offer, named(invoice.key))
    account = draft.get(Account, invoice.account)
    assert offer is not None
    assert account is not None
    content = Content(
        topup=invoice.kind is InvoiceKind.TOPUP,
        name=invoice.detail.name or "",
        recipient=invoice.detail.recipient or "",
        due_days=invoice.detail.due_days or 0,
        currency=invoice.currency,
        lines=offer.lines,
        blocks=offer.blocks,
    )
    write(draft, number, account, content, invoice)
