"""What the faces show of values in the accounting currency: blocks of their own, where any are.

Each names its currency, so that amounts inside are in that one.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Final

from .desk import View

CARRIED: Final = ("accounting_currency", "rate", "carrying", "carry_open", "carry_settled")
"""The columns of an invoice or source that `valued` makes a block of."""


def valued(view: View, left: str) -> View:
    """Return the view of an invoice or source with its values as the block `accounting`.

    What is left of them is called `left` there; without values there is no block.
    """
    currency, rate, total, open_, settled = (view[name] for name in CARRIED)
    plain = {name: each for name, each in view.items() if name not in CARRIED}
    if total is None:
        return plain
    block = {"currency": currency, "rate": rate, "amount": total, "settled": settled, left: open_}
    return plain | {"accounting": block}


def gained(view: View, currency: str | None, source_currency: str | None) -> View:
    """Return the view of an allocation with what it relieved, and its gain where there is one.

    Args:
        view: The columns of the allocation.
        currency: What the invoice is valued in.
        source_currency: What the money is valued in.
    """
    given, taken = view["source_carry"], view["carry"]
    plain = {name: each for name, each in view.items() if name not in ("source_carry", "carry")}
    if taken is None or given is None or currency != source_currency:
        return plain
    block = {"currency": currency, "source_carry": given, "carry": taken, "gain": given - taken}
    return plain | {"accounting": block}


def applied(view: View, currency: str | None) -> View:
    """Return the view of a document with the value of what it added or took off."""
    plain = {name: each for name, each in view.items() if name != "carrying"}
    if view["carrying"] is None:
        return plain
    return plain | {"accounting": {"currency": currency, "applied": view["carrying"]}}


def totals(invoices: Iterable[View], sources: Iterable[View]) -> list[View]:
    """Return per accounting currency what is owed, what is idle, and the difference.

    Nothing where nothing is in another currency.
    """
    owed, idle = [*map(_worth, invoices)], [*map(_worth, sources)]
    if not any(foreign for *_, foreign in (*owed, *idle)):
        return []
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for at, side in enumerate((owed, idle)):
        for currency, amount, _ in side:
            sums[currency][at] += amount
    return [
        {
            "currency": currency,
            "pending": pending,
            "remaining": remaining,
            "balance": pending - remaining,
        }
        for currency, (pending, remaining) in sorted(sums.items())
    ]


def _worth(view: View) -> tuple[str, int, bool]:
    """Return what is left of an invoice or source in the accounting currency; is that another?"""
    block: Any = view.get("accounting", view)
    left = block["pending"] if "pending" in block else block["remaining"]
    return block["currency"], left, block is not view
