"""What a batch wants loaded: the union of its scopes, sorted by how the tables are asked."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, repeat
from operator import attrgetter, itemgetter
from typing import Any

from invoice_gateway.model.decision import Entity, Scope
from invoice_gateway.model.keys import InvoiceKey, SourceKey
from invoice_gateway.model.rates import RateAt

from .shelf import OWNED, SHELVES

Owners = Mapping[tuple[str, object], str]
"""The account that owns what is named without one, by (kind, key); kinds are `_OWNED`."""


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
    "others",
    "history",
    "rates",
    "books",
)
ACCOUNT_IN: tuple[tuple[str, Callable[[Any], str]], ...] = (
    ("sources", attrgetter("account")),
    ("pairs", lambda pair: pair[0].account),
    ("bank_references", itemgetter(0)),
    ("end_to_end_ids", itemgetter(0)),
    ("reversals", itemgetter(0)),
    ("notices", itemgetter(1)),
)
"""Where the keys of each kind hold the account."""
_KEYS = attrgetter(*KINDS_OF_KEYS)
_WITH_ACCOUNT = attrgetter(*(kind for kind, _ in ACCOUNT_IN))
_OWNED = (
    ("invoice", attrgetter("invoices")),
    ("memo", attrgetter("memos")),
    ("dispute", attrgetter("disputes")),
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
    others: dict[tuple[type[Entity], str], None] = field(default_factory=dict)
    history: dict[str, None] = field(default_factory=dict)
    credit: dict[str, None] = field(default_factory=dict)
    allocated: "Wanted | None" = None
    auto: dict[str, int | None] = field(default_factory=dict)
    rates: dict[RateAt, None] = field(default_factory=dict)
    books: dict[str, None] = field(default_factory=dict)
    """Accounting currencies that messages of the batch give to accounts."""


def union(scopes: Sequence[Scope], owners: Owners) -> Wanted:
    """Return everything that `scopes` name; scopes that want allocations are kept apart as well."""
    wanted = _named_by(scopes)
    removing = [scope for scope in scopes if scope.allocations]
    if removing:
        wanted.allocated = _named_by(removing)
    for scope in scopes:
        if scope.auto or scope.credit:
            accounts = concerned(scope, owners)
            if scope.credit:
                wanted.credit.update(dict.fromkeys(sorted(accounts)))
            if scope.auto:
                for account in accounts:
                    _free(wanted.auto, account, scope.money)
    return wanted


def _named_by(scopes: Sequence[Scope]) -> Wanted:
    """Return the keys that `scopes` name, in order."""
    wanted = Wanted()
    for kind, keys in zip(KINDS_OF_KEYS, zip(*map(_KEYS, scopes), strict=True), strict=False):
        setattr(wanted, kind, dict.fromkeys(chain.from_iterable(keys)))
    return wanted


def _free(auto: dict[str, int | None], account: str, money: int | None) -> None:
    known = auto.get(account, 0)
    auto[account] = None if money is None or known is None else known + max(money, 0)


def named(scope: Scope) -> set[str]:
    """Return the accounts that `scope` itself names, alone or as part of a key."""
    found = set(scope.accounts)
    kinds = _WITH_ACCOUNT(scope)
    if any(kinds):
        for keys, (_, account) in zip(kinds, ACCOUNT_IN, strict=True):
            found.update(map(account, keys))
    return found


def concerned(scope: Scope, owners: Owners) -> set[str]:
    """Return every account that `scope` concerns."""
    found = named(scope)
    if owners:
        found.update(owners[thing] for thing in things((scope,)) if thing in owners)
    return found


def things(scopes: Sequence[Scope]) -> dict[tuple[str, object], None]:
    """Return what `scopes` name without naming its account: invoices, disputes, memos."""
    found: dict[tuple[str, object], None] = {}
    for kind, named_in in _OWNED:
        found.update(dict.fromkeys(zip(repeat(kind), chain.from_iterable(map(named_in, scopes)))))
    for other, key in chain.from_iterable([scope.others for scope in scopes if scope.others]):
        if (shelf := SHELVES[other]).name in OWNED:
            found[shelf.name, key] = None
    return found
