"""kill -9 in the middle of the work, several times, of the worker, the beat and the broker's memory: nothing is lost and
nothing happens twice.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
import redis
from django.conf import settings
from django.db import transaction

from config.launcher import processes
from config.launcher.processes import Supervisor
from config.launcher.testbed import Testbed
from kernel import clock
from kernel.outbox.models import OutboxEvent
from kernel.outbox.relay import LEASE
from kernel.schedule import actions as due_index
from kernel.schedule.models import Kind
from kernel.tenancy import activate
from kernel.timers.models import Timer
from tenants.directory import context_for

pytestmark = [pytest.mark.slow, pytest.mark.ledger("PL-007", "PL-020")]

EVENTS, TIMERS, KILLS = 120, 60, 4
PATIENCE_SECONDS = 240


class Scene:
    """Worker and beat on a database of their own, and what they have done so far."""

    def __init__(self, supervisor: Supervisor, dsn: str) -> None:
        self.supervisor = supervisor
        self._dsn = dsn

    def counted(self) -> dict[str, Counter[str]]:
        """How often each effect happened, per schema."""
        found = {}
        with psycopg.connect(self._dsn, autocommit=True) as connection:
            for schema in ("t_smile", "t_willow", "t_orchid", "t_bamboo"):
                rows = connection.execute(
                    f"SELECT entity, last_number FROM {schema}.numbering_numberseries WHERE series = 'kill'"
                ).fetchall()
                found[schema] = Counter(dict(rows))
        return found

    def total(self) -> int:
        return sum(sum(counter.values()) for counter in self.counted().values())

    def wait_for(self, total: int) -> None:
        """Wait until so many effects have happened."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.total() < total:
            if time.monotonic() > deadline:
                tails = "\n".join(
                    f"--- {name}\n{self.supervisor.log(name).read_text()[-3000:]}" for name in ("worker", "beat")
                )
                pytest.fail(f"{self.total()} of {total} effects after {PATIENCE_SECONDS} s\n{tails}")
            time.sleep(0.05)


@pytest.fixture
def scene(own_database: str, bed: Testbed, tmp_path: Path) -> Iterator[Scene]:
    environment = {
        **os.environ,
        **bed.environment(own_database, folder=tmp_path, broker_database=0),
        "DJANGO_SETTINGS_MODULE": "tests.tenants.kill_probe.settings",
        "REDIS_URL": settings.REDIS_URL,
    }
    supervisor = Supervisor(var=tmp_path, environment=environment)
    redis.Redis.from_url(settings.REDIS_URL).flushdb()
    for program in (processes.worker(hostname=own_database), processes.beat(var=tmp_path)):
        supervisor.start(program)
    yield Scene(supervisor, bed.server.dsn(own_database))
    supervisor.stop()


def enter_work(slug: str) -> None:
    """What clinics commit while the worker is being killed; the rows as ``emit`` and ``schedule`` write them."""
    with activate(context_for(slug=slug)), transaction.atomic():
        present = clock.now()
        for number in range(EVENTS):
            event = OutboxEvent.objects.create(
                type="kill_probe.happened", key=f"e{number}", occurred_at=present, try_at=present
            )
            due_index.put(kind=Kind.OUTBOX, ref=event.code, due_at=present)
        for number in range(TIMERS):
            due_at = present + timedelta(seconds=number % 10)
            timer = Timer.objects.create(kind="kill_probe.timer", key=f"t{number}", due_at=due_at, try_at=due_at)
            due_index.put(kind=Kind.TIMER, ref=timer.code, due_at=due_at)


def test_kill_minus_nine_loses_nothing_and_repeats_nothing(scene: Scene) -> None:
    for slug in ("smile", "willow"):
        enter_work(slug)
    per_tenant = 2 * EVENTS + 2 * TIMERS  # two handlers per event; a timer and its figure at headquarters
    whole = 2 * per_tenant

    # When the worker with its children dies in the middle of its work, again and again
    for kill in range(1, KILLS + 1):
        scene.wait_for(kill * whole // (KILLS + 2))
        scene.supervisor.kill("worker")
        if kill == 2:
            # The broker forgets everything that was queued, and the beat dies too.
            redis.Redis.from_url(settings.REDIS_URL).flushdb()
            scene.supervisor.kill("beat")
            scene.supervisor.restart("beat")
        scene.supervisor.restart("worker")
    scene.wait_for(whole)

    # Then everything has happened exactly once, where it belongs
    time.sleep(2)
    found = scene.counted()
    expected = {
        *(f"first-e{number}" for number in range(EVENTS)),
        *(f"second-e{number}" for number in range(EVENTS)),
        *(f"timer-t{number}" for number in range(TIMERS)),
    }
    figures = {f"figure-t{number}" for number in range(TIMERS)}
    for schema, wanted in (("t_smile", expected), ("t_willow", expected), ("t_orchid", figures), ("t_bamboo", figures)):
        assert set(found[schema]) == wanted, schema
        assert set(found[schema].values()) == {1}, schema
    for slug in ("smile", "willow"):
        with activate(context_for(slug=slug)):
            # What was on its way to headquarters when its sender died is taken up again when the lease has run out.
            ends = time.monotonic() + 2 * LEASE.total_seconds()
            waiting = OutboxEvent.objects.filter(type__startswith="kill_probe.").exclude(state="delivered")
            while waiting.exists() and time.monotonic() < ends:
                time.sleep(0.5)
            assert not waiting.exists()
            assert not Timer.objects.filter(kind="kill_probe.timer").exclude(state="fired").exists()
