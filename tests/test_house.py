"""The house rules: what a message type is made of, who reaches for what, how long is long."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from invoice_gateway.model.errors import Code

ROOT = Path(__file__).resolve().parents[1]
HANDLERS = sorted((ROOT / "handlers").glob("[!_]*.py"))
PRODUCT = [
    *sorted((ROOT / "src").rglob("*.py")),
    *sorted((ROOT / "handlers").glob("*.py")),
]
MEASURED = [*PRODUCT, *sorted((ROOT / "benchmarks").rglob("*.py"))]
TESTS = sorted((ROOT / "tests").rglob("test_*.py"))

FUNCTION_LINES = 60
MODULE_LINES = 400

# The one place where the gateway's own documents become trees.
SAFE = ROOT / "src/invoice_gateway/xml/safe.py"
# lxml's parsers; each of them can be told to expand entities, and some do unless told not to.
PARSERS = {"XMLParser", "iterparse", "XMLPullParser", "ETCompatXMLParser", "makeparser"}
# Rooms of the package whose modules print on purpose.
FACES = ("cli",)


def named(path: Path) -> str:
    """Short name of a file in a test's id."""
    return str(path.relative_to(ROOT))


def nodes(path: Path) -> list[ast.AST]:
    """Every node of a module."""
    return list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


def calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    """Every call of a module with the last part of the name that is called."""
    for node in nodes(path):
        if isinstance(node, ast.Call):
            called = node.func
            yield getattr(called, "attr", getattr(called, "id", "")), node


def imports(path: Path) -> set[str]:
    """Every module that a module imports, by its full name."""
    found = set()
    for node in nodes(path):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            found |= {module} | {f"{module}.{alias.name}" for alias in node.names}
    return found


