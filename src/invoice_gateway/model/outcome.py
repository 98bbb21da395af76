"""What the provisioning system answers: done or not, item by item, and what people have to do."""

from collections.abc import Sequence
from typing import NamedTuple

from .draft import Draft
from .events_offers import TaskManualRequired
from .invoice import Invoice


class Result(NamedTuple):
    """What became of one item; `code`, `message` and `suggestion` are for those that failed."""

    line_no: str
    executed: bool
    code: str | None = None
    message: str | None = None
    suggestion: str | None = None


class Task(NamedTuple):
    """Something left to do by hand, about one line or about all."""

    line_no: str | None
    text: str


class Outcome(NamedTuple):
    """The answer as a whole: all of it was executed, or nothing (S1-25)."""

    executed: bool
    results: tuple[Result, ...] = ()
    tasks: tuple[Task, ...] = ()
    reason_text: str | None = None


def announce_tasks(
    draft: Draft, invoice: Invoice, tasks: Sequence[Task], request: str | None = None
) -> None:
    """Announce what people have to do now (S1-28), as consequences, in order."""
    for task in tasks:
        event = TaskManualRequired(
            invoice=invoice.key,
            customer=invoice.account,
            request=request,
            line_no=task.line_no,
            text=task.text,
        )
        draft.conclude(event, invoice)
