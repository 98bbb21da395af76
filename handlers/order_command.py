"""OrderCommand: a person releases, cancels, closes or places an order, or charges a card again."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from invoice_gateway.handler import (
    Book,
    Code,
    Context,
    Decision,
    Document,
    Draft,
    Handler,
    Method,
    Order,
    Reach,
    Rejected,
    Role,
    Scope,
    allocations,
    orders,
    own_number,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCommand:
    """What is to happen to an order; `method` and `capture` are said where it is to be paid."""

    order: str
    command: str
    reason: str | None
    method: Method | None
    capture: orders.Capture | None


def read(document: Document) -> OrderCommand:
    """Read a command.

    Raises:
        Rejected: `number-taken` for the reference of a capture.
    """
    command = next(each for each in COMMANDS if document.has(each))
    said = document.one(command)
    assert said is not None
    card = said if said.has("CaptureReference") else said.one("CreditCard")
    method = said.maybe("Method")
    capture = None
    if card is not None:
        reference = own_number(card, "CaptureReference")
        capture = orders.Capture(reference, card.flag("Captured", default=False))
        method = Method.CREDIT_CARD
    return OrderCommand(
        order=document.text("OrderReference"),
        command=command,
        reason=said.maybe("ReasonText"),
        method=Method(method) if method else None,
        capture=capture,
    )


def scope(message: OrderCommand, _: Context) -> Scope:
    """Ask for the order with its money, what its account owes, and what the auto run may touch."""
    return Scope(others=((Order, message.order),), auto=True, credit=True, money=None)


def decide(message: OrderCommand, book: Book, context: Context) -> Decision:
    """Do it, if the order stands where it can be done; then let free money pay what is open.

    Raises:
        Parked: `unknown-order`.
        Rejected: `bad-transition`, or as placing refuses.
    """
    draft = Draft(book, context)
    order = draft.order(message.order)
    COMMANDS[message.command](draft, order, message)
    allocations.auto_run(draft, order.account)
    return draft.decision()


def _resubmit(draft: Draft, order: Order, message: OrderCommand) -> None:
    if order.method is not Method.CREDIT_CARD:
        raise Rejected(
            Code.BAD_TRANSITION, f"order {order.reference!r} is paid by {order.method}, not by card"
        )
    assert message.capture is not None
    orders.charge(draft, order, message.capture)


def _place(draft: Draft, order: Order, message: OrderCommand) -> None:
    assert message.method is not None
    orders.place(draft, order, message.method, message.capture)


COMMANDS: Mapping[str, Callable[[Draft, Order, OrderCommand], None]] = {
    "Release": lambda draft, order, said: orders.release(draft, order, said.reason),
    "Cancel": lambda draft, order, said: orders.cancel(draft, order, said.reason),
    "CloseShort": lambda draft, order, said: orders.close_short(draft, order, said.reason),
    "ResubmitPayment": _resubmit,
    "Place": _place,
}
"""What may be commanded, by the element that says so."""

HANDLER = Handler(
    message="OrderCommand",
    rights={Role.ERP: Reach.ANY, Role.FINANCIALS: Reach.ANY},
    read=read,
    scope=scope,
    decide=decide,
)
