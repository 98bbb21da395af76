"""A RabbitMQ and a PostgreSQL for the tests: given by URL, from Docker, or private native ones."""

from tests.services.find import open_postgresql, open_rabbitmq
from tests.services.postgresql import PostgreSQL
from tests.services.power import ServiceUnavailable
from tests.services.rabbitmq import RabbitMQ, as_user
from tests.services.session import Services

__all__ = [
    "PostgreSQL",
    "RabbitMQ",
    "ServiceUnavailable",
    "Services",
    "as_user",
    "open_postgresql",
    "open_rabbitmq",
]
