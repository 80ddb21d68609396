"""What the clock does to promises."""

from __future__ import annotations

from uuid import UUID

from kernel.context import Actor
from kernel.timers.models import Timer
from services.telephone import promises
from services.telephone.models import Promise

CLOCK = Actor.system("timers")


def on_due(timer: Timer) -> None:
    """The time of a promise has come."""
    promise = Promise.objects.filter(code=UUID(timer.key)).first()
    if promise is not None:
        promises.break_promise(by=CLOCK, promise=promise)
