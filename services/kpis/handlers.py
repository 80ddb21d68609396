"""Events make days dirty; the clock measures them."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from kernel import clock
from kernel.outbox import Event
from kernel.timers.models import Timer
from services.kpis.actions import is_measured_later, mark_dirty, measure
from services.sites.models import Site
from services.sites.selectors import sites


def touched(event: Event) -> None:
    """Mark the local day of an event at its site, and every further day that it names.

    The payload holds ``site`` and may hold ``at`` (a moment), ``day`` or ``days``; without any of them the moment of
    the event counts.
    """
    if is_measured_later():
        return
    code = event.payload.get("site")
    site = Site.objects.filter(code=code).first() if code else None
    if site is None:
        return
    days = {date.fromisoformat(day) for day in event.payload.get("days", [])}
    if event.payload.get("day"):
        days.add(date.fromisoformat(event.payload["day"]))
    for name, value in event.payload.items():
        if (name == "at" or name.endswith("_at")) and value:
            days.add(clock.local(datetime.fromisoformat(value), site.timezone).date())
    if not days:
        days.add(clock.local(event.occurred_at, site.timezone).date())
    for day in sorted(days):
        mark_dirty(site, day)


def measure_day(timer: Timer) -> None:
    """Measure one dirty day."""
    site = Site.objects.get(code=timer.payload["site"])
    measure(site, date.fromisoformat(timer.payload["day"]))


def measure_recent(day: date) -> None:
    """Every night: the day that ended and the two before it, for whatever no event told of."""
    if is_measured_later():
        return
    for site in sites():
        for back in range(3):
            measure(site, day - timedelta(days=back + 1))
