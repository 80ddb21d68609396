"""What the clock does to tasks."""

from __future__ import annotations

from uuid import UUID

from kernel.context import Actor
from kernel.timers.models import Timer
from services.tasks import actions

CLOCK = Actor.system("timers")


def on_escalate(timer: Timer) -> None:
    """Show a task to its second line of roles."""
    actions.escalate(by=CLOCK, code=UUID(timer.key))


def on_wake(timer: Timer) -> None:
    """Bring a carried-over task back."""
    actions.wake(by=CLOCK, code=UUID(timer.key))
