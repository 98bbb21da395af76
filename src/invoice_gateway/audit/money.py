"""Invariants of money: nothing is lost, nothing appears, nothing idle lies beside what is due."""

from collections import defaultdict
from collections.abc import Iterator

from invoice_gateway.audit.common import (
    CREDITS,
    DISCOUNTS,
    WRITE_OFFS,
    all_lines,
    automatic,
    free,
    payable,
    total,
    where,
)
from invoice_gateway.audit.facts import Facts

COUNTED = {
    **dict.fromkeys((*CREDITS, *DISCOUNTS), "credited"),
    **dict.fromkeys(WRITE_OFFS, "written off"),
}
"""The counter of a line in which a document counts; a debit memo is a line of its own."""


def sources_balance(facts: Facts) -> Iterator[str]:
    """I-01, I-02: amount = posted + refunded + charged back + remaining; nothing is negative."""
    used = total((each.row.source_id, each.row.amount) for each in facts.posted())
    kept = total((e.row.source_id, e.row.amount) for e in facts.allocations if e.reserved)
    out = total((each.source_id, each.amount) for each in facts.reversals)
    for row in facts.sources.values():
        left = row.amount - used[row.id] - kept[row.id] - out[row.id]
        if left < 0 or left != row.remaining:
            yield f"source {row.reference}: {left} remain by the entries, {row.remaining} are said"
        gone = row.refunded + row.charged_back + row.spent
        if (row.allocated, row.reserved, gone) != (used[row.id], kept[row.id], out[row.id]):
            yield f"source {row.reference}: counters are not the fold of the entries"
        if row.type != "payment" and row.charged_back:
            yield f"source {row.reference}: charged back"
        if row.spent and row.type != "wallet":
            yield f"source {row.reference}: used outside of invoices"


def reservations_wait(facts: Facts) -> Iterator[str]:
    """A-08: money is reserved for Sent proformas that are being provisioned, and within pending."""
    kept = total((e.row.invoice_id, e.row.amount) for e in facts.allocations if e.reserved)
    for row in facts.invoices.values():
        if row.reserved != kept[row.id] or row.reserved > row.pending:
            yield f"{row.number}: {row.reserved} are reserved of {row.pending}, by {kept[row.id]}"
        detail = facts.details.get(row.id)
        if detail is None or detail.reserved_until is None:
            if row.reserved:
                yield f"{row.number}: money is reserved, and no end of that"
        elif (row.lifecycle, detail.execution) != ("Sent", "executing"):
            yield f"{row.number} is {row.lifecycle}, {detail.execution}, and being provisioned"


def topups_fill_wallets(facts: Facts) -> Iterator[str]:
    """I-24: what is settled on top-ups is what their lots were made of, less what was withdrawn."""
    lots: dict[str, int] = defaultdict(int)
    names = {each.id: each.origin_document for each in facts.sources.values()}
    for row in facts.sources.values():
        if (row.type == "wallet") != (row.origin == "topup"):
            yield f"source {row.reference} of type {row.type} comes from {row.origin}"
        if row.type == "wallet":
            lots[row.origin_document] += row.amount
    for each in facts.reversals:
        if each.kind == "withdrawal":
            lots[names[each.source_id]] -= each.amount
    lost = total(
        (facts.invoices[each.row.invoice_id].number, each.row.amount)
        for each in facts.allocations
        if not each.posted and not each.reserved
    )
    for row in facts.invoices.values():
        if row.kind == "topup" and not row.settled <= lots[row.number] <= (
            row.settled + lost[row.number]
        ):
            yield f"top-up {row.number}: {row.settled} settled, {lots[row.number]} in its lots"


def both_ends_agree(facts: Facts) -> Iterator[str]:
    """I-03: what sources gave is what invoices got, per currency; within one account each."""
    given = total((row.currency, row.allocated) for row in facts.sources.values())
    got = total((row.currency, row.settled) for row in facts.invoices.values())
    for currency in {*given, *got}:
        if given[currency] != got[currency]:
            yield f"sources gave {given[currency]} {currency}, invoices got {got[currency]}"
    for each in facts.allocations:
        source = facts.sources[each.row.source_id]
        invoice = facts.invoices[each.row.invoice_id]
        if (source.account, source.currency) != (invoice.account, invoice.currency):
            yield f"{source.reference} of {source.account} pays {invoice.number}"
        if each.row.amount <= 0:
            yield f"an allocation of {source.reference} over {each.row.amount}"


