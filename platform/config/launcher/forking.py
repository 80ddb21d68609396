"""The launcher's side of ``config.forkserver``: processes that share in memory what they have in common."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from config.launcher.console import tail
from config.launcher.errors import LaunchError
from config.launcher.paths import ROOT

_READY_SECONDS = 90.0
_FORK_SECONDS = 30.0


class Forked:
    """A process out of the fork server, with what the launcher asks of ``subprocess.Popen``."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._over = threading.Event()

    def ended(self, status: int) -> None:
        """The fork server says that it is over."""
        self.returncode = status
        self._over.set()

    def poll(self) -> int | None:
        """How it ended, None while it runs."""
        return self.returncode

    def wait(self, timeout: float | None = None) -> int | None:
        """Wait until it is over. Raises ``subprocess.TimeoutExpired``."""
        if not self._over.wait(timeout):
            raise subprocess.TimeoutExpired([str(self.pid)], timeout or 0)
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it is over. Raises ProcessLookupError."""
        if self.returncode is None:
            os.kill(self.pid, number)


class ForkServer:
    """The process that has loaded the product, started when the first program is asked for."""

    def __init__(self, *, log: Path, environment: Mapping[str, str]) -> None:
        self._log = log
        self._environment = dict(environment)
        self._server: subprocess.Popen[bytes] | None = None
        self._ready = threading.Event()
        self._started: dict[int, Forked] = {}
        self._children: dict[int, Forked] = {}
        # Of a child that ended before its number was known.
        self._early: dict[int, int] = {}
        self._changed = threading.Condition()
        self._orders = 0

    @property
    def pid(self) -> int | None:
        """Its process number; None before it is needed."""
        return self._server.pid if self._server else None

    def start(self, module: str, arguments: Sequence[str], *, log: Path, environment: Mapping[str, str]) -> Forked:
        """Run ``module`` as from the command line, its output in ``log``. Raises LaunchError."""
        server = self._running()
        self._orders += 1
        order = {
            "order": self._orders,
            "module": module,
            "arguments": list(arguments),
            "log": str(log),
            "environment": dict(environment),
        }
        assert server.stdin is not None
        try:
            server.stdin.write(json.dumps(order).encode() + b"\n")
            server.stdin.flush()
        except BrokenPipeError:
            raise self._failed() from None
        with self._changed:
            if not self._changed.wait_for(
                lambda: self._orders in self._started or server.poll() is not None, timeout=_FORK_SECONDS
            ):
                raise self._failed()
            if self._orders not in self._started:
                raise self._failed()
            return self._started.pop(self._orders)

    def stop(self) -> None:
        """Let the server end. What it started is stopped before, by whoever started it."""
        if self._server is None:
            return
        assert self._server.stdin is not None
        with suppress(BrokenPipeError):
            self._server.stdin.close()
        try:
            self._server.wait(3)
        except subprocess.TimeoutExpired:
            self._server.kill()
            self._server.wait()
        self._server = None

    def _running(self) -> subprocess.Popen[bytes]:
        if self._server is None or self._server.poll() is not None:
            self._log.parent.mkdir(parents=True, exist_ok=True)
            self._ready.clear()
            with open(self._log, "ab") as output:
                self._server = subprocess.Popen(
                    [sys.executable, "-m", "config.forkserver"],
                    cwd=ROOT,
                    env=self._environment,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=output,
                    start_new_session=True,
                )
            assert self._server.stdout is not None
            threading.Thread(target=self._listen, args=(self._server.stdout,), daemon=True).start()
        deadline = time.monotonic() + _READY_SECONDS
        while not self._ready.wait(0.05):
            if self._server.poll() is not None or time.monotonic() > deadline:
                raise self._failed()
        return self._server

    def _listen(self, answers: IO[bytes]) -> None:
        for line in answers:
            facts = json.loads(line)
            with self._changed:
                if "ready" in facts:
                    self._ready.set()
                elif "order" in facts:
                    child = Forked(facts["pid"])
                    self._started[facts["order"]] = child
                    self._children[child.pid] = child
                    if child.pid in self._early:
                        self._end(child.pid, self._early.pop(child.pid))
                elif facts["ended"] in self._children:
                    self._end(facts["ended"], facts["status"])
                else:
                    self._early[facts["ended"]] = facts["status"]
                self._changed.notify_all()

    def _end(self, pid: int, status: int) -> None:
        self._children.pop(pid).ended(status)

    def _failed(self) -> LaunchError:
        return LaunchError(f"The product could not be loaded; the log is {self._log}\n{tail(self._log)}")
