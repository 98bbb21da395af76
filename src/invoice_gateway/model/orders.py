"""Orders: where they stand, what pays them, and when they are billed (DOMAIN §3.9).

`MOVES` is the whole of what may happen to an order. Money that is meant for an order is held for it
(A-04): it lets a prepaid order in, it pays each invoice of the order, and what is left when the
order is done is the customer's again.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, NamedTuple

from . import allocation, billing, exposure
from .draft import Draft
from .errors import Code, Rejected
from .events import PaymentReceived
from .events_orders import OrderPaymentFailed, OrderStatusChanged
from .evolve import evolve
from .exposure import Figures
from .keys import SourceKey
from .ledger import Account, FundsState, Source, SourceType
from .money import Money
from .order import Method, Order, OrderStatus


class Step(StrEnum):
    """What happens to an order."""

    CAPTURED = "captured"
    CAPTURE_FAILED = "capture failed"
    PROMISED = "payment promised"
    PASSED = "credit check passed"
    HELD = "held by the credit check"
    QUOTED = "quoted"
    PAID = "paid"
    RELEASED = "released"
    FULFILLED = "fulfilled"
    CANCELLED = "cancelled"
    CLOSED_SHORT = "closed short"


_PLACED: Final = {
    Step.CAPTURED: OrderStatus.IN_PROCESS,
    Step.CAPTURE_FAILED: OrderStatus.WAITING_PAYMENT,
    Step.PROMISED: OrderStatus.WAITING_PAYMENT,
    Step.PASSED: OrderStatus.IN_PROCESS,
    Step.HELD: OrderStatus.UNDER_REVIEW,
}
MOVES: Final[Mapping[OrderStatus | None, Mapping[Step, OrderStatus]]] = {
    None: {**_PLACED, Step.QUOTED: OrderStatus.QUOTE},
    OrderStatus.QUOTE: {**_PLACED, Step.CANCELLED: OrderStatus.CANCELLED},
    OrderStatus.WAITING_PAYMENT: {
        Step.CAPTURED: OrderStatus.IN_PROCESS,
        Step.CAPTURE_FAILED: OrderStatus.WAITING_PAYMENT,
        Step.PAID: OrderStatus.IN_PROCESS,
        Step.CANCELLED: OrderStatus.CANCELLED,
    },
    OrderStatus.UNDER_REVIEW: {
        Step.PASSED: OrderStatus.IN_PROCESS,
        Step.HELD: OrderStatus.UNDER_REVIEW,
        Step.RELEASED: OrderStatus.IN_PROCESS,
        Step.CANCELLED: OrderStatus.CANCELLED,
    },
    OrderStatus.IN_PROCESS: {
        Step.HELD: OrderStatus.UNDER_REVIEW,
        Step.FULFILLED: OrderStatus.COMPLETED,
        Step.CANCELLED: OrderStatus.CANCELLED,
        Step.CLOSED_SHORT: OrderStatus.COMPLETED,
    },
    OrderStatus.COMPLETED: {},
    OrderStatus.CANCELLED: {},
}
"""Where an order goes; None: it is new. HELD in process is by policy `recheck_in_process` only."""


class Capture(NamedTuple):
    """What became of charging a card: the reference of the capture, and whether it holds."""

    reference: str
    ok: bool


def place(draft: Draft, order: Order, method: Method, capture: Capture | None) -> None:
    """Take in a new order, or one that was a quote so far, to be paid by `method`.

    Raises:
        Rejected: `terms-not-approved`, `currency-mismatch`, `number-taken` or `bad-transition`.
    """
    new = draft.get(Order, order.key) is None
    if not new and order.status is not OrderStatus.QUOTE:
        raise _no_way(order, "placed")
    order = evolve(order, method=method, capture=capture.reference if capture else None)
    match method:
        case Method.QUOTE:
            _turn(draft, order, Step.QUOTED, new=new)
        case Method.TERMS:
            figures = _may_owe(draft, order)
            step = Step.HELD if figures.holds else Step.PASSED
            _enter(draft, order, step, figures=figures, new=new)
        case Method.CREDIT_CARD:
            assert capture is not None
            charge(draft, order, capture, new=new)
        case _:
            follow_money(draft, _turn(draft, order, Step.PROMISED, new=new))


def charge(draft: Draft, order: Order, capture: Capture, *, new: bool = False) -> None:
    """Book what a card was charged for an order, or announce that it was refused (S0-09, S0-11).

    Raises:
        Rejected: `number-taken` when another payment has that reference; `bad-transition`.
    """
    if not capture.ok:
        order = _turn(draft, order, Step.CAPTURE_FAILED, new=new)
        failed = OrderPaymentFailed(
            order_reference=order.reference,
            customer=order.account,
            amount=Money(order.total, order.currency),
            capture_reference=capture.reference,
        )
        draft.conclude(failed, order)
        follow_money(draft, order)
        return
    if order.total:
        _capture(draft, order, capture.reference)
    _enter(draft, order, Step.CAPTURED, new=new)


def _capture(draft: Draft, order: Order, reference: str) -> None:
    key = SourceKey(order.account, SourceType.PAYMENT, reference)
    known = draft.get(Source, key)
    if known is not None:
        raise Rejected(
            Code.NUMBER_TAKEN,
            f"payment {reference!r} of {order.account} exists already (posted by {known.cause})",
        )
    source = Source(
        key=key,
        currency=order.currency,
        amount=order.total,
        value_date=draft.context.today,
        method=Method.CREDIT_CARD,
        funds_state=FundsState.CAPTURED,
        held_for=order.reference,
        content_hash=draft.context.content_hash,
        cause=draft.context.cause,
    )
    source = draft.fund(source)
    received = PaymentReceived(
        payer=source.account,
        payment_id=reference,
        method=Method.CREDIT_CARD,
        amount=Money(source.amount, source.currency),
        value_date=source.value_date,
        asserted_by_erp=False,
    )
    draft.announce(received, source)


def _may_owe(draft: Draft, order: Order) -> Figures:
    """Return what the credit check sees of an order that is placed on terms.

    Raises:
        Rejected: `terms-not-approved` (S0-06), or `currency-mismatch`.
    """
    account = draft.get(Account, order.account)
    assert account is not None
    if not account.terms_approved:
        raise Rejected(
            Code.TERMS_NOT_APPROVED, f"{account.party} has no approved terms: prepayment only"
        )
    if order.currency != account.selling_currency:
        raise Rejected(
            Code.CURRENCY_MISMATCH,
            f"the order is in {order.currency}, the limit of {account.party} in "
            f"{account.selling_currency}",
        )
    standing = exposure.standing(draft, account)
    assert standing is not None
    others = exposure.counted(exposure.on_terms(draft, account), order)
    return exposure.check(draft, order, standing, others)


def pass_check(draft: Draft, order: Order, figures: Figures) -> None:
    """Let an order go that nothing holds any more (S0-26)."""
    _enter(draft, order, Step.PASSED, figures=figures)


def hold(draft: Draft, order: Order, figures: Figures) -> None:
    """Hold an order, for the reasons that the credit check found."""
    _turn(draft, order, Step.HELD, figures=figures)


def release(draft: Draft, order: Order, reason: str | None) -> None:
    """Let an order go in spite of the credit check; who did so is kept (S0-25, I-26).

    Raises:
        Rejected: `bad-transition`.
    """
    order = evolve(order, released_by=draft.context.cause)
    _enter(draft, order, Step.RELEASED, reason=reason)


def cancel(draft: Draft, order: Order, reason: str | None) -> None:
    """Cancel an order of which nothing was billed; its money is free again (S0-42).

    Raises:
        Rejected: `bad-transition`.
    """
    if order.invoices:
        raise Rejected(
            Code.BAD_TRANSITION,
            f"order {order.reference!r} is billed in part: close it short instead",
        )
    _done(draft, _turn(draft, order, Step.CANCELLED, reason=reason))


def close_short(draft: Draft, order: Order, reason: str | None) -> None:
    """Leave the rest of an order unfulfilled; the money for it is free again (S0-42).

    Raises:
        Rejected: `bad-transition`.
    """
    if order.status is OrderStatus.IN_PROCESS and not order.invoices:
        raise Rejected(
            Code.BAD_TRANSITION,
            f"nothing of order {order.reference!r} is billed: cancel it instead",
        )
    order = evolve(order, short_closed=True)
    _done(draft, _turn(draft, order, Step.CLOSED_SHORT, reason=reason))


def follow_money(draft: Draft, order: Order) -> None:
    """Do what the money that is held for an order allows now (S0-18, S0-19).

    While it waits for payment: let it in once all is there, less the tolerance. In process: pay
    its open invoices. Done: set the money free, after it has paid what of the order is open.
    """
    if order.status is OrderStatus.WAITING_PAYMENT:
        enough = order.total - draft.context.policy.settlement_tolerance_minor
        if billing.held(draft, order) >= enough:
            _enter(draft, order, Step.PAID)
    elif order.status is OrderStatus.IN_PROCESS:
        billing.pay(draft, order)
    elif not order.open:
        _done(draft, order)


def finish(draft: Draft, order: Order) -> None:
    """Complete an order when all of it was billed, and by policy shipped (S0-36, X-16)."""
    if order.status is not OrderStatus.IN_PROCESS or not order.billed:
        return
    if draft.context.policy.completion_trigger == "shipped" and order.unshipped:
        return
    _done(draft, _turn(draft, order, Step.FULFILLED))


def _enter(
    draft: Draft,
    order: Order,
    step: Step,
    *,
    figures: Figures | None = None,
    reason: str | None = None,
    new: bool = False,
) -> None:
    """Turn an order; once in process, bill it at once where nothing is shipped (S0-13, S0-29)."""
    order = _turn(draft, order, step, figures=figures, reason=reason, new=new)
    if order.status is not OrderStatus.IN_PROCESS:
        return
    if order.ships:
        billing.pay(draft, order)
        return
    everything = {line.line_no: line.missing for line in order.lines if line.missing}
    order = billing.bill(draft, order, everything, billing.Shipment())
    finish(draft, order)
    allocation.auto_run(draft, order.account)


def _done(draft: Draft, order: Order) -> None:
    """Set the money free that was held for an order; what it buys is not decided by it any more."""
    billing.pay(draft, order)
    freed = billing.sources(draft, order)
    for source in freed:
        draft.put(evolve(source, held_for=None))
    if freed:
        allocation.auto_run(draft, order.account)
    for source in freed:
        allocation.report_unallocated(draft, source.key)


def _turn(
    draft: Draft,
    order: Order,
    step: Step,
    *,
    figures: Figures | None = None,
    reason: str | None = None,
    new: bool = False,
) -> Order:
    """Return the order after a step of `MOVES`, which is announced where it changes anything.

    Raises:
        Rejected: `bad-transition` when the table has no row.
    """
    old = None if new else order.status
    status = MOVES[old].get(step)
    if status is None:
        raise _no_way(order, step)
    holds = tuple(map(str, figures.holds)) if figures else ()
    same = old is status and holds == order.hold_reasons
    order = evolve(order, status=status, hold_reasons=holds)
    draft.put(order)
    if same:
        return order
    limited = figures is not None and figures.limit is not None
    changed = OrderStatusChanged(
        order_reference=order.reference,
        customer=order.account,
        method=order.method,
        total=Money(order.total, order.currency),
        old=old,
        new=status,
        hold_reason=holds,
        exposure=Money(figures.exposure, figures.currency) if figures else None,
        credit_limit=Money(figures.limit or 0, figures.currency) if figures and limited else None,
        past_due=(figures.past_due or None) if figures else None,
        short_closed=order.short_closed,
        reason_text=reason,
    )
    draft.conclude(changed, order)
    return order


def _no_way(order: Order, step: str) -> Rejected:
    return Rejected(
        Code.BAD_TRANSITION, f"order {order.reference!r} is {order.status}: it cannot be {step}"
    )
