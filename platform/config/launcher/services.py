"""The embedded servers together, and the environment that tells the product where they are."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from config.launcher.accounts import Accounts, ensure_accounts, ensure_database
from config.launcher.broker import EmbeddedBroker
from config.launcher.console import say
from config.launcher.postgres import EmbeddedPostgres
from config.launcher.system import write_atomically

DATABASE = "lianzhen"


@dataclass
class Services:
    """PostgreSQL and the broker of one ``var`` folder, unless the environment names servers to use instead."""

    var: Path
    given: dict[str, str]
    environment: dict[str, str] = field(default_factory=dict)
    postgres: EmbeddedPostgres | None = None
    broker: EmbeddedBroker | None = None
    accounts: Accounts | None = None

    @classmethod
    def of(cls, var: Path, environ: dict[str, str]) -> Services:
        """Decide from ``environ`` which servers are ours."""
        names = ("DATABASE_URL", "DATABASE_ADMIN_URL", "REDIS_URL")
        given = {name: environ[name] for name in names if environ.get(name)}
        return cls(
            var=var,
            given=given,
            postgres=None if "DATABASE_URL" in given else EmbeddedPostgres(var / "postgres"),
            broker=None if "REDIS_URL" in given else EmbeddedBroker(var / "broker"),
        )

    def start(self, *, database: str = DATABASE) -> dict[str, str]:
        """Start what is ours and return the environment for the product."""
        environment = dict(self.given)
        if self.postgres is not None:
            server = self.postgres.use()
            if self.postgres.identity.note:
                say(self.postgres.identity.note)
            self.accounts = ensure_accounts(server, self.postgres.home)
            ensure_database(server, database)
            environment["DATABASE_URL"] = self.accounts.app_url(database)
            environment["DATABASE_ADMIN_URL"] = self.accounts.owner_url(database)
            say(f"PostgreSQL is ready on port {server.port}")
        elif "DATABASE_ADMIN_URL" not in environment:
            environment["DATABASE_ADMIN_URL"] = environment["DATABASE_URL"]
            say(
                "DATABASE_ADMIN_URL is not set, so the login of DATABASE_URL migrates too. "
                "Give the app a login of its own."
            )
        if self.broker is not None:
            broker = self.broker.use()
            environment["REDIS_URL"] = broker.url()
            say(f"The broker is ready on port {broker.port}")
        self.environment = environment
        return environment

    def running_environment(self, *, database: str = DATABASE) -> dict[str, str] | None:
        """The environment for the product if everything runs already; nothing is started."""
        environment = dict(self.given)
        if self.postgres is not None:
            server = self.postgres.running()
            if server is None:
                return None
            accounts = Accounts.kept(server, self.postgres.home)
            environment["DATABASE_URL"] = accounts.app_url(database)
            environment["DATABASE_ADMIN_URL"] = accounts.owner_url(database)
        if self.broker is not None:
            broker = self.broker.running()
            if broker is None:
                return None
            environment["REDIS_URL"] = broker.url()
        return environment

    @property
    def _kept(self) -> Path:
        return self.var / "keep-services"

    def keep(self) -> None:
        """Let the servers run on when their last user has gone; ``stop`` ends that."""
        write_atomically(self._kept, "")

    def release(self) -> None:
        """Stop what is ours, unless another process still uses it or it was asked to stay."""
        if self._kept.exists():
            return
        _together(server.release for server in (self.postgres, self.broker) if server is not None)

    def forget(self) -> None:
        """Remove the data of the stopped PostgreSQL where it had to be put outside the var folder."""
        if self.postgres is not None and self.postgres.identity.home != self.postgres.home:
            shutil.rmtree(self.postgres.identity.home)

    def stop(self) -> None:
        """Stop what is ours, whoever uses it."""
        self._kept.unlink(missing_ok=True)
        _together(server.stop for server in (self.postgres, self.broker) if server is not None)


def _together(jobs: Iterable[Callable[[], None]]) -> None:
    """Do all at the same time: somebody waits for the end, and a checkpoint may take its time."""
    with ThreadPoolExecutor() as pool:
        for done in [pool.submit(job) for job in jobs]:
            done.result()
