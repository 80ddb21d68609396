"""What the calendar does: counts, expiry checks, packs and the emergency kit."""

from __future__ import annotations

from datetime import date, timedelta

from kernel import clock
from kernel.identity.selectors import holders_of
from services.inventory import counting, expiry, kit, packs
from services.inventory.stock import ENGINE
from services.sites.selectors import sites


def morning(day: date) -> None:
    """Every morning: the count of the month is planned, the check of the month end opened on its day (also one that was
    missed), the pack opened with its deadline, the kit watched."""
    for site in sites():
        today = clock.today(site.timezone)
        counting.plan_count(by=ENGINE, site=site, month=today)
        last_month = today.replace(day=1) - timedelta(days=1)
        for month in (last_month, today):
            due = expiry.check_day(site, month.replace(day=1))
            # Not for months in which the house was not there yet: yesterday's is the oldest that is made up for.
            if today - timedelta(days=3) <= due <= today:
                expiry.open_check(by=ENGINE, site=site, day=month)
        if holders_of("head_nurse", site=site.code).exists() and today.day <= 5:
            packs.open_pack(by=ENGINE, site=site, month=today)
        kit.ask_for_check(by=ENGINE, site=site)
