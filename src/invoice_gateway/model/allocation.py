"""Money of a source meets an invoice: posting, removing, and the automatic run (A-01…A-11).

Sources and invoices meet only in allocations, down to the line. The automatic run pays the oldest
invoice first and never a disputed part; manual allocations and references may pay anything open.
"""

from collections.abc import Sequence
from datetime import date
from operator import attrgetter

from . import offer_issue, valuation, wallet
from .blocks import PartBlock
from .draft import Draft
from .errors import Code, Rejected
from .events import (
    AllocationPosted,
    AllocationRemoved,
    CreditConsumed,
    PaymentUnallocated,
)
from .evolve import changer, evolve
from .invoice import OFFERED, Invoice, InvoiceKind, Lifecycle, Line
from .keys import InvoiceKey, SourceKey
from .ledger import (
    Account,
    Allocation,
    AllocationState,
    Mode,
    Pair,
    Part,
    Source,
    SourceType,
)
from .money import Money, shown


def waterfall(lines: Sequence[Line], amount: int, *, disputed: bool) -> tuple[Part, ...]:
    """Return `amount` laid over `lines`, one after the other, undisputed lines first (A-02).

    Args:
        lines: In document order, which also breaks ties.
        amount: Minor units, positive.
        disputed: Whether the disputed part of a line may be paid (D-08: never by the auto run).

    Returns:
        Positive parts that add up to `amount`, or to less when the lines ask for less.
    """
    contested = [line for line in lines if line.disputed > 0]
    clear = [line for line in lines if line.disputed <= 0] if contested else lines
    parts = []
    for line in (*clear, *contested):
        if amount <= 0:
            break
        room = line.open if disputed or line.disputed <= 0 else line.open - line.disputed_open
        if room > 0:
            part = min(room, amount)
            parts.append(Part(line.line_no, part))
            amount -= part
    return tuple(parts)


def payable(invoice: Invoice) -> int:
    """Return what the auto run may put on `invoice`: what is pending and not disputed.

    Nothing on an offer (X-08), on what was withdrawn, and on a top-up (X-09).
    """
    if invoice.lifecycle is not Lifecycle.ISSUED or invoice.kind is InvoiceKind.TOPUP:
        return 0
    return invoice.pending - invoice.reserved - invoice.disputed_amount


def must_take_money(invoice: Invoice) -> None:
    """Refuse to move money on anything but a Sent or Issued invoice (A-01).

    While the provisioning system is asked, nothing moves either (§3.2).

    Raises:
        Rejected: `bad-transition`.
    """
    if not invoice.alive:
        raise Rejected(
            Code.BAD_TRANSITION,
            f"{invoice.key} is {invoice.lifecycle}: money needs a Sent or Issued invoice",
        )
    if invoice.provisioning:
        raise Rejected(
            Code.BAD_TRANSITION,
            f"{invoice.key} is being provisioned: nothing moves until that is answered",
        )


def explicit(invoice: Invoice, amount: int, parts: Sequence[Part]) -> tuple[Part, ...]:
    """Return the sender's own `parts` after checking them (A-02).

    Raises:
        Rejected: `unknown-line`, `amount-not-positive`, `exceeds-line` or `parts-mismatch`.
    """
    by_number = {line.line_no: line for line in invoice.lines}
    for part in parts:
        line = by_number.get(part.line_no)
        if line is None:
            raise Rejected(Code.UNKNOWN_LINE, f"{invoice.key} has no line {part.line_no!r}")
        if part.amount <= 0:
            raise Rejected(
                Code.AMOUNT_NOT_POSITIVE, f"the part for line {part.line_no} is not positive"
            )
        if part.amount > line.open:
            raise Rejected(
                Code.EXCEEDS_LINE,
                f"line {part.line_no} has {shown(line.open, invoice.currency)} open, "
                f"the part is {shown(part.amount, invoice.currency)}",
            )
    total = sum(part.amount for part in parts)
    if total != amount:
        raise Rejected(
            Code.PARTS_MISMATCH,
            f"the parts add up to {shown(total, invoice.currency)}, "
            f"the amount is {shown(amount, invoice.currency)}",
        )
    return tuple(parts)


def post(
    draft: Draft, source: Source, invoice: Invoice, parts: Sequence[Part], mode: Mode
) -> tuple[Source, Invoice]:
    """Put money of `source` on the lines of `invoice`; return both as they are afterwards.

    The caller has checked A-01: parts are positive and neither end is overdrawn.
    """
    if invoice.kind is InvoiceKind.TOPUP and invoice.lifecycle is Lifecycle.SENT:
        invoice = offer_issue.issue(draft, invoice)  # the first allocation provisions it (S2-03)
    allocation = Allocation(
        source=source.key,
        number=source.allocations + 1,
        invoice=invoice.key,
        currency=invoice.currency,
        amount=sum([part.amount for part in parts]),
        parts=tuple(parts),
        mode=mode,
        posted_on=draft.context.today,
        cause=draft.context.cause,
    )
    source, invoice = book(draft, allocation, source, invoice)
    if invoice.kind is InvoiceKind.TOPUP:
        wallet.credit(draft, invoice, allocation)
    return source, invoice


