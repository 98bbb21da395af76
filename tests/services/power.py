"""Switching a service on and off: a private process, a Docker container, or one only lent to us."""

import contextlib
import os
import pwd
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import psutil

ROOT = Path(__file__).resolve().parents[2]

# Ends whatever is still running when its standard input closes, that is when our process is gone,
# for whatever reason. Each `*.pid` holds a signal name and a process group.
REAPER = """
read -r _
for file in "$1"/*.pid; do
    [ -f "$file" ] || continue
    read -r signal group < "$file"
    kill -s "$signal" -- "-$group" 2>/dev/null
done
sleep 0.3
rm -rf "$1"
"""

WATCHERS: list[subprocess.Popen[bytes]] = []


class ServiceUnavailable(Exception):
    """A service that the tests need cannot be had; the message says what to install."""


class Power(Protocol):
    """What can be done to a service from the outside."""

    def start(self) -> None:
        """Start it and return once it answers."""

    def stop(self, mode: str) -> None:
        """End it in the named way and return once it is gone."""

    def pause(self) -> None:
        """Freeze it: connections stay open and nothing answers."""

    def resume(self) -> None:
        """Let a paused service go on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lent:
    """A service given by URL: it belongs to somebody else, so it is never stopped."""

    variable: str

    def start(self) -> None:
        """Nothing to do: whoever gave the URL runs it."""

    def stop(self, mode: str) -> None:
        """Refuse."""
        raise ServiceUnavailable(
            f"a test wants to stop ({mode}) the service that {self.variable} names. "
            f"Use the fixture of a private one instead."
        )

    def pause(self) -> None:
        """Refuse."""
        self.stop("pause")

    def resume(self) -> None:
        """Refuse."""
        self.stop("resume")


@dataclass(slots=True, kw_only=True)
class Native:
    """A private process group with everything it writes in one folder.

    `modes` maps the names that `stop` takes to signals; `kill` is always there.
    """

    name: str
    command: Sequence[str]
    folder: Path
    answers: Callable[[], bool]
    modes: Mapping[str, signal.Signals]
    environment: Mapping[str, str] = field(default_factory=dict)
    user: str | None = None
    timeout_s: float = 90.0
    _process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers; with the tail of its log if it does not."""
        log = self.folder / f"{self.name}.out"
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                self.command,
                cwd=self.folder,
                env={**os.environ, **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **switch(self.user),
            )
        reap_with = self.modes.get("immediate", signal.SIGKILL).name.removeprefix("SIG")
        RUNNING.append(self)
        self._pid_file.write_text(f"{reap_with} {self._process.pid}\n")
        if not wait_until(lambda: self._gone() or self.answers(), self.timeout_s) or self._gone():
            tail = log.read_text(errors="replace")[-2000:]
            self.stop("kill")
            raise ServiceUnavailable(f"{self.name} did not come up: {self.command[0]}\n{tail}")

    def stop(self, mode: str) -> None:
        """End it with the signal of `mode`, or at once for `kill`."""
        if self._process is None or self._gone():
            return
        tree = self._tree()
        if mode == "kill":
            for each in tree:
                with contextlib.suppress(psutil.NoSuchProcess):
                    each.kill()
        else:
            self._process.send_signal(self.modes[mode])
        self._process.wait(self.timeout_s)
        wait_until(lambda: not any(map(_lives, tree)), 10)
        self._pid_file.unlink(missing_ok=True)

    def pause(self) -> None:
        """Stop every process of the tree with SIGSTOP."""
        for each in self._tree():
            each.suspend()

    def resume(self) -> None:
        """Let every process of the tree go on."""
        for each in self._tree():
            each.resume()

    @property
    def _pid_file(self) -> Path:
        return self.folder / f"{self.name}.pid"

    def _gone(self) -> bool:
        return self._process is None or self._process.poll() is not None

    def _tree(self) -> list[psutil.Process]:
        assert self._process is not None
        top = psutil.Process(self._process.pid)
        return [top, *top.children(recursive=True)]


def _lives(process: psutil.Process) -> bool:
    """A zombie that nobody waits for is as good as gone."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def switch(user: str | None) -> dict[str, Any]:
    """Return the options that make `subprocess` run a command as `user`."""
    if user is None:
        return {}
    return {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}


RUNNING: list[Native] = []


def private_folder(prefix: str, *, reaped: bool) -> Path:
    """Make a folder in the temporary directory that a service's own user may enter.

    Args:
        prefix: How its name starts.
        reaped: A watcher ends the processes noted there and removes the folder as soon as our
            own process is gone, however it ended.

    Returns:
        The folder, empty.
    """
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    folder.chmod(0o755)
    if reaped:
        # The pipe is never written to; the kernel closes it when we die.
        watcher = subprocess.Popen(
            ["/bin/sh", "-c", REAPER, "reaper", str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        WATCHERS.append(watcher)
    return folder


def reap() -> None:
    """End every private service of this process now and wait until that is done."""
    while RUNNING:
        RUNNING.pop().stop("kill")
    while WATCHERS:
        watcher = WATCHERS.pop()
        assert watcher.stdin is not None
        watcher.stdin.close()
        watcher.wait(30)


def free_port() -> int:
    """Return a TCP port of the loopback interface that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(done: Callable[[], bool], timeout_s: float, step_s: float = 0.1) -> bool:
    """Ask `done` until it says yes; False when `timeout_s` has passed first."""
    deadline = time.monotonic() + timeout_s
    while not done():
        if time.monotonic() > deadline:
            return False
        time.sleep(step_s)
    return True


def run(
    *command: str, user: str | None = None, cwd: Path | None = None, timeout_s: float = 120.0
) -> str:
    """Run `command` and return its standard output.

    Raises:
        ServiceUnavailable: it failed; with what it said.
    """
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
        cwd=cwd,
        **switch(user),
    )
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip()
        raise ServiceUnavailable(f"{' '.join(command)} ended with {done.returncode}: {said}")
    return str(done.stdout)
