"""The register of rules: each is shown by a test, decided by a record, or planned; none is lost."""

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[1]
REGISTER = ROOT / "docs/rules.md"
LAST = {"DC": 6, "S0": 43, "S1": 33, "S2": 15, "S3": 19, "S4": 37}
"""How many rules each source has, numbered from 1."""
IDS = {f"{source}-{number:02}" for source, last in LAST.items() for number in range(1, last + 1)}

PLANNED_AT_MOST = 5

ROW = re.compile(r"^\| (?P<id>[A-Z0-9]+-\d+) \| (?P<rule>.*?) \| (?P<shown_by>.*?) \|$")
TEST = re.compile(r"`(?P<file>tests/[\w/]+\.py)::(?P<name>test_\w+)(\[.+\])?`")
STORY = re.compile(r"`(?P<story>fixtures/journeys/[\w-]+)`")
RECORD = re.compile(r"\[ADR \d+\]\((?P<record>adr/[\w.-]+\.md)\)")


class Row(NamedTuple):
    """A rule with what shows it, as it stands in the register."""

    id: str
    rule: str
    shown_by: str


def rows(register: str) -> list[Row]:
    """Return the rows of a register, in their order."""
    found = (ROW.match(line) for line in register.splitlines())
    return [Row(**match.groupdict()) for match in found if match]


@cache
def names_in(file: Path) -> frozenset[str]:
    """Return the names of the tests in a file, without importing it."""
    if not file.is_file():
        return frozenset()
    nodes = ast.walk(ast.parse(file.read_text(encoding="utf-8")))
    return frozenset(each.name for each in nodes if isinstance(each, ast.FunctionDef))


def problems(register: str) -> list[str]:
    """Return what is wrong with a register, each as a line that says where."""
    found = rows(register)
    count = Counter(row.id for row in found)
    planned = [row.id for row in found if row.shown_by == "planned"]
    wrong = [f"{each} is missing" for each in sorted(IDS - count.keys())]
    wrong += [f"{each} is no rule" for each in sorted(count.keys() - IDS)]
    wrong += [f"{each} stands {times} times" for each, times in count.items() if times > 1]
    if len(planned) > PLANNED_AT_MOST:
        wrong.append(f"{len(planned)} rules are planned: {', '.join(planned)}")
    return wrong + [f"{row.id}: {fault}" for row in found if (fault := fault_of(row))]


def fault_of(row: Row) -> str | None:
    """Return what is wrong with a row, or None."""
    if not row.rule.strip():
        return "the rule is not told"
    if row.shown_by == "planned":
        return None
    if record := RECORD.fullmatch(row.shown_by):
        return _fault_of_record(row, REGISTER.parent / record["record"])
    return next(filter(None, map(_fault_of_example, row.shown_by.split(", "))), None)


def _fault_of_record(row: Row, record: Path) -> str | None:
    if not record.is_file():
        return f"there is no {record.name}"
    known = row.id in re.findall(r"\b[A-Z0-9]+-\d+\b", record.read_text(encoding="utf-8"))
    return None if known else f"{record.name} does not speak of it"


def _fault_of_example(example: str) -> str | None:
    if test := TEST.fullmatch(example):
        known = test["name"] in names_in(ROOT / test["file"])
        return None if known else f"there is no {test['name']} in {test['file']}"
    if story := STORY.fullmatch(example):
        known = (ROOT / story["story"] / "expect.txt").is_file()
        return None if known else f"there is no story {story['story']}"
    return f"shown by neither a test nor a story nor a record, nor planned: {example!r}"


def test_every_rule_is_shown_decided_or_planned():
    """Each id once, with tests that exist, a record that speaks of it, or one of a few plans."""
    wrong = problems(REGISTER.read_text(encoding="utf-8"))

    assert not wrong, "\n".join(wrong)


GOOD = "tests/test_rules.py::test_every_rule_is_shown_decided_or_planned"


def register(**shown_by: str) -> str:
    """Return a register without a fault, but for the rules named, as `S0_08="planned"`."""
    shown = dict.fromkeys(sorted(IDS), f"`{GOOD}`")
    shown |= {name.replace("_", "-"): each for name, each in shown_by.items()}
    return "\n".join(f"| {rule} | What it says. | {each} |" for rule, each in shown.items())


@pytest.mark.parametrize(
    "shown_by",
    [
        f"`{GOOD}`",
        f"`{GOOD}[some case]`",
        f"`{GOOD}`, `fixtures/journeys/first-payment`",
        "`fixtures/journeys/first-payment`",
        "[ADR 22](adr/0022-gaps-in-the-sources.md)",
        "planned",
    ],
)
def test_a_register_without_a_hole_passes(shown_by):
    """Each of the ways to show a rule."""
    assert problems(register(S0_08=shown_by)) == []


@pytest.mark.parametrize(
    ("shown_by", "fault"),
    [
        ("", "shown by neither"),
        ("open", "shown by neither"),
        ("planned, one day", "shown by neither"),
        (f"{GOOD}", "shown by neither"),
        ("`tests/test_rules.py::test_never_written`", "there is no test_never_written"),
        ("`tests/test_none.py::test_never_written`", "there is no test_never_written"),
        (f"`{GOOD}`, `tests/test_rules.py::test_gone`", "there is no test_gone"),
        ("`fixtures/journeys/never-told`", "there is no story"),
        ("[ADR 22](adr/0022-never-decided.md)", "there is no 0022-never-decided.md"),
        ("[ADR 5](adr/0005-minor-units.md)", "does not speak of it"),
        (f"[ADR 22](adr/0022-gaps-in-the-sources.md), `{GOOD}`", "shown by neither"),
    ],
)
def test_a_hole_is_found(shown_by, fault):
    """A row that names nothing, or what does not exist, is told with its id."""
    [found] = problems(register(S0_08=shown_by))

    assert found.startswith("S0-08: ")
    assert fault in found


def test_a_rule_that_is_missing_or_there_twice_is_found():
    """So is one that nobody knows, one that says nothing, and too many plans."""
    good = register()
    [first, *rest] = good.splitlines()

    assert problems("\n".join(rest)) == ["DC-01 is missing"]
    assert problems(f"{good}\n{first}") == ["DC-01 stands 2 times"]
    assert problems(f"{good}\n{first.replace('DC-01', 'S5-01')}") == ["S5-01 is no rule"]
    assert problems(good.replace("What it says.", " ", 1)) == ["DC-01: the rule is not told"]
    plans = {f"S1_{number:02}": "planned" for number in range(1, PLANNED_AT_MOST + 2)}
    assert problems(register(**plans)) == [
        "6 rules are planned: S1-01, S1-02, S1-03, S1-04, S1-05, S1-06"
    ]
