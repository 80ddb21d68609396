"""What bookings are measured by."""

from __future__ import annotations

from datetime import date

from kernel.registry import Fact
from services.appointments.reminders import CONFIRM
from services.appointments.selectors import outcomes_on
from services.appointments.wishes import wishes_between
from services.sites.models import Site
from services.tasks.selectors import outcome_of_day


def no_show(site: Site, day: date) -> Fact | None:
    """No-shows among the bookings of the day that ended completed, cancelled or as no-show (settled 35)."""
    outcomes = outcomes_on(site, day)
    ended = sum(outcomes.values())
    return Fact(numerator=outcomes["no_show"], denominator=ended, n=ended) if ended else None


def reminders_completed(site: Site, day: date) -> Fact | None:
    """Confirmations due on the day that had a result before they would escalate; withdrawn ones do not count."""
    done, due = outcome_of_day(CONFIRM, site=site, day=day)
    return Fact(numerator=done, denominator=due, n=due) if due else None


def requests_satisfied(site: Site, day: date) -> Fact | None:
    """Wishes of the bookings made on the day that were granted (AP-034)."""
    found = wishes_between(site, day, day)
    told = sum(one.told for one in found)
    return Fact(numerator=sum(one.satisfied for one in found), denominator=told, n=told) if told else None
