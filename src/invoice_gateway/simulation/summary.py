"""What came of it all, in tables: messages, money, orders, what time did, disputes, speed."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from invoice_gateway.audit import Facts
from invoice_gateway.model.money import decimal_text
from invoice_gateway.simulation.runner import Tally
from invoice_gateway.store.extracts import Row

OUTCOMES: Final = ("accepted", "duplicate", "parked", "rejected")
IN_TIME: Final = {
    "invoices overdue": "invoice.overdue",
    "no longer overdue": "invoice.overdue-cleared",
    "reminders": "invoice.reminder-due",
    "requests executed": "request.executed",
    "requests cancelled": "request.cancelled",
    "suspensions": "order.suspend-requested",
    "back from suspension": "order.unsuspend-requested",
    "deletions": "order.delete-requested",
    "settled after deletion": "order.settled-after-deletion",
}


class Figures(NamedTuple):
    """One table: its title, its columns and its rows."""

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[object, ...]]


def summary(tally: Tally, facts: Facts) -> list[Figures]:
    """Return the tables about a run."""
    return [
        _messages(tally),
        _money(facts),
        _standing(facts),
        _time(facts),
        _counted("Disputes", ("outcome", "disputes"), (each.state for each in facts.disputes)),
        _counted("Refused", ("code", "messages"), (each.code for each in facts.dead)),
    ]


def _messages(tally: Tally) -> Figures:
    kinds = sorted({kind for kind, _ in tally.outcomes})
    rows: list[tuple[object, ...]] = [
        (kind, *(tally.outcomes[kind, outcome] for outcome in OUTCOMES)) for kind in kinds
    ]
    sums = [sum(tally.outcomes[kind, outcome] for kind in kinds) for outcome in OUTCOMES]
    rows += [("all", *sums), ("fired by time", tally.fired, "", "", "")]
    return Figures("Messages", ("type", *OUTCOMES), rows)


def _money(facts: Facts) -> Figures:
    currencies = sorted({each.currency for each in facts.invoices.values()})
    kinds: dict[str, Counter[str]] = {
        "invoiced": _sums(facts.invoices.values(), "amount"),
        "debited": _sums(facts.invoices.values(), "debit_memos"),
        "credited": _sums(facts.invoices.values(), "credits"),
        "discounted": _sums(facts.invoices.values(), "discounts"),
        "written off": _sums(facts.invoices.values(), "written_off"),
        "settled": _sums(facts.invoices.values(), "settled"),
        "open": _sums(facts.invoices.values(), "pending"),
        "paid in": _sums(_of_type(facts, "payment"), "amount"),
        "paid back": _sums(facts.reversals, "amount"),
        "idle payments": _sums(_of_type(facts, "payment"), "remaining"),
        "open credit": _sums(_of_type(facts, "open-credit"), "remaining"),
        "wallets": _sums(_of_type(facts, "wallet"), "remaining"),
    }
    rows: list[tuple[object, ...]] = [
        (kind, *(decimal_text(sums[currency], currency) for currency in currencies))
        for kind, sums in kinds.items()
    ]
    return Figures("Money", ("kind", *currencies), rows)


def _of_type(facts: Facts, kind: str) -> Iterable[Row]:
    return (each for each in facts.sources.values() if each.type == kind)


def _sums(rows: Iterable[Row], column: str) -> Counter[str]:
    found: Counter[str] = Counter()
    for each in rows:
        found[each.currency] += getattr(each, column)
    return found


def _standing(facts: Facts) -> Figures:
    states: Mapping[str, Counter[str]] = {
        "invoices": Counter(f"{each.lifecycle}, {each.status}" for each in facts.invoices.values()),
        "orders": Counter(each.status for each in facts.orders.values()),
        "services": Counter(each.service_state for each in facts.orders.values()),
        "requests": Counter(each.state for each in facts.requests.values()),
    }
    rows: list[tuple[object, ...]] = [
        (what, state, count)
        for what, found in states.items()
        for state, count in sorted(found.items())
    ]
    return Figures("How things stand", ("what", "state", "count"), rows)


def _time(facts: Facts) -> Figures:
    rows: list[tuple[object, ...]] = [
        (what, facts.heard.names[name]) for what, name in IN_TIME.items()
    ]
    return Figures("What time brought about", ("what", "count"), rows)


def _counted(title: str, columns: tuple[str, str], words: Iterable[str]) -> Figures:
    return Figures(title, columns, [*sorted(Counter(words).items())])
