"""The command line, to judge databases with."""

from tests.cli.conftest import clean, cli, ok

__all__ = ["clean", "cli", "ok"]
