"""What follow-ups are measured by (FU-020)."""

from __future__ import annotations

from datetime import date

from kernel.registry import Fact
from services.followup.selectors import opt_outs_of_day, outcome_of_day
from services.sites.models import Site


def on_time(site: Site, day: date) -> Fact | None:
    """Follow-ups due on the day that were done on it."""
    done, due = outcome_of_day(site, day)
    return Fact(numerator=done, denominator=due, n=due) if due else None


def opt_outs(site: Site, day: date) -> Fact | None:
    """Patients who opted out on the day."""
    number = opt_outs_of_day(site, day)
    return Fact(numerator=number, n=number) if number else None
