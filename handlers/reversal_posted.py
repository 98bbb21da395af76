"""ReversalPosted: what an issued invoice asks for is given up or given back (DOMAIN §3.7, §3.8)."""

from dataclasses import dataclass
from datetime import date
from typing import assert_never

from invoice_gateway.handler import (
    Book,
    Code,
    Context,
    Decision,
    DocType,
    Document,
    Draft,
    Handler,
    Invoice,
    InvoiceKey,
    Memo,
    Money,
    Order,
    Part,
    Reach,
    Rejected,
    Role,
    Scope,
    WaitsFor,
    allocations,
    known_before,
    memos,
    own_number,
    rate_at,
    reversals,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Discount:
    """Goodwill: `amount`, or `parts` by line, or (neither) all that is pending."""

    refund: bool
    amount: Money | None
    parts: tuple[tuple[str, Money], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BadDebt:
    """All that is pending; `amount` is what the sender takes that to be."""

    amount: Money | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyBack:
    """All that is refundable, or `amount` of it, since the order was deleted."""

    order: str
    refund: bool
    amount: Money | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeBack:
    """A document posted by mistake; `issuer` None is the one that the sender speaks for."""

    number: str
    issuer: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReversalPosted:
    """A reversal as posted; without `number` the gateway gives one."""

    number: str | None
    invoice: InvoiceKey
    issued_on: date
    reason_code: str | None
    reason_text: str | None
    what: Discount | BadDebt | MoneyBack | TakeBack

    @property
    def moneys(self) -> tuple[Money, ...]:
        """Return every amount it names."""
        what = self.what
        if isinstance(what, TakeBack):
            return ()
        parts = what.parts if isinstance(what, Discount) else ()
        return (*((what.amount,) if what.amount else ()), *(money for _, money in parts))


def read(document: Document) -> ReversalPosted:
    """Read a reversal."""
    return ReversalPosted(
        number=own_number(document, "Number") if document.has("Number") else None,
        invoice=document.invoice("Invoice"),
        issued_on=document.day("IssueDate"),
        reason_code=document.maybe("ReasonCode"),
        reason_text=document.maybe("ReasonText"),
        what=_what(document),
    )


def _what(document: Document) -> Discount | BadDebt | MoneyBack | TakeBack:
    if said := document.one("Discount"):
        return Discount(
            refund=said.maybe("ExcessTo") == "refund",
            amount=said.maybe_money("Amount"),
            parts=tuple(
                (line.text("LineNo"), line.money("Amount")) for line in said.all("Lines/Line")
            ),
        )
    if said := document.one("BadDebt"):
        return BadDebt(amount=said.maybe_money("Amount"))
    if said := document.one("MoneyBack"):
        return MoneyBack(
            order=said.text("OrderReference"),
            refund=said.maybe("ExcessTo") == "refund",
            amount=said.maybe_money("Amount"),
        )
    return TakeBack(number=document.text("Document"), issuer=document.maybe("Document/@issuer"))


def scope(message: ReversalPosted, context: Context) -> Scope:
    """Ask for the invoice, the number, what it reverses or rests on, and what may be paid then."""
    what, number = message.what, _number(message, context)
    taken_back = (_taken_back(what, context),) if isinstance(what, TakeBack) else ()
    bounded = isinstance(what, Discount | BadDebt)
    return Scope(
        invoices=(message.invoice,),
        memos=(number, *taken_back),
        auto=True,
        money=max(sum(each.minor for each in message.moneys), 0) if bounded else None,
        others=((Order, what.order),) if isinstance(what, MoneyBack) else (),
        rates=(rate_at(message.issued_on),),
        provides=((WaitsFor.MEMO, str(number)),),
    )


def _number(message: ReversalPosted, context: Context) -> InvoiceKey:
    """Return the key of the document: its sender's number, or one that the gateway gives."""
    words = {
        Discount: DocType.DISCOUNT,
        BadDebt: DocType.BAD_DEBT,
        MoneyBack: DocType.MONEY_BACK,
        TakeBack: "reversal",
    }
    given = reversals.given_number(context, words[type(message.what)])
    return reversals.key_of(context, message.number or given)


def _taken_back(what: TakeBack, context: Context) -> InvoiceKey:
    own = reversals.key_of(context, what.number)
    return InvoiceKey(what.issuer, what.number) if what.issuer else own


def decide(message: ReversalPosted, book: Book, context: Context) -> Decision:
    """Post the document, and let what becomes free pay what is open."""
    draft = Draft(book, context)
    number = _number(message, context)
    invoice = draft.invoice(message.invoice)
    reversals.must_be_seller(context, invoice)
    known_before(draft.get(Memo, number), context, Code.NUMBER_TAKEN, f"{number}")
    for money in message.moneys:
        if money.currency != invoice.currency:
            raise Rejected(
                Code.CURRENCY_MISMATCH,
                f"the amount is in {money.currency}, {invoice.key} in {invoice.currency} (M-04)",
            )
    _post(draft, message, invoice, _document(message, number, context))
    allocations.auto_run(draft, invoice.account)
    return draft.decision()


def _document(message: ReversalPosted, number: InvoiceKey, context: Context) -> memos.Document:
    what = message.what
    return memos.Document(
        number=number,
        issued_on=message.issued_on,
        reason_code=message.reason_code,
        reason_text=message.reason_text,
        reverses=_taken_back(what, context) if isinstance(what, TakeBack) else None,
        content_hash=context.content_hash,
    )


def _post(
    draft: Draft, message: ReversalPosted, invoice: Invoice, document: memos.Document
) -> None:
    what = message.what
    match what:
        case Discount():
            memos.must_be_issued(invoice)
            parts = _discounted(what, invoice)
            reversals.discount(draft, invoice, document, parts, refund=what.refund)
        case BadDebt():
            reversals.bad_debt(draft, invoice, document, what.amount.minor if what.amount else None)
        case MoneyBack():
            reversals.money_back(
                draft,
                invoice,
                draft.order(what.order),
                document,
                amount=what.amount.minor if what.amount else None,
                refund=what.refund,
            )
        case TakeBack():
            reversals.opposite(
                draft, invoice, document, draft.memo(_taken_back(what, draft.context))
            )
        case _:
            assert_never(what)


def _discounted(what: Discount, invoice: Invoice) -> tuple[Part, ...]:
    if what.amount is not None:
        return reversals.lay(invoice, invoice.lines, what.amount.minor)
    if what.parts:
        return tuple(Part(line_no, money.minor) for line_no, money in what.parts)
    return reversals.all_pending(invoice)


HANDLER = Handler(
    message="ReversalPosted",
    rights={Role.FINANCIALS: Reach.ANY, Role.RESELLER: Reach.BENEATH},
    read=read,
    scope=scope,
    decide=decide,
)
