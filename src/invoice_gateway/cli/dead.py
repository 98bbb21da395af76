"""The verbs of `dead`: rejected messages, listed, shown, tried again or put away."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from getpass import getuser
from typing import Annotated, Any

import typer

from invoice_gateway.app import App
from invoice_gateway.cli import _body as bodies
from invoice_gateway.cli import _out as out
from invoice_gateway.cli._invocation import (
    NEGATIVE,
    NothingFound,
    UsageFault,
    app_of,
    check_bus,
    opened,
)
from invoice_gateway.engine.deadletters import DeadLetters, Letter, LetterState, Replayed
from invoice_gateway.engine.ports import Outcome
from invoice_gateway.store import SqlStore, views

dead = typer.Typer()

CONFIRM_S = 10.0

LETTERS = (
    "id",
    "last_seen",
    "sender",
    "message_id",
    "type",
    "code",
    "text",
    "submissions",
    "state",
)
EVENTS = ("recorded_at", "name", "aggregate_id", "version", "event_id")
HIDDEN = ("body", "hash", "findings", "headers", "traceback")

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Ids = Annotated[list[str], typer.Argument(metavar="ID...", help="As `dead list` prints them.")]
Code = Annotated[str | None, typer.Option("--code", help="Only with this code.")]
Limit = Annotated[int, typer.Option("--limit", min=1, help="How many at most.")]


@dataclass(frozen=True, slots=True)
class SqlShelf:
    """The dead letters of a database."""

    store: SqlStore

    def mark(self, letter: str, state: LetterState, reason: str, by: str) -> bool:
        """Note what was done about a letter, by whom; return whether there is such a letter."""
        with self.store.session(read_only=False) as session:
            return views.dead_set_state(session, letter, state, reason, by)


@dead.command("list")
def dead_list(  # noqa: PLR0913 - one per filter
    context: typer.Context,
    *,
    code: Code = None,
    key: Annotated[
        str | None, typer.Option("--key", help="Only about this, e.g. Number=INV-7.")
    ] = None,
    fingerprint: Annotated[
        str | None, typer.Option("--fingerprint", help="Only with this fingerprint.")
    ] = None,
    sender: Annotated[str | None, typer.Option("--sender", help="Only of this sender.")] = None,
    state: Annotated[
        LetterState, typer.Option("--state", help="Only in this state.")
    ] = LetterState.OPEN,
    limit: Limit = 100,
    json: Json = False,
) -> None:
    """List dead letters, the newest first."""
    with opened(app_of(context)) as store, store.session() as session:
        found = views.dead_list(
            session,
            code=code,
            state=state,
            sender=sender,
            fingerprint=fingerprint,
            business_key=key,
            limit=limit,
        )
    if json:
        out.document(found)
    else:
        out.listing(found, LETTERS)


@dead.command("show")
def dead_show(
    context: typer.Context,
    letter: Annotated[str, typer.Argument(metavar="ID", help="As `dead list` prints it.")],
    *,
    raw: Annotated[bool, typer.Option("--raw", help="Print its bytes, nothing else.")] = False,
    json: Json = False,
) -> None:
    """Show a dead letter: the report, and the document with the lines at fault marked."""
    with opened(app_of(context)) as store:
        found = _one(store, letter)
    if raw:
        bodies.raw(found["body"])
    elif json:
        out.document(found)
    else:
        out.sheet(found, HIDDEN, columns={"events": EVENTS})
        out.line()
        for each in found["findings"]:
            out.line(bodies.finding(each))
        out.line()
        bodies.show(found["body"], bodies.marks(found["findings"]))


@dead.command("replay")
def dead_replay(
    context: typer.Context,
    letters: Annotated[
        list[str] | None, typer.Argument(metavar="[ID...]", help="As `dead list` prints them.")
    ] = None,
    *,
    code: Annotated[str | None, typer.Option("--code", help="All open ones with it.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="With --code: at most.")] = 1000,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would happen.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """Send dead letters through the engine again, under the same message ids, oldest first.

    What took effect meanwhile is a duplicate. Exits with 1 when one is rejected again.
    """
    if bool(letters) == bool(code):
        raise UsageFault("say what to replay: either IDs or --code CODE")
    app = app_of(context)
    with opened(app) as store:
        chosen = _chosen(store, letters or [], code, limit)
        desk = DeadLetters(pipeline=app.pipeline(store), shelf=SqlShelf(store), by=getuser())
        if dry_run:
            done = desk.rehearse(chosen)
            for each in done:
                _tell(each, json=json)
        else:
            done = _replay(app, store, desk, chosen, json=json)
    kinds = Counter(each.outcome or "bug" for each in done)
    said = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    out.say(f"{'would be: ' if dry_run else ''}{said or 'nothing to replay'}")
    if any(each.outcome in (None, Outcome.REJECTED) for each in done):
        raise typer.Exit(NEGATIVE)


@dead.command("discard")
def dead_discard(
    context: typer.Context,
    letters: Ids,
    *,
    reason: Annotated[str, typer.Option("--reason", help="Why nobody needs it any more.")],
) -> None:
    """Close dead letters that need nothing more; they stay to be looked at."""
    with opened(app_of(context)) as store:
        for each in letters:
            _one(store, each)
        desk = SqlShelf(store)
        for each in letters:
            desk.mark(each, LetterState.DISCARDED, reason, getuser())
            out.line(f"{each}: discarded")


def _one(store: SqlStore, letter: str) -> dict[str, Any]:
    with store.session() as session:
        found = views.dead_show(session, letter)
    if found is None:
        raise NothingFound(f"there is no dead letter {letter!r}; see: invoice-gateway dead list")
    return found


def _chosen(store: SqlStore, ids: Sequence[str], code: str | None, limit: int) -> list[Letter]:
    """Return the letters that are named, or the open ones with `code`, oldest first."""
    if code is not None:
        with store.session() as session:
            found = views.dead_list(session, code=code, state=LetterState.OPEN, limit=limit)
        ids = [each["id"] for each in found][::-1]
    return [_letter(_one(store, each)) for each in ids]


def _letter(view: dict[str, Any]) -> Letter:
    return Letter(
        id=view["id"],
        sender=view["sender"],
        message_id=view["message_id"],
        type=view["type"],
        body=view["body"],
        headers=view["headers"],
    )


def _replay(
    app: App, store: SqlStore, desk: DeadLetters, chosen: Sequence[Letter], *, json: bool
) -> list[Replayed]:
    """Replay, print each outcome as it is committed, and publish what follows."""
    check_bus(app)
    publisher = app.publisher()
    done: list[Replayed] = []
    try:
        publisher.wait_connected(CONFIRM_S)
        for each in desk.replay(chosen, publisher):
            _tell(each, json=json)
            done.append(each)
        publisher.wait(CONFIRM_S)
        settled = publisher.settled()
        failed = {each.id: each.error for each in settled if each.error is not None}
        store.mark([each.id for each in settled if each.error is None], failed)
    finally:
        publisher.close()
    return done


def _tell(done: Replayed, *, json: bool) -> None:
    if json:
        out.record(asdict(done))
        return
    what = done.outcome or "bug"
    why = f" {done.code}: {done.text}" if done.code else f" {done.text}" if done.text else ""
    events = f"; events: {', '.join(done.events)}" if done.events else ""
    out.line(f"{done.id} {done.message_id}: {what}{why}{events}")