def functions(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method of a module."""
    return [
        node for node in nodes(path) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def test_there_are_message_types():
    """The rules below have something to hold on to."""
    assert HANDLERS


@pytest.mark.parametrize("handler", HANDLERS, ids=lambda path: path.stem)
def test_a_message_type_is_four_files(handler):
    """Handler, schema, fixtures and a test, all under one name."""
    name = handler.stem
    fixtures = ROOT / "fixtures" / name
    invalid = sorted(fixtures.glob("invalid-*.xml"))
    valid = sorted({*fixtures.glob("*.xml")} - {*invalid})

    missing = [
        what
        for what, there in {
            f"schemas/{name}.xsd": (ROOT / "schemas" / f"{name}.xsd").is_file(),
            f"fixtures/{name}/<case>.xml": valid,
            f"three of fixtures/{name}/invalid-<why>.xml": len(invalid) >= 3,
            f"tests/handlers/test_{name}.py": (
                ROOT / "tests" / "handlers" / f"test_{name}.py"
            ).is_file(),
        }.items()
        if not there
    ]

    assert not missing, f"handlers/{name}.py has no {', no '.join(missing)}"


@pytest.mark.parametrize("handler", HANDLERS, ids=lambda path: path.stem)
def test_every_invalid_fixture_says_which_code_it_gets(handler):
    """`invalid-<why>.expect` beside it begins with a rejection code."""
    codes = {code.value for code in Code}
    for case in sorted((ROOT / "fixtures" / handler.stem).glob("invalid-*.xml")):
        expect = case.with_suffix(".expect")
        assert expect.is_file(), f"{named(case)} has no {expect.name}"
        first = expect.read_text(encoding="utf-8").split("\n", 1)[0].strip()
        assert first in codes, f"{named(expect)} begins with {first!r}, which is no code"


@pytest.mark.parametrize("folder", ["schemas", "fixtures"])
def test_nothing_is_left_over_from_a_message_type(folder):
    """A schema or a folder of fixtures belongs to a handler."""
    known = {path.stem for path in HANDLERS}
    there = {path.stem for path in (ROOT / folder).iterdir() if not path.name.startswith(".")}

    assert there - known <= {"common", "events", "journeys"}


@pytest.mark.parametrize(
    "handler", sorted((ROOT / "handlers").glob("*.py")), ids=lambda path: path.stem
)
def test_a_handler_reaches_for_the_contract_only(handler):
    """Standard library and `invoice_gateway.handler`; nothing that could do I/O by accident."""
    outside = {
        name for name in imports(handler) if name.split(".")[0] not in sys.stdlib_module_names
    }

    assert {name for name in outside if not name.startswith("invoice_gateway.handler")} == set()


@pytest.mark.parametrize("module", MEASURED, ids=named)
def test_no_function_is_long(module):
    """A function fits on a screen."""
    long = {
        node.name: lines
        for node in functions(module)
        if (lines := (node.end_lineno or 0) - node.lineno + 1) > FUNCTION_LINES
    }

    assert not long, f"more than {FUNCTION_LINES} lines in {named(module)}: {long}"


@pytest.mark.parametrize("module", MEASURED, ids=named)
def test_no_module_is_long(module):
    """A module has one subject, and one subject fits."""
    lines = len(module.read_text(encoding="utf-8").splitlines())

    assert lines <= MODULE_LINES, f"{named(module)} has {lines} lines, more than {MODULE_LINES}"


@pytest.mark.parametrize("module", PRODUCT, ids=named)
def test_xml_is_parsed_in_one_place(module):
    """Only `xml/safe.py` makes a parser: a second one would be a second set of holes."""
    foreign = {"xml", "defusedxml", "bs4", "html"}
    taken = {name for name in imports(module) if name.split(".")[0] in foreign}
    assert not taken - {"xml.sax.saxutils", "xml.sax.saxutils.escape"}, f"{named(module)}: {taken}"
    if module == SAFE:
        return
    made = {name for name, _ in calls(module)} & PARSERS
    assert not made, f"{named(module)} makes {made}; use invoice_gateway.xml.safe"
    assert not {name for name in imports(module) if name.startswith("lxml.objectify")}


@pytest.mark.parametrize("module", PRODUCT, ids=named)
def test_no_parser_validates(module):
    """A parser with `schema=` crashes libxml2 on a document that declares an entity."""
    guilty = [
        f"line {call.lineno}: {name}"
        for name, call in calls(module)
        if re.search("pars", name, re.IGNORECASE)
        and any(keyword.arg == "schema" for keyword in call.keywords)
    ]

    assert not guilty, f"{named(module)}: {guilty}; parse first, then XMLSchema.validate()"


@pytest.mark.parametrize("module", PRODUCT, ids=named)
def test_only_a_face_prints(module):
    """Everything else returns values and logs events."""
    room = (
        module.relative_to(ROOT / "src/invoice_gateway").parts[0] if "src" in named(module) else ""
    )
    if room.removesuffix(".py") in FACES:
        return
    printed = [call.lineno for name, call in calls(module) if name == "print"]

    assert not printed, f"{named(module)} prints on lines {printed}"


def test_rejection_codes_are_unique_and_kebab_case():
    """A code is what a sender programs against."""
    assert len(Code.__members__) == len({code.value for code in Code})
    assert [code.value for code in Code if not re.fullmatch("[a-z]+(-[a-z0-9]+)*", code)] == []


@pytest.mark.parametrize("module", TESTS, ids=named)
def test_every_test_says_what_it_proves(module):
    """A test's docstring states the behaviour."""
    silent = [
        node.name
        for node in functions(module)
        if node.name.startswith("test_") and not ast.get_docstring(node)
    ]

    assert not silent, f"no docstring in {named(module)}: {silent}"


@pytest.mark.parametrize("folder", ["handlers", "schemas"])
def test_folders_of_files_are_no_packages(folder):
    """The wheel ships them as data; an `__init__.py` would make them importable by accident."""
    assert list((ROOT / folder).rglob("__init__.py")) == []