def book(
    draft: Draft, allocation: Allocation, source: Source, invoice: Invoice
) -> tuple[Source, Invoice]:
    """Let a posted `allocation` take effect on both its ends; return them as they are afterwards.

    Its amount is neither allocated nor reserved on the ends as they are given. What it relieves of
    them in the accounting currency is worked out here.
    """
    amount = allocation.amount
    assert 0 < amount <= source.remaining
    assert amount <= invoice.allocatable
    valued = source.carry is not None or invoice.carry is not None
    if valued:
        source, invoice, source_carry, carry = valuation.allocated(source, invoice, amount)
        allocation = evolve(allocation, source_carry=source_carry, carry=carry)
    count = max(source.allocations, allocation.number)
    source = evolve(source, allocated=source.allocated + amount, allocations=count)
    invoice = settle(invoice, source, allocation.parts, 1)
    draft.put(allocation)
    draft.put(source)
    draft.put(invoice)
    draft.announce(_posted(allocation), allocation)
    if valued:
        valuation.record(draft, allocation, source, invoice)
    if source.key.type == SourceType.OPEN_CREDIT and source.remaining == 0:
        consumed = CreditConsumed(
            customer=source.account,
            reference=source.key.reference,
            amount=Money(source.amount, source.currency),
        )
        draft.announce(consumed, source)
    return source, invoice


_settle = changer(Line, "settled")


def settle(invoice: Invoice, source: Source, parts: Sequence[Part], sign: int) -> Invoice:
    """Return `invoice` with `parts` added to (sign 1) or taken off (sign -1) what is settled."""
    by_line = {part.line_no: sign * part.amount for part in parts}
    lines = [
        _settle(line, line.settled + by_line[line.line_no]) if line.line_no in by_line else line
        for line in invoice.lines
    ]
    amount = sum(by_line.values())
    by_credit = amount if source.key.type == SourceType.OPEN_CREDIT else 0
    return evolve(
        invoice,
        lines=tuple(lines),
        settled=invoice.settled + amount,
        settled_by_credit=invoice.settled_by_credit + by_credit,
    )


def remove(draft: Draft, allocation: Allocation, reason: str) -> None:
    """Take `allocation` off its invoice; source and lines are as if it had never been (A-05).

    Raises:
        Rejected: `funds-spent`: it topped up a wallet, and some of that is spent (S2-05).
    """
    wallet.must_be_unspent(draft, allocation)
    take_back(draft, allocation, reason)


def take_back(draft: Draft, allocation: Allocation, reason: str) -> int:
    """Take `allocation` off as the bank does, which asks nobody (A-10).

    Returns:
        What of it had been spent from a wallet, in minor units; the wallet keeps nothing of it.
    """
    assert allocation.state is AllocationState.POSTED
    source = draft.get(Source, allocation.source)
    invoice = draft.get(Invoice, allocation.invoice)
    assert source is not None
    assert invoice is not None
    removed = evolve(
        allocation,
        state=AllocationState.REMOVED,
        removed_reason=reason,
        removed_on=draft.context.today,
        removed_by=draft.context.cause,
    )
    draft.put(removed)
    source, invoice = valuation.removed(source, invoice, allocation)
    draft.put(evolve(source, allocated=source.allocated - allocation.amount))
    draft.put(settle(invoice, source, allocation.parts, -1))
    event = AllocationRemoved(
        allocation_id=allocation.id,
        customer=source.account,
        source_type=source.key.type,
        source_reference=source.key.reference,
        invoice=invoice.key,
        amount=Money(allocation.amount, allocation.currency),
        reason=reason,
    )
    draft.announce(event, removed)
    valuation.record(draft, removed, source, invoice, -1)
    return wallet.withdraw(draft, allocation) if invoice.kind is InvoiceKind.TOPUP else 0


def posted(draft: Draft, source: SourceKey) -> list[Allocation]:
    """Return the posted allocations of `source`, newest first."""
    return [each for each in standing(draft, source) if each.state is AllocationState.POSTED]


def standing(draft: Draft, source: SourceKey) -> list[Allocation]:
    """Return the posted and reserved allocations of `source`, newest first."""
    found = [
        each
        for each in draft.of(Allocation, source.account)
        if each.source == source and each.state is not AllocationState.REMOVED
    ]
    return sorted(found, key=lambda each: -each.number)


