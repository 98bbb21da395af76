"""The services that the tests stand on: they answer, they are clean, and they never go missing."""

import os
import subprocess
import sys
from pathlib import Path

import pika
import psycopg
import pytest

from tests.services import ServiceUnavailable, as_user, open_postgresql, open_rabbitmq
from tests.services.postgresql import accepts, private_postgresql
from tests.services.power import ROOT, wait_until
from tests.services.rabbitmq import private_rabbitmq


def publish_and_get(url: str, body: bytes) -> bytes | None:
    """Send one message through a quorum queue and read it back."""
    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()
    channel.queue_declare("q", durable=True, arguments={"x-queue-type": "quorum"})
    channel.confirm_delivery()
    channel.basic_publish("", "q", body, pika.BasicProperties(delivery_mode=2), mandatory=True)
    _, _, got = channel.basic_get("q", auto_ack=True)
    connection.close()
    return got


def plain(url: str) -> str:
    """The same URL for psycopg."""
    return url.replace("+psycopg", "")


def test_the_broker_stores_and_returns_a_message(amqp_url):
    """A quorum queue in a fresh virtual host works."""
    assert publish_and_get(amqp_url, b"<x/>") == b"<x/>"


def test_every_virtual_host_is_clean(rabbitmq_server):
    """A second one does not see the queues of the first."""
    first, second = rabbitmq_server.new_vhost(), rabbitmq_server.new_vhost()
    publish_and_get(first, b"<x/>")

    connection = pika.BlockingConnection(pika.URLParameters(second))
    with pytest.raises(pika.exceptions.ChannelClosedByBroker, match="404"):
        connection.channel().queue_declare("q", passive=True)
    connection.close()

    rabbitmq_server.release(first)
    rabbitmq_server.release(second)


def test_a_user_may_use_virtual_hosts_old_and_new(rabbitmq_server):
    """The broker knows the user that the tests add."""
    old = rabbitmq_server.new_vhost()
    rabbitmq_server.add_user("acme", "se'cret/@")
    hosts = [old, *(rabbitmq_server.new_vhost() for _ in range(13))]

    for host in (hosts[0], hosts[-1]):
        assert publish_and_get(as_user(host, "acme", "se'cret/@"), b"1") == b"1"

    assert "acme" in rabbitmq_server.ctl("list_users")


def test_the_database_answers(postgres_url):
    """A fresh database takes a table."""
    with psycopg.connect(plain(postgres_url)) as connection:
        connection.execute("CREATE TABLE t (x int)")
        connection.execute("INSERT INTO t VALUES (1)")
        assert connection.execute("SELECT x FROM t").fetchall() == [(1,)]


def test_a_template_is_filled_once_and_copied(postgresql_server):
    """Copies hold what the template held, and do not see each other."""
    filled = []

    def fill(url: str) -> None:
        filled.append(url)
        with psycopg.connect(plain(url)) as connection:
            connection.execute("CREATE TABLE t (x int)")

    for _ in range(2):
        template = postgresql_server.template("one table", fill)
        url = postgresql_server.new_database(template)
        with psycopg.connect(plain(url)) as connection:
            connection.execute("INSERT INTO t VALUES (1)")
            assert connection.execute("SELECT count(*) FROM t").fetchone() == (1,)

    assert len(filled) == 1


def test_a_test_runs_on_both_kinds_of_database(database_url):
    """The parametrised fixture gives URLs that SQLAlchemy understands."""
    assert database_url.startswith(("sqlite:///", "postgresql+psycopg://"))


def test_a_killed_broker_comes_back_with_its_messages(own_rabbitmq):
    """Kill, start, and a confirmed message is still there."""
    url = own_rabbitmq.new_vhost()
    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()
    channel.queue_declare("q", durable=True, arguments={"x-queue-type": "quorum"})
    channel.confirm_delivery()
    channel.basic_publish("", "q", b"kept", pika.BasicProperties(delivery_mode=2))

    own_rabbitmq.kill()
    with pytest.raises(pika.exceptions.AMQPConnectionError):
        channel.basic_get("q")
    own_rabbitmq.start()

    connection = pika.BlockingConnection(pika.URLParameters(url))
    assert connection.channel().basic_get("q", auto_ack=True)[2] == b"kept"
    connection.close()


