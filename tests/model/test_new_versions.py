"""Values made fast are the values that `dataclasses` and named tuples make."""

from copy import copy, deepcopy
from dataclasses import FrozenInstanceError, dataclass, field, fields, replace
from typing import NamedTuple

import pytest

from invoice_gateway.model.decision import Context, Scope
from invoice_gateway.model.events import EVENTS
from invoice_gateway.model.evolve import changer, evolve

from .build import invoice


@dataclass(frozen=True, slots=True)
class Box:
    """One of each kind of field, with names that generated code uses itself."""

    kind: str
    blank: int = 1
    made: list[int] = field(default_factory=list)
    put: str = field(default="put", kw_only=True)


class Row(NamedTuple):
    """A named tuple whose fields are called like names of generated code."""

    value: int
    kind: str
    changed: str = "no"


def test_arguments_and_defaults_are_those_of_the_fields():
    """By position and by name; a default factory makes a new value each time."""
    assert (Box("a").kind, Box("a").blank, Box("a").put) == ("a", 1, "put")
    assert Box("a", 2, [3], put="x") == Box(kind="a", blank=2, made=[3], put="x")
    assert Box("a").made == []
    assert Box("a").made is not Box("a").made
    assert type(Box("a")) is Box


@pytest.mark.parametrize("arguments", [(), ("a", 1, [], "put")])
def test_too_few_and_too_many_arguments_are_an_error(arguments):
    """As with any function; what is keyword-only stays so."""
    with pytest.raises(TypeError):
        Box(*arguments)


def test_a_value_made_fast_is_frozen_and_can_be_copied():
    """Nothing about it tells how it was made."""
    box = Box("a", made=[1])

    with pytest.raises(FrozenInstanceError):
        box.blank = 2
    with pytest.raises(FrozenInstanceError):
        del box.blank
    assert box == copy(box) == deepcopy(box) == evolve(box) == replace(box)
    assert replace(box, kind="b") == evolve(box, kind="b") == Box("b", made=[1])


@pytest.mark.parametrize("kind", [*EVENTS, Context, Scope, type(invoice())])
def test_every_field_lands_where_it_belongs(kind):
    """An event, an entity: each argument becomes the field of its name, and stays."""
    said = {each.name: f"its {each.name}" for each in fields(kind)}

    made = kind(**said)

    assert {name: getattr(made, name) for name in said} == said
    with pytest.raises(FrozenInstanceError):
        setattr(made, next(iter(said)), "else")


def test_a_changer_does_what_replace_does():
    """One field changes, whatever it is called; the class stays."""
    row = Row(1, "a")

    for name in Row._fields:
        found = changer(Row, name)(row, "new")
        assert found == row._replace(**{name: "new"})
        assert type(found) is Row
    with pytest.raises(ValueError, match="not in tuple"):
        changer(Row, "wersion")
