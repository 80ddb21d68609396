"""Timers fire once: at their time, after a stop, under races, over failures, and after a sleep."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.db import OperationalError, transaction
from django.utils import timezone

from kernel import clock, tenancy
from kernel.context import Actor
from kernel.errors import Conflict, Forbidden, RuleRefused
from kernel.registry import Daily
from kernel.schedule import retry
from kernel.schedule.models import DueEntry
from kernel.timers import (
    actions,
    cancel,
    ensure_daily,
    fire_due,
    firing,
    reschedule,
    schedule,
    selectors,
    wake_sleeping,
)
from kernel.timers.models import Timer, TimerState
from tests.kernel.probes import HERE, at_once, effects, installed, room, vertical

pytestmark = pytest.mark.usefixtures("quiet")
ROOM = room(
    timers={"probe.wait": f"{HERE}.on_timer", "probe.again": f"{HERE}.on_timer_plan_again"},
    daily={"probe.daily": Daily(at="21:00", handler=f"{HERE}.on_day")},
)
VERTICAL = vertical(
    timers={"probing.wait": f"{HERE}.on_timer"}, daily={"probing.daily": Daily(at="21:00", handler=f"{HERE}.on_day")}
)


@pytest.fixture(autouse=True)
def rooms():
    with installed(ROOM, VERTICAL):
        yield


def plan(key: str, minutes: float = 0, kind: str = "probe.wait", **payload: object) -> Timer:
    with transaction.atomic():
        return schedule(kind, key, clock.now() + timedelta(minutes=minutes), payload)


def indexed(timer: Timer) -> bool:
    return DueEntry.objects.filter(ref=timer.code).exists()


@pytest.mark.ledger("QU-004")
def test_a_timer_fires_at_its_time_and_once(smile, at):
    at("2026-12-14 09:00:00")
    timer = plan("wait", 20)
    at("2026-12-14 09:19:59")
    assert fire_due().fired == 0
    at("2026-12-14 09:20:00")
    assert fire_due().fired == 1
    assert fire_due().fired == 0
    timer.refresh_from_db()
    assert (timer.state, timer.fired_at) == (TimerState.FIRED, clock.now())
    assert effects("wait") == 1
    assert not indexed(timer)


def test_what_was_due_while_everything_stood_still_fires_once_in_order(smile, at):
    at("2026-12-14 09:00")
    for minutes in (30, 10, 20):
        plan(f"at-{minutes}", minutes)
    at("2026-12-20 09:00")
    assert fire_due().fired == 3
    fired = Timer.objects.filter(kind="probe.wait").order_by("fired_at", "try_at").values_list("key", flat=True)
    assert list(fired) == ["at-10", "at-20", "at-30"]
    assert [effects(key) for key in fired] == [1, 1, 1]


def test_planning_again_moves_the_timer_and_its_payload(smile, at):
    at("2026-12-14 09:00")
    first = plan("wait", 20, step=1)
    second = plan("wait", 40, step=2)
    assert first.pk == second.pk
    assert selectors.due_at("probe.wait", "wait") == clock.now() + timedelta(minutes=40)
    assert selectors.waiting("probe.wait", "wait").payload == {"step": 2}
    with transaction.atomic():
        assert reschedule("probe.wait", "wait", clock.now()).payload == {"step": 2}
        assert reschedule("probe.wait", "nothing", clock.now()) is None
    assert fire_due().fired == 1
    assert plan("wait", 20).pk != first.pk


def test_a_timer_that_keeps_its_earlier_time_is_never_put_off(smile, at):
    """Events that come one after the other would otherwise put the work off for as long as they come."""
    at("2026-12-14 09:00:00")
    plan("wait", 1, step=1)
    for step in (2, 3, 4):
        at(f"2026-12-14 09:00:{step * 10}")
        with transaction.atomic():
            schedule("probe.wait", "wait", clock.now() + timedelta(minutes=1), {"step": step}, keep_earlier=True)
    at("2026-12-14 09:01:00")
    assert selectors.waiting("probe.wait", "wait").payload == {"step": 4}
    assert fire_due().fired == 1
    with transaction.atomic():
        schedule("probe.wait", "wait", clock.now() + timedelta(minutes=1), keep_earlier=True)
        schedule("probe.wait", "wait", clock.now(), keep_earlier=True)
    assert fire_due().fired == 1


def test_a_cancelled_timer_does_not_happen(smile, at):
    at("2026-12-14 09:00")
    timer = plan("wait", 20)
    with transaction.atomic():
        assert cancel("probe.wait", "wait")
        assert not cancel("probe.wait", "wait")
    at("2026-12-14 10:00")
    assert fire_due().fired == 0
    assert effects("wait") == 0
    assert not indexed(timer)


def test_a_timer_stands_or_falls_with_its_transaction(own_database, smile):
    with pytest.raises(RuntimeError):
        schedule("probe.wait", "wait", clock.now())

    def plan_and_fail() -> None:
        plan("wait")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), transaction.atomic():
        plan_and_fail()
    assert not Timer.objects.filter(key="wait").exists()
    assert not DueEntry.objects.filter(kind="timer").exists()


def test_only_declared_kinds_and_aware_times_are_taken(smile):
    with pytest.raises(LookupError):
        plan("wait", kind="probe.unknown")
    with pytest.raises(ValueError), transaction.atomic():
        schedule("probe.wait", "wait", timezone.make_naive(clock.now()))


def test_a_handler_may_plan_its_own_kind_and_key(smile, at):
    at("2026-12-14 09:00")
    plan("chain", kind="probe.again")
    assert fire_due().fired == 1
    assert selectors.due_at("probe.again", "chain") == clock.now() + timedelta(hours=1)
    at("2026-12-14 10:00")
    assert fire_due().fired == 1
    assert effects("chain") == 2


def test_a_failure_is_rolled_back_alone_and_tried_again(smile, at, fault):
    at("2026-12-14 09:00")
    bad, good = plan("bad"), plan("good")
    fault["bad"] = RuleRefused("too_late", "Mrs Liu is not there")
    report = fire_due()
    assert (report.fired, report.failed) == (1, 1)
    bad.refresh_from_db()
    good.refresh_from_db()
    assert (good.state, bad.state) == (TimerState.FIRED, TimerState.SCHEDULED)
    assert (bad.attempts, bad.last_error) == (1, "RuleRefused: too_late")
    assert (effects("bad"), effects("good")) == (0, 1)
    assert fire_due().failed == 0
    fault.clear()
    at.advance(seconds=5)
    assert fire_due().fired == 1
    assert effects("bad") == 1


def test_what_fails_for_good_stands_where_people_see_it(smile, at, fault):
    at("2026-12-14 09:00")
    timer = plan("bad")
    fault["bad"] = ValueError("13800001111")
    for _attempt in range(retry.MAX_ATTEMPTS):
        fire_due()
        at.advance(hours=2)
    assert fire_due().failed == 0
    assert list(selectors.dead_letters()) == [timer]
    timer.refresh_from_db()
    assert timer.last_error == "ValueError"
    assert not indexed(timer)
    # A person tries it again, once the cause is gone; somebody without the right may not.
    with pytest.raises(Forbidden):
        actions.requeue_timer(by=Actor(kind="user", name="Fang"), timer=timer)
    fault.clear()
    actions.requeue_timer(by=Actor.system("test"), timer=timer)
    assert fire_due().fired == 1
    assert effects("bad") == 1
    with pytest.raises(Conflict):
        actions.requeue_timer(by=Actor.system("test"), timer=timer)


def test_a_failed_timer_that_was_planned_anew_is_not_tried_again(smile, at):
    at("2026-12-14 09:00")
    Timer.objects.create(kind="probe.wait", key="wait", due_at=clock.now(), try_at=clock.now(), state=TimerState.FAILED)
    plan("wait", 20)
    with pytest.raises(Conflict, match="timer_replaced"):
        actions.requeue_timer(by=Actor.system("test"), timer=selectors.dead_letters().get(key="wait"))


def test_a_lost_lock_does_not_count_as_a_try(smile, at, fault):
    at("2026-12-14 09:00")
    timer = plan("busy")
    deadlock = OperationalError("deadlock detected")
    deadlock.__cause__ = type("Deadlock", (Exception,), {"sqlstate": "40P01"})()
    fault["busy"] = deadlock
    assert fire_due().failed == 1
    timer.refresh_from_db()
    assert timer.attempts == 0
    assert timer.try_at == clock.now() + retry.BUSY_PAUSE


@pytest.mark.ledger("PL-002")
def test_a_timer_of_a_switched_off_vertical_sleeps_and_fires_once_on_return(smile, at):
    on = replace(smile, verticals=frozenset({"probing"}))
    off = replace(smile, verticals=frozenset())
    at("2026-12-14 09:00")
    with tenancy.activate(on):
        timer = plan("sleepy", 10, kind="probing.wait")
    at("2026-12-14 12:00")
    with tenancy.activate(off):
        assert fire_due().slept == 1
        assert fire_due().slept == 0
        timer.refresh_from_db()
        assert timer.state == TimerState.SLEEPING
        assert not indexed(timer)
        assert wake_sleeping() == 0
    at("2026-12-18 09:00")
    with tenancy.activate(on):
        assert wake_sleeping() == 1
        assert indexed(timer)
        assert fire_due().fired == 1
        assert fire_due().fired == 0
        assert effects("sleepy") == 1


def test_a_round_ends_at_its_limit_and_says_that_more_is_due(smile, at):
    at("2026-12-14 09:00")
    for number in range(5):
        plan(f"n{number}")
    report = fire_due(limit=3)
    assert (report.fired, report.more) == (3, True)
    report = fire_due(limit=3)
    assert (report.fired, report.more) == (2, False)


# --- daily work -----------------------------------------------------------------------------------------------------


@pytest.mark.ledger("PL-007")
def test_daily_work_is_due_at_the_tenants_local_time(smile, at):
    at("2026-12-14 09:00")
    Timer.objects.all().delete()
    assert ensure_daily() > 0
    assert ensure_daily() == 0
    timer = Timer.objects.get(kind="daily:probe.daily")
    assert clock.local(timer.due_at, smile.timezone).strftime("%F %R") == "2026-12-14 21:00"
    assert DueEntry.objects.get(ref=timer.code).kind == "daily"
    assert not Timer.objects.filter(kind="daily:probing.daily").exists()
    at("2026-12-14 21:00")
    fire_due()
    assert effects("2026-12-14") == 1
    assert Timer.objects.get(kind="daily:probe.daily", state="scheduled").key == "2026-12-15"


@pytest.mark.ledger("PL-007")
def test_missed_days_are_made_up_for_one_by_one(smile, at):
    at("2026-12-14 22:00")
    Timer.objects.all().delete()
    ensure_daily()
    at("2026-12-18 22:00")
    fire_due()
    assert [effects(f"2026-12-{day}") for day in (14, 15, 16, 17, 18, 19)] == [0, 1, 1, 1, 1, 0]
    at("2028-01-01 22:00")
    fire_due()
    assert effects("2027-06-01") == 0
    assert effects("2027-12-02") == 1
    assert effects("2028-01-01") == 1


def test_a_bad_day_does_not_end_the_chain(smile, at, fault):
    at("2026-12-14 20:00")
    Timer.objects.all().delete()
    ensure_daily()
    fault["2026-12-14"] = ValueError()
    at("2026-12-14 21:00")
    for _attempt in range(retry.MAX_ATTEMPTS):
        fire_due()
        at.advance(hours=2)
    assert selectors.dead_letters().get(kind="daily:probe.daily").key == "2026-12-14"
    assert Timer.objects.get(kind="daily:probe.daily", state="scheduled").key == "2026-12-15"


def test_daily_work_of_a_vertical_that_slept_runs_once_on_return(smile, at):
    on = replace(smile, verticals=frozenset({"probing"}))
    at("2026-12-14 20:00")
    with installed(VERTICAL):
        with tenancy.activate(on):
            ensure_daily()
        at("2026-12-20 09:00")
        with tenancy.activate(replace(smile, verticals=frozenset())):
            fire_due()
        with tenancy.activate(on):
            wake_sleeping()
            fire_due()
            assert [effects(f"2026-12-{day}") for day in (14, 15, 16, 19, 20)] == [1, 0, 0, 0, 0]
            assert Timer.objects.get(kind="daily:probing.daily", state="scheduled").key == "2026-12-20"


def test_what_fired_long_ago_is_forgotten_and_what_failed_is_not(smile, at):
    at("2026-01-01 09:00")
    plan("old"), plan("stuck")
    fire_due()
    Timer.objects.filter(key="stuck").update(state=TimerState.FAILED)
    at("2026-12-14 09:00")
    plan("new")
    firing.prune(date(2026, 12, 14))
    assert set(Timer.objects.filter(kind="probe.wait").values_list("key", flat=True)) == {"stuck", "new"}


# --- races ----------------------------------------------------------------------------------------------------------


def test_rounds_at_once_share_the_work_and_nothing_happens_twice(own_database, smile, at):
    at("2026-12-14 09:00")
    for number in range(40):
        plan(f"n{number}")
    reports = at_once(smile, *[fire_due] * 4)
    assert sum(report.fired for report in reports) == 40
    assert [effects(f"n{number}") for number in range(40)] == [1] * 40
    assert not DueEntry.objects.filter(kind="timer").exists()


def test_planning_the_same_timer_at_once_leaves_one(own_database, smile, at):
    at("2026-12-14 09:00")
    for shot in range(10):
        results = at_once(smile, *[lambda key=f"s{shot}": plan(key, 20)] * 4)
        assert not [result for result in results if isinstance(result, Exception)]
        assert Timer.objects.filter(key=f"s{shot}").count() == 1
        assert DueEntry.objects.filter(kind="timer").count() == shot + 1


def test_firing_and_cancelling_at_once_agree_on_what_happened(own_database, smile, at):
    at("2026-12-14 09:00")

    def withdraw(key: str) -> bool:
        with transaction.atomic():
            return cancel("probe.wait", key)

    for shot in range(15):
        key = f"s{shot}"
        plan(key)
        report, cancelled = at_once(smile, fire_due, lambda key=key: withdraw(key))
        assert (report.fired, cancelled) in {(1, False), (0, True)}
        assert effects(key) == report.fired


def test_two_starts_of_daily_work_begin_one_chain(own_database, smile, at):
    at("2026-12-14 09:00")
    with transaction.atomic():
        Timer.objects.all().delete()
    at_once(smile, *[ensure_daily] * 4)
    assert Timer.objects.filter(kind="daily:probe.daily").count() == 1
