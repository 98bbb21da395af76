"""The verb `audit`: are the books sound?"""

from collections.abc import Iterator
from typing import Annotated

import typer

from invoice_gateway import audit as judge
from invoice_gateway.audit import Finding
from invoice_gateway.cli import _out as out
from invoice_gateway.cli._invocation import NEGATIVE, app_of, opened

BREACHES_MAX = 100
"""Breaches that are printed one by one; JSON has them all."""


def audit(
    context: typer.Context,
    *,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check every invariant of the books: money, statuses, events, messages.

    Reads all of the database in one read-only transaction and computes everything anew from what
    was posted; nobody has to stop meanwhile. This reads every event: a few minutes per million of
    them, and memory for every row that is not an event. Exits with 1 when an invariant is broken.
    """
    with opened(app_of(context)) as store, out.progress("reading") as told:
        facts = judge.Reader(store, keep=False).read(told)
        told("judging")
        findings = [*judge.judged(facts)]
    broken = [each for each in findings if each.breaches]
    if json:
        out.document({"sound": not broken, "invariants": [each._asdict() for each in findings]})
    else:
        show(findings)
    if broken:
        raise typer.Exit(NEGATIVE)


def show(findings: list[Finding]) -> None:
    """Print what came of each invariant, then what is wrong."""
    columns = ["invariant", "what it says", "looked at", "", "breaches"]
    rows = [
        (each.name, each.says, each.looked_at, each.of, len(each.breaches)) for each in findings
    ]
    out.table("", columns, rows)
    out.line()
    breaches = [*_each(findings)]
    if not breaches:
        out.line("the books are sound")
        return
    out.table("Broken", ["invariant", "where"], breaches[:BREACHES_MAX])
    if len(breaches) > BREACHES_MAX:
        out.line(f"and {len(breaches) - BREACHES_MAX} more; --json lists them all")


def _each(findings: list[Finding]) -> Iterator[tuple[str, str]]:
    return ((found.name, what) for found in findings for what in found.breaches)
