"""What is particular to folders: names, ages, crashes between two renames, a second reader."""

import json
import os

import pytest
from structlog.testing import capture_logs

from invoice_gateway.bus import _files as files
from invoice_gateway.bus.folder import FolderPublisher, FolderReceiver
from invoice_gateway.engine.ports import BusUnavailable
from tests.bus.harness import collect, message, send


def drop(folder, name, age_s=0, body=b"<Invoice/>"):
    """Put a file into `inbox/`, `age_s` seconds old."""
    path = folder.root / "inbox" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)
    os.utime(path, (1_000_000 - age_s, 1_000_000 - age_s))
    return path


def tree(folder):
    """Every file below the root but the lock, as relative paths."""
    found = (each for each in folder.root.rglob("*") if each.is_file() and each.name != ".lock")
    return sorted(str(each.relative_to(folder.root)) for each in found)


def names(deliveries):
    """The file names behind deliveries."""
    return [each.tag.path.name for each in deliveries]


def test_the_oldest_first_then_by_name_then_by_sender(folder):
    """Order is that of arrival, and the same on every run."""
    for name, age_s in [("B/1.xml", 0), ("A/1.xml", 0), ("A/0.xml", 0), ("B/9.xml", 60)]:
        drop(folder, name, age_s)

    found = collect(folder.receiver(), 4)

    assert [(each.sender, each.tag.path.name) for each in found] == [
        ("B", "9.xml"),
        ("A", "0.xml"),
        ("A", "1.xml"),
        ("B", "1.xml"),
    ]


def test_a_bare_file_has_a_sender_and_nothing_else(folder):
    """An accounting system drops XML; it need not know about properties."""
    drop(folder, "ACME/invoice.xml", body=b"<Invoice>7</Invoice>")

    [found] = collect(folder.receiver(), 1)

    assert (found.sender, found.body) == ("ACME", b"<Invoice>7</Invoice>")
    assert (found.message_id, found.type, found.headers) == (None, None, {})


def test_a_file_outside_any_sender_arrives_without_one(folder):
    """It is judged, not overlooked."""
    drop(folder, "lost.XML")
    receiver = folder.receiver()

    found = collect(receiver, 1)

    assert found[0].sender is None
    receiver.ack(found)
    assert tree(folder) == ["done/lost.xml"]


def test_files_still_being_written_are_left_alone(folder):
    """Only *.xml counts; what looks like a mistake is said once, what is usual is not."""
    for name in (".hidden.xml", "a.xml.tmp", "b.part", "c.json", "invoice.txt"):
        drop(folder, f"ACME/{name}")
    (folder.root / "inbox" / "ACME" / "link.xml").symlink_to("/etc/hostname")
    before = tree(folder)

    with capture_logs() as lines:
        receiver = folder.receiver()
        assert receiver.receive(10, 0.05) == []

    assert tree(folder) == before
    assert [(line["event"], line["path"].rsplit("/", 1)[1]) for line in lines] == [
        ("file.ignored", "invoice.txt")
    ]


def test_settled_files_are_filed_by_outcome(folder):
    """`done` and `rejected` keep the sender's folder; equal names are numbered, none is lost."""
    receiver = folder.receiver()
    for body in (b"1", b"2", b"3", b"4", b"5"):
        drop(folder, "ACME/a.xml", body=body)
        [found] = collect(receiver, 1)
        refused = frozenset({found.tag}) if body == b"2" else frozenset()
        receiver.ack([found], rejected=refused)

    assert tree(folder) == [
        "done/ACME/a.1.xml",
        "done/ACME/a.2.xml",
        "done/ACME/a.3.xml",
        "done/ACME/a.xml",
        "rejected/ACME/a.xml",
    ]


def test_properties_travel_with_their_message(folder):
    """The .json beside a message is claimed, filed and found again with it."""
    folder_sender = folder.sender()
    send(folder_sender, message(1))
    receiver = folder.receiver()
    found = collect(receiver, 1)
    assert {path.split("/")[0] for path in tree(folder)} == {"work"}

    receiver.ack(found)

    done = tree(folder)
    assert [path.rsplit(".", 1)[1] for path in done] == ["json", "xml"]
    assert {path.rsplit("/", 1)[0] for path in done} == {"done/ACME"}


@pytest.mark.parametrize("content", [b"{", b"[]", b'"x"', b"\xff", b"[" * 70_000, b'{"id": [1]}'])
def test_properties_that_are_none_do_not_stop_the_message(folder, content):
    """A broken .json is said and ignored."""
    path = drop(folder, "ACME/a.xml")
    path.with_suffix(".json").write_bytes(content)

    [found] = collect(folder.receiver(), 1)

    assert (found.message_id, found.headers, found.body) == (None, {}, b"<Invoice/>")


def test_a_lone_surrogate_or_nul_in_properties_becomes_text(folder):
    """JSON can spell characters no database takes."""
    path = drop(folder, "ACME/a.xml")
    path.with_suffix(".json").write_text('{"id": "a\\ud800b", "headers": {"n": "\\u0000"}}')

    [found] = collect(folder.receiver(), 1)

    assert found.message_id == "a?b"
    assert found.headers == {"n": "\ufffd"}


