"""The success rate of consultations (CS-010): accepted ÷ first consultations, by the definition of the period.

A period's definition is the one that counted when it began: changing it in the middle of a month changes the next one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import QuerySet

from kernel import clock, parameters
from kernel.calendars import add_months_clamped
from services.consultation.models import Consultation
from services.sites.models import Site
from services.staff.models import StaffMember

ACCEPTED, KEPT = "accepted", "accepted_and_kept"


@dataclass(frozen=True, slots=True)
class Definition:
    """How a month is counted: within how many days, whether a booking counts, whether what was taken back counts."""

    days: int
    bookings: bool
    keeps: bool

    def counts(self, row: Consultation) -> bool:
        """Did this first consultation lead the customer to accept a service?"""
        moments = [row.accepted_at, row.booked_at if self.bookings else None]
        taken = min((moment for moment in moments if moment is not None), default=None)
        if taken is None or row.started_at is None or (self.keeps and row.lost_at is not None):
            return False
        zone = row.site.timezone
        return (clock.local(taken, zone).date() - clock.local(row.started_at, zone).date()).days <= self.days


@dataclass(slots=True)
class Rate:
    """Successes of ``firsts`` first consultations; ``repetitions`` enlarge neither."""

    consultant: StaffMember | None
    firsts: int = 0
    successes: int = 0
    repetitions: int = 0

    @property
    def percent(self) -> float | None:
        """0 to 100; None where nobody was consulted for the first time."""
        return self.successes / self.firsts * 100 if self.firsts else None


@dataclass(frozen=True, slots=True)
class MonthRate:
    """A month of a site as the API gives it: the whole, each consultant, and how they are counted."""

    month: str
    rate: Rate
    consultants: list[Rate]
    definition: Definition | None


def definition_of(site: Site, month: date) -> Definition:
    """How consultations of ``site`` that began in the month of ``month`` are counted."""
    at = _start(site, month)
    return Definition(
        days=parameters.value("success_rate_days", at=at, site=site),
        bookings=parameters.value("success_rate_bookings", at=at, site=site),
        keeps=parameters.value("success_rate_definition", at=at, site=site) == KEPT,
    )


def rates_of_month(site: Site, month: date) -> tuple[Rate, list[Rate]]:
    """The month of ``site`` as a whole and by consultant, the busiest first; two queries and the parameters'."""
    return _count(_held(site, _start(site, month), _start(site, add_months_clamped(month.replace(day=1), 1))), definition_of(site, month))  # fmt: skip


def rate_of_day(site: Site, day: date) -> Rate:
    """The first consultations that began on the site's ``day``."""
    start, end = clock.day_bounds(day, site.timezone)
    return _count(_held(site, start, end), definition_of(site, day))[0]


def _held(site: Site, start: datetime, end: datetime) -> QuerySet[Consultation]:
    rows = Consultation.objects.filter(site=site, started_at__gte=start, started_at__lt=end)
    return rows.select_related("site", "consultant")


def _count(rows: Iterable[Consultation], definition: Definition) -> tuple[Rate, list[Rate]]:
    whole = Rate(None)
    by_consultant: dict[int | None, Rate] = {}
    for row in rows:
        assert row.consultant is not None  # whoever began is the consultant (a check constraint)
        own = by_consultant.setdefault(row.consultant_id, Rate(row.consultant))
        for rate in (whole, own):
            if row.origin_id is not None:
                rate.repetitions += 1
                continue
            rate.firsts += 1
            rate.successes += definition.counts(row)
    return whole, sorted(by_consultant.values(), key=lambda rate: -rate.firsts)


def _start(site: Site, day: date) -> datetime:
    return clock.day_bounds(day.replace(day=1), site.timezone)[0]
