"""Invariants of change: what a batch may do to the books, and what it may not."""

from collections.abc import Iterator

from invoice_gateway.audit.common import automatic, payable, total, where
from invoice_gateway.audit.facts import Facts

CASH = {"payment.received", "payment.refunded", "payment.bounced", "payment.charged-back"}


def cash_moves_by_cash(before: Facts, now: Facts) -> Iterator[str]:
    """I-08: only payments, refunds, bounces and chargebacks change how much cash there is."""
    was, is_ = _cash(before), _cash(now)
    if was != is_ and not CASH & _new(before, now):
        yield f"cash was {dict(was)}, is {dict(is_)}, and no event says why"


def auto_run_is_fair(before: Facts, now: Facts) -> Iterator[str]:
    """I-23: the auto run pays the oldest first, and never what is disputed.

    This is about one message: between several, what was disputed may change.
    """
    if len(now.said) != len(before.said) + 1:
        return
    known = {each.row.id for each in before.allocations}
    [cause] = now.said.keys() - before.said.keys()
    # what is left of an allocation that lost a part is posted again as it was
    kept = {
        (each.row.source_id, each.row.invoice_id)
        for each in now.allocations
        if each.removed_by == cause
    }
    blocked = {(each.source_id, each.invoice_id) for each in now.pairs if each.blocked}
    disputes = now.open_disputes()
    for each in now.posted():
        row = each.row
        if row.id in known or row.mode != "auto" or (row.source_id, row.invoice_id) in kept:
            continue
        invoice, source = now.invoices[row.invoice_id], now.sources[row.source_id]
        for line in now.lines[invoice.id]:
            dispute = disputes.get((invoice.id, line.line_no))
            if dispute and line.line_no in each.parts and line.open < dispute.amount:
                yield f"{source.reference} paid disputed money on {where(now, line)}"
        for other in automatic(now, source):
            earlier = (other.issue_date, other.issuer, other.number) < (
                invoice.issue_date,
                invoice.issuer,
                invoice.number,
            )
            if earlier and (source.id, other.id) not in blocked and payable(now, other) > 0:
                yield f"{source.reference} paid {invoice.number} before {other.number}"


def issued_is_immutable(before: Facts, now: Facts) -> Iterator[str]:
    """I-27: what was posted stays as it was; entries are added, never changed."""
    for name, entries in before.fixed.items():
        later = now.fixed[name]
        if entries.items() <= later.items():  # nearly always, and quickly told
            continue
        for key, entry in entries.items():
            if later.get(key) != entry:
                yield f"{name} {key} changed"
    gone = {each.row.id for each in before.allocations if not (each.posted or each.reserved)}
    if any(each.posted for each in now.allocations if each.row.id in gone):
        yield "a removed allocation counts again"


def refusals_change_nothing(before: Facts, now: Facts) -> Iterator[str]:
    """§6: what is not accepted changes nothing but inbox, dead letters and `message.*` events."""
    told = _new(before, now) - {"provision.rejected"}
    if any(not name.startswith("message.") for name in told):
        return
    was = {each.id for each in before.messages if each.outcome == "accepted"}
    if {each.id for each in now.messages if each.outcome == "accepted"} <= was:
        money = ("accounts", "invoices", "lines", "sources", "intents", "allocations", "memos")
        rest = ("reversals", "pairs", "disputes")
        for name in (*money, *rest):
            if getattr(before, name) != getattr(now, name):
                yield f"{name} changed without an accepted message"


def _cash(facts: Facts) -> dict[str, int]:
    payments = [each for each in facts.sources.values() if each.type == "payment"]
    cash = total((each.currency, each.amount) for each in payments)
    for each in facts.reversals:
        if facts.sources[each.source_id].type == "payment":
            cash[each.currency] -= each.amount
    return {currency: amount for currency, amount in cash.items() if amount}


def _new(before: Facts, now: Facts) -> set[str]:
    """Return the names of the events that were written between two moments."""
    return set(now.heard.names - before.heard.names)
