"""What the tests of the handlers start from."""

import pytest

from tests import messages
from tests.world import World


@pytest.fixture
def world() -> World:
    """Accounts and nothing else: ACME, a reseller; its customer ACME-SHOP; GLOBEX beside them."""
    return World().all(
        messages.customer_account("ACME", party_class="reseller"),
        messages.customer_account("ACME-SHOP", parent="ACME"),
        messages.customer_account("GLOBEX"),
    )


@pytest.fixture
def billed(world) -> World:
    """One invoice of ACME beside the accounts: INV-1, lines of 60.00 and 40.00."""
    return world.all(messages.invoice_posted())
