"""The verb `demo`: play the stories that come with the program, and show what they led to."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Annotated

import typer

from invoice_gateway.app import App
from invoice_gateway.cli import _out as out
from invoice_gateway.cli._demo_tables import show
from invoice_gateway.cli._invocation import Invocation, UsageFault, invocation, opened
from invoice_gateway.cli.submit import outgoing
from invoice_gateway.engine.discover import bundled
from invoice_gateway.engine.worker import Worker
from invoice_gateway.model.decision import Actor, Role
from invoice_gateway.store import SqlStore, schema, views

FOLDER = Path("invoice-gateway-demo")
MARK = ".invoice-gateway-demo"
"""A file that tells a folder of the demo, which may be thrown away, from any other."""

ENTERPRISE = "ENTERPRISE"
SENDERS = {
    "erp": Role.ERP,
    "financials": Role.FINANCIALS,
    "bank": Role.BANK,
    "portal": Role.PORTAL,
    "warehouse": Role.FULFILMENT,
    "provisioning": Role.PROVISIONING,
    "usage": Role.USAGE,
}
"""The senders of the enterprise, which every story can count on."""
POLL_S = 0.05


def demo(
    context: typer.Context,
    *,
    keep: Annotated[
        Path,
        typer.Option("--keep", metavar="DIR", help="Folder to play in; made anew each time."),
    ] = FOLDER,
) -> None:
    """Play stories of invoices, payments and disputes; needs no server.

    Messages are dropped into folders, the engine works on a SQLite database, and what became of
    messages, invoices and events is printed. Everything stays in the folder to look at.
    """
    folder = _emptied(keep)
    app = _app(invocation(context), folder)
    stories = sorted(each for each in bundled("journeys").iterdir() if each.is_dir())
    schema.upgrade(app.settings.database_url)
    out.say(f"playing {len(stories)} stories in {folder}")
    with opened(app) as store:
        register(store, stories)
        with app.worker() as worker:
            for at, story in enumerate(stories, start=1):
                played = play(app, worker, story)
                out.say(f"{at:>3}/{len(stories)} {story.name}: {played} messages")
        show(app, store, folder)


def register(store: SqlStore, stories: list[Path]) -> None:
    """Make the senders of all stories known: those of the enterprise, and each story's own."""
    actors = [Actor(sender=name, party=ENTERPRISE, role=role) for name, role in SENDERS.items()]
    for story in stories:
        actors += named_in(story / "senders.txt")
    with store.session(read_only=False) as session:
        for actor in actors:
            views.put_sender(session, actor)
        session.commit()


def named_in(file: Path) -> Iterator[Actor]:
    """Yield the senders of a story: `name party role [receipts]`, one a line."""
    if not file.exists():
        return
    for line in file.read_text(encoding="utf-8").splitlines():
        words = line.partition("#")[0].split()
        if words:
            name, party, role, *more = words
            yield Actor(sender=name, party=party, role=Role(role), receipts="receipts" in more)


def play(app: App, worker: Worker, story: Path) -> int:
    """Send a story's messages in order, the first of them once more; return how many that makes."""
    files = sorted(story.glob("*.xml"))
    for file in [*files, *files[:1]]:
        message, sender = outgoing(file.read_bytes(), ENTERPRISE, app.limits)
        app.sender(sender or "unknown").submit([message])
    worker.run(Event(), once=True)
    return len(files) + len(files[:1])


def _app(called: Invocation, folder: Path) -> App:
    """Return the application on what the demo brings along, whatever else is configured."""
    called.flags |= {
        "database_url": f"sqlite:///{folder / 'invoices.db'}",
        "bus_url": f"folder:{folder}",
        "enterprise": ENTERPRISE,
    }
    return called.app(poll_s=POLL_S)


def _emptied(folder: Path) -> Path:
    """Return `folder`, new and empty.

    Raises:
        UsageFault: something else is there.
    """
    try:
        if folder.exists():
            if not (folder / MARK).exists() and any(folder.iterdir()):
                raise UsageFault(
                    f"{folder} is there already and was not made by the demo; "
                    "name another folder: --keep DIR"
                )
            shutil.rmtree(folder)
        folder.mkdir(parents=True)
        (folder / MARK).touch()
    except OSError as error:
        raise UsageFault(
            f"cannot use {folder}: {error.strerror}; name another: --keep DIR"
        ) from None
    return folder
