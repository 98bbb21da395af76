"""Issuing what was offered: from here on it has a number, cannot change, and only credits help."""

import json
from datetime import timedelta

from .detail import Execution
from .draft import Draft
from .evolve import evolve
from .invoice import Invoice, Lifecycle
from .ledger import Account
from .offer import Offer, named


def issue(draft: Draft, invoice: Invoice) -> Invoice:
    """Issue a Sent invoice and announce it; return it as issued.

    It takes a number of the series of its billed party (S4-02), its snapshot is written, its issue
    date is the day it counts from. Its due date stays as sent, unless due days count from here
    (S1-33, policy `due_from`).
    """
    account = draft.get(Account, invoice.account)
    offer = draft.get(Offer, named(invoice.key))
    assert account is not None
    assert offer is not None
    today, due = draft.context.today, invoice.due_date
    if draft.context.policy.due_from == "provisioning":
        due = today + timedelta(days=invoice.detail.due_days or 0)
    issued = evolve(
        invoice,
        lifecycle=Lifecycle.ISSUED,
        issue_date=today,
        due_date=due,
        detail=evolve(
            invoice.detail,
            execution=Execution.EXECUTED,
            reserved_until=None,
            series=account.party_class,
        ),
        snapshot=snapshot(offer, account),
    )
    draft.issue(issued)
    fresh = draft.get(Invoice, invoice.key)
    assert fresh is not None
    draft.put(fresh)
    return fresh


def snapshot(offer: Offer, account: Account) -> str:
    """Return what is printed, as JSON: seller, buyer and taxes as offered (§3.15).

    Without a buyer on the offer, the buyer is the account as it is now (S4-12).
    """
    blocks = json.loads(offer.blocks)
    if "Buyer" not in blocks:
        said = [["Name", account.name]]
        said += [["AddressLine", each] for each in account.address.splitlines()]
        said += [["TaxId", each] for each in account.tax_ids.split()]
        blocks["Buyer"] = said
    blocks["Groups"] = [[line.line_no, line.group] for line in offer.lines if line.group]
    return json.dumps(blocks, ensure_ascii=False, separators=(",", ":"))
