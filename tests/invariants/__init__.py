"""The invariants of the domain (DOMAIN §6) as pure functions over facts; each yields its breaches.

Everything is computed from append-only entries; counters and statuses are what is judged, never
what is trusted. `check` runs them all. Those that speak of change compare two moments.
"""

from collections.abc import Callable, Iterator

from tests.facts import Facts
from tests.invariants import change, events, forex, money, numbers, orders, statuses

Invariant = Callable[[Facts], Iterator[str]]


def check(now: Facts, before: Facts | None = None) -> None:
    """Check every invariant, and those about change when the facts before the last batch are given.

    Raises:
        AssertionError: naming each invariant that is broken, and where.
    """
    broken = [f"{name}: {what}" for name, rule in ALWAYS for what in rule(now)]
    if before is not None:
        broken += [f"{name}: {what}" for name, rule in CHANGES for what in rule(before, now)]
    assert not broken, "\n".join(broken)


ALWAYS: tuple[tuple[str, Invariant], ...] = (
    ("I-01/02", money.sources_balance),
    ("I-03", money.both_ends_agree),
    ("I-04/05", money.lines_balance),
    ("I-06", money.pending_adds_up),
    ("I-07", money.excess_is_credit),
    ("I-08", money.cash_balance),
    ("I-10", forex.values_of_sources),
    ("I-11", forex.values_of_invoices),
    ("I-12", forex.gains_add_up),
    ("§3.13", forex.foreign_is_valued),
    ("I-13/14", statuses.status_is_derived),
    ("I-15", statuses.nothing_pending_is_paid),
    ("I-16", statuses.receipt_follows_money),
    ("I-17", statuses.disputes_stand_on_lines),
    ("I-18", statuses.moves_are_legal),
    ("I-19", events.status_is_announced),
    ("I-19", events.events_tell_it_all),
    ("A-11", events.write_offs_leave_nothing),
    ("P-04", events.versions_have_no_gaps),
    ("§4.3", events.events_come_in_order),
    ("P-01", events.messages_end_once),
    ("I-20/21", money.nothing_is_voided),
    ("A-08", money.reservations_wait),
    ("I-24", money.topups_fill_wallets),
    ("I-31", money.numbers_have_no_gaps),
    ("I-23", money.no_idle_money),
    ("I-25", orders.orders_are_billed_once),
    ("I-25/33", orders.invoices_add_up_to_their_order),
    ("I-25", orders.money_is_held_for_open_orders),
    ("I-26", orders.credit_was_checked),
    ("I-31", numbers.series_have_no_gaps),
    ("I-33", money.rounding_is_exact),
    ("I-33", money.documents_are_booked),
)
CHANGES = (
    ("I-08", change.cash_moves_by_cash),
    ("I-23", change.auto_run_is_fair),
    ("I-27", change.issued_is_immutable),
    ("§6", change.refusals_change_nothing),
)
