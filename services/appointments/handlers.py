"""What the clock and the roster do to bookings."""

from __future__ import annotations

from datetime import date

from kernel import clock
from kernel.context import Actor
from kernel.outbox import Event
from services.appointments import actions, houses, sessions
from services.appointments.machine import AWAITED
from services.appointments.models import Appointment
from services.sites.models import Site
from services.sites.selectors import sites
from services.staff.models import StaffMember

MORNING = Actor.system("morning-check")
ROSTER = Actor.system("roster")
OTHERS = Actor.system("other-houses")


def morning_check(day: date) -> None:
    """Who was expected before ``day`` and did not come becomes a no-show, with a task to make contact (AP-040)."""
    for site in sites():
        midnight, _end = clock.day_bounds(day, site.timezone)
        missed = Appointment.objects.filter(site=site, ends_at__lte=midnight, state__in=AWAITED)
        for appointment in missed.select_related("site", "patient", "doctor"):
            actions.mark_no_show(by=MORNING, appointment=appointment)
    houses.follow_clashes(by=MORNING)


def on_roster_changed(event: Event) -> None:
    """Bookings that a changed roster leaves without their doctor are listed at once (AP-020)."""
    site = Site.objects.get(code=event.payload["site"])
    doctor = None
    if event.payload.get("staff"):
        doctor = StaffMember.objects.filter(code=event.payload["staff"]).first()
        if doctor is not None and not doctor.is_doctor:
            return
    actions.follow_roster(by=ROSTER, site=site, doctor=doctor)
    day = event.payload.get("day") or event.payload.get("week")
    if day:
        sessions.tell_roster_changed(by=ROSTER, site=site, day=date.fromisoformat(day))


def on_staff_left(event: Event) -> None:
    """The bookings of somebody who leaves are listed too, at every site."""
    doctor = StaffMember.objects.filter(code=event.payload["staff"], is_doctor=True).first()
    if doctor is not None:
        for site in sites():
            actions.follow_roster(by=ROSTER, site=site, doctor=doctor)


def on_time_freed(_event: Event) -> None:
    """A booking that went to another time may have settled a clash with another house, which then learns of it at once."""
    houses.tell_settled(by=ROSTER)


def on_busy_changed(_event: Event) -> None:
    """Another house joined or moved something: what clashes now is a task, what clashes no more is none (ADR 18)."""
    houses.follow_clashes(by=OTHERS)


def on_sharing_ended(event: Event) -> None:
    """A house left a shared calendar, or headquarters ended it: the desk learns that it has to look by itself again."""
    staff = StaffMember.objects.select_related("home_site").filter(code=event.payload["staff"]).first()
    if staff is not None:
        houses.hear_ended(by=OTHERS, staff=staff, own=event.payload["own"], key=f"{event.code}:{staff.code}")
