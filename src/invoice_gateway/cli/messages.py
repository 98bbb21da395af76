"""Soon."""

import typer

messages = typer.Typer()
parked = typer.Typer()


@messages.callback()
def _messages() -> None:
    """Soon."""


@parked.callback()
def _parked() -> None:
    """Soon."""
