"""The command line, to simulate with."""

from tests.cli.conftest import clean, cli, ok

__all__ = ["clean", "cli", "ok"]
