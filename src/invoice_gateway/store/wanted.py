"""What a batch wants loaded: the union of its scopes, sorted by how the tables are asked."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from invoice_gateway.model.decision import Scope
from invoice_gateway.model.keys import InvoiceKey, SourceKey

Owners = Mapping[tuple[str, object], str]
"""The account that owns an invoice, dispute or memo, by ("invoice" | "dispute" | "memo", key)."""


KINDS_OF_KEYS = (
    "accounts",
    "invoices",
    "disputes",
    "sources",
    "bank_references",
    "end_to_end_ids",
    "memos",
    "notices",
    "reversals",
    "pairs",
)


@dataclass(slots=True, kw_only=True)
class Wanted:
    """The union of scopes; `auto` maps an account to the money that may become free (None: any)."""

    accounts: dict[str, None] = field(default_factory=dict)
    invoices: dict[InvoiceKey, None] = field(default_factory=dict)
    disputes: dict[str, None] = field(default_factory=dict)
    sources: dict[SourceKey, None] = field(default_factory=dict)
    bank_references: dict[tuple[str, str], None] = field(default_factory=dict)
    end_to_end_ids: dict[tuple[str, str], None] = field(default_factory=dict)
    memos: dict[InvoiceKey, None] = field(default_factory=dict)
    notices: dict[tuple[str, str, str], None] = field(default_factory=dict)
    reversals: dict[tuple[str, str], None] = field(default_factory=dict)
    pairs: dict[tuple[SourceKey, InvoiceKey], None] = field(default_factory=dict)
    allocated: "Wanted | None" = None
    auto: dict[str, int | None] = field(default_factory=dict)

    def add(self, scope: Scope) -> None:
        """Take in the keys that `scope` names."""
        for name in KINDS_OF_KEYS:
            named = getattr(scope, name)
            if named:
                getattr(self, name).update(dict.fromkeys(named))


def union(scopes: Iterable[Scope], owners: Owners) -> Wanted:
    """Return everything that `scopes` name; scopes that want allocations are kept apart as well."""
    wanted = Wanted()
    for scope in scopes:
        wanted.add(scope)
        if scope.allocations:
            wanted.allocated = wanted.allocated or Wanted()
            wanted.allocated.add(scope)
        if scope.auto:
            for account in concerned(scope, owners):
                _free(wanted.auto, account, scope.money)
    return wanted


def _free(auto: dict[str, int | None], account: str, money: int | None) -> None:
    known = auto.get(account, 0)
    auto[account] = None if money is None or known is None else known + max(money, 0)


def named(scope: Scope) -> set[str]:
    """Return the accounts that `scope` itself names, alone or as part of a key."""
    return {
        *scope.accounts,
        *[key.account for key in scope.sources],
        *[source.account for source, _ in scope.pairs],
        *[account for account, _ in scope.bank_references],
        *[account for account, _ in scope.end_to_end_ids],
        *[account for account, _ in scope.reversals],
        *[party for _, party, _ in scope.notices],
    }


def concerned(scope: Scope, owners: Owners) -> set[str]:
    """Return every account that `scope` concerns."""
    found = named(scope)
    for thing in things([scope]):
        if thing in owners:
            found.add(owners[thing])
    return found


def things(scopes: Sequence[Scope]) -> dict[tuple[str, object], None]:
    """Return what `scopes` name without naming its account: invoices, disputes, memos."""
    found: dict[tuple[str, object], None] = {}
    for scope in scopes:
        found.update((("invoice", key), None) for key in scope.invoices)
        found.update((("memo", key), None) for key in scope.memos)
        found.update((("dispute", key), None) for key in scope.disputes)
    return found
