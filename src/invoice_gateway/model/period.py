"""Closed books: what was effective in a period that is locked stays as it was reported (P-06)."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final

from .draft import Draft
from .errors import Code, Rejected
from .invoice import Invoice
from .ledger import Allocation, Memo, Reversal, Source

EFFECTIVE: Final[Mapping[type[Any], Callable[[Any], date | None]]] = {
    Invoice: lambda invoice: invoice.issue_date,
    Source: lambda source: source.value_date,
    Memo: lambda memo: memo.issued_on,
    Allocation: lambda allocation: allocation.posted_on,
    Reversal: lambda reversal: reversal.reversed_on,
}
"""The day from which an entry counts in reports."""


def refuse_closed(draft: Draft) -> None:
    """Refuse what would take effect on the lock date or before it.

    Raises:
        Rejected: `period-locked`.
    """
    lock = draft.context.policy.period_lock_date
    if lock is None:
        return
    days: list[tuple[str, date | None]] = [("EffectiveDate", draft.context.today)]
    for kind, effective in EFFECTIVE.items():
        days += [
            (f"{kind.__name__} {each.key}", effective(each))
            for each in draft.changed(kind)
            if draft.known(kind, each.key) is None
        ]
    for what, day in days:
        if day is not None and day <= lock:
            raise Rejected(
                Code.PERIOD_LOCKED,
                f"{what} would take effect on {day}; the books are closed until {lock}: "
                "date it later",
            )
