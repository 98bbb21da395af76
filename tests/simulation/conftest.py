"""Databases to simulate on, and the command line."""

from tests.cli.conftest import clean, cli, ok
from tests.stateful.conftest import databases, url

__all__ = ["clean", "cli", "databases", "ok", "url"]
