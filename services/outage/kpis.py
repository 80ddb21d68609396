"""How much of the day's waiting nobody measured."""

from __future__ import annotations

from datetime import date

from kernel.registry import Fact
from services.outage.selectors import excluded_on
from services.sites.models import Site


def waits_excluded(site: Site, day: date) -> Fact | None:
    """Waits that the figures of the day leave out because of a declared outage."""
    count = excluded_on(site, day)
    return Fact(numerator=count, denominator=None, n=count) if count else None
