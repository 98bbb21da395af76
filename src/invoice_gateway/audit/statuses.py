"""Invariants of statuses: what both sides say of lines, and what follows for the invoice."""

from collections.abc import Iterable, Iterator
from typing import Any

from invoice_gateway.audit.common import all_lines, where
from invoice_gateway.audit.facts import Facts, LineFact
from invoice_gateway.audit.heard import DISPUTED, MOVES, RECEIVED
from invoice_gateway.store.extracts import Row

SAYS = ("settlement_state", "contested", "confirmation", "closure_reason")


def alive(facts: Facts) -> Iterator[Row]:
    """Yield the invoices that have a derived status: those Sent or Issued."""
    return (row for row in facts.invoices.values() if row.lifecycle in ("Sent", "Issued"))


def status_is_derived(facts: Facts) -> Iterator[str]:
    """I-13, I-14: status and flags follow from the lines, and from Table 5 where it speaks."""
    for row in alive(facts):
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


def _flags(row: Row, lines: list[LineFact], status: str) -> tuple[Any, ...]:
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
        "Discounted": row.discounts,
        "WrittenOff": row.written_off,
    }
    used = [way for way, amount in ways.items() if amount] or ["NothingDue"]
    closure = None if row.pending else used[0] if len(used) == 1 else "Mixed"
    return settlement, contested, confirmation, closure


def nothing_pending_is_paid(facts: Facts) -> Iterator[str]:
    """I-15: nothing pending and no open dispute is Paid; New means nothing happened."""
    disputes = facts.open_disputes()
    for row in alive(facts):
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
    for line in all_lines(facts):
        if not line.live:
            continue
        said = line.enterprise_shadow if line.enterprise == DISPUTED else line.enterprise
        if line.open == 0 and said != RECEIVED:
            yield f"{where(facts, line)}: settled, and {said}"
        if line.open > 0 and not line.receipt_manual and said != "New":
            yield f"{where(facts, line)}: {line.open} are open, and {said}"


def disputes_stand_on_lines(facts: Facts) -> Iterator[str]:
    """I-17: an axis is Disputed exactly when an open dispute is there; then the line lives."""
    disputes = facts.open_disputes()
    if len(disputes) != sum(each.state == "open" for each in facts.disputes):
        yield "two open disputes on one line"
    for line in all_lines(facts):
        dispute = disputes.get((line.invoice, line.line_no))
        axes = DISPUTED in (line.customer, line.enterprise)
        if axes != (dispute is not None):
            yield f"{where(facts, line)}: dispute {dispute and dispute.id}, axes {line[9:13]}"
        if dispute is not None and not line.live:
            yield f"{where(facts, line)}: open dispute {dispute.id} on a line that is not live"
        if line.disputed != (dispute.amount if dispute else 0):
            yield f"{where(facts, line)}: {line.disputed} are marked as disputed"
        if dispute is not None and not 0 < dispute.amount <= line.amount:
            yield f"dispute {dispute.id} over {dispute.amount}"
        shadows = ((line.customer, line.customer_shadow), (line.enterprise, line.enterprise_shadow))
        for status, shadow in shadows:
            if shadow == DISPUTED or status not in (DISPUTED, shadow):
                yield f"{where(facts, line)}: shadow {shadow} of {status}"


def moves_are_legal(facts: Facts) -> Iterator[str]:
    """I-18: the moves announced for an axis follow one another, by the table, to where it is."""
    yield from facts.heard.of("moves")
    axes = facts.heard.axes
    for line in all_lines(facts):
        row = facts.invoices[line.invoice]
        for axis in MOVES:
            key = (f"{row.issuer}/{row.number}", line.line_no, axis)
            if axes.get(key, "New") != getattr(line, axis):
                yield f"{key}: is {getattr(line, axis)}, was announced as {axes.get(key)}"
