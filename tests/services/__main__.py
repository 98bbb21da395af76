"""`python -m tests.services up` and `down`: both services for development, until told otherwise."""

import contextlib
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.services.docker import Container
from tests.services.find import AMQP, CONTROL, POSTGRES, open_postgresql, open_rabbitmq
from tests.services.postgresql import accepts
from tests.services.power import ROOT, ServiceUnavailable, private_folder, wait_until

STATE = ROOT / ".services" / "state.json"


def main(arguments: list[str]) -> int:
    """Run one verb; 0 done, 1 not possible, 2 not a verb."""
    verbs = {"up": up, "down": down}
    if len(arguments) != 1 or arguments[0] not in verbs:
        sys.stderr.write("usage: python -m tests.services (up | down)\n")
        return 2
    try:
        verbs[arguments[0]]()
    except ServiceUnavailable as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def up() -> None:
    """Start both, unless they run already, and print their URLs as shell commands."""
    state = _read()
    if not state or not accepts(state["exports"][POSTGRES]):
        down()
        state = _start()
    for name, value in state["exports"].items():
        sys.stdout.write(f"export {name}={shlex.quote(value)}\n")


def down() -> None:
    """End both and remove what they stored."""
    state = _read()
    for command in state.get("commands", []):
        subprocess.run(command, check=False, capture_output=True, timeout=60)
    for folder in map(Path, state.get("folders", [])):
        for note in folder.glob("*.pid"):
            _end(note)
        shutil.rmtree(folder, ignore_errors=True)
    STATE.unlink(missing_ok=True)


def _start() -> dict[str, Any]:
    folders = [private_folder("invoice-gateway-up-", reaped=False) for _ in range(2)]
    _write({"folders": [str(folder) for folder in folders], "commands": [], "exports": {}})
    with ThreadPoolExecutor(2) as threads:
        broker = threads.submit(open_rabbitmq, folder=folders[0])
        database = threads.submit(open_postgresql, folder=folders[1])
    rabbitmq, postgresql = broker.result(), database.result()
    powers = [rabbitmq.power, postgresql.power]
    state = {
        "folders": [str(folder) for folder in folders],
        "commands": [
            power.command("down", "--volumes") for power in powers if isinstance(power, Container)
        ],
        "exports": {
            AMQP: rabbitmq.url,
            CONTROL: shlex.join(rabbitmq.command),
            POSTGRES: postgresql.url,
        },
    }
    _write(state)
    return state


def _read() -> dict[str, Any]:
    return json.loads(STATE.read_text()) if STATE.exists() else {}


def _write(state: dict[str, Any]) -> None:
    STATE.parent.mkdir(exist_ok=True)
    STATE.write_text(json.dumps(state, indent=2) + "\n")


def _end(note: Path) -> None:
    """Send the noted signal to the noted process group and wait for its end."""
    name, group = note.read_text().split()
    with contextlib.suppress(ProcessLookupError):
        os.killpg(int(group), signal.Signals[f"SIG{name}"])
        wait_until(lambda: not _alive(int(group)), 20)


def _alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
