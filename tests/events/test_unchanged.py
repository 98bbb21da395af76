"""The events of every journey, byte for byte: ids, heads, order and documents do not drift.

Receivers deduplicate on event ids, and compare documents. Whoever changes them on purpose
puts in the new digests and says so in the changelog.
"""

from hashlib import sha256

import pytest

from tests.engine_harness import START, Databases, Story, delivery, everyone, stories

DIGESTS = {
    "asks-how-it-stands": "0524b2cba7dc170b",
    "bad-debt": "1761dfbece60ae9c",
    "books-in-yen": "910777284e6706ec",
    "bounced-payment": "63c119b2093f234e",
    "cancelled-order": "f05965ca2caf8b92",
    "card-order-two-shipments": "50480e2dabb4e8cf",
    "cash-at-the-counter": "697b7a2d5a049e2c",
    "chargeback": "0bd57ee9fbd47baa",
    "closed-short": "8e5936d9ba66997f",
    "credit-limit": "ec4608db78b4e730",
    "credit-memo-reversed": "f635f34bb2b27986",
    "credit-note-by-parts": "1ac5466d2353f500",
    "credit-notes-pay-a-proforma": "b8050062792b02b1",
    "credit-on-a-foreign-invoice": "859e2271ebcea66e",
    "debit-memo-reopens": "402d241ee7177b98",
    "debit-memo-reversed": "644c6000b31bbd21",
    "dinar": "3621fa6a2e30e457",
    "discount-after-payment": "72452d3b63445adf",
    "discount-taken-back": "533660ca744ffecf",
    "dispute-before-invoice": "05f1718b530e2bac",
    "dispute-upheld-in-part": "4fb96879d95bf67f",
    "dispute-withdrawn": "0dda2680a9f79dd2",
    "dollars-in-rupees": "fc5d0143242ff8d8",
    "draft-life": "1f7ab0b7fa1beabd",
    "first-payment": "b77cd248fe56af8e",
    "invoice-before-its-order": "4024bf95957957a5",
    "joined-dispute-rejected": "0a401a5d2e76b406",
    "money-back": "390e12deeae9f257",
    "notice-before-invoice": "dabfaf1b5468e2aa",
    "oldest-invoice-first": "6e98f6c99a39d1aa",
    "one-payment-two-invoices": "2c1569f2b71a3441",
    "order-by-wire": "26769f684bc17907",
    "paid-then-disputed": "1f9481565072459d",
    "prepaid": "a1a8886e52305a54",
    "proforma-provisioned": "7a65d06fc210694f",
    "provisioning-fails": "9afd62f10164bb30",
    "quote-becomes-order": "60721be550d4bea0",
    "refund-of-an-invoice": "b2304cf029597f82",
    "refusals": "a44e6e6879324ea0",
    "refusals-of-money": "0c80c63991d71923",
    "refusals-of-orders": "aeacf2c39c3cb111",
    "refusals-of-requests": "6103352f71a95577",
    "released-by-payment": "4d194f89476be56d",
    "request-not-paid-in-time": "fec70928997854ec",
    "reseller": "fd23367a51991a68",
    "reseller-charges-its-customer": "9526ff02432bd927",
    "returns": "1312b724ca75374c",
    "software-by-check": "a2df613dc31e39a2",
    "still-waiting": "4d04aefdf388000c",
    "taken-off-by-hand": "5973812eed0d8382",
    "top-up": "c13ba7f9c2d933bc",
    "top-up-bounced": "cb9d71c93fbf4b50",
    "top-up-taken-off": "03e40c693e93bf89",
    "two-facilities": "9bf7b3d389a6a830",
    "two-rates": "cbac608fda3f62c1",
    "waits-for-a-rate": "bae01942cf8b6757",
    "whole-invoice-disputed": "8f4c47607bf892c3",
    "yen": "0fe68dce5b2aeef7",
}


class Still:
    """A clock that stands, so that a digest does not tell how often somebody looked."""

    def __call__(self):
        """Return the same moment, always."""
        return START


def digest(story: Story, databases: Databases) -> str:
    """Return a digest of all events of a story as they go out, told message by message."""
    told = sha256()
    with databases.emptied(everyone()) as engine:
        engine.clock = Still()
        for body in story.bodies:
            for each in engine.pipeline.process([delivery(body)]).outgoing:
                event = (each.id, each.key, each.type, each.body, [*each.headers.items()])
                told.update(repr(event).encode())
    return told.hexdigest()[:16]


@pytest.fixture(scope="module")
def databases(tmp_path_factory):
    """Databases for many short runs."""
    made = Databases(tmp_path_factory.mktemp("databases"))
    yield made
    made.close()


@pytest.mark.parametrize("story", stories(), ids=lambda each: each.name)
def test_the_events_of_a_story_are_the_same_bytes(story: Story, databases: Databases):
    """Whatever is done for speed, receivers see no difference."""
    assert digest(story, databases) == DIGESTS[story.name]