def auto_run(draft: Draft, party: str) -> None:
    """Let idle money of an account pay its invoices, oldest first, undisputed parts only (A-03).

    Invoices by (issue date, number); sources: payments by value date, then open credits by date,
    then wallet lots by date; ties by reference. Same state, same result; a second run changes
    nothing (I-23).
    """
    account = draft.get(Account, party)
    if account is None or not account.auto_allocate:
        return
    idle = [each for each in draft.open(Source, party) if each.free > 0]
    if not idle:
        return
    sources = sorted(idle, key=source_order)
    blocked = {pair.key for pair in draft.open(Pair, party)}
    for invoice in sorted(draft.open(Invoice, party), key=attrgetter("issue_date", "key")):
        if _takes_auto(invoice):
            _pay_automatically(draft, invoice, sources, blocked)
            if not any(source.free for source in sources):
                return


def _takes_auto(invoice: Invoice) -> bool:
    return invoice.auto_allocate and payable(invoice) > 0


_FIRST = {SourceType.PAYMENT: 0, SourceType.OPEN_CREDIT: 1, SourceType.WALLET: 2}


def source_order(source: Source) -> tuple[int, date, str]:
    """Return what sorts money into the order in which it is spent (A-03)."""
    return (_FIRST[SourceType(source.key.type)], source.value_date, source.key.reference)


def _pay_automatically(
    draft: Draft,
    invoice: Invoice,
    sources: list[Source],
    blocked: set[tuple[SourceKey, InvoiceKey]],
) -> None:
    """Pay one invoice from `sources`, which is kept up to date in place."""
    for at, source in enumerate(sources):
        amount = min(source.free, payable(invoice))
        if (
            amount <= 0
            or source.currency != invoice.currency
            or (source.key, invoice.key) in blocked
        ):
            continue
        parts = waterfall(invoice.lines, amount, disputed=False)
        sources[at], invoice = post(draft, source, invoice, parts, Mode.AUTO)


def apply_intents(draft: Draft, source: Source) -> None:
    """Let a payment pay the invoices it names, as far as they are there (P-05, A-04).

    It pays up to the amount named, or up to the invoice's pending; what is named but not there yet
    stays held, and the surplus is free for the auto run. An offer is not there yet (X-08), except
    for a top-up that was sent; what was withdrawn is waited for no longer.
    """
    for at, intent in enumerate(source.intents):
        invoice = draft.get(Invoice, intent.invoice)
        if not intent.waiting or invoice is None or invoice.account != source.account:
            continue
        if invoice.lifecycle in OFFERED and not _takes_reference(invoice):
            continue
        others = sum(
            other.amount or 0
            for place, other in enumerate(source.intents)
            if place != at and other.waiting
        )
        room = invoice.allocatable if invoice.alive else 0
        wish = room if intent.amount is None else intent.amount
        amount = min(wish, room, max(source.remaining - others, 0))
        if invoice.currency != source.currency:
            amount = 0  # it can never pay this one (T-07): wait no longer
        intents = (
            *source.intents[:at],
            intent._replace(waiting=False),
            *source.intents[at + 1 :],
        )
        source = evolve(source, intents=intents)
        draft.put(source)
        if amount > 0:
            parts = waterfall(invoice.lines, amount, disputed=True)
            source, _ = post(draft, source, invoice, parts, Mode.REFERENCE)


def _takes_reference(invoice: Invoice) -> bool:
    return invoice.kind is InvoiceKind.TOPUP and invoice.lifecycle is Lifecycle.SENT


def welcome(draft: Draft, invoice: Invoice) -> None:
    """Give a new invoice the money that was waiting for it, oldest value date first (P-05).

    Money that waited for one that was withdrawn waits no longer.
    """
    waiting = [
        source
        for source in draft.open(Source, invoice.account)
        if any(each.waiting and each.invoice == invoice.key for each in source.intents)
    ]
    for source in sorted(waiting, key=source_order):
        apply_intents(draft, source)


def report_unallocated(draft: Draft, key: SourceKey) -> None:
    """Announce what of a payment found no invoice, and which ones it waits for (A-07)."""
    source = draft.get(Source, key)
    if source is None or source.remaining == 0:
        return
    event = PaymentUnallocated(
        payer=source.account,
        payment_id=source.key.reference,
        remaining=Money(source.remaining, source.currency),
        held=Money(source.held, source.currency),
        waits_for=tuple(each.invoice for each in source.intents if each.waiting),
        order_reference=source.held_for,
    )
    draft.announce(event, source)


def _posted(allocation: Allocation) -> AllocationPosted:
    currency = allocation.currency
    return AllocationPosted(
        allocation_id=allocation.id,
        customer=allocation.account,
        source_type=allocation.source.type,
        source_reference=allocation.source.reference,
        invoice=allocation.invoice,
        amount=Money(allocation.amount, currency),
        mode=allocation.mode,
        part=tuple(
            [PartBlock(each.line_no, Money(each.amount, currency)) for each in allocation.parts]
        ),
    )
