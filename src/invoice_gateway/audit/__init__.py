"""The invariants of the domain as pure functions over facts; each yields its breaches.

Everything is computed from append-only entries; counters and statuses are what is judged, never
what is trusted, and nothing of the rules that made them is used. Those that speak of change compare
two moments.
"""

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from invoice_gateway.audit import change, events, forex, money, numbers, orders, statuses
from invoice_gateway.audit.facts import Facts, Reader

__all__ = ["ALWAYS", "CHANGES", "Facts", "Finding", "Reader", "Rule", "check", "judged"]

Invariant = Callable[[Facts], Iterator[str]]
Change = Callable[[Facts, Facts], Iterator[str]]


class Rule(NamedTuple):
    """An invariant of one moment: its name, what judges it, and what that looks at."""

    name: str
    judge: Invariant
    of: str


ALWAYS: Final = (
    Rule("I-01/02", money.sources_balance, "sources"),
    Rule("I-03", money.both_ends_agree, "allocations"),
    Rule("I-04/05", money.lines_balance, "lines"),
    Rule("I-06", money.pending_adds_up, "invoices"),
    Rule("I-07", money.excess_is_credit, "memos"),
    Rule("I-08", money.cash_balance, "sources"),
    Rule("I-10", forex.values_of_sources, "sources"),
    Rule("I-11", forex.values_of_invoices, "invoices"),
    Rule("I-12", forex.gains_add_up, "allocations"),
    Rule("§3.13", forex.foreign_is_valued, "invoices"),
    Rule("I-13/14", statuses.status_is_derived, "invoices"),
    Rule("I-15", statuses.nothing_pending_is_paid, "invoices"),
    Rule("I-16", statuses.receipt_follows_money, "lines"),
    Rule("I-17", statuses.disputes_stand_on_lines, "lines"),
    Rule("I-18", statuses.moves_are_legal, "lines"),
    Rule("I-19", events.status_is_announced, "invoices"),
    Rule("I-19", events.events_tell_it_all, "invoices"),
    Rule("A-11", events.write_offs_leave_nothing, "memos"),
    Rule("P-04", events.versions_have_no_gaps, "events"),
    Rule("§4.3", events.events_are_valid, "events"),
    Rule("§4.3", events.events_come_in_order, "events"),
    Rule("P-01", events.messages_end_once, "messages"),
    Rule("I-20/21", money.nothing_is_voided, "invoices"),
    Rule("A-08", money.reservations_wait, "invoices"),
    Rule("I-24", money.topups_fill_wallets, "sources"),
    Rule("I-23", money.no_idle_money, "sources"),
    Rule("I-25", orders.orders_are_billed_once, "orders"),
    Rule("I-25/33", orders.invoices_add_up_to_their_order, "orders"),
    Rule("I-25", orders.money_is_held_for_open_orders, "sources"),
    Rule("I-26", orders.credit_was_checked, "orders"),
    Rule("I-31", numbers.series_have_no_gaps, "details"),
    Rule("I-33", money.rounding_is_exact, "invoices"),
    Rule("I-33", money.documents_are_booked, "documents"),
)
CHANGES: Final[tuple[tuple[str, Change], ...]] = (
    ("I-08", change.cash_moves_by_cash),
    ("I-23", change.auto_run_is_fair),
    ("I-27", change.issued_is_immutable),
    ("§6", change.refusals_change_nothing),
)


class Finding(NamedTuple):
    """What came of one invariant."""

    name: str
    says: str
    of: str
    looked_at: int
    breaches: tuple[str, ...]


def judged(now: Facts, before: Facts | None = None) -> Iterator[Finding]:
    """Yield what comes of every invariant, one by one.

    Those about change come last, and only with the facts from `before` some messages.
    """
    for rule in ALWAYS:
        yield Finding(
            rule.name, _said(rule.judge), rule.of, _size(now, rule.of), tuple(rule.judge(now))
        )
    if before is not None:
        new = len(now.messages) - len(before.messages)
        for name, judge in CHANGES:
            yield Finding(name, _said(judge), "new messages", new, tuple(judge(before, now)))


def check(now: Facts, before: Facts | None = None) -> None:
    """Check every invariant, and those about change when the facts before the last batch are given.

    Raises:
        AssertionError: naming each invariant that is broken, and where.
    """
    broken = [f"{found.name}: {what}" for found in judged(now, before) for what in found.breaches]
    if broken:
        raise AssertionError("\n".join(broken))


def _said(judge: Callable[..., Iterator[str]]) -> str:
    """Return what an invariant says: the first line of its docstring, without its name."""
    return (judge.__doc__ or "").partition("\n")[0].partition(": ")[2]


def _size(facts: Facts, of: str) -> int:
    """Return how many there are of what an invariant looks at."""
    if of == "events":
        return facts.heard.names.total()
    if of == "lines":
        return sum(map(len, facts.lines.values()))
    return len(facts.said if of == "documents" else getattr(facts, of))
