"""What the systems around the gateway answer to what it asks for."""

from collections.abc import Iterator
from functools import partial
from typing import Final

from invoice_gateway.simulation import letters
from invoice_gateway.simulation.letters import Letter
from invoice_gateway.simulation.world import Told, World

AT_ONCE: Final = 0.8
DONE: Final = 0.93


def execute(world: World, told: Told) -> Iterator[Letter]:
    """Do what has been paid for, at once or in the next days; now and then it cannot be done."""
    named = (told.text("Invoice"), told.text("Request"), told.text("OrderReference"))
    if world.likely(AT_ONCE):
        yield from _done(*named, world)
    else:
        world.plan(world.chance.randint(1, 2), partial(_done, *named))


def _done(invoice: str, request: str, order: str, world: World) -> Iterator[Letter]:
    done = world.likely(DONE)
    yield letters.outcome(invoice, request, "executed" if done else "failed")
    if done:
        yield from _report(world, order, "active")


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
