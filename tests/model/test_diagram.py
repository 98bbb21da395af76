"""`docs/status.md` says what the tables say."""

import subprocess
import sys
from pathlib import Path

from invoice_gateway.model.diagram import DECISIONS, ENDS, page
from invoice_gateway.model.ledger import DisputeState
from invoice_gateway.model.offers import OFFERS, TRANSITIONS

from .test_derive import APPENDIX_B, cases
from .test_status import cells

DOCS = Path(__file__).resolve().parents[2] / "docs"
WORDS = {"N": "New", "P": "Paid", "R": "Received", "D": "Disputed"}


def rows(heading):
    """The cells of the first table below a heading, without its head."""
    below = page().partition(f"{heading}\n")[2].splitlines()
    start = next(at for at, text in enumerate(below) if text.startswith("|"))
    end = next(at for at, text in enumerate(below[start:], start) if not text.startswith("|"))
    return [[cell.strip() for cell in text.strip("|").split("|")] for text in below[start:end]][2:]


def words(pair):
    """A pair of letters as the page writes it."""
    return ", ".join(WORDS[letter] for letter in pair)


def test_the_page_is_up_to_date():
    """What `make docs` would write after a change of the rules."""
    written = (DOCS / "status.md").read_text(encoding="utf-8")
    command = [sys.executable, "-m", "invoice_gateway.model.diagram"]
    printed = subprocess.run(command, capture_output=True, check=True, encoding="utf-8").stdout

    assert printed == page()
    assert written == page(), "docs/status.md is not what the tables say: run `make docs`"


def test_the_pair_table_is_appendix_a():
    """Cell by cell, as the domain rules have it."""
    drawn = {row[0].strip("*"): row[1:] for row in rows("## Both axes together")}
    wanted = {}
    for pair, _, cell in cells():
        plain = {"x": "✗"}.get(cell, words(cell) if cell.isupper() else cell)
        wanted.setdefault(words(pair), []).append(plain)

    assert drawn == wanted


def test_the_two_line_table_is_appendix_b():
    """All 45 pairs of lines under their status, contested ones marked."""
    drawn = {
        (row[0].rpartition(" ")[0], "+".join(sorted(case.rstrip("*").split("+"))), "*" in case)
        for row in rows("### Two lines")
        for case in row[1].split()
    }

    assert drawn == {
        (status.value, "+".join(sorted(pairs)), contested)
        for status, pairs, contested in cases(APPENDIX_B)
    }


def test_the_decision_list_gives_what_the_domain_says():
    """Each rule's example derives to the status of the rule."""
    assert [(row[0], row[2]) for row in rows("## The status of an invoice")] == [
        ("R0", "Paid"),
        ("R1", "Disputed"),
        ("R2", "Paid"),
        ("R3", "Disputed"),
        ("R4", "Paid"),
        ("R5", "Partially Paid"),
        ("R6", "New"),
    ]
    assert len({condition for _, condition, _, _ in DECISIONS}) == 7


def test_every_end_of_a_dispute_is_drawn():
    """Open, and all the ways it closes."""
    assert set(ENDS) == set(DisputeState) - {DisputeState.OPEN}
    for state in ENDS:
        assert f"open --> {state.value.replace('-', '_')} : " in page()


def test_the_offer_table_is_the_table_of_transitions():
    """Cell by cell: what may be commanded about an offer, and where."""
    head = ("Draft", "Sent", "Issued", "Voided", "Deleted")
    drawn = {
        (row[0].partition(" ")[0], state)
        for row in rows("## Offers")
        for state, cell in zip(head, row[1:], strict=True)
        if cell
    }

    assert drawn == {
        (command.value, state.value)
        for command, where in TRANSITIONS.items()
        if where.kinds & OFFERS
        for state in where.states
        if state.value in head
    }
