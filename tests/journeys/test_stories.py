"""Every journey ends as it says, on both databases, alone and among all the others."""

import random
from collections import Counter
from threading import Event

import pytest
from lxml import etree

from invoice_gateway import audit
from invoice_gateway.audit.facts import Reader
from invoice_gateway.engine.pipeline import TIMER_SENDER
from tests.engine_harness import (
    ENTERPRISE,
    Databases,
    Story,
    app,
    everyone,
    identity,
    opened,
    stories,
)
from tests.journeys.expect import differences

STORIES = stories()
UNTIMED = [story for story in STORIES if not story.timed]
ALL = pytest.mark.parametrize("story", STORIES, ids=lambda each: each.name)


@ALL
def test_a_story_ends_as_told(story: Story, url: str):
    """Each message gets its outcome, the end is as expected, the invariants hold after each."""
    outcomes = {}
    with opened(url, (*ENTERPRISE, *story.senders)) as engine:
        reader = Reader(engine.store)
        before = reader.read()
        for number, body in story.files.items():
            [outcomes[number]] = engine.send(body)
            facts = reader.read()
            audit.check(facts, before)
            before = facts

    assert not differences(story, facts, outcomes)
    assert facts.outbox == {each.seq for each in facts.events}


def test_all_stories_fit_into_one_database(databases: Databases):
    """Told side by side in batches of any size, no story disturbs another."""
    chance = random.Random(7)
    told = {story.name: list(story.bodies) for story in STORIES}
    with databases.emptied(everyone()) as engine:
        while told:
            batch = []
            for name in chance.choices(sorted(told), k=chance.randint(1, 12)):
                if told.get(name):
                    batch.append(told[name].pop(0))
                else:
                    told.pop(name, None)
            engine.send(*batch)
        facts = Reader(engine.store).read()

    audit.check(facts)
    assert not [each for story in STORIES for each in differences(story, facts)]


def test_all_stories_go_through_a_worker_and_folders(databases: Databases, tmp_path):
    """Dropped into the inbox, each message is filed and each event published once."""
    url = databases.new()
    gateway = app(database_url=url, bus_url=f"folder:{tmp_path}", batch_size=7, poll_s=0.01)
    with opened(url, everyone()) as engine:
        bodies = [body for story in UNTIMED for body in story.bodies]
        for at, body in enumerate(bodies):
            folder = tmp_path / "inbox" / identity(body)[0]
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{at:04}.xml").write_bytes(body)
        with gateway.worker() as worker:
            worker.run(Event(), once=True)
        facts = Reader(engine.store).read()

    audit.check(facts)
    assert not [each for story in UNTIMED for each in differences(story, facts)]
    assert not facts.outbox
    published = [
        etree.parse(path).getroot() for path in sorted((tmp_path / "outbox").glob("*.xml"))
    ]
    ids = [each.findtext("{*}Event/{*}EventId") for each in published]
    assert ids == [each.event_id for each in facts.events]
    filed = Counter(path.parts[-3] for path in tmp_path.glob("*/*/*.xml"))
    assert filed == {"done": len(bodies) - len(facts.dead), "rejected": len(facts.dead)}


def test_stories_share_nothing():
    """No message id, customer, document number or rate occurs in two stories."""
    owners: dict[tuple[str, str], str] = {}
    for story in STORIES:
        for body in story.bodies:
            keys = {("message", "/".join(identity(body)))}
            root = etree.fromstring(body)
            for name in ("Number", "PaymentId", "ReversalId", "Party", "Customer", "Payer"):
                keys |= {(name, each.text or "") for each in root.iterfind(f"{{*}}{name}")}
            pairs = root.iterfind("{*}Pairs/{*}Pair")
            keys |= {("pair", "/".join(code.text or "" for code in each[:2])) for each in pairs}
            for key in keys:
                assert owners.setdefault(key, story.name) == story.name, key


def test_every_sender_of_a_story_is_registered():
    """A message comes from the enterprise or from somebody in `senders.txt`, who sends some."""
    for story in STORIES:
        said = {identity(body)[0] for body in story.bodies}
        own = {each.name for each in story.senders}
        said -= {TIMER_SENDER}
        assert said <= own | {each.name for each in ENTERPRISE}, story.name
        assert own <= said, story.name


def test_the_stories_show_everything():
    """Between them: every status, every outcome, a release, and enough that have no order."""
    text = "\n".join(story.expect for story in STORIES)

    for word in ("New", "Partially Paid", "Paid", "Disputed"):
        assert any(f"{story.expect}".count(f" {word} pending ") for story in STORIES), word
    for word in ("accepted", "duplicate", "rejected ", "parked ", " then accepted"):
        assert word in text
    types = {etree.fromstring(body).tag for story in STORIES for body in story.bodies}
    assert len(types) == len(app().handlers)
    assert sum(story.order_free for story in STORIES) >= 8


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("message 01 rejected forbidden", "its dead letters are none"),
        ("message 01 duplicate", "nothing says so"),
        ("message 01 parked unknown-party", "in the end it waits for nothing"),
        ("invoice HC-100 Paid pending 30.00 PartiallySettled PartlyConfirmed", "status is"),
        ("invoice HC-100 Partially Paid pending 30.01 PartiallySettled PartlyConfirmed", "pending"),
        ("invoice HC-1 New pending 1.00 Unsettled Unconfirmed", "no such invoice"),
        ("line HC-100 1 Paid / Payment Received open 0.00", "customer is New"),
        ("source payment HC-P1 remaining 1.00", "remaining is 0.00"),
        ("source payment HC-P2 remaining 0.00", "there are 0 of them"),
        ("value HC-100 1.00 INR open 1.00", "it has none"),
        ("gain HC-P1 HC-100 1.00 INR", "there are []"),
        ("dispute HC/1/1 open", "no such dispute"),
        ("event payment.received 2", "there are 1"),
        ("invoice HC-100 paid", "not understood"),
    ],
)
def test_an_expectation_can_fail(line, wrong, databases: Databases, monkeypatch):
    """Each kind of line is really compared."""
    story = Story("first-payment")
    with databases.emptied() as engine:
        engine.send(*story.bodies)
        facts = Reader(engine.store).read()
    monkeypatch.setattr(Story, "expect", line)

    [found] = differences(story, facts)

    assert wrong in found
