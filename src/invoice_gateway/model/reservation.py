"""Money put aside for an offer until the provisioning system has answered (A-08).

A reservation is an allocation that does not count yet: it is posted when all was executed, and
removed when it was not. Meanwhile neither the money nor what it is for can be allocated otherwise.
"""

from collections.abc import Sequence

from . import allocation as allocations
from .allocation import source_order
from .draft import Draft
from .errors import Code, Rejected
from .evolve import evolve
from .invoice import Invoice
from .ledger import Allocation, AllocationState, Mode, Part, Source
from .money import shown


def cover(draft: Draft, invoice: Invoice) -> Invoice:
    """Reserve money of the customer for all that is open on `invoice`; return it as it is then.

    Money that is meant for this invoice goes first, then payments, open credits and wallet lots, as
    in the auto run (A-03). Disputed lines come last. Blocked pairs do not count: a person asks.

    Raises:
        Rejected: `no-credit-for-provision`; nothing is reserved then (S1-27).
    """
    gap = invoice.allocatable
    known = draft.open(Source, invoice.account) if gap else []
    sources = [each for each in known if each.currency == invoice.currency]
    has = sum(usable(each, invoice) for each in sources)
    if has < gap:
        raise Rejected(
            Code.NO_CREDIT_FOR_PROVISION,
            f"{shown(gap, invoice.currency)} are open on {invoice.key}, "
            f"the customer has {shown(has, invoice.currency)} to pay them with",
        )
    for source in sorted(sources, key=lambda each: (not _meant(each, invoice), source_order(each))):
        amount = min(usable(source, invoice), invoice.allocatable)
        if amount:
            invoice = reserve(draft, source, invoice, _parts(draft, invoice, amount))
    return invoice


def usable(source: Source, invoice: Invoice) -> int:
    """Return what of `source` may pay `invoice`: all that is not held for something else (A-04)."""
    if source.held_for is not None:
        return source.remaining if source.held_for == invoice.order_ref else 0
    others = [
        each.amount for each in source.intents if each.waiting and each.invoice != invoice.key
    ]
    if None in others and not _meant(source, invoice):
        return 0
    return max(source.remaining - sum(amount or 0 for amount in others), 0)


def _meant(source: Source, invoice: Invoice) -> bool:
    return any(each.waiting and each.invoice == invoice.key for each in source.intents)


def _parts(draft: Draft, invoice: Invoice, amount: int) -> tuple[Part, ...]:
    """Return `amount` laid over what is neither settled nor reserved of the lines (A-02)."""
    for reserved in reservations(draft, invoice):
        source = draft.get(Source, reserved.source)
        assert source is not None
        invoice = allocations.settle(invoice, source, reserved.parts, 1)
    return allocations.waterfall(invoice.lines, amount, disputed=True)


def reserve(draft: Draft, source: Source, invoice: Invoice, parts: Sequence[Part]) -> Invoice:
    """Put money aside for the lines of `invoice`; return it as it is then."""
    amount = sum(part.amount for part in parts)
    assert 0 < amount <= min(source.remaining, invoice.allocatable)
    number = source.allocations + 1
    draft.put(
        Allocation(
            source=source.key,
            number=number,
            invoice=invoice.key,
            currency=invoice.currency,
            amount=amount,
            parts=tuple(parts),
            mode=Mode.PROVISION,
            posted_on=draft.context.today,
            state=AllocationState.RESERVED,
            cause=draft.context.cause,
        )
    )
    draft.put(evolve(source, reserved=source.reserved + amount, allocations=number))
    invoice = evolve(invoice, reserved=invoice.reserved + amount)
    draft.put(invoice)
    return invoice


def reservations(draft: Draft, invoice: Invoice) -> list[Allocation]:
    """Return what is reserved for `invoice`, in the order of account, source and number."""
    found = [
        each
        for each in draft.of(Allocation, invoice.account)
        if each.invoice == invoice.key and each.state is AllocationState.RESERVED
    ]
    return sorted(found, key=lambda each: each.key)


def post(draft: Draft, reserved: Allocation) -> None:
    """Let reserved money count: from now on it is an allocation like any other."""
    source, invoice = _let_go(draft, reserved)
    allocations.book(draft, evolve(reserved, state=AllocationState.POSTED), source, invoice)


def release(draft: Draft, reserved: Allocation, reason: str) -> None:
    """Give reserved money back: its source and its invoice are as before."""
    source, invoice = _let_go(draft, reserved)
    draft.put(source)
    draft.put(invoice)
    draft.put(
        evolve(
            reserved,
            state=AllocationState.REMOVED,
            removed_reason=reason,
            removed_on=draft.context.today,
            removed_by=draft.context.cause,
        )
    )


def _let_go(draft: Draft, reserved: Allocation) -> tuple[Source, Invoice]:
    """Return both ends of a reservation without it."""
    assert reserved.state is AllocationState.RESERVED
    source, invoice = draft.get(Source, reserved.source), draft.get(Invoice, reserved.invoice)
    assert source is not None
    assert invoice is not None
    return (
        evolve(source, reserved=source.reserved - reserved.amount),
        evolve(invoice, reserved=invoice.reserved - reserved.amount),
    )
