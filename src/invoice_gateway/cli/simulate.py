"""The verb `simulate`: a year of business on an empty database, judged every day."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from invoice_gateway.app import App
from invoice_gateway.cli import _out as out
from invoice_gateway.cli._invocation import NEGATIVE, UsageFault, invocation, opened
from invoice_gateway.cli.running import spare_batches
from invoice_gateway.settings import masked
from invoice_gateway.simulation.runner import Broken, Simulation
from invoice_gateway.simulation.summary import Figures, summary
from invoice_gateway.store import SqlStore, schema, views
from invoice_gateway.store.canonical import state_hash

BREACHES_MAX = 20


def simulate(
    context: typer.Context,
    *,
    days: Annotated[int, typer.Option("--days", min=1, help="How many days pass.")] = 365,
    accounts: Annotated[int, typer.Option("--accounts", min=1, help="How many parties.")] = 200,
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same books.")] = 1,
    check_every: Annotated[
        int,
        typer.Option("--check-every", min=0, help="Judge the books every so many days; 0: never."),
    ] = 1,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Let parties buy, pay, pay late, dispute and make mistakes, and judge the books every day.

    Their messages go through the whole gateway, and so does time; what is asked of systems around
    it is answered. Everything follows from the seed. Works on a database of its own that is thrown
    away, or on the empty one named by --database-url. Exits with 1 on the first day on which an
    invariant of the books does not hold.
    """
    called = invocation(context)
    with tempfile.TemporaryDirectory(prefix="invoice-gateway-") as folder:
        own = called.flags.get("database_url") is None
        if own:
            called.flags["database_url"] = f"sqlite:///{Path(folder) / 'invoices.db'}"
        app = called.app(bus_url=f"folder:{Path(folder) / 'spool'}")
        schema.upgrade(app.settings.database_url)
        spare_batches()
        with opened(app) as store:
            if not own:
                _refuse_used(app, store)
            simulation = Simulation(
                app, store, accounts=accounts, seed=seed, check_every=check_every
            )
            _tell(simulation, store, days, json=json)


def _tell(simulation: Simulation, store: SqlStore, days: int, *, json: bool) -> None:
    started = time.perf_counter()
    with _told_when_broken(json=json), out.progress("day", days) as told:
        simulation.run(days, told)
        facts = simulation.check()
    tables = summary(simulation.tally, facts)
    tally, passed_s = simulation.tally, time.perf_counter() - started
    messages = tally.outcomes.total() + tally.fired
    facts_of_run = {
        "days": days,
        "messages": messages,
        "events": facts.heard.names.total(),
        "seconds": round(passed_s, 1),
        "of them checking": round(tally.checking_s, 1),
        "messages per second": round(messages / max(tally.gateway_s, 0.001)),
        "checks": tally.checks,
        "state hash": state_hash(store),
    }
    if json:
        out.document({"tables": [each._asdict() for each in tables], **facts_of_run})
        return
    for each in tables:
        _show(each)
    out.facts(facts_of_run.items())


def _show(figures: Figures) -> None:
    out.table(figures.title, figures.columns, figures.rows)
    out.line()


@contextmanager
def _told_when_broken(*, json: bool) -> Iterator[None]:
    """Say which invariant broke on which day, and end with 1."""
    try:
        yield
    except Broken as broken:
        if json:
            out.document({"day": broken.day, "breaches": broken.breaches})
        else:
            out.line(f"broken on {broken.day}: {len(broken.breaches)} breach(es)")
            for each in broken.breaches[:BREACHES_MAX]:
                out.line(f"  {each}")
        raise typer.Exit(NEGATIVE) from None


def _refuse_used(app: App, store: SqlStore) -> None:
    """Make sure that nothing is lost among what is made up.

    Raises:
        UsageFault: there are messages in the database.
    """
    with store.session() as session:
        used = any(views.outcome_counts(session).values())
    if used:
        place = masked(app.settings.database_url)
        raise UsageFault(f"{place} is in use; name an empty database, or none")
