"""Verbs for whoever writes messages: `validate` says what is wrong, `send` puts them on the bus."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Annotated

import typer

from invoice_gateway.app import App
from invoice_gateway.cli import _body as bodies
from invoice_gateway.cli import _out as out
from invoice_gateway.cli._invocation import NEGATIVE, UsageFault, app_of, check_bus
from invoice_gateway.engine.intake import Intake
from invoice_gateway.engine.ports import Delivery, Outgoing
from invoice_gateway.model.errors import Finding, Rejected
from invoice_gateway.xml.document import Document
from invoice_gateway.xml.safe import Limits, parse

STDIN = "-"
BYTES_MAX = 64 * 1024 * 1024
CONFIRM_S = 15.0
CONNECT_S = 10.0
ACCOUNTS = ("Customer", "Party", "Payer", "Account")
"""Where the messages name the account, which partitions are chosen by."""

Files = Annotated[list[str], typer.Argument(metavar="FILE...", help="XML files; - is stdin.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What is to be said about one file."""

    file: str
    valid: bool
    code: str | None
    message_type: str | None
    errors: tuple[Finding, ...]


def validate(
    context: typer.Context,
    files: Files,
    *,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """Say what is wrong with messages: form, schema, sums. Needs no database and no bus.

    Exits with 1 when a file is invalid. Whether the sender may send it, and what the invoice it
    names thinks of it, only the gateway that receives it can tell.
    """
    intake = offline(app_of(context))
    valid = True
    for file in files:
        report = judged(file, _read(file), intake)
        valid = valid and report.valid
        if json:
            out.record(report)
        else:
            _print(report)
    if not valid:
        raise typer.Exit(NEGATIVE)


def offline(app: App) -> Intake:
    """Return what understands messages that no bus vouches for."""
    return replace(app.intake, trust_header=True)


def judged(file: str, body: bytes, intake: Intake) -> Report:
    """Return what can be said about the message in `body` without knowing anything else."""
    plain = Delivery(body=body, sender=None, message_id=None, type=None, content_type=None)
    incoming = intake.understand(plain)
    if incoming.bug is not None:
        raise UsageFault(
            f"{file}: the handler of {incoming.type} meets a bug on it ({incoming.bug}); "
            "repair the handler"
        )
    refusal = incoming.refusal
    return Report(
        file=file,
        valid=refusal is None,
        code=refusal.code if refusal else None,
        message_type=incoming.type or None,
        errors=_findings(refusal) if refusal else (),
    )


def send(
    context: typer.Context,
    files: Files,
    *,
    sender: Annotated[
        str | None,
        typer.Option("--sender", help="Send as this one; otherwise as the document's Sender."),
    ] = None,
) -> None:
    """Put messages on the bus, in order, and say of each whether the bus has it."""
    app = app_of(context)
    letters = [_letter(file, _read(file), sender, app) for file in files]
    check_bus(app)
    failed = 0
    start = 0
    while start < len(letters):  # runs of one sender share a connection
        who = letters[start][1]
        end = next((at for at in range(start, len(letters)) if letters[at][1] != who), len(letters))
        failed += _send(app, who, [(file, each) for file, _, each in letters[start:end]])
        start = end
    if failed:
        raise typer.Exit(NEGATIVE)


def outgoing(body: bytes, enterprise: str, limits: Limits) -> tuple[Outgoing, str | None]:
    """Return the message in `body` ready for the bus, and the Sender it names.

    A document that cannot be read has no type and no sender, and an id made from its bytes.
    """
    digest = f"sha256:{sha256(body).hexdigest()[:40]}"
    try:
        document = Document(parse(body, limits), enterprise)
    except Rejected:
        return Outgoing(id=digest, key="", type="", body=body), None
    account = next(filter(None, (document.maybe(each) for each in ACCOUNTS)), None)
    message = Outgoing(
        id=document.maybe("Header/MessageId") or digest,
        key=document.name,
        type=document.name,
        body=body,
        headers={"account": account} if account else {},
    )
    return message, document.maybe("Header/Sender")


def _letter(file: str, body: bytes, sender: str | None, app: App) -> tuple[str, str, Outgoing]:
    message, named = outgoing(body, app.settings.enterprise, app.limits)
    who = sender or named
    if who is None:
        raise UsageFault(f"{file}: names no Sender that can be read; say who sends it: --sender")
    return file, who, message


def _send(app: App, sender: str, letters: Sequence[tuple[str, Outgoing]]) -> int:
    """Send and print one line each; return how many failed."""
    answers = transmitted(app, sender, [message for _, message in letters])
    failed = 0
    for (file, _), error in zip(letters, answers, strict=True):
        out.line(f"{file}: {'confirmed' if error is None else f'failed: {error}'}")
        failed += error is not None
    return failed


def transmitted(app: App, sender: str, messages: Sequence[Outgoing]) -> Iterator[str | None]:
    """Put messages on the bus as `sender`; yield for each why the bus refused it, or None."""
    publisher = app.sender(sender)
    try:
        publisher.wait_connected(CONNECT_S)
        for message in messages:  # one by one: an id may occur twice, and the answers name ids
            publisher.submit([message])
            publisher.wait(CONFIRM_S)
            yield next((each.error for each in publisher.settled()), "no confirm in time")
    finally:
        publisher.close()


def _read(file: str) -> bytes:
    try:
        if file == STDIN:
            return sys.stdin.buffer.read(BYTES_MAX)
        with Path(file).open("rb") as opened:
            return opened.read(BYTES_MAX)
    except OSError as error:
        raise UsageFault(f"cannot read {file}: {error.strerror}; name a readable file") from None


def _findings(refusal: Rejected) -> tuple[Finding, ...]:
    return refusal.findings or (Finding(line=None, path="", message=refusal.message),)


def _print(report: Report) -> None:
    kind = f" {report.message_type}" if report.message_type else ""
    if report.valid:
        out.line(f"{report.file}: valid{kind}")
        return
    out.line(f"{report.file}: invalid{kind}: {report.code}")
    for each in report.errors:
        out.line(f"  {bodies.finding(asdict(each))}")
