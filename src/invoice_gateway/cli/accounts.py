"""Soon."""

import typer

invoice = typer.Typer()
account = typer.Typer()


@invoice.callback()
def _invoice() -> None:
    """Soon."""


@account.callback()
def _account() -> None:
    """Soon."""
