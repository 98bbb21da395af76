"""Any order, any batches: each message has one outcome, an order-free story always one end."""

import random
from collections import Counter
from itertools import permutations
from math import factorial

import pytest

from invoice_gateway import audit
from invoice_gateway.audit.facts import Facts, Reader
from invoice_gateway.store.canonical import state_hash
from tests.canonical import Essence, differences, essence
from tests.engine_harness import ENTERPRISE, Databases, Story, identity, stories

STORIES = stories()
ORDERS = 200
FEW = 5


def tell(
    databases: Databases, story: Story, bodies: list[bytes], chance: random.Random | None
) -> tuple[Facts, Facts, str]:
    """Return what is known in the end, and when all deadlines have passed; and the end's hash.

    The messages go in batches of one, or (with `chance`) of any size.
    """
    with databases.emptied((*ENTERPRISE, *story.senders)) as engine:
        reader = Reader(engine.store)
        rest = list(bodies)
        while rest:
            size = chance.randint(1, len(rest)) if chance else 1
            engine.send(*rest[:size])
            rest = rest[size:]
        engine.settle()
        facts, hashed = reader.read(), state_hash(engine.store, history=False)
        engine.give_up()
        return facts, reader.read(), hashed


def outcomes(facts: Facts) -> Counter[tuple[str, str]]:
    """How many outcomes each (sender, message id) has: its own and those of refused submissions."""
    owned = {
        (each.sender, each.message_id) for each in facts.messages if each.outcome != "rejected"
    }
    return Counter([*owned, *((each.sender, each.message_id) for each in facts.dead)])


@pytest.mark.parametrize("story", STORIES, ids=lambda each: each.name)
def test_any_order_gives_each_message_one_outcome(story: Story, databases: Databases):
    """Shuffled, whatever the batches: nothing is lost, nothing counts twice, invariants hold."""
    chance = random.Random(story.name)
    submissions = Counter({identity(body): 0 for body in story.bodies})
    submissions.update(identity(body) for body in set(story.bodies))
    for _ in range(ORDERS // len(STORIES) + 1):
        bodies = chance.sample(story.bodies, len(story.bodies))
        one_by_one, _, hashed = tell(databases, story, bodies, None)
        facts, later, again = tell(databases, story, bodies, chance)

        assert not differences(essence(one_by_one), essence(facts)), "batches make a difference"
        assert again == hashed
        assert {each.event_id for each in one_by_one.events} == {
            each.event_id for each in facts.events
        }
        for known in (facts, later):
            audit.check(known)
            found = outcomes(known)
            assert set(found) == set(submissions)
            assert all(1 <= found[each] <= submissions[each] for each in found)
        assert not later.parked


@pytest.mark.parametrize(
    "story", [each for each in STORIES if each.order_free], ids=lambda each: each.name
)
def test_an_order_free_story_ends_the_same_way(story: Story, databases: Databases):
    """All orders of a short story, and forty of a longer one, end in the same books."""
    chance = random.Random(story.name)
    told = list(story.bodies)
    if len(told) <= FEW:
        orders = [list(each) for each in permutations(told)]
        assert len(orders) == factorial(len(told))
    else:
        orders = [chance.sample(told, len(told)) for _ in range(40)]
    ends: list[tuple[Essence, str]] = []
    for bodies in orders:
        facts, _, hashed = tell(databases, story, bodies, chance)
        ends.append((essence(facts), hashed))
        assert not differences(ends[0][0], ends[-1][0]), [identity(body) for body in bodies]
        assert ends[0][1] == hashed
        assert not facts.parked
        assert not facts.dead
