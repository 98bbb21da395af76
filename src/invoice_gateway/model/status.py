"""Line-item status: two small automata, one per party, and what a dispute remembers.

Every legal move is a row in a table below; nothing else in the code base changes a status. Each
side owns its axis. While an axis is Disputed a *shadow* keeps the status to come back to, and
declarations made meanwhile move the shadow, so "disputed and paid" loses nothing. Outside a dispute
the shadow equals the status. A move without a row is illegal and changes nothing. Source: DOMAIN
§3.3, Appendix A.
"""

from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from typing import Final, NamedTuple

from .errors import IllegalMove


class Status(StrEnum):
    """What one side says about a line; PAID is the customer's word, RECEIVED the enterprise's."""

    NEW = "New"
    PAID = "Paid"
    RECEIVED = "Payment Received"
    DISPUTED = "Disputed"


class Side(StrEnum):
    """The two axes of a line, named after the party that owns them."""

    CUSTOMER = "customer"
    ENTERPRISE = "enterprise"


class Move(StrEnum):
    """What can happen to one axis."""

    DECLARE_PAID = "declare-paid"
    RETRACT_PAID = "retract-paid"
    CONFIRM_RECEIPT = "confirm-receipt"
    REVERSE_RECEIPT = "reverse-receipt"
    OPEN_DISPUTE = "open-dispute"
    JOIN_DISPUTE = "join-dispute"
    CLOSE_DISPUTE = "close-dispute"


class Shadow(NamedTuple):
    """A row's answer "the status stays Disputed, the shadow becomes `status`"."""

    status: Status


RESTORE: Final = "restore"
"""A row's answer "back to the shadow"."""

Row = Status | Shadow | str
Table = Mapping[Status, Mapping[Move, Row]]

CUSTOMER: Final[Table] = {
    Status.NEW: {
        Move.DECLARE_PAID: Status.PAID,
        Move.RETRACT_PAID: Status.NEW,
        Move.OPEN_DISPUTE: Status.DISPUTED,
        Move.JOIN_DISPUTE: Status.DISPUTED,
    },
    Status.PAID: {
        Move.DECLARE_PAID: Status.PAID,
        Move.RETRACT_PAID: Status.NEW,
        Move.OPEN_DISPUTE: Status.DISPUTED,
        Move.JOIN_DISPUTE: Status.DISPUTED,
    },
    Status.DISPUTED: {
        Move.DECLARE_PAID: Shadow(Status.PAID),
        Move.RETRACT_PAID: Shadow(Status.NEW),
        Move.CLOSE_DISPUTE: RESTORE,
    },
}

ENTERPRISE: Final[Table] = {
    Status.NEW: {
        Move.CONFIRM_RECEIPT: Status.RECEIVED,
        Move.REVERSE_RECEIPT: Status.NEW,
        Move.OPEN_DISPUTE: Status.DISPUTED,
        Move.JOIN_DISPUTE: Status.DISPUTED,
    },
    Status.RECEIVED: {
        Move.CONFIRM_RECEIPT: Status.RECEIVED,
        Move.REVERSE_RECEIPT: Status.NEW,
        Move.OPEN_DISPUTE: Status.DISPUTED,
        Move.JOIN_DISPUTE: Status.DISPUTED,
    },
    Status.DISPUTED: {
        Move.CONFIRM_RECEIPT: Shadow(Status.RECEIVED),
        Move.REVERSE_RECEIPT: Shadow(Status.NEW),
        Move.OPEN_DISPUTE: Status.DISPUTED,
        Move.JOIN_DISPUTE: Status.DISPUTED,
        Move.CLOSE_DISPUTE: RESTORE,
    },
}

TABLES: Final[Mapping[Side, Table]] = {Side.CUSTOMER: CUSTOMER, Side.ENTERPRISE: ENTERPRISE}


class Axis(NamedTuple):
    """One side's status of one line, with the status to come back to when a dispute closes."""

    status: Status = Status.NEW
    shadow: Status = Status.NEW

    def after(self, side: Side, move: Move) -> "Axis":
        """Return the axis that `move` leads to; a no-op returns an equal axis.

        Raises:
            IllegalMove: the table of `side` has no row for `move` in this status.
        """
        return _after(self, side, move)


@cache
def _after(axis: Axis, side: Side, move: Move) -> Axis:
    try:
        row = TABLES[side][axis.status][move]
    except KeyError:
        raise IllegalMove(f"{side}: no {move} from {axis.status}") from None
    if isinstance(row, Status):
        if row is Status.DISPUTED:
            return Axis(row, axis.shadow if axis.status is Status.DISPUTED else axis.status)
        return Axis(row, row)
    if isinstance(row, Shadow):
        return Axis(axis.status, row.status)
    return Axis(axis.shadow, axis.shadow)


NEW_AXIS: Final = Axis()
