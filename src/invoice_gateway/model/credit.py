"""Orders on terms are looked at again whenever what decided about them may have changed (§3.9)."""

from . import exposure, orders
from .draft import Draft
from .exposure import Figures
from .invoice import Invoice
from .ledger import Account
from .order import Order, OrderStatus, Standing


def review(draft: Draft) -> None:
    """Keep what accounts owe up to date, and let go what is held without a reason now (S0-26).

    It concerns the accounts of which this message has changed the terms, an invoice or an order,
    and that were loaded for the credit check. What is new has never let anything else go.
    """
    if not draft.standings:  # most batches are about nobody's limit
        return
    for party, relieved in _concerned(draft).items():
        account = draft.get(Account, party)
        if account is None or draft.known(Standing, party) is None:
            continue
        if draft.context.policy.recheck_in_process:
            _pull_back(draft, account)
        if relieved:
            _let_go(draft, account)
        draft.replace(_standing(draft, account))


def _concerned(draft: Draft) -> dict[str, bool]:
    """Return the accounts concerned, and whether anything of them has changed that was there."""
    found: dict[str, bool] = {}
    for invoice in draft.changed(Invoice):
        known = draft.known(Invoice, invoice.key) is not None
        found[invoice.account] = found.get(invoice.account, False) or known
    for order in draft.changed(Order):
        known = draft.known(Order, order.key) is not None
        found[order.account] = found.get(order.account, False) or known
    return found | {each.account: True for each in draft.changed(Account)}


def _standing(draft: Draft, account: Account) -> Standing:
    found = exposure.standing(draft, account)
    assert found is not None
    return found


def _let_go(draft: Draft, account: Account) -> None:
    """Look at the orders under review, those placed first to begin with."""
    known = exposure.on_terms(draft, account)
    counting = [each for each in known if each.currency == account.selling_currency]
    others = sum(each.uninvoiced for each in counting if each.status is OrderStatus.IN_PROCESS)
    owed = _standing(draft, account)
    for order in known:
        if order.status is not OrderStatus.UNDER_REVIEW:
            continue
        figures = exposure.check(draft, order, owed, others)
        if figures.holds:
            _hold(draft, order, figures)
        else:
            orders.pass_check(draft, order, figures)
            owed = _standing(draft, account)  # it may have been billed
        newest = draft.get(Order, order.key)
        if newest is not None and newest.open and order in counting:
            others += newest.uninvoiced


def _hold(draft: Draft, order: Order, figures: Figures) -> None:
    """Announce that an order is held for other reasons than before."""
    if tuple(figures.holds) != order.hold_reasons:
        orders.hold(draft, order, figures)


def _pull_back(draft: Draft, account: Account) -> None:
    """Hold orders in process, those placed last to begin with, until the rest may go (S0-32).

    By policy only; what a person has released stays released.
    """
    known = exposure.on_terms(draft, account)
    owed = _standing(draft, account)
    for order in reversed(known):
        if order.status is not OrderStatus.IN_PROCESS or order.released_by is not None:
            continue
        others = exposure.counted(exposure.on_terms(draft, account), order)
        figures = exposure.check(draft, order, owed, others)
        if figures.holds:
            orders.hold(draft, order, figures)