def lines_balance(facts: Facts) -> Iterator[str]:
    """I-04, I-05: counters of a line are the fold of its entries, and stay within bounds."""
    settled: dict[tuple[int, str], int] = defaultdict(int)
    for each in facts.posted():
        for line_no, amount in each.parts.items():
            settled[each.row.invoice_id, line_no] += amount
    memos = {each.id: each for each in facts.memos}
    taken: dict[tuple[int, str, str], list[int]] = defaultdict(lambda: [0, 0])
    for memo_id, parts in facts.memo_parts.items():
        memo = memos[memo_id]
        for part in parts:
            entry = taken[memo.invoice_id, part.line_no, COUNTED.get(memo.doc_type, "added")]
            entry[0] += part.applied
            entry[1] += part.excess
    for line in all_lines(facts):
        key = (line.invoice, line.line_no)
        credited, excess = taken.get((*key, "credited"), (0, 0))
        written_off, none = taken.get((*key, "written off"), (0, 0))
        folds = (credited, excess, written_off, settled[key])
        if (line.credited, line.excess, line.written_off, line.settled) != folds or none:
            yield f"{where(facts, line)}: counters are not the fold of the entries"
        if not 0 <= settled[key] <= line.amount - credited - written_off:
            yield f"{where(facts, line)}: {settled[key]} are settled, {line.due} are due"
        if (
            min(folds) < 0
            or credited + excess > line.amount
            or written_off > line.due + written_off
        ):
            yield f"{where(facts, line)}: credits or write-offs out of bounds"


def pending_adds_up(facts: Facts) -> Iterator[str]:
    """I-06: pending = amount + debit memos - what reduced it - settled = open lines >= 0."""
    applied = total(((each.invoice_id, each.doc_type), each.applied) for each in facts.memos)
    for row in facts.invoices.values():
        credits_ = sum(applied.get((row.id, name), 0) for name in CREDITS)
        discounts = sum(applied.get((row.id, name), 0) for name in DISCOUNTS)
        lines = facts.lines[row.id]
        added = sum(each.amount for each in lines if each.kind == "debit-memo")
        sums = (
            added,
            sum(each.credited for each in lines),
            sum(each.written_off for each in lines),
            sum(each.settled for each in lines),
        )
        said = (row.debit_memos, row.credits + row.discounts, row.written_off, row.settled)
        if said != sums or (row.credits, row.discounts) != (credits_, discounts):
            yield f"{row.number}: sums are not those of its lines and documents"
        rest = sum(each.open for each in lines)
        if rest != row.pending or rest < 0 or row.amount + added - sum(sums[1:]) != rest:
            yield f"{row.number}: {rest} are open, {row.pending} are pending"
        disputed = sum(min(each.disputed, each.open) for each in lines)
        automatic = row.lifecycle == "Issued" and row.kind != "topup"
        right = rest - disputed - row.reserved if automatic else 0
        if row.payable != right:
            yield f"{row.number}: {row.payable} are payable, not {right}"


def excess_is_credit(facts: Facts) -> Iterator[str]:
    """I-07: every excess of a credit is open credit of its customer, memo by memo."""
    created = {
        (each.account, each.reference): each.amount
        for each in facts.sources.values()
        if each.origin == "excess-of-adjustment"
    }
    for memo in facts.memos:
        excess = sum(part.excess for part in facts.memo_parts.get(memo.id, ()))
        names = (memo.number, f"{memo.issuer}/{memo.number}")  # of others with their issuer
        said = sum(created.pop((memo.account, name), 0) for name in names)
        crediting = memo.doc_type in (*CREDITS, *DISCOUNTS)
        if crediting and said != excess:
            yield f"memo {memo.number} has excess {excess}, open credit {said}"
        if crediting and memo.open_credit + memo.refunded != excess:
            yield f"memo {memo.number} says {memo.open_credit} + {memo.refunded} of {excess}"
    if created:
        yield f"open credit without a memo: {created}"
    on_lines = sum(each.excess for each in all_lines(facts))
    by_memos = sum(part.excess for parts in facts.memo_parts.values() for part in parts)
    if on_lines != by_memos:
        yield f"lines have excess {on_lines}, memos {by_memos}"


