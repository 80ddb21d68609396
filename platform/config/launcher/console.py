"""Progress for the person at the terminal: one line per step, with the time it took."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from config.launcher.errors import LaunchError

_STARTED = time.monotonic()
_TAIL_LINES = 25


def say(text: str = "") -> None:
    """Print a line with the seconds since the start; an empty text gives an empty line."""
    line = f"{time.monotonic() - _STARTED:6.1f}s  {text}" if text else ""
    print(line, file=sys.stdout, flush=True)


@contextmanager
def step(title: str) -> Iterator[None]:
    """Say what begins, and how long it took when it is done."""
    say(f"{title} …")
    began = time.monotonic()
    yield
    say(f"{title}: done in {time.monotonic() - began:.1f} s")


def tail(path: Path, lines: int = _TAIL_LINES) -> str:
    """Return the last lines of a log."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return "\n".join("    " + line for line in text.splitlines()[-lines:])


_running: set[subprocess.Popen[bytes]] = set()


def run(
    command: Sequence[str | os.PathLike[str]],
    *,
    cwd: Path,
    env: Mapping[str, str],
    log: Path,
    failure: str,
    timeout: float | None = None,
    echo: bool = False,
) -> None:
    """Run one step to its end with its output in ``log``; ``echo`` shows what it prints as progress.

    Raises ``LaunchError`` with ``failure`` and the end of the log when the command fails. An interruption ends the
    command (and what it started) too.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with open(log, "ab") as output:
        output.write(f"\n$ {' '.join(str(part) for part in command)}\n".encode())
        output.flush()
        child = subprocess.Popen(
            [str(part) for part in command],
            cwd=cwd,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if echo else output,
            stderr=output,
            start_new_session=True,
        )
        _running.add(child)
        try:
            if child.stdout is not None:
                for line in child.stdout:
                    output.write(line)
                    output.flush()
                    say(f"  {line.decode('utf-8', 'replace').rstrip()}")
            status = child.wait(timeout)
        except subprocess.TimeoutExpired:
            raise LaunchError(f"{failure}: no end after {timeout:.0f} s\n{tail(log)}") from None
        finally:
            _end(child)
            _running.discard(child)
    if status != 0:
        raise LaunchError(f"{failure} (exit status {status}); the log is {log}\n{tail(log)}")


def end_steps() -> None:
    """End every step that still runs in another thread; it fails there."""
    for child in list(_running):
        _end(child)


def _end(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
