"""How long booked patients waited between arrival and start, by doctor and day (AP-039)."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from datetime import date, datetime
from functools import reduce
from operator import or_
from typing import Any

from django.utils.module_loading import import_string

from kernel import clock, registry
from services.appointments.models import Appointment
from services.sites.models import Site
from services.staff.models import StaffMember


@dataclass(frozen=True, slots=True)
class Wait:
    """The waits of one doctor on one day, in whole minutes: from arrival, and beyond the booked time.

    ``excluded`` bookings are in none of it, because a declared outage touched them; without any other the figures are None.
    """

    doctor: StaffMember
    day: date
    patients: int
    median: int | None
    longest: int | None
    median_late: int | None
    excluded: int


def waits(site: Site, first: date, last: date) -> list[Wait]:
    """Waits from ``first`` to ``last`` (local days, both included) of patients whose treatment began, the latest day first;
    one query. Who came early waits from the booked time on as far as ``median_late`` goes."""
    start, end = clock.day_bounds(first, site.timezone)[0], clock.day_bounds(last, site.timezone)[1]
    rows = (
        Appointment.objects.filter(
            site=site, starts_at__gte=start, starts_at__lt=end, arrived_at__isnull=False, began_at__isnull=False
        )
        .select_related("doctor")
        .order_by("doctor__number", "starts_at")
    )
    if conditions := _unmeasured_by():
        rows = rows.annotate(unmeasured=reduce(or_, conditions))
    found: dict[tuple[date, StaffMember], list[Appointment]] = {}
    for row in rows:
        found.setdefault((clock.local(row.starts_at, site.timezone).date(), row.doctor), []).append(row)
    measured = [_measured(doctor, day, group) for (day, doctor), group in found.items()]
    return sorted(measured, key=lambda one: (-one.day.toordinal(), one.doctor.number))


def _measured(doctor: StaffMember, day: date, group: list[Appointment]) -> Wait:
    counted = [row for row in group if not getattr(row, "unmeasured", False)]
    excluded = len(group) - len(counted)
    if not counted:
        return Wait(doctor, day, 0, None, None, None, excluded)
    since_arrival = [_minutes(row.arrived_at, row.began_at) for row in counted]
    late = [_minutes(max(row.arrived_at or row.starts_at, row.starts_at), row.began_at) for row in counted]
    return Wait(
        doctor, day, len(counted), round(statistics.median(since_arrival)), max(since_arrival),
        round(statistics.median(late)), excluded,
    )  # fmt: skip


def _unmeasured_by() -> list[Any]:
    """Conditions over Appointment under which nobody measured its wait: the slot ``appointments.unmeasured``."""
    return [
        import_string(path)()
        for room in registry.active_rooms()
        for path in room.slots.get("appointments.unmeasured", ())
    ]


def _minutes(since: datetime | None, until: datetime | None) -> int:
    if since is None or until is None:
        return 0
    return max(0, int((until - since).total_seconds()) // 60)
