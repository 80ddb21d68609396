"""The servers and databases of a test run: one embedded PostgreSQL and broker, a template database, copies of it.

The template holds every schema and the cast. It is keyed by what decides its content, built once, and copied for each
test process and for each started product, which takes about a second instead of half a minute.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import sys
from pathlib import Path

import psycopg
from psycopg import sql

from config.launcher import console
from config.launcher.accounts import Accounts, copy_database, drop_database, ensure_accounts, ensure_database
from config.launcher.broker import EmbeddedBroker
from config.launcher.fonts import font_dir
from config.launcher.frontend import build_dir, manifest
from config.launcher.paths import ROOT, var_dir
from config.launcher.postgres import EmbeddedPostgres
from config.launcher.product import migration_files
from config.launcher.system import digest_of, is_running, locked

_TEMPLATE = "template_lianzhen_"
_COPY = "test_"
# Somebody's shell must not decide what the tests see.
_CLEARED = (
    *(
        "BASE_DOMAIN",
        "DJANGO_SECRET_KEY",
        "DJANGO_SECRET_KEY_FALLBACKS",
        "FIELD_KEYS",
        "SENTRY_DSN",
        "EMAIL_URL",
        "SMS_URL",
    ),
    *(
        "MEDIA_STORAGE_URL",
        "TIME_ZONE",
        "STRIPE_API_KEY",
        "STRIPE_API_BASE",
        "STRIPE_WEBHOOK_SECRET",
        "ACQUIRER_URL",
        "ACQUIRER_KEY",
        "ACQUIRER_MERCHANTS",
        "VERTICALS",
        "PORT",
    ),
)
# Set by the process that starts the run, read by the processes that it starts.
_RUN, _MAIN_VAR, _DATA = "LIANZHEN_TEST_RUN", "LIANZHEN_MAIN_VAR", "LIANZHEN_TEST_DATA"
_MEMORY = Path("/dev/shm")
# The copies of two processes take half of it.
_ROOM_IN_MEMORY = 6 * 1024**3


def template_sources() -> list[Path]:
    """What decides the content of the template: migrations, provisioning, the cast and what rooms put into a tenant."""
    demo = ROOT / "platform" / "config" / "demo"
    found = [*migration_files(), demo / "cast.py", demo / "building.py", Path(__file__).with_name("template.py")]
    for floor in ("platform/kernel", "tenants", "services", "dental", "dermatology", "aesthetics", "escort"):
        for pattern in ("room.py", "vertical.py", "seeds*", "starter*", "content*"):
            found += (ROOT / floor).rglob(pattern)
    return found


def memory_for(var: Path) -> Path | None:
    """A folder in memory for the databases of the tests; None where the system has none, or too little.

    A copy of the template is ten thousand small files: a second and more on a disk, a fifth of that in memory.
    ``LIANZHEN_TEST_DATA=disk`` keeps them on the disk.
    """
    if os.environ.get(_DATA) == "disk" or not os.access(_MEMORY, os.W_OK | os.X_OK):
        return None
    for left in _MEMORY.glob(f"lianzhen-{os.geteuid()}-*"):
        # Its run was killed, and then its checkout was removed.
        if not (left / "var").exists() or not Path((left / "var").read_text()).exists():
            shutil.rmtree(left, ignore_errors=True)
    place = _MEMORY / f"lianzhen-{os.geteuid()}-{hashlib.sha256(str(var).encode()).hexdigest()[:12]}"
    # A run that has begun there goes on there, in each of its processes.
    if not any(place.glob("*/data")):
        free = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines())
        room = min(int(free["MemAvailable"].split()[0]) * 1024, shutil.disk_usage(_MEMORY).free)
        if room < _ROOM_IN_MEMORY:
            return None
    place.mkdir(mode=0o711, exist_ok=True)
    (place / "var").write_text(str(var))
    return place


class Testbed:
    """The servers of one test run, as one of its processes sees them."""

    __test__ = False

    def __init__(self, *, worker: str) -> None:
        """``worker`` names the process within the run (``main``, ``gw0``, …)."""
        self.main_var = Path(os.environ.setdefault(_MAIN_VAR, str(var_dir())))
        # Each process has servers of its own: seals of the audit wait for every open transaction of a cluster.
        own = "test" if worker in ("main", "gw0") else f"test-{worker}"
        self.var = self.main_var / own
        self.owner = worker == "main"
        if self.owner:
            os.environ[_RUN] = str(os.getpid())
        self.worker = worker
        memory = memory_for(self.main_var)
        self.postgres = EmbeddedPostgres(self.var / "postgres", hasty=True, memory=memory and memory / own)
        self.broker = EmbeddedBroker(self.var / "broker", durable=False)
        self.schemas_digest = digest_of(migration_files())[:10]
        self.schemas = f"{_TEMPLATE}schemas_{self.schemas_digest}"
        self.template = f"{_TEMPLATE}cast_{digest_of(template_sources())[:10]}"
        self.database = f"{_COPY}{os.environ[_RUN]}_{worker}"
        self.folder = self.var / "runs" / self.database
        self._copies = 0

    def start(self) -> None:
        """Start the servers and point this process's environment at them."""
        self.server = self.postgres.use()
        self.broker_endpoint = self.broker.use()
        with locked(self.var / "accounts.lock"):
            self.accounts: Accounts = ensure_accounts(self.server, self.postgres.home)
        self.folder.mkdir(parents=True, exist_ok=True)
        for name in _CLEARED:
            os.environ.pop(name, None)
        os.environ.update(self.environment(self.database, folder=self.folder, broker_database=self._broker_database()))
        # Playwright's loop lives in the thread of the tests, which also talks to the database.
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

    def environment(self, database: str, *, folder: Path, broker_database: int) -> dict[str, str]:
        """Environment of a process that works on ``database`` with its files below ``folder``."""
        return {
            "DJANGO_ENV": "test",
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DATABASE_URL": self.accounts.app_url(database),
            "DATABASE_ADMIN_URL": self.accounts.owner_url(database),
            # Roles belong to the cluster: a copy uses those of its template.
            "DATABASE_ID": self.schemas_digest,
            "REDIS_URL": self.broker_endpoint.url(broker_database),
            "LIANZHEN_VAR": str(folder),
            "FRONTEND_DIR": str(self._frontend()),
            "FONTS_DIR": str(self._fonts()),
        }

    def _broker_database(self) -> int:
        return 0 if self.worker == "main" else 1 + int(self.worker.removeprefix("gw"))

    def _frontend(self) -> Path:
        """The build of the front end: that of this var folder, else that of the checkout (``make build``)."""
        own = build_dir(self.main_var)
        return own if manifest(self.main_var).exists() else build_dir(ROOT / "var")

    def _fonts(self) -> Path:
        """The fonts of this var folder, else those of the checkout (``make build``)."""
        own = font_dir(self.main_var)
        return own if own.is_dir() else font_dir(ROOT / "var")

    def ensure_template(self) -> None:
        """Build the template database unless it is there: the schemas first, then, on a copy of them, the cast."""
        with locked(self.var / "template.lock"):
            if self._exists(self.template):
                return
            self._sweep()
            if not self._exists(self.schemas):
                self._build(self.schemas, "schemas")
            self._build(self.template, "cast")
            with psycopg.connect(self.server.dsn(), autocommit=True) as connection:
                rows = connection.execute("SELECT 1 FROM pg_database WHERE datname LIKE %s", [f"{_COPY}%"]).fetchall()
            # Somebody who works on a copy already is not to lose the server.
            if not rows:
                self.server = self.postgres.keep()

    def _build(self, name: str, what: str) -> None:
        draft, files = f"{name}_draft", self._template_files()
        if what == "schemas":
            drop_database(self.server, draft)
            ensure_database(self.server, draft)
        else:
            copy_database(self.server, self.schemas, draft)
        shutil.rmtree(files, ignore_errors=True)
        (files / "static").mkdir(parents=True)
        console.run(
            [sys.executable, "-m", "config.launcher.template", what],
            cwd=ROOT,
            env={**os.environ, **self.environment(draft, folder=files, broker_database=0)},
            log=self.main_var / "log" / "template.log",
            failure="the template database of the tests cannot be built",
            timeout=900,
        )
        with psycopg.connect(self.server.dsn(), autocommit=True) as connection:
            names = {"draft": sql.Identifier(draft), "name": sql.Identifier(name)}
            connection.execute(sql.SQL("ALTER DATABASE {draft} RENAME TO {name}").format(**names))
            # Nobody may be connected to a database while it is copied.
            connection.execute(sql.SQL("ALTER DATABASE {name} ALLOW_CONNECTIONS false").format(**names))

    def drop_template(self) -> None:
        """Throw the template away, so that the next copy builds it anew."""
        with locked(self.var / "template.lock"):
            drop_database(self.server, self.template)

    def create(self, database: str, folder: Path) -> None:
        """Make ``database`` a fresh copy of the template, and ``folder`` one of the files that belong to it."""
        self.ensure_template()
        copy_database(self.server, self.template, database)
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self._template_files(), folder)

    def create_empty(self, database: str, folder: Path) -> None:
        """Make ``database`` as a new installation finds it: the extensions, and no table."""
        ensure_database(self.server, database)
        folder.mkdir(parents=True, exist_ok=True)

    def drop(self, database: str, folder: Path) -> None:
        """Drop a copy and its files."""
        drop_database(self.server, database)
        shutil.rmtree(folder, ignore_errors=True)

    def another(self) -> tuple[str, Path, int]:
        """Name, folder and broker database for one more copy in this process."""
        self._copies += 1
        name = f"{self.database}_{self._copies}"
        # The test processes have the first ones; each of them may run a few products at a time.
        return name, self.folder.with_name(name), 16 + (self._broker_database() * 8 + self._copies) % 48

    def stop(self) -> None:
        """Give the servers back; the last test run stops them."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.broker.release()
        self.postgres.release()

    def _template_files(self) -> Path:
        return self.var / "template"

    def _exists(self, database: str) -> bool:
        with psycopg.connect(self.server.dsn(), autocommit=True) as connection:
            return connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone() is not None

    def _sweep(self) -> None:
        """Remove older templates, and copies of runs that were killed."""
        with psycopg.connect(self.server.dsn(), autocommit=True) as connection:
            names = [row[0] for row in connection.execute("SELECT datname FROM pg_database")]
            for name in names:
                run = name.removeprefix(_COPY).partition("_")[0]
                dead = name.startswith(_COPY) and run.isdigit() and not is_running(int(run))
                if dead or (name.startswith(_TEMPLATE) and name != self.schemas):
                    drop_database(self.server, name, connection)
                    shutil.rmtree(self.var / "runs" / name, ignore_errors=True)
            for (role,) in connection.execute("SELECT rolname FROM pg_roles WHERE rolname LIKE 'lz\\_%'").fetchall():
                # A role that another run's copy still uses stays.
                with contextlib.suppress(psycopg.errors.DependentObjectsStillExist):
                    connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))
