"""``run`` and ``dev``: from a checkout to the working product, and back to nothing at Ctrl-C."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from config.launcher import console, processes
from config.launcher.console import say, step
from config.launcher.errors import LaunchError
from config.launcher.fonts import ensure_fonts
from config.launcher.frontend import build_dir, ensure_frontend
from config.launcher.messages import ensure_messages
from config.launcher.paths import ROOT
from config.launcher.processes import Supervisor
from config.launcher.services import Services
from config.launcher.system import (
    LOOPBACK,
    ProcessMark,
    Stamp,
    digest_of,
    kept_port,
    port_is_free,
    read_json,
    write_atomically,
)

_READY_SECONDS = 90


def build(var: Path) -> None:
    """Make what the product needs beside its code: front end, catalogues, fonts."""
    # Collected files, of which a demo has none: WhiteNoise complains where the folder is missing.
    (var / "static").mkdir(parents=True, exist_ok=True)
    ensure_messages(var)
    ensure_frontend(var)
    ensure_fonts(var)


def product_environment(var: Path, servers: dict[str, str], *, port: int) -> dict[str, str]:
    """Environment of every process of the product."""
    return {
        # glibc would keep an arena per thread; two are plenty for eight threads.
        "MALLOC_ARENA_MAX": "2",
        "PYTHONUNBUFFERED": "1",
        "DJANGO_ENV": "demo",
        "FRONTEND_DIR": str(build_dir(var)),
        **os.environ,
        **servers,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "LIANZHEN_VAR": str(var),
        "PORT": str(port),
    }


def migration_files() -> list[Path]:
    """What decides whether the database is at the present state: migrations, and the code that applies them."""
    found = [ROOT / "requirements" / "base.txt", ROOT / "platform" / "config" / "settings" / "base.py"]
    found += [ROOT / "tenants" / "provisioning", ROOT / "tenants" / "database"]
    for folder in ("platform/kernel", "tenants", "services", "dental", "dermatology", "aesthetics", "escort"):
        found += (ROOT / folder).rglob("migrations/*.py")
    return found


class Product:
    """One run of the product in one ``var`` folder."""

    def __init__(self, var: Path, *, port: int, reload: bool = False) -> None:
        self._var = var
        self._port = port
        self._reload = reload
        self._services = Services.of(var, dict(os.environ))
        self._supervisor: Supervisor | None = None
        self._environment: dict[str, str] = {}

    def run(self) -> int:
        """Start everything, wait for the end, stop everything. Returns the exit status."""
        with _only_one(self._var, self._port), _ended_by_signals():
            try:
                self._refuse_taken_port()
                self._start()
                self._watch()
            except KeyboardInterrupt:
                say("Stopping …")
                return 0
            finally:
                began = time.monotonic()
                with _signals_ignored():
                    console.end_steps()
                    if self._supervisor is not None:
                        self._supervisor.stop()
                    self._services.release()
                say(f"Everything has stopped ({time.monotonic() - began:.1f} s)")
        return 0

    def load(self) -> int:
        """Load the demo chain without starting the product."""
        with _only_one(self._var, self._port), _ended_by_signals():
            try:
                ensure_messages(self._var)
                self._environment = product_environment(self._var, self._services.start(), port=self._port)
                self._migrate()
                self._load_demo()
            finally:
                with _signals_ignored():
                    self._services.release()
        return 0

    def _refuse_taken_port(self) -> None:
        for name in processes.stop_left_behind(self._var):
            say(f"Stopped {name}, which an earlier run left behind")
        if not port_is_free(self._port, _bind()):
            raise LaunchError(
                f"Port {self._port} is taken by another program. Stop it, or choose another port: "
                f"make run PORT={self._port + 1}"
            )

    def _start(self) -> None:
        with ThreadPoolExecutor(max_workers=1) as pool:
            # The database and the front end have nothing to wait for in each other.
            building: Future[None] = pool.submit(build, self._var)
            try:
                self._environment = product_environment(self._var, self._services.start(), port=self._port)
                self._migrate()
                loaded = self._load_demo()
                building.result()
            except BaseException:
                console.end_steps()
                raise
        # It adds its address to the environment, which the supervisor takes over as it is.
        stripe, acquirer = self._payments(), self._acquirer()
        self._supervisor = supervisor = Supervisor(var=self._var, environment=self._environment)
        if stripe is not None:
            supervisor.start(stripe)
        if acquirer is not None:
            supervisor.start(acquirer)
        supervisor.start(processes.web(port=self._port, bind=_bind(), reload=self._reload))
        supervisor.start(processes.worker(reload=self._reload))
        supervisor.start(processes.beat(var=self._var, reload=self._reload))
        with step("Starting web, worker and beat"):
            self._wait_until_ready(supervisor)
        self._print_addresses()
        if stripe is not None and has_command("billing_catalogue"):
            # The stand-in begins without a price list; nothing can be ordered before it has one. Repeating changes nothing.
            supervisor.start_task(processes.manage("billing_catalogue"))
        if not loaded and has_command("seed_demo"):
            # What happened between the last stop and now; nobody has to wait for it.
            supervisor.start_task(processes.manage("seed_demo"))

    def _payments(self) -> processes.Program | None:
        """The stand-in for Stripe, unless the environment names a real one."""
        if self._environment.get("STRIPE_API_BASE") or not self._environment.get(
            "STRIPE_API_KEY", "sk_test_demo"
        ).startswith("sk_test_demo"):
            return None
        port = kept_port(self._var / "stripe-port")
        secret = self._environment.setdefault("STRIPE_WEBHOOK_SECRET", "whsec_demo")
        program = processes.payments(var=self._var, port=port, site=f"http://{self._host()}", secret=secret)
        if program is not None:
            self._environment["STRIPE_API_BASE"] = f"http://{LOOPBACK}:{port}"
        return program

    def _acquirer(self) -> processes.Program | None:
        """The stand-in for the acquirer, unless the environment names a real one."""
        if self._environment.get("ACQUIRER_URL"):
            return None
        port = kept_port(self._var / "acquirer-port")
        key = self._environment.setdefault("ACQUIRER_KEY", "acquirer_demo")
        program = processes.acquirer(var=self._var, port=port, key=key)
        if program is not None:
            self._environment["ACQUIRER_URL"] = f"http://{LOOPBACK}:{port}"
        return program

    def manage(self, *arguments: str, title: str, failure: str, echo: bool = False) -> None:
        """Run a management command as a step; ``echo`` shows what it prints."""
        with step(title):
            console.run(
                [sys.executable, ROOT / "manage.py", *arguments],
                cwd=ROOT,
                env=self._environment,
                log=self._var / "log" / "manage.log",
                failure=failure,
                echo=echo,
            )

    def _stamp(self, name: str) -> Stamp:
        """A stamp that lies with the data, so that it disappears with it."""
        own = self._services.postgres
        if own is not None:
            return Stamp(own.home / name)
        return Stamp(self._var / "stamps" / f"{name}-{digest_of([], self._environment['DATABASE_URL'])[:12]}")

    def _migrate(self) -> None:
        stamp, wanted = self._stamp("migrated"), digest_of(migration_files())
        # Another's database may have been put back to an older state: it is always asked.
        if self._services.postgres is not None and stamp.current(wanted):
            return
        self.manage("tenant_migrate", title="Migrating the database", failure="the database cannot be migrated")
        stamp.set(wanted)

    def _load_demo(self) -> bool:
        """Load the demo chain once; True when it was loaded now."""
        stamp = self._stamp("loaded")
        if not has_command("seed_demo") or (stamp.current("demo") and (self._var / "demo.json").exists()):
            return False
        self.manage("seed_demo", title="Loading the demo chain", failure="the demo cannot be loaded", echo=True)
        stamp.set("demo")
        return True

    def _wait_until_ready(self, supervisor: Supervisor) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        url = f"http://{LOOPBACK}:{self._port}/readyz"
        last = "no answer"
        while time.monotonic() < deadline:
            supervisor.require_alive()
            request = urllib.request.Request(url, headers={"Host": self._host()})
            try:
                with urllib.request.urlopen(request, timeout=5):
                    return
            except urllib.error.HTTPError as error:
                last = f"{error.code} {error.read(500).decode('utf-8', 'replace')}"
            except OSError:
                pass
            time.sleep(0.15)
        raise LaunchError(
            f"The product is not ready after {_READY_SECONDS} s: {last}\n{console.tail(supervisor.log('web'))}"
        )

    def _host(self) -> str:
        domain = self._environment.get("BASE_DOMAIN", "localhost")
        return f"{domain}:{self._port}"

    def _print_addresses(self) -> None:
        demo = at_port(read_json(self._var / "demo.json"), self._port)
        if demo:
            # Who was told of an earlier port finds the present one, before anything is played on.
            write_atomically(self._var / "demo.json", json.dumps(demo, ensure_ascii=False, indent=1), mode=0o644)
        for line in sign_ins(demo, base=f"http://{self._host()}"):
            print(line, flush=True)
        print(f"\n  Logs: {self._var / 'log'}    Stop: Ctrl-C\n", flush=True)

    def _watch(self) -> None:
        assert self._supervisor is not None
        changes = Changes() if self._reload else None
        while True:
            self._supervisor.require_alive()
            for name, status in self._supervisor.ended_tasks().items():
                say(
                    f"{name}: done"
                    if status == 0
                    else f"{name} failed (exit status {status}); its log is {self._supervisor.log(name)}"
                )
            if changes is not None and (changed := changes.poll()):
                self._apply(changed)
            time.sleep(0.5)

    def _apply(self, changed: set[Path]) -> None:
        """Bring the running product to the files as they are now (``make dev``)."""
        assert self._supervisor is not None
        say(f"Changed: {', '.join(sorted(path.name for path in changed)[:6])}")
        try:
            ensure_messages(self._var)
            ensure_frontend(self._var)
        except LaunchError as error:
            say(str(error))
            return
        self._supervisor.signal("web", signal.SIGHUP)
        if any(path.suffix == ".py" for path in changed):
            self._supervisor.restart("worker")
            self._supervisor.restart("beat")


class Changes:
    """Files of the checkout that have changed since the last look."""

    _SUFFIXES = frozenset({".py", ".html", ".po", ".css", ".js", ".typ", ".svg"})

    def __init__(self) -> None:
        self._seen = self._look()

    def poll(self) -> set[Path]:
        """Return what has changed since the last call."""
        now = self._look()
        changed = {path for path in now.keys() | self._seen.keys() if now.get(path) != self._seen.get(path)}
        self._seen = now
        return changed

    def _look(self) -> dict[Path, int]:
        found = {}
        for folder, names, files in os.walk(ROOT):
            names[:] = [
                name
                for name in names
                if not name.startswith(".") and name not in {"node_modules", "var", "__pycache__", "tests"}
            ]
            for name in files:
                path = Path(folder, name)
                if path.suffix in self._SUFFIXES:
                    found[path] = path.stat().st_mtime_ns if path.exists() else 0
        return found


def has_command(name: str) -> bool:
    """Whether the checkout has this management command (a product without the demo's code still starts)."""
    return any(ROOT.glob(f"platform/*/**/management/commands/{name}.py")) or any(
        ROOT.glob(f"*/management/commands/{name}.py")
    )


def at_port(demo: dict[str, Any], port: int) -> dict[str, Any]:
    """The same demo, served at ``port``."""
    if not demo.get("base_url"):
        return demo

    def moved(address: str) -> str:
        return f"{address.rpartition(':')[0]}:{port}"

    tenants = {slug: {**tenant, "host": moved(tenant["host"])} for slug, tenant in demo["tenants"].items()}
    operators = {**demo["operators"], "host": moved(demo["operators"]["host"])}
    return {**demo, "base_url": moved(demo["base_url"]), "tenants": tenants, "operators": operators}


def sign_ins(demo: dict[str, Any], *, base: str) -> Iterator[str]:
    """Lines that tell a person where to sign in and as whom."""
    yield ""
    yield f"  Lianzhen runs at {demo.get('base_url') or base}"
    people: dict[str, list[dict[str, Any]]] = {}
    for user in demo.get("users", []):
        people.setdefault(user["tenant"], []).append(user)
    operators = demo.get("operators") or {}
    for slug, tenant in demo.get("tenants", {}).items():
        if tenant["host"] == operators.get("host"):
            continue
        address = f"http://{tenant['host']}/"
        known = people.get(slug, [])
        examples = ", ".join(f"{user['username']} ({user['role']})" for user in known[:3])
        yield f"    {address:<36} {examples}{' …' if len(known) > 3 else ''}"
    if operators.get("host"):
        examples = ", ".join(user["username"] for user in operators.get("users", [])[:2])
        address = f"http://{operators['host']}/"
        yield f"    {address:<36} {examples}"
    passwords = {user.get("password") for user in demo.get("users", [])}
    if len(passwords) == 1:
        yield f"  Everybody's password: {passwords.pop()}    All sign-ins, with their second factor: var/demo.json"


def _bind() -> str:
    """Address to listen on; the demo is for this machine only unless ``BIND`` says otherwise."""
    return os.environ.get("BIND") or LOOPBACK


def holder(var: Path) -> ProcessMark | None:
    """The launcher that runs the product in ``var`` now."""
    try:
        with open(var / "run.lock") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return ProcessMark.of(int(json.load(handle)["pid"]))
    except (OSError, ValueError, KeyError):
        pass
    return None


@contextmanager
def _only_one(var: Path, port: int) -> Iterator[None]:
    """Hold the ``var`` folder for one run."""
    var.mkdir(parents=True, exist_ok=True)
    with open(var / "run.lock", "a+") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            handle.seek(0)
            running = json.loads(handle.read() or "{}")
            raise LaunchError(
                f"The product runs already (process {running.get('pid', '?')}, port {running.get('port', '?')}). "
                "Stop it there with Ctrl-C, or here with: make stop"
            ) from None
        handle.truncate(0)
        handle.write(json.dumps({"pid": os.getpid(), "port": port}))
        handle.flush()
        yield


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Turn every polite request to end into the same exception, also where the shell had them ignored."""

    def end(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, end) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _signals_ignored() -> Iterator[None]:
    """Let an orderly stop finish although somebody presses Ctrl-C again."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, signal.SIG_IGN) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
