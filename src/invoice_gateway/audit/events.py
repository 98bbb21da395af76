"""Invariants of events and messages: what is announced is what is, once and in order."""

from collections import Counter
from collections.abc import Iterator

from invoice_gateway.audit.facts import Facts


def events_are_valid(facts: Facts) -> Iterator[str]:
    """§4.3: every event is valid by its schema."""
    yield from facts.heard.of("schema")


def status_is_announced(facts: Facts) -> Iterator[str]:
    """I-19: status-changed comes exactly when the published tuple changes, and tells it rightly."""
    yield from facts.heard.of("status")
    for row in facts.invoices.values():
        said = facts.heard.status.get(f"{row.issuer}/{row.number}", {})
        if row.lifecycle in ("Draft", "Deleted") and not said:  # nothing is told of a draft
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


def events_tell_it_all(facts: Facts) -> Iterator[str]:
    """I-19: who only hears the events knows what is pending and what remains, or is reserved."""
    heard = facts.heard.amounts
    for row in facts.invoices.values():
        pending = heard["invoice", f"{row.issuer}/{row.number}"]
        if pending != row.pending:
            yield f"{row.number}: {row.pending} are pending, the events say {pending}"
    for row in facts.sources.values():
        remaining = heard["source", f"{row.account}/{row.type}/{row.reference}"]
        if remaining != row.remaining + row.reserved:
            yield f"source {row.reference}: {row.remaining} remain, the events say {remaining}"


def write_offs_leave_nothing(facts: Facts) -> Iterator[str]:
    """A-11: a small difference or a bad debt is exactly what was pending (S4-33)."""
    yield from facts.heard.of("write-offs")


def versions_have_no_gaps(facts: Facts) -> Iterator[str]:
    """P-04: events of an aggregate are numbered 1 to n in order; its row knows n."""
    yield from facts.heard.of("versions")
    last = facts.heard.versions
    for row in facts.invoices.values():
        if last.get(("invoice", f"{row.issuer}/{row.number}"), 0) != row.version:
            yield f"{row.number}: version {row.version} is not that of its last event"
    for row in facts.sources.values():
        if last.get(("source", f"{row.account}/{row.type}/{row.reference}"), 0) != row.version:
            yield f"{row.reference}: version {row.version} is not that of its last event"


def events_come_in_order(facts: Facts) -> Iterator[str]:
    """§4.3: facts, line statuses, invoice statuses, consequences; within one cause."""
    yield from facts.heard.of("order")


def messages_end_once(facts: Facts) -> Iterator[str]:
    """P-01: a message is accepted, a duplicate or parked once, else refused; events say so."""
    owned = Counter((e.sender, e.message_id) for e in facts.messages if e.outcome != "rejected")
    if owned.total() != len(owned):
        twice = [f"{sender}/{name}" for (sender, name), times in owned.items() if times > 1]
        yield f"two outcomes have {twice}"
    waiting = {each.id for each in facts.messages if each.outcome == "parked"}
    for number in waiting ^ facts.parked.keys():
        yield f"message {number} is parked and waits for nothing, or the other way round"
    for cause, event in facts.heard.causes.items():
        if cause not in facts.said:
            yield f"{event} of {cause}, which was not accepted"
    refusals = facts.heard.names["message.rejected"]
    if refusals < len(facts.dead):
        yield f"{len(facts.dead)} dead letters, {refusals} reports"
