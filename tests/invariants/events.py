"""Invariants of events and messages: what is announced is what is, once and in order."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise

from tests.facts import EventFact, Facts
from tests.invariants.common import (
    minor,
)


def status_is_announced(facts: Facts) -> Iterator[str]:
    """I-19: status-changed comes exactly when the published tuple changes, and tells it rightly."""
    last: dict[str, dict[str, str]] = {}
    for event in facts.events:
        if event.name in ("invoice.sent", "invoice.issued"):
            state = event.block("State")
            if state != last.setdefault(event.aggregate_id, state):
                yield f"{event.aggregate_id}: {event.name} changed its status silently"
        if event.name != "invoice.status-changed":
            continue
        old, new = event.block("Old"), event.block("New")
        if old != last.get(event.aggregate_id):
            yield f"{event.aggregate_id}: was {last.get(event.aggregate_id)}, announced {old}"
        if old == new:
            yield f"{event.aggregate_id}: announced a change from {old} to the same"
        last[event.aggregate_id] = new
    yield from _told_last(facts, last)


def _told_last(facts: Facts, last: dict[str, dict[str, str]]) -> Iterator[str]:
    """Yield the invoices whose status is not what was told last; of a draft nothing is told."""
    for row in facts.invoices.values():
        said = last.get(f"{row.issuer}/{row.number}", {})
        if row.lifecycle in ("Draft", "Deleted") and not said:
            continue
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


SPENT = {
    *("credit.refunded", "payment.refunded", "payment.bounced", "payment.charged-back"),
    "wallet.debited",
}
MADE = {"payment.received", "credit.created", "wallet.credited"}


def events_tell_it_all(facts: Facts) -> Iterator[str]:
    """I-19: who only hears the events knows what is pending and what remains, or is reserved."""
    heard: dict[tuple[str, str], int] = defaultdict(int)
    for _, changes in _told(facts):
        for kind, key, amount in changes:
            heard[kind, key] += amount
    for row in facts.invoices.values():
        pending = heard["invoice", f"{row.issuer}/{row.number}"]
        if pending != row.pending:
            yield f"{row.number}: {row.pending} are pending, the events say {pending}"
    for row in facts.sources.values():
        remaining = heard["source", f"{row.account}/{row.type}/{row.reference}"]
        if remaining != row.remaining + row.reserved:
            yield f"source {row.reference}: {row.remaining} remain, the events say {remaining}"


def write_offs_leave_nothing(facts: Facts) -> Iterator[str]:
    """A-11, S4-33: a small difference or a bad debt is exactly what was pending."""
    heard: dict[str, int] = defaultdict(int)
    for event, changes in _told(facts):
        for kind, key, amount in changes:
            if kind == "invoice":
                heard[key] += amount
        if event.name == "writeoff.posted" and heard[_invoice(event)]:
            yield f"{_invoice(event)}: {heard[_invoice(event)]} are pending after a write-off"


def _told(facts: Facts) -> Iterator[tuple[EventFact, list[tuple[str, str, int]]]]:
    """Yield every event, and what it changes: of which invoice or source, by how much."""
    offered: dict[str, int] = {}
    for event in facts.events:
        key, changes = event.aggregate_id, [*_amounts(event)]
        if event.name in ("invoice.drafted", "invoice.edited"):
            amount = _heard(event, "Amount")
            changes.append(("invoice", key, amount - offered.get(key, 0)))
            offered[key] = amount
        elif event.name == "invoice.issued" and key not in offered:
            asked = _heard(event, "Totals/Amount") + _heard(event, "Totals/DebitMemos")
            changes.append(("invoice", key, asked))
        yield event, changes


def _amounts(event: EventFact) -> Iterator[tuple[str, str, int]]:
    """Yield what an event changes: of which invoice or source, by how much."""
    name = event.name
    if name in MADE | SPENT:
        amount = _heard(event, "Amount")
        yield "source", event.aggregate_id, amount if name in MADE else -amount
    if name in ("allocation.posted", "allocation.removed"):
        amount = _heard(event, "Amount") * (-1 if name == "allocation.posted" else 1)
        names = [event.text(each) for each in ("Customer", "SourceType", "SourceReference")]
        yield "source", "/".join(map(str, names)), amount
        yield "invoice", _invoice(event), amount
    if name == "writeoff.posted":
        yield "invoice", _invoice(event), -_heard(event, "Amount")
    if name == "discount.posted":
        yield "invoice", _invoice(event), -_heard(event, "Applied")
    if name == "memo.posted" and event.text("DocType") != "credit-note":
        sign = 1 if event.text("DocType") == "debit-memo" else -1
        yield "invoice", _invoice(event), sign * _heard(event, "Applied")


def _heard(event: EventFact, path: str) -> int:
    found = event.tree.find("/".join(f"{{*}}{step}" for step in path.split("/")))
    assert found is not None
    return minor(found.text or "", found.get("currency") or "")


def _invoice(event: EventFact) -> str:
    found = event.tree.find("{*}Invoice")
    assert found is not None
    return f"{found.get('issuer', 'ENTERPRISE')}/{found.text}"


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
        (
            f"invoice.{each}"
            for each in ("cancelled", "converted", "overdue", "overdue-cleared", "reminder-due")
        ),
        "consequence",
    ),
}
FAMILIES = {
    "dispute": "consequence",
    "order": "consequence",
    "request": "consequence",
    "task": "consequence",
    "message": "message",
}
"""Where the events of a kind of thing stand, but for those named above; all others are facts."""


def _place(name: str) -> str:
    return PLACES.get(name) or FAMILIES.get(name.partition(".")[0], "fact")


def events_come_in_order(facts: Facts) -> Iterator[str]:
    """§4.3: facts, line statuses, invoice statuses, consequences; within one cause."""
    causes: dict[str, list[EventFact]] = defaultdict(list)
    for event in facts.events:
        causes[event.cause].append(event)
    for cause, events in causes.items():
        places = [ORDER.index(_place(each.name)) for each in events]
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
        told = event.name.startswith("message.") or event.name == "provision.rejected"
        if not told and event.cause not in accepted:
            yield f"{event.name} of {event.cause}, which was not accepted"
    refusals = sum(event.name == "message.rejected" for event in facts.events)
    if refusals < len(facts.dead):
        yield f"{len(facts.dead)} dead letters, {refusals} reports"
