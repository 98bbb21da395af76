"""Log lines: nothing that a stranger wrote can forge one, and secrets stay out."""

import pytest
import structlog

from invoice_gateway import log


@pytest.fixture(autouse=True)
def before():
    """Leave logging as it was."""
    kept = structlog.get_config()
    yield
    structlog.configure(**kept)


def fail(text):
    """Fail as a library would that repeats what it was given."""
    raise ValueError(text)


@pytest.mark.parametrize("form", ["json", "console"])
def test_control_characters_are_escaped_also_in_a_traceback(capsys, form):
    """A terminal obeys nothing that came in a message; a body is never written."""
    log.configure(form, "info")
    body = "<Message/>"

    try:
        fail("\x1b[2Jgone")
    except ValueError:
        structlog.get_logger().exception("message.failed", sender="a\nlevel=info", body=body)

    said = capsys.readouterr().err
    assert "\x1b[2J" not in said
    assert "u001b[2Jgone" in said
    assert "a\nlevel" not in said
    assert body not in said
