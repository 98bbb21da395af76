"""Showing the bytes of a message: readable with lines numbered and marked, or as they came."""

import sys
from collections.abc import Iterable, Mapping

from invoice_gateway.cli import _out as out
from invoice_gateway.xml.pretty import pretty


def raw(body: bytes) -> None:
    """Write the bytes as they came."""
    sys.stdout.flush()
    sys.stdout.buffer.write(body)
    sys.stdout.buffer.flush()


def show(body: bytes, marks: Mapping[int, str] | None = None) -> None:
    """Write the document with line numbers, and below each line in `marks` what is wrong there."""
    marks = marks or {}
    lines = pretty(body).splitlines()
    width = len(str(len(lines)))
    for number, text in enumerate(lines, start=1):
        sign = ">" if number in marks else " "
        out.line(f"{sign} {number:>{width}}  {text}", keep="\t")
        if number in marks:
            out.line(f"  {'':>{width}}  ^ {marks[number]}")


def finding(found: Mapping[str, object]) -> str:
    """Return one finding of a report as a line: where, what, and what was expected."""
    row = f"line {found['line']}, " if found.get("line") is not None else ""
    place = f"{row}{found['path']}: " if found.get("path") else ""
    wanted = f"; expected: {found['expected']}" if found.get("expected") else ""
    return f"{place}{found['message']}{wanted}"


def marks(findings: Iterable[Mapping[str, object]]) -> dict[int, str]:
    """Return what is wrong by line, of the findings that know theirs."""
    return {
        each["line"]: str(each["message"]) for each in findings if isinstance(each["line"], int)
    }
