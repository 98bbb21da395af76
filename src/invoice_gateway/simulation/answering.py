"""What the systems around the gateway answer to what it asks for."""

from collections.abc import Iterator

from invoice_gateway.simulation import letters
from invoice_gateway.simulation.letters import Letter
from invoice_gateway.simulation.world import Told, World


def execute(world: World, told: Told) -> Iterator[Letter]:
    """Bring a service up that has been paid for."""
    yield from _report(world, told.text("OrderReference"), "active")


def suspend(world: World, told: Told) -> Iterator[Letter]:
    """Suspend a service that is not paid for."""
    yield from _report(world, told.text("OrderReference"), "suspended")


def resume(world: World, told: Told) -> Iterator[Letter]:
    """Bring a service back."""
    yield from _report(world, told.text("OrderReference"), "active")


def delete(world: World, told: Told) -> Iterator[Letter]:
    """Delete a service for good."""
    yield from _report(world, told.text("OrderReference"), "deleted")


def _report(world: World, order: str, state: str) -> Iterator[Letter]:
    if order and world.services.get(order) not in (state, "deleted"):
        world.services[order] = state
        yield letters.service(order, state)
