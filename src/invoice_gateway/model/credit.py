"""The credit check: what an account owes against its limit, for orders on terms (DOMAIN §3.9)."""

from . import collection
from .decision import Context
from .draft import Draft
from .evolve import evolve
from .invoice import Invoice, Lifecycle
from .order import Standing


def review(draft: Draft) -> None:
    """Keep the standing of the accounts up to date with the invoices that changed."""
    for key in draft.dirty:
        now = draft.get(Invoice, key)
        assert now is not None
        standing = draft.get(Standing, now.account)
        if standing is None:
            continue
        before = draft.known(Invoice, key)
        owed, late = _counted(now, draft.context)
        was_owed, was_late = _counted(before, draft.context) if before else (0, 0)
        change = {"exposure": owed - was_owed, "past_due": late - was_late}
        if any(change.values()):
            new = {name: getattr(standing, name) + value for name, value in change.items()}
            draft.replace(evolve(standing, **new))


def _counted(invoice: Invoice, context: Context) -> tuple[int, int]:
    """Return what an invoice adds to exposure and to past due."""
    if invoice.lifecycle is not Lifecycle.ISSUED or collection.waits_for_request(invoice):
        return 0, 0
    late = invoice.pending > 0 and invoice.due_date < context.recorded_on
    return invoice.pending, int(late)
