"""Where things are, and how the benchmark speaks: chatter to stderr, results to stdout."""

import os
import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from rich.console import Console

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "benchmarks" / "results"
PLOTS = ROOT / "docs" / "bench"

console = Console(stderr=True, width=None if sys.stderr.isatty() else 150)
LIBRARIES = (
    "lxml",
    "pika",
    "SQLAlchemy",
    "psycopg",
    "faststream",
    "asyncpg",
    "kombu",
    "celery",
    "uvloop",
)


def say(text: str) -> None:
    """Print a line of chatter."""
    console.print(text, highlight=False, markup=False, soft_wrap=True)


def commit() -> str:
    """Return the abbreviated commit of the checkout; with a `+` when files differ from it."""
    found = _git("rev-parse", "--short=10", "HEAD")
    return f"{found}+" if found and _git("status", "--porcelain", "src", "handlers") else found


def machine() -> dict[str, str]:
    """Return what the figures were made on."""
    return {
        "cpu": _cpu(),
        "cores": str(os.cpu_count()),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        **{name: _version(name) for name in LIBRARIES},
    }


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _git(*arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip()
