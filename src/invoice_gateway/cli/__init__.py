"""The command line: `main` reads the arguments, calls a verb and turns its trouble into one line.

Results go to stdout, chatter to stderr. Exit codes: 0 done or yes, 1 no (invalid, not found,
unhealthy), 2 the question, the configuration or the installation is wrong.
"""

import os
import sys
from collections.abc import Sequence
from typing import Any

import typer

from invoice_gateway.cli._faults import help_of, told
from invoice_gateway.cli._invocation import NEGATIVE, WRONG, NothingFound
from invoice_gateway.cli._out import say
from invoice_gateway.cli._verbs import program

__all__ = ["main", "run"]

NAME = "invoice-gateway"
INTERRUPTED = 130


def main() -> None:
    """Run the command line of this process and exit."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code; what a person can cause is one line on stderr."""
    command = typer.main.get_command(program)
    try:
        code = command.main(hoisted(arguments, command), NAME, standalone_mode=False)
        sys.stdout.flush()
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except (BrokenPipeError, SystemExit):  # the reader of our stdout has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except NothingFound as nothing:
        say(str(nothing))
        return NEGATIVE
    except Exception as error:
        text = help_of(error)
        if text is None and (trouble := told(error)) is not None:
            text = f"error: {trouble}"
        if text is None:
            raise
        say(text, keep="\n")
        return WRONG
    return int(code or 0)


def hoisted(arguments: Sequence[str], command: Any) -> list[str]:  # noqa: ANN401 - of typer's own
    """Return `arguments` with the global flags first: people write them behind the verb, too."""
    valued = {name for each in command.params for name in each.opts if not each.is_flag}
    front: list[str] = []
    rest: list[str] = []
    words = iter(arguments)
    for word in words:
        if word == "--":
            rest += [word, *words]
        elif word in valued:
            front.append(word)
            value = next(words, None)
            if value is None:  # left alone, so that it is refused for its missing value
                return front
            front.append(value)
        elif word.partition("=")[0] in valued:
            front.append(word)
        else:
            rest.append(word)
    return front + rest
