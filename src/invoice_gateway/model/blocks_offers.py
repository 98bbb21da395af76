"""The blocks that events about offers share: lines offered, and items that are at fault."""

from dataclasses import dataclass

from .money import Money


@dataclass(frozen=True, slots=True)
class OfferedBlock:
    """A line of an offer."""

    line_no: str
    description: str
    group: str | None
    amount: Money


@dataclass(frozen=True, slots=True)
class FaultBlock:
    """Why an item was not provisioned, and what to do about it."""

    line_no: str
    code: str
    message: str | None
    suggestion: str | None
