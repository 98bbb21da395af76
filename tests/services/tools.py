"""Programs that judge what the gateway writes for them: run by tests, never imported."""

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from tests.services.install import install
from tests.services.power import ServiceUnavailable

ROOT = Path(__file__).resolve().parents[2]
LOCK = ROOT / "requirements-tools.lock"
PLACE = ROOT / ".services"
BEAN_CHECK = "INVOICE_GATEWAY_TEST_BEAN_CHECK"
HLEDGER = "INVOICE_GATEWAY_TEST_HLEDGER"


def bean_check(environ: Mapping[str, str] = os.environ) -> str:
    """Return the command `bean-check`: the one that `environ` names, or one of an own environment.

    That environment is made once for each state of the lock file (`make lock`), hashes checked.

    Raises:
        ServiceUnavailable: it cannot be made; says what to do.
    """
    if named := environ.get(BEAN_CHECK):
        return named
    made = PLACE / f"tools-{sha256(LOCK.read_bytes()).hexdigest()[:12]}"
    stamp = made / "ready"
    PLACE.mkdir(exist_ok=True)
    with (PLACE / "tools.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # several runs may want to make it at once
        if not stamp.exists():
            sys.__stderr__.write(f"installing {LOCK.name} into {made}\n")  # type: ignore[union-attr]
            _run(sys.executable, "-m", "venv", "--clear", str(made))
            pip = (str(made / "bin" / "python"), "-m", "pip", "--disable-pip-version-check")
            _run(*pip, "install", "-qq", "--no-deps", "--require-hashes", "-r", str(LOCK))
            stamp.touch()
    return str(made / "bin" / "bean-check")


def hledger(environ: Mapping[str, str] = os.environ) -> str:
    """Return the command `hledger`: the one that `environ` names, or that of the system.

    Raises:
        ServiceUnavailable: it is not there and cannot be installed; says what to do.
    """
    if named := environ.get(HLEDGER):
        return named
    if shutil.which("hledger") is None:
        try:
            install("hledger")
        except ServiceUnavailable as error:
            raise ServiceUnavailable(
                f"the tests need hledger: {error}. Install it (Debian, Ubuntu: apt-get install "
                f"hledger) or set {HLEDGER} to the command"
            ) from None
    return "hledger"


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end and return what it said."""
    return subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)


def _run(*command: str) -> None:
    done = run(*command)
    if done.returncode != 0:
        raise ServiceUnavailable(
            f"the tests need bean-check, and {' '.join(command[:3])} failed: "
            f"{done.stderr.strip()[-500:]}; set {BEAN_CHECK} to a command of your own"
        )
