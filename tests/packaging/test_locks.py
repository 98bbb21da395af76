"""The lock files: hashed, free of addresses, and in step with each other and the project."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FULL, RUNTIME = "requirements.lock", "requirements-runtime.lock"
TOOLS = "requirements-tools.lock"


def pins(name: str) -> dict[str, tuple[str, frozenset[str]]]:
    """Package -> pinned version and hashes."""
    text = (ROOT / name).read_text(encoding="utf-8")
    blocks = re.findall(r"^([a-z0-9._-]+)==([^ ;]+)[^\n]*\n((?:    .*\n)*)", text, re.MULTILINE)
    return {
        package: (version, frozenset(re.findall(r"--hash=(sha256:[0-9a-f]{64})", body)))
        for package, version, body in blocks
    }


@pytest.mark.parametrize("name", [FULL, RUNTIME, TOOLS])
def test_every_pin_has_hashes_and_no_address(name):
    """Where packages come from is the installer's configuration, not ours."""
    assert all(hashes for _, hashes in pins(name).values())
    assert "://" not in (ROOT / name).read_text(encoding="utf-8")


def test_the_runtime_lock_is_a_part_of_the_full_one():
    """What is tested is what is shipped."""
    full, runtime = pins(FULL), pins(RUNTIME)

    assert runtime
    assert {package: full.get(package) for package in runtime} == runtime


@pytest.mark.parametrize(("name", "extra"), [(RUNTIME, None), (FULL, "dev")])
def test_every_direct_dependency_is_locked(name, extra):
    """A dependency added to the project without `make lock` shows here."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    listed = project["optional-dependencies"][extra] if extra else project["dependencies"]
    wanted = {re.split(r"[\[<>=!~ ;]", line)[0].lower().replace("_", "-") for line in listed}

    assert wanted <= pins(name).keys()


def test_tools_that_tests_run_are_locked_and_no_part_of_the_project():
    """beancount is GPL: it is run by its command, from an environment of its own."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = {re.split("[<>=]", line)[0] for line in project["dependency-groups"]["tools"]}

    assert wanted == {"beancount"}
    assert wanted <= pins(TOOLS).keys()
    assert not wanted & pins(FULL).keys()
