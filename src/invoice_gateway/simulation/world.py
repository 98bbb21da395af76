"""The world around a gateway: what its parties know from its events, and what they have in mind."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import NamedTuple
from zoneinfo import ZoneInfo

from invoice_gateway.audit.amounts import minor
from invoice_gateway.simulation.letters import Letter
from invoice_gateway.simulation.people import Party
from invoice_gateway.xml.stored import Tree, local_name, read

NAMESPACE = "{urn:invoice-gateway:1}"
OFFICE_OPENS = time(8)


class Told(NamedTuple):
    """An event as somebody outside reads it."""

    name: str
    tree: Tree

    @classmethod
    def of(cls, name: str, body: bytes) -> "Told":
        """Return an event that was published under `name`."""
        return cls(name, read(body))

    def text(self, path: str) -> str:
        """Return the text at a path of local names, empty where there is none."""
        return self.tree.findtext("/".join(f"{NAMESPACE}{step}" for step in path.split("/"))) or ""

    def amount(self, path: str) -> int:
        """Return the amount at a path, in minor units."""
        found = self.tree.find("/".join(f"{NAMESPACE}{step}" for step in path.split("/")))
        return 0 if found is None else minor(found.text or "", found.get("currency") or "")

    def all(self, name: str) -> list[dict[str, str]]:
        """Return the repeated blocks `name` as local name -> text."""
        return [
            {local_name(str(child.tag)): child.text or "" for child in each}
            for each in self.tree.iterchildren(f"{NAMESPACE}{name}")
        ]


@dataclass(slots=True, kw_only=True)
class Bill:
    """An invoice as the billed party has it on the desk."""

    number: str
    customer: str
    kind: str
    currency: str
    amount: int
    due: date
    order: str
    lines: tuple[str, ...]
    pending: int


@dataclass(slots=True)
class Purchase:
    """An order as its customer and the warehouse see it; `pieces` are those to be shipped."""

    number: str
    customer: str
    total: int
    pieces: dict[str, int]
    under_way: bool = False


Plan = Callable[["World"], Iterator[Letter]]
"""What somebody will do on a certain day."""


@dataclass(slots=True)
class World:
    """Everything outside of the gateway; all that is left to chance comes from one source of it."""

    chance: Random
    today: date
    timezone: str
    parties: dict[str, Party] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)
    """The parties whose accounts have been opened."""
    bills: dict[str, Bill] = field(default_factory=dict)
    agenda: defaultdict[date, list[Plan]] = field(default_factory=lambda: defaultdict(list))
    purchases: dict[str, Purchase] = field(default_factory=dict)
    paid_offers: dict[str, tuple[str, int]] = field(default_factory=dict)
    """The payment that was made for an offer, and over how much."""
    wallets: dict[str, None] = field(default_factory=dict)
    """The parties that have one, in order."""
    rates: dict[str, Decimal] = field(default_factory=dict)
    """What each currency is worth today."""
    services: dict[str, str] = field(default_factory=dict)
    """How the service of each order stands."""
    _numbers: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))

    @property
    def now(self) -> datetime:
        """Return when today's letters are written."""
        return datetime.combine(self.today, OFFICE_OPENS, ZoneInfo(self.timezone))

    def likely(self, probability: float) -> bool:
        """Return whether something happens that does so with this probability."""
        return self.chance.random() < probability

    def often(self, per_month: float) -> int:
        """Return how often something happens today that each party does so often in a month."""
        expected = per_month * len(self.parties) / DAYS_OF_A_MONTH
        return int(expected) + self.likely(expected % 1)

    def plan(self, days: int, what: Plan, *, on: date | None = None) -> None:
        """Have something done so many days after today or after `on`, tomorrow or later."""
        day = (on or self.today) + timedelta(days=days)
        self.agenda[max(day, self.today + timedelta(days=1))].append(what)

    def number(self, prefix: str) -> str:
        """Return a number that was never given before."""
        self._numbers[prefix] += 1
        return f"{prefix}-{self._numbers[prefix]:06}"

    def bill(self) -> Bill | None:
        """Return one of the bills of late, or None."""
        found = [*self.bills.values()][-RECENT:]
        return self.chance.choice(found) if found else None

    def party(self) -> Party | None:
        """Return one of the parties that have an account, or None."""
        found = [each for each in self.parties.values() if each.id in self.known]
        return self.chance.choice(found) if found else None


DAYS_OF_A_MONTH = 30
RECENT = 150
"""How many bills people still talk about."""
