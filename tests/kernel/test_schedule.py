"""The due index: pointers in the public schema that only their tenant and the scheduler see."""

import importlib
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from kernel import clock, tenancy
from kernel.errors import RuleRefused
from kernel.ids import uuid7
from kernel.schedule import actions, retry, selectors
from kernel.schedule.models import DueEntry
from kernel.timers.models import Timer
from tenants.selectors import scheduler_context

pytestmark = pytest.mark.usefixtures("quiet")
SECURITY = importlib.import_module("kernel.schedule.migrations.0001_initial").SECURE


def put(minutes: int = 0, kind: str = "timer"):
    ref = uuid7()
    with transaction.atomic():
        actions.put(kind=kind, ref=ref, due_at=clock.now() + timedelta(minutes=minutes))
    return ref


def as_scheduler(read):
    previous = connection.tenant
    connection.set_tenant(scheduler_context())
    try:
        return read()
    finally:
        connection.set_tenant(previous)


@pytest.mark.ledger("PL-001")
def test_a_tenant_sees_its_own_entries_and_the_scheduler_sees_all(working_for):
    with working_for("smile"):
        put(), put()
    with working_for("willow"):
        put()
        assert DueEntry.objects.count() == 1
        assert {entry.schema_name for entry in DueEntry.objects.all()} == {tenancy.current().schema_name}
    mine = as_scheduler(lambda: {(due.schema_name, due.count) for due in selectors.due() if due.kind == "timer"})
    assert {("t_smile", 2), ("t_willow", 1)} <= mine


@pytest.mark.ledger("PL-001")
def test_a_tenant_can_neither_forge_nor_touch_the_entries_of_another(working_for):
    with working_for("smile") as smile:
        ref = put()
    with working_for("willow"):
        assert DueEntry.objects.filter(ref=ref).update(due_at=clock.now()) == 0
        assert DueEntry.objects.filter(ref=ref).delete()[0] == 0
        with pytest.raises(DatabaseError), transaction.atomic():
            DueEntry.objects.create(
                kind="timer", schema_name="t_smile", owner_role=smile.database_role, due_at=clock.now(), ref=uuid7()
            )
        put()
        with pytest.raises(DatabaseError), transaction.atomic():
            DueEntry.objects.update(owner_role=smile.database_role)
    with working_for("smile"):
        assert DueEntry.objects.filter(ref=ref).exists()


@pytest.mark.parametrize("write", ["insert", "update", "delete"])
def test_the_scheduler_reads_and_writes_nothing(working_for, write):
    with working_for("smile"):
        ref = put()
    entry = DueEntry(kind="timer", schema_name="t_smile", due_at=clock.now(), ref=uuid7())
    attempts = {
        "insert": entry.save,
        "update": lambda: DueEntry.objects.filter(ref=ref).update(due_at=clock.now()),
        "delete": lambda: DueEntry.objects.filter(ref=ref).delete(),
    }
    with pytest.raises(DatabaseError), transaction.atomic():
        as_scheduler(attempts[write])
    with working_for("smile"):
        assert DueEntry.objects.filter(ref=ref).exists()


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        ("lz_1a2b3c4d_scheduler", True),
        ("lz_1a2b3c4d_t_scheduler", False),
        ("lz_1a2b3c4d_t_x_scheduler", False),
        ("lz_1a2b3c4d_platform", False),
    ],
)
def test_no_tenant_can_be_named_like_the_scheduler(db, role, expected):
    pattern = re.search(r"~ '([^']+)'", SECURITY).group(1)
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s ~ %s", [role, pattern])
        assert cursor.fetchone()[0] is expected


def test_the_index_is_written_with_what_it_points_to(own_database, smile):
    with pytest.raises(RuntimeError):
        actions.put(kind="timer", ref=uuid7(), due_at=clock.now())
    with pytest.raises(RuntimeError):
        actions.drop(kind="timer", refs=[uuid7()])

    def put_and_fail() -> None:
        put()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), transaction.atomic():
        put_and_fail()
    assert not DueEntry.objects.filter(kind="timer").exists()


def test_putting_an_entry_again_moves_it(smile, at):
    at("2026-12-14 09:00")
    ref = put(5)
    with transaction.atomic():
        actions.put(kind="timer", ref=ref, due_at=clock.now() - timedelta(minutes=3))
    assert DueEntry.objects.filter(ref=ref).count() == 1
    assert selectors.oldest_delay() >= timedelta(minutes=3)
    actions.drop(kind="timer", refs=[ref])
    assert not DueEntry.objects.filter(ref=ref).exists()


def test_what_is_not_due_yet_is_not_listed(smile, at):
    at("2000-01-01 00:00")
    put(5)
    assert selectors.due() == []
    assert selectors.oldest_delay() == timedelta(0)
    at("2000-01-01 00:05")
    assert [(due.kind, due.count) for due in selectors.due()] == [("timer", 1)]
    assert selectors.next_due_at() == clock.now()


def test_a_tenant_that_is_gone_leaves_nothing(smile):
    put(), put()
    assert actions.forget_schema(schema_name=smile.schema_name) >= 2
    assert DueEntry.objects.count() == 0


def test_pauses_grow_and_end():
    pauses = [retry.pause_after(attempts) for attempts in range(1, 20)]
    assert pauses[:3] == [timedelta(seconds=5), timedelta(seconds=10), timedelta(seconds=20)]
    assert max(pauses) == timedelta(hours=1)
    assert pauses == sorted(pauses)


def test_a_failure_is_described_without_its_message():
    assert retry.described(ValueError("Mrs Liu, 13800001111")) == "ValueError"
    assert retry.described(RuleRefused("too_late", "…")) == "RuleRefused: too_late"


def test_a_foreign_role_gets_nothing(working_for, db):
    with working_for("smile") as smile:
        put()
    stranger = replace(smile, schema_name="t_willow")
    with tenancy.activate(stranger), pytest.raises(DatabaseError), transaction.atomic():
        Timer.objects.count()
