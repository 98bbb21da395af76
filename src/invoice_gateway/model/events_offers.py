"""What the gateway tells about offers (proformas, top-ups), provisioning, and wallets."""

from dataclasses import dataclass
from datetime import date

from .blocks import LineBlock, StatusBlock, TotalsBlock
from .blocks_offers import FaultBlock, OfferedBlock
from .event import Event
from .keys import InvoiceKey
from .money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceDrafted(Event):
    """An offer was written down; the customer has not got it yet."""

    name = "invoice.drafted"
    aggregate = "invoice"
    invoice: InvoiceKey
    customer: str
    kind: str
    title: str
    recipient: str
    due_days: int
    order_reference: str | None
    copy_of: InvoiceKey | None
    amount: Money
    offered: tuple[OfferedBlock, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceEdited(Event):
    """An offer has a new edition; what it said before no longer counts."""

    name = "invoice.edited"
    aggregate = "invoice"
    invoice: InvoiceKey
    customer: str
    edition: int
    title: str
    recipient: str
    due_days: int
    due_date: date
    amount: Money
    offered: tuple[OfferedBlock, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceSent(Event):
    """An offer goes to the customer, or went there by other means."""

    name = "invoice.sent"
    aggregate = "invoice"
    invoice: InvoiceKey
    customer: str
    kind: str
    means: str
    title: str
    recipient: str
    due_date: date
    state: StatusBlock
    totals: TotalsBlock
    line: tuple[LineBlock, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceVoided(Event):
    """An offer was taken back after it had been sent."""

    name = "invoice.voided"
    aggregate = "invoice"
    invoice: InvoiceKey
    customer: str
    reason_text: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceDeleted(Event):
    """A draft was thrown away."""

    name = "invoice.deleted"
    aggregate = "invoice"
    invoice: InvoiceKey
    customer: str
    reason_text: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvisionRejected(Event):
    """An offer cannot be provisioned: before anybody was asked, or after the system has failed.

    Every attempt is counted as a thing of its own: the offer is as it was before.
    """

    name = "provision.rejected"
    aggregate = "provision"
    invoice: InvoiceKey
    customer: str
    stage: str
    reason_text: str | None
    item: tuple[FaultBlock, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskManualRequired(Event):
    """Something that no system does is left to do after provisioning."""

    name = "task.manual-required"
    aggregate = "invoice"
    invoice: InvoiceKey
    customer: str
    request: str | None
    line_no: str | None
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WalletCredited(Event):
    """A wallet has a new lot: a payment was put on a top-up invoice."""

    name = "wallet.credited"
    aggregate = "source"
    customer: str
    reference: str
    invoice: InvoiceKey
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class WalletDebited(Event):
    """Money left a wallet other than to an invoice."""

    name = "wallet.debited"
    aggregate = "source"
    customer: str
    reference: str
    reversal_id: str
    purpose: str
    amount: Money
    remaining: Money
