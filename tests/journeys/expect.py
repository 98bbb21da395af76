"""What a journey's `expect.txt` says, held against what the gateway knows.

The language is described in `fixtures/journeys/README.md`: one fact per line.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from invoice_gateway.audit.facts import Facts
from invoice_gateway.model.money import decimal_text
from tests.engine_harness import Story, identity

Said = Mapping[str, str]
Check = Callable[[Story, Facts, Said], Iterator[str]]


def differences(story: Story, facts: Facts, outcomes: Said | None = None) -> list[str]:
    """Return what is not as expected, as lines a person reads; nothing means all is well.

    Args:
        story: The journey that was run; others may have been run in the same database.
        facts: What the gateway knows in the end.
        outcomes: What became of each message on arrival, by its number, when it is known.
    """
    found = []
    for line in story.expect.splitlines():
        if not line.strip() or line.startswith("#") or line == "order-free":
            continue
        for pattern, check in LINES.items():
            if match := re.fullmatch(pattern, line):
                said = match.groupdict()
                found += [f"{line}: {wrong}" for wrong in check(story, facts, said)]
                if check is _message and outcomes is not None:
                    found += _arrival(line, said, outcomes)
                break
        else:
            found.append(f"{line}: not understood, see fixtures/journeys/README.md")
    return found


def _arrival(line: str, said: Said, outcomes: Said) -> list[str]:
    first = " ".join(filter(None, (said["first"], said["code"])))
    became = outcomes[said["number"]]
    return [] if became == first else [f"{line}: it was {became} on arrival"]


def _message(story: Story, facts: Facts, said: Said) -> Iterator[str]:
    sender, message_id = identity(story.files[said["number"]])
    inbox = [
        each for each in facts.messages if (each.sender, each.message_id) == (sender, message_id)
    ]
    known = {each.outcome for each in inbox}
    dead = {
        each.code for each in facts.dead if (each.sender, each.message_id) == (sender, message_id)
    }
    last = said["then"] or said["first"]
    if last == "accepted" and known != {"accepted"}:
        yield f"in the end it is {known or 'unknown'}"
    if last == "parked":
        waiting = {facts.parked[each.id].code for each in inbox if each.id in facts.parked}
        if waiting != {said["code"]}:
            yield f"in the end it waits for {waiting or 'nothing'}"
    if last == "rejected" and said["code"] not in dead:
        yield f"its dead letters are {dead or 'none'}"
    if last == "duplicate" and not any(each.duplicates or each.duplicate_of for each in inbox):
        yield "nothing says so"


def _invoice(_: Story, facts: Facts, said: Said) -> Iterator[str]:
    row = facts.by_number.get(said["number"])
    if row is None:
        yield "no such invoice"
        return
    is_ = {
        "status": row.status,
        "pending": decimal_text(row.pending, row.currency),
        "settlement": row.settlement_state,
        "confirmation": row.confirmation,
        "closure": row.closure_reason,
        "contested": "contested" if row.contested else None,
    }
    yield from _compare(is_, said)


def _line(_: Story, facts: Facts, said: Said) -> Iterator[str]:
    row = facts.by_number[said["number"]]
    line = facts.line(said["number"], said["line"])
    is_ = {
        "customer": line.customer,
        "enterprise": line.enterprise,
        "open": decimal_text(line.open, row.currency),
    }
    yield from _compare(is_, said)


def _source(_: Story, facts: Facts, said: Said) -> Iterator[str]:
    found = [
        each
        for each in facts.sources.values()
        if (each.type, each.reference) == (said["type"], said["reference"])
    ]
    for each in found:
        yield from _compare({"remaining": decimal_text(each.remaining, each.currency)}, said)
    if len(found) != 1:
        yield f"there are {len(found)} of them"


def _value(_: Story, facts: Facts, said: Said) -> Iterator[str]:
    row = facts.by_number[said["number"]]
    if row.carrying is None:
        yield "it has none"
        return
    is_ = {
        "value": decimal_text(row.carrying, row.accounting_currency),
        "currency": row.accounting_currency,
        "open": decimal_text(row.carry_open, row.accounting_currency),
    }
    yield from _compare(is_, said)


def _gain(_: Story, facts: Facts, said: Said) -> Iterator[str]:
    found = [
        each.tree.find("{*}Gain")
        for each in facts.events
        if each.name == "forex.recorded"
        and (each.text("SourceReference"), each.text("Invoice")) == (said["source"], said["number"])
    ]
    gains = [Decimal(each.text) for each in found]
    if f"{sum(gains, Decimal())}" != said["gain"] or {e.get("currency") for e in found} != {
        said["currency"]
    }:
        yield f"there are {gains}"


def _dispute(_: Story, facts: Facts, said: Said) -> Iterator[str]:
    row = next((each for each in facts.disputes if each.id == said["id"]), None)
    if row is None:
        yield "no such dispute"
        return
    amount = decimal_text(row.amount, row.currency) if said["amount"] else None
    yield from _compare({"state": row.state, "amount": amount}, said)


def _lifecycle(_: Story, facts: Facts, said: Said) -> Iterator[str]:
    row = facts.by_number.get(said["number"])
    yield from _compare({"state": row.lifecycle if row else None}, said)


def _order(_: Story, facts: Facts, said: Said) -> Iterator[str]:
    row = facts.orders.get(said["reference"])
    yield from _compare({"status": row.status if row else None}, said)


def _request(_: Story, facts: Facts, said: Said) -> Iterator[str]:
    row = facts.requests.get(said["id"])
    yield from _compare({"state": row.state if row else None}, said)


def _event(story: Story, facts: Facts, said: Said) -> Iterator[str]:
    causes = {"/".join(identity(body)) for body in story.bodies}
    count = Counter(each.name for each in facts.events if each.cause in causes)
    if count[said["name"]] != int(said["count"]):
        yield f"there are {count[said['name']]}"


def _compare(is_: Mapping[str, Any], said: Said) -> Iterator[str]:
    for name, value in is_.items():
        if value != said[name]:
            yield f"{name} is {value}"


_STATUS = "New|Partially Paid|Paid|Disputed"
LINES: Mapping[str, Check] = {
    r"message (?P<number>\d\d) (?P<first>accepted|rejected|duplicate|parked)"
    r"(?: (?P<code>[a-z-]+))?(?: then (?P<then>accepted))?": _message,
    rf"invoice (?P<number>\S+) (?P<status>{_STATUS}) pending (?P<pending>\S+)"
    r" (?P<settlement>Unsettled|PartiallySettled|Settled)"
    r" (?P<confirmation>Unconfirmed|PartlyConfirmed|Confirmed)"
    r"(?: (?P<closure>Paid|Credited|Discounted|WrittenOff|Cancelled|Mixed|NothingDue))?"
    r"(?: (?P<contested>contested))?": _invoice,
    r"line (?P<number>\S+) (?P<line>\S+) (?P<customer>New|Paid|Disputed)"
    r" / (?P<enterprise>New|Payment Received|Disputed) open (?P<open>\S+)": _line,
    r"source (?P<type>payment|open-credit|wallet) (?P<reference>\S+)"
    r" remaining (?P<remaining>\S+)": _source,
    r"value (?P<number>\S+) (?P<value>\S+) (?P<currency>[A-Z]{3}) open (?P<open>\S+)": _value,
    r"gain (?P<source>\S+) (?P<number>\S+) (?P<gain>\S+) (?P<currency>[A-Z]{3})": _gain,
    r"dispute (?P<id>\S+) (?P<state>[a-z-]+)(?: (?P<amount>[\d.]+))?": _dispute,
    r"lifecycle (?P<number>\S+) (?P<state>Draft|Sent|Issued|Voided|Cancelled|Deleted)": _lifecycle,
    r"order (?P<reference>\S+) (?P<status>\w+)": _order,
    r"request (?P<id>\S+) (?P<state>[a-z]+)": _request,
    r"event (?P<name>[a-z.-]+) (?P<count>\d+)": _event,
}
"""The forms of a line, and how each is checked; the first that fits wins."""
