"""The state of an invoice in the words of the four systems whose rules the gateway joins.

The state has four independent attributes (X-22): lifecycle, status, settlement and fulfilment; here
they are put together into the one word that each of the systems has for it (Appendix C). For people
only: no rule reads these words.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from .detail import Execution, Fulfilment
from .invoice import Closure, InvoiceKind, InvoiceStatus, Lifecycle, Settlement


class State(NamedTuple):
    """What the words follow from; `execution` says how far the request behind the invoice is."""

    kind: InvoiceKind
    lifecycle: Lifecycle
    status: InvoiceStatus
    settlement: Settlement
    closure: Closure | None = None
    fulfilment: Fulfilment = Fulfilment.NOT_APPLICABLE
    execution: Execution | None = None


class Display(NamedTuple):
    """One word per system; None where the system knows no such state."""

    b3networks: str | None
    comergent: str | None
    resellerclub: str | None
    sangoma: str | None


OFFERED: Final[Mapping[Settlement, str]] = {
    Settlement.UNSETTLED: "Proforma",
    Settlement.PARTIALLY_SETTLED: "Proforma (partially paid)",
    Settlement.SETTLED: "Proforma (paid)",
}
"""S1, S2: sent and not provisioned."""

TOP_UP: Final = "Top up"
"""S2: a top-up invoice that was sent; the first payment provisions it (S2-03)."""

PROVISIONED: Final[Mapping[Settlement, str]] = {
    Settlement.UNSETTLED: "Provisioned & Awaiting payment",
    Settlement.PARTIALLY_SETTLED: "Provisioned & Partially paid",
    Settlement.SETTLED: "Paid",
}
"""S1, S2: a tax invoice; when no money closed it, `BY_CREDIT` instead of Paid."""

WITHOUT_MONEY: Final = frozenset(
    {Closure.CREDITED, Closure.DISCOUNTED, Closure.WRITTEN_OFF, Closure.CANCELLED}
)
BY_CREDIT: Final = "Paid by credit"

PENDING: Final[Mapping[Settlement, str]] = {
    Settlement.UNSETTLED: "Pending Amount = Invoice Amount",
    Settlement.PARTIALLY_SETTLED: "0 < Pending < Amount",
    Settlement.SETTLED: "balanced",
}
"""S4: what is pending; `CANCELLED_BY` tells the ways to balance an invoice that no money pays."""

CANCELLED_BY: Final[Mapping[Closure | None, str]] = {
    Closure.DISCOUNTED: "cancelled by discount",
    Closure.WRITTEN_OFF: "cancelled by bad debt",
    Closure.CANCELLED: "Cancelled",
}

GOODS: Final[Mapping[Fulfilment, str | None]] = {
    Fulfilment.NOT_APPLICABLE: None,
    Fulfilment.READY_TO_SHIP: "Ready to Ship",
    Fulfilment.SHIPPED: "Shipped",
}
"""S0: the statuses of an invoice are those of its goods (S0-38)."""


def display(state: State) -> Display:
    """Return what each system calls `state`; defined for every combination of the enumerations."""
    return Display(
        b3networks=b3networks(state),
        comergent=comergent(state),
        resellerclub=resellerclub(state),
        sangoma=sangoma(state),
    )


def b3networks(state: State) -> str | None:
    """Return the word of S1 and S2.

    What hangs on a request that is not executed is not provisioned yet (X-03), so it is called what
    a proforma is. What open credit, memos, a discount or bad debt closed is paid by credit; where
    money had a part in it, it is paid.
    """
    match state.lifecycle:
        case Lifecycle.DRAFT:
            return "Draft"
        case Lifecycle.SENT:
            return TOP_UP if state.kind is InvoiceKind.TOPUP else OFFERED[state.settlement]
        case Lifecycle.ISSUED:
            if state.kind is InvoiceKind.REQUEST and state.execution in _UNDONE:
                return OFFERED[state.settlement]
            if state.settlement is Settlement.SETTLED and state.closure in WITHOUT_MONEY:
                return BY_CREDIT
            return PROVISIONED[state.settlement]
        case Lifecycle.VOIDED:
            return "Void"
    return None


def comergent(state: State) -> str | None:
    """Return the word of S3: the status derived by Table 5, while the invoice has one."""
    alive = state.lifecycle in (Lifecycle.SENT, Lifecycle.ISSUED)
    return state.status.value if alive else None


def resellerclub(state: State) -> str | None:
    """Return the word of S4: how much is pending, or how it was cancelled."""
    if state.lifecycle is Lifecycle.CANCELLED:
        return CANCELLED_BY[Closure.CANCELLED]
    if state.lifecycle is not Lifecycle.ISSUED:
        return None
    word = PENDING[state.settlement]
    return CANCELLED_BY.get(state.closure, word) if word == "balanced" else word


def sangoma(state: State) -> str | None:
    """Return the word of S0: where the goods are."""
    return GOODS[state.fulfilment] if state.lifecycle is Lifecycle.ISSUED else None


_UNDONE = (Execution.PENDING, Execution.EXECUTING)
