"""What the gateway tells about money in two currencies."""

from dataclasses import dataclass

from .event import Event
from .keys import InvoiceKey
from .money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class ForexRecorded(Event):
    """An allocation made a gain (positive) or loss; when it is removed, the opposite."""

    name = "forex.recorded"
    aggregate = "allocation"
    allocation_id: str
    customer: str
    source_type: str
    source_reference: str
    invoice: InvoiceKey
    source_carry: Money
    carry: Money
    gain: Money
