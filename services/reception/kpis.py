"""What the front desk is measured by (QU-018)."""

from __future__ import annotations

from datetime import date

from kernel.registry import Fact
from services.reception.selectors import is_unexplained, median_minutes, registered_on, waited_on
from services.sites.models import Site


def visits(site: Site, day: date) -> Fact | None:
    """Visits registered on the day."""
    count = registered_on(site, day).count()
    return Fact(numerator=count, denominator=None, n=count) if count else None


def first_visit_share(site: Site, day: date) -> Fact | None:
    """First visits among the visits of the day."""
    flags = list(registered_on(site, day).values_list("is_first", flat=True))
    return Fact(numerator=sum(flags), denominator=len(flags), n=len(flags)) if flags else None


def median_wait(site: Site, day: date) -> Fact | None:
    """The median wait of the day, from registration to lead-in, in whole minutes.

    Weighted by how many waited, so that several days together give the mean wait of their medians per patient.
    """
    waits = [visit.wait_seconds for visit in waited_on(site, day) if visit.led_in_at is not None]
    known = [seconds for seconds in waits if seconds is not None]
    median = median_minutes(known)
    return None if median is None else Fact(numerator=median * len(known), denominator=len(known), n=len(known))


def unexplained_waits(site: Site, day: date) -> Fact | None:
    """Waits of more than the limit that nobody explained while they lasted, among all waits of the day (QU-004)."""
    rows = list(waited_on(site, day))
    unexplained = sum(is_unexplained(visit) for visit in rows)
    return Fact(numerator=unexplained, denominator=len(rows), n=len(rows)) if rows else None
