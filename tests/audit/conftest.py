"""Databases with some business in them, and the command line to judge them."""

from tests.cli.conftest import clean, cli, ok
from tests.stateful.conftest import databases, url

__all__ = ["clean", "cli", "databases", "ok", "url"]
