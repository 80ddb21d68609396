"""The product's processes: started together, watched, and stopped together. Nothing is restarted silently."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from config.launcher.console import say, tail
from config.launcher.errors import LaunchError
from config.launcher.forking import Forked, ForkServer
from config.launcher.paths import ROOT
from config.launcher.system import LOOPBACK, ProcessMark, read_json, terminate, write_atomically

# A stop has to be over before the patience of whoever asked for it is: systemd, a container, a person.
_GRACE_SECONDS = 3.0
_LOG_LIMIT = 8 * 1024 * 1024
# By default the C library keeps a heap of its own for each thread, up to eight per core, and gives little of them back.
_SPARING = {"MALLOC_ARENA_MAX": "2"}


Child = subprocess.Popen[bytes] | Forked


@dataclass(frozen=True, slots=True)
class Program:
    """One process of the product."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    # A module of the product that may share memory with the others: out of the fork server (``python -m MODULE …``).
    shares: bool = False


def web(*, port: int, bind: str = LOOPBACK, reload: bool = False) -> Program:
    """Two workers with eight threads each: one clinic's desks on one machine, in little memory.

    They share what was loaded before they parted, unless a changed file shall be loaded anew (``reload``).
    """
    return Program(
        "web",
        (
            *(sys.executable, "-m", "gunicorn", "config.wsgi:application"),
            *("--bind", f"{bind}:{port}", "--worker-class", "gthread", "--workers", "2", "--threads", "8"),
            *("--graceful-timeout", "2", "--timeout", "60", "--keep-alive", "5", "--no-control-socket"),
            *("--access-logfile", "-", "--error-logfile", "-"),
            *(() if reload else ("--preload",)),
        ),
        _SPARING,
        shares=not reload,
    )


def worker(*, hostname: str = "worker", reload: bool = False) -> Program:
    """Runs what the product does in the background; with ``reload`` it loads the files as they are when it starts."""
    return Program(
        "worker",
        (
            *(sys.executable, "-m", "celery", "--app", "config", "worker", "--concurrency", "2", "--loglevel", "INFO"),
            *("--hostname", f"{hostname}@%h", "--without-gossip", "--without-mingle", "--without-heartbeat"),
        ),
        _SPARING,
        shares=not reload,
    )


def beat(*, var: Path, reload: bool = False) -> Program:
    """Gives the beat: looks for what is due."""
    folder = var / "beat"
    folder.mkdir(parents=True, exist_ok=True)
    return Program(
        "beat",
        (sys.executable, "-m", "config.beat", "--schedule", str(folder / "schedule")),
        _SPARING,
        shares=not reload,
    )


def manage(*arguments: str) -> Program:
    """One management command."""
    return Program(arguments[0], (sys.executable, str(ROOT / "manage.py"), *arguments))


def payments(*, var: Path, port: int, site: str, secret: str) -> Program | None:
    """The stand-in for Stripe that demo and tests pay with; None where the checkout has none.

    ``site`` is the address of the product's public site, which gets the signed events.
    """
    folder = ROOT / "tests" / "fakes" / "stripe_server"
    if not (folder / "__main__.py").exists():
        return None
    return Program(
        "stripe",
        (
            *(sys.executable, str(folder), "--port", str(port), "--data", str(var / "stripe")),
            *("--webhook", f"{site}/billing/stripe/webhook/", "--secret", secret, "--clock", str(var / "clock.json")),
        ),
    )


def acquirer(*, var: Path, port: int, key: str) -> Program | None:
    """The stand-in for the acquirer of wallet payments; None where the checkout has none."""
    folder = ROOT / "tests" / "fakes" / "acquirer_server"
    if not (folder / "__main__.py").exists():
        return None
    return Program(
        "acquirer",
        (sys.executable, str(folder), "--port", str(port), "--data", str(var / "acquirer"), "--key", key),
    )


