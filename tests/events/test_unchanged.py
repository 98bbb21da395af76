"""The events of every journey, byte for byte: ids, heads, order and documents do not drift.

Receivers deduplicate on event ids, and compare documents. Whoever changes them on purpose
puts in the new digests and says so in the changelog.
"""

from hashlib import sha256

import pytest

from tests.engine_harness import START, Databases, Story, delivery, everyone, stories

DIGESTS = {
    "bounced-payment": "8cfe4889ebbf3ddb",
    "cash-at-the-counter": "3ed4e09c3b46b679",
    "chargeback": "37316c2d57f2dd34",
    "credit-memo-reversed": "4737534178a0f8e6",
    "credit-note-by-parts": "c323fbf217ceadd3",
    "debit-memo-reopens": "059925cb89934355",
    "debit-memo-reversed": "955b3f18979bf173",
    "dinar": "6501e283ca40a456",
    "dispute-before-invoice": "07c7074d6ea6d2c6",
    "dispute-upheld-in-part": "82ae8c69ff48b93f",
    "dispute-withdrawn": "0080ad2bf7139ee6",
    "first-payment": "3b2a0945f61325bc",
    "joined-dispute-rejected": "d2f5bb8df5beff40",
    "notice-before-invoice": "06ba0b74ecd3a9ca",
    "oldest-invoice-first": "664620a6d0f9eff6",
    "one-payment-two-invoices": "a5fce5bb2fb52be5",
    "paid-then-disputed": "20bc3d86cbf5aae7",
    "prepaid": "4283f2a72b381b1b",
    "refund-of-an-invoice": "8ed5815d082f1492",
    "refusals": "a815cd59f687b400",
    "reseller": "9f65d698e0ff64fa",
    "returns": "b874ed389f5f0dbe",
    "still-waiting": "8fe5ce34fceb6135",
    "taken-off-by-hand": "6b2c6f14b5d1c361",
    "two-rates": "f47ec025c079e87f",
    "whole-invoice-disputed": "a291a1a12887ab85",
    "yen": "4758dc6a11ba42f2",
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
