"""LineStatusUpdate: one side says what it thinks of some lines."""

from dataclasses import dataclass

from invoice_gateway.handler import (
    Book,
    Code,
    Context,
    Decision,
    Document,
    Draft,
    Handler,
    Invoice,
    InvoiceKey,
    Move,
    Reach,
    Rejected,
    Role,
    Scope,
    Side,
)

OWNERS = {
    Move.DECLARE_PAID: Side.CUSTOMER,
    Move.RETRACT_PAID: Side.CUSTOMER,
    Move.CONFIRM_RECEIPT: Side.ENTERPRISE,
    Move.REVERSE_RECEIPT: Side.ENTERPRISE,
}
"""The axis each command belongs to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineStatusUpdate:
    """An update as sent."""

    invoice: InvoiceKey
    line_nos: tuple[str, ...]
    side: Side
    move: Move
    reason: str | None


def read(document: Document) -> LineStatusUpdate:
    """Read an update.

    Raises:
        Rejected: `bad-transition`, when the command belongs to the other axis.
    """
    side, move = Side(document.text("Axis")), Move(document.text("Command"))
    if OWNERS[move] is not side:
        raise Rejected(
            Code.BAD_TRANSITION, f"{move} moves the {OWNERS[move]} axis, not the {side} one"
        )
    return LineStatusUpdate(
        invoice=document.invoice("Invoice"),
        line_nos=tuple(each.text() for each in document.all("Lines/LineNo")),
        side=side,
        move=move,
        reason=document.maybe("ReasonText"),
    )


def scope(message: LineStatusUpdate, _: Context) -> Scope:
    """Ask for the invoice."""
    return Scope(invoices=(message.invoice,))


def decide(message: LineStatusUpdate, book: Book, context: Context) -> Decision:
    """Move the axis on each line; all lines or none."""
    draft = Draft(book, context)
    _may_speak(message, context)
    invoice = draft.living(message.invoice)
    for line_no in message.line_nos:
        _check_line(draft, invoice, line_no, message.move)
    for line_no in message.line_nos:
        draft.move(
            invoice.key,
            line_no,
            message.side,
            message.move,
            role=context.actor.role,
            reason=message.reason,
        )
        _remember_manual_receipt(draft, invoice.key, line_no, message.move)
    return draft.decision()


def _may_speak(message: LineStatusUpdate, context: Context) -> None:
    """Let each side speak for its own axis; financials in the customer's name too (X-21)."""
    if context.side is not message.side:
        hint = " without ActingFor=customer" if context.side is Side.ENTERPRISE else ""
        raise Rejected(
            Code.FORBIDDEN, f"{context.actor.role} may not move the {message.side} axis{hint}"
        )
    if context.acting_for is not None and not message.reason:
        raise Rejected(Code.TEXT_REQUIRED, "acting for the customer needs a ReasonText")


def _check_line(draft: Draft, invoice: Invoice, line_no: str, move: Move) -> None:
    line = draft.line(invoice.key, line_no)
    if line is None:
        raise Rejected(Code.UNKNOWN_LINE, f"{invoice.key} has no line {line_no!r}")
    if move is Move.REVERSE_RECEIPT and line.live and line.open == 0:
        raise Rejected(
            Code.BAD_TRANSITION,
            f"line {line_no} is settled by money: remove the allocation or reverse the payment",
        )


def _remember_manual_receipt(draft: Draft, key: InvoiceKey, line_no: str, move: Move) -> None:
    """Keep a receipt confirmed by hand on an unsettled line from being undone by the ledger."""
    if move not in (Move.CONFIRM_RECEIPT, Move.REVERSE_RECEIPT):
        return
    line = draft.line(key, line_no)
    assert line is not None
    manual = move is Move.CONFIRM_RECEIPT and line.open > 0
    if manual != line.receipt_manual:
        draft.put_line(key, line._replace(receipt_manual=manual))


HANDLER = Handler(
    message="LineStatusUpdate",
    rights={Role.FINANCIALS: Reach.ANY, Role.PARTNER: Reach.OWN, Role.OWNER: Reach.OWN},
    read=read,
    scope=scope,
    decide=decide,
)
