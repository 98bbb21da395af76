"""What a gateway knows in business terms: natural keys only, and nothing about how it came to be.

Left out: surrogate ids, versions, times, causes, modes and numbers of allocations. Two runs that
tell the same story in another order end in the same essence.
"""

from collections import Counter
from typing import Any

from invoice_gateway.audit.facts import Facts

Essence = dict[str, Any]


def essence(facts: Facts) -> Essence:
    """Return the business facts, in an order of their own."""
    number = {each.id: f"{each.issuer}/{each.number}" for each in facts.invoices.values()}
    source = {
        each.id: f"{each.account}/{each.type}/{each.reference}" for each in facts.sources.values()
    }
    return {
        "accounts": sorted(tuple(each)[:-1] for each in facts.accounts.values()),
        "invoices": sorted(
            (
                number[each.id],
                (each.account, each.currency, each.amount, each.issue_date, each.due_date),
                (each.debit_memos, each.credits, each.discounts, each.written_off),
                (each.settled, each.pending),
                (each.status, each.settlement_state, each.contested, each.confirmation),
                (each.lifecycle, each.reserved, each.closure_reason or ""),
                _value(each),
                tuple(line[1:] for line in facts.lines[each.id]),
            )
            for each in facts.invoices.values()
        ),
        "sources": sorted(
            (
                source[each.id],
                (each.currency, each.amount, each.value_date, each.funds_state),
                (each.allocated, each.reserved, each.remaining),
                (each.refunded, each.charged_back, each.spent),
                tuple((wish.number, wish.waiting) for wish in facts.intents.get(each.id, ())),
                _value(each),
            )
            for each in facts.sources.values()
        ),
        "allocations": sorted(
            (source[each.row.source_id], number[each.row.invoice_id], sorted(each.parts.items()))
            for each in facts.posted()
        ),
        "memos": sorted(
            (each.number, each.doc_type, each.amount, each.applied, each.open_credit)
            for each in facts.memos
        ),
        "reversals": sorted((each.reference, each.kind, each.amount) for each in facts.reversals),
        "pairs": sorted(
            (source[each.source_id], number[each.invoice_id])
            for each in facts.pairs
            if each.blocked
        ),
        "disputes": sorted(
            (each.id, each.state, each.amount, each.joined) for each in facts.disputes
        ),
        "messages": sorted((each.sender, each.message_id, each.outcome) for each in facts.messages),
        "dead": sorted((each.sender, each.message_id, each.code) for each in facts.dead),
    }


def _value(row: Any) -> tuple[Any, ...]:
    """Return what an invoice or source is worth in the accounting currency, where it is another."""
    if row.carrying is None:
        return ()
    return (row.accounting_currency, row.rate, row.carrying, row.carry_open, row.carry_settled)


def differences(one: Essence, other: Essence) -> list[str]:
    """Return what the first says and the second does not, and the other way round."""
    found = []
    for name in one:
        left, right = Counter(map(repr, one[name])), Counter(map(repr, other[name]))
        found += [f"- {name} {each}" for each in left - right]
        found += [f"+ {name} {each}" for each in right - left]
    return found
