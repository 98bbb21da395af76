"""A bus of each kind, empty, closed again at the end."""

from collections.abc import Iterator

import pytest

from invoice_gateway.bus import _pika
from tests.bus.harness import Bus, FolderBus, RabbitBus


@pytest.fixture(params=["express", "plain"])
def way(request, monkeypatch) -> str:
    """The test runs once on the short way past pika, and once on pika's own."""
    monkeypatch.setattr(_pika, "EXPRESS", request.param == "express")
    return request.param


@pytest.fixture(params=["folder", "rabbit", "rabbit-plain"])
def bus(request, tmp_path, monkeypatch) -> Iterator[Bus]:
    """The test runs once on each kind of bus."""
    monkeypatch.setattr(_pika, "EXPRESS", request.param == "rabbit")
    if request.param == "folder":
        made = FolderBus(tmp_path)
    else:
        made = RabbitBus(request.getfixturevalue("amqp_url"))
        made.declare()
    yield made
    for end in made.opened:
        end.close()


@pytest.fixture
def rabbit(amqp_url, way) -> Iterator[RabbitBus]:  # noqa: ARG001 - both ways
    """RabbitMQ with the default topology."""
    made = RabbitBus(amqp_url)
    made.declare()
    yield made
    for end in made.opened:
        end.close()


@pytest.fixture
def folder(tmp_path) -> Iterator[FolderBus]:
    """Folders."""
    made = FolderBus(tmp_path)
    yield made
    for end in made.opened:
        end.close()
