"""Log lines: one JSON object per line, or something to read on a terminal; always on stderr."""

import logging
import sys
from typing import Literal

import structlog
from structlog.typing import EventDict, WrappedLogger

VALUE_MAX = 256
HIDDEN = frozenset({"body", "xml", "password", "url"})
"""Keys that are never written, whoever passes them."""


def configure(form: Literal["auto", "json", "console"], level: str) -> None:
    """Set up logging for this process; called by faces only."""
    console = form == "console" or (form == "auto" and sys.stderr.isatty())
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
        if console
        else structlog.processors.JSONRenderer(ensure_ascii=True)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            tame,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )


def tame(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Return the line with long values cut, control characters escaped, and secrets left out."""
    for key, value in list(event.items()):
        if key in HIDDEN:
            del event[key]
        elif isinstance(value, str):
            lines = key == "exception"  # a traceback is long; what strangers wrote may be in it
            tamed = "".join(
                each if each.isprintable() or (lines and each == "\n") else _escaped(each)
                for each in value
            )
            event[key] = tamed if lines else tamed[:VALUE_MAX]
    return event


def _escaped(character: str) -> str:
    return f"\\u{ord(character):04x}"
