"""Soon."""

import typer

dead = typer.Typer()


@dead.callback()
def _dead() -> None:
    """Soon."""
