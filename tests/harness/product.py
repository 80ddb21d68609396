"""The real product as processes (web, worker, beat, the stand-in for Stripe) on a database of its own.

For what only real processes show: the browser, a killed worker, a stopped broker. Never Django's own live server: its
flush breaks a database with schemas.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest

from config.launcher import processes
from config.launcher.paths import ROOT
from config.launcher.processes import Supervisor
from config.launcher.system import LOOPBACK, free_port
from config.launcher.testbed import Testbed

READY_SECONDS = 60


@dataclass
class LiveProduct:
    """A running product and its data."""

    port: int
    database: str
    folder: Path
    environment: Mapping[str, str]
    supervisor: Supervisor
    dsn: str
    programs: list[str] = field(default_factory=list)

    def host(self, slug: str = "") -> str:
        """Host name with port, as a browser sends it."""
        domain = self.environment.get("BASE_DOMAIN", "localhost")
        return f"{slug}.{domain}:{self.port}" if slug else f"{domain}:{self.port}"

    def url(self, slug: str, path: str = "/") -> str:
        """Address for a browser, which resolves ``*.localhost`` by itself."""
        return f"http://{self.host(slug)}{path}"

    def get(self, slug: str, path: str, **headers: str) -> tuple[int, str]:
        """Status and body of a request; the host goes into the header, because Python resolves no ``*.localhost``."""
        request = urllib.request.Request(
            f"http://{LOOPBACK}:{self.port}{path}", headers={"Host": self.host(slug), **headers}
        )
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, answer.read().decode("utf-8", "replace")
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode("utf-8", "replace")

    def manage(self, *arguments: str) -> dict[str, Any]:
        """Run a management command with ``--json`` and return its object; fails with the command's output."""
        done = subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), *arguments, "--json"],
            cwd=ROOT,
            env=dict(self.environment),
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, f"manage.py {' '.join(arguments)}:\n{done.stdout}\n{done.stderr}"
        return dict(json.loads(done.stdout.strip().splitlines()[-1]))

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows of the product's database, read past every wall as its superuser."""
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            return connection.execute(query, values or None).fetchall()  # type: ignore[call-overload]

    def log(self, name: str) -> str:
        """What a process has written so far."""
        return self.supervisor.log(name).read_text(encoding="utf-8", errors="replace")

    def kill(self, name: str) -> None:
        """Kill a process as a crash would."""
        self.supervisor.kill(name)

    def restart(self, name: str) -> None:
        """Start a killed process again (or stop and start a running one)."""
        self.supervisor.restart(name)
        if name == "web":
            self.wait_until_ready()

    def eventually(self, condition: Callable[[], Any], *, seconds: float = 15) -> Any:
        """Return the first true value of ``condition()``; fails with the end of the logs after ``seconds``."""
        deadline = time.monotonic() + seconds
        while not (value := condition()):
            if time.monotonic() > deadline:
                tails = "\n".join(f"--- {name}\n{self.log(name)[-2000:]}" for name in self.programs)
                pytest.fail(f"did not come true in {seconds:.0f} s\n{tails}")
            time.sleep(0.1)
        return value

    def wait_until_ready(self) -> None:
        """Wait until the product answers that it is ready."""
        self.eventually(self._ready, seconds=READY_SECONDS)

    def _ready(self) -> bool:
        self.supervisor.require_alive()
        try:
            return self.get("", "/readyz")[0] == 200
        except OSError:
            return False


def start_product(bed: Testbed) -> LiveProduct:
    """Start a product on a fresh copy of the template; the caller stops it."""
    name, folder, broker_database = bed.another()
    bed.create(name, folder)
    port, stripe_port = free_port(), free_port()
    environment = {
        **os.environ,
        **bed.environment(name, folder=folder, broker_database=broker_database),
        "PORT": str(port),
        # Whatever a library tries to fetch from outside ends at a closed port.
        "HTTP_PROXY": f"http://{LOOPBACK}:9",
        "HTTPS_PROXY": f"http://{LOOPBACK}:9",
        "NO_PROXY": "localhost,127.0.0.1",
    }
    stripe = processes.payments(var=folder, port=stripe_port, site=f"http://localhost:{port}", secret="whsec_test")
    if stripe is not None:
        environment |= {"STRIPE_API_BASE": f"http://{LOOPBACK}:{stripe_port}", "STRIPE_WEBHOOK_SECRET": "whsec_test"}
    supervisor = Supervisor(var=folder, environment=environment)
    programs = [
        *([stripe] if stripe else []),
        processes.web(port=port),
        processes.worker(hostname=name),
        processes.beat(var=folder),
    ]
    product = LiveProduct(
        port=port,
        database=name,
        folder=folder,
        environment=environment,
        supervisor=supervisor,
        dsn=bed.server.dsn(name),
        programs=[program.name for program in programs],
    )
    try:
        for program in programs:
            supervisor.start(program)
        product.wait_until_ready()
    except BaseException:
        stop_product(bed, product)
        raise
    return product


def stop_product(bed: Testbed, product: LiveProduct) -> None:
    """Stop a product and drop its data."""
    product.supervisor.stop()
    bed.drop(product.database, product.folder)


@pytest.fixture(scope="module")
def live_server_processes(bed: Testbed) -> Iterator[LiveProduct]:
    """The product running for the tests of one module, on data that no other module sees."""
    product = start_product(bed)
    yield product
    stop_product(bed, product)
