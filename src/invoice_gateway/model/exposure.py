"""What an account owes against its limit, and whether that lets an order on terms go (§3.9, X-18).

    exposure = pending on issued invoices, save those that wait for a request
             + what is not billed yet of the other orders on terms that count
             + what is not billed yet of this order

Other orders count when they are in process, or under review and placed earlier. An order is held
while an invoice is past due, or while the exposure exceeds the limit; to equal it passes (S0-24).
"""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from . import collection
from .decision import Context
from .draft import Draft
from .evolve import evolve
from .invoice import Invoice, Lifecycle
from .ledger import Account
from .order import Method, Order, OrderStatus, Standing


class Hold(StrEnum):
    """Why an order on terms is held."""

    PAST_DUE = "past-due"
    OVER_LIMIT = "over-limit"
    TERMS_WITHDRAWN = "terms-withdrawn"
    """The account has no approved terms any more."""
    OTHER_CURRENCY = "other-currency"
    """The account buys in another currency now: nothing can be compared with its limit."""


class Figures(NamedTuple):
    """What the credit check saw, in minor units of the account's currency, and what it found."""

    currency: str
    exposure: int
    limit: int | None
    past_due: int
    holds: tuple[Hold, ...]


def check(draft: Draft, order: Order, standing: Standing, others: int) -> Figures:
    """Return what the credit check sees of `order`; without holds it may go (S0-22, S0-23).

    `others` is what other orders add to the exposure, see `counted`; by policy they do not.
    """
    account = draft.get(Account, order.account)
    assert account is not None
    policy = draft.context.policy
    if not policy.exposure_includes_pending_orders:
        others = 0
    late = standing.past_due_clear if policy.past_due_ignores_disputed else standing.past_due
    exposure = standing.exposure + others + order.uninvoiced
    over = account.credit_limit is not None and exposure > account.credit_limit
    holds = {
        Hold.TERMS_WITHDRAWN: not account.terms_approved,
        Hold.OTHER_CURRENCY: order.currency != account.selling_currency,
        Hold.PAST_DUE: late > 0,
        Hold.OVER_LIMIT: over,
    }
    found = tuple(hold for hold, true in holds.items() if true)
    return Figures(account.selling_currency, exposure, account.credit_limit, late, found)


def counted(orders: Iterable[Order], order: Order) -> int:
    """Return what the others among `orders` add to the exposure of `order` (X-18)."""
    return sum(
        each.uninvoiced
        for each in orders
        if each.key != order.key
        and each.currency == order.currency
        and (
            each.status is OrderStatus.IN_PROCESS
            or (each.status is OrderStatus.UNDER_REVIEW and turn(each) < turn(order))
        )
    )


def on_terms(draft: Draft, account: Account) -> list[Order]:
    """Return the open orders on terms of an account, as they were placed (ties by reference)."""
    found = [each for each in draft.open(Order, account.party) if each.method is Method.TERMS]
    return sorted(found, key=turn)


def turn(order: Order) -> tuple[datetime, str]:
    """Return what orders are looked at by: first placed, first released."""
    return (order.placed_at, order.reference)


def standing(draft: Draft, account: Account) -> Standing | None:
    """Return what an account owes with all that this message has changed; None: not loaded."""
    found = draft.known(Standing, account.party)
    if found is None:
        return None
    changes = [0, 0, 0]
    for now in draft.changed(Invoice):
        if now.account == account.party:
            before = draft.known(Invoice, now.key)
            then = _owed(before, account, draft.context) if before else (0, 0, 0)
            for at, (new, old) in enumerate(
                zip(_owed(now, account, draft.context), then, strict=True)
            ):
                changes[at] += new - old
    if not any(changes):
        return found
    return evolve(
        found,
        exposure=found.exposure + changes[0],
        past_due=found.past_due + changes[1],
        past_due_clear=found.past_due_clear + changes[2],
    )


def _owed(invoice: Invoice, account: Account, context: Context) -> tuple[int, int, int]:
    """Return what an invoice adds to exposure, past due, and past due without what is disputed."""
    if invoice.lifecycle is not Lifecycle.ISSUED or collection.waits_for_request(invoice):
        return 0, 0, 0
    owed = invoice.pending if invoice.currency == account.selling_currency else 0
    late = invoice.pending > 0 and invoice.due_date < context.recorded_on
    return owed, int(late), int(late and invoice.pending > invoice.disputed_amount)
