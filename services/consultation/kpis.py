"""What consultations are measured by (CS-010)."""

from __future__ import annotations

from datetime import date

from kernel.registry import Fact
from services.consultation.success import rate_of_day
from services.sites.models import Site


def success_rate(site: Site, day: date) -> Fact | None:
    """First consultations of the day that led to a service ÷ first consultations of the day."""
    rate = rate_of_day(site, day)
    return Fact(numerator=rate.successes, denominator=rate.firsts, n=rate.firsts) if rate.firsts else None
