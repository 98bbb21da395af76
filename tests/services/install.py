"""The last resort: installing a service with apt-get, without starting it system-wide."""

import contextlib
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from tests.services.power import ServiceUnavailable

POLICY = Path("/usr/sbin/policy-rc.d")

# One package manager at a time: both services may want to be installed at once.
_INSTALLING = threading.Lock()


def install(package: str) -> None:
    """Install a Debian package; its system service is not started.

    Raises:
        ServiceUnavailable: this is no Debian or Ubuntu, we are not root, or it failed.
    """
    debian = Path("/etc/debian_version").exists() and shutil.which("apt-get")
    if os.geteuid() != 0 or not debian:
        raise ServiceUnavailable("only root on Debian or Ubuntu can install packages here")
    with _INSTALLING, _nothing_starts():
        sys.__stderr__.write(f"installing {package} with apt-get\n")  # type: ignore[union-attr]
        _apt("update")
        _apt("install", "--yes", "--no-install-recommends", package)


def _apt(*arguments: str) -> None:
    done = subprocess.run(
        ["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=300", *arguments],
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    if done.returncode != 0:
        raise ServiceUnavailable(f"apt-get {arguments[0]}: {done.stderr.strip()[-500:]}")


@contextlib.contextmanager
def _nothing_starts() -> Iterator[None]:
    """Debian asks this file before it starts a service; ours says no. An existing one stays."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink(missing_ok=True)
