"""AllocationCommand: what pays what, taking it back, and switching the automatic run."""

from dataclasses import dataclass, replace
from typing import assert_never

from invoice_gateway.handler import (
    Account,
    Book,
    Code,
    Context,
    Decision,
    Document,
    Draft,
    Handler,
    Invoice,
    InvoiceKey,
    InvoiceKind,
    Mode,
    Money,
    Pair,
    Part,
    Reach,
    Rejected,
    Role,
    Scope,
    Source,
    SourceKey,
    SourceType,
    allocations,
    rate_at,
    shown,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocate:
    """Put `amount` of a source on an invoice, by the given parts or by waterfall."""

    source: SourceKey
    invoice: InvoiceKey
    amount: Money
    parts: tuple[tuple[str, Money], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Remove:
    """Take what a source pays on an invoice off it: one allocation, or all of them."""

    source: SourceKey
    invoice: InvoiceKey
    allocation_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAuto:
    """Switch the automatic run for the account, an invoice, or a pair of source and invoice.

    A source without an invoice clears all its blocked pairs and releases what it holds (A-04,
    A-06).
    """

    on: bool
    invoice: InvoiceKey | None
    source: SourceKey | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocationCommand:
    """A command about one customer's money."""

    customer: str
    command: Allocate | Remove | SetAuto


def read(document: Document) -> AllocationCommand:
    """Read a command.

    Raises:
        Rejected: `amount-not-positive`.
    """
    customer = document.text("Customer")
    command: Allocate | Remove | SetAuto
    if allocate := document.all("Allocate"):
        command = _read_allocate(allocate[0], customer)
    elif remove := document.all("Remove"):
        command = Remove(
            source=_read_source(remove[0], "Source", customer),
            invoice=remove[0].invoice("Invoice"),
            allocation_id=remove[0].maybe("AllocationId"),
        )
    else:
        [auto] = document.all("SetAuto")
        pair = auto.all("Pair")
        command = SetAuto(
            on=auto.text("Auto") == "on",
            invoice=(pair[0] if pair else auto).maybe_invoice("Invoice"),
            source=_read_source(pair[0], "Source", customer) if pair else None,
        )
    return AllocationCommand(customer=customer, command=command)


def _read_source(document: Document, path: str, customer: str) -> SourceKey:
    return SourceKey(customer, document.text(f"{path}/@type"), document.text(path))


def _read_allocate(document: Document, customer: str) -> Allocate:
    amount = document.money("Amount")
    if amount.minor <= 0:
        raise Rejected(Code.AMOUNT_NOT_POSITIVE, "an allocation must be positive")
    return Allocate(
        source=_read_source(document, "Source", customer),
        invoice=document.invoice("Invoice"),
        amount=amount,
        parts=tuple(
            (part.text("LineNo"), part.money("Amount")) for part in document.all("Parts/Part")
        ),
    )


def scope(message: AllocationCommand, context: Context) -> Scope:
    """Ask for both ends, their allocations, and what the auto run may touch."""
    command = message.command
    return Scope(
        accounts=(message.customer,),
        sources=(command.source,) if command.source else (),
        invoices=(command.invoice,) if command.invoice else (),
        pairs=((command.source, command.invoice),) if command.source and command.invoice else (),
        allocations=isinstance(command, Remove),
        auto=True,
        money=0 if isinstance(command, Allocate) else None,
        rates=(rate_at(context.today),),
    )


def decide(message: AllocationCommand, book: Book, context: Context) -> Decision:
    """Carry out the command, then let idle money pay what is open."""
    draft = Draft(book, context)
    account = draft.account(message.customer)
    command = message.command
    match command:
        case Allocate():
            _allocate(draft, command)
        case Remove():
            _remove(draft, command)
        case SetAuto():
            _set_auto(draft, account, command)
        case _:
            assert_never(command)
    allocations.auto_run(draft, message.customer)
    return draft.decision()


def _own_invoice(draft: Draft, key: InvoiceKey, customer: str) -> Invoice:
    """Return the invoice after checking that it is billed to `customer` (A-01)."""
    invoice = draft.invoice(key)
    if invoice.account != customer:
        raise Rejected(Code.FORBIDDEN, f"{key} is not billed to {customer}")
    return invoice


def _allocate(draft: Draft, command: Allocate) -> None:
    source = draft.source(command.source)
    invoice = _own_invoice(draft, command.invoice, source.account)
    allocations.must_take_money(invoice)
    if invoice.kind is InvoiceKind.TOPUP and source.key.type == SourceType.WALLET:
        raise Rejected(Code.BAD_TRANSITION, f"a wallet cannot top itself up ({invoice.key}, X-09)")
    for money in (command.amount, *(part for _, part in command.parts)):
        if not money.currency == source.currency == invoice.currency:
            raise Rejected(
                Code.CURRENCY_MISMATCH,
                f"amount in {money.currency}, source in {source.currency}, "
                f"invoice in {invoice.currency} (T-07)",
            )
    amount = command.amount.minor
    if amount > source.remaining:
        raise Rejected(
            Code.EXCEEDS_SOURCE,
            f"{source.key.type} {source.key.reference!r} has "
            f"{shown(source.remaining, source.currency)} left, "
            f"not {shown(amount, source.currency)}",
        )
    if amount > invoice.allocatable:
        raise Rejected(
            Code.EXCEEDS_PENDING,
            f"{invoice.key} has {shown(invoice.allocatable, invoice.currency)} pending, "
            f"not {shown(amount, invoice.currency)}",
        )
    if command.parts:
        given = [Part(line_no, money.minor) for line_no, money in command.parts]
        parts = allocations.explicit(invoice, amount, given)
    else:
        parts = allocations.waterfall(invoice.lines, amount, disputed=True)
    allocations.post(draft, source, invoice, parts, Mode.MANUAL)
    pair = draft.get(Pair, (source.key, invoice.key))
    if pair is not None and pair.blocked:
        draft.put(replace(pair, blocked=False))


def _remove(draft: Draft, command: Remove) -> None:
    source = draft.source(command.source)
    invoice = _own_invoice(draft, command.invoice, source.account)
    allocations.must_take_money(invoice)
    found = [
        each
        for each in allocations.posted(draft, source.key)
        if each.invoice == invoice.key and command.allocation_id in (None, each.id)
    ]
    if not found:
        raise Rejected(
            Code.NOTHING_ALLOCATED,
            f"{source.key.type} {source.key.reference!r} pays nothing on {invoice.key}"
            + (f" under {command.allocation_id!r}" if command.allocation_id else ""),
        )
    for allocation in found:
        allocations.remove(draft, allocation, "removed")
    draft.put(Pair(source=source.key, invoice=invoice.key))


def _set_auto(draft: Draft, account: Account, command: SetAuto) -> None:
    if command.source is None and command.invoice is None:
        draft.put(replace(account, auto_allocate=command.on))
    elif command.source is None:
        assert command.invoice is not None
        invoice = _own_invoice(draft, command.invoice, account.party)
        draft.put(replace(invoice, auto_allocate=command.on))
    elif command.invoice is not None:
        source = draft.source(command.source)
        invoice = _own_invoice(draft, command.invoice, account.party)
        draft.put(Pair(source=source.key, invoice=invoice.key, blocked=not command.on))
    elif command.on:
        _release(draft, draft.source(command.source))
    else:
        raise Rejected(
            Code.BAD_TRANSITION, "Auto=off for a source needs the invoice to keep it from"
        )


def _release(draft: Draft, source: Source) -> None:
    """Let the auto run use everything of `source` again."""
    intents = tuple(each._replace(waiting=False) for each in source.intents)
    draft.put(replace(source, intents=intents))
    for pair in draft.of(Pair, source.account):
        if pair.source == source.key and pair.blocked:
            draft.put(replace(pair, blocked=False))


HANDLER = Handler(
    message="AllocationCommand",
    rights={
        Role.FINANCIALS: Reach.ANY,
        Role.PARTNER: Reach.BENEATH,
        Role.RESELLER: Reach.BENEATH,
        Role.OWNER: Reach.OWN,
    },
    read=read,
    scope=scope,
    decide=decide,
)
