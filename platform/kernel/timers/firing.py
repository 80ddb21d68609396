"""Letting due timers fire. Runs inside a tenant's context, called by whoever scans the due index."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

import structlog
from django.db import connection, transaction
from django.utils.module_loading import import_string

from kernel import clock, context, registry
from kernel.context import Actor
from kernel.schedule import retry
from kernel.timers import daily as daily_work
from kernel.timers.actions import index, unindex
from kernel.timers.models import DAILY_PREFIX, Timer, TimerState

log = structlog.get_logger(__name__)

KEEP_DAYS = 90
# Mark in the payload of a timer that was due while its room was switched off.
SLEPT = "slept"


@dataclass(slots=True)
class FireReport:
    """What one round did. ``more``: the limit was reached and others may still be due."""

    fired: int = 0
    failed: int = 0
    slept: int = 0
    woken: int = 0
    more: bool = False


def fire_due(limit: int = 100) -> FireReport:
    """Fire what is due in the current tenant, at most ``limit`` timers, each exactly once.

    Each timer has a transaction of its own: claimed with SKIP LOCKED (two rounds at once share the work), its handler's
    effects and its own state committed together. A handler that fails is rolled back alone and tried again later,
    longer apart each time; after the last try it stands as failed until a person tries again. A timer whose room is
    switched off goes to sleep.

    Must not be called inside a transaction, whose rollback would make fired timers due again.
    """
    report = FireReport(woken=wake_sleeping())
    for _turn in range(limit):
        if not _fire_one(report):
            return report
    report.more = True
    return report


def wake_sleeping() -> int:
    """Make sleeping timers due whose rooms are active again; how many. Called when a vertical is switched on."""
    with transaction.atomic():
        sleeping = Timer.objects.select_for_update(skip_locked=True).filter(state=TimerState.SLEEPING)
        woken = [timer for timer in sleeping if _handler_of(timer) is not None]
        for timer in woken:
            timer.state = TimerState.SCHEDULED
            timer.try_at = max(timer.due_at, clock.now())
            timer.save(update_fields=["state", "try_at"])
            index(timer)
        return len(woken)


def prune(day: date) -> None:
    """Daily: forget timers that fired or were cancelled long ago. Failed ones stay until somebody looks."""
    before = clock.now() - timedelta(days=KEEP_DAYS)
    done = Timer.objects.filter(state__in=[TimerState.FIRED, TimerState.CANCELLED], due_at__lt=before)
    log.info("timers_pruned", day=day.isoformat(), count=done.delete()[0])


def _fire_one(report: FireReport) -> bool:
    """Claim and fire the next due timer; False when there is none."""
    with transaction.atomic():
        present = clock.now()
        timer = (
            Timer.objects.select_for_update(skip_locked=True)
            .filter(state=TimerState.SCHEDULED, try_at__lte=present)
            .order_by("try_at", "id")
            .first()
        )
        if timer is None:
            return False
        unindex(timer)
        handler = _handler_of(timer)
        if handler is None:
            timer.state = TimerState.SLEEPING
            timer.payload = {**timer.payload, SLEPT: True}
            timer.save(update_fields=["state", "payload"])
            report.slept += 1
            return True
        # Fired before the handler runs: it may plan a timer of the same kind and key, which must not be this one.
        timer.state, timer.fired_at = TimerState.FIRED, present
        timer.save(update_fields=["state", "fired_at"])
        with context.bound(request_id=timer.request_id or f"timer-{timer.code}", actor=Actor.system("timers")):
            try:
                with transaction.atomic():
                    handler(timer)
            except Exception as error:  # whatever a handler raises, the timer must learn of it
                _failed(timer, error)
                report.failed += 1
            else:
                report.fired += 1
        return True


def _failed(timer: Timer, error: Exception) -> None:
    if connection.needs_rollback:
        raise error
    timer.fired_at = None
    timer.last_error = retry.described(error)
    if retry.is_busy(error):
        timer.state, timer.try_at = TimerState.SCHEDULED, clock.now() + retry.BUSY_PAUSE
    else:
        timer.attempts += 1
        timer.state = TimerState.FAILED if timer.attempts >= retry.MAX_ATTEMPTS else TimerState.SCHEDULED
        timer.try_at = clock.now() + retry.pause_after(timer.attempts)
    timer.save(update_fields=["state", "attempts", "try_at", "fired_at", "last_error"])
    if timer.state == TimerState.SCHEDULED:
        index(timer)
        log.warning("timer_failed", kind=timer.kind, timer=str(timer.code), error=timer.last_error, exc_info=error)
        return
    log.error("timer_dead", kind=timer.kind, timer=str(timer.code), error=timer.last_error, exc_info=error)
    if timer.kind.startswith(DAILY_PREFIX):
        # One bad day does not end the chain.
        name, daily = _daily_of(timer)
        daily_work.plan_following(name, daily, date.fromisoformat(timer.key), slept=False)


def _handler_of(timer: Timer) -> Callable[[Timer], None] | None:
    """What runs for ``timer``; None while its room is switched off or not part of this build."""
    if timer.kind.startswith(DAILY_PREFIX):
        room = registry.owner("daily", timer.kind.removeprefix(DAILY_PREFIX))
        return _run_daily if room in registry.active_rooms() else None
    room = registry.owner("timers", timer.kind)
    if room is None or room not in registry.active_rooms():
        return None
    return import_string(room.timers[timer.kind])


def _run_daily(timer: Timer) -> None:
    name, daily = _daily_of(timer)
    day = date.fromisoformat(timer.key)
    import_string(daily.handler)(day)
    daily_work.plan_following(name, daily, day, slept=timer.payload.get(SLEPT, False))


def _daily_of(timer: Timer) -> tuple[str, registry.Daily]:
    name = timer.kind.removeprefix(DAILY_PREFIX)
    room = registry.owner("daily", name)
    if room is None:
        raise LookupError(f"no room declares the daily job {name!r}")
    return name, room.daily[name]
