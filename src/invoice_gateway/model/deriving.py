"""What is derived from an invoice whenever it changes: its published tuple, and when it wakes."""

from typing import TYPE_CHECKING

from . import collection
from .detail import PLAIN
from .evolve import evolve
from .invoice import CANCELLED, Invoice, Lifecycle, derive

if TYPE_CHECKING:
    from .draft import Draft


def derived(draft: "Draft", invoice: Invoice) -> Invoice:
    """Return `invoice` with its published tuple, and when it wakes next; the same if it has them.

    What nothing happens to any more keeps the tuple it had; what was cancelled keeps its status.
    """
    policy = draft.context.policy
    new = invoice.derived
    lifecycle = invoice.lifecycle
    if lifecycle is Lifecycle.ISSUED or lifecycle is Lifecycle.SENT:
        new = derive(invoice, dispute_wins=policy.enterprise_dispute_overrides_paid)
    elif lifecycle is Lifecycle.CANCELLED:
        new = CANCELLED._replace(status=new.status)
    if invoice.detail is not PLAIN:
        before = draft.known(Invoice, invoice.key)
        invoice = collection.reopened(before, invoice, draft.context.today)
    wake_at = collection.wake_at(invoice, policy)
    if new == invoice.derived and wake_at == invoice.wake_at:
        return invoice
    return evolve(invoice, derived=new, wake_at=wake_at)
