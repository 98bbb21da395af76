"""New versions of immutable values: as `dataclasses.replace` makes them."""

from dataclasses import FrozenInstanceError, replace

import pytest

from invoice_gateway.model.evolve import evolve

from .build import invoice, payment


@pytest.mark.parametrize("value", [invoice(), payment()], ids=["invoice", "payment"])
def test_a_new_version_is_what_replace_makes(value):
    """What is named changes, everything else is kept, and the old version stays as it was."""
    before = replace(value)

    found = evolve(value, version=7, amount=5)

    assert found == replace(value, version=7, amount=5)
    assert evolve(value) == value == before
    assert evolve(value) is not value


def test_a_new_version_is_as_frozen_as_the_old_one():
    """Only `evolve` makes versions."""
    with pytest.raises(FrozenInstanceError):
        evolve(invoice(), version=7).version = 8


def test_there_is_nothing_to_change_that_is_not_a_field():
    """A name that the class does not have is an error."""
    with pytest.raises(KeyError):
        evolve(invoice(), wersion=7)
