"""The invariants of the domain (DOMAIN §6) as pure functions over facts; each yields its breaches.

Everything is computed from append-only entries; counters and statuses are what is judged, never
what is trusted. `check` runs them all. Those that speak of change compare two moments.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from functools import cache
from hashlib import sha256
from itertools import pairwise
from typing import Any

from lxml import etree

from invoice_gateway.model.money import exponent
from tests.facts import EventFact, Facts, LineFact

DISPUTED = "Disputed"
RECEIVED = "Payment Received"
SAYS = ("settlement_state", "contested", "confirmation", "closure_reason")

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


# -- conservation -------------------------------------------------------------------------------


def sources_balance(facts: Facts) -> Iterator[str]:
    """I-01, I-02: amount = posted + refunded + charged back + remaining; nothing is negative."""
    used = _sum((each.row.source_id, each.row.amount) for each in facts.posted())
    out = _sum((each.source_id, each.amount) for each in facts.reversals)
    for row in facts.sources.values():
        left = row.amount - used[row.id] - out[row.id]
        if left < 0 or left != row.remaining:
            yield f"source {row.reference}: {left} remain by the entries, {row.remaining} are said"
        if (row.allocated, row.refunded + row.charged_back) != (used[row.id], out[row.id]):
            yield f"source {row.reference}: counters are not the fold of the entries"
        if row.reserved or (row.type == "open-credit" and row.charged_back):
            yield f"source {row.reference}: reserved or charged back"


def both_ends_agree(facts: Facts) -> Iterator[str]:
    """I-03: what sources gave is what invoices got, per currency; within one account each."""
    given = _sum((row.currency, row.allocated) for row in facts.sources.values())
    got = _sum((row.currency, row.settled) for row in facts.invoices.values())
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
        for part in parts:
            entry = taken[memos[memo_id].invoice_id, part.line_no, memos[memo_id].doc_type]
            entry[0] += part.applied
            entry[1] += part.excess
    for line in _lines(facts):
        key = (line.invoice, line.line_no)
        credited, excess = taken[*key, "credit-memo"]
        written_off, none = taken[*key, "write-off"]
        folds = (credited, excess, written_off, settled[key])
        if (line.credited, line.excess, line.written_off, line.settled) != folds or none:
            yield f"{_where(facts, line)}: counters are not the fold of the entries"
        if not 0 <= settled[key] <= line.amount - credited - written_off:
            yield f"{_where(facts, line)}: {settled[key]} are settled, {line.due} are due"
        if (
            min(folds) < 0
            or credited + excess > line.amount
            or written_off > line.due + written_off
        ):
            yield f"{_where(facts, line)}: credits or write-offs out of bounds"


def pending_adds_up(facts: Facts) -> Iterator[str]:
    """I-06: pending = amount + debit memos - credits - write-offs - settled = open lines >= 0."""
    for row in facts.invoices.values():
        lines = facts.lines[row.id]
        added = sum(each.amount for each in lines if each.kind == "debit-memo")
        sums = (
            added,
            sum(each.credited for each in lines),
            sum(each.written_off for each in lines),
            sum(each.settled for each in lines),
        )
        if (row.debit_memos, row.credits, row.written_off, row.settled) != sums:
            yield f"{row.number}: sums are not those of its lines"
        rest = sum(each.open for each in lines)
        if rest != row.pending or rest < 0 or row.amount + added - sum(sums[1:]) != rest:
            yield f"{row.number}: {rest} are open, {row.pending} are pending"
        disputed = sum(min(each.disputed, each.open) for each in lines)
        if row.payable != rest - disputed:
            yield f"{row.number}: {row.payable} are payable, not {rest - disputed}"


def excess_is_credit(facts: Facts) -> Iterator[str]:
    """I-07: every excess of a credit is open credit of its customer, memo by memo."""
    created = {
        (each.account, each.reference): each.amount
        for each in facts.sources.values()
        if each.origin == "excess-of-adjustment"
    }
    for memo in facts.memos:
        excess = sum(part.excess for part in facts.memo_parts.get(memo.id, ()))
        said = created.pop((memo.account, memo.number), 0)
        if memo.doc_type == "credit-memo" and said != excess:
            yield f"memo {memo.number} has excess {excess}, open credit {said}"
        if memo.doc_type == "credit-memo" and memo.open_credit + memo.refunded != excess:
            yield f"memo {memo.number} says {memo.open_credit} + {memo.refunded} of {excess}"
    if created:
        yield f"open credit without a memo: {created}"
    total = sum(each.excess for each in _lines(facts))
    parts = sum(part.excess for parts in facts.memo_parts.values() for part in parts)
    if total != parts:
        yield f"lines have excess {total}, memos {parts}"


def cash_balance(facts: Facts) -> Iterator[str]:
    """I-08: cash in less cash out is what payments allocate and what remains of them."""
    for currency in {each.currency for each in facts.sources.values()}:
        mine = [
            each
            for each in facts.sources.values()
            if each.type == "payment" and each.currency == currency
        ]
        ids = {each.id for each in mine}
        cash = sum(each.amount for each in mine) - sum(
            each.amount for each in facts.reversals if each.source_id in ids
        )
        used = sum(each.row.amount for each in facts.posted() if each.row.source_id in ids)
        if cash != used + sum(each.remaining for each in mine):
            yield f"{currency}: cash is {cash}, allocated and remaining is not"


# -- statuses -----------------------------------------------------------------------------------


def status_is_derived(facts: Facts) -> Iterator[str]:
    """I-13, I-14: status and flags follow from the lines, and from Table 5 where it speaks."""
    for row in facts.invoices.values():
        lines = [each for each in facts.lines[row.id] if each.live]
        derived = decision_list(lines)
        if row.status != derived:
            yield f"{row.number}: is {row.status}, its lines say {derived}"
        literal = table_5(lines)
        clear = not any(each.enterprise == DISPUTED for each in lines)
        partly = any(each.settled for each in lines)
        if len(literal) == 1 and clear and not partly and row.status not in literal:
            yield f"{row.number}: is {row.status}, Table 5 says {literal}"
        flags = tuple(getattr(row, name) for name in SAYS)
        if flags != _flags(row, lines, derived):
            yield f"{row.number}: says {flags}, the ledger {_flags(row, lines, derived)}"


def decision_list(lines: Iterable[LineFact]) -> str:
    """Return the status that live `lines` give by R0 to R6 (DOMAIN §3.4)."""
    pairs = {(each.customer, each.enterprise) for each in lines}
    customer, enterprise = {each for each, _ in pairs}, {each for _, each in pairs}
    if DISPUTED in customer:
        return DISPUTED
    if not pairs or customer == {"Paid"}:
        return "Paid"
    if DISPUTED in enterprise:
        return DISPUTED
    if enterprise == {RECEIVED}:
        return "Paid"
    said = "Paid" in customer or RECEIVED in enterprise
    return "Partially Paid" if said or any(each.settled for each in lines) else "New"


def table_5(lines: Iterable[LineFact]) -> set[str]:
    """Return the statuses whose row of Table 5 matches `lines` word for word (S3-08 to S3-11)."""
    customer = [each.customer for each in lines]
    enterprise = [each.enterprise for each in lines]
    if not customer:
        return set()
    rows = {
        "New": {*customer, *enterprise} == {"New"},
        "Partially Paid": 0 < customer.count("Paid") < len(customer)
        and 0 < enterprise.count(RECEIVED) < len(enterprise),
        "Paid": customer.count("Paid") == len(customer),
        DISPUTED: DISPUTED in customer,
    }
    return {status for status, matches in rows.items() if matches}


def _flags(row: Any, lines: list[LineFact], status: str) -> tuple[Any, ...]:
    received = sum(each.enterprise == RECEIVED for each in lines)
    contested = status == "Paid" and any(each.enterprise == DISPUTED for each in lines)
    confirmation = "PartlyConfirmed" if received else "Unconfirmed"
    if lines and received == len(lines):
        confirmation = "Confirmed"
    settlement = "PartiallySettled"
    if row.pending in (0, row.amount + row.debit_memos):
        settlement = "Unsettled" if row.pending else "Settled"
    ways = {
        "Paid": row.settled - row.settled_by_credit,
        "Credited": row.credits + row.settled_by_credit,
        "WrittenOff": row.written_off,
    }
    used = [way for way, amount in ways.items() if amount] or ["NothingDue"]
    closure = None if row.pending else used[0] if len(used) == 1 else "Mixed"
    return settlement, contested, confirmation, closure


def nothing_pending_is_paid(facts: Facts) -> Iterator[str]:
    """I-15: nothing pending and no open dispute is Paid; New means nothing happened."""
    disputes = facts.open_disputes()
    for row in facts.invoices.values():
        lines = [each for each in facts.lines[row.id] if each.live]
        contested = any((row.id, each.line_no) in disputes for each in lines)
        if not sum(each.open for each in lines) and not contested and row.status != "Paid":
            yield f"{row.number}: nothing is pending, it is {row.status}"
        touched = any(
            each.settled or each.customer == "Paid" or each.enterprise == RECEIVED for each in lines
        )
        if row.status == "New" and touched:
            yield f"{row.number}: is New, and yet somebody paid"


def receipt_follows_money(facts: Facts) -> Iterator[str]:
    """I-16: a live line is received when it is settled, and (unless by hand) only then."""
    for line in _lines(facts):
        if not line.live:
            continue
        said = line.enterprise_shadow if line.enterprise == DISPUTED else line.enterprise
        if line.open == 0 and said != RECEIVED:
            yield f"{_where(facts, line)}: settled, and {said}"
        if line.open > 0 and not line.receipt_manual and said != "New":
            yield f"{_where(facts, line)}: {line.open} are open, and {said}"


def disputes_stand_on_lines(facts: Facts) -> Iterator[str]:
    """I-17: an axis is Disputed exactly when an open dispute is there; then the line lives."""
    disputes = facts.open_disputes()
    if len(disputes) != sum(each.state == "open" for each in facts.disputes):
        yield "two open disputes on one line"
    for line in _lines(facts):
        dispute = disputes.get((line.invoice, line.line_no))
        axes = DISPUTED in (line.customer, line.enterprise)
        if axes != (dispute is not None):
            yield f"{_where(facts, line)}: dispute {dispute and dispute.id}, axes {line[9:13]}"
        if dispute is not None and not line.live:
            yield f"{_where(facts, line)}: open dispute {dispute.id} on a line that is not live"
        if line.disputed != (dispute.amount if dispute else 0):
            yield f"{_where(facts, line)}: {line.disputed} are marked as disputed"
        if dispute is not None and not 0 < dispute.amount <= line.amount:
            yield f"dispute {dispute.id} over {dispute.amount}"
        shadows = ((line.customer, line.customer_shadow), (line.enterprise, line.enterprise_shadow))
        for status, shadow in shadows:
            if shadow == DISPUTED or status not in (DISPUTED, shadow):
                yield f"{_where(facts, line)}: shadow {shadow} of {status}"


MOVES = {
    "customer": {("New", "Paid"), ("Paid", "New")},
    "enterprise": {("New", RECEIVED), (RECEIVED, "New")},
}
"""Moves of an axis outside a dispute; into one and back out of it every status may."""


def moves_are_legal(facts: Facts) -> Iterator[str]:
    """I-18: the moves announced for an axis follow one another, by the table, to where it is."""
    axes: dict[tuple[str, str, str], str] = defaultdict(lambda: "New")
    for event in facts.events:
        if event.name != "invoice.line-status-changed":
            continue
        axis, old, new = (event.text(name) or "" for name in ("Axis", "Old", "New"))
        key = (event.aggregate_id, event.text("LineNo") or "", axis)
        if axes[key] != old:
            yield f"{key}: moves from {old}, it was {axes[key]}"
        if old == new or (DISPUTED not in (old, new) and (old, new) not in MOVES[axis]):
            yield f"{key}: moves from {old} to {new}"
        axes[key] = new
    for line in _lines(facts):
        row = facts.invoices[line.invoice]
        for axis in MOVES:
            key = (f"{row.issuer}/{row.number}", line.line_no, axis)
            if axes[key] != getattr(line, axis):
                yield f"{key}: is {getattr(line, axis)}, was announced as {axes[key]}"


def status_is_announced(facts: Facts) -> Iterator[str]:
    """I-19: status-changed comes exactly when the published tuple changes, and tells it rightly."""
    last: dict[str, dict[str, str]] = {}
    for event in facts.events:
        if event.name == "invoice.issued":
            last[event.aggregate_id] = event.block("State")
        if event.name != "invoice.status-changed":
            continue
        old, new = event.block("Old"), event.block("New")
        if old != last.get(event.aggregate_id):
            yield f"{event.aggregate_id}: was {last.get(event.aggregate_id)}, announced {old}"
        if old == new:
            yield f"{event.aggregate_id}: announced a change from {old} to the same"
        last[event.aggregate_id] = new
    for row in facts.invoices.values():
        said = last.get(f"{row.issuer}/{row.number}", {})
        is_ = {
            "Status": row.status,
            "SettlementState": row.settlement_state,
            "Contested": str(row.contested).lower(),
            "Confirmation": row.confirmation,
        }
        if row.closure_reason:
            is_["ClosureReason"] = row.closure_reason
        if said != is_:
            yield f"{row.number}: is {is_}, was announced as {said}"


# -- events and messages -------------------------------------------------------------------------


def versions_have_no_gaps(facts: Facts) -> Iterator[str]:
    """P-04: events of an aggregate are numbered 1 to n in order; its row knows n."""
    last: dict[tuple[str, str], int] = defaultdict(int)
    for event in facts.events:
        key = (event.aggregate, event.aggregate_id)
        if event.version != last[key] + 1:
            yield f"{key}: version {event.version} follows {last[key]}"
        last[key] = event.version
    for row in facts.invoices.values():
        if last["invoice", f"{row.issuer}/{row.number}"] != row.version:
            yield f"{row.number}: version {row.version} is not that of its last event"
    for row in facts.sources.values():
        if last["source", f"{row.account}/{row.type}/{row.reference}"] != row.version:
            yield f"{row.reference}: version {row.version} is not that of its last event"


ORDER = ("fact", "line", "status", "consequence", "message")
PLACES = {
    "invoice.line-status-changed": "line",
    "invoice.status-changed": "status",
    **dict.fromkeys(
        (f"dispute.{each}" for each in ("opened", "joined", "amended", "resolved", "withdrawn")),
        "consequence",
    ),
    **dict.fromkeys(
        (f"message.{each}" for each in ("accepted", "duplicate", "parked", "rejected")), "message"
    ),
}


def events_come_in_order(facts: Facts) -> Iterator[str]:
    """§4.3: facts, line statuses, invoice statuses, consequences; within one cause."""
    causes: dict[str, list[EventFact]] = defaultdict(list)
    for event in facts.events:
        causes[event.cause].append(event)
    for cause, events in causes.items():
        places = [ORDER.index(PLACES.get(each.name, "fact")) for each in events]
        derived = [place for place in places if place != ORDER.index("message")]
        if any(later < earlier for earlier, later in pairwise(derived)):
            yield f"{cause}: {[each.name for each in events]}"


def messages_end_once(facts: Facts) -> Iterator[str]:
    """A message is accepted, a duplicate or parked once, else a dead letter; events say so."""
    owned: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in facts.messages:
        if row.outcome != "rejected":
            if owned[row.sender, row.message_id]:
                yield f"{row.sender}/{row.message_id} has two outcomes"
            owned[row.sender, row.message_id].add(row.outcome)
        if (row.outcome == "parked") != (row.id in facts.parked):
            yield f"{row.sender}/{row.message_id} is {row.outcome} and parked, or neither"
    accepted = {
        f"{sender}/{message_id}"
        for (sender, message_id), outcomes in owned.items()
        if "accepted" in outcomes
    }
    for event in facts.events:
        if not event.name.startswith("message.") and event.cause not in accepted:
            yield f"{event.name} of {event.cause}, which was not accepted"
    refusals = sum(event.name == "message.rejected" for event in facts.events)
    if refusals < len(facts.dead):
        yield f"{len(facts.dead)} dead letters, {refusals} reports"


# -- rules ----------------------------------------------------------------------------------------


def nothing_is_voided(facts: Facts) -> Iterator[str]:
    """I-20: posted invoices stay Issued (voiding is for drafts, which come by other messages)."""
    for row in facts.invoices.values():
        if row.lifecycle != "Issued":
            yield f"{row.number} is {row.lifecycle}"


def no_idle_money(facts: Facts) -> Iterator[str]:
    """I-23: never idle money of an account beside undisputed pending of an automatic invoice."""
    blocked = {(each.source_id, each.invoice_id) for each in facts.pairs if each.blocked}
    for source in facts.sources.values():
        if not facts.accounts[source.account].auto_allocate or _free(facts, source) <= 0:
            continue
        for row in _automatic(facts, source):
            if (source.id, row.id) not in blocked and _payable(facts, row) > 0:
                yield f"{source.reference} has {_free(facts, source)} for {row.number}"


def rounding_is_exact(facts: Facts) -> Iterator[str]:
    """I-33: lines add up to the invoice, parts to their memo and to their allocation."""
    for row in facts.invoices.values():
        lines = [each for each in facts.lines[row.id] if each.kind != "debit-memo"]
        if sum(each.amount for each in lines) != row.amount or min(e.amount for e in lines) < 0:
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
    for cause, root in facts.said.items():
        said = _said(root)
        if said is not None and said not in booked[cause]:
            yield f"{cause} says {said}, booked is {booked[cause]}"


def _said(root: etree._Element) -> int | None:
    """Return the amount of a document that is booked as a whole, in minor units."""
    kind = etree.QName(root).localname
    if kind == "InvoicePosted":
        currency = root.findtext("{*}Currency") or ""
        texts = [root.findtext(f"{{*}}Totals/{{*}}{each}") for each in ("TaxInclusive", "Rounding")]
        return abs(sum(_minor(each, currency) for each in texts if each))
    if kind in ("CreditNotePosted", "PaymentPosted", "MemoPosted"):
        amounts = root.findall("{*}Amount") or root.findall("{*}Lines/{*}Line/{*}Amount")
        return sum(_minor(each.text or "", each.get("currency") or "") for each in amounts)
    return None


def _minor(text: str, currency: str) -> int:
    return int(Decimal(text).scaleb(exponent(currency)))


# -- change ---------------------------------------------------------------------------------------

CASH = {"payment.received", "payment.refunded", "payment.bounced", "payment.charged-back"}


def cash_moves_by_cash(before: Facts, now: Facts) -> Iterator[str]:
    """I-08: only payments, refunds, bounces and chargebacks change how much cash there is."""
    was, is_ = _cash(before), _cash(now)
    if was != is_ and not CASH & {event.name for event in _new(before, now)}:
        yield f"cash was {dict(was)}, is {dict(is_)}, and no event says why"


def auto_run_is_fair(before: Facts, now: Facts) -> Iterator[str]:
    """I-23: the auto run pays the oldest first, and never what is disputed.

    This is about one message: between several, what was disputed may change.
    """
    if len(now.said) != len(before.said) + 1:
        return
    known = {each.row.id for each in before.allocations}
    blocked = {(each.source_id, each.invoice_id) for each in now.pairs if each.blocked}
    disputes = now.open_disputes()
    for each in now.posted():
        row = each.row
        if row.id in known or row.mode != "auto":
            continue
        invoice, source = now.invoices[row.invoice_id], now.sources[row.source_id]
        for line in now.lines[invoice.id]:
            dispute = disputes.get((invoice.id, line.line_no))
            if dispute and line.line_no in each.parts and line.open < dispute.amount:
                yield f"{source.reference} paid disputed money on {_where(now, line)}"
        for other in _automatic(now, source):
            earlier = (other.issue_date, other.issuer, other.number) < (
                invoice.issue_date,
                invoice.issuer,
                invoice.number,
            )
            if earlier and (source.id, other.id) not in blocked and _payable(now, other) > 0:
                yield f"{source.reference} paid {invoice.number} before {other.number}"


def issued_is_immutable(before: Facts, now: Facts) -> Iterator[str]:
    """I-27: what was posted stays as it was; entries are added, never changed."""
    for name, digests in _immutable(before).items():
        later = _immutable(now)[name]
        for key, digest in digests.items():
            if later.get(key) != digest:
                yield f"{name} {key} changed"
    if now.events[: len(before.events)] != before.events:
        yield "events changed"
    gone = {each.row.id for each in before.allocations if not each.posted}
    if any(each.posted for each in now.allocations if each.row.id in gone):
        yield "a removed allocation counts again"


def refusals_change_nothing(before: Facts, now: Facts) -> Iterator[str]:
    """§6: what is not accepted changes nothing but inbox, dead letters and `message.*` events."""
    if any(not event.name.startswith("message.") for event in _new(before, now)):
        return
    was = {each.id for each in before.messages if each.outcome == "accepted"}
    if {each.id for each in now.messages if each.outcome == "accepted"} <= was:
        money = ("accounts", "invoices", "lines", "sources", "intents", "allocations", "memos")
        rest = ("reversals", "pairs", "disputes")
        for name in (*money, *rest):
            if getattr(before, name) != getattr(now, name):
                yield f"{name} changed without an accepted message"


# -- helpers --------------------------------------------------------------------------------------


def _sum(pairs: Iterable[tuple[Any, int]]) -> dict[Any, int]:
    total: dict[Any, int] = defaultdict(int)
    for key, amount in pairs:
        total[key] += amount
    return total


def _lines(facts: Facts) -> Iterator[LineFact]:
    return (line for lines in facts.lines.values() for line in lines)


def _where(facts: Facts, line: LineFact) -> str:
    return f"{facts.invoices[line.invoice].number}/{line.line_no}"


def _payable(facts: Facts, row: Any) -> int:
    """Return the undisputed pending of an invoice, from its lines and disputes."""
    disputes = facts.open_disputes()
    return sum(
        max(0, line.open - (found.amount if (found := disputes.get((row.id, line.line_no))) else 0))
        for line in facts.lines[row.id]
    )


def _free(facts: Facts, source: Any) -> int:
    """Return what of a source waits for no invoice of its own (A-04)."""
    waiting = [each.amount for each in facts.intents.get(source.id, ()) if each.waiting]
    if None in waiting:
        return 0
    return int(source.remaining - sum(waiting))


def _automatic(facts: Facts, source: Any) -> list[Any]:
    return [
        row
        for row in facts.invoices.values()
        if row.auto_allocate
        and (row.account, row.currency) == (source.account, source.currency)
        and row.lifecycle == "Issued"
    ]


def _cash(facts: Facts) -> dict[str, int]:
    payments = [each for each in facts.sources.values() if each.type == "payment"]
    total = _sum((each.currency, each.amount) for each in payments)
    for each in facts.reversals:
        if facts.sources[each.source_id].type == "payment":
            total[each.currency] -= each.amount
    return {currency: amount for currency, amount in total.items() if amount}


def _new(before: Facts, now: Facts) -> tuple[EventFact, ...]:
    return now.events[len(before.events) :]


FIXED = {
    "invoices": ("issuer", "number", "account", "currency", "amount", "issue_date", "due_date"),
    "sources": ("account", "type", "reference", "currency", "amount", "value_date", "origin"),
}


def _immutable(facts: Facts) -> dict[str, dict[Any, Any]]:
    """Return everything that may never change, by the name of its table and its key."""
    rows = {
        name: {
            row.id: tuple(getattr(row, column) for column in columns)
            for row in getattr(facts, name).values()
        }
        for name, columns in FIXED.items()
    }
    return {
        **rows,
        "snapshots": {key: _digest(text) for key, text in facts.snapshots.items()},
        "lines": {(line.invoice, line.line_no): line[:4] for line in _lines(facts)},
        "memo parts": dict(facts.memo_parts),
        "reversals": {each.id: tuple(each) for each in facts.reversals},
        "allocations": {
            each.row.id: (each.row.source_id, each.row.number, each.row.amount, each.parts)
            for each in facts.allocations
        },
    }


@cache
def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


ALWAYS: tuple[tuple[str, Invariant], ...] = (
    ("I-01/02", sources_balance),
    ("I-03", both_ends_agree),
    ("I-04/05", lines_balance),
    ("I-06", pending_adds_up),
    ("I-07", excess_is_credit),
    ("I-08", cash_balance),
    ("I-13/14", status_is_derived),
    ("I-15", nothing_pending_is_paid),
    ("I-16", receipt_follows_money),
    ("I-17", disputes_stand_on_lines),
    ("I-18", moves_are_legal),
    ("I-19", status_is_announced),
    ("P-04", versions_have_no_gaps),
    ("§4.3", events_come_in_order),
    ("P-01", messages_end_once),
    ("I-20", nothing_is_voided),
    ("I-23", no_idle_money),
    ("I-33", rounding_is_exact),
    ("I-33", documents_are_booked),
)
CHANGES = (
    ("I-08", cash_moves_by_cash),
    ("I-23", auto_run_is_fair),
    ("I-27", issued_is_immutable),
    ("§6", refusals_change_nothing),
)
