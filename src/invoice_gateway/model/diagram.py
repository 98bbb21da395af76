"""The page `docs/status.md`, drawn from the tables of the rules, so that it cannot say otherwise.

`python -m invoice_gateway.model.diagram` prints it; `make docs` puts it in its place.
"""

import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations_with_replacement
from typing import Final

from .invoice import InvoiceKind, InvoiceStatus, Kind, Lifecycle, Line, table5
from .ledger import DisputeState
from .offers import BUSY, OFFERS, TRANSITIONS
from .orders import MOVES
from .status import RESTORE, TABLES, Axis, Move, Shadow, Side, Status

SHORT: Final = {Status.RECEIVED: "Received"}
"""Statuses that a table writes shorter than an event does."""

DECISIONS: Final[Sequence[tuple[str, str, tuple[str, ...], int]]] = (
    ("R0", "no line is live", (), 0),
    ("R1", "the customer disputes any line", ("DN", "PN"), 0),
    ("R2", "the customer has paid every line", ("PN", "PD"), 0),
    ("R3", "the enterprise disputes any line", ("ND", "PR"), 0),
    ("R4", "the enterprise has received every line", ("NR", "PR"), 0),
    ("R5", "any line is paid, received, or settled in part", ("NN", "NN"), 1),
    ("R6", "otherwise", ("NN", "NN"), 0),
)
"""Each rule of the decision list, its condition, an example of lines, and what they settle."""

ENDS: Final = {
    DisputeState.UPHELD: "the disputed amount is credited",
    DisputeState.UPHELD_PARTIAL: "less is credited",
    DisputeState.REJECTED: "nothing is credited",
    DisputeState.WITHDRAWN: "taken back by its raiser",
    DisputeState.AUTO_CLOSED: "nothing is due on the line any more",
}
"""How an open dispute comes to each of the other states."""

COLUMNS: Final = (
    (Side.CUSTOMER, Move.DECLARE_PAID),
    (Side.CUSTOMER, Move.RETRACT_PAID),
    (Side.CUSTOMER, Move.OPEN_DISPUTE),
    (Side.ENTERPRISE, Move.CONFIRM_RECEIPT),
    (Side.ENTERPRISE, Move.REVERSE_RECEIPT),
    (Side.ENTERPRISE, Move.OPEN_DISPUTE),
)
"""The moves of the pair table; joining a dispute moves an axis as opening one does."""

INTRODUCTION: Final = """\
<!-- Written by `make docs` from src/invoice_gateway/model; edit the tables there. -->

# Statuses

Each line of an invoice has two statuses: what the **customer** says of it and what the
**enterprise** says. Each side moves its own; money moves only that of the enterprise. While an axis
is Disputed it keeps a *shadow*, the status to come back to, and declarations made meanwhile move
the shadow. The status of the invoice follows from its lines; whether it is settled follows from the
ledger alone.

In the tables: `=` nothing changes, and nothing is announced; `shadow := x` the status stays and the
shadow becomes x; `shadow` back to the shadow; `✗` refused with `bad-transition`, or, for a customer
that is in a dispute already, with `dispute-already-open`. Where both axes stand together, `shadow`
is a shadow that changes, and `close` takes every disputed axis back to its shadow.
"""


LEGEND: Final = """\
All pairs of live lines on which nothing is settled. The first letter is the customer's: **N**ew,
**P**aid, **D**isputed; the second the enterprise's: **N**ew, **R**eceived, **D**isputed. `*` marks
a contested invoice: Paid, although the enterprise disputes a line.
"""


ORDERS: Final = """\
What is placed by card is charged at once, with shipping; by wire or check it waits for its payment;
on terms the credit check decides. What is in process is billed shipment by shipment, and where
nothing is shipped, at once. Held in process: by policy `recheck_in_process` only.
"""


OFFERED: Final = """\
What can be commanded about a proforma or a top-up, and where; anything else is refused with
`bad-transition`, or with `not-voidable-issued`. While a proforma is being provisioned, commands
marked `°` have to wait. Provisioning makes it Issued when all was executed; a top-up is Issued by
the first money that is put on it.
"""


def page() -> str:
    """Return the whole page as Markdown, ending in one line break."""
    parts = [INTRODUCTION]
    for side in Side:
        parts += [f"## The {side} axis\n", _axis_diagram(side), _axis_table(side)]
    parts += [
        "## Both axes together\n",
        _pair_table(),
        "## The status of an invoice\n",
        "Over the live lines, those that still ask for money; the first rule that fits decides.\n",
        _decision_table(),
        "With `enterprise_dispute_overrides_paid`, R3 comes before R2.\n",
        "### Two lines\n",
        LEGEND,
        _two_lines_table(),
        "## Offers\n",
        OFFERED,
        _offer_table(),
        "## Disputes\n",
        _dispute_diagram(),
        "## Orders\n",
        ORDERS,
        _order_diagram(),
    ]
    return "\n".join(parts)


def _word(status: Status) -> str:
    return SHORT.get(status, status.value)


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [list(head), *(list(row) for row in rows)]
    lines.insert(1, ["---"] * len(lines[0]))
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _diagram(arrows: Iterable[str]) -> str:
    return "\n".join(
        ["```mermaid", "stateDiagram-v2", *(f"    {each}" for each in arrows), "```\n"]
    )


def _axis_diagram(side: Side) -> str:
    """Return the moves that change the status of one axis as a drawing."""
    aliases = [f'state "{status}" as {_word(status)}' for status in TABLES[side] if status in SHORT]
    return _diagram([*aliases, "[*] --> New", *_arrows(side)])


