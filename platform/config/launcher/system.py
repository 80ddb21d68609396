"""Processes, locks, ports and secrets: the little that the launcher needs of the operating system."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import secrets
import signal
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class ProcessMark:
    """A process by number and moment of birth, so that a reused number is not taken for it."""

    pid: int
    born: str

    @classmethod
    def of(cls, pid: int) -> ProcessMark:
        """Mark the process that has this number now."""
        return cls(pid, _stat_field(pid, 19) or "")

    def running(self) -> bool:
        """Whether this very process still runs; a zombie does not."""
        return is_running(self.pid) and (not self.born or _stat_field(self.pid, 19) == self.born)


def _stat_field(pid: int, index: int) -> str | None:
    """Field of ``/proc/PID/stat`` counted from the state (0); None where the process or procfs is missing."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()
    return fields[index] if len(fields) > index else None


def is_running(pid: int) -> bool:
    """Whether a process exists and is no zombie.

    A killed process that nobody has reaped yet still answers signal 0; in a container whose first process does not
    reap, it does so for ever.
    """
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return _stat_field(pid, 0) not in {"Z", "X"}


def is_dying(pid: int) -> bool:
    """Whether a process has been killed and is only not gone yet: on a busy machine it may stand there for a while, with
    its port open and nobody behind it."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return False
    pending = [int(line.split()[1], 16) for line in lines if line.startswith(("SigPnd:", "ShdPnd:"))]
    return any(mask & 1 << signal.SIGKILL - 1 for mask in pending)


def command_line(pid: int) -> list[str]:
    """Arguments of a process; empty where they cannot be read."""
    try:
        raw = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return []
    return [part.decode("utf-8", "replace") for part in raw.split(b"\0") if part]


def processes_working_in(folder: Path) -> list[int]:
    """Running processes whose working directory is ``folder``."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if os.readlink(entry / "cwd") == str(folder) and is_running(int(entry.name)):
                found.append(int(entry.name))
    return found


def wait_until(condition: Callable[[], Any], *, seconds: float, every: float = 0.02) -> bool:
    """Wait until ``condition()`` holds; False when it did not within ``seconds``."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(every)
    return True


def terminate(mark: ProcessMark, *, first: signal.Signals = signal.SIGTERM, seconds: float = 10) -> bool:
    """End one process politely, then by force; True when the polite way was enough."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(mark.pid, first)
    if wait_until(lambda: not mark.running(), seconds=seconds):
        return True
    with contextlib.suppress(ProcessLookupError):
        os.kill(mark.pid, signal.SIGKILL)
    wait_until(lambda: not mark.running(), seconds=5)
    return False


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on ``path`` (a file, made if need be, or a folder); a second process waits."""
    if not path.is_dir():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    descriptor = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


class UseCount:
    """Who uses something, kept by the kernel as shared locks, so that a killed user is forgotten by itself."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle: Any = None

    def enter(self) -> None:
        """Count this process as a user."""
        if self._handle is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            handle = open(self._path, "a")  # noqa: SIM115 - held until leave()
            fcntl.flock(handle, fcntl.LOCK_SH)
            self._handle = handle

    def leave(self, *, when_last: Callable[[], None]) -> None:
        """Stop counting this process, and call ``when_last`` if nobody else is left.

        A newcomer waits in ``enter`` meanwhile, so it never finds something that is just being stopped.
        """
        if self._handle is None:
            return
        handle, self._handle = self._handle, None
        with handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            when_last()


def port_is_free(port: int, host: str = LOOPBACK) -> bool:
    """Whether a server could listen on ``port`` now."""
    with socket.socket() as probe:
        # The servers set SO_REUSEADDR too: connections in TIME_WAIT do not take a port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def free_port(preferred: int | None = None) -> int:
    """Return ``preferred`` if it is free on the loopback, else any free port."""
    if preferred and port_is_free(preferred):
        return preferred
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def kept_port(path: Path) -> int:
    """Return a free port, the same as at the last start if it is free now; ``path`` remembers it."""
    try:
        last: int | None = int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        last = None
    port = free_port(last)
    if port != last:
        write_atomically(path, f"{port}\n")
    return port


def write_atomically(path: Path, text: str, *, mode: int = 0o600) -> None:
    """Write a file that nobody ever sees half written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(3)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as handle:
        handle.write(text)
    os.replace(draft, path)


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object; empty where the file is missing or broken."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def secret(path: Path) -> str:
    """Return the secret kept in ``path``, readable for this user only; made at the first call."""
    try:
        return path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        write_atomically(path, secrets.token_hex(24) + "\n")
        return path.read_text(encoding="ascii").strip()


def digest_of(files: Iterable[Path], *extra: str) -> str:
    """Hash of the names and contents of ``files`` (folders are walked), and of ``extra``."""
    total = hashlib.sha256("\0".join(extra).encode())
    for path in sorted(_flat(files)):
        total.update(f"\0{path}\0".encode())
        total.update(path.read_bytes())
    return total.hexdigest()


_SKIPPED = {"node_modules", "__pycache__", ".git", ".venv"}


def _flat(files: Iterable[Path]) -> Iterator[Path]:
    for path in files:
        if "__pycache__" in path.parts:
            continue
        if path.is_dir():
            for folder, names, leaves in os.walk(path):
                names[:] = [name for name in names if name not in _SKIPPED]
                yield from (Path(folder, leaf) for leaf in leaves)
        elif path.is_file():
            yield path


class Stamp:
    """Remembers for which inputs a step was done, so that it is not done again."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def current(self, digest: str) -> bool:
        """Whether the step was last done for exactly these inputs."""
        try:
            return self._path.read_text(encoding="ascii").strip() == digest
        except OSError:
            return False

    def set(self, digest: str) -> None:
        """Remember that the step is done for these inputs."""
        write_atomically(self._path, digest + "\n")

    def clear(self) -> None:
        """Forget it, so that the step is done again."""
        self._path.unlink(missing_ok=True)
