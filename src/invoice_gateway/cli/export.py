"""The verb `export journal`: the double-entry journal, derived while it is written."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Annotated, TextIO

import typer
from rich.console import Console
from rich.progress import Progress, TextColumn, TimeElapsedColumn

from invoice_gateway.cli import _out as out
from invoice_gateway.cli._invocation import UsageFault, app_of, opened
from invoice_gateway.cli._ledgers import FORMATS
from invoice_gateway.cli.reports import day
from invoice_gateway.model.journal import Transaction
from invoice_gateway.store import journal

export = typer.Typer()

TELL_EVERY = 500
"""How often to show how far it is, in transactions."""


@export.callback()
def exports() -> None:
    """Write what the gateway knows for other programs."""


@export.command("journal")
def export_journal(
    context: typer.Context,
    *,
    form: Annotated[
        str, typer.Option("--format", help="beancount, hledger, csv or json.")
    ] = "beancount",
    begins: Annotated[
        date | None, typer.Option("--from", parser=day, metavar="DATE", help="First day.")
    ] = None,
    until: Annotated[
        date | None, typer.Option("--to", parser=day, metavar="DATE", help="Last day.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help="Write there, not to stdout.")
    ] = None,
) -> None:
    """Write the double-entry journal: one balanced transaction per entry, by effective date."""
    write = FORMATS.get(form)
    if write is None:
        raise UsageFault(f"--format {form!r} is none of {', '.join(FORMATS)}")
    if begins and until and begins > until:
        raise UsageFault(f"--from {begins} is after --to {until}")
    with opened(app_of(context)) as store, store.session() as session:
        found = journal.transactions(session, begins=begins, until=until)
        if output is None:
            sys.stdout.writelines(write(found))
            return
        counted = _Counted(found)
        with _replacing(output) as file, _shown(counted):
            file.writelines(write(counted))
    out.say(f"{counted.count} transaction(s) written to {output}")


class _Counted(Iterable[Transaction]):
    """Passes transactions on, counts them, and now and then tells how many there were."""

    def __init__(self, found: Iterable[Transaction]) -> None:
        self._found = found
        self.count = 0
        self.tell: Callable[[int], None] = _nobody

    def __iter__(self) -> Iterator[Transaction]:
        for each in self._found:
            self.count += 1
            if self.count % TELL_EVERY == 0:
                self.tell(self.count)
            yield each


def _nobody(_: int) -> None:
    """Tell nobody."""


@contextmanager
def _replacing(path: Path) -> Iterator[TextIO]:
    """Give a file that takes the place of `path` when all of it is written.

    Raises:
        UsageFault: it cannot be written.
    """
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("w", encoding="utf-8", newline="") as file:
            yield file
        part.replace(path)
    except OSError as error:
        raise UsageFault(f"--output {path}: {error.strerror}") from None
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def _shown(counted: _Counted) -> Iterator[None]:
    """Show on a terminal how far it is, meanwhile."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield
        return
    columns = (TextColumn("{task.fields[count]} transactions"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("journal", total=None, count=0)

        def tell(count: int) -> None:
            progress.update(task, count=f"{count:,}")

        counted.tell = tell
        yield