def _arrows(side: Side) -> Iterator[str]:
    table = TABLES[side]
    for status, row in table.items():
        moves: dict[Status, list[str]] = {}
        for move, target in row.items():
            if isinstance(target, Status) and target is not status:
                moves.setdefault(target, []).append(move)
            elif target == RESTORE:
                for shadow in (each for each in table if each is not status):
                    moves.setdefault(shadow, []).append(f"{move}, shadow {_word(shadow)}")
        for target, names in moves.items():
            yield f"{_word(status)} --> {_word(target)} : {' / '.join(names)}"


def _axis_table(side: Side) -> str:
    """Return what every move does in every status of one axis."""
    table = TABLES[side]
    moves = list(dict.fromkeys(move for row in table.values() for move in row))
    rows = (
        [f"**{_word(status)}**", *(_effect(status, row.get(move)) for move in moves)]
        for status, row in table.items()
    )
    return _table([str(side), *moves], rows)


def _effect(status: Status, target: object) -> str:
    if target is None:
        return "✗"
    if isinstance(target, Shadow):
        return f"shadow := {_word(target.status)}"
    if isinstance(target, Status):
        return "=" if target is status else _word(target)
    return "shadow"


def _pair_table() -> str:
    """Return what each move makes of each pair of statuses; the other axis stays as it is."""
    head = [
        "customer, enterprise",
        *(f"{move} ({side})" if move is Move.OPEN_DISPUTE else move for side, move in COLUMNS),
        "close-dispute",
    ]
    pairs = [(one, two) for one in TABLES[Side.CUSTOMER] for two in TABLES[Side.ENTERPRISE]]
    return _table(head, (_pair_row(pair) for pair in pairs))


def _pair_row(pair: tuple[Status, Status]) -> list[str]:
    said = dict(zip(Side, pair, strict=True))
    cells = [f"**{_word(pair[0])}, {_word(pair[1])}**"]
    for side, move in COLUMNS:
        target = TABLES[side][said[side]].get(move)
        if isinstance(target, Status) and target is not said[side]:
            after = {**said, side: target}
            cells.append(", ".join(_word(status) for status in after.values()))
        else:
            cells.append("shadow" if isinstance(target, Shadow) else _effect(said[side], target))
    return [*cells, "close" if Status.DISPUTED in pair else "✗"]


def _lines(pairs: Iterable[str], settled: int = 0) -> list[Line]:
    """Return live lines with these statuses, the first of them settled in part."""
    letters = {"N": Status.NEW, "P": Status.PAID, "R": Status.RECEIVED, "D": Status.DISPUTED}
    found = []
    for at, pair in enumerate(pairs):
        customer, enterprise = (Axis(letters[each], letters[each]) for each in pair)
        line = Line(str(at), Kind.ITEM, 100, customer=customer, enterprise=enterprise)
        found.append(line._replace(settled=0 if at else settled))
    return found


def _decision_table() -> str:
    rows = (
        [rule, condition, table5(_lines(example, settled)).value]
        for rule, condition, example, settled in DECISIONS
    )
    return _table(["rule", "condition", "status"], rows)


def _two_lines_table() -> str:
    pairs = [one + two for one in "NPD" for two in "NRD"]
    found: dict[InvoiceStatus, list[str]] = {status: [] for status in InvoiceStatus}
    for both in combinations_with_replacement(pairs, 2):
        status = table5(_lines(both))
        contested = status is InvoiceStatus.PAID and "D" in both[0][1] + both[1][1]
        found[status].append("+".join(both) + "*" * contested)
    rows = ([f"{status} ({len(all_)})", " ".join(all_)] for status, all_ in found.items())
    return _table(["status", "lines"], rows)


def _dispute_diagram() -> str:
    """Return the life of a dispute; a closed one stays closed, and may be raised anew."""
    names = {state: state.value.replace("-", "_") for state in DisputeState}
    aliases = [f'state "{state}" as {name}' for state, name in names.items() if "-" in state]
    ends = [state for state in DisputeState if state is not DisputeState.OPEN]
    start = names[DisputeState.OPEN]
    return _diagram(
        [
            *aliases,
            f"[*] --> {start} : opened",
            f"{start} --> {start} : amended by its raiser / joined by the other side",
            *(f"{start} --> {names[end]} : {ENDS[end]}" for end in ends),
            *(f"{names[end]} --> [*]" for end in ends),
        ]
    )


def _order_diagram() -> str:
    """Return the life of an order; a step that leads nowhere else is left out."""
    arrows: dict[tuple[str, str], list[str]] = {}
    for begins, row in MOVES.items():
        for step, ends in row.items():
            if ends is not begins:
                arrows.setdefault((begins or "[*]", ends), []).append(step)
    return _diagram(
        [
            *(
                f"{begins} --> {ends} : {' / '.join(all_)}"
                for (begins, ends), all_ in arrows.items()
            ),
            *(f"{status} --> [*]" for status, row in MOVES.items() if not row),
        ]
    )


def _offer_table() -> str:
    states = (
        Lifecycle.DRAFT,
        Lifecycle.SENT,
        Lifecycle.ISSUED,
        Lifecycle.VOIDED,
        Lifecycle.DELETED,
    )
    rows = []
    for command, (kinds, where) in TRANSITIONS.items():
        if kinds & OFFERS:
            name = f"{command}{' (proforma)' if InvoiceKind.TOPUP not in kinds else ''}"
            marks = [
                ("yes°" if command in BUSY else "yes") if each in where else "" for each in states
            ]
            rows.append([name, *marks])
    return _table(["command", *states], rows)


if __name__ == "__main__":  # pragma: no cover - a test runs it as a program
    sys.stdout.write(page())