def cash_balance(facts: Facts) -> Iterator[str]:
    """I-08: cash in less cash out is what payments allocate and what remains of them."""
    of = {each.id: each.currency for each in facts.sources.values() if each.type == "payment"}
    mine = [facts.sources[key] for key in of]
    came = total((each.currency, each.amount) for each in mine)
    left = total((each.currency, each.remaining + each.reserved) for each in mine)
    out = total((of[e.source_id], e.amount) for e in facts.reversals if e.source_id in of)
    posted = (each.row for each in facts.posted() if each.row.source_id in of)
    used = total((of[each.source_id], each.amount) for each in posted)
    for currency, amount in came.items():
        cash = amount - out[currency]
        if cash != used[currency] + left[currency]:
            yield f"{currency}: cash is {cash}, allocated and remaining is not"


def nothing_is_voided(facts: Facts) -> Iterator[str]:
    """I-20, I-21: only offers are withdrawn, only requests cancelled; nothing is on them then."""
    for row in facts.invoices.values():
        if row.lifecycle == "Issued":
            continue
        offer = row.kind in ("proforma", "topup")
        if offer == (row.lifecycle == "Cancelled") or not (offer or row.kind == "request"):
            yield f"{row.number}, a {row.kind} invoice, is {row.lifecycle}"
        if offer and f"{row.issuer}/{row.number}" in facts.heard.numbers:
            yield f"{row.number} was issued, and is {row.lifecycle}"
        if row.lifecycle == "Sent":
            continue
        if row.settled or row.reserved or (row.pending and not offer):
            yield f"{row.number} is {row.lifecycle}: {row.settled} settled, {row.pending} pending"


def no_idle_money(facts: Facts) -> Iterator[str]:
    """I-23: never idle money of an account beside undisputed pending of an automatic invoice."""
    blocked = {(each.source_id, each.invoice_id) for each in facts.pairs if each.blocked}
    for source in facts.sources.values():
        if not facts.accounts[source.account].auto_allocate or free(facts, source) <= 0:
            continue
        for row in automatic(facts, source):
            if (source.id, row.id) not in blocked and payable(facts, row) > 0:
                yield f"{source.reference} has {free(facts, source)} for {row.number}"


def rounding_is_exact(facts: Facts) -> Iterator[str]:
    """I-33: lines add up to the invoice, parts to their memo and to their allocation."""
    for row in facts.invoices.values():
        lines = [each for each in facts.lines[row.id] if each.kind != "debit-memo"]
        if sum(each.amount for each in lines) != row.amount or any(e.amount < 0 for e in lines):
            yield f"{row.number}: lines do not add up to {row.amount}"
    for memo in facts.memos:
        parts = facts.memo_parts.get(memo.id, ())
        if memo.invoice_id is not None and sum(each.amount for each in parts) != memo.amount:
            yield f"memo {memo.number}: parts do not add up to {memo.amount}"
        if any(each.applied + each.excess != each.amount for each in parts):
            yield f"memo {memo.number}: applied and excess do not add up"
    for each in facts.allocations:
        if sum(each.parts.values()) != each.row.amount or min(each.parts.values()) <= 0:
            yield f"allocation {each.row.id}: parts do not add up to {each.row.amount}"


def documents_are_booked(facts: Facts) -> Iterator[str]:
    """I-33, T-03: what is booked is what the documents said, to the minor unit."""
    booked: dict[str, set[int]] = defaultdict(set)
    for row in (*facts.invoices.values(), *facts.sources.values(), *facts.memos):
        booked[row.cause].add(row.amount)
    for cause, said in facts.said.items():
        if said is not None and said not in booked[cause]:
            yield f"{cause} says {said}, booked is {booked[cause]}"
