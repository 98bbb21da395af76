"""Invariants of values in the accounting currency: nothing is left behind, nothing is made up."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from fractions import Fraction

from invoice_gateway.audit.amounts import places
from invoice_gateway.audit.common import total
from invoice_gateway.audit.facts import Facts, Posting
from invoice_gateway.store.extracts import Row

ADDS = "debit-memo"


def foreign_is_valued(facts: Facts) -> Iterator[str]:
    """§3.13: issued invoices and money have a value where the account is in another currency."""
    issued = [row for row in facts.invoices.values() if row.lifecycle == "Issued"]
    for row in (*issued, *facts.sources.values()):
        foreign = facts.accounts[row.account].accounting_currency != row.currency
        if foreign != (row.carrying is not None):
            yield f"{row.account} {row.currency} {row.amount}: its value is {row.carrying}"
    for row in facts.sources.values():
        if row.carrying is not None and row.carrying != _value(row):
            yield f"source {row.reference}: {row.carrying} is not its value at {row.rate}"


def _value(row: Row) -> int:
    shift = places(row.accounting_currency) - places(row.currency)
    amount: int = row.amount
    return round(Fraction(row.rate) * amount * Fraction(10) ** shift)


def values_of_sources(facts: Facts) -> Iterator[str]:
    """I-10: total = open + paid out + relieved by allocations; nothing remains of what is gone."""
    relieved = total((each.row.source_id, each.row.source_carry or 0) for each in facts.posted())
    out = total((each.source_id, each.carry or 0) for each in facts.reversals)
    for row in facts.sources.values():
        if row.carrying is None:
            continue
        name = f"source {row.reference}"
        if row.carrying != row.carry_open + out[row.id] + relieved[row.id]:
            yield f"{name}: {row.carrying} came, {row.carry_open} and what is gone are not that"
        if row.carry_settled != relieved[row.id]:
            yield f"{name}: {row.carry_settled} is not what its allocations relieve"
        if row.carry_open < 0 or (row.carry_open and not row.remaining + row.reserved):
            yield f"{name}: {row.carry_open} are left of it"


def values_of_invoices(facts: Facts) -> Iterator[str]:
    """I-11: total and debits = open + credits + relieved by allocations; no residue."""
    relieved = total((each.row.invoice_id, each.row.carry or 0) for each in facts.posted())
    documents: dict[int, int] = defaultdict(int)
    for memo in facts.memos:
        sign = 1 if memo.doc_type == ADDS else -1
        documents[memo.invoice_id] += sign * (memo.carrying or 0)
        about = facts.invoices.get(memo.invoice_id)
        if about is not None and (about.carrying is None) != (memo.carrying is None):
            yield f"memo {memo.number}: {memo.carrying} on {about.number}, worth {about.carrying}"
    for row in facts.invoices.values():
        if row.carrying is None:
            continue
        if row.carrying + documents[row.id] != row.carry_open + relieved[row.id]:
            yield f"{row.number}: {row.carrying} and its documents are not what is left and gone"
        if row.carry_settled != relieved[row.id]:
            yield f"{row.number}: {row.carry_settled} is not what its allocations relieve"
        if row.carry_open < 0 or (row.carry_open and not row.pending):
            yield f"{row.number}: nothing is pending, and {row.carry_open} are left"


def gains_add_up(facts: Facts) -> Iterator[str]:
    """I-12: what money was worth = what it relieved + gains + what is left; removal undoes all."""
    gains = facts.heard.gains
    announced: dict[str, int] = defaultdict(int)
    for each in facts.allocations:
        row, currency = each.row, facts.sources[each.row.source_id].accounting_currency
        both = row.carry is not None and row.source_carry is not None
        gain = row.source_carry - row.carry if both and each.posted else 0
        if gains[_id(facts, each)] != gain:
            yield f"allocation {_id(facts, each)}: {gain}, announced {gains[_id(facts, each)]}"
        announced[currency] += gains[_id(facts, each)]
    yield from _values_add_up(facts, announced)


def _values_add_up(facts: Facts, announced: Mapping[str, int]) -> Iterator[str]:
    of = {each.id: each.accounting_currency for each in facts.sources.values() if _valued(each)}
    came = total((of[key], facts.sources[key].carrying) for key in of)
    posted = (each.row for each in facts.posted() if each.row.source_id in of)
    gone = total((of[each.source_id], each.carry or 0) for each in posted)
    left = total((of[key], facts.sources[key].carry_open) for key in of)
    reversals = (each for each in facts.reversals if each.source_id in of)
    out = total((of[each.source_id], each.carry or 0) for each in reversals)
    for currency, amount in came.items():
        rest = gone[currency] + announced[currency] + left[currency] + out[currency]
        if amount != rest:
            yield f"{currency}: {amount} came, which is not relieved, gained, left and paid out"


def _valued(source: Row) -> bool:
    return source.carrying is not None


def _id(facts: Facts, each: Posting) -> str:
    source = facts.sources[each.row.source_id]
    return f"{source.account}/{source.type}/{source.reference}#{each.row.number}"
