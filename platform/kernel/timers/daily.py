"""Daily work of the rooms (PL-007): one timer per job, at a local time of the tenant, followed by the next day's.

A job that was missed is made up for day by day, so that a figure of a day exists however long the product stood still;
one that slept with its vertical runs once on return.
"""

from __future__ import annotations

from datetime import date, time, timedelta

from django.db import connection, transaction

from kernel import clock, registry, tenancy
from kernel.registry import Daily
from kernel.timers.actions import schedule
from kernel.timers.models import DAILY_PREFIX, WAITING, Timer

# Days further back are not made up for.
CATCH_UP_DAYS = 31


def ensure_daily() -> int:
    """Plan the daily jobs of every active room that have no timer waiting; the number planned.

    Called when a tenant is made, when a vertical is switched on and when the product starts; calling it again plans
    nothing. A job whose time of today has passed begins tomorrow.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        # Two of these at once, either side of midnight, would begin two chains of the same job.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('timers.daily'), hashtext(current_schema()))")
        waiting = set(
            Timer.objects.filter(kind__startswith=DAILY_PREFIX, state__in=WAITING).values_list("kind", flat=True)
        )
        planned = 0
        for room in registry.active_rooms():
            for name, daily in room.daily.items():
                if DAILY_PREFIX + name not in waiting:
                    plan(name, daily, _next_occurrence(daily))
                    planned += 1
        return planned


def plan(name: str, daily: Daily, day: date) -> Timer:
    """Plan the job for a local ``day``."""
    due_at = clock.at_local(day, time.fromisoformat(daily.at), tenancy.current().timezone)
    return schedule(DAILY_PREFIX + name, day.isoformat(), due_at)


def plan_following(name: str, daily: Daily, day: date, *, slept: bool) -> Timer:
    """Plan the day after ``day``, or after a sleep the next time the job would be due anyway."""
    if slept:
        following = max(day + timedelta(days=1), _next_occurrence(daily))
    else:
        today = clock.today(tenancy.current().timezone)
        following = max(day + timedelta(days=1), today - timedelta(days=CATCH_UP_DAYS))
    return plan(name, daily, following)


def _next_occurrence(daily: Daily) -> date:
    zone = tenancy.current().timezone
    today = clock.today(zone)
    passed = clock.at_local(today, time.fromisoformat(daily.at), zone) <= clock.now()
    return today + timedelta(days=1) if passed else today
