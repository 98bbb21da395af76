"""What goes to stdout: tables for people, JSON for programs; foreign text made harmless."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

NOTHING = "-"
"""How an empty cell is shown."""


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
    """Return `value` in the types of JSON: times in ISO 8601, bytes as text, dataclasses as objects.

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

    Args:
        title: What it lists; left out where it is empty.
        columns: Names; one that begins with `>` is aligned to the right.
        rows: One value per column; None is shown as `-`.
    """
    cells = [[NOTHING if value is None else tame(value) for value in row] for row in rows]
    if sys.stdout.isatty():
        _draw(title, columns, cells)
    else:
        _align(title, columns, cells)


def facts(pairs: Iterable[tuple[str, object]]) -> None:
    """Write name and value, one pair a line; pairs without value are left out."""
    known = [(name, tame(value)) for name, value in pairs if value not in (None, "", ())]
    width = max((len(name) for name, _ in known), default=0)
    for name, value in known:
        print(f"{name:<{width}}  {value}")


def _draw(title: str, columns: Sequence[str], cells: Sequence[Sequence[str]]) -> None:
    drawn = Table(title=Text(title) if title else None, title_justify="left", box=box.SIMPLE_HEAD)
    for name in columns:
        right = name.startswith(">")
        drawn.add_column(Text(name.lstrip(">")), justify="right" if right else "left")
    for row in cells:
        drawn.add_row(*(Text(cell) for cell in row))
    Console(file=sys.stdout, markup=False, emoji=False, highlight=False).print(drawn)


def _align(title: str, columns: Sequence[str], cells: Sequence[Sequence[str]]) -> None:
    lines = [[name.lstrip(">").upper() for name in columns], *cells]
    widths = [max(len(row[at]) for row in lines) for at in range(len(columns))]
    right = [name.startswith(">") for name in columns]
    if title:
        print(title)
    for row in lines:
        shown = (
            cell.rjust(width) if to_the_right else cell.ljust(width)
            for cell, width, to_the_right in zip(row, widths, right, strict=True)
        )
        print("  ".join(shown).rstrip())
