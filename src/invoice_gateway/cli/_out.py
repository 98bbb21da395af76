"""What goes to stdout: tables for people, JSON for programs; foreign text made harmless."""

import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

NOTHING = "-"
"""How an empty cell is shown."""

CELL_MAX = 100
"""Characters in a cell of a listing; the rest is shown where a single record is."""

INSTANT = re.compile(r"^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(\.\d+)?(\+00:00|Z)$")
NUMBER = re.compile(r"-?\d+(\.\d+)?")


def tame(value: object, keep: str = "") -> str:
    r"""Return `value` as text in which nothing is invisible or moves the cursor, but for `keep`.

    Example:
        >>> tame("a\u202eb\x1b[31m")
        'a\\u202eb\\x1b[31m'
    """
    return "".join(
        each
        if each.isprintable() or each in keep
        else each.encode("unicode_escape").decode("ascii")
        for each in str(value)
    )


def say(text: str, keep: str = "") -> None:
    """Write chatter: one line on stderr."""
    print(tame(text, keep), file=sys.stderr, flush=True)


def line(text: str = "", keep: str = "") -> None:
    """Write one line of a result on stdout."""
    print(tame(text, keep))


def document(value: object) -> None:
    """Write one JSON document on stdout."""
    print(json.dumps(plain(value), indent=2))


def record(value: object) -> None:
    """Write one JSON object on a line of its own."""
    print(json.dumps(plain(value)))


def plain(value: object) -> Any:  # noqa: ANN401 - what JSON can say
    """Return `value` in the types of JSON: times in ISO 8601, bytes as text, and so on.

    Example:
        >>> plain({"on": date(2026, 11, 2), "parts": (1, None)})
        {'on': '2026-11-02', 'parts': [1, None]}
    """
    match value:
        case None | bool() | int() | float() | str():
            return value
        case datetime() | date():
            return value.isoformat().replace("+00:00", "Z")
        case Decimal():
            return str(value)
        case bytes():
            return value.decode("utf-8", errors="replace")
        case Mapping():
            return {str(key): plain(each) for key, each in value.items()}
        case Iterable():
            return [plain(each) for each in value]
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    return str(value)


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a table: drawn on a terminal, elsewhere aligned text with a line per row.

    Columns of numbers are aligned to the right; None is shown as `-`.
    """
    cells = [[NOTHING if value is None else tame(value) for value in row] for row in rows]
    if sys.stdout.isatty():
        _draw(title, columns, cells)
    else:
        _align(title, columns, cells)


def listing(rows: Iterable[object], columns: Sequence[str], title: str = "") -> None:
    """Write records as a table of the fields in `columns`, those that no record has left out."""
    records = [plain(row) for row in rows]
    known = [name for name in columns if any(name in record for record in records)] or columns
    heads = [name.replace("_", " ") for name in known]
    cells = [[_short(record.get(name)) for name in known] for record in records]
    table(title, heads, [[cell and _clipped(cell) for cell in row] for row in cells])


def facts(pairs: Iterable[tuple[str, object]]) -> None:
    """Write name and value, one pair a line; pairs without value are left out."""
    known = [(name, tame(value)) for name, value in pairs if value not in (None, "")]
    width = max((len(name) for name, _ in known), default=0)
    for name, value in known:
        print(f"{name:<{width}}  {value}")


def sheet(
    value: object,
    leave_out: Sequence[str] = (),
    columns: Mapping[str, Sequence[str]] | None = None,
) -> None:
    """Write a record: its plain fields as name and value, then a table per list of records.

    Fields and columns without any value are left out, as are those named in `leave_out`; of a table
    that `columns` names, only those columns are shown.
    """
    fields = {name: each for name, each in plain(value).items() if name not in leave_out}
    tables: dict[str, Any] = {name: each for name, each in fields.items() if _is_table(each)}
    facts((name.replace("_", " "), _short(fields[name])) for name in fields if name not in tables)
    for name, rows in tables.items():
        print()
        every = (columns or {}).get(name) or dict.fromkeys(key for row in rows for key in row)
        used = [key for key in every if any(_short(row.get(key)) for row in rows)]
        listing(rows, used, name.replace("_", " "))


@contextmanager
def progress(title: str, total: int | None = None) -> Iterator[Callable[[str], None]]:
    """Give what is called once per step, with its name; on a terminal a bar on stderr shows it."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    console = Console(file=sys.stderr, markup=False, emoji=False, highlight=False)
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as bar:
        task = bar.add_task(title, total=total)

        def step(name: str) -> None:
            bar.update(task, advance=1, description=f"{title} {name}")

        yield step


def _clipped(text: str) -> str:
    return text if len(text) <= CELL_MAX else f"{text[:CELL_MAX]}..."


def _is_table(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, dict) for row in value)


def _short(value: object) -> str | None:
    """Return the text of one field; the parts of a nested one in a row."""
    if value in (None, "", [], {}):
        return None
    match value:
        case bool():
            return "yes" if value else "no"
        case dict():
            parts = [(name, _short(each)) for name, each in value.items()]
            return " ".join(f"{name}={text}" for name, text in parts if text is not None)
        case list():
            return ", ".join(_short(each) or NOTHING for each in value)
    return INSTANT.sub(r"\1 \2Z", str(value))


def _numbers(cells: Sequence[Sequence[str]], at: int) -> bool:
    """Return whether the column at `at` holds nothing but numbers."""
    values = [row[at] for row in cells if row[at] not in (NOTHING, "")]
    return bool(values) and all(NUMBER.fullmatch(each) for each in values)


def _draw(title: str, columns: Sequence[str], cells: Sequence[Sequence[str]]) -> None:
    drawn = Table(title=Text(title) if title else None, title_justify="left", box=box.SIMPLE_HEAD)
    for at, name in enumerate(columns):
        drawn.add_column(Text(name), justify="right" if _numbers(cells, at) else "left")
    for row in cells:
        drawn.add_row(*(Text(cell) for cell in row))
    Console(file=sys.stdout, markup=False, emoji=False, highlight=False).print(drawn)


def _align(title: str, columns: Sequence[str], cells: Sequence[Sequence[str]]) -> None:
    lines = [[name.upper() for name in columns], *cells]
    widths = [max(len(row[at]) for row in lines) for at in range(len(columns))]
    right = [_numbers(cells, at) for at in range(len(columns))]
    if title:
        print(title)
    for row in lines:
        shown = (
            cell.rjust(width) if to_the_right else cell.ljust(width)
            for cell, width, to_the_right in zip(row, widths, right, strict=True)
        )
        print("  ".join(shown).rstrip())
