"""Issuing an invoice: who may charge whom, under which number, and what holds from then on."""

from dataclasses import dataclass
from typing import Any

from . import allocation as allocations
from . import memo as memos
from .decision import Context, Role
from .detail import PLAIN, Detail
from .draft import Draft
from .errors import Code, Rejected
from .events import PaymentReceived
from .evolve import evolve
from .invoice import Invoice, InvoiceKind
from .keys import InvoiceKey, SourceKey
from .ledger import Account, Intent, Source, SourceType
from .money import Money
from .order import Order

POLICY = ("reminder_days", "suspension_days", "deletion_days")
"""What of the collection policy of an account holds for an invoice without a request (S4-18)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """The days that an invoice names itself; None: as the account has it."""

    reminder_days: int | None = None
    suspension_days: int | None = None
    deletion_days: int | None = None


def must_be_allowed(context: Context, kind: InvoiceKind, issuer: str, customer: str) -> None:
    """Refuse an invoice that is not the sender's to issue (DOMAIN §3.16).

    A reseller charges its own customers, in its own name and for something in particular; the
    enterprise charges in its own name, and by hand only for something in particular.

    Raises:
        Rejected: `forbidden`.
    """
    actor = context.actor
    reseller = actor.role is Role.RESELLER
    own = actor.party if reseller else context.policy.enterprise
    if issuer != own:
        whom = f"reseller {own}" if reseller else f"the {actor.role.upper()}"
        raise Rejected(Code.FORBIDDEN, f"invoices of issuer {issuer!r} are not posted by {whom}")
    if kind is not InvoiceKind.MISC and actor.role is not Role.ERP:
        raise Rejected(Code.FORBIDDEN, f"role {actor.role} posts miscellaneous invoices only")
    if reseller and customer == own:
        raise Rejected(Code.FORBIDDEN, f"reseller {own} cannot charge itself")


def must_be_its_order(draft: Draft, reference: str, customer: str) -> None:
    """Refuse to charge for an order of somebody else; one that is not known yet may come (X-14).

    Raises:
        Rejected: `forbidden`.
    """
    order = draft.get(Order, reference)
    if order is not None and order.account != customer:
        raise Rejected(Code.FORBIDDEN, f"order {reference!r} is not one of {customer}")


def detail(kind: InvoiceKind, account: Account, days: Days, *, numbered: bool) -> Detail:
    """Return what holds for a new invoice whatever becomes of the account (S4-17).

    Commercial invoices remind; miscellaneous ones suspend and delete too. With `numbered` it takes
    a number from the series of the billed party's class (S4-02).
    """
    policy: dict[str, Any] = {"reminder_days": account.reminder_days}
    if kind is InvoiceKind.MISC:
        own = {name: getattr(days, name) for name in POLICY}
        policy = {
            name: getattr(account, name) if said is None else said for name, said in own.items()
        }
    made = evolve(PLAIN, series=account.party_class if numbered else None, **policy)
    return PLAIN if made == PLAIN else made


def prepaid_key(customer: str, number: str) -> SourceKey:
    """Return the key of the payment that stands for what an invoice says was prepaid."""
    return SourceKey(customer, SourceType.PAYMENT, f"prepaid:{number}")


def assert_prepayment(draft: Draft, invoice: Invoice, amount: int) -> None:
    """Book what the ERP says was paid before, as a payment for this invoice (T-04).

    It pays before anything else that waits for the invoice: the ERP has taken it off already.
    """
    source = Source(
        key=prepaid_key(invoice.account, invoice.key.number),
        currency=invoice.currency,
        amount=amount,
        value_date=invoice.issue_date,
        method="other",
        asserted_by_erp=True,
        intents=(Intent(invoice.key, None, waiting=True),),
        content_hash=draft.context.content_hash,
        cause=draft.context.cause,
    )
    source = draft.fund(source)
    event = PaymentReceived(
        payer=source.account,
        payment_id=source.key.reference,
        method="other",
        amount=Money(source.amount, source.currency),
        value_date=source.value_date,
        asserted_by_erp=True,
    )
    draft.announce(event, source)
    allocations.apply_intents(draft, source)


def given_key(issuer: str, sender: str, message_id: str) -> InvoiceKey:
    """Return the key of an invoice whose sender leaves the number to the gateway."""
    return InvoiceKey(issuer, f"INV:{sender}:{message_id}")


def post_credit(
    draft: Draft,
    document: memos.Document,
    customer: str,
    preceding: InvoiceKey | None,
    money: Money,
) -> None:
    """Post an invoice below zero as a memo on the one it names, or as open credit (T-05).

    Raises:
        Parked: `unknown-invoice`.
        Rejected: `forbidden`, `currency-mismatch`, `bad-transition` or `exceeds-creditable`.
    """
    if preceding is None:
        memos.credit_note(draft, customer, document, money)
        return
    invoice = draft.invoice(preceding)
    memos.must_be_issued(invoice)
    if invoice.currency != money.currency or invoice.account != customer:
        raise Rejected(
            Code.CURRENCY_MISMATCH if invoice.account == customer else Code.FORBIDDEN,
            f"{preceding} is in {invoice.currency}, billed to {invoice.account}",
        )
    parts = memos.spread_credit(invoice, money.minor)
    memos.credit(draft, invoice, document, parts, refund=False)
