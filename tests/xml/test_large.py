"""Large documents: the right code, in bounded time and memory, with a short report."""

import json
import os
import subprocess
import sys

import pytest

from tests.xml.large import CASES
from tests.xml.native import ROOT


@pytest.fixture(scope="module")
def judged():
    """Every large document, judged in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.xml.large"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT}/src{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
    )
    return {line["name"]: line for line in map(json.loads, done.stdout.splitlines())}


@pytest.mark.parametrize("name", CASES)
def test_is_judged_within_the_budget(judged, name):
    """Under 2 s of processor time and 300 MB, the right code, nothing echoed whole."""
    said = judged[name]

    assert said["code"] == CASES[name][0]
    assert said["s"] < 2
    assert said["mb"] < 300
    assert said["longest"] < 1000
