"""Handlers whose effect is a counter in the database: two is an effect that happened twice."""

from __future__ import annotations

import time

from kernel.numbering import next_number
from kernel.outbox import Event, emit
from kernel.timers.models import Timer

SECONDS = 0.01


def first(event: Event) -> None:
    """Half of an event's effects."""
    _happen(f"first-{event.key}")


def second(event: Event) -> None:
    """The other half; a kill between both must repeat neither."""
    _happen(f"second-{event.key}")


def fired(timer: Timer) -> None:
    """A timer's effect, and a figure that headquarters shall learn of."""
    _happen(f"timer-{timer.key}")
    emit("kill_probe.figure", key=timer.key, payload={}, to="headquarters")


def at_headquarters(event: Event) -> None:
    """The effect in the other tenant."""
    _happen(f"figure-{event.key}")


def _happen(name: str) -> None:
    next_number("kill", entity=name)
    time.sleep(SECONDS)
