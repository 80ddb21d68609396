"""What the exception report counts."""

from __future__ import annotations

from datetime import date

from kernel.registry import Fact
from services.policy.selectors import overrides_on
from services.sites.models import Site


def overrides(site: Site, day: date) -> Fact:
    """Overrides granted at the site on the day."""
    count = overrides_on(site, day)
    return Fact(numerator=count, denominator=None, n=count)
