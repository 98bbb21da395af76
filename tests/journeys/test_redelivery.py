"""A message counts once, however often it comes (RELIABILITY §5, I-28)."""

import pytest

from invoice_gateway import audit
from invoice_gateway.audit.facts import Facts, Reader
from invoice_gateway.store.canonical import state_hash
from tests.canonical import differences, essence
from tests.engine_harness import ENTERPRISE, Databases, Engine, Story, stories

STORIES = stories()
TIMES = 3
REPEATS = {"accepted": "duplicate", "duplicate": "duplicate", "parked": "duplicate"}


def told(engine: Engine, story: Story) -> Facts:
    """Tell a story once and return what is known then."""
    for body in story.bodies:
        engine.send(body)
    return Reader(engine.store).read()


def event_ids(facts: Facts) -> set[str]:
    """The ids of all events but the receipts that say "again"."""
    return {each.event_id for each in facts.events if each.name != "message.duplicate"}


def same(once: Facts, often: Facts) -> None:
    """Both know the same, have announced the same, and counted the same versions."""
    assert not differences(essence(once), essence(often))
    assert event_ids(once) == event_ids(often)
    for name in ("invoices", "sources"):
        assert [each.version for each in getattr(once, name).values()] == [
            each.version for each in getattr(often, name).values()
        ]
    audit.check(often)


@pytest.mark.parametrize("size", [1, TIMES], ids=["batches of one", "one batch"])
@pytest.mark.parametrize("story", STORIES, ids=lambda each: each.name)
def test_three_of_each_are_one_of_each(story: Story, size: int, databases: Databases):
    """Each message three times in a row, then all that was accepted once more: nothing changes."""
    senders = (*ENTERPRISE, *story.senders)
    with databases.emptied(senders) as engine:
        once, hashed = told(engine, story), state_hash(engine.store, history=False)
    with databases.emptied(senders) as engine:
        accepted = []
        for body in story.bodies:
            batches = [engine.send(*[body] * size) for _ in range(TIMES // size)]
            first, *again = [outcome for batch in batches for outcome in batch]
            assert set(again) == {REPEATS.get(first.split()[0], first)}
            if not first.startswith("rejected"):
                accepted.append(body)
        suffix = engine.send(*accepted)
        assert set(suffix) == {"duplicate"}
        often = Reader(engine.store).read()
        assert state_hash(engine.store, history=False) == hashed

    same(once, often)
    dead = {each.id: each.submissions for each in often.dead}
    assert set(dead.values()) <= {TIMES}
    assert sum(each.duplicates for each in often.messages) >= TIMES * len(accepted) - len(accepted)


def test_a_released_message_and_its_repeat_share_a_batch(databases: Databases):
    """The repeat of a parked message comes with what releases it: it is released once."""
    story = Story("notice-before-invoice")
    notice, invoice, account, payment = story.bodies
    receipts = tuple(
        type(each)(each.name, each.party, each.role, receipts=True) for each in story.senders
    )
    with databases.emptied((*ENTERPRISE, *receipts)) as engine:
        once = told(engine, story)
    for batch in ((notice, invoice, account, notice), (invoice, account, notice, notice)):
        with databases.emptied((*ENTERPRISE, *receipts)) as engine:
            engine.send(notice)
            engine.send(*batch)
            engine.send(payment)
            often = Reader(engine.store).read()
        audit.check(often)
        assert not differences(essence(once), essence(often))
