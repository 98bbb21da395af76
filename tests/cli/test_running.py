"""`run`, `worker` and `relay`: starting, draining, and ending when told to."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.conftest import FIXTURES

ACCOUNT = FIXTURES / "customer_account/customer-minimal.xml"

SLOW = """
import time
from dataclasses import replace
from pathlib import Path
from invoice_gateway.engine.discover import bundled, discover

FOUND = discover([bundled("handlers")])["CustomerAccount"]

def read(document):
    Path("begun").touch()
    time.sleep({seconds})
    return FOUND.read(document)

HANDLER = replace(FOUND, read=read)
"""


@pytest.fixture
def ready(ok):
    """A database with the senders of the enterprise."""
    ok("db", "upgrade")
    ok("parties", "add", "erp", "--party", "ENTERPRISE", "--role", "erp")


@pytest.fixture
def slow(tmp_path, request):
    """A folder with a handler that takes its time over accounts."""
    folder = tmp_path / "slow"
    folder.mkdir()
    (folder / "customer_account.py").write_text(SLOW.format(seconds=request.param))
    return folder


def eventually(what, seconds=30.0):
    """Wait until `what()` is true."""
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, "it never came"
        time.sleep(0.05)


@pytest.fixture
def started():
    """Start `invoice-gateway` as a process of its own; it is gone at the end."""
    processes = []

    def start(*arguments: object) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "invoice_gateway", *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        return process

    yield start
    for each in processes:
        each.kill()
        each.communicate()


def files(folder: str) -> list[Path]:
    """The messages in a folder of the bus."""
    return sorted(Path("spool", folder).glob("*/*.xml"))


@pytest.mark.usefixtures("ready")
def test_once_drains_the_inbox_and_ends(ok):
    """What lay there is decided; the summary is chatter."""
    ok("send", ACCOUNT, ACCOUNT)

    said = ok("run", "--once")

    assert said.out == ""
    assert "accepted: 1" in said.err
    assert "duplicate: 1" in said.err
    assert len(files("done")) == 2


@pytest.mark.usefixtures("ready")
@pytest.mark.parametrize("slow", [1.5], indirect=True)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_first_signal_ends_it_in_good_order(ok, slow, started, number):
    """The batch at hand is committed and acknowledged; exit 0."""
    ok("send", ACCOUNT)
    process = started("worker", "--handlers", slow)
    eventually(Path("begun").exists)

    process.send_signal(number)
    _, err = process.communicate(timeout=30)

    assert (process.returncode, "Traceback" in err) == (0, False)
    assert "process.stopping" in err
    assert (files("work"), len(files("done"))) == ([], 1)
    assert [each["outcome"] for each in ok("messages", "list", "--json").json] == ["accepted"]


@pytest.mark.usefixtures("ready")
@pytest.mark.parametrize("slow", [60], indirect=True)
def test_the_second_signal_ends_it_at_once(ok, slow, started):
    """Nobody waits for the batch; its message stays to be delivered again."""
    ok("send", ACCOUNT)
    process = started("worker", "--handlers", slow)
    eventually(Path("begun").exists)

    process.terminate()
    time.sleep(0.3)
    assert process.poll() is None
    process.terminate()

    assert process.wait(timeout=10) == 128 + signal.SIGTERM
    assert (len(files("work")), files("done")) == (1, [])


@pytest.mark.usefixtures("ready")
def test_an_idle_worker_leaves_when_told(started):
    """Nothing to finish, nothing to wait for."""
    process = started("run")
    eventually((Path("spool") / ".lock").exists)
    time.sleep(0.5)

    process.terminate()

    assert process.wait(timeout=20) == 0


@pytest.mark.usefixtures("ready")
def test_two_readers_of_one_folder(cli, started):
    """The second is told who is there."""
    process = started("run")
    eventually((Path("spool") / ".lock").exists)
    time.sleep(0.5)

    said = cli("run", "--once")

    assert f"is already being read by process {process.pid}" in said.err
    assert said.code == 2


@pytest.mark.usefixtures("ready")
def test_metrics_are_served_for_as_long_as_it_runs(ok, cli):
    """A port that is taken is told by the name of its flag."""
    import socket  # noqa: PLC0415 - this test alone listens

    with socket.socket() as taken:
        taken.bind(("", 0))
        taken.listen()
        said = cli("run", "--once", "--metrics-port", taken.getsockname()[1])
        assert "(--metrics-port): Address already in use" in said.err
    assert "metrics.served" in ok("run", "--once", "--metrics-port", 0).err


@pytest.mark.usefixtures("ready")
def test_a_message_through_rabbitmq(ok, amqp_url, rabbitmq_server):
    """On a fresh broker `run` makes the topology; what is sent then takes effect, once."""
    if "erp" not in rabbitmq_server._passwords:
        rabbitmq_server.add_user("erp", "secret-of-erp")
    as_erp = rabbitmq_server.amqp_url("erp", amqp_url.rsplit("/", 1)[1])
    ok("run", "--once", "--bus-url", amqp_url)

    ok("send", "--bus-url", as_erp, ACCOUNT, ACCOUNT)
    ok("worker", "--once", "--bus-url", amqp_url)

    [message] = ok("messages", "list", "--json").json
    assert (message["outcome"], message["duplicates"]) == ("accepted", 1)
    assert ok("health", "--bus-url", amqp_url).json["backlog"]["outbox"] == 0
    assert ok("relay", "--once", "--bus-url", amqp_url).err.endswith("0 event(s) published\n")
