"""Every guard has its code and a fixture that triggers it, and a refusal changes nothing."""

from pathlib import Path
from typing import Any

import pytest

from invoice_gateway.model.errors import Code
from invoice_gateway.store.canonical import canonical_state
from tests.engine_harness import ENTERPRISE, Databases, Engine, Story, stories

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
REFUSALS = ("rejected", "parked")
BROKER = {Code.DELIVERY_LIMIT, Code.UNROUTABLE, Code.DEAD_LETTERED}
"""What the broker sets aside: tests/faults shows it."""
ENVELOPE = {
    Code.SENDER_MISMATCH,
    Code.ENVELOPE_MISMATCH,
    Code.XML_ENCODING_UNSUPPORTED,
    Code.XML_VERSION_UNSUPPORTED,
    Code.XML_MALFORMED,
    Code.XML_DTD_FORBIDDEN,
    Code.XML_TOO_LARGE,
    Code.XML_TOO_DEEP,
    Code.XML_TOO_MANY_NODES,
    Code.XML_TOO_MANY_NAMES,
    Code.XML_UNKNOWN_ROOT,
    Code.UNKNOWN_VERSION,
    Code.INTERNAL_ERROR,
}
"""What is refused before it is a message: tests/xml and tests/engine show it."""


ELSEWHERE = {
    Code.PERIOD_LOCKED: "tests/handlers/test_period.py",
    Code.REPORT_TOO_LARGE: "tests/handlers/test_statement_query.py",
}
"""What needs a setting, or more than a story can have."""


def told(story: Story) -> set[str]:
    """The codes that the messages of a story are refused or parked with."""
    found = set()
    for line in story.expect.splitlines():
        words = line.split()
        if words[:1] == ["message"] and len(words) > 3 and words[2] in REFUSALS:
            found.add(words[3])
    return found


def books(engine: Engine) -> dict[str, list[Any]]:
    """All business facts, without the messages and what waits among them."""
    state = canonical_state(engine.store)
    return {name: state[name] for name in state if name not in ("messages", "parked", "events")}


def test_every_code_has_a_fixture():
    """In a journey, or as an invalid message of its type."""
    shown = {
        path.read_text(encoding="utf-8").split("\n", 1)[0].strip()
        for path in FIXTURES.glob("*/invalid-*.expect")
    }
    for story in stories():
        shown |= told(story)

    assert sorted({*Code} - BROKER - ENVELOPE - {*ELSEWHERE} - shown) == []


@pytest.mark.parametrize(
    "story", [each for each in stories() if told(each)], ids=lambda each: each.name
)
def test_a_refusal_changes_nothing(story: Story, databases: Databases):
    """All business facts are the same before and after, but for the record of the message."""
    refused = 0
    with databases.emptied((*ENTERPRISE, *story.senders)) as engine:
        for body in story.bodies:
            before = books(engine)
            [outcome] = engine.send(body)
            if outcome.split()[0] in REFUSALS:
                assert books(engine) == before
                refused += 1

    assert refused
