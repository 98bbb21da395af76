"""Who there is: customers, resellers with customers beneath them, and how each of them pays."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random
from typing import Final, TypeVar

T = TypeVar("T")


class Habit(StrEnum):
    """How a party deals with what it is billed."""

    PROMPT = "prompt"
    LATE = "late"
    PARTIAL = "partial"
    NEVER = "never"
    OVERPAYING = "overpaying"
    DISPUTING = "disputing"


HABITS: Final = {
    Habit.PROMPT: 45,
    Habit.LATE: 20,
    Habit.PARTIAL: 10,
    Habit.NEVER: 5,
    Habit.OVERPAYING: 8,
    Habit.DISPUTING: 12,
}
CURRENCIES: Final = {"EUR": 70, "USD": 20, "JPY": 6, "BHD": 4}
HOME: Final = "EUR"
VALUED: Final = 0.5
"""How many of those who buy in another currency are kept in ours."""
TERMS: Final = {0: 35, 14: 25, 30: 30, 45: 10}
"""Days to pay in; 0 is a party without approved terms."""
POLICIES: Final[Mapping[str, Mapping[str, int]]] = {
    "none": {},
    "strict": {
        "RequestCancellationDays": 7,
        "ReminderDays": 5,
        "SuspensionDays": 15,
        "DeletionDays": 40,
    },
    "usual": {
        "RequestCancellationDays": 21,
        "ReminderDays": 10,
        "SuspensionDays": 30,
        "DeletionDays": 75,
    },
    "gentle": {"RequestCancellationDays": 60, "ReminderDays": 30},
}
ONE_RESELLER_IN: Final = 20
BENEATH_ONE: Final = 0.4
"""How many of the customers are somebody's."""
NOT_AUTOMATIC: Final = 0.08
LIMITED: Final = 0.6
LIMIT_MINOR: Final = 5_000_000


@dataclass(slots=True, kw_only=True)
class Party:
    """One account: what the enterprise knows of it, and what only we know."""

    id: str
    kind: str
    parent: str | None
    currency: str
    accounting: str | None
    terms_days: int
    credit_limit: int | None
    auto: bool
    policy: Mapping[str, int]
    habit: Habit
    day_of_month: int
    """When it is billed."""
    orders: list[str] = field(default_factory=list)

    @property
    def voice(self) -> str:
        """Return the sender that speaks for it."""
        return self.id.lower()


def population(chance: Random, accounts: int) -> Iterator[Party]:
    """Yield so many parties, those that others are beneath first."""
    resellers: list[str] = []
    for at in range(accounts):
        parent, kind = None, "customer"
        if at < accounts // ONE_RESELLER_IN:
            kind = "reseller" if at % 2 == 0 else "sub-reseller"
            parent = resellers[-1] if kind == "sub-reseller" else None
        elif resellers and chance.random() < BENEATH_ONE:
            parent = chance.choice(resellers)
        party = _party(chance, f"{kind[0].upper()}{at:04}", kind, parent)
        if kind != "customer":
            resellers.append(party.id)
        yield party


def drawn(chance: Random, weights: Mapping[T, int]) -> T:
    """Return one of the keys, as often as its weight says."""
    [found] = chance.choices([*weights], weights=[*weights.values()])
    return found


def _party(chance: Random, name: str, kind: str, parent: str | None) -> Party:
    terms, currency = drawn(chance, TERMS), drawn(chance, CURRENCIES)
    valued = currency != HOME and chance.random() < VALUED
    return Party(
        id=name,
        kind=kind,
        parent=parent,
        currency=currency,
        accounting=HOME if valued else None,
        terms_days=terms,
        credit_limit=LIMIT_MINOR if terms and chance.random() < LIMITED else None,
        auto=chance.random() >= NOT_AUTOMATIC,
        policy=POLICIES[drawn(chance, dict.fromkeys(POLICIES, 1))],
        habit=drawn(chance, HABITS),
        day_of_month=chance.randint(1, 28),
    )
