"""The supervisor says when something dies, stops everything, and cleans up after a killed launcher."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from config.launcher import processes
from config.launcher.errors import LaunchError
from config.launcher.paths import ROOT
from config.launcher.processes import Program, Supervisor
from config.launcher.product import sign_ins
from config.launcher.system import LOOPBACK, is_running, wait_until

SLEEPER = "import time; print('up', flush=True); time.sleep(600)"
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
)
PARENT = "import subprocess, sys, time; print(subprocess.Popen(['sleep', '600']).pid, flush=True); time.sleep(600)"


def _program(name: str, code: str) -> Program:
    return Program(name, (sys.executable, "-c", code))


@pytest.fixture
def supervisor(tmp_path: Path) -> Supervisor:
    return Supervisor(var=tmp_path, environment=os.environ)


def _wait_for_output(supervisor: Supervisor, name: str) -> str:
    assert wait_until(lambda: supervisor.log(name).exists() and supervisor.log(name).read_text(), seconds=20)
    return supervisor.log(name).read_text()


def test_a_stop_ends_everything_also_what_does_not_listen(supervisor: Supervisor) -> None:
    supervisor.start(_program("polite", SLEEPER))
    supervisor.start(_program("stubborn", STUBBORN))
    supervisor.start(_program("parent", PARENT))
    for name in ("polite", "stubborn"):
        _wait_for_output(supervisor, name)
    grandchild = int(_wait_for_output(supervisor, "parent"))
    pids = [supervisor.pid(name) for name in ("polite", "stubborn", "parent")]

    began = time.monotonic()
    supervisor.stop()

    assert time.monotonic() - began < 5
    assert wait_until(lambda: not any(is_running(pid) for pid in [*pids, grandchild]), seconds=3)


def test_a_death_is_told_with_the_end_of_the_log(supervisor: Supervisor) -> None:
    supervisor.start(_program("good", SLEEPER))
    supervisor.start(_program("bad", "raise SystemExit('the disk is full')"))
    try:
        assert wait_until(lambda: supervisor.dead() == ["bad"], seconds=20)
        with pytest.raises(LaunchError, match=r"(?s)bad ended with status 1.*the disk is full"):
            supervisor.require_alive()
    finally:
        supervisor.stop()


def _shared(name: str, module: str, *arguments: str) -> Program:
    return Program(name, (sys.executable, "-m", module, *arguments), shares=True)


def test_programs_that_share_come_out_of_one_process_and_live_and_die_apart(supervisor: Supervisor) -> None:
    # Given two programs that go on, and two that end: one as it should, one not
    for name in ("web", "worker"):
        supervisor.start(_shared(name, "http.server", "0", "--bind", LOOPBACK))
    supervisor.start(_shared("fine", "this"))
    supervisor.start(_shared("broken", "json.tool", "/no/such/file"))
    try:
        assert wait_until(lambda: sorted(supervisor.dead()) == ["broken", "fine"], seconds=20)
        assert "Beautiful is better than ugly" in _wait_for_output(supervisor, "fine")
        with pytest.raises(LaunchError, match=r"(?s)(fine ended with status 0|broken ended with status [12])"):
            supervisor.require_alive()
        first = supervisor.pid("worker")
        parents = {
            int(Path(f"/proc/{supervisor.pid(name)}/stat").read_text().rpartition(")")[2].split()[1])
            for name in ("web", "worker")
        }
        assert parents == {supervisor.forkserver_pid}

        # When one of them is killed and started again
        supervisor.kill("worker")
        assert not is_running(first)
        supervisor.restart("worker")

        # Then the other one never noticed, and a stop ends all of them, and what they came out of
        assert is_running(supervisor.pid("web"))
        pids = [supervisor.pid("web"), supervisor.pid("worker"), supervisor.forkserver_pid or 0]
    finally:
        supervisor.stop()
    assert wait_until(lambda: not any(is_running(pid) for pid in pids), seconds=3)


def test_a_product_that_cannot_be_loaded_is_told_with_its_log(tmp_path: Path) -> None:
    broken = Supervisor(var=tmp_path, environment={**os.environ, "DJANGO_SETTINGS_MODULE": "no_such_settings"})
    with pytest.raises(LaunchError, match="no_such_settings"):
        broken.start(_shared("web", "this"))
    broken.stop()


def test_what_a_killed_launcher_left_is_stopped(tmp_path: Path) -> None:
    launcher = f"""
import os, sys, time
from pathlib import Path
from config.launcher.processes import Program, Supervisor
supervisor = Supervisor(var=Path({str(tmp_path)!r}), environment=os.environ)
supervisor.start(Program("left", (sys.executable, "-c", {SLEEPER!r})))
print(supervisor.pid("left"), flush=True)
time.sleep(600)
"""
    with subprocess.Popen([sys.executable, "-c", launcher], stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        left = int(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
    assert is_running(left)

    assert processes.stop_left_behind(tmp_path) == ["left"]

    assert not is_running(left)
    assert processes.stop_left_behind(tmp_path) == []


def test_a_taken_port_is_said_plainly(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind((LOOPBACK, 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "config.launcher", "run"],
            env={**os.environ, "LIANZHEN_VAR": str(tmp_path), "PORT": str(port)},
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
        )

    assert done.returncode == 1
    assert f"Port {port} is taken" in done.stderr
    assert f"make run PORT={port + 1}" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_sign_ins_are_shown() -> None:
    demo = {
        "base_url": "http://localhost:8000",
        "tenants": {"smile": {"host": "smile.localhost:8000", "kind": "clinic"}},
        "users": [{"tenant": "smile", "username": "bai.lan", "password": "word", "role": "front_desk"}],
        "operators": {"host": "ops.localhost:8000", "users": [{"username": "ada", "password": "word"}]},
    }
    text = "\n".join(sign_ins(demo, base="http://localhost:8000"))

    assert "http://smile.localhost:8000/" in text
    assert "bai.lan (front_desk)" in text
    assert "http://ops.localhost:8000/" in text
    assert "word" in text