@pytest.mark.parametrize("mode", ["immediate", "fast", "kill"])
def test_a_stopped_database_comes_back_with_its_rows(own_postgresql, mode):
    """Stop it in any way, start it, and a committed row is still there."""
    url = plain(own_postgresql.new_database())
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE t AS SELECT 7 AS x")

    own_postgresql.stop(mode)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url, connect_timeout=2)
    own_postgresql.start()

    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT x FROM t").fetchall() == [(7,)]


@pytest.mark.parametrize(
    ("open_service", "package"),
    [(open_rabbitmq, "rabbitmq-server"), (open_postgresql, "postgresql")],
)
def test_a_service_that_cannot_be_had_says_what_to_do(open_service, package):
    """The message names the variable and the package."""
    with pytest.raises(ServiceUnavailable) as failure:
        open_service(environ={"INVOICE_GATEWAY_TEST_SOURCES": ""})

    assert "INVOICE_GATEWAY_TEST_" in str(failure.value)
    assert f"apt-get install {package}" in str(failure.value)


@pytest.mark.parametrize(
    ("private", "name"),
    [(private_rabbitmq, "rabbitmq-server"), (private_postgresql, "PostgreSQL")],
)
def test_a_missing_binary_is_named(private, name):
    """Where nothing is installed, the search says so."""
    with pytest.raises(ServiceUnavailable, match=f"{name} is not installed"):
        private(binaries=())


def test_a_missing_service_fails_the_run_and_skips_nothing():
    """A run whose services cannot be had ends with errors and exit code 1."""
    environment = {**os.environ, "INVOICE_GATEWAY_TEST_SOURCES": ""}
    environment.pop("INVOICE_GATEWAY_TEST_AMQP_URL", None)

    run = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "no:cacheprovider",
            f"{__file__}::{test_the_broker_stores_and_returns_a_message.__name__}",
        ],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert run.returncode == 1
    assert "1 error" in run.stdout
    assert "skipped" not in run.stdout
    assert "apt-get install rabbitmq-server" in run.stdout


def test_a_lent_service_is_never_stopped():
    """What was given by URL belongs to somebody else."""
    lent = open_postgresql(environ={"INVOICE_GATEWAY_TEST_POSTGRES_URL": "postgresql://db/x"})

    with pytest.raises(ServiceUnavailable, match="INVOICE_GATEWAY_TEST_POSTGRES_URL"):
        lent.stop()


def test_docker_is_asked_first_and_left_tidy(tmp_path, monkeypatch):
    """With an engine, the broker of docker-compose.yml is started; a failed start is removed."""
    log = tmp_path / "log"
    docker = tmp_path / "docker"
    docker.write_text(f'#!/bin/sh\necho "$@" >> {log}\ncase "$*" in *" up "*) exit 1;; esac\n')
    docker.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")

    with pytest.raises(ServiceUnavailable, match=r"docker: .* up --detach --wait rabbitmq"):
        open_rabbitmq(environ={"INVOICE_GATEWAY_TEST_SOURCES": "docker"})

    asked = log.read_text().splitlines()
    assert asked[:2] == ["info", "compose version"]
    assert asked[2].endswith("docker-compose.yml up --detach --wait rabbitmq")
    assert asked[3].endswith("docker-compose.yml down --volumes --timeout 1")


def test_a_private_service_does_not_outlive_a_killed_run():
    """Whatever ends the run, its services and their folders go with it."""
    script = (
        "from tests.services.postgresql import private_postgresql; import time\n"
        "server = private_postgresql()\n"
        "print(server.url, server.power.folder, flush=True); time.sleep(60)\n"
    )
    run = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE)
    with run:
        url, folder = run.stdout.readline().decode().split()
        assert accepts(url)
        run.kill()

    assert wait_until(lambda: not accepts(url) and not Path(folder).exists(), 20)