def test_a_second_reader_is_refused_and_told_by_whom(folder):
    """Two readers of one folder would steal from each other."""
    folder.receiver()

    with pytest.raises(BusUnavailable, match=f"already being read by process {os.getpid()}"):
        FolderReceiver(folder.root)


def test_a_reader_that_left_makes_room(folder):
    """The lock goes with its holder."""
    folder.receiver().close()

    assert folder.receiver().connected


def test_a_place_that_cannot_be_used_is_named(tmp_path):
    """A file in the way, for readers and writers alike."""
    (tmp_path / "file").write_text("")

    for end in (FolderReceiver, FolderPublisher):
        with pytest.raises(BusUnavailable, match=r"cannot use folder .*/file/(in|out)box: Not a d"):
            end(tmp_path / "file")


@pytest.mark.parametrize("sender", ["", "..", ".x", "a/b", "a\nb"])
def test_a_sender_that_is_no_folder_name_is_refused(tmp_path, sender):
    """A name must not lead elsewhere."""
    with pytest.raises(BusUnavailable, match="cannot name a folder"):
        FolderPublisher(tmp_path, sender=sender)


def test_a_crash_while_claiming_keeps_properties_and_message_together(folder):
    """Killed between two renames: the properties wait in `work`, the message in `inbox`."""
    send(folder.sender(), message(1))
    folder.receiver().close()
    [beside] = (folder.root / "inbox").rglob("*.json")
    (folder.root / "work" / "ACME").mkdir()
    beside.rename(folder.root / "work" / "ACME" / beside.name)

    [found] = collect(folder.receiver(), 1)

    assert (found.message_id, found.redelivered) == ("m1", False)


def test_a_crash_while_filing_leaves_nothing_to_mislead(folder):
    """Killed between two renames: properties whose message is done follow it."""
    receiver = folder.receiver()
    stray = folder.root / "work" / "ACME" / "a.json"
    stray.parent.mkdir()
    stray.write_text(json.dumps({"id": "old"}))
    receiver.close()
    drop(folder, "ACME/b.xml")

    [found] = collect(folder.receiver(), 1)

    assert found.message_id is None
    assert "done/ACME/a.json" in tree(folder)


def test_a_file_that_vanishes_is_skipped(folder):
    """Somebody took it back before it was claimed, or while it was worked on."""
    for name in ("a.xml", "b.xml", "c.xml"):
        drop(folder, f"ACME/{name}")
    receiver = folder.receiver()
    first = collect(receiver, 1)
    (folder.root / "inbox" / "ACME" / "b.xml").unlink()
    first[0].tag.path.unlink()

    found = collect(receiver, 1)
    receiver.ack([*first, *found])

    assert names(found) == ["c.xml"]
    assert tree(folder) == ["done/ACME/c.xml"]


def test_an_event_is_in_the_outbox_once_even_over_a_restart(folder):
    """The relay sends again what a crash left; the file is already there."""
    send(folder.publisher(), message(1, id="e/1", key="invoice.status-changed"))
    first = tree(folder)

    [settled] = send(folder.publisher(), message(1, id="e/1", key="invoice.status-changed"))

    assert settled.error is None
    assert tree(folder) == first
    assert [path.rpartition("-")[2] for path in first] == ["e%2F1.json", "e%2F1.xml"]


def test_a_message_sent_twice_arrives_twice(folder):
    """To tell duplicates is the gateway's business, not the folder's."""
    send(folder.sender(), message(1), message(1))

    assert [each.message_id for each in collect(folder.receiver(), 2)] == ["m1", "m1"]


def test_names_sort_in_the_order_of_submission_over_a_restart(folder):
    """Even when the clock stood in the future before."""
    ahead = "29991231T235959000000Z-invoice.opened-e0"
    (folder.root / "outbox").mkdir()
    (folder.root / "outbox" / f"{ahead}.xml").write_bytes(b"")
    (folder.root / "outbox" / f"{ahead}.json").write_text(
        json.dumps({"id": "e0", "key": "k", "type": "t", "headers": {}})
    )

    send(folder.publisher(), *(message(number) for number in range(3)))

    assert [each.id for each in folder.heard()] == ["e0", "m0", "m1", "m2"]


def test_equal_names_are_all_kept(folder):
    """A system that always writes the same name fills `done` without slowing down."""
    receiver = folder.receiver()
    for number in range(200):
        drop(folder, "ACME/export.xml", body=b"%d" % number)
        receiver.ack(collect(receiver, 1))

    done = list((folder.root / "done" / "ACME").iterdir())
    assert {each.read_bytes() for each in done} == {b"%d" % number for number in range(200)}


def test_what_cannot_be_put_on_disk_is_told_by_file(tmp_path):
    """The others are on disk."""
    there, gone = tmp_path / "there", tmp_path / "gone"
    there.write_bytes(b"content")

    assert [*files.settle([there, gone])] == [gone]
    assert files.settle([there]) == {}
    assert files.settle([]) == {}
