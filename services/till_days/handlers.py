"""What the clock does to the days of the till."""

from __future__ import annotations

from uuid import UUID

from kernel.context import Actor
from kernel.timers.models import Timer
from services.till_days.deposits import alert_missing
from services.till_days.models import TillDay

CLOCK = Actor.system("timers")


def on_slip_due(timer: Timer) -> None:
    """The time for the bank is over."""
    day = TillDay.objects.select_related("site").filter(code=UUID(timer.key)).first()
    if day is not None:
        alert_missing(CLOCK, day)
