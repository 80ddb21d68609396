"""Background tasks belong to a tenant or expressly to the platform; a message that says neither does nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis
from celery import Task, current_app
from celery.exceptions import Ignore
from django.db import connection
from django.utils import timezone, translation
from kombu.exceptions import OperationalError

from config.celery import app
from kernel import context, registry, tenancy
from kernel.registry import Room
from kernel.tenancy import NoTenant, TenantContext
from tenants import heartbeats, sending
from tenants.directory import context_for
from tenants.jobs import PLATFORM, REQUEST, TENANT, PlatformTask, RefusedTask, TenantTask

pytestmark = pytest.mark.ledger("PL-007")


def look_around() -> dict[str, Any]:
    """What a task finds when it runs."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_schema(), current_user")
        schema, role = cursor.fetchone()
    current = tenancy.current_or_none()
    return {
        "schema": schema,
        "role": role,
        "tenant": current.slug if current else None,
        "zone": str(timezone.get_current_timezone()),
        "language": translation.get_language(),
        "actor": context.actor().kind,
        "name": context.actor().name,
        "request_id": context.request_id(),
    }


@pytest.fixture
def tasks() -> Iterator[dict[str, Task]]:
    """One task of each kind, known to the application for the length of a test."""
    made = {
        "tenant": app.task(look_around, name="test.of_a_tenant"),
        "platform": app.task(look_around, name="test.of_the_platform", base=PlatformTask),
    }
    yield made
    for task in made.values():
        app.tasks.pop(task.name)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What would have gone to the broker."""
    messages: list[dict[str, Any]] = []

    def keep(self: Task, args: Any = None, kwargs: Any = None, *posted: Any, **options: Any) -> None:
        messages.append({"task": self.name, "args": args, **options})

    monkeypatch.setattr(Task, "apply_async", keep)
    return messages


def arrive(task: Task, **headers: str) -> Any:
    """Run a task as if this message had arrived."""
    task.push_request(headers=headers, called_directly=False)
    try:
        return task()
    finally:
        task.pop_request()


def test_the_application_is_the_default_one_and_takes_json_only() -> None:
    assert current_app._get_current_object() is app
    assert app.conf.accept_content == ["json"]
    assert app.conf.task_serializer == "json"
    assert app.conf.task_acks_late
    assert app.conf.task_reject_on_worker_lost
    assert app.conf.broker_transport_options["visibility_timeout"] > app.conf.task_time_limit
    assert {"default", "slow"} == {queue.name for queue in app.conf.task_queues}
    # Whoever defines a task without thinking gets one that needs a tenant.
    assert issubclass(app.Task, TenantTask)


def test_every_task_is_bound_one_way_or_the_other() -> None:
    app.loader.import_default_modules()
    ours = [task for name, task in app.tasks.items() if not name.startswith("celery.")]
    assert {task.name for task in ours} >= {"tenants.run_due", "tenants.provision", "tenants.housekeeping"}
    assert all(isinstance(task, TenantTask | PlatformTask) for task in ours)


def test_sender_and_request_travel_in_the_header(
    working_for: Callable[[str], Any], tasks: dict[str, Task], sent: list[dict[str, Any]]
) -> None:
    with working_for("smile"), context.bound(request_id="request-0815"):
        tasks["tenant"].delay()
    assert sent[0]["headers"] == {REQUEST: "request-0815", TENANT: "t_smile"}
    tasks["platform"].delay()
    assert sent[1]["headers"][PLATFORM] == "test.of_the_platform"
    assert sent[1]["headers"][REQUEST].startswith("task-")
    assert TENANT not in sent[1]["headers"]


def test_a_tenants_task_cannot_be_sent_from_nowhere(
    data: None, tasks: dict[str, Task], sent: list[dict[str, Any]]
) -> None:
    with pytest.raises(NoTenant):
        tasks["tenant"].delay()
    assert not sent


def test_a_task_runs_in_its_tenant(data: None, tasks: dict[str, Task]) -> None:
    tenant = context_for(slug="smile")
    found = arrive(tasks["tenant"], **{TENANT: "t_smile", REQUEST: "request-0815"})
    assert found == {
        "schema": "t_smile",
        "role": tenant.database_role,
        "tenant": "smile",
        "zone": str(tenant.timezone),
        "language": tenant.language,
        "actor": "system",
        "name": "test.of_a_tenant",
        "request_id": "request-0815",
    }
    # And nothing of it stays behind.
    assert tenancy.current_or_none() is None
    assert context.request_id() == ""


@pytest.mark.parametrize("headers", [{}, {TENANT: ""}, {TENANT: "t_nobody"}, {TENANT: "public"}, {PLATFORM: "1"}])
def test_a_message_without_a_known_tenant_is_refused(
    data: None, tasks: dict[str, Task], headers: dict[str, str]
) -> None:
    with pytest.raises(RefusedTask):
        arrive(tasks["tenant"], **headers)


def test_calling_a_task_like_a_function_is_refused(data: None, tasks: dict[str, Task]) -> None:
    with pytest.raises(RefusedTask):
        tasks["tenant"]()


@pytest.mark.parametrize(
    "headers",
    [{}, {PLATFORM: "tenants.provision"}, {TENANT: "t_smile"}, {PLATFORM: "test.of_the_platform", TENANT: "t_smile"}],
)
def test_a_platform_task_takes_only_its_own_message(
    data: None, tasks: dict[str, Task], headers: dict[str, str]
) -> None:
    with pytest.raises(RefusedTask):
        arrive(tasks["platform"], **headers)


def test_a_platform_task_runs_in_public_under_the_platforms_role(data: None, tasks: dict[str, Task]) -> None:
    found = arrive(tasks["platform"], **{PLATFORM: "test.of_the_platform"})
    assert found["schema"] == "public"
    assert found["role"].endswith("_platform")
    assert found["tenant"] is None


def test_a_task_of_a_vertical_that_is_off_is_left_out(data: None) -> None:
    key, vertical = next(iter(registry.verticals().items()))
    owner = next(config for config in registry.apps.get_app_configs() if getattr(config, "room", None) is vertical)
    ran: list[str] = []

    def work() -> None:
        ran.append(tenancy.current().slug)

    work.__module__ = f"{owner.name}.tasks"
    task = app.task(work, name="test.of_a_vertical")
    try:
        switched_on = next(t for t in _tenants() if key in t.verticals)
        switched_off = next(t for t in _tenants() if key not in t.verticals)
        arrive(task, **{TENANT: switched_on.schema_name})
        with pytest.raises(Ignore):
            arrive(task, **{TENANT: switched_off.schema_name})
    finally:
        app.tasks.pop(task.name)
    assert ran == [switched_on.slug]


def test_a_task_of_a_room_that_the_kind_of_tenant_lacks_is_left_out(data: None) -> None:
    room: Room = next(room for room in registry.rooms() if room.families == frozenset({"platform"}))
    owner = next(config for config in registry.apps.get_app_configs() if getattr(config, "room", None) is room)

    def work() -> None:
        raise AssertionError("ran where it does not belong")

    work.__module__ = f"{owner.name}.tasks"
    task = app.task(work, name="test.of_a_room")
    try:
        with pytest.raises(Ignore):
            arrive(task, **{TENANT: "t_smile"})
    finally:
        app.tasks.pop(task.name)


def _tenants() -> list[TenantContext]:
    from tenants.selectors import every_tenant

    return list(every_tenant())


# --- sending --------------------------------------------------------------------------------------------------------


@pytest.fixture
def fresh_breaker(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(sending, "_breaker", sending._Breaker())
    heartbeats.store().flushdb()
    yield
    heartbeats.store().flushdb()


def test_what_is_queued_is_not_queued_twice(
    tasks: dict[str, Task], sent: list[dict[str, Any]], fresh_breaker: None
) -> None:
    assert sending.send(tasks["platform"], once="x") is True
    assert sending.send(tasks["platform"], once="x") is False
    assert sending.send(tasks["platform"], once="y") is True
    # A worker began with it: what happens from now on needs another message.
    sending.begun("x")
    assert sending.send(tasks["platform"], once="x") is True
    assert len(sent) == 3


def test_a_lost_message_is_sent_again_after_a_while(
    tasks: dict[str, Task], sent: list[dict[str, Any]], fresh_breaker: None
) -> None:
    sending.send(tasks["platform"], once="x")
    assert 0 < heartbeats.store().ttl("queued:x") <= sending.ONCE_SECONDS <= 60


def test_a_broker_that_is_away_harms_nobody_and_is_logged_once(
    tasks: dict[str, Task], fresh_breaker: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = []

    def away(self: Task, *args: Any, **options: Any) -> None:
        asked.append(1)
        raise OperationalError("connection refused")

    moment = [0.0]
    monkeypatch.setattr(sending.time, "monotonic", lambda: moment[0])
    monkeypatch.setattr(Task, "apply_async", away)
    logged: list[str] = []
    monkeypatch.setattr(sending.log, "warning", lambda event, **facts: logged.append(event))
    for _turn in range(5):
        assert sending.send(tasks["platform"]) is False
    # Nobody waits for it again and again: it is asked once per pause.
    assert len(asked) == 1
    moment[0] += sending.PAUSE_SECONDS + 1
    assert sending.send(tasks["platform"]) is False
    assert len(asked) == 2
    assert logged == ["broker_away"]


def test_the_broker_is_used_again_when_it_is_back(
    tasks: dict[str, Task], fresh_breaker: None, monkeypatch: pytest.MonkeyPatch, sent: list[dict[str, Any]]
) -> None:
    moment = [0.0]
    monkeypatch.setattr(sending.time, "monotonic", lambda: moment[0])

    class Away:
        def set(self, *args: Any, **options: Any) -> None:
            raise redis.ConnectionError

    with monkeypatch.context() as patch:
        patch.setattr(sending, "store", Away)
        assert sending.send(tasks["platform"], once="x") is False
    assert sending.send(tasks["platform"], once="x") is False  # still pausing
    moment[0] += sending.PAUSE_SECONDS + 1
    assert sending.send(tasks["platform"], once="x") is True
    assert len(sent) == 1


def test_signs_of_life(fresh_breaker: None, monkeypatch: pytest.MonkeyPatch) -> None:
    assert heartbeats.ages() == {"tick": None, "relay": None, "worker": None}
    heartbeats.beat(heartbeats.TICK)
    heartbeats.tell_backlog(7.5)
    ages = heartbeats.ages()
    assert 0 <= ages["tick"] < 5
    assert ages["worker"] is None
    assert heartbeats.backlog() == 7.5

    class Away:
        def mget(self, *args: Any) -> None:
            raise redis.ConnectionError

        set = mget

    with monkeypatch.context() as patch:
        patch.setattr(heartbeats, "store", Away)
        assert heartbeats.ages() == {"tick": None, "relay": None, "worker": None}
        heartbeats.beat(heartbeats.TICK)  # a store that is away stops nobody
