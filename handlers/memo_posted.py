"""MemoPosted: a credit memo takes something off an invoice, a debit memo adds a line to it."""

from dataclasses import dataclass, replace
from datetime import date

from invoice_gateway.handler import (
    Book,
    Code,
    Context,
    Decision,
    Dispute,
    DisputeState,
    DocType,
    Document,
    Draft,
    Handler,
    Invoice,
    InvoiceKey,
    Memo,
    Money,
    Part,
    Reach,
    Rejected,
    Role,
    Scope,
    WaitsFor,
    allocations,
    disputes,
    known_before,
    memos,
    own_number,
    rate_at,
    reversals,
    shown,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoPosted:
    """A memo as posted: over the whole (`amount`) or by line (`parts`), never both."""

    number: InvoiceKey
    credit: bool
    invoice: InvoiceKey
    issued_on: date
    reason_code: str
    reason_text: str | None
    dispute_id: str | None
    reverses: InvoiceKey | None
    refund: bool
    amount: Money | None
    parts: tuple[tuple[str, Money], ...]

    @property
    def currency(self) -> str:
        """Return the currency of the (first) amount."""
        money = self.amount or self.parts[0][1]
        return money.currency

    @property
    def total(self) -> int:
        """Return the sum in minor units."""
        return self.amount.minor if self.amount else sum(money.minor for _, money in self.parts)


def read(document: Document) -> MemoPosted:
    """Read a memo."""
    reverses = document.maybe("Reverses")
    number = document.invoice("Number")._replace(number=own_number(document, "Number"))
    return MemoPosted(
        number=number,
        credit=document.text("Type") == "credit",
        invoice=document.invoice("Invoice"),
        issued_on=document.day("IssueDate"),
        reason_code=document.text("ReasonCode"),
        reason_text=document.maybe("ReasonText"),
        dispute_id=document.maybe("DisputeId"),
        reverses=InvoiceKey(number.issuer, reverses) if reverses else None,
        refund=document.maybe("ExcessTo") == "refund",
        amount=document.maybe_money("Amount"),
        parts=tuple(
            (line.text("LineNo"), line.money("Amount")) for line in document.all("Lines/Line")
        ),
    )


def scope(message: MemoPosted, _: Context) -> Scope:
    """Ask for the invoice, the number, what it reverses, and what the auto run may touch."""
    return Scope(
        invoices=(message.invoice,),
        disputes=(message.dispute_id,) if message.dispute_id else (),
        memos=(message.number, message.reverses) if message.reverses else (message.number,),
        auto=True,
        rates=(rate_at(message.issued_on, message.currency),),
        money=None if message.reverses else max(message.total, 0),
        provides=((WaitsFor.MEMO, str(message.number)),),
    )


def decide(message: MemoPosted, book: Book, context: Context) -> Decision:
    """Post the memo, close the dispute it settles, and let idle money pay what is open."""
    draft = Draft(book, context)
    invoice = draft.invoice(message.invoice)
    known_before(draft.get(Memo, message.number), context, Code.NUMBER_TAKEN, f"{message.number}")
    memos.must_be_issued(invoice)
    _check_currency(message, invoice)
    dispute = _dispute(draft, message, invoice)
    reversed_memo = _reversed(draft, message, invoice)
    document = memos.Document(
        number=message.number,
        issued_on=message.issued_on,
        reason_code=message.reason_code,
        reason_text=message.reason_text,
        dispute_id=message.dispute_id,
        reverses=message.reverses,
        content_hash=context.content_hash,
    )
    if message.credit:
        _credit(draft, message, invoice, document, dispute, reversed_memo)
    else:
        _debit(draft, message, invoice, document, reversed_memo)
    if reversed_memo is not None:
        draft.put(replace(reversed_memo, reversed_by=message.number.number))
    allocations.auto_run(draft, invoice.account)
    return draft.decision()


def _credit(
    draft: Draft,
    message: MemoPosted,
    invoice: Invoice,
    document: memos.Document,
    dispute: Dispute | None,
    reversed_memo: Memo | None,
) -> None:
    parts = tuple(Part(line_no, money.minor) for line_no, money in message.parts)
    if message.amount is not None:
        if dispute is not None:
            parts = (Part(dispute.line_no, message.amount.minor),)
        elif reversed_memo is not None:
            parts = tuple(Part(part.line_no, part.amount) for part in reversed_memo.parts)
        else:
            parts = memos.spread_credit(invoice, message.amount.minor)
    memos.check_credit(invoice, parts)
    memo = memos.credit(draft, invoice, document, parts, refund=message.refund)
    if dispute is None:
        return
    credited = sum(part.amount for part in memo.parts if part.line_no == dispute.line_no)
    if not credited:
        raise Rejected(
            Code.DISPUTE_AMOUNT,
            f"{message.number} credits nothing of line {dispute.line_no}, "
            f"which dispute {dispute.id!r} is about",
        )
    full = credited >= dispute.amount
    disputes.close(
        draft,
        dispute,
        DisputeState.UPHELD if full else DisputeState.UPHELD_PARTIAL,
        amount=credited,
        memo=memo.key.number,
        reason=message.reason_text,
    )


def _debit(
    draft: Draft,
    message: MemoPosted,
    invoice: Invoice,
    document: memos.Document,
    reversed_memo: Memo | None,
) -> None:
    if message.dispute_id is not None:
        raise Rejected(Code.BAD_TRANSITION, "a debit memo cannot settle a dispute")
    text = message.reason_text or f"Debit memo {message.number.number}"
    if message.amount is not None:
        additions = [(text, message.amount.minor)]
    else:
        known = {line.line_no for line in invoice.lines}
        for line_no, _ in message.parts:
            if line_no not in known:
                raise Rejected(Code.UNKNOWN_LINE, f"{invoice.key} has no line {line_no!r}")
        additions = [(f"{text} (line {no})", money.minor) for no, money in message.parts]
    memo = memos.debit(draft, invoice, document, additions)
    if reversed_memo is not None and reversed_memo.open_credit:
        reversals.take_back_credit(draft, reversed_memo, memo)


def _check_currency(message: MemoPosted, invoice: Invoice) -> None:
    moneys = [message.amount] if message.amount else [money for _, money in message.parts]
    for money in moneys:
        if money.currency != invoice.currency:
            raise Rejected(
                Code.CURRENCY_MISMATCH,
                f"the memo is in {money.currency}, {invoice.key} in {invoice.currency} (M-04)",
            )


def _dispute(draft: Draft, message: MemoPosted, invoice: Invoice) -> Dispute | None:
    """Return the open dispute the memo settles, if it names one (D-07)."""
    if message.dispute_id is None:
        return None
    dispute = draft.dispute(message.dispute_id)
    disputes.must_be_open(dispute)
    if dispute.invoice != invoice.key:
        raise Rejected(Code.DISPUTE_NOT_OPEN, f"dispute {dispute.id!r} is about {dispute.invoice}")
    return dispute


def _reversed(draft: Draft, message: MemoPosted, invoice: Invoice) -> Memo | None:
    """Return the memo this one reverses, after checking that it is its exact opposite (M-01)."""
    if message.reverses is None:
        return None
    memo = draft.memo(message.reverses)
    opposite = DocType.DEBIT_MEMO if message.credit else DocType.CREDIT_MEMO
    if memo.reversed_by is not None:
        raise Rejected(Code.ALREADY_REVERSED, f"memo {memo.key} was reversed by {memo.reversed_by}")
    if memo.doc_type is not opposite or memo.invoice != invoice.key or memo.amount != message.total:
        raise Rejected(
            Code.BAD_TRANSITION,
            f"{message.number} is not the opposite of {memo.key} "
            f"({memo.doc_type} over {shown(memo.amount, memo.currency)} on {memo.invoice})",
        )
    given = {line_no: money.minor for line_no, money in message.parts}
    if message.credit and given and given != {part.line_no: part.amount for part in memo.parts}:
        raise Rejected(
            Code.BAD_TRANSITION,
            f"{message.number} is not the opposite of {memo.key}: it credits other lines than "
            f"the ones that {memo.key} added",
        )
    if memo.refunded and not message.credit:
        raise Rejected(Code.FUNDS_SPENT, f"the excess of memo {memo.key} was refunded")
    return memo


HANDLER = Handler(
    message="MemoPosted",
    rights={Role.ERP: Reach.ANY, Role.FINANCIALS: Reach.ANY},
    read=read,
    scope=scope,
    decide=decide,
)
