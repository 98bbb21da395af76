"""RabbitMQ for the tests: a broker, its control command, and clean virtual hosts by the dozen."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlsplit

from tests.services.power import (
    Native,
    Power,
    ServiceUnavailable,
    free_port,
    private_folder,
)

ADMIN = "gateway"
BINARIES = ("/usr/lib/rabbitmq/bin", "/opt/homebrew/sbin", "/usr/local/sbin")
# One call of the control command takes a second or two; it may as well make several.
POOL_SIZE = 12
# RabbitMQ 3.10 writes the election of a new quorum queue to disk within a second or two; killed
# before that, the queue comes back with its messages and without a leader, for good.
SETTLE_S = 2.5


@dataclass(slots=True, kw_only=True)
class RabbitMQ:
    """A running broker.

    Attributes:
        url: Where it listens, with an administrator's credentials; the path is of no account.
        command: What runs `rabbitmqctl` against it; empty when nothing does.
        power: Switches it on and off.
    """

    url: str
    command: Sequence[str]
    power: Power
    _pool: list[str] = field(default_factory=list)
    _used: list[str] = field(default_factory=list)
    _made: set[str] = field(default_factory=set)
    _passwords: dict[str, str] = field(default_factory=dict)

    def amqp_url(self, user: str | None = None, vhost: str = "/") -> str:
        """Return the URL of `vhost` as the administrator, or as a user made by `add_user`."""
        plain = f"{self.url.rsplit('/', 1)[0]}/{quote(vhost, safe='')}"
        return plain if user is None else as_user(plain, user, self._passwords[user])

    def ctl(self, *arguments: str) -> str:
        """Run `rabbitmqctl` with `arguments` and return what it printed, without its chatter.

        Raises:
            ServiceUnavailable: it failed, or the broker was given by URL alone.
        """
        if not self.command:
            raise ServiceUnavailable(
                f"no rabbitmqctl for {urlsplit(self.url).hostname}: set "
                f"INVOICE_GATEWAY_TEST_RABBITMQCTL to the command that runs it, for example "
                f"'docker exec rabbitmq rabbitmqctl'."
            )
        done = subprocess.run(
            [*self.command, "-q", *arguments],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if done.returncode != 0:
            raise ServiceUnavailable(f"rabbitmqctl {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout

    def new_vhost(self) -> str:
        """Return the URL of a virtual host that nobody has used; every known user may use it."""
        if not self._pool:
            self._refill()
        return self.amqp_url(vhost=self._pool.pop())

    def release(self, url: str) -> None:
        """Say that nobody needs the virtual host of `url` any more; it goes with a later call."""
        self._used.append(urlsplit(url).path.removeprefix("/"))

    def add_user(self, name: str, password: str) -> None:
        """Make a user with every permission in every virtual host of the tests, old and new.

        Asking again for a user changes its password, if anything.
        """
        if self._passwords.get(name) == password:
            return
        if name in self._passwords:
            change = f"change_password({_b(name)},{_b(password)},{_b('tests')})"
            self.ctl("eval", f"rabbit_auth_backend_internal:{change}.")
            self._passwords[name] = password
            return
        grants = _each(_grant(name, vhost) for vhost in sorted({"/", *self._made}))
        add = f"rabbit_auth_backend_internal:add_user({_b(name)},{_b(password)},{_b('tests')})"
        self.ctl("eval", f"{add}, {grants}.")
        self._passwords[name] = password

    def forget(self) -> None:
        """Remove every virtual host and user of the tests: good manners towards a lent broker."""
        vhosts = [f"catch rabbit_vhost:delete({_b(each)},{_b('tests')})" for each in self._made]
        users = [
            f"catch rabbit_auth_backend_internal:delete_user({_b(each)},{_b('tests')})"
            for each in self._passwords
        ]
        if vhosts or users:
            self.ctl("eval", f"{_each([*vhosts, *users])}.")
        for kept in (self._pool, self._used, self._made, self._passwords):
            kept.clear()

    def kill(self, settle_s: float = SETTLE_S) -> None:
        """End its processes at once, without a word to anybody.

        Args:
            settle_s: How long to wait before, for queues that were declared just now.
        """
        time.sleep(settle_s)
        self.power.stop("kill")

    def stop(self) -> None:
        """Shut it down in good order."""
        self.power.stop("term")

    def start(self) -> None:
        """Start it again on the same port with what it had stored."""
        self.power.start()

    def pause(self) -> None:
        """Freeze it, connections open."""
        self.power.pause()

    def resume(self) -> None:
        """Thaw it."""
        self.power.resume()

    def _refill(self) -> None:
        token = os.urandom(3).hex()
        fresh = [f"test-{token}-{number:02}" for number in range(POOL_SIZE)]
        users = [urlsplit(self.url).username or "guest", *self._passwords]
        old = [f"catch rabbit_vhost:delete({_b(each)},{_b('tests')})" for each in self._used]
        new = [f"rabbit_vhost:add({_b(each)},{_b('tests')})" for each in fresh]
        grants = [_grant(user, vhost) for vhost in fresh for user in users]
        self.ctl("eval", f"{_each([*old, *new, *grants])}.")
        self._made |= {*fresh}
        self._made -= {*self._used}
        self._used.clear()
        self._pool = fresh[::-1]


def as_user(url: str, user: str, password: str) -> str:
    """Return `url` with other credentials."""
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    login = f"{quote(user, safe='')}:{quote(password, safe='')}"
    return parts._replace(netloc=f"{login}@{place}").geturl()


def greets(host: str, port: int) -> bool:
    """Tell whether an AMQP broker answers there."""
    try:
        with socket.create_connection((host, port), timeout=2) as line:
            line.settimeout(2)
            line.sendall(b"AMQP\x00\x00\x09\x01")
            return line.recv(1) != b""
    except OSError:
        return False


def private_rabbitmq(folder: Path | None = None, binaries: Sequence[str] = BINARIES) -> RabbitMQ:
    """Start a broker of our own on free ports, known to nobody else.

    Args:
        folder: Where it keeps everything; left behind. None for one that goes with our process.
        binaries: Folders where RabbitMQ's own scripts may be. Not Debian's wrapper on the PATH,
            which insists on another user.

    Raises:
        ServiceUnavailable: it is not installed, or does not come up.
    """
    scripts = next(
        (Path(each) for each in binaries if Path(each, "rabbitmq-server").exists()), None
    )
    epmd = shutil.which("epmd")
    if scripts is None or epmd is None:
        missing = "rabbitmq-server" if scripts is None else "epmd (Erlang)"
        raise ServiceUnavailable(f"{missing} is not installed (looked in {', '.join(binaries)})")

    folder = folder or private_folder("invoice-gateway-rabbitmq-", reaped=True)
    port = free_port()
    environment = _environment(folder, port)
    _configure(folder, port, scripts)
    control = _control_script(folder, environment, scripts / "rabbitmqctl")
    names = Native(
        name="epmd",
        command=[epmd, "-port", environment["ERL_EPMD_PORT"], "-address", "127.0.0.1"],
        folder=folder,
        answers=lambda: _listens(int(environment["ERL_EPMD_PORT"])),
        modes={},
    )
    names.start()
    power = Native(
        name="rabbitmq",
        command=[str(scripts / "rabbitmq-server")],
        folder=folder,
        environment=environment,
        answers=lambda: greets("127.0.0.1", port),
        modes={"term": signal.SIGTERM},
    )
    power.start()
    url = f"amqp://{ADMIN}:{ADMIN}@127.0.0.1:{port}/"
    return RabbitMQ(url=url, command=[str(control)], power=power)


def _environment(folder: Path, port: int) -> dict[str, str]:
    """Everything that would otherwise be found under /etc, /var or the home directory."""
    return {
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "ERL_EPMD_PORT": str(free_port()),
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "RABBITMQ_ADVANCED_CONFIG_FILE": str(folder / "advanced.config"),
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
        "RABBITMQ_CONF_ENV_FILE": str(folder / "rabbitmq-env.conf"),
        "RABBITMQ_DIST_PORT": str(free_port()),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
        "RABBITMQ_GENERATED_CONFIG_DIR": str(folder / "generated"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
        "RABBITMQ_NODENAME": f"invoice-gateway-{port}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(port),
        # Two schedulers that sleep when idle: the machine is shared with the tests.
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none "
        "-kernel inet_dist_use_interface {127,0,0,1}",
    }


def _configure(folder: Path, port: int, scripts: Path) -> None:
    plugins = (scripts / "rabbitmq-server").resolve().parents[1] / "plugins"
    hashing = any(plugins.glob("rabbitmq_consistent_hash_exchange*"))
    enabled = "rabbitmq_consistent_hash_exchange" if hashing else ""
    (folder / "enabled_plugins").write_text(f"[{enabled}].\n")
    (folder / "advanced.config").write_text("[].\n")
    (folder / "rabbitmq-env.conf").write_text("")
    (folder / "rabbitmq.conf").write_text(
        f"listeners.tcp.1 = 127.0.0.1:{port}\n"
        f"default_user = {ADMIN}\n"
        f"default_pass = {ADMIN}\n"
        "log.console = false\n"
        "log.file.level = warning\n"
        "disk_free_limit.absolute = 50MB\n"
    )


def _control_script(folder: Path, environment: dict[str, str], target: Path) -> Path:
    exports = "".join(f"export {name}='{value}'\n" for name, value in environment.items())
    script = folder / "rabbitmqctl"
    script.write_text(f'#!/bin/sh\n{exports}exec {target} -n "$RABBITMQ_NODENAME" "$@"\n')
    script.chmod(0o755)
    return script


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _b(text: str) -> str:
    """Write `text` as an Erlang binary, safe whatever it holds."""
    return f"<<{','.join(str(byte) for byte in text.encode())}>>"


def _grant(user: str, vhost: str) -> str:
    rights = ",".join([_b(".*")] * 3)
    call = "rabbit_auth_backend_internal:set_permissions"
    return f"{call}({_b(user)},{_b(vhost)},{rights},{_b('tests')})"


def _each(calls: Iterable[str]) -> str:
    return f"[{','.join(calls)}]"
