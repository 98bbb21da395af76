"""ServiceState: what the provisioning system says about the service of an order."""

import pytest

from tests import messages as m
from tests.world import World, names


@pytest.fixture
def world() -> World:
    """ACME has an order, by its first request."""
    return World().all(m.customer_account(), m.request_raised())


def test_a_state_is_taken_over(world):
    """Active, suspended, and active again; the reference stays until another is named."""
    assert names(world.send(m.service_state(reference="svc-7"))) == []
    assert (world.order().service_state.value, world.order().service_ref) == ("active", "svc-7")

    world.send(m.service_state(state="suspended"))
    assert (world.order().service_state.value, world.order().service_ref) == ("suspended", "svc-7")

    world.send(m.service_state(state="active", message_id="again"))
    assert world.order().service_state.value == "active"


def test_what_was_deleted_stays_deleted(world):
    """There is no way back from deleted."""
    world.send(m.service_state(state="deleted"))

    assert world.refusal(m.service_state()).code == "bad-transition"
    world.send(m.service_state(state="deleted", message_id="again"))


def test_an_unknown_order_is_waited_for(world):
    """P-05: until it comes."""
    refused = world.refusal(m.service_state("NOWHERE"))

    assert (refused.code, refused.waits_for) == ("unknown-order", ("order", "NOWHERE"))
