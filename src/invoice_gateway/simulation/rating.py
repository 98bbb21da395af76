"""What other currencies are worth: a walk of small steps, told nearly every morning."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from invoice_gateway.simulation import letters
from invoice_gateway.simulation.letters import Letter
from invoice_gateway.simulation.people import HOME
from invoice_gateway.simulation.world import World

FIRST: Final = {"USD": Decimal("0.9200"), "JPY": Decimal("0.0061"), "BHD": Decimal("2.4400")}
STEP_PERMILLE: Final = 8
TOLD: Final = 0.95
"""Days on which there are rates; on the others those of the day before hold."""


def rates_are_fixed(world: World) -> Iterator[Letter]:
    """Fix the rates of the day."""
    rates = world.rates or dict(FIRST)
    world.rates = {
        base: (rate * (1000 + world.chance.randint(-STEP_PERMILLE, STEP_PERMILLE)) / 1000).quantize(
            Decimal("0.000001")
        )
        for base, rate in rates.items()
    }
    if not world.known or world.likely(TOLD):
        said = {base: str(rate) for base, rate in world.rates.items()}
        yield letters.rates(world.today, said, HOME)
