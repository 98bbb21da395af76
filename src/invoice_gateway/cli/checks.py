"""Verbs that look after an installation: `health` for machines, `doctor` for people."""

import os
import platform
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import version as version_of
from typing import Annotated

import typer

from invoice_gateway.app import App, assemble
from invoice_gateway.cli import _out as out
from invoice_gateway.cli._faults import FAULTS, told
from invoice_gateway.cli._invocation import (
    NEGATIVE,
    app_of,
    check_bus,
    check_database,
    check_url,
    invocation,
    opened,
)
from invoice_gateway.settings import FILE_VARIABLE, PREFIX, Settings, masked
from invoice_gateway.xml.versions import libxml2

LATE_S = 60.0
"""From this age on, an event nobody has confirmed means that publishing is behind."""

LIBRARIES = (
    "lxml",
    "xmlschema",
    "pika",
    "SQLAlchemy",
    "alembic",
    "psycopg",
    "pydantic-settings",
    "structlog",
    "typer",
    "rich",
    "prometheus-client",
    "iso4217",
    "zstandard",
)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at; `ok` None means that it is only told."""

    name: str
    ok: bool | None
    text: str


def health(context: typer.Context) -> None:
    """Print as JSON whether database and bus are there and what waits; exit 1 when one is not.

    `status` is `ok`, `degraded` (events are published late) or `bad`.
    """
    app = app_of(context)
    check_url(app.settings.database_url)
    database = _looked_at("database", lambda: _database(app))
    bus = _looked_at("bus", lambda: check_bus(app))
    found: dict[str, object] = {"database": _answer(database), "bus": _answer(bus)}
    status = "ok" if database.ok and bus.ok else "bad"
    if database.ok:
        with opened(app) as store:
            counts = store.counts()
        found["backlog"] = asdict(counts)
        if counts.outbox_age_s > LATE_S and status == "ok":
            status = "degraded"
    out.document({"status": status, **found})
    if status == "bad":
        raise typer.Exit(NEGATIVE)


def doctor(
    context: typer.Context,
    *,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Look at everything this installation needs: versions, settings, schemas, handlers, servers.

    Exits with 1 when a check fails. Passwords are not shown.
    """
    settings = invocation(context).settings()
    checks = [*_versions(), *_settings(settings), *_strangers(), *_parts(settings)]
    if json:
        out.document(checks)
    else:
        words = {True: "ok", False: "FAILED", None: None}
        rows = [(each.name, words[each.ok], each.text) for each in checks]
        out.table("", ["what", "check", "found"], rows)
    if any(each.ok is False for each in checks):
        raise typer.Exit(NEGATIVE)


def shown(name: str, settings: Settings) -> str:
    """Return the value of a setting as it may be shown: without passwords."""
    value = getattr(settings, name)
    if value is None:
        return "none"
    return masked(str(value)) if name.endswith("_url") else str(value)


def _versions() -> Iterator[Check]:
    version = platform.python_version()
    yield Check("invoice-gateway", None, version_of("invoice-gateway"))
    yield Check("python", sys.version_info >= (3, 11), f"{version} ({sys.executable})")
    yield Check("libxml2", None, libxml2())
    for name in LIBRARIES:
        yield Check(name, None, version_of(name))


def _settings(settings: Settings) -> Iterator[Check]:
    for name in type(settings).model_fields:
        yield Check(f"{PREFIX}{name.upper()}", None, shown(name, settings))


def _strangers() -> Iterator[Check]:
    """Yield a failed check for each variable with our prefix that nobody reads."""
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields} | {FILE_VARIABLE}
    for name in sorted(os.environ):
        if name.upper().startswith(PREFIX) and name.upper() not in known:
            yield Check(name, False, "there is no such setting; see docs/configuration.md")  # noqa: FBT003


def _parts(settings: Settings) -> Iterator[Check]:
    """Yield what becomes of each part when it is put to work."""
    try:
        app = assemble(settings)
    except FAULTS as error:
        yield Check("handlers and schemas", False, told(error) or "")  # noqa: FBT003
        return
    count = len(app.handlers)
    yield Check("handlers", set(app.handlers) <= set(app.schemas.messages), f"{count} loaded")
    yield _looked_at("schemas", lambda: f"{len(app.schemas.compile_all())} compiled")
    yield _looked_at("database", lambda: _database(app))
    yield _looked_at("bus", lambda: check_bus(app))


def _database(app: App) -> str:
    check_database(app.settings)
    return f"{masked(app.settings.database_url)}, migrated"


def _looked_at(name: str, look: Callable[[], str]) -> Check:
    try:
        return Check(name, True, look())  # noqa: FBT003
    except FAULTS as error:
        return Check(name, False, told(error) or "")  # noqa: FBT003


def _answer(check: Check) -> dict[str, object]:
    return {"ok": check.ok, "text": check.text}
