"""What the clock and arriving guests do to the day of a site."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from kernel import clock
from kernel.context import Actor
from kernel.outbox import Event
from services.reception.models import Visit
from services.shift import meeting, opening
from services.shift.models import SiteDay
from services.sites.selectors import chairs, sites

CLOCK = Actor.system("timers")
VISITS = Actor.system("visit")


def plan_days(day: date) -> None:
    """Every early morning: plan the day of each site that receives patients, and note meetings that were not held.

    A site without chairs (an office, a group of companions) has no day of this kind.
    """
    for site in sites():
        today = clock.today(site.timezone)
        meeting.note_missed_meetings(by=CLOCK, site=site, today=today)
        if chairs(site).exists():
            opening.plan_day(by=CLOCK, site=site, day=today)


def on_registered(event: Event) -> None:
    """A guest is registered: before the site is opened that is counted, and holds up nobody."""
    visit = Visit.objects.select_related("site").filter(code=UUID(event.payload["visit"])).first()
    if visit is None:
        return
    at = visit.registered_at or visit.arrived_at
    local = clock.local(at, visit.site.timezone).date()
    day = SiteDay.objects.select_related("site").filter(site=visit.site, day=local).first()
    if day is not None:
        opening.note_early_guest(by=VISITS, day=day, at=at)
