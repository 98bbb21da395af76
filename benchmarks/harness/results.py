"""Raw results: one file of JSON lines per section; a section that is run again replaces its own."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.harness.places import RESULTS, commit, machine
from benchmarks.harness.rounds import Measured
from benchmarks.harness.run import Run


@dataclass(slots=True)
class Section:
    """What one section found.

    Attributes:
        about: Commit, date, machine, settings.
        measured: Its runs.
        figures: Whatever else it measured, by name.
    """

    about: dict[str, Any] = field(default_factory=dict)
    measured: list[Measured] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)


class Log:
    """Writes the results of one section as they come."""

    def __init__(self, path: Path, section: Section) -> None:
        """Begin the file anew."""
        self._path = path
        self.section = section
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("", encoding="utf-8")
        self._write({"kind": "about", **section.about})

    def run(self, measured: Measured) -> None:
        """Note a run."""
        self.section.measured.append(measured)
        place = {"kind": "run", "key": measured.key, "round": measured.round}
        self._write({**place, **measured.run.record()})

    def figure(self, name: str, value: Any) -> None:  # noqa: ANN401 - whatever JSON knows
        """Note something else."""
        self.section.figures[name] = value
        self._write({"kind": "figure", "name": name, "value": value})

    def _write(self, record: dict[str, Any]) -> None:
        with self._path.open("a", encoding="utf-8") as out:
            out.write(json.dumps(record) + "\n")


@contextmanager
def logged(name: str, settings: dict[str, str], folder: Path = RESULTS) -> Iterator[Log]:
    """Give the log of section `name`; what an interrupted section found so far replaces nothing."""
    about = {
        "commit": commit(),
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "machine": machine(),
        "settings": settings,
    }
    unfinished = folder / f"{name}.part"
    yield Log(unfinished, Section(about=about))
    unfinished.replace(folder / f"{name}.jsonl")


def read(name: str, folder: Path = RESULTS) -> Section:
    """Return what section `name` found last; empty when it never ran."""
    found = Section()
    path = folder / f"{name}.jsonl"
    if not path.exists():
        return found
    for line in path.read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        kind = record.pop("kind")
        if kind == "about":
            found.about = record
        elif kind == "run":
            found.measured.append(_measured(record))
        else:
            found.figures[record["name"]] = record["value"]
    return found


def _measured(record: dict[str, Any]) -> Measured:
    known = {each.name for each in fields(Run)}
    values = {name: value for name, value in record.items() if name in known}
    return Measured(record["key"], record["round"], Run(**values))
