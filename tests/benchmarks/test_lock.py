"""What the benchmark installs agrees with what everybody has installed."""

import re

from benchmarks.harness.places import ROOT

PIN = re.compile(r"^(?P<name>[\w.-]+)(?:\[[^]]*\])?==(?P<version>[\w.+!-]+)", re.MULTILINE)


def pins(name):
    """Every pinned package of a lock file with its versions."""
    text = (ROOT / name).read_text(encoding="utf-8")
    found = {}
    for each in PIN.finditer(text):
        found.setdefault(each["name"], set()).add(each["version"])
    return found


def test_the_lock_of_the_benchmark_agrees_with_that_of_development():
    """Neither may undo the other, they go into one virtual environment."""
    everybody, bench = pins("requirements.lock"), pins("requirements-bench.lock")

    common = everybody.keys() & bench.keys()
    assert {"lxml", "pika", "psycopg", "sqlalchemy"} <= common
    assert {name for name in common if everybody[name] != bench[name]} == set()


def test_every_pin_of_the_benchmark_has_hashes():
    """And no package index is named."""
    text = (ROOT / "requirements-bench.lock").read_text(encoding="utf-8")

    assert len(PIN.findall(text)) == len(re.findall(r"^[\w.\[\]-]+==.*\\$", text, re.MULTILINE))
    assert "--index-url" not in text
