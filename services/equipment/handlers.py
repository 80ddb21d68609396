"""What the morning does to the register: plan dates that are reached."""

from __future__ import annotations

from datetime import date

from kernel import clock
from kernel.context import Actor
from services.equipment.actions import watch_plan
from services.sites.selectors import sites

CLOCK = Actor.system("timers")


def watch_plans(day: date) -> None:
    """Every morning: devices whose maintenance is due (IN-009)."""
    for site in sites():
        watch_plan(by=CLOCK, site=site, today=clock.today(site.timezone))
