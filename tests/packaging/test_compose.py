"""docker-compose.yml and Dockerfile: valid, in the right order, and safe by default."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from invoice_gateway.settings import PREFIX, Settings

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def compose():
    """The parsed file."""
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))


def check(file: Path) -> subprocess.CompletedProcess[str]:
    """Check a file against the Compose specification, from the schema that the checker ships."""
    return subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", file],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_it_follows_the_compose_specification():
    """Every key is one that Compose knows, with a value of the right shape."""
    done = check(ROOT / "docker-compose.yml")

    assert done.returncode == 0, done.stdout


def test_the_check_would_notice(tmp_path):
    """A misspelt key fails the check, so its silence means something."""
    wrong = tmp_path / "compose.yml"
    wrong.write_text("services:\n  x:\n    image: y\n    healthchek: {}\n")

    assert check(wrong).returncode == 1


def test_it_runs_the_supported_servers(compose):
    """RabbitMQ 4 with its management console and PostgreSQL 17."""
    services = compose["services"]

    assert services.keys() == {"rabbitmq", "postgresql", "migrate", "gateway"}
    assert services["rabbitmq"]["image"] == "rabbitmq:4-management"
    assert services["postgresql"]["image"] == "postgres:17"
    assert services["gateway"]["build"] == "."


def test_every_service_is_healthy_before_the_gateway_starts(compose):
    """Each has a health check; the gateway waits for both servers and for its tables."""
    services = compose["services"]
    lasting = {name: each for name, each in services.items() if name != "migrate"}
    assert all("test" in service["healthcheck"] for service in lasting.values())
    assert services["gateway"]["depends_on"] == {
        "rabbitmq": {"condition": "service_healthy"},
        "postgresql": {"condition": "service_healthy"},
        "migrate": {"condition": "service_completed_successfully"},
    }
    assert services["migrate"]["command"] == ["db", "upgrade"]


def test_the_gateway_is_given_settings_that_it_knows(compose):
    """Each variable is a field of `Settings`: a misspelt one would be ignored in silence."""
    given = compose["services"]["gateway"]["environment"]

    assert given.keys() <= {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}


def test_what_is_stored_outlives_the_containers(compose):
    """Each service keeps its data in a named volume that is declared."""
    used = {
        volume.split(":")[0]
        for s in compose["services"].values()
        for volume in s.get("volumes", [])
    }

    assert used == compose["volumes"].keys()


def test_nothing_listens_beyond_this_machine(compose):
    """Ports are published on the loopback interface, and each can be moved by a variable."""
    ports = [port for s in compose["services"].values() for port in s.get("ports", [])]

    assert ports
    assert all(re.fullmatch(r"127\.0\.0\.1:\$\{[A-Z_]+:-\d+\}:\d+", port) for port in ports)


def test_the_broker_can_hash(compose):
    """Partitions need the consistent-hash exchange, which is a plugin."""
    assert "rabbitmq_consistent_hash_exchange" in compose["configs"]["rabbitmq-plugins"]["content"]


def test_the_image_is_pinned_unprivileged_and_watched():
    """Dependencies by hash, a user of its own, a health check, and a supported Python."""
    stages = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    last = DOCKERFILE[DOCKERFILE.rindex("FROM ") :]

    assert stages == ["python:3.13-slim"] * 2
    assert "--require-hashes -r requirements-runtime.lock" in DOCKERFILE
    assert re.search(r"^USER (?!root|0)", last, re.MULTILINE)
    assert "HEALTHCHECK" in last
    assert '"invoice-gateway", "health"' in last


def test_the_image_carries_the_version_of_the_project(compose):
    """The tag that Compose gives the image is the version of the project."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    assert compose["services"]["gateway"]["image"] == f"invoice-gateway:{project['version']}"


def test_everything_the_build_copies_is_sent_to_the_engine():
    """`.dockerignore` shuts out everything, then lets in what the Dockerfile copies."""
    allowed = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    lines = re.findall(r"^COPY (?!--from)(.*) \S+$", DOCKERFILE, re.MULTILINE)
    copied = [source for line in lines for source in line.split()]

    assert allowed[0] == "*"
    assert copied
    assert [source for source in copied if f"!{source}" not in allowed] == []