class Supervisor:
    """Starts programs with their output in ``var/log`` and stops them again, whatever happens to the launcher."""

    def __init__(self, *, var: Path, environment: Mapping[str, str]) -> None:
        self._var = var
        self._environment = dict(environment)
        self._programs: dict[str, Program] = {}
        self._children: dict[str, Child] = {}
        self._tasks: dict[str, Child] = {}
        self._record = _record(var)
        self._forks = ForkServer(log=self.log("forkserver"), environment=self._environment | _SPARING)

    def log(self, name: str) -> Path:
        """Where a program's output goes."""
        return self._var / "log" / f"{name}.log"

    def start(self, program: Program) -> None:
        """Start a program; it gets a session of its own, so that Ctrl-C reaches the launcher alone."""
        self._programs[program.name] = program
        self._children[program.name] = self._spawn(program)
        self._remember()

    def start_task(self, program: Program) -> None:
        """Start a program that does one thing and ends, beside the others."""
        self._tasks[program.name] = self._spawn(program)

    def ended_tasks(self) -> dict[str, int]:
        """Tasks that have ended since the last call, with their exit status."""
        found = {name: child.poll() for name, child in self._tasks.items()}
        ended = {name: status for name, status in found.items() if status is not None}
        for name in ended:
            del self._tasks[name]
        return ended

    def _spawn(self, program: Program) -> Child:
        log = self.log(program.name)
        log.parent.mkdir(parents=True, exist_ok=True)
        if log.exists() and log.stat().st_size > _LOG_LIMIT:
            log.replace(log.with_suffix(".log.1"))
        if program.shares:
            _python, _m, module, *arguments = program.command
            return self._forks.start(module, arguments, log=log, environment=program.environment)
        with open(log, "ab") as output:
            return subprocess.Popen(
                program.command,
                cwd=ROOT,
                env={**self._environment, **program.environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def pid(self, name: str) -> int:
        """Process number of a program."""
        return self._children[name].pid

    @property
    def forkserver_pid(self) -> int | None:
        """Process number of what the programs came out of; None where none shares."""
        return self._forks.pid

    def dead(self) -> list[str]:
        """Programs that have ended by themselves."""
        return [name for name, child in self._children.items() if child.poll() is not None]

    def require_alive(self) -> None:
        """Raise ``LaunchError`` with the end of the log when a program has ended by itself."""
        for name in self.dead():
            status = self._children[name].poll() or 0
            how = f"was ended by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"
            raise LaunchError(f"{name} {how}; its log is {self.log(name)}\n{tail(self.log(name))}")

    def signal(self, name: str, number: signal.Signals) -> None:
        """Send a signal to a program's main process."""
        with suppress(ProcessLookupError):
            self._children[name].send_signal(number)

    def kill(self, name: str) -> None:
        """Kill a program and everything it started, as a crash or the machine's end would."""
        child = self._children.pop(name)
        _kill_session(child.pid)
        child.wait()
        self._remember()

    def restart(self, name: str) -> None:
        """Stop a program if it runs, and start it again."""
        if name in self._children:
            self._stop([name])
        self.start(self._programs[name])

    def stop(self) -> None:
        """Stop everything: politely and at the same time, then by force."""
        self._children |= self._tasks
        self._stop(list(self._children))
        self._forks.stop()
        self._record.unlink(missing_ok=True)

    def _stop(self, names: list[str]) -> None:
        for name in names:
            self.signal(name, signal.SIGTERM)
        deadline = time.monotonic() + _GRACE_SECONDS
        for name in names:
            child = self._children.pop(name)
            try:
                child.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                say(f"{name} did not stop in {_GRACE_SECONDS:.0f} s and was ended; what it was doing is done again")
            # Also what a dead parent left behind in its session.
            _kill_session(child.pid)
            child.wait()
        self._remember()

    def _remember(self) -> None:
        marks = {name: ProcessMark.of(child.pid) for name, child in self._children.items() if child.poll() is None}
        write_atomically(self._record, json.dumps({name: [mark.pid, mark.born] for name, mark in marks.items()}))


def _record(var: Path) -> Path:
    return var / "processes.json"


def left_behind(var: Path) -> dict[str, ProcessMark]:
    """Processes of a launcher that was killed and could not stop them."""
    marks = {name: ProcessMark(int(pid), str(born)) for name, (pid, born) in read_json(_record(var)).items()}
    return {name: mark for name, mark in marks.items() if mark.running()}


def stop_left_behind(var: Path) -> list[str]:
    """Stop them, and return their names."""
    left = left_behind(var)
    for mark in left.values():
        terminate(mark, seconds=_GRACE_SECONDS)
        _kill_session(mark.pid)
    _record(var).unlink(missing_ok=True)
    return sorted(left)


def _kill_session(leader: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)
