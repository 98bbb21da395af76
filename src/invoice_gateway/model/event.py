"""What an event is, whatever it tells: the root of all events, and one that is stamped."""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Root of all events; `aggregate` names the kind of thing whose events are counted together."""

    name: ClassVar[str]
    aggregate: ClassVar[str]


class Stamped(NamedTuple):
    """An event with the id of its aggregate and its version there, from 1, without gaps."""

    event: Event
    aggregate_id: str
    version: int
