"""Rooms, handlers and threads for the tests of the kernel's engines.

The effect of a probe handler is a gapless number: it lives in the database, so it is rolled back with its handler, and
a counter of two is an effect that happened twice.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection, connections

from kernel import registry, tenancy
from kernel.numbering import next_number
from kernel.numbering.models import NumberSeries
from kernel.outbox import Event
from kernel.outbox.models import HandledEvent, OutboxEvent
from kernel.registry import Room, Vertical
from kernel.schedule.models import DueEntry
from kernel.tenancy import TenantContext
from kernel.timers import schedule
from kernel.timers.models import Timer

HERE = "tests.kernel.probes"
EVERYWHERE = frozenset({"business", "headquarters", "platform"})


def room(key: str = "probe", **contents: Any) -> Room:
    """A room that every tenant has."""
    return Room(key=key, label=key, families=EVERYWHERE, **contents)


def vertical(key: str = "probing", **contents: Any) -> Vertical:
    """A vertical that no tenant has unless its context says so."""
    return Vertical(key=key, label=key, families=EVERYWHERE, colour="--probe", visit_word=key, **contents)


@contextmanager
def installed(*rooms: Room) -> Iterator[None]:
    """Let these rooms stand beside those of the build, whose own timers, daily work and handlers keep still."""
    own = tuple(
        known if known.key in {"timers", "outbox"} else replace(known, timers={}, daily={}, handlers={})
        for known in registry.rooms()
        if known.key not in {room.key for room in rooms}
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry, "rooms", lambda: (*own, *rooms))
        registry.clear_caches()
        try:
            yield
        finally:
            patch.undo()
            registry.clear_caches()


def effects(name: str) -> int:
    """How often the effect ``name`` has happened in the current tenant."""
    counter = NumberSeries.objects.filter(series="probe", entity=name).first()
    return counter.last_number if counter else 0


def happen(name: str) -> None:
    """Let the effect ``name`` happen once more."""
    next_number("probe", entity=name)


def clear() -> None:
    """Take from the engines of the current tenant what its starter content put there."""
    for model in (Timer, OutboxEvent, HandledEvent, DueEntry):
        model.objects.all().delete()


# Which handlers shall fail, and with what.
FAULTS: dict[str, Exception] = {}


def _maybe_fail(key: str) -> None:
    if key in FAULTS:
        raise FAULTS[key]


# --- handlers, named by dotted path in the probe rooms ---------------------------------------------------------------


def on_timer(timer: Timer) -> None:
    """The effect is named after the timer's key."""
    happen(timer.key)
    _maybe_fail(timer.key)


def on_timer_plan_again(timer: Timer) -> None:
    """Plans a timer of its own kind and key."""
    happen(timer.key)
    schedule(timer.kind, timer.key, timer.due_at + timedelta(hours=1))
    _maybe_fail(timer.key)


def on_day(day: date) -> None:
    """The effect is named after the day."""
    happen(day.isoformat())
    _maybe_fail(day.isoformat())


def on_event(event: Event) -> None:
    """The effect is named after the event's key."""
    happen(event.key)
    _maybe_fail(event.key)


def on_event_too(event: Event) -> None:
    """A second handler of the same event."""
    happen(f"{event.key}-too")
    _maybe_fail(f"{event.key}-too")


ORDER: list[Any] = []


def on_event_in_order(event: Event) -> None:
    """Remembers in which order events came, beside the effect."""
    ORDER.append(event.payload["number"])
    happen(event.key)
    _maybe_fail(event.key)


def at_headquarters(event: Event) -> None:
    """What the headquarters of the chain does with it."""
    happen(f"hq-{event.key}")
    _maybe_fail(f"hq-{event.key}")


# --- threads --------------------------------------------------------------------------------------------------------


def at_once(tenant: TenantContext, *functions: Callable[[], Any]) -> list[Any]:
    """Run each function in a thread of its own for ``tenant``, begun together; results or exceptions, in order."""
    results: list[Any] = [None] * len(functions)
    gate = threading.Barrier(len(functions))

    def run(number: int, function: Callable[[], Any]) -> None:
        try:
            with tenancy.activate(tenant):
                connection.ensure_connection()
                gate.wait(timeout=20)
                results[number] = function()
        except Exception as error:
            results[number] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(functions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return results
