"""The command line in this process, in a folder of its own, and messages to give to it."""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import structlog

from invoice_gateway.cli import run

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "fixtures"


@dataclass(frozen=True, slots=True)
class Said:
    """What a command said, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one document on stdout."""
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        """The JSON lines on stdout."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def error(self) -> str:
        """The one line that a person gets about trouble they can repair."""
        assert self.code == 2, (self.code, self.out, self.err)
        assert "Traceback" not in self.err
        [line] = self.err.splitlines()
        assert line.startswith("error: ")
        return line.removeprefix("error: ")


Cli = Callable[..., Said]


@pytest.fixture(autouse=True)
def clean(monkeypatch, tmp_path) -> Iterator[None]:
    """An empty folder, no settings from outside, and logging as it was before; short pauses."""
    for name in list(os.environ):
        if name.startswith("INVOICE_GATEWAY"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("INVOICE_GATEWAY_POLL_S", "0.05")
    monkeypatch.chdir(tmp_path)
    before = structlog.get_config()
    yield
    structlog.configure(**before)


@pytest.fixture
def cli(capfd) -> Cli:
    """Run `invoice-gateway` with these arguments."""

    def call(*arguments: object) -> Said:
        capfd.readouterr()
        code = run([str(each) for each in arguments])
        said = capfd.readouterr()
        return Said(code, said.out, said.err)

    return call


@pytest.fixture
def ok(cli) -> Cli:
    """Run `invoice-gateway` and expect that it does what it was asked."""

    def call(*arguments: object) -> Said:
        said = cli(*arguments)
        assert said.code == 0, (arguments, said.code, said.out, said.err)
        return said

    return call


def journey(name: str) -> list[Path]:
    """The messages of a story, in order."""
    return sorted((FIXTURES / "journeys" / name).glob("*.xml"))
