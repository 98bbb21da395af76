"""The wheel: everything is in it, and it runs where there is no checkout."""

import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUNDLED = {"handlers": "handlers", "schemas": "schemas", "journeys": "fixtures/journeys"}


def run(*command: object, cwd: Path) -> str:
    """Run a command as a person would, without what the checkout adds to the environment."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "INVOICE_GATEWAY"))}
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=kept,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    """A folder with the wheel and the source distribution of this checkout."""
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", folder]
    run(*build, "--wheel", "--sdist", ROOT, cwd=folder)
    return folder


@pytest.fixture(scope="module")
def wheel(built) -> Path:
    """The wheel."""
    [found] = built.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Path:
    """The folder of programs of a new environment that holds the wheel and what it needs."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder, with_pip=True)
    pip = [folder / "bin/python", "-m", "pip", "--disable-pip-version-check", "install", "-qq"]
    run(*pip, "--require-hashes", "-r", ROOT / "requirements-runtime.lock", cwd=folder)
    run(*pip, "--no-deps", wheel, cwd=folder)
    return folder / "bin"


def files_in(folder: str) -> set[str]:
    """The files of a folder of the checkout, without what Python leaves there."""
    root = ROOT / folder
    found = (path for path in root.rglob("*") if path.is_file() and path.suffix != ".pyc")
    return {str(path.relative_to(root)) for path in found}


def test_the_wheel_carries_handlers_schemas_and_journeys(wheel):
    """What lies at the root of the checkout is under `_bundled`, complete and no package."""
    names = zipfile.ZipFile(wheel).namelist()

    for shipped, folder in BUNDLED.items():
        prefix = f"invoice_gateway/_bundled/{shipped}/"
        inside = {name.removeprefix(prefix) for name in names if name.startswith(prefix)}
        assert inside == files_in(folder)
    assert not [name for name in names if "_bundled" in name and name.endswith("__init__.py")]


def test_the_wheel_is_typed_licensed_and_holds_nothing_else(wheel):
    """One package, its marker for type checkers, and the license."""
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}

    assert tops == {"invoice_gateway", "invoice_gateway-0.1.0.dist-info"}
    assert "invoice_gateway/py.typed" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_the_source_distribution_keeps_the_folders_at_its_root(built):
    """Building from it gives the same wheel."""
    [archive] = built.glob("*.tar.gz")
    with tarfile.open(archive) as tar:
        names = {name.partition("/")[2] for name in tar.getnames()}

    for folder in BUNDLED.values():
        assert {f"{folder}/{file}" for file in files_in(folder)} <= names


def test_the_environment_is_whole(installed, tmp_path):
    """Every requirement of the wheel is satisfied by the runtime lock."""
    run(installed / "python", "-m", "pip", "check", cwd=tmp_path)


def test_the_demo_runs_from_an_empty_folder(installed, tmp_path):
    """No checkout, no server, no setting: the demo ends well and shows what happened."""
    shown = run(installed / "invoice-gateway", "demo", cwd=tmp_path)

    assert "accepted" in shown
