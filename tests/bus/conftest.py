"""A bus of each kind, empty, closed again at the end."""

from collections.abc import Iterator

import pytest

from tests.bus.harness import Bus, FolderBus, RabbitBus


@pytest.fixture(params=["folder", "rabbit"])
def bus(request, tmp_path) -> Iterator[Bus]:
    """The test runs once on each kind of bus."""
    if request.param == "folder":
        made = FolderBus(tmp_path)
    else:
        made = RabbitBus(request.getfixturevalue("amqp_url"))
        made.declare()
    yield made
    for end in made.opened:
        end.close()


@pytest.fixture
def rabbit(amqp_url) -> Iterator[RabbitBus]:
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
